"""Threads that run the stages: each reads the bus, steps, publishes and commits."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from mainshock.core.errors import SourceError
from mainshock.core.logs import following
from mainshock.stream import sentences
from mainshock.stream.between_steps import BetweenSteps
from mainshock.stream.bus import Bus, Delivery, Message, Stage

__all__ = ["StageWorker", "WorkerSettings"]

_log = logging.getLogger(__name__)
_JOIN_S = 0.1
_AT_ONCE_S = 10.0  # what was read before is there
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
    hold_for, hold_topics
        Consumers that must not be left behind, and what they read.
    hold_at
        Backlog of that consumer at which this stage waits.
    commits_with
        Which of the messages that a step tells are published in one with a commit, because the
        stage might tell them otherwise if it had to do the step again; None: none.
    is_sink
        Whether the stage writes to a disk, each step wholly or not at all: where that fails it
        tries again until it works, instead of passing messages over.
    retry_s
        Pause before a disk that failed is tried again.
    """

    limit: int = 500
    commit_s: float = 20.0
    wait_s: float = 0.25
    hold_for: tuple[str, ...] = ()
    hold_topics: tuple[str, ...] = ()
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
    has_ended
        Whether the thread has ended by a fault, and nothing is done any more.

    Notes
    -----
    A message that a stage cannot take is logged, put on ``deadletter.v1`` and passed over: one bad
    message stops nothing. What followed the last commit is done again without it, as after a crash,
    so that nothing of a step that failed stays in the state. While the bus cannot be written the
    stage waits and tries again.
    """

    bus: Bus
    stage: Stage[Any]  # each stage has a state of its own kind
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    on_step: Callable[[str, Sequence[Message], float], None] | None = None
    on_failure: Callable[[str], None] | None = None
    clock: Clock = time.monotonic
    problem: str = ""
    has_ended: bool = False
    _is_early: Callable[[], bool] = field(init=False, default=lambda: False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _finish: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _between: BetweenSteps = field(init=False)

    def __post_init__(self) -> None:
        self._between = BetweenSteps(self.stage.name)

    def between_steps(self, action: Callable[[], None], timeout_s: float = 30.0) -> None:
        """Have an action done between two steps, right after a commit.

        What was read before is never worked on again afterwards, not even after a crash. Where the
        stage does not run, the action is done at once.

        Raises
        ------
        SourceError
            If the stage did not come to it in time; then the action is not done at all.
        Exception
            What the action raises.
        """
        self._between.ask(action, timeout_s)

    def start(self, is_early: Callable[[], bool] | None = None) -> None:
        """Start the thread; it reads nothing while it ``is_early``."""
        self._is_early = is_early or self._is_early
        self._thread = threading.Thread(target=self._run, name=self.stage.name, daemon=True)
        self._between.open()
        self._thread.start()

    def finish(self, stop: threading.Event | None = None) -> None:
        """Read what is left, let the stage say its last, and end.

        Returns when that is done, or once ``stop`` is set.
        """
        self._finish.set()
        while self._thread is not None and self._thread.is_alive():
            if stop is not None and stop.is_set():
                return
            self._thread.join(_JOIN_S)

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
            why = str(error) or type(error).__name__
            self.problem = sentences.STAGE_ENDED.tell(stage=self.stage.name, error=why)
            self.has_ended = True
            _log.exception("stage %s has ended", self.stage.name)
        finally:
            self._between.close()

    def _work(self) -> None:
        name = self.stage.name
        state = self._first_state()
        while self._is_early() and not self._stop.is_set():
            self._stop.wait(_JOIN_S)
        committed = self.clock()
        is_changed = False
        while not self._stop.is_set():
            self._hold()
            if self._between.is_asked:
                self._between.answer(partial(self._commit, state))
                is_changed = False
            deliveries = self._until_it_works(
                lambda: self.bus.read(
                    name, self.stage.topics, self.settings.limit, self.settings.wait_s
                )
            )
            if deliveries:
                state, is_committed = self._step(state, deliveries)
                is_changed = not is_committed
            elif self._finish.is_set() and self._has_read_all():
                state, told = self.stage.finish(state)
                self._commit(state, told)
                return
            if is_changed and self.clock() - committed >= self.settings.commit_s:
                self._commit(state)
                is_changed = False
            if not is_changed:
                committed = self.clock()
        self._commit(state)

    def _has_read_all(self) -> bool:
        """Return whether nothing waits: a cluster may be slower than a read waits for it."""
        waiting = partial(self.bus.backlog, self.stage.name, self.stage.topics)
        return self._until_it_works(waiting) == 0

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
                self.problem = sentences.STAGE_WAITS.tell(stage=self.stage.name, error=error)
                if self._stop.wait(self.settings.retry_s):
                    raise
            else:
                if self.problem.startswith(f"stage {self.stage.name} waits"):
                    self.problem = ""
                return result

    def _hold(self) -> None:
        """Wait while the consumer behind this stage has too much to read."""
        topics, most = self.settings.hold_topics, self.settings.hold_at
        for behind in self.settings.hold_for:
            waiting = partial(self.bus.backlog, behind, topics)
            while not self._is_called() and self._until_it_works(waiting) > most:
                self._stop.wait(0.02)

    def _is_called(self) -> bool:
        return self._stop.is_set() or self._between.is_asked

    def _step(self, state: Any, deliveries: Sequence[Delivery]) -> tuple[Any, bool]:
        """Return the state after some messages, and whether it is committed."""
        begin = self.clock()
        messages = [one.message for one in deliveries]
        try:
            state, told = self._stepped(state, messages)
        except Exception:
            if self._stop.is_set():
                raise
            _log.exception("stage %s failed over %d messages", self.stage.name, len(messages))
            return self._go_again(deliveries[-1]), True
        self.problem = ""
        is_wanted = self.settings.commits_with
        commits = is_wanted is not None and any(is_wanted(one) for one in told)
        if commits:
            self._commit(state, told)
        else:
            self._until_it_works(lambda: self.bus.publish(told))
        if self.on_step is not None:
            self.on_step(self.stage.name, messages, self.clock() - begin)
        return state, commits

    def _stepped(self, state: Any, messages: Sequence[Message]) -> tuple[Any, list[Message]]:
        # of several packets none can be named; one that fails is taken again by itself
        with following(messages[0].trace if len(messages) == 1 else ""):
            if self.settings.is_sink:
                return self._until_it_works(lambda: self.stage.step(state, messages))
            return self.stage.step(state, messages)

    def _go_again(self, last: Delivery) -> Any:
        """Go on from the last commit up to a message, without those that the stage cannot take.

        A state in which a step failed is of no use: parts of the step may be in it already.
        """
        bad: Delivery | None = None
        while not self._stop.is_set():
            state = self._first_state()
            reached = None
            while reached != last and not self._stop.is_set():
                found = self._until_it_works(
                    lambda: self.bus.read(self.stage.name, self.stage.topics, 1, _AT_ONCE_S)
                )
                if not found:  # a cluster may be slow to tell
                    continue
                reached = found[0]
                if reached == bad:
                    self._commit(state, [replace(reached.message, topic="deadletter.v1")])
                    continue
                try:
                    state, told = self._stepped(state, [reached.message])
                except Exception as error:  # noqa: BLE001 - what is bad is passed over
                    self._note_failure(reached.message, error)
                    bad = reached
                    break
                self._until_it_works(partial(self.bus.publish, told))
                self.problem = ""
            else:
                self._commit(state)
                return state
        return self._first_state()

    def _note_failure(self, message: Message, error: Exception) -> None:
        name = self.stage.name
        told = {"trace": message.trace}
        _log.warning("stage %s cannot take %s: %s", name, message.identity, error, extra=told)
        why = str(error) or type(error).__name__
        self.problem = sentences.STAGE_FAILS.tell(stage=name, error=why)
        if self.on_failure is not None:
            self.on_failure(name)
