"""Which stretches of a channel are there."""

from bisect import bisect_left
from dataclasses import dataclass

from mainshock.sources.fragments import NANOSECONDS, FragmentHeader

__all__ = ["SampleRange", "Segment", "Timeline", "same_rate"]

SampleRange = tuple[int, int]
"""Samples of a record from the first up to, not including, the second."""

_SAME_RATE = 1e-4


def same_rate(first_hz: float, second_hz: float) -> bool:
    """Return whether two sampling rates differ by jitter alone."""
    return abs(first_hz - second_hz) <= _SAME_RATE * first_hz


@dataclass(slots=True)
class Segment:
    """Samples of one rate without a break.

    Parameters
    ----------
    start_ns
        Time of the first sample, nanoseconds since 1970.
    end_ns
        Time one sample after the last one, as the last record states it.
    n_samples
        Number of samples.
    sampling_rate_hz
        Samples a second.
    """

    start_ns: int
    end_ns: int
    n_samples: int
    sampling_rate_hz: float

    @property
    def last_sample_ns(self) -> int:
        """Time of the last sample, nanoseconds since 1970."""
        return self.end_ns - round(NANOSECONDS / self.sampling_rate_hz)


class Timeline:
    """The segments of a channel in order of time.

    Records join when their times fit to half a sample and their rates to 1e-4. Each record's own
    time counts, so that a rate that drifts does not add up to a break.

    Parameters
    ----------
    max_segments
        Beyond it the oldest is forgotten.
    """

    def __init__(self, max_segments: int) -> None:
        self.segments: list[Segment] = []
        self.n_forgotten = 0
        self._n_gaps, self._gap_ns = 0, 0
        self._max_segments = max_segments

    @property
    def newest_ns(self) -> int:
        """End of the last segment; 0 where there is none."""
        return self.segments[-1].end_ns if self.segments else 0

    def newest(self, last_ns: int | None = None) -> list[Segment]:
        """Return the segments that begin in the last nanoseconds and the one before; None: all."""
        if last_ns is None:
            return self.segments
        at = bisect_left(self.segments, self.newest_ns - last_ns, key=_start)
        return self.segments[max(0, at - 1) :]

    def continues(self, header: FragmentHeader) -> bool:
        """Return whether a record follows the newest sample without a break."""
        if not self.segments:
            return False
        last = self.segments[-1]
        distance_ns = header.start_ns - last.end_ns
        return abs(distance_ns) * header.sampling_rate_hz < 0.5 * NANOSECONDS and same_rate(
            last.sampling_rate_hz, header.sampling_rate_hz
        )

    def joins(self, header: FragmentHeader, within: float = 0.5) -> bool:
        """Return whether a record starts where a segment ends, or ends where one starts.

        Parameters
        ----------
        within
            How well the times must fit, in samples.
        """
        allowed_ns = within * NANOSECONDS / header.sampling_rate_hz
        at = bisect_left(self.segments, header.start_ns, key=_start)
        return any(
            (
                abs(segment.end_ns - header.start_ns) < allowed_ns
                or abs(segment.start_ns - header.end_ns) < allowed_ns
            )
            and same_rate(segment.sampling_rate_hz, header.sampling_rate_hz)
            for segment in self.segments[max(0, at - 1) : at + 2]
        )

    def covered(self, header: FragmentHeader) -> list[SampleRange]:
        """Return which samples of a record are there already, in order."""
        if header.start_ns >= self.newest_ns:
            return []
        rate = header.sampling_rate_hz / NANOSECONDS
        found: list[SampleRange] = []
        at = max(0, bisect_left(self.segments, header.start_ns, key=_start) - 1)
        for segment in self.segments[at:]:
            if segment.start_ns >= header.end_ns:
                break
            first = max(0, round((segment.start_ns - header.start_ns) * rate))
            past_last = min(header.n_samples, round((segment.end_ns - header.start_ns) * rate))
            if first < past_last:
                found.append((first, past_last))
        return found

    def add(self, start_ns: int, end_ns: int, n_samples: int, sampling_rate_hz: float) -> None:
        """Add samples that are not there yet, and join them to their neighbours."""
        segments = self.segments
        added = Segment(start_ns, end_ns, n_samples, sampling_rate_hz)
        at = bisect_left(segments, start_ns, key=_start)
        self._count_gap(at - 1, -1)
        if at > 0 and _touch(segments[at - 1], added):
            before = segments[at - 1]
            before.end_ns, before.n_samples = end_ns, before.n_samples + n_samples
            at, added = at - 1, before
        else:
            segments.insert(at, added)
            self._count_gap(at - 1, 1)
        if at + 1 < len(segments) and _touch(added, segments[at + 1]):
            after = segments.pop(at + 1)
            added.end_ns = after.end_ns
            added.n_samples += after.n_samples
        else:
            self._count_gap(at, 1)
        if len(segments) > self._max_segments:
            self._count_gap(0, -1)
            del segments[0]
            self.n_forgotten += 1

    def gaps(self) -> tuple[int, float]:
        """Return the number of gaps between segments, and their length in seconds."""
        return self._n_gaps, self._gap_ns / NANOSECONDS

    def _count_gap(self, at: int, sign: int) -> None:
        """Add the gap behind a segment to the totals, or take it away; not one of a jitter."""
        if not 0 <= at < len(self.segments) - 1:
            return
        before, after = self.segments[at], self.segments[at + 1]
        length_ns = after.start_ns - before.end_ns
        if length_ns * before.sampling_rate_hz >= 0.5 * NANOSECONDS:
            self._n_gaps += sign
            self._gap_ns += sign * length_ns


def _start(segment: Segment) -> int:
    return segment.start_ns


def _touch(before: Segment, after: Segment) -> bool:
    distance_ns = abs(after.start_ns - before.end_ns)
    return distance_ns * after.sampling_rate_hz <= 0.5 * NANOSECONDS and same_rate(
        before.sampling_rate_hz, after.sampling_rate_hz
    )
