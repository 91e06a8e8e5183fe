"""What an archive holds when: days by the names of its files, spans by the headers of records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from pymseed import MiniSEEDError, MS3TraceList, nslc2sourceid, nstime2timestr

from mainshock.core.errors import DataError
from mainshock.serve.archive_traces import day_files
from mainshock.sources.file_search import find_files
from mainshock.sources.fragments import NANOSECONDS, TimeWindow

__all__ = ["ChannelSpans", "archived_days", "archived_spans"]

_MOST_FILES = 200_000
_MOST_READ = 600
_TOLERANCE = 0.5  # of a sample: less is no gap
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ChannelSpans:
    """When there is something of a channel.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CHA``.
    spans
        Start and end, nanoseconds since 1970, in order; between them are gaps.
    n_bytes
        Size of the files of these days.
    """

    trace_id: str
    spans: tuple[Span, ...]
    n_bytes: int


def archived_days(archive: Path) -> dict[str, list[str]]:
    """Return the days, ``YYYY-MM-DD`` in order, that an SDS archive has files of, by trace.

    Notes
    -----
    Only names of files are looked at, at most 200,000 of them.
    """
    found: dict[str, set[str]] = defaultdict(set)
    if not archive.is_dir():
        return {}
    for path in islice(find_files(archive), _MOST_FILES):
        parts = path.name.split(".")
        if len(parts) != 7 or parts[4] != "D":
            continue
        try:
            day = datetime.strptime(f"{parts[5]} {parts[6]}", "%Y %j").replace(tzinfo=UTC)
        except ValueError:
            continue
        found[".".join(parts[:4])].add(f"{day:%Y-%m-%d}")
    return {trace: sorted(days) for trace, days in sorted(found.items())}


def archived_spans(
    archive: Path, traces: Iterable[str], window: TimeWindow, pattern: str = "*"
) -> list[ChannelSpans]:
    """Return when there is something of channels in a time window, with the gaps between.

    Parameters
    ----------
    traces
        ``NET.STA.LOC.CHA`` of each channel to look at.
    pattern
        Of ``NET.STA``, such as ``"BW.UH*"``.

    Raises
    ------
    DataError
        If more than 600 files would have to be read.

    Notes
    -----
    Only headers of records are read. A file that cannot be read counts as absent.
    """
    wanted = [one for one in traces if fnmatchcase(".".join(one.split(".")[:2]), pattern)]
    files = {
        one: [path for path in day_files(archive, one, window) if path.is_file()] for one in wanted
    }
    n_files = sum(len(paths) for paths in files.values())
    if n_files > _MOST_READ:
        raise DataError(
            f"{n_files} files would have to be read, the limit is {_MOST_READ}; ask for a shorter "
            "time, or for the stations of one pattern"
        )
    return [_spans_of(one, paths, window) for one, paths in files.items() if paths]


def _spans_of(trace_id: str, paths: list[Path], window: TimeWindow) -> ChannelSpans:
    spans: list[Span] = []
    sample_ns = 0.0
    for path in paths:
        found, length_ns = _scan(path, trace_id, window)
        spans += found
        sample_ns = max(sample_ns, length_ns)
    joined: list[Span] = []
    for start_ns, end_ns in sorted(spans):
        if joined and start_ns - joined[-1][1] <= _TOLERANCE * sample_ns:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
        else:
            joined.append((start_ns, end_ns))
    inside = [(max(a, window.start_ns), min(b, window.end_ns)) for a, b in joined]
    own = _day_names(window)
    n_bytes = sum(path.stat().st_size for path in paths if path.name[-8:] in own)
    return ChannelSpans(trace_id, tuple(one for one in inside if one[0] < one[1]), n_bytes)


def _day_names(window: TimeWindow) -> set[str]:
    day = datetime.fromtimestamp(window.start_ns // NANOSECONDS, UTC)
    names = set()
    while day.timestamp() * NANOSECONDS < window.end_ns:
        names.add(f"{day:%Y.%j}")
        day = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    return names


def _scan(path: Path, trace_id: str, window: TimeWindow) -> tuple[list[Span], float]:
    """Return the spans of a channel in a file, and the length of a sample."""
    traces = MS3TraceList()
    try:
        traces.add_file(
            path,
            skip_not_data=True,
            validate_crc=False,
            starttime=nstime2timestr(window.start_ns),
            endtime=nstime2timestr(window.end_ns),
        )
    except MiniSEEDError:
        return [], 0.0
    source_id = nslc2sourceid(*trace_id.split("."))
    spans: list[Span] = []
    sample_ns = 0.0
    for trace in traces:
        if trace.sourceid.replace("--", "") != source_id:
            continue
        for segment in trace:
            if segment.samprate > 0.0:
                length_ns = NANOSECONDS / segment.samprate
                sample_ns = max(sample_ns, length_ns)
                spans.append((segment.starttime, segment.endtime + round(length_ns)))
    return spans, sample_ns
