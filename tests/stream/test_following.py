"""What is remembered of events that are followed goes with them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np

from mainshock.core.records import Event, Origin, Pick, Station
from mainshock.sources.stations import StationList
from mainshock.stream.events.following import Follower
from mainshock.stream.records import EventVersion

START = datetime(2026, 1, 1, tzinfo=UTC)
STATIONS = StationList([Station("XX", f"S{n}", 0.1 * n, 0.0, 0.0) for n in range(1, 6)])
P_KM_S = 6.0


@dataclass
class Straight:
    """Waves along the surface; counts what it is asked for."""

    n_asked: int = 0

    def travel_time_s(self, phase, distance_km, depth_km, station_depth_km):
        self.n_asked += 1
        return distance_km / (P_KM_S if phase == "P" else P_KM_S / 1.7)


def version(minutes: float) -> EventVersion:
    time, name = START + timedelta(minutes=minutes), f"e{minutes:g}"
    origin = Origin(time, 0.0, 0.0, 10.0, 0.2, 2.0, 1.4, 3.0, np.diag([4.0, 2.0, 9.0]), "m")
    return EventVersion(name, 1, "new", "preliminary", Event(name, origin, ()), time)


def p_picks(minutes: float) -> list[Pick]:
    time = START + timedelta(minutes=minutes)
    return [
        Pick("XX", one.station, "", "P", time + timedelta(seconds=s), 0.9, 0.1, "test")
        for one in STATIONS
        for s in [111.19 * one.longitude / P_KM_S]
    ]


def test_picks_go_to_the_event_whose_waves_they_fit_and_times_are_computed_once():
    times = Straight()
    follower = Follower(SimpleNamespace(stations=STATIONS), times)
    picks, versions = p_picks(0.0) + p_picks(2.0), [version(0.0), version(2.0)]
    share = follower.share(picks, versions)
    assert [len(own) for own in share.of_events.values()] == [5, 5]
    n_asked = times.n_asked
    assert follower.share(picks, versions).of_events == share.of_events
    assert times.n_asked == n_asked


def test_travel_times_are_forgotten_with_their_event():
    follower = Follower(SimpleNamespace(stations=STATIONS), Straight())
    most = 0
    for minutes in range(0, 600, 2):
        follower.share(p_picks(float(minutes)), [version(float(minutes))])
        most = max(most, sum(len(one) for one in follower._times_s.values()))
    assert 0 < most <= 2 * len(list(STATIONS))
    follower.share([], [])
    assert not follower._times_s
