"""Delivers what ``alert.v1`` asks for: one thread a channel, in order, until it is done."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import MainshockError, UnreachableError
from mainshock.core.logs import following
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.stream.alerts.base import AlertRequest, Channel, ChannelSettings
from mainshock.stream.alerts.config import AlertSettings, open_channels
from mainshock.stream.bus import Bus
from mainshock.stream.records import Alert

__all__ = ["AlertDispatcher", "ChannelWorker"]

log = logging.getLogger(__name__)

_READ_S = 0.5
_KEPT = 10_000
_OWED_EVERY_NS = 60 * 1_000_000_000
_FAULT_WAIT_S = 5.0
Outcome = Literal["sent", "failed", "held"]
Record = Callable[[Sequence[Alert]], None]


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of the newest message of an alert: ``tried`` may have arrived or not."""

    version: int
    outcome: Literal["sent", "tried", "cancelled"]


@dataclass(slots=True)
class _ChannelState:
    """What a channel must remember over a restart.

    ``pending`` is being sent; ``owed`` are cancels that were given up and are tried again.
    """

    pending: AlertRequest | None = None
    told: dict[str, _Told] = field(default_factory=dict)
    owed: tuple[AlertRequest, ...] = ()

    def remember(self, request: AlertRequest, told: _Told) -> None:
        """Keep the outcome, and no more outcomes than ``_KEPT``, the newest ones."""
        self.told.pop(request.alert_id, None)
        self.told[request.alert_id] = told
        while len(self.told) > _KEPT:
            del self.told[next(iter(self.told))]

    def snapshot(self) -> bytes:
        return json.dumps(to_document(self), separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def restore(cls, snapshot: bytes) -> "_ChannelState":
        document = json.loads(snapshot)
        told = {name: from_document(_Told, one) for name, one in document["told"].items()}
        pending = document["pending"]
        return cls(
            None if pending is None else from_document(AlertRequest, pending),
            told,
            tuple(from_document(AlertRequest, one) for one in document["owed"]),
        )


class ChannelWorker:
    """Sends the messages of one channel; all methods but ``stop`` belong to one thread.

    Parameters
    ----------
    name, channel, settings
        The channel.
    bus
        Where the requests are; each channel reads them as a consumer of its own, so that one
        that is slow or dead keeps nothing back from the others, and nothing waits in memory.
    record
        Takes what became of each message.
    clock
        Nanoseconds since 1970.
    wait
        Waits for some seconds and returns whether the worker must stop; None: a real wait.

    Notes
    -----
    Delivery is at least once. The request is committed as ``pending`` before its first attempt
    and cleared after the last one: one that a crash left is sent again, under the same key.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        settings: ChannelSettings,
        bus: Bus,
        record: Record,
        clock: Callable[[], int] = time.time_ns,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self.name = name
        self.consumer = f"alerts.{name}"
        self.channel = channel
        self.settings = settings
        self.bus = bus
        self.record = record
        self.clock = clock
        self._stop = threading.Event()
        self._wait = self._stop.wait if wait is None else wait
        snapshot = bus.committed_state(self.consumer)
        self._state = _ChannelState() if snapshot is None else _ChannelState.restore(snapshot)
        self._owed_from_ns = 0

    def stop(self) -> None:
        """Ask the thread to end; what is not sent by then is sent after the next start."""
        self._stop.set()

    def is_done(self) -> bool:
        """Return whether nothing waits to be sent; from any thread."""
        is_sent = self._state.pending is None
        return is_sent and self.bus.backlog(self.consumer, ("alert.v1",)) == 0

    def run(self) -> None:
        """Send until told to stop."""
        while not self._stop.is_set():
            try:
                self.turn(_READ_S)
            except Exception:  # a fault of the log or of one message must not end a channel
                log.exception("channel %s goes on after a fault", self.name)
                self._wait(_FAULT_WAIT_S)

    def turn(self, timeout_s: float) -> bool:
        """Take the next message, at most so long, and see it through; False where none came."""
        if self._state.pending is not None:
            self._finish(self._state.pending, is_resumed=True)
            return True
        deliveries = self.bus.read(self.consumer, ("alert.v1",), 1, timeout_s)
        if not deliveries:
            self._send_owed()
            return False
        request = self._own_request(deliveries[0].message.value)
        if request is None:
            self._commit()
            return True
        self._state.pending = request
        self._commit()
        with following(deliveries[0].message.trace):
            self._finish(request, is_resumed=False)
        return True

    def _own_request(self, value: bytes) -> AlertRequest | None:
        """Return the request if it is for this channel and newer than what it was told."""
        try:
            document = json.loads(value)
            if document["channel"] != self.name:
                return None
            request = from_document(AlertRequest, document)
        except (MainshockError, ValueError, KeyError, TypeError) as error:
            log.warning("a message of alert.v1 is no request: %s", error)
            return None
        told = self._state.told.get(request.alert_id)
        return None if told is not None and request.version <= told.version else request

    def _commit(self) -> None:
        self.bus.commit(self.consumer, self._state.snapshot())

    def _finish(self, request: AlertRequest, *, is_resumed: bool) -> None:
        told = self._state.told.get(request.alert_id)
        was_told = told is not None and told.outcome != "cancelled"
        reason = ""
        if request.kind == "cancel":
            if not was_told and not is_resumed:
                reason = "nobody was told of it over this channel"
        elif told is None or told.outcome != "sent":
            request = replace(request, kind="new", former=())
            reason = self._too_late(request)
        if reason:
            if is_resumed:  # an attempt may have been made before the crash
                self._state.remember(request, _Told(request.version, "tried"))
            self._note(request, "held", reason)
        elif not self._deliver(request):
            return  # told to stop: it stays pending
        self._state.pending = None
        self._commit()

    def _too_late(self, request: AlertRequest) -> str:
        if request.send_before is None:
            return ""
        late_s = self.clock() / 1e9 - to_posix_s(request.send_before)
        return f"{late_s:.0f} s too late to be news" if late_s > 0.0 else ""

    def _deliver(self, request: AlertRequest) -> bool:
        """Try as often as the settings say; False where the worker was told to stop."""
        wait_s = self.settings.first_wait_s
        for attempt in range(1, self.settings.attempts + 1):
            try:
                detail = self.channel.send(request)
            except UnreachableError as error:
                reason = f"{error} (tried {attempt} times)"
            except Exception as error:  # noqa: BLE001 - a channel may be anybody's; the next must go on
                reason = str(error) if isinstance(error, MainshockError) else repr(error)
                break
            else:
                self._was_sent(request, detail)
                return True
            if attempt == self.settings.attempts:
                break
            log.warning("channel %s, attempt %d: %s", self.name, attempt, reason)
            if self._wait(wait_s):
                return False
            wait_s = min(2.0 * wait_s, self.settings.longest_wait_s)
        self._was_not_sent(request, reason)
        return True

    def _was_sent(self, request: AlertRequest, detail: str) -> None:
        outcome: Literal["sent", "cancelled"] = "cancelled" if request.kind == "cancel" else "sent"
        self._state.remember(request, _Told(request.version, outcome))
        # a cancel that is owed is out of date when something newer arrived
        self._state.owed = tuple(
            one for one in self._state.owed if one.alert_id != request.alert_id
        )
        self._note(request, "sent", detail)

    def _was_not_sent(self, request: AlertRequest, reason: str) -> None:
        told = self._state.told.get(request.alert_id)
        if request.kind == "cancel":
            self._state.owed = (*self._state.owed, request)[-_KEPT:]
        outcome: Literal["sent", "tried"] = (
            "sent" if told is not None and told.outcome == "sent" else "tried"
        )
        self._state.remember(request, _Told(request.version, outcome))
        self._note(request, "failed", reason)

    def _send_owed(self) -> None:
        """Try the oldest cancel that was given up once more, no more than once a minute.

        When it arrives the channel is alive again, and the next one follows at once.
        """
        while self._state.owed and self.clock() >= self._owed_from_ns:
            request = self._state.owed[0]
            try:
                detail = self.channel.send(request)
            except Exception as error:  # noqa: BLE001 - as in _deliver
                log.warning("channel %s still owes %s: %r", self.name, request.safe_id, error)
                self._state.owed = (*self._state.owed[1:], request)
                self._owed_from_ns = self.clock() + _OWED_EVERY_NS
            else:
                self._was_sent(request, detail)
                self._commit()

    def _note(self, request: AlertRequest, outcome: Outcome, detail: str) -> None:
        level = logging.INFO if outcome == "sent" else logging.WARNING
        log.log(
            level, "%s %s %s: %s", request.idempotency_key, request.kind, outcome, detail or "done"
        )
        alert = Alert(
            alert_id=request.alert_id,
            event_id=request.event_id,
            version=request.version,
            kind=request.kind,
            rule=request.rule,
            channel=self.name,
            issued=utc_from_posix(self.clock() / 1e9),
            status=outcome,
            detail=detail,
        )
        try:
            self.record([alert])
        except Exception:  # the message went out: a store in trouble must not send it twice
            log.exception("what became of %s could not be recorded", request.idempotency_key)


class AlertDispatcher:
    """Sends what the alert stage asks for, over all channels at once.

    Parameters
    ----------
    settings
        The channels; their secrets are read now.
    bus
        Where the stage writes to.
    record
        Takes what became of each message, from any thread: ``LiveStore.save_alerts``. It may
        be given the same one twice.
    clock
        Nanoseconds since 1970.
    channels
        Instead of those that the settings name, for tests.

    Raises
    ------
    SettingsError
        If a secret is missing.
    """

    def __init__(
        self,
        settings: AlertSettings,
        bus: Bus,
        record: Record,
        clock: Callable[[], int] = time.time_ns,
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        opened = open_channels(settings) if channels is None else channels
        self.workers = tuple(
            ChannelWorker(name, channel, settings.channels[name], bus, record, clock)
            for name, channel in opened.items()
        )
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start one thread a channel."""
        self._threads = [
            threading.Thread(target=worker.run, name=worker.consumer, daemon=True)
            for worker in self.workers
        ]
        for thread in self._threads:
            thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait, at most so long, until all that was asked for is sent or given up."""
        end_s = time.monotonic() + timeout_s
        for worker in self.workers:
            while not worker.is_done() and time.monotonic() < end_s:
                time.sleep(0.05)

    def stop(self, timeout_s: float = 15.0) -> None:
        """Ask all threads to end and wait for them, at most so long for each.

        One that waits for an answer until then is left; its message is sent again at the next
        start. Call it before the bus is closed.
        """
        for worker in self.workers:
            worker.stop()
        for thread in self._threads:
            thread.join(timeout_s)
            if thread.is_alive():
                log.warning("%s still waits for an answer and is left", thread.name)
        self._threads = []
