"""What one live client is still to be told of one trace."""

import numpy as np

from mainshock.serve.frames import bin_length_ns, encode_frame, min_max_bins
from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.board import LiveBoard

__all__ = ["TraceFeed"]

_ROUNDING_NS = 1000
_TURNS_A_SWEEP = 8


class TraceFeed:
    """Gives frames with the bins of a trace that are new or have changed since the last one.

    The last bin of a frame comes again in the next one, since it may not have been full. While
    the window has a gap, all of it comes again every eight turns, since late samples may have
    filled the gap.

    Parameters
    ----------
    length_s
        How much of the past the client shows; never more than the board keeps.
    pixels
        Into how many bins it divides that length.
    phase
        Which of the eight turns sweeps, so that many traces do not sweep in the same one.
    """

    def __init__(
        self, board: LiveBoard, trace_id: str, length_s: float, pixels: int, phase: int = 0
    ) -> None:
        self.trace_id = trace_id
        self._board = board
        self._length_s = length_s
        self._pixels = pixels
        self._turn = phase
        self._is_curve = trace_id.endswith(("_P", "_S"))
        self._window_ns = round(min(length_s, board.length_s) * NANOSECONDS)
        self._bin_ns = 1
        self._end_ns = 0
        self._next_ns = 0
        self._has_gap = False

    def frame(self) -> bytes | None:
        """Return the next frame, or None where there is nothing new."""
        self._turn += 1
        end_ns = self._board.end_ns(self.trace_id)
        if end_ns is None:
            return None
        if end_ns < self._end_ns:  # the trace began anew
            self._next_ns = 0
        is_sweep = self._has_gap and self._turn % _TURNS_A_SWEEP == 0
        if end_ns == self._end_ns and not is_sweep:
            return None
        first_ns = -(-(end_ns - self._window_ns) // self._bin_ns) * self._bin_ns
        is_whole = is_sweep or self._next_ns <= first_ns
        from_ns = first_ns if is_whole else self._next_ns
        return self._bins_from(from_ns, end_ns, is_whole=is_whole)

    def _bins_from(self, from_ns: int, end_ns: int, *, is_whole: bool) -> bytes | None:
        trace = self._board.since(self.trace_id, from_ns - _ROUNDING_NS)
        if trace is None:
            return None
        self._bin_ns = bin_length_ns(self._length_s, self._pixels, trace.sampling_rate_hz)
        bins = min_max_bins(trace.samples, trace.start_ns, trace.sampling_rate_hz, self._bin_ns)
        has_gap = bool(np.isnan(trace.samples).any())
        self._has_gap = has_gap or (self._has_gap and not is_whole)
        self._next_ns = bins.last_start_ns
        self._end_ns = end_ns
        known = bins.from_first_known()
        if known is None:
            return None
        return encode_frame(self.trace_id, known, is_curve=self._is_curve)
