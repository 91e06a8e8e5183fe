"""Threads that run the stages: each reads the bus, steps, publishes and commits."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Bus, Message, Stage

__all__ = ["StageWorker", "WorkerSettings"]

_log = logging.getLogger(__name__)
Clock = Callable[[], float]
Result = TypeVar("Result")


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
    commits_with
        Which of the messages that a step tells are published in one with a commit, because the
        stage might tell them otherwise if it had to do the step again; None: none.
    is_sink
        Whether the stage writes to a disk: where that fails it tries again until it works,
        instead of passing messages over.
    retry_s
        Pause before a disk that failed is tried again.
    """

    limit: int = 500
    commit_s: float = 20.0
    wait_s: float = 0.25
    hold_for: str = ""
    hold_at: int = 2000
    commits_with: Callable[[Message], bool] | None = None
    is_sink: bool = False
    retry_s: float = 2.0


@dataclass(slots=True, eq=False)
class StageWorker:
    """Runs one stage in a thread, from its last commit on.

    Parameters
    ----------
    bus, stage, settings
        What is run, and how.
    on_step
        Told after each step: the stage's name, the messages read, and the seconds it took.
    on_failure
        Told the stage's name for each message that it could not take.
    clock
        Monotonic seconds.

    Attributes
    ----------
    problem
        Why the stage does not do its work; empty while it does.

    Notes
    -----
    A message that a stage cannot take is logged, put on ``deadletter.v1`` and passed over: one bad
    message stops nothing. While the bus cannot be written the stage waits and tries again.
    """

    bus: Bus
    stage: Stage[Any]  # each stage has a state of its own kind
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    on_step: Callable[[str, Sequence[Message], float], None] | None = None
    on_failure: Callable[[str], None] | None = None
    clock: Clock = time.monotonic
    problem: str = ""
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
        """Work, and leave word where that ends before its time."""
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.problem = f"stage {self.stage.name} has ended: {error or type(error).__name__}"
            _log.exception("stage %s has ended", self.stage.name)

    def _work(self) -> None:
        name = self.stage.name
        state = self._first_state()
        committed = self.clock()
        is_changed = False
        while not self._stop.is_set():
            self._hold()
            deliveries = self._until_it_works(
                lambda: self.bus.read(
                    name, self.stage.topics, self.settings.limit, self.settings.wait_s
                )
            )
            if deliveries:
                state, is_committed = self._step(state, [one.message for one in deliveries])
                is_changed = not is_committed
            elif self._finish.is_set():
                state, told = self.stage.finish(state)
                self._commit(state, told)
                return
            if is_changed and self.clock() - committed >= self.settings.commit_s:
                self._commit(state)
                is_changed = False
            if not is_changed:
                committed = self.clock()
        self._commit(state)

    def _first_state(self) -> Any:  # the stage's own kind
        snapshot = self.bus.committed_state(self.stage.name)
        if snapshot is None:
            return self.stage.start()
        try:
            return self.stage.restore(snapshot)
        except Exception:  # noqa: BLE001 - such as the snapshot of another version
            _log.exception("stage %s cannot read its last state and starts anew", self.stage.name)
            return self.stage.start()

    def _commit(self, state: Any, told: Sequence[Message] = ()) -> None:  # the stage's own kind
        snapshot = self.stage.snapshot(state)
        self._until_it_works(lambda: self.bus.commit(self.stage.name, snapshot, told))

    def _until_it_works(self, action: Callable[[], Result]) -> Result:
        """Return what an action that needs the disk returns, however long that takes.

        Raises
        ------
        SourceError
            If it did not work before the stage was told to stop.
        """
        while True:
            try:
                result = action()
            except SourceError as error:
                if not self.problem:
                    _log.warning("stage %s waits: %s", self.stage.name, error)
                self.problem = f"stage {self.stage.name} waits: {error}"
                if self._stop.wait(self.settings.retry_s):
                    raise
            else:
                if self.problem.startswith(f"stage {self.stage.name} waits"):
                    self.problem = ""
                return result

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

    def _step(self, state: Any, messages: Sequence[Message]) -> tuple[Any, bool]:  # its own kind
        """Return the state after some messages, and whether it is committed."""
        begin = self.clock()
        try:
            if self.settings.is_sink:
                state, told = self._until_it_works(lambda: self.stage.step(state, messages))
            else:
                state, told = self.stage.step(state, messages)
            self.problem = ""
        except Exception:
            if self._stop.is_set():
                raise
            _log.exception("stage %s failed over %d messages", self.stage.name, len(messages))
            state, told = self._one_by_one(state, messages)
        is_wanted = self.settings.commits_with
        commits = is_wanted is not None and any(is_wanted(one) for one in told)
        if commits:
            self._commit(state, told)
        else:
            self._until_it_works(lambda: self.bus.publish(told))
        if self.on_step is not None:
            self.on_step(self.stage.name, messages, self.clock() - begin)
        return state, commits

    def _one_by_one(
        self, state: Any, messages: Sequence[Message]
    ) -> tuple[Any, list[Message]]:  # the stage's own kind
        told: list[Message] = []
        name = self.stage.name
        n_failed = 0
        for message in messages:
            try:
                state, made = self.stage.step(state, [message])
            except Exception as error:  # noqa: BLE001 - as above
                n_failed += 1
                _log.warning("stage %s cannot take %s: %s", name, message.identity, error)
                told.append(replace(message, topic="deadletter.v1"))
                self.problem = f"stage {name} fails: {error or type(error).__name__}"
                if self.on_failure is not None:
                    self.on_failure(name)
            else:
                told.extend(made)
        if n_failed < len(messages):
            self.problem = ""
        return state, told
