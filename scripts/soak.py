"""Runs the live path over hours of made-up records, faster than real time, and watches its memory.

Run with ``python scripts/soak.py`` (or ``make soak``): 24 h at 10 stations, then 2 h at 100; with
``--stations`` and ``--hours`` another run. Everything of ``mainshock monitor`` runs but the page:
ingest, archive, picks, events, magnitudes, alerts to a file, store. Ends with 1 where memory is
above 400 MB + 0.5 MB a station, or grows by 1 MB or more in a simulated hour after the first 30
minutes; growth is judged in runs of two hours or more. All memory counts for the first, for the
second what the process made itself: pages of files come and go with what else the machine does.

``--kinds`` tells each simulated quarter of an hour what the memory is made of. ``--planted-mb``
keeps so much memory in each simulated hour, to see that the measurement finds it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations, groupby
from pathlib import Path
from statistics import median

from memory_kinds import memory_kinds, resident

from mainshock.detect.registry import open_picker
from mainshock.events.registry import ASSOCIATORS
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.live import SourceSettings
from mainshock.sources.live.load import LoadSource
from mainshock.stream.alerts.config import read_alert_settings
from mainshock.stream.run import LiveRun, LocationParts
from mainshock.stream.run_folder import RunFolder

RUNS = ((10, 24.0), (100, 2.0))
START = datetime(2026, 1, 1, tzinfo=UTC)
WARM_UP_H, SHORTEST_JUDGED_H = 0.5, 2.0
BASE_MB, STATION_MB, MOST_GROWTH_MB = 400.0, 0.5, 1.0
PACKET_S = 4  # a full record of 512 bytes, as most stations send
LOOK_S = 2.0
N_ROWS = 12
QUARTER_H = 0.25
MEBIBYTE = 2**20
HEADING = "  hours  wall s  RSS MB files  WAL MB  bus MB store MB"
KINDS_HEADING = (
    "  hours  wall s  own MB files MB  heap MB arrays MB objects MB in use MB  objects (1000)"
)
ALERTS = """
[[rules]]
name = "all"
channels = ["file"]
[channels.file]
kind = "file"
path = "alerts.jsonl"
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a run takes at one moment."""

    simulated_h: float
    wall_s: float
    rss_mb: float
    own_mb: float
    handles: int
    wal_mb: float
    bus_mb: float
    store_mb: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a run; ``growth_mb`` is None where it was too short to tell."""

    stations: int
    hours: float
    wall_s: float
    most_rss_mb: float
    limit_mb: float
    growth_mb: float | None
    picks: int
    events: int
    is_good: bool


def size_mb(*paths: Path) -> float:
    """Return the size of some files together; those that are missing count nothing."""
    return sum(path.stat().st_size for path in paths if path.exists()) / MEBIBYTE


def look(run: LiveRun, begin_s: float) -> Look:
    """Return what a run takes now."""
    folder = run.folder
    traces = [trace for trace in run.board.traces() if not trace.endswith(("_P", "_S"))]
    newest_ns = (run.board.end_ns(traces[0]) or 0) if traces else 0
    memory = resident()
    logs = [path.with_name(f"{path.name}-wal") for path in (folder.bus, folder.store)]
    return Look(
        max(0.0, (newest_ns * 1e-9 - START.timestamp()) / 3600.0),
        time.monotonic() - begin_s,
        memory.all_mb,
        memory.own_mb,
        len(list(Path("/proc/self/fd").iterdir())),
        size_mb(*logs),
        size_mb(folder.bus),
        size_mb(folder.store),
    )


def made_run(root: Path, n_stations: int, hours: float) -> LiveRun:
    """Return the live path over a load as fast as it goes."""
    end = START + timedelta(hours=hours)
    source = LoadSource(
        n_stations, SourceSettings(speed=0.0, start=START, end=end, packet_s=PACKET_S)
    )
    sites = source.stations()
    if sites is None:
        raise RuntimeError("the generator of load states no stations")
    setup = LocationSetup(velocity="iasp91")
    travel_times = setup.travel_times()
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(None))
    parts = LocationParts(
        EventBuilder(setup.method(travel_times, list(sites)), sites),
        associator,
        travel_times,
        {"associator": "grid", "velocity": "iasp91", "location": setup.sampler},
        source.inventory(),
    )
    rules = root / "alerts.toml"
    rules.write_text(ALERTS)
    return LiveRun(
        RunFolder(root / "run"), source, open_picker("default"), parts, read_alert_settings(rules)
    )


def growth_mb(looks: list[Look]) -> float:
    """Return megabytes a simulated hour after the warm-up, as the middle of many slopes.

    Each quarter of an hour counts with the middle of its looks, for large arrays come and go; the
    slopes are those between any two quarters (Theil and Sen), so that a few odd ones do not count.
    """
    late = [one for one in looks if one.simulated_h >= WARM_UP_H]
    quarters = [list(group) for _, group in groupby(late, key=_quarter)]
    points = [
        (median(one.simulated_h for one in group), median(one.own_mb for one in group))
        for group in quarters
    ]
    return median(
        (late_mb - early_mb) / (late_h - early_h)
        for (early_h, early_mb), (late_h, late_mb) in combinations(points, 2)
    )


def _quarter(one: Look) -> int:
    return int(one.simulated_h / QUARTER_H)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is run, and what is told of it.

    Parameters
    ----------
    stations, hours
        Size of the network, and simulated hours.
    tells_kinds
        Whether the kinds of memory are told each quarter of an hour.
    planted_mb
        Memory to keep in each simulated hour, for a run that must fail.
    """

    stations: int
    hours: float
    tells_kinds: bool = False
    planted_mb: float = 0.0


def soak(wanted: Wanted, root: Path, tell: Callable[[str], None]) -> Verdict:
    """Run the live path, print what it takes now and then, and return the verdict."""
    begin_s = time.monotonic()
    run = made_run(root, wanted.stations, wanted.hours)
    looks: list[Look] = []
    planted = bytearray()
    tell(f"{wanted.stations} made-up stations, {wanted.hours:g} h simulated, as fast as it goes")
    tell(KINDS_HEADING if wanted.tells_kinds else HEADING)
    run.start()
    try:
        has_ended = False
        while not has_ended:
            has_ended = run.feed.wait(LOOK_S)
            newest = look(run, begin_s)
            wanted_bytes = int(wanted.planted_mb * newest.simulated_h * MEBIBYTE)
            planted.extend(b"x" * (wanted_bytes - len(planted)))
            looks.append(look(run, begin_s) if planted else newest)
            if has_ended or _is_told(looks, wanted):
                tell(_kinds_row(looks) if wanted.tells_kinds else _row(looks[-1]))
        run.finish(threading.Event())
        n_picks = len(run.store.picks(limit=None))
        n_events = run.store.count_events()
    finally:
        run.stop()
    if run.feed.error is not None:
        raise run.feed.error
    return _verdict(wanted.stations, wanted.hours, looks, n_picks, n_events)


def _is_told(looks: list[Look], wanted: Wanted) -> bool:
    """Return whether the newest look is the first one in its part of the run."""
    part_h = QUARTER_H if wanted.tells_kinds else wanted.hours / N_ROWS
    parts = [int(one.simulated_h / part_h) for one in looks[-2:]]
    return len(parts) == 1 or parts[0] < parts[1]


def _kinds_row(looks: list[Look]) -> str:
    """Return the middle of the looks of the last quarter, and the kinds of memory now."""
    kinds, newest = memory_kinds(), looks[-1]
    quarter = [one for one in looks if one.simulated_h > newest.simulated_h - QUARTER_H]
    own_mb = median(one.own_mb for one in quarter)
    files_mb = median(one.rss_mb - one.own_mb for one in quarter)
    return (
        f"{newest.simulated_h:7.2f} {newest.wall_s:7.0f} {own_mb:7.1f} {files_mb:8.1f} "
        f"{kinds.heap_mb:8.1f} {kinds.arrays_mb:9.1f} {kinds.objects_mb:10.1f} "
        f"{kinds.in_use_mb:9.1f} {kinds.objects / 1000.0:8.1f}"
    )


def _row(one: Look) -> str:
    return (
        f"{one.simulated_h:7.2f} {one.wall_s:7.0f} {one.rss_mb:7.1f} {one.handles:5d} "
        f"{one.wal_mb:7.1f} {one.bus_mb:7.1f} {one.store_mb:8.1f}"
    )


def _verdict(
    n_stations: int, hours: float, looks: list[Look], n_picks: int, n_events: int
) -> Verdict:
    limit_mb = BASE_MB + STATION_MB * n_stations
    most_mb = max(one.rss_mb for one in looks)
    growth = growth_mb(looks) if hours >= SHORTEST_JUDGED_H else None
    is_good = most_mb <= limit_mb and (growth is None or growth < MOST_GROWTH_MB)
    return Verdict(
        n_stations,
        hours,
        looks[-1].wall_s,
        most_mb,
        limit_mb,
        growth,
        n_picks,
        n_events,
        is_good,
    )


def _told(verdict: Verdict) -> str:
    growth = "not judged" if verdict.growth_mb is None else f"{verdict.growth_mb:+.2f} MB/h"
    return (
        f"RSS {verdict.most_rss_mb:.0f} MB at most (limit {verdict.limit_mb:.0f}), growth {growth} "
        f"(limit {MOST_GROWTH_MB:g}); {verdict.picks} picks, {verdict.events} events: "
        f"{'good' if verdict.is_good else 'ABOVE THE LIMIT'}"
    )


def main() -> int:
    """Run what was asked for and return the exit code."""
    tell: Callable[[str], None] = partial(print, flush=True)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, help="of one run instead of both")
    parser.add_argument("--hours", type=float, default=2.0, help="simulated, of that run")
    parser.add_argument("--kinds", action="store_true", help="tell what the memory is made of")
    parser.add_argument("--planted-mb", type=float, default=0.0, help="kept in each simulated hour")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON instead")
    chosen = parser.parse_args()
    if chosen.stations is None:  # each run in a process of its own, so that neither sees the other
        kinds = ["--kinds"] if chosen.kinds else []
        commands = [["--stations", str(n), "--hours", str(hours), *kinds] for n, hours in RUNS]
        codes = [
            subprocess.run([sys.executable, __file__, *one], check=False).returncode  # noqa: S603 - this very program
            for one in commands
        ]
        return max(codes)
    with tempfile.TemporaryDirectory() as name:
        say = (lambda _: None) if chosen.json else tell
        wanted = Wanted(chosen.stations, chosen.hours, chosen.kinds, chosen.planted_mb)
        verdict = soak(wanted, Path(name), say)
    tell(json.dumps(asdict(verdict)) if chosen.json else _told(verdict))
    return 0 if verdict.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
