"""Threads that run the stages: each reads the bus, steps, publishes and commits."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mainshock.stream.bus import Bus, Message, Stage

__all__ = ["StageWorker", "WorkerSettings"]

_log = logging.getLogger(__name__)
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a stage is run.

    Parameters
    ----------
    limit
        Messages in one step at most.
    commit_s
        Longest time between two commits; what came since the last one is done again after a crash.
    wait_s
        How long a read waits for a message.
    hold_for
        Consumer that must not be left behind, or empty.
    hold_at
        Backlog of that consumer at which this stage waits.
    """

    limit: int = 500
    commit_s: float = 20.0
    wait_s: float = 0.25
    hold_for: str = ""
    hold_at: int = 2000


@dataclass(slots=True, eq=False)
class StageWorker:
    """Runs one stage in a thread, from its last commit on.

    Parameters
    ----------
    bus, stage, settings
        What is run, and how.
    on_step
        Told after each step: the stage's name, the messages read, and the seconds it took.
    clock
        Monotonic seconds.

    Notes
    -----
    A message that a stage cannot take is logged, put on ``deadletter.v1`` and passed over: one bad
    message stops nothing.
    """

    bus: Bus
    stage: Stage[Any]  # each stage has a state of its own kind
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    on_step: Callable[[str, Sequence[Message], float], None] | None = None
    clock: Clock = time.monotonic
    _stop: threading.Event = field(default_factory=threading.Event)
    _finish: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self.stage.name, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Read what is left, let the stage say its last, and end; returns when that is done."""
        self._finish.set()
        if self._thread is not None:
            self._thread.join()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the present step, with a commit."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        name = self.stage.name
        snapshot = self.bus.committed_state(name)
        state = self.stage.start() if snapshot is None else self.stage.restore(snapshot)
        committed = self.clock()
        is_changed = False
        while not self._stop.is_set():
            self._hold()
            deliveries = self.bus.read(
                name, self.stage.topics, self.settings.limit, self.settings.wait_s
            )
            if deliveries:
                state = self._step(state, [one.message for one in deliveries])
                is_changed = True
            elif self._finish.is_set():
                state, told = self.stage.finish(state)
                self.bus.publish(told)
                break
            if is_changed and self.clock() - committed >= self.settings.commit_s:
                self.bus.commit(name, self.stage.snapshot(state))
                committed, is_changed = self.clock(), False
        self.bus.commit(name, self.stage.snapshot(state))

    def _hold(self) -> None:
        """Wait while the consumer behind this stage has too much to read."""
        behind = self.settings.hold_for
        while (
            behind
            and not self._stop.is_set()
            and self.bus.backlog(behind, self.topics_of(behind)) > self.settings.hold_at
        ):
            self._stop.wait(0.02)

    @staticmethod
    def topics_of(consumer: str) -> tuple[str, ...]:
        """Return what a stage of the live path reads."""
        return {"picking": ("waveform.v1",), "events": ("pick.v1",), "alerts": ("event.v1",)}[
            consumer
        ]

    def _step(self, state: Any, messages: Sequence[Message]) -> Any:  # the stage's own kind
        begin = self.clock()
        try:
            state, told = self.stage.step(state, messages)
        except Exception:  # noqa: BLE001 - whatever it is, the next message must be read
            _log.exception("stage %s failed over %d messages", self.stage.name, len(messages))
            state, told = self._one_by_one(state, messages)
        self.bus.publish(told)
        if self.on_step is not None:
            self.on_step(self.stage.name, messages, self.clock() - begin)
        return state

    def _one_by_one(
        self, state: Any, messages: Sequence[Message]
    ) -> tuple[Any, list[Message]]:  # the stage's own kind
        told: list[Message] = []
        for message in messages:
            try:
                state, made = self.stage.step(state, [message])
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("stage %s cannot take %s: %s", self.stage.name, message.identity, error)
                told.append(replace(message, topic="deadletter.v1"))
            else:
                told.extend(made)
        return state, told
