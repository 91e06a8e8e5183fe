"""The demonstration's own bars, on the real records inside the ObsPy wheel."""

from datetime import datetime

import pytest

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.times import parse_utc
from mainshock.detect.registry import open_picker
from mainshock.pipeline.demo import DEMO_CASES, run_case

CLEAR = ("2010-05-27T16:24:33Z", "2010-05-27T16:27:30Z")
WEAK = ("2010-05-27T16:25:26Z", "2010-05-27T16:27:01Z")


@pytest.fixture(scope="module")
def cases():
    picker = open_picker("default")
    return {case.name: run_case(case, picker) for case in DEMO_CASES}


def _near(time: datetime, text: str, seconds: float) -> bool:
    return abs((time - parse_utc(text)).total_seconds()) <= seconds


@pytest.mark.parametrize("time", CLEAR)
def test_clear_events_are_located_with_three_stations(cases, time):
    found = [event for event in cases["uh"].events if _near(event.origin.time, time, 2.0)]
    assert len(found) == 1
    assert len({pick.station for pick in found[0].picks}) >= 3


def test_nothing_but_the_four_known_events_is_found(cases):
    for event in cases["uh"].events:
        is_clear = any(_near(event.origin.time, time, 2.0) for time in CLEAR)
        is_weak = any(_near(event.origin.time, time, 3.0) for time in WEAK)
        assert is_clear or is_weak, event.origin.time
        if is_weak:
            assert event.quality in {"C", "D"}


def test_network_events_lie_where_the_network_can_see_them(cases):
    for event in cases["uh"].events:
        distance = geodesic_distance_km(
            event.origin.longitude, event.origin.latitude, 11.636, 48.05
        )
        assert float(distance) < 15.0
        assert 0.0 <= event.origin.depth_km < 15.0


def test_single_station_event_has_a_wide_region_around_the_right_distance(cases):
    (event,) = cases["rjob"].events
    assert "single_station" in event.flags
    distance = geodesic_distance_km(
        event.origin.samples.longitude, event.origin.samples.latitude, 12.7957, 47.7372
    )
    assert distance.max() < 20.0
    assert event.origin.region(0.95).area_km2 > event.origin.region(0.68).area_km2 > 1.0


def test_magnitude_where_the_response_allows_it_and_a_reason_where_not(cases):
    (event,) = cases["rjob"].events
    assert event.magnitude is not None
    assert event.magnitude.magnitude_type == "ML"
    assert -1.0 < event.magnitude.value < 3.0
    for event in cases["uh"].events:
        assert event.magnitude is None
        assert "response" in event.notes["magnitude"]


def test_shorter_records_of_a_station_are_told_as_not_used(cases):
    assert any("UH1..EH" in item.what for item in cases["uh"].not_used)
