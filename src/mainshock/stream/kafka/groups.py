"""Stages shared by processes: each takes some partitions over, with their states."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Bus, Message, Stage
from mainshock.stream.kafka.bus import KafkaBus
from mainshock.stream.kafka.membership import Membership
from mainshock.stream.monitoring.watched_bus import OnRead, OnTold, WatchedBus
from mainshock.stream.workers import StageWorker, WorkerSettings

__all__ = ["Companion", "StageGroup"]

_log = logging.getLogger(__name__)
_POLL_S = 0.2
_TELL_S = 0.5
OnStep = Callable[[str, Sequence[Message], float], None]
OnFailure = Callable[[str], None]


class Companion(Protocol):
    """What runs beside a stage, in threads of its own."""

    def start(self) -> None:
        """Start its threads."""
        ...

    def stop(self) -> None:
        """End them."""
        ...


class StageGroup:
    """Runs one stage in this process, beside others of the same group.

    Parameters
    ----------
    bus
        The cluster.
    stage, settings
        What is run, and how. The stage is one object for all partitions.
    is_by_key
        Whether the partitions are shared out, each with a state of its own; otherwise one process
        of the group reads all of them, and the others stand by.
    on_step, on_failure
        As :class:`mainshock.stream.workers.StageWorker` takes them.
    on_told, on_read
        As :class:`mainshock.stream.monitoring.watched_bus.WatchedBus` takes them, for what the
        stage tells and reads; None: nobody.
    beside
        Makes what runs beside the stage, in the same process, from the bus; None: nothing.
    membership
        The place in the group, if it was asked for before; it is left at the end.

    Notes
    -----
    The group's protocol decides alone who has which partition. Records are read by partition, from
    the offsets in the state, so that both always fit. Whoever loses a partition without knowing
    commits nothing more there. Offsets are told to the cluster as well, for its tools.
    """

    def __init__(
        self,
        bus: KafkaBus,
        stage: Stage[Any],
        settings: WorkerSettings | None = None,
        *,
        is_by_key: bool,
        on_step: OnStep | None = None,
        on_failure: OnFailure | None = None,
        on_told: OnTold | None = None,
        on_read: OnRead | None = None,
        beside: Callable[[Bus], Companion] | None = None,
        membership: Membership | None = None,
    ) -> None:
        self.bus = bus
        self.stage = stage
        self._settings = settings or WorkerSettings()
        self._is_by_key = is_by_key
        self._on_step = on_step
        self._on_failure = on_failure
        self._on_told = on_told
        self._on_read = on_read
        self._beside = beside
        self._membership = membership
        self._companions: dict[int, Companion] = {}
        self._running: dict[int, tuple[KafkaBus, StageWorker]] = {}
        self._worked_s = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._fault = ""
        self._told_s = 0.0

    @property
    def partitions(self) -> list[int]:
        """The partitions that this process works on."""
        return sorted(self._running)

    @property
    def problem(self) -> str:
        """Why the stage does not do its work; empty while it does."""
        told = [worker.problem for _, worker in list(self._running.values())]
        return "; ".join(filter(None, (self._fault, *dict.fromkeys(told))))

    @property
    def backlog(self) -> int:
        """Messages that wait in the partitions of this process."""
        return self.backlog_of(self.stage.name, self.stage.topics)

    def backlog_of(self, consumer: str, topics: Sequence[str]) -> int:
        """Return how many messages wait here for the stage, or for a consumer beside it."""
        running = list(self._running.values())
        return sum(bus.backlog(consumer, topics) for bus, _ in running)

    @property
    def has_ended(self) -> bool:
        """Whether some of the work has ended before its time: another process should do it."""
        workers = [worker for _, worker in list(self._running.values())]
        return bool(self._fault) or any(worker.has_ended for worker in workers)

    def start(self) -> None:
        """Join the group, in a thread.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        """
        for one in self.stage.topics:
            self.bus.topics.partitions(one)
        membership = self._membership
        if membership is None:
            topic = self.stage.topics[0] if self._is_by_key else ""
            membership = Membership(self.bus, self.stage.name, topic)
        self._thread = threading.Thread(
            target=self._run, args=(membership,), name=f"{self.stage.name} group", daemon=True
        )
        self._thread.start()

    @property
    def idle_s(self) -> float:
        """Seconds since this process was given or did any work."""
        return time.monotonic() - self._worked_s

    def finish(self, stop: threading.Event) -> None:
        """Read what is left, let the stage say its last, and leave the group.

        Returns when that is done, or once ``stop`` is set.
        """
        for _, worker in list(self._running.values()):
            worker.finish(stop)
        self.stop()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Commit, leave the group, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        elif self._membership is not None:
            self._membership.leave()

    def between_steps(self, action: Callable[[], None], timeout_s: float = 30.0) -> None:
        """Have an action done while all partitions of this process stand between two steps.

        Each has committed just before, so that what was read before is not worked on again.

        Raises
        ------
        SourceError
            If a partition did not come to it in time; then the action is not done at all.
        Exception
            What the action raises.
        """
        held = action
        for _, worker in list(self._running.values()):
            held = partial(worker.between_steps, held, timeout_s)
        held()

    def _run(self, membership: Membership) -> None:
        try:
            while not self._stop.is_set() and not self._fault:
                self._fault = membership.poll(_POLL_S, self._given, self._taken)
                self._tell_offsets(membership)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self._fault = f"stage {self.stage.name} has left its group: {error}"
            _log.exception("stage %s has left its group", self.stage.name)
        finally:
            self._end(list(self._running))
            membership.leave()

    def _tell_offsets(self, membership: Membership) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s < _TELL_S:
            return
        self._told_s = now_s
        running = [bus for bus, _ in self._running.values()]
        told = [one.positions(self.stage.name) for one in running]
        membership.tell_offsets({place: offset for one in told for place, offset in one.items()})

    def _given(self, partitions: list[int]) -> None:
        for one in partitions:
            self._begin(one)
        _log.info("stage %s works on partitions %s", self.stage.name, self.partitions)

    def _taken(self, partitions: list[int]) -> None:
        self._end(partitions)
        _log.info("stage %s works on partitions %s", self.stage.name, self.partitions)

    def _begin(self, partition: int) -> None:
        if partition in self._running:
            return
        bus = self.bus.view(partition) if self._is_by_key else self.bus.whole()
        watched = self._watched(bus)
        worker = StageWorker(watched, self.stage, self._settings, self._note_step, self._on_failure)
        self._running[partition] = (bus, worker)
        self._worked_s = time.monotonic()
        worker.start()
        if self._beside is not None:
            self._start_beside(self._beside, partition, bus)

    def _start_beside(
        self, made_from: Callable[[Bus], Companion], partition: int, bus: KafkaBus
    ) -> None:
        """Start what runs beside the stage; a cluster that does not answer is asked again."""
        while not self._stop.is_set():
            try:
                companion = made_from(bus)
            except SourceError as error:
                _log.warning("stage %s waits: %s", self.stage.name, error)
                self._stop.wait(self._settings.retry_s)
            else:
                self._companions[partition] = companion
                companion.start()
                return

    def _watched(self, bus: KafkaBus) -> Bus:
        return bus if self._on_told is None else WatchedBus(bus, self._on_told, self._on_read)

    def _note_step(self, stage: str, messages: Sequence[Message], seconds: float) -> None:
        self._worked_s = time.monotonic()
        if self._on_step is not None:
            self._on_step(stage, messages, seconds)

    def _end(self, partitions: Sequence[int]) -> None:
        """Stop the work on partitions, all at once, each with a commit."""
        beside = [self._companions.pop(one) for one in partitions if one in self._companions]
        for companion in beside:
            companion.stop()
        ended = [self._running.pop(one) for one in partitions if one in self._running]
        stopping = [threading.Thread(target=worker.stop) for _, worker in ended]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for bus, _ in ended:
            bus.close()
