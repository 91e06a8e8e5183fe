"""How complete an archive's last hour and day are, and what its records say of their clock."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pymseed import MiniSEEDError, MS3TraceList, nslc2sourceid, nstime2timestr

from mainshock.serve.archive_traces import day_files
from mainshock.sources.fragments import NANOSECONDS, TimeWindow

__all__ = ["Coverage", "CoverageCache", "coverage"]

_HOUR_NS = 3600 * NANOSECONDS
_HOURS = 24
_KEPT_NS = 60 * NANOSECONDS
_MOST_KEPT = 5000
_TOLERANCE = 0.5  # of a sample: less is no gap
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an archive holds of one channel in the 24 hours before a time.

    Parameters
    ----------
    hours
        Share of each of the 24 hours that is there, oldest first, 0 to 1; the last one ends at
        the time itself.
    first_ns
        Time of the first sample of these 24 hours, nanoseconds since 1970; None without any.
    n_gaps, gap_s, longest_gap_s
        Gaps between samples of these hours: how many, together and the longest, in seconds.
    clock_quality_percent
        Timing quality that the newest record states (1 to 100), None where it states none.
    """

    hours: tuple[float, ...]
    first_ns: int | None
    n_gaps: int
    gap_s: float
    longest_gap_s: float
    clock_quality_percent: float | None

    @property
    def day(self) -> float:
        """Share of the 24 hours that is there."""
        return sum(self.hours) / len(self.hours)


class CoverageCache:
    """Remembers coverages for a minute of data, since each one reads a day's record headers.

    Parameters
    ----------
    archive
        SDS root.
    """

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._known: dict[str, tuple[int, Coverage]] = {}
        self._lock = threading.Lock()

    def of(self, trace_id: str, end_ns: int) -> Coverage:
        """Return the coverage of a channel in the 24 hours before a time."""
        with self._lock:  # one reader at a time: others want the same
            at_ns, known = self._known.get(trace_id, (0, None))
            if known is not None and 0 <= end_ns - at_ns < _KEPT_NS:
                return known
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            made = coverage(self._archive, trace_id, end_ns)
            self._known[trace_id] = (end_ns, made)
            return made


def coverage(archive: Path, trace_id: str, end_ns: int) -> Coverage:
    """Return what an SDS archive holds of a channel in the 24 hours before a time.

    Parameters
    ----------
    archive
        SDS root.
    trace_id
        ``NET.STA.LOC.CHA``.
    end_ns
        The time, nanoseconds since 1970.

    Notes
    -----
    Only headers of records are read. A file that cannot be read counts as absent.
    """
    window = TimeWindow(end_ns - _HOURS * _HOUR_NS, end_ns)
    spans: list[Span] = []
    newest: tuple[int, float | None] = (0, None)
    sample_ns = 0.0
    for path in day_files(archive, trace_id, window):
        if path.is_file():
            found, latest, length_ns = _scan(path, trace_id, window)
            spans += found
            newest = max(newest, latest, key=lambda one: one[0])
            sample_ns = max(sample_ns, length_ns)
    joined = _joined(spans, _TOLERANCE * sample_ns)
    gaps_s = [(after[0] - before[1]) / NANOSECONDS for before, after in pairwise(joined)]
    return Coverage(
        hours=_shares(joined, window),
        first_ns=max(joined[0][0], window.start_ns) if joined else None,
        n_gaps=len(gaps_s),
        gap_s=sum(gaps_s),
        longest_gap_s=max(gaps_s, default=0.0),
        clock_quality_percent=newest[1],
    )


def _scan(
    path: Path, trace_id: str, window: TimeWindow
) -> tuple[list[Span], tuple[int, float | None], float]:
    """Return the spans in a file, its newest end and that record's quality, a sample's length."""
    traces = MS3TraceList()
    try:
        traces.add_file(
            path,
            record_list=True,
            skip_not_data=True,
            validate_crc=False,
            starttime=nstime2timestr(window.start_ns),
            endtime=nstime2timestr(window.end_ns),
        )
    except MiniSEEDError:
        return [], (0, None), 0.0
    spans: list[Span] = []
    newest: tuple[int, float | None] = (0, None)
    sample_ns = 0.0
    source_id = nslc2sourceid(*trace_id.split("."))
    for trace in traces:
        if trace.sourceid.replace("--", "") != source_id:
            continue
        for segment in trace:
            if segment.samprate <= 0.0:
                continue
            sample_ns = max(sample_ns, NANOSECONDS / segment.samprate)
            past_ns = segment.endtime + round(NANOSECONDS / segment.samprate)
            spans.append((segment.starttime, past_ns))
            if past_ns > newest[0]:
                records = list(segment.recordlist or ())
                newest = (past_ns, _clock_quality(records))
    return spans, newest, sample_ns


def _clock_quality(records: Sequence[object]) -> float | None:
    record = getattr(records[-1], "record", None) if records else None
    if record is None or not record.extra:
        return None
    stated = record.get_extra_header("/FDSN/Time/Quality")
    # 0 stands where a writer knows nothing of its clock
    return float(stated) if isinstance(stated, int | float) and stated > 0 else None


def _joined(spans: Iterable[Span], tolerance_ns: float) -> list[Span]:
    """Return spans in order of time, those that touch or overlap as one."""
    joined: list[Span] = []
    for start_ns, end_ns in sorted(spans):
        if joined and start_ns - joined[-1][1] <= tolerance_ns:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
        else:
            joined.append((start_ns, end_ns))
    return joined


def _shares(spans: Sequence[Span], window: TimeWindow) -> tuple[float, ...]:
    shares = []
    for start_ns in range(window.start_ns, window.end_ns, _HOUR_NS):
        end_ns = start_ns + _HOUR_NS
        held = sum(max(0, min(end_ns, b) - max(start_ns, a)) for a, b in spans)
        shares.append(min(1.0, held / _HOUR_NS))
    return tuple(shares)
