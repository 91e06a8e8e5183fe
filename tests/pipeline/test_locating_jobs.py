"""Many events by several processes: the same events as by one."""

from dataclasses import replace

import numpy as np
import pytest

from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.simulate import Simulation
from mainshock.locate.simulation_sources import BoxSources
from mainshock.locate.terms import StationTerms, TermTable, TimeTerm
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.sources.stations import StationList

VELOCITY = ConstantVelocity(6.0, 3.46)
STATIONS = [Station("XX", "A", 13.0, 46.0, 500.0), Station("XX", "B", 13.2, 46.1, 100.0)]
BOX = BoxSources(LocalFrame(13.0, 46.0), (-20.0, -20.0, 2.0), (20.0, 20.0, 15.0))
N = 200


@pytest.fixture(scope="module")
def picks():
    """Two hundred events, of which one has an S before P and one a single P."""
    rng = np.random.default_rng(3)
    events = Simulation(STATIONS, VELOCITY, BOX).events(N, rng)
    found = [list(event.picks) for event in events]
    p, s, *_ = found[17]
    found[17] = [replace(p, time=s.time, probability=0.5), replace(s, time=p.time)]
    found[41] = found[41][:1]
    return [pick for event in found for pick in event]


def run(picks, jobs):
    terms = TermTable(VELOCITY.name, {"XX.A": StationTerms({"P": TimeTerm(sigma_s=0.05)})}, 4.0)
    method = GridLocation(
        VELOCITY, terms=terms, n_nodes=2000, n_samples=20, depth_range_km=(0.0, 20.0)
    )
    told = []
    located = locate_picks(
        picks,
        EventBuilder(method, StationList(STATIONS)),
        ASSOCIATORS.load("grid")(),
        VELOCITY,
        np.random.default_rng(11),
        told.append,
        jobs=jobs,
    )
    return located, told


def summary(event):
    origin = event.origin
    return (
        event.event_id,
        origin.time,
        *(origin.longitude, origin.latitude, origin.depth_km, origin.time_sd_s),
        origin.samples.longitude.tolist(),
        origin.samples.time_s.tolist(),
        [region.area_km2 for region in origin.regions],
        [(arrival.pick, arrival.residual_s) for arrival in event.arrivals],
        event.flags,
        event.quality,
    )


@pytest.fixture(scope="module")
def alone(picks):
    return run(picks, 1)


def test_two_processes_give_what_one_gives(picks, alone):
    located, told = run(picks, 2)
    expected, told_alone = alone
    assert [summary(event) for event in located.events] == [
        summary(event) for event in expected.events
    ]
    assert located.picks == expected.picks
    assert located.not_used == expected.not_used
    assert told == told_alone


def test_nothing_is_lost_on_the_way(alone):
    located, told = alone
    assert len(told) == N
    reasons = [f"{item.what}: {item.reason}" for item in located.not_used]
    assert len(reasons) == 3
    assert any("synthetic-00041 (1 picks)" in r and "unconstrained" in r for r in reasons)
    assert any("S before P" in r for r in reasons)
    missing = {"synthetic-00017", "synthetic-00041"}
    names = {event.event_id for event in located.events}
    assert names == {f"synthetic-{n:05d}" for n in range(N)} - missing


def test_the_seed_alone_decides(picks, alone):
    """What one event draws does not depend on the events around it in its process."""
    again, _ = run(picks, 1)
    assert [summary(event) for event in again.events] == [
        summary(event) for event in alone[0].events
    ]


def test_few_events_start_no_process(picks, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr("mainshock.pipeline.locating.ProcessPoolExecutor", refuse)
    few = [pick for pick in picks if pick.event_id < "synthetic-00010"]
    located, _ = run(few, 8)
    assert len(located.events) == 10
