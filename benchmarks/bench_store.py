"""Picks and events saved a second, and queries, in a store on SQLite and on PostgreSQL.

Run with ``python benchmarks/bench_store.py [--folder DIR] [--postgres URL]``: the folder decides
which disk SQLite is measured on. The URL must name an empty database; a server for a moment, with
the settings it has by default, is ``python tests/stream/postgres/postgres_server.py``, which prints
its URL. One thread; events have 16 arrivals, two regions and 1000 posterior draws.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Origin,
    Pick,
    PosteriorSamples,
)
from mainshock.stream.records import EventVersion, LivePick
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

NUMBER, FEW, N_ARRIVALS, N_DRAWS = 10_000, 500, 16, 1000
T0 = datetime(2026, 5, 27, tzinfo=UTC)
RING = np.array([[10.0 + np.cos(a), 50.0 + np.sin(a)] for a in np.linspace(0, 2 * np.pi, 60)])


def make_picks(number: int, prefix: str) -> list[LivePick]:
    found = []
    for one in range(number):
        time_s = T0 + timedelta(seconds=0.1 * one)
        pick = Pick("XX", f"S{one % 100:02d}", "", "PS"[one % 2], time_s, 0.9, 0.1, "model")
        found.append(LivePick(f"{prefix}{one}", 1, "new", "settled", pick, "HH", T0))
    return found


def make_events(number: int, prefix: str) -> list[EventVersion]:
    draws = PosteriorSamples(*np.random.default_rng(1).normal(size=(4, N_DRAWS)))
    arrivals = tuple(
        Arrival(one.pick, 20.0 + one.version, 45.0, 0.05) for one in make_picks(N_ARRIVALS, "a")
    )
    return [_event(f"{prefix}{one}", one, arrivals, draws) for one in range(number)]


def _event(
    name: str, one: int, arrivals: tuple[Arrival, ...], draws: PosteriorSamples
) -> EventVersion:
    origin = Origin(
        time=T0 + timedelta(seconds=60.0 * one),
        longitude=10.0 + one % 100 / 50,
        latitude=50.0 + one % 37 / 30,
        depth_km=8.0,
        time_sd_s=0.1,
        east_sd_km=1.0,
        north_sd_km=1.5,
        depth_sd_km=2.0,
        covariance_km2=np.diag([1.0, 2.25, 4.0]),
        velocity_model="iasp91",
        regions=(CredibleRegion(0.68, 3.5, ((RING,),)), CredibleRegion(0.95, 9.0, ((RING,),))),
        samples=draws,
    )
    event = Event(name, origin, arrivals, Magnitude(one % 40 / 10, "ML", 0.2, 3), "B")
    return EventVersion(name, 1, "new", "settled", event, T0)


def rate(save: Callable[[Sequence], None], things: Sequence, size: int) -> float:
    start_s = time.perf_counter()
    for first in range(0, len(things), size):
        save(things[first : first + size])
    return len(things) / (time.perf_counter() - start_s)


def milliseconds(ask: Callable[[], object], times: int = 20) -> float:
    spent_s = []
    for _ in range(times):
        start_s = time.perf_counter()
        ask()
        spent_s.append(time.perf_counter() - start_s)
    return 1000.0 * float(np.median(spent_s))


def measure(name: str, place: str | Path) -> None:
    with LiveStore.open(place) as store:
        print(f"{name}:")
        for size, number in ((1000, NUMBER), (100, NUMBER), (1, FEW)):
            made = make_picks(number, f"p{size}-")
            told = rate(store.save_picks, made, size)
            print(f"  picks, {size} at once: {told:.0f}/s")
        for size, number in ((100, NUMBER), (1, FEW)):
            made_events = make_events(number, f"e{size}-")
            told = rate(store.save_events, made_events, size)
            print(f"  events, {size} at once: {told:.0f}/s")
        box = EventQuery(
            min_longitude=10.5, max_longitude=11.0, min_latitude=50.0, max_latitude=50.5, limit=200
        )
        hour = (T0, T0 + timedelta(minutes=10))
        print(f"  200 events in a box: {milliseconds(lambda: store.event_summaries(box)):.1f} ms")
        print(
            "  a station's picks in 10 min: "
            f"{milliseconds(lambda: store.picks(*hour, station='XX.S07')):.1f} ms"
        )
        print(f"  a whole event: {milliseconds(lambda: store.event('e100-77')):.1f} ms")
        print(f"  1000 changes: {milliseconds(lambda: store.changes(5000)):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--postgres", metavar="URL")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure("SQLite", Path(folder) / "live.db")
    if options.postgres:
        measure("PostgreSQL", options.postgres)


if __name__ == "__main__":
    main()
