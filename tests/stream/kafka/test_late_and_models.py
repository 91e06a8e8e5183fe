"""Late records and changes of the model, over a real broker, with processes of their own."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from model_copies import copy_picker
from programs import Program

from mainshock.core.records import Pick
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.sources.miniseed_records import record_header, split_records
from mainshock.stream.bus import Message
from mainshock.stream.kafka import KafkaBus
from mainshock.stream.messages import read_pick_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from live_records import waveform_messages
from monitor_process import later_records

LONGEST_S = 300.0
STATION, LOST_S = "FLUR", (150, 270)
STATIONS = ("FLUR", "DYJS", "HRIM", "LIND")
MODELS_IN_TURN = ["phasenet", "twin", "phasenet"]


def wait_until(is_reached: Callable[[], bool], programs: Sequence[Program] = ()) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not is_reached():
        for one in programs:
            assert one.process is not None
            assert one.process.poll() is None, f"{one.name} has ended: {one.said}"
        assert time.monotonic() < end_s, "\n".join(f"{one.name}: {one.said}" for one in programs)
        time.sleep(0.2)


def picks_in(store: Path) -> list[LivePick]:
    with LiveStore.open(store) as opened:
        return opened.picks(limit=None)


@pytest.fixture
def settings_file(broker, tmp_path) -> Path:
    path = tmp_path / "kafka.toml"
    path.write_text(
        f'bootstrap = "{broker.address}"\ntopic_prefix = "{tmp_path.name}."\n'
        "session_s = 12.0\n[topics]\npartitions = 4\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def start(settings_file, tmp_path):
    """Start a process of stages on one data folder and one store."""
    folder = tmp_path / "run"
    folder.mkdir()
    common: tuple[object, ...] = ("--bus-settings", settings_file, "--data-dir", folder)
    common += ("--store", f"sqlite:///{folder}/mainshock.sqlite")
    with ExitStack() as stack:

        def start_one(name: str, *arguments: object) -> Program:
            program = Program(name, ("-v", "stream", "run", *arguments, *common), tmp_path)
            return stack.enter_context(program)

        yield start_one


def n_same(picks: Sequence[Pick], one: Pick) -> int:
    """How many of some picks are of the same arrival as one."""
    margin = timedelta(seconds=0.02)
    return sum(
        (other.station, other.phase) == (one.station, one.phase)
        and abs(other.time - one.time) < margin
        for other in picks
    )


def n_archived(folder: Path) -> int:
    """How many samples the archive holds."""
    paths = [path for path in folder.rglob("*.D.*") if path.is_file()]
    records = [one for path in paths for one in split_records(path.read_bytes())]
    return sum(record_header(one).n_samples for one in records)


class Sender:
    """Serves records by SeedLink as fast as they are taken."""

    def __init__(self) -> None:
        self.server = SeedLinkServer(SeedLinkSettings(port=0))

    def __enter__(self) -> "Sender":
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def send(self, records: Sequence[tuple[int, bytes]]) -> None:
        for end_ns, record in records:
            self.server.publish([Message("waveform.v1", "", "", record, end_ns, time.time_ns())])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_late_records_are_picked_by_whoever_takes_over(data_dir, tmp_path, start):
    """Two minutes come when the rest was there; who saw them come is killed."""
    data = data_dir / "continuous" / "iceland_dike_20140824"
    archive, store = tmp_path / "run" / "sds", tmp_path / "run" / "mainshock.sqlite"
    began_ns = waveform_messages(data / "sds", (STATION,))[0].data_ns
    shift_s = int(time.time()) - 600 - began_ns // NANOSECONDS
    records = later_records(data, shift_s * NANOSECONDS, (STATION,))
    first_ns, last_ns = (records[0][0] + lost * NANOSECONDS for lost in LOST_S)
    late = [one for one in records if first_ns <= one[0] < last_ns]
    in_time = [one for one in records if one not in late]
    n_samples = sum(record_header(record).n_samples for _, record in records)
    with Sender() as sender:
        source = ("--source", f"seedlink://127.0.0.1:{sender.server.port}")
        doomed, rest = start("doomed", "late"), start("rest", "pick", "store")
        feed = start("feed", "ingest", "--stations", data / "stations.csv", *source)
        for one, what in ((doomed, "late"), (rest, "pick, store"), (feed, "ingest")):
            wait_until(lambda one=one, what=what: f"running {what}" in one.said, [one])
        time.sleep(3.0)  # until the source is connected
        sender.send(in_time)
        wait_until(lambda: bool(picks_in(store)), [feed, rest, doomed])
        sender.send(late)
        wait_until(lambda: n_archived(archive) == n_samples, [feed, rest, doomed])
        doomed.kill()
        heir = start("heir", "late")
        batch = pick_records([archive], NetworkPicker(), keep_waveforms=False).picks
        begin, end = datetime_from_ns(first_ns), datetime_from_ns(last_ns)
        wanted = [one for one in batch if begin < one.time < end]
        assert len(wanted) > 10
        wait_until(
            lambda: all(n_same([one.pick for one in picks_in(store)], one) for one in wanted),
            [feed, rest, heir],
        )
    found = [one.pick for one in picks_in(store)]
    assert [n_same(found, one) for one in wanted] == [1] * len(wanted)


def undisturbed(records: Sequence[Message]) -> list[LivePick]:
    """What one stage with one model settles, in the order told."""
    stage = PickingStage(NetworkPicker())
    state, told = stage.start(), []
    for first in range(0, len(records), 200):
        state, made = stage.step(state, records[first : first + 200])
        told += made
    versions = [read_pick_message(one) for one in told]
    return [
        one
        for one in versions
        if isinstance(one, LivePick) and one.status == "settled" and one.kind != "cancel"
    ]


def partitions_of(program: Program) -> list[int]:
    told = program.said.split("stage picking works on partitions ")[1:]
    return json.loads(told[-1].partition("\n")[0]) if told else []


def publish_slowly(bus: KafkaBus, records: Sequence[Message]) -> None:
    for first in range(0, len(records), 20):
        bus.publish(records[first : first + 20])
        time.sleep(0.1)


def choose(tmp_path: Path, *arguments: object) -> None:
    """Choose a model as an operator would, in a process of its own."""
    place = ("--store", f"sqlite:///{tmp_path}/run/mainshock.sqlite")
    with Program("choice", ("models", *arguments, *place), tmp_path) as program:
        assert program.ended() == 0, program.said


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_who_pick_follow_a_promotion_and_a_roll_back(
    data_dir, tmp_path, start, settings_file, monkeypatch
):
    """A model of the same weights takes over and goes again, while records come in."""
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "models"))
    copy_picker(tmp_path / "models", "twin")
    models = tmp_path / "models.toml"
    models.write_text("[in_use]\nmodel = 'phasenet'\n[shadow]\nmodel = 'twin'\n", encoding="utf-8")
    store, shadow_store = (tmp_path / "run" / f"{name}.sqlite" for name in ("mainshock", "shadow"))
    data = data_dir / "continuous" / "iceland_dike_20140824" / "sds"
    records = waveform_messages(data, STATIONS)
    more = ("--models", models, "--replay")
    pickers = [start(name, "pick", *more) for name in ("pick-1", "pick-2")]
    programs = [*pickers, start("rest", "store", "shadow", *more)]
    halves = ([0, 1], [2, 3])
    wait_until(lambda: all(one in map(partitions_of, pickers) for one in halves), programs)
    quarter = len(records) // 4
    bus = KafkaBus(settings_file)

    def flow(number: int, meanwhile: Callable[[], None]) -> None:
        """Publish a quarter of the records while something else happens, and wait for both."""
        part = records[number * quarter : (number + 1) * quarter]
        flowing = threading.Thread(target=publish_slowly, args=(bus, part))
        flowing.start()
        meanwhile()
        flowing.join()

    def has_followed(what: str) -> None:
        wait_until(lambda: all(what in one.said for one in programs), programs)

    def is_in(place: Path, model: str) -> Callable[[], bool]:
        return lambda: model in {one.pick.model for one in picks_in(place)}

    flow(0, lambda: wait_until(is_in(store, "phasenet"), programs))
    wait_until(is_in(shadow_store, "twin"), programs)
    flow(1, lambda: choose(tmp_path, "promote", "twin"))
    has_followed("promote: picks are of twin 9.1")
    flow(2, lambda: wait_until(is_in(store, "twin"), programs))
    wait_until(is_in(shadow_store, "phasenet"), programs)  # it changed places with the other one
    flow(3, lambda: choose(tmp_path, "rollback"))
    has_followed("rollback: picks are of phasenet")
    bus.close()
    wanted = undisturbed(records[: 4 * quarter])
    assert len(wanted) > 50

    def settled() -> list[LivePick]:
        versions = picks_in(store)
        return [one for one in versions if one.status == "settled" and one.kind != "cancel"]

    wait_until(lambda: len(settled()) >= len(wanted), programs)
    found = settled()
    assert Counter(map(facts, found)) == Counter(map(facts, wanted))
    for station in {one.pick.station for one in found}:
        of_station = sorted(
            (one.pick.time, one.pick.model) for one in found if one.pick.station == station
        )
        models_in_turn = [name for name, _ in groupby(model for _, model in of_station)]
        assert models_in_turn in (MODELS_IN_TURN, MODELS_IN_TURN[:2]), station
    assert all(map(partitions_of, pickers)), "both picked to the end"


def facts(version: LivePick) -> tuple[str, str, datetime, float]:
    pick = version.pick
    return pick.station, pick.phase, pick.time, round(pick.probability, 4)
