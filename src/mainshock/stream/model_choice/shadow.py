"""A second picker that sees the same records in a process of its own; nothing waits for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from mainshock.core.errors import MainshockError, ModelError
from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_pick_message
from mainshock.stream.model_choice.agreement import Agreement, Comparison
from mainshock.stream.model_choice.settings import PickerSpec, ShadowSettings
from mainshock.stream.model_choice.shadow_process import ShadowProcess
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.retention import Retention, apply_retention

__all__ = ["Shadow", "ShadowCounts", "ShadowState"]

_log = logging.getLogger(__name__)
_BATCH, _MOST_PICKS = 200, 50_000
_WAIT_S = 0.25
_AGAIN_S, _LONGEST_PAUSE_S = 2.0, 300.0
_TIDY_S = 3600.0
State = Literal["off", "starting", "running", "failing"]


@dataclass(slots=True)
class ShadowCounts:
    """What became of the records and batches, since the start."""

    seen: int = 0
    shed: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class ShadowState:
    """What the shadow does now.

    Parameters
    ----------
    state
        ``off``, ``starting``, ``running`` or ``failing``.
    spec
        Its picker; None: none.
    name
        What its picks state as their model; empty until it is open.
    problem
        Why it fails; empty where it does not.
    waiting
        Records that wait.
    counts
        Since the start of the process.
    """

    state: State
    spec: PickerSpec | None
    name: str
    problem: str
    waiting: int
    counts: ShadowCounts


class Shadow:
    """Runs a shadow, keeps its picks apart, and compares them with those that count.

    Parameters
    ----------
    settings
        How it runs.
    open_store
        Opens where its picks are kept.
    is_synthetic
        Whether the records are made up.
    is_live
        Whether its picks go after some days; those of a replay stay.

    Notes
    -----
    Records wait in memory, at most as many as the settings say; beyond that the oldest are dropped
    and counted. Its process is started again where it ends, after growing pauses. A fault here is
    told and touches nothing else.
    """

    def __init__(
        self,
        settings: ShadowSettings,
        open_store: Callable[[], LiveStore],
        *,
        is_synthetic: bool = False,
        is_live: bool = True,
    ) -> None:
        self.settings = settings
        self.agreement = Agreement(settings.window_s, settings.same_s)
        self._open_store = open_store
        self._is_synthetic = is_synthetic
        self._is_live = is_live
        self._spec: PickerSpec | None = settings.picker
        self._in_use = ""
        self._counts = ShadowCounts()
        self._records: deque[Message] = deque()
        self._picks: deque[Message] = deque()
        self._lock = threading.Condition()
        self._state: State = "off"
        self._name = self._problem = ""
        self._pause_s = _AGAIN_S
        self._changes = 0
        self._tidied_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._store: LiveStore | None = None

    @property
    def state(self) -> ShadowState:
        """What it does now."""
        with self._lock:
            return ShadowState(
                self._state,
                self._spec,
                self._name,
                self._problem,
                len(self._records),
                ShadowCounts(self._counts.seen, self._counts.shed, self._counts.failures),
            )

    def comparison(self) -> Comparison:
        """Return how far its picks agree with those that count."""
        return self.agreement.comparison()

    def picks(self, start: datetime | None, end: datetime | None, limit: int) -> list[LivePick]:
        """Return its own picks in order of time; of more than ``limit`` the newest."""
        return [] if self._store is None else self._store.picks(start, end, limit=limit)

    def start(self, spec: PickerSpec | None, in_use: str) -> None:
        """Start the thread with a picker, beside the one in use."""
        self.change(spec, in_use)
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End it."""
        self._stop.set()
        with self._lock:
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)
        if self._store is not None:
            self._store.close()
            self._store = None

    def change(self, spec: PickerSpec | None, in_use: str) -> None:
        """Run another picker from now on, or none; compare with another one in use."""
        with self._lock:
            if spec != self._spec or self._changes == 0:
                self._changes += 1
                self._spec = spec
                self._name = self._problem = ""
                self._pause_s = _AGAIN_S
                self._records.clear()
            self._in_use = in_use
            self._picks.clear()
            self.agreement.clear()
            self._lock.notify_all()

    def see(self, messages: Sequence[Message]) -> None:
        """Take what was published: records to pick, and the picks that count."""
        with self._lock:
            if self._spec is None or self._thread is None or self._stop.is_set():
                return
            for one in messages:
                if one.topic == "waveform.v1":
                    self._records.append(one)
                elif one.topic == "pick.v1":
                    self._picks.append(one)
            while len(self._records) > self.settings.most_waiting:
                self._shed(self._records.popleft())
            if len(self._picks) > _MOST_PICKS:  # compared with half of them it would look wrong
                self._picks.clear()
                self.agreement.forget()
            self._lock.notify_all()

    def _shed(self, message: Message) -> None:
        self._counts.shed += 1
        instrument, start_ns = _place(message)
        self.agreement.miss_record(instrument, start_ns, message.data_ns)

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                spec, changes = self._spec, self._changes
                self._state = "off" if spec is None else "starting"
                if spec is None:
                    self._lock.wait(1.0)
                    continue
            try:
                self._serve(spec, changes)
            except Exception as error:  # noqa: BLE001 - a fault here touches nothing else
                if self._stop.is_set() or self._is_other(changes):
                    continue
                self._fail(error)
                self._stop.wait(self._pause_s)
                self._pause_s = min(2.0 * self._pause_s, _LONGEST_PAUSE_S)

    def _serve(self, spec: PickerSpec, changes: int) -> None:
        """Feed one process until it is told to end, or another picker is wanted.

        Raises
        ------
        ModelError
            If the process ends, or takes too long.
        """
        if self._store is None:
            self._store = self._open_store()
        process = ShadowProcess(
            spec,
            is_synthetic=self._is_synthetic,
            longest_s=self.settings.longest_s,
            is_over=lambda: self._stop.is_set() or self._is_other(changes),
        )
        try:
            self.agreement.restart()
            with self._lock:
                self._name, self._state = process.name, "running"
            while not self._stop.is_set() and not self._is_other(changes):
                records, picks = self._next()
                self._see("in_use", picks)
                if records:
                    self._step(process, records)
                self._tidy()
        finally:
            process.kill()

    def _is_other(self, changes: int) -> bool:
        return self._changes != changes

    def _next(self) -> tuple[list[Message], list[Message]]:
        """Return what waits, after a quarter of a second at most."""
        with self._lock:
            if not (self._records or self._picks):
                self._lock.wait(_WAIT_S)
            records = [self._records.popleft() for _ in range(min(_BATCH, len(self._records)))]
            picks = list(self._picks)
            self._picks.clear()
        return records, picks

    def _step(self, process: ShadowProcess, records: Sequence[Message]) -> None:
        for one in records:
            self.agreement.see_record(*_place(one))
        answer = process.step(records)
        with self._lock:
            self._counts.seen += len(records)
        if answer.problem:
            self.agreement.restart()
            self._fail(ModelError(answer.problem))
            return
        with self._lock:
            self._state, self._problem = "running", ""
            self._pause_s = _AGAIN_S
        versions = self._see("shadow", answer.told)
        if versions and self._store is not None:
            try:
                self._store.save_picks(versions)
            except MainshockError as error:
                self._fail(error)

    def _see(self, side: Literal["in_use", "shadow"], told: Sequence[Message]) -> list[LivePick]:
        """Have picks compared, and return their versions."""
        versions = []
        for message in told:
            one = read_pick_message(message)
            if isinstance(one, LivePick):
                versions.append(one)
                if side == "in_use" and one.pick.model != self._in_use:
                    continue  # of the one that was in use before
            self.agreement.see(side, one)
        return versions

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self._counts.failures += 1
            self._state = "failing"
            self._problem = str(error) or type(error).__name__
        _log.warning("the shadow fails: %s", error or type(error).__name__)

    def _tidy(self) -> None:
        now_s = time.monotonic()
        if not self._is_live or self._store is None or now_s - self._tidied_s < _TIDY_S:
            return
        self._tidied_s = now_s
        before = datetime.now(UTC) - timedelta(days=self.settings.keep_days)
        apply_retention(self._store.database, Retention(picks_before=before, changes_before=before))


def _place(message: Message) -> tuple[str, int]:
    """Return the instrument and the start of a record."""
    trace_id, _, span = message.identity.partition("@")
    start = span.partition("+")[0]
    return trace_id[:-1], int(start) if start.isdigit() else message.data_ns - 4 * NANOSECONDS
