"""What kills, outages and too many records do to the live path: compared with an undisturbed run.

Run with ``python benchmarks/bench_reliability.py``. A SeedLink server plays records faster than
real time, with their times moved to today, to ``mainshock monitor`` or, with ``--bus kafka``, to
processes of ``mainshock stream run`` over a broker of this machine. Meanwhile processes are
killed (SIGKILL) at random moments and started again at once; the broker is one of them.

* ``lost``, ``twice``, ``beside``: settled picks and events of the undisturbed run that are missing,
  those that are there once more, and those that the undisturbed run does not have. The undisturbed
  run is a replay of the same records. What is not settled at the end of the records is left out.
* ``back after``: seconds from a kill to any new pick, to the first pick, and to the first pick of
  each station, in records that were sent after the kill. It holds the time to the next earthquake.

``--outage S`` stops the pickers for S seconds of records instead, and tells when all that waited
was worked on, and how many alerts of old events went out. ``--load N`` gives a monitor N made-up
stations that cannot wait, and tells what is dropped and whether it says so.

Ends with 1 where something was lost or told twice.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "stream" / "kafka"))
from brokers import Broker, durable_broker, memory_broker
from live_programs import CountedProgram, Watch
from replayed_records import Player, Record, fragments_of, replayed

from mainshock.core.times import parse_utc, to_posix_s
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.miniseed_records import decode_record, record_header, split_records
from mainshock.sources.stations import write_stations
from mainshock.stream.ingest.archive import ArchiveWriter
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

UNSETTLED_S, UNSETTLED_EVENT_S = 90.0, 520.0
SAME_PICK_S, SAME_EVENT_S = 0.5, 2.0
START_S, MARGIN_S = 180.0, 5.0
NEVER_STALE_S, STALE_S = 1e6, 120.0
ALERTS = """
[[rules]]
name = "all"
channels = ["file"]
least_stations = 3
stale_after_s = {stale_s}
[channels.file]
kind = "file"
path = "alerts.jsonl"
"""
Tell = Callable[[str], None]


@dataclass(slots=True, eq=False)
class Disturbance:
    """Something that was stopped: what, from when to when, and what had been sent by then."""

    what: str
    at_s: float
    sent_ns: int
    program: str = ""


@dataclass(slots=True, eq=False)
class Fleet:
    """The programs of a run, and the broker if there is one."""

    programs: list[CountedProgram]
    broker: Broker | None = None
    n_revived: int = 0

    def start(self) -> None:
        for one in self.programs:
            one.start()

    def wait_until_ready(self) -> None:
        end_s = time.monotonic() + START_S
        waiting = list(self.programs)
        while waiting:
            waiting = [one for one in waiting if not one.counters()]
            if time.monotonic() > end_s:
                raise SystemExit(f"{waiting[0].name} did not start; see {waiting[0].folder}")
            time.sleep(0.2)

    def victims(self) -> list[str]:
        return [*(["broker"] if self.broker else []), *(one.name for one in self.programs)]

    def kill(self, name: str) -> None:
        self._named(name).kill()

    def start_again(self, name: str) -> None:
        self._named(name).start()

    def revive(self) -> None:
        self.n_revived += sum(one.revive() for one in self.programs)

    def end(self) -> None:
        for one in self.programs:
            one.end()

    def backlog(self) -> float | None:
        """Return what waits in all programs; None where one does not tell."""
        told = [one.counters() for one in self.programs]
        if not all(told):
            return None
        names = "mainshock_backlog_messages"
        return sum(n for one in told for key, n in one.items() if key.startswith(names))

    def _named(self, name: str) -> "CountedProgram | Broker":
        if self.broker is not None and name == "broker":
            return self.broker
        return next(one for one in self.programs if one.name == name)


def monitor_alone(root: Path, source: str, more: Sequence[object] = ()) -> list[CountedProgram]:
    arguments = ("monitor", "--no-browser", "--seedlink-port", -1, "--data-dir", root / "run")
    arguments += ("--source", source, *more)
    return [CountedProgram("monitor", arguments, root)]


def spread(root: Path, source: str, broker: Broker, session_s: float) -> list[CountedProgram]:
    settings = root / "kafka.toml"
    settings.write_text(
        f'bootstrap = "{broker.address}"\nsession_s = {session_s}\n[topics]\npartitions = 4\n'
    )
    common = ("--bus-settings", settings, "--data-dir", root / "run")
    sites = ("--stations", root / "stations.csv")
    rest = ("associate", "alert", "store", *sites, "--alerts", root / "alerts.toml")
    ingest = ("ingest", *sites, "--source", source)
    roles = {"ingest": ingest, "pick-1": ("pick",), "pick-2": ("pick",), "rest": rest}
    return [
        CountedProgram(name, ("stream", "run", *own, *common), root) for name, own in roles.items()
    ]


@dataclass(slots=True, eq=False)
class Run:
    """One run of the live path through disturbances."""

    root: Path
    player: Player
    fleet: Fleet
    watch: Watch
    disturbances: list[Disturbance] = field(default_factory=list)

    def play(self, disturb: "Callable[[Run], None]") -> None:
        with self.player.playing(), self.watch.looking():
            try:
                self.fleet.start()
                self.fleet.wait_until_ready()
                time.sleep(3.0)
                self.player.has_begun.set()
                disturb(self)
                self._wait_until_done()
            finally:
                self.fleet.end()

    def note(self, what: str, program: str = "") -> None:
        now_s = time.monotonic()
        self.disturbances.append(Disturbance(what, now_s, self.player.sent_ns, program))

    def _wait_until_done(self) -> None:
        while not self.player.has_sent_all.wait(1.0):
            self.fleet.revive()
        quiet, end_s = 0, time.monotonic() + 600.0
        while quiet < 15 and time.monotonic() < end_s:
            self.fleet.revive()
            before = self.watch.newest()
            time.sleep(0.5)
            is_quiet = self.fleet.backlog() == 0.0 and self.watch.newest() == before
            quiet = quiet + 1 if is_quiet else 0


def kills(number: int, seed: int) -> Callable[[Run], None]:
    """Return what kills programs in turn, at a random moment of each part of the run."""

    def disturb(run: Run) -> None:
        rng = random.Random(seed)
        began_s, part_s = time.monotonic(), 0.92 * run.player.length_s / max(1, number)
        for turn in range(number):
            due_s = began_s + part_s * (turn + rng.uniform(0.1, 0.9))
            while time.monotonic() < due_s:
                time.sleep(max(0.0, min(0.2, due_s - time.monotonic())))
                run.fleet.revive()
            victims = run.fleet.victims()
            name = victims[turn % len(victims)]
            run.note(f"kill of {name}", name)
            run.fleet.kill(name)
            run.fleet.start_again(name)

    return disturb


def outage(length_s: float, lead_s: float, victims: Sequence[str]) -> Callable[[Run], None]:
    """Return what stops programs for some time of records."""

    def disturb(run: Run) -> None:
        time.sleep(lead_s / run.player.speed)
        for name in victims:
            run.fleet.kill(name)
        time.sleep(length_s / run.player.speed)
        run.note(f"end of the outage of {', '.join(victims)}", victims[0])
        for name in victims:
            run.fleet.start_again(name)

    return disturb


@dataclass(frozen=True, slots=True)
class Found:
    """One settled pick or event: what it must agree in, its time, and a number beside."""

    key: tuple[str, ...]
    time_s: float
    size: float


def picks_of(folder: Path, before_s: float) -> tuple[list[Found], int]:
    """Return picks before a time, and how many of them were left preliminary."""
    with LiveStore.open(folder / "mainshock.sqlite") as store:
        picks = [one for one in store.picks(limit=None) if to_posix_s(one.pick.time) < before_s]
    made = [
        Found((p.pick.station_code, p.instrument, p.pick.phase), to_posix_s(p.pick.time), 0.0)
        for p in picks
    ]
    return made, sum(one.status != "settled" for one in picks)


def events_of(folder: Path, before_s: float) -> tuple[list[Found], int]:
    """Return events before a time, and how many of them were left preliminary."""
    with LiveStore.open(folder / "mainshock.sqlite") as store:
        found = store.events(EventQuery(limit=None, order="time"))
    early = [one for one in found if to_posix_s(one.event.origin.time) < before_s]
    made = [Found((), to_posix_s(e.event.origin.time), len(e.event.arrivals)) for e in early]
    return made, sum(one.status != "settled" for one in early)


def compared(own: list[Found], wanted: list[Found], same_s: float) -> dict[str, int]:
    """Return how many are wanted, lost, there twice, and beside what is wanted."""
    free = defaultdict(list)
    for one in own:
        free[one.key].append(one.time_s)
    lost = 0
    for one in wanted:
        near = [at for at in free[one.key] if abs(at - one.time_s) < same_s]
        if near:
            free[one.key].remove(min(near, key=lambda at: abs(at - one.time_s)))
        else:
            lost += 1
    left = [(key, at) for key, times in free.items() for at in times]
    twice = sum(
        any(one.key == key and abs(one.time_s - at) < same_s for one in wanted) for key, at in left
    )
    return {"wanted": len(wanted), "lost": lost, "twice": twice, "beside": len(left) - twice}


def samples_in(records: Iterable[bytes]) -> Counter[str]:
    """Return how many samples of each channel some records hold."""
    counted: Counter[str] = Counter()
    for one in records:
        header = record_header(one)
        counted[header.trace_id] += header.n_samples
    return counted


def compared_archive(folder: Path, records: Sequence[Record]) -> dict[str, int]:
    """Return how many samples were sent, are not in the archive, or too often."""
    paths = [path for path in (folder / "sds").rglob("*.D.*") if path.is_file()]
    own = samples_in(one for path in paths for one in split_records(path.read_bytes()))
    sent = samples_in(record for _, record in records)
    lost, twice = sum((sent - own).values()), sum((own - sent).values())
    return {"wanted": sum(sent.values()), "lost": lost, "twice": twice, "beside": 0}


def undisturbed(root: Path, records: Sequence[Record]) -> Path:
    """Replay the records through a monitor that nobody disturbs, and return its folder."""
    source = root / "source"
    writer = ArchiveWriter(source / "sds", flush_s=1e9)
    for _, record in records:
        writer.add(decode_record(record), record)
    writer.flush()
    (source / "stations.csv").write_bytes((root / "stations.csv").read_bytes())
    arguments = ("monitor", "--no-browser", "--seedlink-port", -1, "--exit-at-end", "--speed", 0)
    arguments += ("--source", f"replay:{source}", "--data-dir", root / "undisturbed")
    program = CountedProgram("undisturbed", arguments, root)
    program.start()
    assert program.process is not None
    if program.process.wait(1800.0):
        raise SystemExit(f"the undisturbed run failed; see {root}")
    return root / "undisturbed"


def alert_counts(root: Path) -> dict[str, int]:
    """Return what became of alerts: lines written, lines written twice, stale ones, withheld."""
    path = root / "alerts.jsonl"
    lines = [json.loads(one) for one in path.read_text().splitlines()] if path.exists() else []
    keys = Counter((one["alert_id"], one["version"]) for one in lines)
    last = {(one["alert_id"], one["version"]): one["send_before"] for one in lines}
    with LiveStore.open(root / "run" / "mainshock.sqlite") as store:
        alerts = store.alerts(limit=None)
    told = [one for one in alerts if one.status == "sent" and one.kind == "new"]
    limits = [(one.issued, last.get((one.alert_id, one.version))) for one in told]
    return {
        "sent": len(lines),
        "twice": sum(number - 1 for number in keys.values()),
        "new and stale": sum(
            limit is not None and issued > parse_utc(limit) for issued, limit in limits
        ),
        "withheld": sum(one.status == "held" for one in alerts),
    }


def prepared(chosen: argparse.Namespace, root: Path) -> list[Record]:
    """Write stations and rules, and return the records."""
    fragments, sites = fragments_of(chosen.data)
    length_s = 60.0 * chosen.minutes
    records = replayed(fragments, length_s, time.time() + length_s / chosen.speed - MARGIN_S)
    write_stations(root / "stations.csv", sites)
    stale_s = STALE_S if chosen.outage else NEVER_STALE_S
    (root / "alerts.toml").write_text(ALERTS.format(stale_s=stale_s))
    return records


def disturbed(chosen: argparse.Namespace, root: Path, stack: ExitStack) -> Run:
    """Return a run through what was asked for, after it."""
    records = prepared(chosen, root)
    player = Player(records, chosen.speed)
    source = f"seedlink://127.0.0.1:{player.server.port}"
    if chosen.bus == "kafka":
        make = durable_broker if chosen.broker == "durable" else memory_broker
        broker = stack.enter_context(make(root))
        fleet = Fleet(spread(root, source, broker, chosen.session), broker)
        if chosen.broker == "memory":
            fleet.broker = None  # it forgets all when it ends
    else:
        more = ("--stations", root / "stations.csv", "--alerts", root / "alerts.toml")
        fleet = Fleet(monitor_alone(root, source, more))
    run = Run(root, player, fleet, Watch(root / "run" / "mainshock.sqlite", fleet.programs))
    if chosen.outage:
        pickers = [
            one.name for one in fleet.programs if one.name in ("monitor", "pick-1", "pick-2")
        ]
        run.play(outage(chosen.outage, chosen.lead, chosen.victims or pickers))
    else:
        run.play(kills(chosen.kills, chosen.seed))
    return run


def verdict(run: Run) -> dict[str, dict[str, int]]:
    """Compare a run with an undisturbed one."""
    records = run.player.records
    ends_s = records[-1][0] / NANOSECONDS
    other, own = undisturbed(run.root, records), run.root / "run"
    made = {"samples": compared_archive(own, records)}
    for name, found, margin_s, same_s in (
        ("picks", picks_of, UNSETTLED_S, SAME_PICK_S),
        ("events", events_of, UNSETTLED_EVENT_S, SAME_EVENT_S),
    ):
        before_s = ends_s - margin_s
        (wanted, _), (there, unsettled) = found(other, before_s), found(own, before_s)
        made[name] = compared(there, wanted, same_s) | {"unsettled": unsettled}
    return made


def tell_run(run: Run, made: dict[str, dict[str, int]], tell: Tell) -> None:
    for name, counts in made.items():
        tell(f"{name:10s}" + ", ".join(f"{key} {number}" for key, number in counts.items()))
    alerts = ", ".join(f"{key} {number}" for key, number in alert_counts(run.root).items())
    tell(f"{'alerts':10s}{alerts}; ended by themselves: {run.fleet.n_revived} programs")
    tell(f"{'back after, s':30s} any pick   fresh   of each station   processor")
    for one in run.disturbances:
        looks = [run.watch.first_new(one.at_s)] + [
            run.watch.first_after(one.at_s, one.sent_ns, of_all=of_all) for of_all in (False, True)
        ]
        times = [None if look is None else look.at_s - one.at_s for look in looks]
        spent = None if looks[0] is None else looks[0].cpu_s.get(one.program)
        new, fresh, each, used = map(_seconds, (*times, spent))
        tell(f"{one.what:30s} {new:>8s} {fresh:>7s} {each:>17s} {used:>11s}")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def loaded(chosen: argparse.Namespace, root: Path, tell: Tell) -> int:
    """Give a monitor more stations than it can work on, and tell what it says of itself."""
    (program,) = monitor_alone(root, f"load:{chosen.load}")
    fleet = Fleet([program])
    try:
        fleet.start()
        fleet.wait_until_ready()
        tell(f"{'s':>5s} {'memory MB':>10s} {'waiting':>9s} {'dropped':>9s} ready, and why not")
        began_s = time.monotonic()
        while time.monotonic() - began_s < 60.0 * chosen.minutes:
            time.sleep(10.0)
            told = program.counters()
            waiting = sum(n for key, n in told.items() if key.startswith("mainshock_backlog"))
            dropped = told.get("mainshock_feed_shed_packets_total", 0.0)
            memory = told.get("mainshock_process_resident_memory_bytes", 0.0) / 1e6
            tell(
                f"{time.monotonic() - began_s:5.0f} {memory:10.0f} {waiting:9.0f} {dropped:9.0f} "
                f"{told.get('mainshock_ready', 0.0):g} {program.problem():.160s}"
            )
    finally:
        fleet.end()
    return 0


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with sds/ and stations.csv")
    parser.add_argument("--minutes", type=float, default=12.0, help="of records")
    parser.add_argument("--speed", type=float, default=12.0, help="times real time")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--bus", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--broker", choices=("durable", "memory"), default="durable")
    parser.add_argument("--session", type=float, default=4.0, help="session_s of Kafka")
    parser.add_argument("--outage", type=float, default=0.0, help="seconds of records")
    parser.add_argument("--lead", type=float, default=120.0, help="seconds of records before it")
    parser.add_argument("--victims", nargs="+", help="what an outage stops")
    parser.add_argument("--load", type=int, help="made-up stations")
    parser.add_argument("--folder", type=Path, help="keep everything there")
    return parser


def main(tell: Tell = print) -> int:
    """Run what was asked for and return the exit code."""
    chosen = options().parse_args()
    with ExitStack() as stack:
        root = chosen.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root.mkdir(parents=True, exist_ok=True)
        if chosen.load:
            return loaded(chosen, root, tell)
        run = disturbed(chosen, root, stack)
        made = verdict(run)
        tell_run(run, made, tell)
    return int(any(counts[kind] for counts in made.values() for kind in ("lost", "twice")))


if __name__ == "__main__":
    sys.exit(main())
