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


@pytest.mark.slow  # processes start and compile, and two hundred events
def test_two_processes_give_what_one_gives(picks):
    expected, told_alone = run(picks, 1)
    located, told = run(picks, 2)
    assert [summary(event) for event in located.events] == [
        summary(event) for event in expected.events
    ]
    assert located.picks == expected.picks
    assert located.not_used == expected.not_used
    assert told == told_alone
    assert len(told) == N


def test_nothing_is_lost_and_few_events_start_no_process(picks, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr("mainshock.pipeline.locating.ProcessPoolExecutor", refuse)
    few = [pick for pick in picks if pick.event_id < "synthetic-00042"]
    located, told = run(few, 8)
    assert len(told) == 42
    reasons = [f"{item.what}: {item.reason}" for item in located.not_used]
    assert len(reasons) == 3  # S before P leaves the seventeenth a single pick
    assert any("synthetic-00041 (1 picks)" in r and "unconstrained" in r for r in reasons)
    assert any("S before P" in r for r in reasons)
    names = {event.event_id for event in located.events}
    assert names == {f"synthetic-{n:05d}" for n in range(41) if n != 17}


@pytest.mark.parametrize(("n", "jobs", "workers"), [(250, 2, 2), (250, 8, 2), (199, 8, 1)])
def test_a_process_gets_no_fewer_than_a_hundred_events(monkeypatch, n, jobs, workers):
    """Counted without locating: all picks are refused at once."""
    started = []

    class Pool:
        def __init__(self, count, **_):
            started.append(count)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def map(self, work, tasks, chunksize):
            return map(work, tasks)

    monkeypatch.setattr("mainshock.pipeline.locating.ProcessPoolExecutor", Pool)
    events = Simulation(STATIONS[:1], VELOCITY, BOX, phases=("P",)).events(
        n, np.random.default_rng(0)
    )
    located, _ = run([event.picks[0] for event in events], jobs)
    assert len(located.not_used) == n
    assert started == ([workers] if workers > 1 else [])


def n_picks(picks, event_id):
    return sum(pick.event_id == event_id for pick in picks)


def test_picks_of_an_event_that_fails_keep_the_id_they_were_given(picks):
    """A single P fixes no place; the rows of one id stay one event when they are read again."""
    single = next(pick.event_id for pick in picks if n_picks(picks, pick.event_id) == 1)
    first = picks[0].event_id
    chosen = [pick for pick in picks if pick.event_id in {first, single}]
    located, _ = run(chosen, 1)
    assert [event.event_id for event in located.events] == [first]
    assert [item.what for item in located.not_used] == [f"{single} (1 picks)"]
    assert {(pick.time, pick.event_id) for pick in located.picks} == {
        (pick.time, pick.event_id) for pick in chosen
    }
