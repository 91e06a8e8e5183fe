"""Delay from packet to pick and to alert, 100 stations in real time, beside stages that do nothing.

Run with ``python benchmarks/bench_latency.py [--minutes 3]``. Made-up stations with packets of one
second, and an earthquake every minute that all of them see. All of ``mainshock monitor`` runs but
the page, in one process that makes the records as well. Measured are, by the machine's clock:

* pick: from the arrival of the packet that completes the first window in which a pick is above
  its threshold to the moment at which the pick is in the store;
* alert: from the arrival of the packet that holds the fourth P of an earthquake (known, since they
  are made up) to the line in the file of alerts; what the network must still wait for to be sure of
  the fourth pick is part of it. No magnitude is asked, four stations are.

The run beside it has stages that answer at once with fixed picks and events: what is left is the
time of bus, store, threads and machine. The first 90 s do not count, in which programs are
compiled; of the run beside it the first 15 s.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Arrival, Event, Origin, Pick
from mainshock.core.times import parse_utc
from mainshock.detect.registry import open_picker
from mainshock.events.registry import ASSOCIATORS
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns, ns_from_datetime
from mainshock.sources.live import SourceSettings, synthetic_motion
from mainshock.sources.live.load import LoadSource
from mainshock.sources.live.synthetic_motion import SyntheticEarthquake
from mainshock.sources.miniseed_records import record_header
from mainshock.sources.packets import Packet
from mainshock.stream.alerts.config import read_alert_settings
from mainshock.stream.bus import Message
from mainshock.stream.messages import event_message, pick_message, read_pick_message
from mainshock.stream.records import EventVersion, LivePick
from mainshock.stream.run import LiveRun, LocationParts
from mainshock.stream.run_folder import RunFolder

N_STATIONS, INTERVAL_S = 100, 60
WARM_UP_S, WARM_UP_OF_NOTHING_S, SETTLE_S = 90.0, 15.0, 15.0
P_KM_S = 5.8
LOOK_S = 0.005
SAME_EVENT_S = 8.0
ALERTS = """
[[rules]]
name = "all"
channels = ["file"]
least_stations = 4
[channels.file]
kind = "file"
path = "alerts.jsonl"
"""


@dataclass(slots=True, eq=False)
class NotingSource:
    """A load that notes when the last packet of each station and second arrived."""

    load: LoadSource
    arrivals: dict[tuple[str, int], int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.load, name)

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        for packet in self.load.packets(stop):
            header = record_header(packet.payload)
            self.arrivals[header.station, header.end_ns] = packet.arrival_ns
            yield packet


@dataclass(slots=True, eq=False)
class NoPicks:
    """A stage that answers each hundredth record with a fixed pick."""

    name: str = "picking"
    topics: tuple[str, ...] = ("waveform.v1",)

    def start(self) -> int:
        return 0

    def step(self, state: int, messages: Sequence[Message]) -> tuple[int, list[Message]]:
        told = []
        for message in messages:
            state += 1
            if state % 100 == 0:
                told.append(pick_message(fixed_pick(message), message.arrival_ns, message.trace))
        return state, told

    def finish(self, state: int) -> tuple[int, list[Message]]:
        return state, []

    def snapshot(self, state: int) -> bytes:
        return str(state).encode()

    def restore(self, snapshot: bytes) -> int:
        return int(snapshot)


@dataclass(slots=True, eq=False)
class NoEvents(NoPicks):
    """A stage that answers each tenth pick with a fixed event."""

    name: str = "events"
    topics: tuple[str, ...] = ("pick.v1",)

    def step(self, state: int, messages: Sequence[Message]) -> tuple[int, list[Message]]:
        told = []
        for message in messages:
            state += 1
            if state % 10 == 0:
                told.append(event_message(fixed_event(message), message.arrival_ns, message.trace))
        return state, told


@dataclass(slots=True, eq=False)
class NothingSettled(NoPicks):
    """A stage that reads picks and says nothing."""

    name: str = "settling"
    topics: tuple[str, ...] = ("pick.v1",)

    def step(self, state: int, messages: Sequence[Message]) -> tuple[int, list[Message]]:
        return state + len(messages), []


def fixed_pick(message: Message) -> LivePick:
    network, station = message.key.split(".")
    at = datetime_from_ns(message.data_ns)
    pick = Pick(network, station, "00", "P", at, 0.9, 0.05, "none")
    issued = datetime_from_ns(message.arrival_ns)
    return LivePick(f"{message.identity}.P", 1, "new", "preliminary", pick, "HH", issued)


def fixed_event(message: Message) -> EventVersion:
    told = read_pick_message(message)
    if not isinstance(told, LivePick):
        raise TypeError("the stage before tells picks alone")
    arrivals = tuple(
        Arrival(replace(told.pick, station=f"L{number:04d}"), 10.0, 0.0, 0.0) for number in range(4)
    )
    origin = Origin(told.pick.time, 0.0, 0.0, 5.0, 0.1, 1.0, 1.0, 1.0, np.eye(3), "none")
    event = Event(message.identity, origin, arrivals)
    return EventVersion(message.identity, 1, "new", "preliminary", event, told.issued)


@dataclass(slots=True, eq=False)
class Notes:
    """What was stored and sent, and when, nanoseconds since 1970."""

    pick_delays_s: list[float] = field(default_factory=list)
    alert_delays_s: list[float] = field(default_factory=list)
    from_fourth_s: list[float] = field(default_factory=list)
    since_ns: int = 0

    def on_step(self, stage: str, messages: Sequence[Message], seconds: float) -> None:
        """Note the delay of the picks that the store has just taken."""
        del seconds
        now_ns = time.time_ns()
        if stage != "store" or now_ns < self.since_ns:
            return
        for message in messages:
            if message.topic != "pick.v1":
                continue
            told = read_pick_message(message)
            if isinstance(told, LivePick) and told.version == 1 and told.status == "preliminary":
                self.pick_delays_s.append((now_ns - message.arrival_ns) / NANOSECONDS)


def made_run(root: Path, source: NotingSource) -> LiveRun:
    sites = source.load.stations()
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
    )
    rules = root / "alerts.toml"
    rules.write_text(ALERTS)
    alerts = read_alert_settings(rules)
    return LiveRun(RunFolder(root / "run"), source, open_picker("default"), parts, alerts)


def new_alerts(path: Path, position: int) -> tuple[list[dict[str, Any]], int]:
    """Return the whole lines behind a position, and where they end."""
    if not path.exists():
        return [], 0
    with path.open("rb") as handle:
        handle.seek(position)
        content = handle.read()
    whole = content[: content.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], position + len(whole)


def fourth_arrival_ns(quake: SyntheticEarthquake, source: NotingSource) -> int | None:
    """Return when the packet with the fourth P of an earthquake arrived."""
    arrivals = []
    for site in source.load.stations() or ():
        away_km = float(
            geodesic_distance_km(quake.longitude, quake.latitude, site.longitude, site.latitude)
        )
        p_s = float(np.hypot(away_km, quake.depth_km)) / P_KM_S
        p_ns = ns_from_datetime(quake.time) + round(p_s * NANOSECONDS)
        ends = [key for key in source.arrivals if key[0] == site.station and key[1] > p_ns]
        if ends:
            arrivals.append((p_ns, source.arrivals[min(ends, key=lambda key: key[1])]))
    arrivals.sort()
    return arrivals[3][1] if len(arrivals) > 3 else None


def match_alerts(
    sent: list[tuple[int, datetime]], source: NotingSource, notes: Notes, until_s: float
) -> int:
    """Note the delay of the first alert of each earthquake; return how many had none."""
    n_without = 0
    for quake in source.load.earthquakes(until_s):
        begin_ns = fourth_arrival_ns(quake, source)
        if begin_ns is None or begin_ns < notes.since_ns:
            continue
        near = timedelta(seconds=SAME_EVENT_S)
        times = [at_ns for at_ns, origin in sent if abs(origin - quake.time) < near]
        if times:
            notes.from_fourth_s.append((min(times) - begin_ns) / NANOSECONDS)
        else:
            n_without += 1
    return n_without


def measure(minutes: float, *, does_nothing: bool) -> dict[str, Any]:
    # earthquakes more often than every two minutes: more alerts in the same time
    synthetic_motion._INTERVAL_S = INTERVAL_S  # the generator has no setting for it
    source = NotingSource(LoadSource(N_STATIONS, SourceSettings()))
    warm_up_s = WARM_UP_OF_NOTHING_S if does_nothing else WARM_UP_S
    notes = Notes(since_ns=time.time_ns() + round(warm_up_s * NANOSECONDS))
    sent: list[tuple[int, datetime]] = []
    with tempfile.TemporaryDirectory() as name:
        run = made_run(Path(name), source)
        if does_nothing:
            nothing = {"picking": NoPicks(), "settling": NothingSettled(), "events": NoEvents()}
            for worker in run.workers:
                worker.stage = nothing.get(worker.stage.name, worker.stage)
        run.workers[-1].on_step = notes.on_step
        begin_s, position = time.monotonic(), 0
        run.start()
        cpu_s = time.process_time()
        while time.monotonic() - begin_s < warm_up_s + 60.0 * minutes:
            time.sleep(LOOK_S)
            found, position = new_alerts(Path(name) / "alerts.jsonl", position)
            now_ns = time.time_ns()
            for one in found:
                sent.append((now_ns, parse_utc(one["event"]["time"])))
                if does_nothing and now_ns > notes.since_ns:
                    issued_ns = ns_from_datetime(parse_utc(one["issued"]))
                    notes.alert_delays_s.append((now_ns - issued_ns) / NANOSECONDS)
        cores = (time.process_time() - cpu_s) / (time.monotonic() - begin_s)
        run.stop()
    n_without = (
        0
        if does_nothing
        else match_alerts(sent, source, notes, time.monotonic() - begin_s - SETTLE_S)
    )
    alerts = notes.alert_delays_s if does_nothing else notes.from_fourth_s
    return {"pick": notes.pick_delays_s, "alert": alerts, "missed": n_without, "cores": cores}


def in_own_process(*arguments: str) -> dict[str, Any]:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, __file__, *arguments]
    run = subprocess.run(
        command, env=os.environ | one_thread, check=True, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


def row(label: str, delays_s: list[float], note: str = "") -> str:
    if not delays_s:
        return f"{label:36s} {'none':>6s}"
    p50, p99 = np.percentile(delays_s, (50, 99))
    return f"{label:36s} {len(delays_s):6d} {p50:8.3f} {p99:8.3f} {max(delays_s):8.3f}{note}"


def main(tell: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0, help="measured, after the warm-up")
    parser.add_argument("--side", choices=("all", "nothing"))
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    if chosen.side:
        tell(json.dumps(measure(chosen.minutes, does_nothing=chosen.side == "nothing")))
        return
    tell(f"{N_STATIONS} made-up stations, packets of 1 s, {chosen.minutes:g} min; seconds of delay")
    tell(f"{'':36s} {'number':>6s} {'p50':>8s} {'p99':>8s} {'most':>8s}")
    for side, minutes, label in (
        ("all", chosen.minutes, "all stages"),
        ("nothing", min(chosen.minutes, 1.0), "stages that do nothing"),
    ):
        found = in_own_process("--side", side, "--minutes", str(minutes))
        note = f"   {found['missed']} earthquakes without an alert" if side == "all" else ""
        tell(row(f"{label}: packet to pick", found["pick"]))
        begins = "fourth P" if side == "all" else "packet"
        tell(row(f"{label}: {begins} to alert", found["alert"], note))
        tell(f"{label}: {found['cores']:.2f} cores busy; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
