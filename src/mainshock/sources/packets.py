"""What arrives live: one record at a time, from a server, an archive or a generator."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

__all__ = ["AcknowledgedSource", "Packet", "PacketSource", "ReportingSource"]


@dataclass(frozen=True, slots=True)
class Packet:
    """The bytes that arrived in one piece: one miniSEED record, or what came in its place.

    Parameters
    ----------
    payload
        A miniSEED 2 or 3 record of any length; nothing is promised about its soundness.
    arrival_ns
        When it arrived, nanoseconds since 1970: by the machine's clock for a live source, by the
        stream's own for a replay.
    source
        Which source it came from, as the user named it.
    was_asked_for
        Whether it was fetched to fill a gap: however old it is, it did not come by a wrong clock.
    """

    payload: bytes
    arrival_ns: int
    source: str = ""
    was_asked_for: bool = False


@runtime_checkable
class PacketSource(Protocol):
    """Something that packets come from. Configured by its fields; run by one thread.

    A live source connects again by itself when its connection breaks, and tells so in its log; it
    raises only what a user must mend.
    """

    @property
    def name(self) -> str:
        """How logs and reports call it: the text that the user named it by."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether packets come as they are recorded: they cannot wait for a slow reader."""
        ...

    @property
    def is_synthetic(self) -> bool:
        """Whether its records are made up; everything derived from them is labelled so."""
        ...

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield packets as they arrive, until the source ends or ``stop`` is set.

        Raises
        ------
        UnreachableError
            If a source cannot be reached at the start.
        SourceError, DataError
            If what was named cannot be a source.
        """
        ...


@runtime_checkable
class AcknowledgedSource(PacketSource, Protocol):
    """A source that can be asked again for what was not acknowledged, after a crash too.

    It can wait for a slow reader: what it does not give yet is kept elsewhere.
    """

    def acknowledge(self, n_packets: int) -> None:
        """Note that the first packets, of all that ``packets`` has yielded, are safe on a disk.

        May be called from any thread. Whoever means to acknowledge says so by 0 before the first
        packet; without that a packet counts as safe some time after it was yielded.
        """
        ...


@runtime_checkable
class ReportingSource(PacketSource, Protocol):
    """A live source that says when nothing can come from it."""

    @property
    def problem(self) -> str:
        """Why nothing comes, in words; empty while all is well. May be read from any thread."""
        ...
