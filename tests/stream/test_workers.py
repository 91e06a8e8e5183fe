"""A stage's worker begins again where it was, passes over what fails, and tells why it stands."""

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.workers import StageWorker, WorkerSettings

WAIT_S = 20.0


def message(number: int, topic: str = "waveform.v1") -> Message:
    return Message(topic, "XX.AAA", f"XX.AAA#{number}", str(number).encode(), number, number)


class Counting:
    """Tells for each step how many messages it has seen: another division tells other things."""

    name, topics = "counting", ("waveform.v1",)

    def __init__(self, fails_over: Sequence[int] = (), error: Exception | None = None) -> None:
        self.fails_over = set(fails_over)
        self.error = error or ValueError("this one is bad")

    def start(self) -> list[int]:
        return [0]

    def step(
        self, state: list[int], messages: Sequence[Message]
    ) -> tuple[list[int], list[Message]]:
        for one in messages:
            if int(one.value) in self.fails_over:
                raise self.error
            state[0] += (
                1  # a step that fails leaves its traces, as in a stage with much to remember
            )
        return state, [message(state[0], "pick.v1")]

    def finish(self, state: list[int]) -> tuple[list[int], list[Message]]:
        return state, [message(-1, "pick.v1")]

    def snapshot(self, state: list[int]) -> bytes:
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> list[int]:
        (count,) = json.loads(snapshot)
        return [int(count)]


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[EmbeddedBus]:
    made = EmbeddedBus(tmp_path / "bus.sqlite")
    yield made
    made.close()


def told(bus: EmbeddedBus, topic: str = "pick.v1") -> list[int]:
    return [int(one.message.value) for one in bus.read(f"reader-{topic}", [topic], 1000, 0.0)]


def run_through(bus: EmbeddedBus, stage: Counting, **settings: object) -> StageWorker:
    worker = StageWorker(bus, stage, WorkerSettings(wait_s=0.01, **settings))
    worker.start()
    worker.finish()
    return worker


def wait_until(is_reached) -> None:
    for _ in range(int(WAIT_S / 0.01)):
        if is_reached():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def test_it_reads_all_and_says_the_last(bus):
    bus.publish([message(number) for number in range(25)])
    worker = run_through(bus, Counting(), limit=10)
    assert told(bus) == [10, 20, 25, -1]
    assert worker.problem == ""


class Killed(BaseException):
    """Ends a thread as a kill does: nothing after it is done."""


@pytest.mark.parametrize("calls_before_the_kill", range(6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_killed_worker_told_is_told_once(bus, monkeypatch, calls_before_the_kill, when):
    bus.publish([message(number) for number in range(35)])
    write, calls = bus.commit, []

    def commit(*values):
        calls.append(1)
        if len(calls) == calls_before_the_kill + 1:
            if when == "after":
                write(*values)
            raise Killed
        write(*values)

    settings = WorkerSettings(limit=7, wait_s=0.01, commits_with=lambda _: True)
    monkeypatch.setattr(bus, "commit", commit)
    worker = StageWorker(bus, Counting(), settings)
    with pytest.raises(Killed):
        worker._work() if calls_before_the_kill < 5 else (worker._finish.set(), worker._work())
    monkeypatch.setattr(bus, "commit", write)
    # other divisions from now on
    run_through(bus, Counting(), limit=5, commits_with=lambda _: True)
    counts = told(bus)
    assert counts[-1] == -1
    seen = [one for one in counts if one > 0]
    assert seen[-1] == 35
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)


def test_a_bad_message_is_passed_over_and_counted(bus):
    bus.publish([message(number) for number in range(10)])
    failed: list[str] = []
    settings = WorkerSettings(wait_s=0.01)
    worker = StageWorker(bus, Counting(fails_over=[4]), settings, on_failure=failed.append)
    worker.start()
    worker.finish()
    assert told(bus)[-2:] == [9, -1]
    assert told(bus, "deadletter.v1") == [4]
    assert failed == ["counting"]
    assert worker.problem == ""


def test_several_bad_messages_in_one_step_are_each_passed_over(bus):
    bus.publish([message(number) for number in range(30)])
    stage = Counting(fails_over=[0, 7, 8, 21, 29])
    worker = StageWorker(bus, stage, WorkerSettings(wait_s=0.01, limit=12))
    worker.start()
    worker.finish()
    assert told(bus)[-2:] == [25, -1]
    assert told(bus, "deadletter.v1") == [0, 7, 8, 21, 29]


def test_waiting_for_the_end_ends_when_told(bus, monkeypatch):
    release, stop = threading.Event(), threading.Event()
    stage = Counting()
    monkeypatch.setattr(stage, "finish", lambda state: (release.wait(WAIT_S), (state, []))[1])
    worker = StageWorker(bus, stage, WorkerSettings(wait_s=0.01))
    worker.start()
    stop.set()
    worker.finish(stop)
    assert not release.is_set()
    release.set()
    worker.stop()


def test_a_stage_that_fails_over_everything_is_told_until_it_works_again(bus):
    stage = Counting(fails_over=range(5), error=RuntimeError("the model is broken"))
    worker = StageWorker(bus, stage, WorkerSettings(wait_s=0.01))
    bus.publish([message(number) for number in range(5)])
    worker.start()
    wait_until(lambda: "the model is broken" in worker.problem)
    bus.publish([message(7)])
    wait_until(lambda: worker.problem == "")
    worker.stop()
    assert told(bus, "deadletter.v1") == [0, 1, 2, 3, 4]


def test_a_full_disk_is_waited_for(bus, monkeypatch):
    write, is_full = bus.commit, threading.Event()
    is_full.set()

    def commit(*values):
        if is_full.is_set():
            raise SourceError("cannot write the bus: disk full; free space")
        write(*values)

    monkeypatch.setattr(bus, "commit", commit)
    bus.publish([message(number) for number in range(5)])
    settings = WorkerSettings(wait_s=0.01, retry_s=0.01, commits_with=lambda _: True)
    worker = StageWorker(bus, Counting(), settings)
    worker.start()
    wait_until(lambda: "disk full" in worker.problem)
    assert told(bus) == []
    is_full.clear()
    wait_until(lambda: worker.problem == "")
    worker.finish()
    assert told(bus) == [5, -1]


def test_it_waits_for_a_bus_that_does_not_tell_what_the_stage_behind_has_to_do(bus, monkeypatch):
    is_away, ask = threading.Event(), bus.backlog
    is_away.set()

    def backlog(*values):
        if is_away.is_set():
            raise SourceError("the cluster does not answer")
        return ask(*values)

    monkeypatch.setattr(bus, "backlog", backlog)
    bus.publish([message(number) for number in range(5)])
    settings = WorkerSettings(wait_s=0.01, retry_s=0.01, hold_for=("b",), hold_topics=("pick.v1",))
    worker = StageWorker(bus, Counting(), settings)
    worker.start()
    wait_until(lambda: "does not answer" in worker.problem)
    assert not worker.has_ended
    is_away.clear()
    worker.finish()
    assert told(bus) == [5, -1]


def test_it_says_the_last_only_when_nothing_waits_though_a_read_brings_nothing(bus, monkeypatch):
    read, n_reads = bus.read, []

    def slow(*values):
        n_reads.append(1)
        return [] if len(n_reads) < 4 else read(*values)

    monkeypatch.setattr(bus, "read", slow)
    bus.publish([message(number) for number in range(5)])
    run_through(bus, Counting())
    monkeypatch.setattr(bus, "read", read)
    assert told(bus) == [5, -1]


def test_a_bus_that_is_slow_after_a_failure_ends_nothing(bus, monkeypatch):
    read, n_single = bus.read, []

    def slow(consumer, topics, limit, timeout_s):
        if limit == 1:
            n_single.append(1)
        return [] if limit == 1 and len(n_single) % 3 else read(consumer, topics, limit, timeout_s)

    monkeypatch.setattr(bus, "read", slow)
    bus.publish([message(number) for number in range(5)])
    run_through(bus, Counting(fails_over=[2]))
    monkeypatch.undo()
    assert told(bus, "deadletter.v1") == [2]
    assert len(n_single) >= 15


class Sink(Counting):
    """Fails before it does anything, as a transaction does."""

    def step(
        self, state: list[int], messages: Sequence[Message]
    ) -> tuple[list[int], list[Message]]:
        super().step([0], messages)
        return super().step(state, messages)


def test_a_sink_tries_again_and_loses_nothing(bus):
    stage = Sink(fails_over=[2], error=SourceError("cannot write the store"))
    bus.publish([message(number) for number in range(5)])
    worker = StageWorker(bus, stage, WorkerSettings(wait_s=0.01, retry_s=0.01, is_sink=True))
    worker.start()
    wait_until(lambda: "cannot write the store" in worker.problem)
    stage.fails_over.clear()
    worker.finish()
    assert (told(bus), told(bus, "deadletter.v1")) == ([5, -1], [])
    assert worker.problem == ""


def test_a_worker_that_ends_says_so(bus, monkeypatch):
    stage = Counting()
    monkeypatch.setattr(stage, "snapshot", lambda _: 1 / 0)
    worker = run_through(bus, stage)
    assert "counting has ended" in worker.problem
    assert "division" in worker.problem


def test_a_state_that_cannot_be_read_is_begun_anew(bus):
    bus.publish([message(1)])
    bus.read("counting", ["waveform.v1"], 1, 0.0)
    bus.commit("counting", b"of another version")
    bus.publish([message(number) for number in range(3)])
    worker = run_through(bus, Counting())
    assert told(bus) == [3, -1]
    assert worker.problem == ""


def test_nothing_is_read_while_it_is_early(bus: EmbeddedBus) -> None:
    bus.publish([message(1)])
    is_ready = threading.Event()
    worker = StageWorker(bus, Counting())
    worker.start(lambda: not is_ready.is_set())
    try:
        is_ready.wait(0.5)
        assert bus.backlog("counting", ["waveform.v1"]) == 1
        is_ready.set()
        worker.finish()
        assert bus.backlog("counting", ["waveform.v1"]) == 0
    finally:
        worker.stop()


def test_it_can_be_stopped_while_it_is_early(bus: EmbeddedBus) -> None:
    worker = StageWorker(bus, Counting())
    worker.start(lambda: True)
    worker.stop(5.0)
    assert not worker._thread.is_alive()
