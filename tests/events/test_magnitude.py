"""Magnitudes of a real earthquake, how stations are joined, and a reason for every none."""

import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.records import Arrival, Pick, Station, Waveform
from mainshock.core.times import parse_utc
from mainshock.events.magnitude import (
    MagnitudeEstimate,
    estimate_magnitudes,
    local_magnitude,
)
from mainshock.events.magnitude_settings import MagnitudeSettings

START = parse_utc("2009-08-24T00:20:03Z")
STATION = Station("BW", "RJOB", 12.795714, 47.737167, 860.0)
DISTANCE_KM = 7.0


@pytest.fixture(scope="module")
def inventory():
    return obspy.read_inventory(Path(obspy.__file__).parent / "core" / "data" / "BW_GR_misc.xml")


@pytest.fixture(scope="module")
def record() -> Waveform:
    stream = obspy.read()
    samples = np.stack([stream.select(component=c)[0].data for c in "ZNE"]).astype(np.float32)
    return Waveform("BW", "RJOB", "", "EH", START, 100.0, samples)


@pytest.fixture
def origin(make_event):
    return make_event(depth_km=3.0, time=parse_utc("2009-08-24T00:20:06.35Z")).origin


def arrivals_at(*stations: str, probability: float = 1.0) -> list[Arrival]:
    return [
        Arrival(
            Pick(
                "BW", station, "", phase, parse_utc(f"2009-08-24T00:20:{second}Z"), 0.9, 0.05, "t"
            ),
            DISTANCE_KM,
            90.0,
            0.0,
            probability,
        )
        for station in stations
        for phase, second in (("P", "07.72"), ("S", "08.70"))
    ]


@pytest.fixture
def estimate(origin, inventory):
    """Estimate the magnitude of the earthquake in the record, as it is or changed."""

    def run(waveforms, stations=(STATION,), responses=inventory):
        found = estimate_magnitudes(
            waveforms, responses, origin, arrivals_at("RJOB"), list(stations)
        )
        own = [reason for reason in found.reasons if not reason.startswith("none: ")]
        return found.preferred, own or list(found.reasons)

    return run


@pytest.fixture
def measure(origin, inventory):
    """Estimate with settings, on any records, responses and arrivals."""

    def run(waveforms, responses=inventory, arrivals=None, stations=(STATION,), **settings):
        arrivals = arrivals or arrivals_at("RJOB")
        chosen = MagnitudeSettings(**settings)
        return estimate_magnitudes(waveforms, responses, origin, arrivals, list(stations), chosen)

    return run


def test_the_formula_at_its_definition():
    # IASPEI: equals Hutton and Boore (1987), 3.0 for 1 mm on a gain of 2080 at 100 km, within 0.02
    assert local_magnitude(1e6 / 2080.0, 100.0) == pytest.approx(3.0, abs=0.02)
    # and 10 mm at 17 km
    assert local_magnitude(1e7 / 2080.0, 17.0) == pytest.approx(3.0, abs=0.05)


@given(st.floats(0.1, 1e9), st.floats(1.0, 600.0))
def test_ten_times_the_amplitude_is_one_unit(amplitude_nm, distance_km):
    difference = local_magnitude(10.0 * amplitude_nm, distance_km) - local_magnitude(
        amplitude_nm, distance_km
    )
    assert difference == pytest.approx(1.0)


def test_a_real_earthquake_has_the_amplitude_that_obspy_measures(estimate, record):
    magnitude, reasons = estimate([record])
    assert reasons == []
    # 29.59 nm: ObsPy's remove_response and simulate on component N (tests/signal/test_response)
    distance_km = math.hypot(DISTANCE_KM, 3.0 + 0.86)
    assert magnitude.value == pytest.approx(local_magnitude(29.59, distance_km), abs=0.02)
    assert (magnitude.magnitude_type, magnitude.n_stations) == ("ML", 1)
    assert magnitude.sd >= 0.3


def changed(record, **fields):
    return replace(record, **fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: changed(r, has_component=(True, False, False)), "vertical"),
        (lambda r: changed(r, flags=("clipped",)), "clipped"),
        (lambda r: changed(r, gaps=((600, 700),)), "gap"),
        (lambda r: changed(r, samples=r.samples[:, :600]), "record ends"),
        (lambda r: changed(r, samples=r.samples * 0), "noise"),
        (lambda r: changed(r, station="OTHER"), "no record"),
        (lambda r: changed(r, start=parse_utc("2019-01-01T00:00:00Z")), "no record"),
        (lambda r: changed(r, instrument="XX"), "no response"),
    ],
)
def test_no_magnitude_has_its_reason(estimate, record, change, reason):
    magnitude, reasons = estimate([change(record)])
    assert magnitude is None
    assert len(reasons) == 1
    assert reasons[0].startswith("BW.RJOB: ")
    assert reason in reasons[0]


def test_a_gap_far_from_the_signal_does_no_harm(estimate, record):
    assert estimate([changed(record, gaps=((2500, 2600),))])[0] is not None


def test_without_responses_or_coordinates_there_is_none(estimate, record):
    magnitude, (reason,) = estimate([record], responses=None)
    assert magnitude is None
    assert "response" in reason
    elsewhere = Station("BW", "UH1", 11.6, 48.0)
    magnitude, (reason,) = estimate([record], stations=[elsewhere])
    assert magnitude is None
    assert "coordinates" in reason


def test_moment_magnitude_of_the_real_earthquake_fits_its_local_magnitude(measure, record):
    local, moment = (measure([record], kind=kind).preferred for kind in ("ML", "Mw"))
    assert (moment.magnitude_type, moment.n_stations) == ("Mw", 1)
    # Munafo et al. (2016), https://doi.org/10.1785/0120160130, for ML below 4: what Brune's
    # model lets small earthquakes show on a Wood-Anderson. 0.3: the scatter of one station
    assert moment.value == pytest.approx(2.0 / 3.0 * local.value + 1.14, abs=0.3)
    assert moment.sd >= 0.3


def test_the_distance_correction_is_chosen_by_name(measure, record):
    near, iaspei = (
        measure([record], distance_correction=name).preferred.value for name in ("uk", "iaspei")
    )
    distance_km = math.hypot(DISTANCE_KM, 3.0 + 0.86)
    assert near - iaspei == pytest.approx(-1.16 * math.exp(-0.2 * distance_km))


def test_half_peak_to_peak_is_at_most_zero_to_peak(measure, record):
    peak, half = (
        measure([record], amplitude=name).stations[0].measured["amplitude_nm"]
        for name in ("zero-to-peak", "half-peak-to-peak")
    )
    assert 0.6 * peak < half <= peak


@pytest.mark.parametrize("kind", ["ML", "Mw"])
def test_a_gain_of_ten_is_one_unit_of_ml_and_two_thirds_of_mw(measure, record, kind):
    louder = changed(record, samples=10.0 * record.samples)
    one, ten = (measure([waveform], kind=kind).preferred.value for waveform in (record, louder))
    # 0.07: the expected corner of a larger earthquake is lower, which the fit of Mw feels
    assert ten - one == pytest.approx({"ML": 1.0, "Mw": 2.0 / 3.0}[kind], abs=0.07)


@pytest.mark.parametrize("kind", ["ML", "Mw"])
def test_metadata_without_responses_give_no_magnitude_but_the_reason(
    measure, record, inventory, kind
):
    bare = inventory.copy()
    for channel in (one for network in bare for station in network for one in station):
        channel.response = None
    magnitude, stations, reasons = measure([record], responses=bare, kind=kind)
    assert magnitude is None
    assert stations == ()
    assert reasons[0].startswith("none: no instrument response")
    assert reasons[1].startswith("BW.RJOB: no response")


def test_counts_alone_give_no_magnitude(measure, record):
    magnitude, _, (reason,) = measure([record], responses=None)
    assert magnitude is None
    assert reason.startswith("none: no instrument response")


def test_a_second_instrument_stands_in_for_a_clipped_one(measure, record):
    clipped = changed(record, flags=("clipped",))
    assert measure([clipped, record]) == measure([record])


def test_picks_that_belong_to_something_else_are_left_out(measure, record):
    magnitude, _, reasons = measure([record], arrivals=arrivals_at("RJOB", probability=0.2))
    assert magnitude is None
    assert "something else" in reasons[1]


@pytest.fixture
def network(measure, record, inventory):
    """Estimate from copies of the record, one station for each factor of amplitude."""

    def run(*factors: float, **settings) -> MagnitudeEstimate:
        codes = [f"R{number}" for number in range(len(factors))]
        responses = inventory.select(station="RJOB")
        epochs = responses[0].stations
        responses[0].stations = [copy_as(epoch, code) for code in codes for epoch in epochs]
        return measure(
            [
                changed(record, station=code, samples=np.float32(factor) * record.samples)
                for code, factor in zip(codes, factors, strict=True)
            ],
            responses,
            arrivals_at(*codes),
            [replace(STATION, station=code) for code in codes],
            **settings,
        )

    return run


def copy_as(station, code: str):
    twin = copy.deepcopy(station)
    twin.code = code
    return twin


@pytest.mark.parametrize("kind", ["ML", "Mw"])
def test_a_station_far_off_is_marked_and_kept(network, kind):
    magnitude, stations, reasons = network(1.0, 1.1, 0.9, 1.05, 40.0, kind=kind)
    assert [station.is_outlier for station in stations] == [False] * 4 + [True]
    assert magnitude.n_stations == 5
    assert magnitude.value == np.median([station.value for station in stations])
    assert reasons == ()


def test_four_stations_are_too_few_to_mark_one(network):
    stations = network(1.0, 1.1, 0.9, 40.0).stations
    assert [station.is_outlier for station in stations] == [False] * 4


def test_scatter_is_stated_in_both_ways(network):
    estimate = network(1.0, 10.0, 100.0)
    # three values one unit apart
    assert estimate.mad == pytest.approx(1.0, abs=0.01)
    assert estimate.scatter == pytest.approx(1.0, abs=0.01)
    assert estimate.preferred.sd > 0.6
    assert math.isnan(MagnitudeEstimate(None, (), ()).mad)
    assert math.isnan(network(1.0).scatter)


def test_records_of_another_network_code_count_where_the_station_is_clear(estimate, record):
    """Stations may be listed under another network code than the records bear."""
    expected, _ = estimate([record])
    for network in ("", "ZZ"):
        magnitude, reasons = estimate([replace(record, network=network)])
        assert reasons == []
        assert magnitude == expected
    louder = replace(record, network="ZZ", samples=10.0 * record.samples)
    assert estimate([louder, record])[0] == expected
    _, reasons = estimate([louder, replace(record, network="YY")])
    assert reasons == ["BW.RJOB: no record holds its arrival"]
