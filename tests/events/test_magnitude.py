"""Local magnitude: the formula, a real earthquake, and a reason wherever there is none."""

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
from mainshock.events.magnitude import estimate_local_magnitude, local_magnitude

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
def estimate(make_event, inventory):
    """Estimate the magnitude of the earthquake in the record, as it is or changed."""
    arrivals = [
        Arrival(
            Pick("BW", "RJOB", "", phase, parse_utc(f"2009-08-24T00:20:{second}Z"), 0.9, 0.05, "t"),
            DISTANCE_KM,
            90.0,
            0.0,
        )
        for phase, second in (("P", "07.72"), ("S", "08.70"))
    ]
    origin = make_event(depth_km=3.0).origin

    def run(waveforms, stations=(STATION,), responses=inventory):
        return estimate_local_magnitude(waveforms, responses, origin, arrivals, list(stations))

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
