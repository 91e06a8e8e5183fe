"""A stretch of a trace from the archive, continued by what the live board holds."""

import numpy as np

from mainshock.serve.archive_traces import ArchivedTrace, read_trace
from mainshock.serve.context import ServiceContext
from mainshock.serve.frames import Bins, min_max_bins
from mainshock.sources.fragments import NANOSECONDS, TimeWindow

__all__ = ["overview_bins", "read_recent"]

_PART_NS = 3600 * NANOSECONDS


def read_recent(
    context: ServiceContext, trace_id: str, window: TimeWindow, most_samples: int
) -> ArchivedTrace | None:
    """Return what is known of a trace in a time window, or None for nothing.

    Parameters
    ----------
    context
        Archive and board.
    trace_id
        ``NET.STA.LOC.CHA``.
    window
        Which samples.
    most_samples
        How many there may be.

    Raises
    ------
    DataError
        If there are more than ``most_samples``, or the sampling rate changes in the window.

    Notes
    -----
    The archive is written behind the live stream, so that the newest seconds are on the board
    alone. Where both know a sample, the board counts.
    """
    archived = read_trace(context.archive, trace_id, window, most_samples)
    live = _on_board(context, trace_id, window)
    if archived is None or live is None:
        return archived or live
    if live.sampling_rate_hz != archived.sampling_rate_hz:
        return archived
    rate = archived.sampling_rate_hz
    place = round((live.start_ns - archived.start_ns) * rate / NANOSECONDS)
    first = min(0, place)
    past_last = max(archived.samples.size, place + live.samples.size)
    joined = np.full(past_last - first, np.nan, dtype=np.float32)
    joined[-first : archived.samples.size - first] = archived.samples
    held = joined[place - first : place - first + live.samples.size]
    known = ~np.isnan(live.samples)
    held[known] = live.samples[known]
    return ArchivedTrace(archived.start_ns + round(first / rate * NANOSECONDS), rate, joined)


def _on_board(context: ServiceContext, trace_id: str, window: TimeWindow) -> ArchivedTrace | None:
    found = None if context.board is None else context.board.since(trace_id, window.start_ns)
    if found is None:
        return None
    length_s = (window.end_ns - found.start_ns) / NANOSECONDS
    inside = found.samples[: max(0, round(length_s * found.sampling_rate_hz))]
    known = np.flatnonzero(~np.isnan(inside))
    if known.size == 0:
        return None
    first = int(known[0])
    start_ns = found.start_ns + round(first / found.sampling_rate_hz * NANOSECONDS)
    return ArchivedTrace(start_ns, found.sampling_rate_hz, inside[first : known[-1] + 1])


def overview_bins(
    context: ServiceContext,
    trace_id: str,
    window: TimeWindow,
    length_ns: int,
    most_samples: int,
) -> Bins:
    """Return the extremes of a long stretch, read hour by hour so that memory stays small.

    Parameters
    ----------
    context
        Archive and board.
    trace_id
        ``NET.STA.LOC.CHA``.
    window
        Which samples; the bins cover all of it, NaN where nothing is known.
    length_ns
        Length of a bin.
    most_samples
        How many an hour may hold.

    Raises
    ------
    DataError
        If an hour holds more, or the sampling rate changes in it.
    """
    first = window.start_ns // length_ns
    n_bins = -(-window.end_ns // length_ns) - first
    extremes = np.full((2, n_bins), np.nan, dtype=np.float32)
    for start_ns in range(window.start_ns, window.end_ns, _PART_NS):
        part = TimeWindow(start_ns, min(start_ns + _PART_NS, window.end_ns))
        found = read_recent(context, trace_id, part, most_samples)
        if found is None:
            continue
        bins = min_max_bins(found.samples, found.start_ns, found.sampling_rate_hz, length_ns)
        skipped = bins.start_ns // length_ns - first
        within = slice(max(0, -skipped), min(bins.minimum.size, n_bins - skipped))
        at = slice(within.start + skipped, within.stop + skipped)
        extremes[0, at] = np.fmin(extremes[0, at], bins.minimum[within])
        extremes[1, at] = np.fmax(extremes[1, at], bins.maximum[within])
    return Bins(first * length_ns, length_ns, extremes[0], extremes[1])
