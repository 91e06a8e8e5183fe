"""Runs the live path over hours of made-up records, faster than real time, and watches its memory.

Run with ``python scripts/soak.py`` (or ``make soak``): 24 h at 10 stations, then 2 h at 100; with
``--stations`` and ``--hours`` another run. Everything of ``mainshock monitor`` runs but the page:
ingest, archive, picks, events, magnitudes, alerts to a file, store. Ends with 1 where memory is
above 400 MB + 0.5 MB a station, or grows by 1 MB or more in a simulated hour after the first 30
minutes; growth is judged in runs of two hours or more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

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
MEBIBYTE = 2**20
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


def resident_mb() -> float:
    """Return the memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def size_mb(*paths: Path) -> float:
    """Return the size of some files together; those that are missing count nothing."""
    return sum(path.stat().st_size for path in paths if path.exists()) / MEBIBYTE


def look(run: LiveRun, begin_s: float) -> Look:
    """Return what a run takes now."""
    folder = run.folder
    traces = [trace for trace in run.board.traces() if not trace.endswith(("_P", "_S"))]
    newest_ns = (run.board.end_ns(traces[0]) or 0) if traces else 0
    logs = [path.with_name(f"{path.name}-wal") for path in (folder.bus, folder.store)]
    return Look(
        max(0.0, (newest_ns * 1e-9 - START.timestamp()) / 3600.0),
        time.monotonic() - begin_s,
        resident_mb(),
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
    """Return megabytes a simulated hour by regression after the warm-up."""
    late = [one for one in looks if one.simulated_h >= WARM_UP_H]
    hours = [one.simulated_h for one in late]
    return float(np.polyfit(hours, [one.rss_mb for one in late], 1)[0])


def soak(n_stations: int, hours: float, root: Path, tell: Callable[[str], None]) -> Verdict:
    """Run the live path, print what it takes now and then, and return the verdict."""
    begin_s = time.monotonic()
    run = made_run(root, n_stations, hours)
    looks: list[Look] = []
    tell(f"{n_stations} made-up stations, {hours:g} h simulated, as fast as it goes")
    tell(
        f"{'hours':>7s} {'wall s':>7s} {'RSS MB':>7s} {'files':>5s} {'WAL MB':>7s} {'bus MB':>7s}"
        f" {'store MB':>8s}"
    )
    run.start()
    try:
        has_ended = False
        while not has_ended:
            has_ended = run.feed.wait(LOOK_S)
            looks.append(look(run, begin_s))
            if has_ended or looks[-1].simulated_h >= hours * _n_told(looks, hours) / N_ROWS:
                tell(_row(looks[-1]))
        run.finish(threading.Event())
        n_picks = len(run.store.picks(limit=None))
        n_events = run.store.count_events()
    finally:
        run.stop()
    if run.feed.error is not None:
        raise run.feed.error
    return _verdict(n_stations, hours, looks, n_picks, n_events)


def _n_told(looks: list[Look], hours: float) -> int:
    """Return the number of the next row: one more than those that the look before had reached."""
    before = looks[-2].simulated_h if len(looks) > 1 else -1.0
    return int(before / hours * N_ROWS + 1.0) if before >= 0.0 else 0


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


def main(tell: Callable[[str], None] = print) -> int:
    """Run what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, help="of one run instead of both")
    parser.add_argument("--hours", type=float, default=2.0, help="simulated, of that run")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON instead")
    chosen = parser.parse_args()
    if chosen.stations is None:  # each run in a process of its own, so that neither sees the other
        commands = [["--stations", str(n), "--hours", str(hours)] for n, hours in RUNS]
        codes = [
            subprocess.run([sys.executable, __file__, *one], check=False).returncode  # noqa: S603 - this very program
            for one in commands
        ]
        return max(codes)
    with tempfile.TemporaryDirectory() as name:
        say = (lambda _: None) if chosen.json else tell
        verdict = soak(chosen.stations, chosen.hours, Path(name), say)
    tell(json.dumps(asdict(verdict)) if chosen.json else _told(verdict))
    return 0 if verdict.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
