"""From a source to the bus: one thread reads packets, one judges and publishes them."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from mainshock.core.errors import MainshockError, SourceError
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.packets import AcknowledgedSource, Packet, PacketSource
from mainshock.stream import sentences
from mainshock.stream.bus import Bus, Message
from mainshock.stream.ingest.ingest import ChannelSegment, Ingest
from mainshock.stream.messages import health_message

__all__ = ["Feed"]

_log = logging.getLogger(__name__)
_REPLAY_WAITING, _LIVE_WAITING = 1000, 20_000  # packets
_REPLAY_HOLD_AT, _LIVE_HOLD_AT = 1500, 100_000  # records
_FLUSH_PACKETS = 2000
_HOLD_LOOK_S = 0.5
_RETRY_S = 2.0
_PROOF_NS = 60 * NANOSECONDS  # a record that waits longer for its proof holds nothing up
_SHED_SHOWN_S = 60.0
_SEGMENTS_S = 2 * 86_400.0  # a data centre is asked for nothing older
_NOT_OF_SOURCE = 0
_MANY_REFUSED = 100  # packets in a row
_Numbered = tuple[int, Packet]
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Refusals:
    """How many packets were refused since one was used, and why."""

    number: int = 0
    kinds: set[str] = field(default_factory=set)

    @property
    def are_many(self) -> bool:
        return self.number >= _MANY_REFUSED

    def note(self, told: Sequence[Message]) -> None:
        if any(one.topic == "waveform.v1" for one in told):
            self.number = 0
            self.kinds.clear()
        for one in told:
            if one.topic == "deadletter.v1":
                self.number += 1
                self.kinds.add(one.identity.partition("@")[0])
                if self.number == _MANY_REFUSED:
                    _log.warning("%s", self)

    def __str__(self) -> str:
        kinds = ", ".join(sorted(self.kinds))
        return sentences.PACKETS_REFUSED.tell(count=self.number, kinds=kinds)


@dataclass(slots=True, eq=False)
class Feed:
    """Reads a source until it ends, and publishes what ingest makes of its packets.

    Parameters
    ----------
    source, ingest, bus
        Where packets come from, what judges them, and where they go.
    on_messages
        Told what was published, for whoever serves records on; None: nobody.
    on_segments
        Told what is there of each channel, at each report; None: nobody.
    on_shed
        Told each packet that is dropped.
    max_waiting
        Packets that may wait for ingest; None: 1000, or 20,000 of a live source.
    hold_at
        Records that may wait for picking; None: 1500, or 100,000 of a live source.
    health_s
        From one report on the stations to the next.
    safe_s
        From one time that the archive is written, and packets are acknowledged, to the next.
    clock
        Monotonic seconds.

    Attributes
    ----------
    n_shed
        Packets that were dropped.
    error
        What made the source fail.

    Notes
    -----
    Nothing grows without limit. When too much waits, a replay and a source that is acknowledged
    wait too; of any other live source the oldest packets are dropped and counted. When the disk
    cannot be written the feed waits until it can be, which comes to the same.

    A packet is acknowledged when its record is in the archive and on the bus, and so are all that
    came before it.
    """

    source: PacketSource
    ingest: Ingest
    bus: Bus
    on_messages: Callable[[Sequence[Message]], None] | None = None
    on_segments: Callable[[Sequence[ChannelSegment]], None] | None = None
    on_shed: Callable[[], None] | None = None
    max_waiting: int | None = None
    hold_at: int | None = None
    health_s: float = 5.0
    safe_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    n_shed: int = 0
    error: MainshockError | None = None
    _disk_problem: str = ""
    _shed_s: float | None = None
    _refusals: _Refusals = field(default_factory=_Refusals)
    _n_read: int = 0
    _held_s: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _flush_wanted: threading.Event = field(default_factory=threading.Event)
    _flushed: threading.Event = field(default_factory=threading.Event)
    _is_read: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _waiting: "queue.Queue[_Numbered]" = field(init=False)
    _unsafe: "deque[_Numbered]" = field(default_factory=deque)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        is_live = self.source.is_live
        if self.max_waiting is None:
            self.max_waiting = _LIVE_WAITING if is_live else _REPLAY_WAITING
        if self.hold_at is None:
            self.hold_at = _LIVE_HOLD_AT if is_live else _REPLAY_HOLD_AT
        self._waiting = queue.Queue(self.max_waiting)

    @property
    def can_wait(self) -> bool:
        """Whether a source that is not read keeps what it has."""
        return not self.source.is_live or isinstance(self.source, AcknowledgedSource)

    @property
    def problem(self) -> str:
        """Why packets are not taken as they come; empty where they are."""
        if self.error is not None:
            return str(self.error)
        if self._disk_problem:
            return sentences.PACKETS_WAIT.tell(error=self._disk_problem)
        if self._refusals.are_many:
            return str(self._refusals)
        if self._shed_s is not None and self.clock() - self._shed_s < _SHED_SHOWN_S:
            return sentences.PACKETS_SHED.tell(count=self.n_shed)
        return ""

    @property
    def n_waiting(self) -> int:
        """Packets that wait to be judged."""
        return self._waiting.qsize()

    def start(self) -> None:
        """Start both threads."""
        if isinstance(self.source, AcknowledgedSource):
            self.source.acknowledge(0)
        for name, target in (("source", self._read), ("ingest", self._judge)):
            thread = threading.Thread(target=target, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Take no more packets; those that wait are still judged."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout_s)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended and all its packets are published."""
        return self._ended.wait(timeout_s)

    def flush(self, timeout_s: float = 2.0) -> None:
        """Have all records so far written to the archive; from any thread."""
        self._flushed.clear()
        self._flush_wanted.set()
        if not self._ended.is_set():
            self._flushed.wait(timeout_s)

    def offer(self, packet: Packet) -> bool:
        """Add a packet that is not the source's own; waits for room, False once it is too late."""
        return self._wait_for_room((_NOT_OF_SOURCE, packet))

    def _read(self) -> None:
        try:
            for packet in self.source.packets(self._stop):
                self._n_read += 1
                self._put((self._n_read, packet))
                if self._stop.is_set():
                    break
        except MainshockError as error:
            self.error = error
            _log.error("source %s: %s", self.source.name, error)
        except Exception as error:  # noqa: BLE001 - told by `problem`
            self.error = MainshockError(f"source {self.source.name} failed: {error!r}")
            _log.exception("source %s failed", self.source.name)
        finally:
            self._is_read.set()

    def _put(self, numbered: _Numbered) -> None:
        if self.can_wait:
            self._wait_for_room(numbered)
            return
        while True:
            try:
                self._waiting.put_nowait(numbered)
            except queue.Full:
                self._shed_oldest()
            else:
                return

    def _wait_for_room(self, numbered: _Numbered) -> bool:
        while not (self._stop.is_set() or self._ended.is_set()):
            try:
                self._waiting.put(numbered, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def _shed_oldest(self) -> None:
        try:
            self._waiting.get_nowait()
        except queue.Empty:
            return
        self.n_shed += 1
        self._shed_s = self.clock()
        if self.on_shed is not None:
            self.on_shed()

    def _judge(self) -> None:
        try:
            self._judge_all()
        except Exception as error:  # noqa: BLE001 - told by `problem`
            self.error = MainshockError(f"ingest has ended: {error or type(error).__name__}")
            _log.exception("ingest has ended")
        finally:
            self._ended.set()

    def _judge_all(self) -> None:
        reported = made_safe = self.clock()
        n_unwritten = 0
        is_over = False
        while not is_over:
            self._flush_if_wanted()
            was_read = self._is_read.is_set()  # asked first: afterwards nothing comes any more
            packets = self._next_packets()
            is_over = was_read and not packets
            self._publish([message for one in packets for message in self._judged(one)])
            n_unwritten += len(packets)
            is_due = is_over or self.clock() - reported >= self.health_s
            is_first = bool(packets) and packets[0][0] == 1  # a crash from now on may ask again
            is_unsafe = n_unwritten > 0 and self.clock() - made_safe >= self.safe_s
            if is_due or is_first or is_unsafe or n_unwritten >= _FLUSH_PACKETS:
                self._make_safe()
                n_unwritten, made_safe = 0, self.clock()
            if is_due:
                reported = self.clock()
                self._publish([health_message(one) for one in self.ingest.health()])
                if self.on_segments is not None:
                    self.on_segments(self.ingest.segments(_SEGMENTS_S))
        self._publish(self.ingest.close())
        self._make_safe()

    def _judged(self, numbered: _Numbered) -> list[Message]:
        """Return what ingest has to tell of a packet; one that it fails over stops no other."""
        number, packet = numbered
        if number != _NOT_OF_SOURCE:
            self._unsafe.append(numbered)
        try:
            told = self.ingest.take([packet])
        except Exception:  # noqa: BLE001 - the next packet must be judged
            _log.exception("ingest failed over a packet of %d bytes", len(packet.payload))
            return []
        self._refusals.note(told)
        return told

    def _next_packets(self) -> list[_Numbered]:
        """Return what waits, after a fifth of a second at most."""
        packets: list[_Numbered] = []
        with suppress(queue.Empty):
            packets.append(self._waiting.get(timeout=0.2))
            while len(packets) < 200:
                packets.append(self._waiting.get_nowait())
        return packets

    def _flush_if_wanted(self) -> None:
        if self._flush_wanted.is_set():
            self._flush_wanted.clear()
            self._until_it_works(self.ingest.flush)
            self._flushed.set()

    def _make_safe(self) -> None:
        """Write the archive, and acknowledge the packets before the first one that still waits."""
        self._until_it_works(self.ingest.flush)
        if not self._unsafe:
            return
        oldest = self.ingest.oldest_waiting(self._unsafe[-1][1].arrival_ns - _PROOF_NS)
        n_safe = 0
        while self._unsafe and self._unsafe[0][1] is not oldest:
            n_safe, _ = self._unsafe.popleft()
        source = self.source
        if n_safe and isinstance(source, AcknowledgedSource):
            self._until_it_works(lambda: source.acknowledge(n_safe))

    def _publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        self._until_it_works(lambda: self.bus.publish(messages))
        if self.on_messages is not None:
            try:
                self.on_messages(messages)
            except Exception:  # noqa: BLE001 - whoever serves them must not stop the rest
                _log.exception("records could not be served on")
        self._hold()

    def _until_it_works(self, action: Callable[[], Result]) -> Result:
        """Return what an action gives; while the disk or the bus does not work, wait.

        Raises
        ------
        SourceError
            If it did not work before the feed was told to stop.
        """
        while True:
            try:
                result = action()
            except SourceError as error:
                if not self._disk_problem:
                    _log.warning("packets wait: %s", error)
                self._disk_problem = str(error)
                if self._stop.wait(_RETRY_S):
                    raise
            else:
                self._disk_problem = ""
                return result

    def _hold(self) -> None:
        """Wait while too many records wait for picking."""
        if self.source.is_live:
            if self.clock() - self._held_s < _HOLD_LOOK_S:
                return
            self._held_s = self.clock()
        waiting = partial(self.bus.backlog, "picking", ["waveform.v1"])
        while not self._stop.is_set():
            if self._until_it_works(waiting) <= (self.hold_at or 0):
                break
            self._flush_if_wanted()
            self._stop.wait(0.02)
