"""Records that come minutes late are picked as if they had come in time."""

import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from mainshock.core.records import Pick
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.stream.bus import Message
from mainshock.stream.late_picks import LatePicks
from mainshock.stream.messages import read_pick_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parent))
from live_records import waveform_messages

STATION = "FLUR"
LOST_S = (150.0, 270.0)


@pytest.fixture(scope="module")
def picker() -> NetworkPicker:
    return NetworkPicker()


@pytest.fixture(scope="module")
def archive(data_dir) -> Path:
    return data_dir / "continuous" / "iceland_dike_20140824" / "sds"


@pytest.fixture(scope="module")
def records(archive) -> tuple[list[Message], list[Message]]:
    """Those that come in time, and two minutes of all components that do not."""
    whole = waveform_messages(archive, (STATION,))
    begin_ns = whole[0].data_ns
    first_ns, last_ns = (begin_ns + round(lost * NANOSECONDS) for lost in LOST_S)
    late = [one for one in whole if first_ns <= one.data_ns < last_ns]
    return [one for one in whole if one not in late], late


@pytest.fixture(scope="module")
def batch(archive, picker) -> list[Pick]:
    picks = pick_records([archive], picker, keep_waveforms=False).picks
    return [pick for pick in picks if pick.station == STATION]


@pytest.fixture
def store(tmp_path, records, picker):
    """Picks in what came in time."""
    stage = PickingStage(picker)
    state, told = stage.step(stage.start(), records[0])
    _, rest = stage.finish(state)
    versions = [read_pick_message(one) for one in [*told, *rest]]
    with LiveStore.open(tmp_path / "store.sqlite") as opened:
        opened.save_picks([one for one in versions if isinstance(one, LivePick)])
        yield opened


class Clock:
    """Seconds that pass when told."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def make(store: LiveStore, archive: Path, picker: NetworkPicker, clock: Clock) -> LatePicks:
    def publish(messages: Sequence[Message]) -> None:
        versions = [read_pick_message(one) for one in messages]
        store.save_picks([one for one in versions if isinstance(one, LivePick)])

    return LatePicks(picker, archive, store, publish, lambda: None, clock=clock)


def same(picks: list[Pick], one: Pick) -> list[Pick]:
    margin = timedelta(seconds=0.02)
    return [
        other
        for other in picks
        if other.phase == one.phase
        and abs(other.time - one.time) < margin
        and abs(other.probability - one.probability) < 0.05
    ]


def test_picks_in_late_records_are_those_of_a_batch_run(records, archive, batch, store, picker):
    in_time, late = records
    clock = Clock()
    looking = make(store, archive, picker, clock)
    looking.see(in_time)
    looking.see(late[::-1])
    clock.now_s = 5.0
    assert looking.look() == 0, "more may come"
    before = len(store.picks(limit=None))
    clock.now_s = 11.0
    n_new = looking.look()
    picks = [one.pick for one in store.picks(limit=None)]
    start, end = (datetime_from_ns(in_time[0].data_ns) + timedelta(seconds=lost) for lost in LOST_S)
    wanted = [one for one in batch if start < one.time < end]
    assert len(wanted) > 10
    assert [len(same(picks, one)) for one in wanted] == [1] * len(wanted)
    assert n_new == len(picks) - before >= len(wanted)
    clock.now_s = 300.0
    assert looking.look() == 0, "it is done"


def test_records_in_time_are_left_to_the_picking_stage(records, archive, store, picker):
    clock = Clock()
    looking = make(store, archive, picker, clock)
    looking.see([*records[0], *records[1]][: len(records[0])])
    clock.now_s = 1000.0
    assert looking.look() == 0


def test_an_instrument_that_fell_silent_is_not_waited_for_long(records, archive, store, picker):
    in_time, late = records
    clock = Clock()
    looking = make(store, archive, picker, clock)
    looking.see([one for one in in_time if one.data_ns < late[-1].data_ns + 30 * NANOSECONDS])
    looking.see(late)
    clock.now_s = 60.0
    assert looking.look() == 0, "its picks may not be settled yet"
    clock.now_s = 121.0
    assert looking.look() > 0


def test_the_thread_looks_and_a_fault_does_not_end_it(records, archive, store, picker):
    clock = Clock()
    looking = make(store, archive, picker, clock)
    failures = []

    def flush() -> None:
        if not failures:
            failures.append(True)
            raise RuntimeError("once")

    looking.flush = flush
    looking.see([*records[0], *records[1]])
    before = len(store.picks(limit=None))
    clock.now_s = 1000.0
    looking.start()
    wait = threading.Event()
    for _ in range(400):
        if failures:
            break
        wait.wait(0.01)
    assert failures
    looking.see([records[1][0], *records[1]])
    clock.now_s = 2000.0
    for _ in range(1000):
        if len(store.picks(limit=None)) > before:
            break
        wait.wait(0.01)
    looking.stop()
    assert len(store.picks(limit=None)) > before
