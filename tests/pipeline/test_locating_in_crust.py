"""A hypocentre in the crust is tried before a group of picks is given up."""

from datetime import timedelta

import numpy as np
import pytest

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.stations import StationList

START = parse_utc("2019-07-07T07:51:00")
STATIONS = StationList(
    [
        Station("PB", "B916", -117.6685, 36.1925, 1859.0),
        Station("PB", "B917", -117.2588, 35.4053, 1192.0),
        Station("PB", "B918", -117.6017, 35.9357, 1042.0),
        Station("PB", "B921", -117.4622, 35.5865, 694.0),
    ]
)


@pytest.fixture(scope="module")
def builder() -> EventBuilder:
    setup = LocationSetup()
    return EventBuilder(setup.method(setup.travel_times(), list(STATIONS)), STATIONS)


def picks(times_s: dict[tuple[str, str], float]) -> list[Pick]:
    return [
        Pick("PB", name, "", phase, START + timedelta(seconds=one), 0.7, 0.11, "test")
        for (name, phase), one in times_s.items()
    ]


def test_p_and_a_late_s_of_a_large_event_beside_the_network_are_located(builder):
    """P as a magnitude 7 at 117.852 W 36.086 N left it, and an S that came 2 s too late."""
    late_s = {("B916", "P"): 3.94, ("B918", "P"): 5.09, ("B921", "P"): 11.43}
    late_s |= {("B917", "P"): 15.91, ("B921", "S"): 21.56}
    event = builder.build(picks(late_s), "", np.random.default_rng(0))
    origin = event.origin
    assert "at_grid_edge" not in event.flags
    assert geodesic_distance_km(origin.longitude, origin.latitude, -117.852, 36.086) < 30.0
    assert abs((origin.time - START).total_seconds()) < 5.0


def test_a_wave_from_below_still_runs_out_of_the_volume(builder):
    """A teleseism's P crosses the network at 15 km/s; no local source makes that."""
    times_s = {
        (station.station, "P"): 15.0
        + float(geodesic_distance_km(-117.6, 34.0, station.longitude, station.latitude) / 15.0)
        for station in STATIONS
    }
    event = builder.build(picks(times_s), "", np.random.default_rng(0))
    assert "at_grid_edge" in event.flags
