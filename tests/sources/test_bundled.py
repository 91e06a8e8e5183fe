"""The real records inside the ObsPy wheel, and the reference solution that comes with them."""

import numpy as np
import obspy
import pytest

from mainshock.core.errors import SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.times import parse_utc
from mainshock.sources import bundled
from mainshock.sources.registry import open_source

COORDINATES = {  # longitude, latitude, transformed by another program
    "UH1": (11.63604, 48.08151),
    "UH2": (11.68201, 48.05787),
    "UH3": (11.63876, 48.03080),
    "UH4": (11.53557, 48.03229),
}


def test_stations_of_the_network_lie_where_they_should():
    stations = bundled.stations("uh")
    assert [one.station for one in stations] == list(COORDINATES)
    for one in stations:
        assert geodesic_distance_km(
            one.longitude, one.latitude, *COORDINATES[one.station]
        ) == pytest.approx(0.0, abs=0.002)
        assert one.elevation_m == pytest.approx(400.0)


def test_network_records_span_four_minutes_at_their_rates():
    waveforms = list(open_source(bundled.record_paths("uh")))
    assert [(one.station, one.instrument, one.sampling_rate_hz) for one in waveforms] == [
        ("UH1", "EH", 200.0),
        ("UH1", "EH", 200.0),
        ("UH1", "SH", 50.0),
        ("UH2", "SH", 50.0),
        ("UH3", "SH", 50.0),
        ("UH4", "EH", 100.0),
    ]
    assert [sum(one.has_component) for one in waveforms] == [1, 1, 1, 1, 3, 1]
    for one in waveforms[2:]:
        assert (one.end - one.start).total_seconds() == pytest.approx(230.3, abs=0.1)


def test_single_station_record_is_that_of_obspy():
    (waveform,) = bundled.BundledSource("rjob")
    assert waveform.trace_id == "BW.RJOB..EH"
    assert waveform.start == parse_utc("2009-08-24T00:20:03Z")
    for index, trace in enumerate(obspy.read()):
        np.testing.assert_allclose(waveform.samples[index], trace.data, rtol=1e-6)


def test_single_station_has_a_place_and_a_response_at_the_time_of_its_record():
    (station,) = bundled.stations("rjob")
    assert (station.longitude, station.latitude) == pytest.approx((12.795714, 47.737167))
    assert station.elevation_m == 860.0
    responses = bundled.inventory("rjob")
    for letter in "ZNE":
        time = obspy.UTCDateTime("2009-08-24T00:20:03")
        assert responses.get_response(f"BW.RJOB..EH{letter}", time).instrument_sensitivity.value > 0


def test_network_has_no_response():
    assert bundled.inventory("uh") is None


def test_reference_picks_and_origin():
    picks = bundled.uh_reference_picks()
    assert len(picks) == 8
    assert {pick.event_id for pick in picks} == {"nlloc"}
    assert {pick.station for pick in picks} == set(COORDINATES)
    origin = bundled.uh_reference_origin()
    assert origin.time == parse_utc("2010-05-27T16:56:24.6126Z")
    assert (origin.longitude, origin.latitude) == pytest.approx((11.64554, 48.04707), abs=1e-5)
    assert origin.depth_km == pytest.approx(4.57949)
    assert all(pick.time > origin.time for pick in picks)


@pytest.mark.parametrize(
    "function", [bundled.record_paths, bundled.stations, bundled.inventory, bundled.BundledSource]
)
def test_unknown_case_is_refused_with_the_known_ones(function):
    with pytest.raises(SettingsError, match="rjob, uh"):
        function("nosuch")
