"""What the picking stage remembers of one instrument, and what is next to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from mainshock.detect.base import Picker
from mainshock.sources.fragments import datetime_from_ns
from mainshock.stream.picking.pick_versions import OpenPicks
from mainshock.stream.picking.record_buffer import RecordBuffer

__all__ = ["Chunk", "ChunkPlan", "InstrumentState"]

_USUAL_WINDOW_S, _USUAL_STRIDE_S = 30.0, 15.0


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """How a record is cut for the settled picks, in seconds of record.

    Parameters
    ----------
    window_s, stride_s
        Of the picker's own windows along a record.

    Notes
    -----
    A chunk begins where the picker has a window in a batch run, three strides longer than a
    window. Beyond one stride from its ends each of its samples is seen by the same windows as in
    a batch run, so its curves are the same there. The next chunk begins two strides later, and
    its picks count from where those of the chunk before ended: half a stride farther inside.

    Stations that began together would all have a chunk due in the same second. Each waits for a
    turn of its own, so that no early pick waits for hundreds of chunks.
    """

    window_s: float
    stride_s: float

    @classmethod
    def of(cls, picker: Picker) -> "ChunkPlan":
        """Return the plan for a picker; one without windows of its own gets usual ones."""
        window_s = getattr(picker, "window_s", _USUAL_WINDOW_S)
        return cls(window_s, getattr(picker, "stride_s", _USUAL_STRIDE_S))

    @property
    def length_s(self) -> float:
        """Length of a chunk."""
        return self.window_s + 3.0 * self.stride_s

    @property
    def advance_s(self) -> float:
        """From one chunk to the next."""
        return 2.0 * self.stride_s

    @property
    def turns_s(self) -> float:
        """Within which all instruments have their turn."""
        return self.stride_s

    @property
    def trusted_s(self) -> float:
        """Part of a chunk, from its begin, whose picks count."""
        return self.length_s - 1.5 * self.stride_s


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch to be picked as a batch run would, and the part of it whose picks count."""

    start: int
    past_last: int
    trusted_from: int
    trusted_until: int


@dataclass(slots=True, eq=False)
class InstrumentState:
    """One instrument: its record since the last long silence, and the picks still open.

    Parameters
    ----------
    buffer
        Latest samples.
    open_picks
        Picks that are not settled.
    start
        First sample of the record.
    components
        Which components the record has; empty until that is known.
    next_early
        Where the next early window ends.
    next_chunk
        Where the next chunk starts.
    settled_until
        Picks before this sample are settled.
    last_arrival_ns
        When the latest packet arrived.
    longest_s
        Length of the longest record (packet) so far: a component may be as far behind the others,
        because its own is not full yet.
    """

    buffer: RecordBuffer
    open_picks: OpenPicks
    start: int = 0
    components: tuple[int, ...] = ()
    next_early: int = 0
    next_chunk: int = 0
    settled_until: int = 0
    last_arrival_ns: int = 0
    longest_s: float = 0.0
    trace: str = field(default="")

    @property
    def trace_id(self) -> str:
        """``NET.STA.LOC.CH``."""
        return ".".join(self.buffer.key)

    def time_at(self, number: int) -> datetime:
        """Return the time of a sample."""
        return datetime_from_ns(self.buffer.time_ns(number))

    def samples(self, seconds: float) -> int:
        """Return how many samples a time holds."""
        return round(seconds * self.buffer.rate_hz)

    def turn(self, plan: ChunkPlan) -> int:
        """Return how many samples a chunk waits once it is due; always the same."""
        return crc32(self.trace_id.encode()) % max(1, self.samples(plan.turns_s))

    def begin_record(self, start: int, shortest_s: float, components: tuple[int, ...] = ()) -> None:
        """Start anew at a sample: nothing before it belongs to the record."""
        self.start = self.next_chunk = self.settled_until = start
        self.components = components
        self.next_early = start + self.samples(shortest_s)

    def early_ends(self, until: int, stride_s: float) -> Iterator[int]:
        """Yield where the early windows end that are due, and take them as done."""
        stride = self.samples(stride_s)
        while self.next_early <= until:
            yield self.next_early
            self.next_early += stride

    def recut(self, plan: ChunkPlan) -> None:
        """Go on by another plan from where picks are settled, none left out and none twice.

        The next chunk begins where that plan has a window in a batch run, at least a stride before
        the first pick that counts, as far as the record is kept.
        """
        stride = max(1, self.samples(plan.stride_s))
        wanted = max(0, self.settled_until - self.start - stride) // stride
        kept = -(-max(0, self.buffer.first - self.start) // stride)
        last = max(0, self.settled_until - self.start) // stride
        self.next_chunk = self.start + min(max(wanted, kept), last) * stride

    def chunks(self, until: int, plan: ChunkPlan) -> Iterator[Chunk]:
        """Yield the chunks that are due, and take them as done."""
        while self.next_chunk + self.samples(plan.length_s) <= until:
            trusted = self.next_chunk + self.samples(plan.trusted_s)
            chunk = Chunk(
                self.next_chunk,
                self.next_chunk + self.samples(plan.length_s),
                self.settled_until,
                trusted,
            )
            self.next_chunk += self.samples(plan.advance_s)
            self.settled_until = trusted
            yield chunk

    def last_chunk(self, past_last: int) -> Chunk | None:
        """Return the chunk that ends the record, or None where all is settled."""
        if past_last <= self.settled_until:
            return None
        chunk = Chunk(self.next_chunk, past_last, self.settled_until, past_last)
        self.settled_until = past_last
        return chunk
