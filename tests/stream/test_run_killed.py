"""A monitor that is killed again and again loses nothing and tells nothing twice."""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.times import to_posix_s
from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.miniseed_records import split_records
from mainshock.stream.bus import Message
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

sys.path.insert(0, str(Path(__file__).parent))
from monitor_process import copy_cut, later_records, running

START_NS = int(datetime(2019, 7, 7, 7, 51, tzinfo=UTC).timestamp()) * NANOSECONDS
STATIONS = ("B916", "B917", "B918")
LENGTH_S, SPEED, KILLS = 720.0, 12.0, 4
UNSETTLED_S, UNSETTLED_EVENT_S = 90.0, 520.0


@contextmanager
def served(
    records: list[tuple[int, bytes]],
) -> Iterator[tuple[int, threading.Event, threading.Event]]:
    """Serve records at a multiple of their speed; yields port, go and done."""
    server = SeedLinkServer(SeedLinkSettings(port=0))
    server.start()
    go, done, over = threading.Event(), threading.Event(), threading.Event()

    def publish() -> None:
        go.wait()
        began_s = time.monotonic()
        for end_ns, record in records:
            due_s = began_s + (end_ns - records[0][0]) / NANOSECONDS / SPEED
            if over.wait(max(0.0, due_s - time.monotonic())):
                return
            server.publish([Message("waveform.v1", "", "", record, end_ns, time.time_ns())])
        done.set()

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    try:
        yield server.port, go, done
    finally:
        over.set()
        go.set()
        thread.join(10.0)
        server.stop()


def settled_picks(folder: Path, before: float) -> list[tuple[str, str, float, float]]:
    with LiveStore.open(folder / "mainshock.sqlite") as store:
        picks = [one for one in store.picks(limit=None) if to_posix_s(one.pick.time) < before]
    assert {one.status for one in picks} == {"settled"}, "a preliminary pick was left behind"
    return [
        (one.pick.station_code, one.pick.phase, to_posix_s(one.pick.time), one.pick.probability)
        for one in picks
    ]


def settled_events(folder: Path, before: float) -> list[tuple[float, int]]:
    with LiveStore.open(folder / "mainshock.sqlite") as store:
        events = store.events(EventQuery(limit=None, order="time"))
    early = [one for one in events if to_posix_s(one.event.origin.time) < before]
    assert {one.status for one in early} == {"settled"}, "a preliminary event was left behind"
    return [(to_posix_s(one.event.origin.time), len(one.event.arrivals)) for one in early]


def archived(folder: Path) -> Counter[bytes]:
    paths = [path for path in (folder / "sds").rglob("*.D.*") if path.is_file()]
    return Counter(one for path in paths for one in split_records(path.read_bytes()))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_it_ends_with_what_an_undisturbed_run_has(data_dir, tmp_path):
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    cut = copy_cut(source, tmp_path / "cut", START_NS, LENGTH_S, STATIONS)
    shift_s = int(time.time()) - int(LENGTH_S) - START_NS // NANOSECONDS - 5
    records = later_records(cut, shift_s * NANOSECONDS)
    folder = tmp_path / "killed"
    ends = killed_run(records, cut / "stations.csv", folder, tmp_path)
    assert archived(folder) == Counter(record for _, record in records)

    undisturbed = tmp_path / "undisturbed"
    (folder / "sds" / "stations.csv").write_bytes((cut / "stations.csv").read_bytes())
    arguments = ("--source", f"replay:{folder / 'sds'}", "--speed", 0, "--exit-at-end")
    arguments += ("--seedlink-port", -1, "--data-dir", undisturbed)
    with running(*arguments, errors=tmp_path / "said-undisturbed") as monitor:
        assert monitor.ended() == 0, monitor.said
    compare_picks(folder, undisturbed, ends - UNSETTLED_S)
    compare_events(folder, undisturbed, ends - UNSETTLED_EVENT_S)


def killed_run(
    records: list[tuple[int, bytes]], stations: Path, folder: Path, tmp_path: Path
) -> float:
    """Run to the end of the records through some kills, and return when they end."""
    rng = random.Random(20261121)
    ends = max(end_ns for end_ns, _ in records) / NANOSECONDS
    with served(records) as (port, go, done):
        arguments = ("--source", f"seedlink://127.0.0.1:{port}", "--stations", stations)
        arguments += ("--seedlink-port", -1, "--data-dir", folder)
        for number in range(KILLS):
            with running(*arguments, errors=tmp_path / f"said{number}") as monitor:
                wait_for_stations(monitor, go)
                threading.Event().wait(rng.uniform(0.5, 9.0))
                monitor.kill()
        with running(*arguments, errors=tmp_path / "said-last") as monitor:
            monitor.url()
            assert done.wait(240.0)
            wait_until_settled(monitor, ends)
            assert monitor.terminated() == 0, monitor.said
    return ends


def wait_for_stations(monitor, go: threading.Event) -> None:
    """Wait until it is connected; then the records may come."""
    monitor.url()
    threading.Event().wait(0.0 if go.is_set() else 2.0)
    go.set()
    for _ in range(600):
        if monitor.data("/api/v1/health")["stations"]:
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"no record came: {monitor.said}")


def wait_until_settled(monitor, ends: float) -> None:
    """Wait until nothing waits any more, and nothing is preliminary that should not be."""
    last = datetime.fromtimestamp(ends, UTC) - timedelta(seconds=UNSETTLED_S)
    backlogs = ("waveform.v1", "pick.v1")
    quiet = 0
    for _ in range(1200):
        metrics = monitor.get("/metrics").text
        waiting = [
            float(line.split()[-1])
            for line in metrics.splitlines()
            if line.startswith("mainshock_backlog_messages") and "alerts" not in line
        ]
        newest = [one["last_sample"] for one in monitor.data("/api/v1/health")["stations"]]
        is_whole = len(newest) == len(STATIONS) and min(newest) > last.isoformat()
        quiet = quiet + 1 if is_whole and not any(waiting) else 0
        if quiet > 20:
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"{backlogs} still wait: {monitor.said}")


def compare_picks(folder: Path, undisturbed: Path, before: float) -> None:
    own = settled_picks(folder, before)
    table = pd.read_csv(undisturbed / "picks.csv")
    times = (
        pd.to_datetime(table["time"], format="ISO8601").dt.as_unit("ns").astype("int64").to_numpy()
        / 1e9
    )
    codes = table["network"] + "." + table["station"]
    wanted = [
        one
        for one in zip(codes, table["phase"], times, table["probability"], strict=True)
        if one[2] < before
    ]
    assert len(wanted) > 50
    assert len(own) == len(wanted)
    for code, phase, at, probability in wanted:
        same = [one for one in own if one[:2] == (code, phase) and abs(one[2] - at) <= 0.02]
        assert len(same) == 1, (code, phase, at)
        assert abs(same[0][3] - probability) <= 0.05


def compare_events(folder: Path, undisturbed: Path, before: float) -> None:
    own, wanted = settled_events(folder, before), settled_events(undisturbed, before)
    assert len(wanted) >= 3
    assert len(own) == len(wanted)
    apart = np.subtract([one[0] for one in own], [one[0] for one in wanted])
    assert np.abs(apart).max() < 0.5
    assert [one[1] for one in own] == [one[1] for one in wanted]
