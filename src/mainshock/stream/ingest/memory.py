"""What a channel remembers of its samples: the last seconds in full, longer ago by checksum."""

from bisect import bisect_right
from zlib import crc32

import numpy as np

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.stream.ingest.timeline import SampleRange, same_rate

__all__ = ["RecentSamples", "RecordMarks", "checksum"]


def checksum(fragment: Fragment) -> int:
    """Return a number that differs between records with different samples."""
    return crc32(np.ascontiguousarray(fragment.samples))


class RecentSamples:
    """The last samples of a channel, each stretch at its own time.

    Parameters
    ----------
    length_s
        How much is kept before the newest sample.
    """

    def __init__(self, length_s: float) -> None:
        self._length_ns = round(length_s * NANOSECONDS)
        self._starts: list[int] = []
        self._pieces: list[Fragment] = []

    @property
    def n_bytes(self) -> int:
        """Bytes of all samples that are kept."""
        return sum(piece.samples.nbytes for piece in self._pieces)

    def put(self, piece: Fragment) -> None:
        """Keep samples that were not there yet; forget what is too old."""
        start_ns = piece.header.start_ns
        if self._starts and start_ns < self._starts[-1]:
            at = bisect_right(self._starts, start_ns)
        else:
            at = len(self._starts)
        self._starts.insert(at, start_ns)
        self._pieces.insert(at, piece)
        oldest_ns = self._pieces[-1].header.end_ns - self._length_ns
        while len(self._pieces) > 1 and self._pieces[0].header.end_ns < oldest_ns:
            del self._starts[0], self._pieces[0]

    def differ(self, fragment: Fragment, covered: list[SampleRange]) -> bool | None:
        """Return whether some of a record's covered samples have other values here.

        None: none do, but some are not kept any more.
        """
        header = fragment.header
        rate = header.sampling_rate_hz / NANOSECONDS
        at = max(0, bisect_right(self._starts, header.start_ns) - 1)
        n_compared = 0
        for piece in self._pieces[at:]:
            if piece.header.start_ns >= header.end_ns:
                break
            offset = round((piece.header.start_ns - header.start_ns) * rate)
            past_piece = offset + piece.samples.size
            is_same_rate = same_rate(piece.header.sampling_rate_hz, header.sampling_rate_hz)
            for first, past_last in covered:
                low, high = max(first, offset), min(past_last, past_piece)
                if low >= high:
                    continue
                there = piece.samples[low - offset : high - offset]
                if not (is_same_rate and np.array_equal(fragment.samples[low:high], there)):
                    return True
                n_compared += high - low
        return False if n_compared >= sum(end - start for start, end in covered) else None


class RecordMarks:
    """The start and checksum of the last records of a channel.

    Parameters
    ----------
    n_records
        How many are remembered: 4096 records of 4 s are 4.5 hours.
    """

    def __init__(self, n_records: int = 4096) -> None:
        # written to at once, so that a channel takes no more later
        self._starts = np.full(n_records, -1, dtype=np.int64)
        self._checksums = np.full(n_records, 1, dtype=np.uint32)
        self._n = 0

    def add(self, header: FragmentHeader, number: int) -> None:
        """Remember a record by its checksum."""
        place = self._n % self._starts.size
        self._starts[place] = header.start_ns
        self._checksums[place] = number
        self._n += 1

    def has(self, header: FragmentHeader, number: int) -> bool:
        """Return whether the same record was added before."""
        found = self._starts == header.start_ns
        return bool((self._checksums[found] == number).any())
