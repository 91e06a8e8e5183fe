"""A bus that notes what goes over it: how long writing takes, and what came of which packet."""

import logging
import time
from collections.abc import Callable, Collection, Sequence

from mainshock.stream.bus import Bus, Delivery, Message

__all__ = ["OnRead", "OnTold", "WatchedBus"]

_log = logging.getLogger("mainshock.stream.path")
_VERSIONS = ("pick.v1", "event.v1", "alert.v1")
OnRead = Callable[[Sequence[Message]], None]
OnTold = Callable[[Sequence[Message], float], None]


class WatchedBus:
    """Passes everything on to a bus, and says what was published.

    Parameters
    ----------
    bus
        Where messages go.
    on_told
        Told the messages of each publication and the seconds it took, after it succeeded.
    on_read
        Told the messages of each read, before whoever reads them; None: nobody.
    clock
        Seconds, for durations.

    Notes
    -----
    Each version of a pick, an event and an alert gives a log line (INFO) with the trace of the
    packet behind it; each packet one of level DEBUG.
    """

    def __init__(
        self,
        bus: Bus,
        on_told: OnTold,
        on_read: OnRead | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._bus = bus
        self._on_told = on_told
        self._on_read = on_read
        self._clock = clock

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages; they are durable when this returns."""
        if not messages:
            return
        began = self._clock()
        self._bus.publish(messages)
        self._note(messages, self._clock() - began)

    def read(
        self, consumer: str, topics: Sequence[str], limit: int, timeout_s: float
    ) -> list[Delivery]:
        """Return the next messages that a consumer did not read yet."""
        found = self._bus.read(consumer, topics, limit, timeout_s)
        if found and self._on_read is not None:
            self._note_read([one.message for one in found])
        return found

    def commit(
        self, consumer: str, state: bytes | memoryview | None = None, told: Sequence[Message] = ()
    ) -> None:
        """Remember that all deliveries so far are done, and publish what goes with that."""
        began = self._clock()
        self._bus.commit(consumer, state, told)
        if told:
            self._note(told, self._clock() - began)

    def committed_state(self, consumer: str) -> bytes | None:
        """Return the state of the last commit."""
        return self._bus.committed_state(consumer)

    def backlog(self, consumer: str, topics: Sequence[str]) -> int:
        """Return how many messages wait for a consumer."""
        return self._bus.backlog(consumer, topics)

    def forget_others(self, consumers: Collection[str]) -> None:
        """Drop every consumer but these."""
        self._bus.forget_others(consumers)

    def close(self) -> None:
        """Release files and connections."""
        self._bus.close()

    def _note_read(self, messages: Sequence[Message]) -> None:
        try:
            if self._on_read is not None:
                self._on_read(messages)
        except Exception:  # noqa: BLE001 - what was read counts, and must not be lost
            _log.exception("what was read could not be noted")

    def _note(self, messages: Sequence[Message], seconds: float) -> None:
        try:
            self._on_told(messages, seconds)
            if _log.isEnabledFor(logging.INFO):
                _say(messages)
        except Exception:  # noqa: BLE001 - what is on the bus counts, and must not be told twice
            _log.exception("what was published could not be noted")


def _say(messages: Sequence[Message]) -> None:
    says_packets = _log.isEnabledFor(logging.DEBUG)
    for one in messages:
        if one.topic in _VERSIONS and "#" in one.identity:
            _log.info("%s %s", one.topic[:-3], one.identity, extra={"trace": one.trace})
        elif says_packets and one.topic == "waveform.v1":
            _log.debug("packet %s", one.identity, extra={"trace": one.trace})
