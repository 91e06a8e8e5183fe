"""From a source to the bus: one thread reads packets, one judges and publishes them."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mainshock.core.errors import MainshockError
from mainshock.sources.packets import Packet, PacketSource
from mainshock.stream.bus import Bus, Message
from mainshock.stream.ingest.ingest import Ingest
from mainshock.stream.messages import health_message

__all__ = ["Feed"]

_log = logging.getLogger(__name__)
_END = None


@dataclass(slots=True, eq=False)
class Feed:
    """Reads a source until it ends, and publishes what ingest makes of its packets.

    Parameters
    ----------
    source, ingest, bus
        Where packets come from, what judges them, and where they go.
    on_messages
        Told what was published, for whoever serves records on; None: nobody.
    max_waiting
        Packets that may wait for ingest. Beyond it a source that can wait, waits; of a live one
        the oldest are dropped and counted in ``n_shed``.
    hold_at
        Records that may wait for picking where the source can wait.
    health_s
        From one report on the stations to the next.
    clock
        Monotonic seconds.
    """

    source: PacketSource
    ingest: Ingest
    bus: Bus
    on_messages: Callable[[Sequence[Message]], None] | None = None
    max_waiting: int = 20_000
    hold_at: int = 1500
    health_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    n_shed: int = 0
    error: MainshockError | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _flush_wanted: threading.Event = field(default_factory=threading.Event)
    _flushed: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _waiting: "queue.Queue[Packet | None]" = field(init=False)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = queue.Queue(self.max_waiting if self.source.is_live else 1000)

    def start(self) -> None:
        """Start both threads."""
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

    def _flush_if_wanted(self) -> None:
        if self._flush_wanted.is_set():
            self._flush_wanted.clear()
            self.ingest.flush()
            self._flushed.set()

    def _read(self) -> None:
        try:
            for packet in self.source.packets(self._stop):
                self._put(packet)
                if self._stop.is_set():
                    break
        except MainshockError as error:
            self.error = error
            _log.error("source %s: %s", self.source.name, error)  # noqa: TRY400 - its text says all
        except Exception as error:
            self.error = MainshockError(f"source {self.source.name} failed: {error!r}")
            _log.exception("source %s failed", self.source.name)
        self._put(_END)

    def _put(self, packet: Packet | None) -> None:
        while packet is not _END and self.source.is_live and self._waiting.full():
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                break
            self.n_shed += 1
        self._waiting.put(packet)

    def _judge(self) -> None:
        reported = self.clock()
        has_ended = False
        while not has_ended:
            self._flush_if_wanted()
            packets = self._next_packets()
            if packets and packets[-1] is _END:
                packets.pop()
                has_ended = True
            self._publish(self.ingest.take([one for one in packets if one is not None]))
            if self.clock() - reported >= self.health_s or has_ended:
                reported = self.clock()
                self.ingest.flush()
                self._publish([health_message(one) for one in self.ingest.health()])
        self._publish(self.ingest.close())
        self._ended.set()

    def _next_packets(self) -> list[Packet | None]:
        """Return what waits, after a fifth of a second at most; the end of the source is last."""
        try:
            packets = [self._waiting.get(timeout=0.2)]
        except queue.Empty:
            return []
        while packets[-1] is not _END and len(packets) < 200:
            try:
                packets.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return packets

    def _publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        self.bus.publish(messages)
        if self.on_messages is not None:
            self.on_messages(messages)
        while not self.source.is_live and not self._stop.is_set():
            if self.bus.backlog("picking", ["waveform.v1"]) <= self.hold_at:
                break
            self._flush_if_wanted()
            self._stop.wait(0.02)
