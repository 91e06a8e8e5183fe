"""The latest traces and probability curves of all channels, for whoever shows them live."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoardTrace", "LiveBoard"]

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class BoardTrace:
    """A stretch of one trace: NaN where nothing is known.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CHA``; for curves ``NET.STA.LOC.CH_P`` and ``NET.STA.LOC.CH_S``.
    start_ns
        Time of the first sample, nanoseconds since 1970.
    sampling_rate_hz
        Samples a second.
    samples
        Shape ``(n,)``, float32.
    """

    trace_id: str
    start_ns: int
    sampling_rate_hz: float
    samples: NDArray[np.float32]

    @property
    def end_ns(self) -> int:
        """Time one sample after the last one."""
        return self.start_ns + round(self.samples.size / self.sampling_rate_hz * _NANOSECONDS)


class LiveBoard:
    """Keeps the last seconds of each trace; written by the stages, read by the service.

    Parameters
    ----------
    length_s
        How much of each trace is kept.

    Notes
    -----
    Samples lie in a ring at the place that their time gives them, so that late ones fill their
    gap and an overlap overwrites. All methods may be called from any thread.
    """

    def __init__(self, length_s: float = 120.0) -> None:
        self.length_s = length_s
        self._rings: dict[str, _Ring] = {}
        self._lock = threading.Lock()

    def put(
        self, trace_id: str, start_ns: int, sampling_rate_hz: float, samples: NDArray[np.generic]
    ) -> None:
        """Place samples of a trace; another sampling rate than before starts the trace anew."""
        with self._lock:
            ring = self._rings.get(trace_id)
            if ring is None or ring.rate_hz != sampling_rate_hz:
                ring = _Ring(sampling_rate_hz, max(1, round(self.length_s * sampling_rate_hz)))
                self._rings[trace_id] = ring
            ring.put(start_ns, np.asarray(samples, dtype=np.float32))

    def traces(self) -> list[str]:
        """Return the ids of all traces in alphabetical order."""
        with self._lock:
            return sorted(self._rings)

    def end_ns(self, trace_id: str) -> int | None:
        """Return the time one sample after the newest one, or None for an unknown trace."""
        with self._lock:
            ring = self._rings.get(trace_id)
            return None if ring is None else ring.time_ns(ring.past_last)

    def since(self, trace_id: str, start_ns: int) -> BoardTrace | None:
        """Return the samples from a time to the newest one, or None where there are none."""
        with self._lock:
            ring = self._rings.get(trace_id)
            if ring is None:
                return None
            first, samples = ring.since(start_ns)
            if samples.size == 0:
                return None
            return BoardTrace(trace_id, ring.time_ns(first), ring.rate_hz, samples)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids of all traces."""
        return iter(self.traces())


class _Ring:
    """Samples numbered from 1970 on; number modulo length is their place."""

    def __init__(self, rate_hz: float, length: int) -> None:
        self.rate_hz = rate_hz
        self.samples = np.full(length, np.nan, dtype=np.float32)
        self.past_last = 0

    def time_ns(self, number: int) -> int:
        return round(number / self.rate_hz * _NANOSECONDS)

    def put(self, start_ns: int, samples: NDArray[np.float32]) -> None:
        length = self.samples.size
        first = round(start_ns * self.rate_hz / _NANOSECONDS)
        past_last = first + samples.size
        if past_last > self.past_last:
            n_new = min(past_last - self.past_last, length) if self.past_last else length
            self.samples[np.arange(past_last - n_new, past_last) % length] = np.nan
            self.past_last = past_last
        first_kept = max(first, self.past_last - length)
        if first_kept < past_last:
            self.samples[np.arange(first_kept, past_last) % length] = samples[first_kept - first :]

    def since(self, start_ns: int) -> tuple[int, NDArray[np.float32]]:
        first = -(-start_ns * round(self.rate_hz * 1000) // (_NANOSECONDS * 1000))
        first = max(first, self.past_last - self.samples.size)
        return first, self.samples[np.arange(first, self.past_last) % self.samples.size]
