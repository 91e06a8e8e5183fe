"""The record of one instrument in a folder of files, read a bounded span at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import NothingFoundError, SettingsError, SourceError
from mainshock.core.records import Waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.components import channel_problem
from mainshock.sources.file_search import find_files, find_sds_root
from mainshock.sources.fragments import FragmentHeader, InstrumentKey, TimeWindow
from mainshock.sources.station_pieces import SkippedList, StationPiece, load_piece
from mainshock.sources.trace_files import scan_fragments

__all__ = ["InstrumentRecord", "find_record"]

Span = tuple[int, int]
Headers = dict[Path, list[FragmentHeader]]
_COMPONENTS = ({"Z", "3"}, {"N", "1"}, {"E", "2"})
_SHOWN = 24
_JOIN_NS = 20_000_000  # stretches of one channel this close are one: clocks jitter


@dataclass(frozen=True, eq=False)
class InstrumentRecord:
    """Where the samples of one instrument lie, known from the headers alone.

    Parameters
    ----------
    key
        Network, station, location and the first letters of the channel.
    headers
        What each file holds of it.
    """

    key: InstrumentKey
    headers: Headers

    @property
    def station_code(self) -> str:
        """``NET.STA``."""
        return f"{self.key[0]}.{self.key[1]}"

    @property
    def name(self) -> str:
        """``NET.STA.LOC.CH``, the channel without its component."""
        return ".".join(self.key)

    @property
    def sampling_rate_hz(self) -> float:
        """The highest rate of its channels."""
        return max(one.sampling_rate_hz for found in self.headers.values() for one in found)

    def complete_spans(self) -> list[Span]:
        """Return the spans with all three components, ``(start, end)`` in ns since 1970."""
        common: list[Span] | None = None
        every = [one for found in self.headers.values() for one in found]
        for letters in _COMPONENTS:
            spans = _union((h.start_ns, h.end_ns) for h in every if h.channel[-1] in letters)
            common = spans if common is None else _intersection(common, spans)
        return common or []

    def read(self, window: TimeWindow, skipped: SkippedList) -> list[Waveform]:
        """Return the waveforms inside a window; each ends at any gap and change of components.

        Only records that touch the window are read. ``skipped`` receives what is damaged.
        """
        paths = tuple(
            path
            for path, found in self.headers.items()
            if any(h.start_ns < window.end_ns and h.end_ns > window.start_ns for h in found)
        )
        if not paths:
            return []
        return list(load_piece(StationPiece(self.key, paths, window), skipped, max_gap_s=0.0))


def _union(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= _JOIN_NS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _intersection(first: list[Span], second: list[Span]) -> list[Span]:
    common: list[Span] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if start < end:
            common.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return common


def find_record(
    folder: Path,
    station: str | None,
    skipped: SkippedList,
    progress: Callable[[str], None] | None = None,
) -> InstrumentRecord:
    """Return the record of one station's instrument in a folder of files or an SDS archive.

    Parameters
    ----------
    folder
        Searched to any depth.
    station
        ``NET.STA``, or None where the folder holds one station only.
    skipped
        Receives files that cannot be read, and instruments that were not chosen: of several at
        the station, the one with the longest record of three components is.
    progress
        Called with each file's name.

    Raises
    ------
    SourceError
        If there is no such folder.
    SettingsError
        If the folder holds several stations and none was named, or not the one that was named.
        If it does not hold the station that was named.
    NothingFoundError
        If the folder holds no record.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder; name one with the station's continuous records")
    index: dict[InstrumentKey, Headers] = {}
    for path in _files(folder, station):
        _scan(path, index, skipped)
        if progress is not None:
            progress(path.name)
    stations = sorted({f"{key[0]}.{key[1]}" for key in index})
    others = stations or (sorted(set(_archived(folder))) if station else [])
    if not stations and (station is None or station in others or not others):
        raise NothingFoundError(f"{folder} holds no waveform file that can be read")
    if station is None and len(stations) > 1:
        raise SettingsError(
            f"{folder} holds {len(stations)} stations ({_listed(stations)}); regions are "
            "learned at one: name it with --station NET.STA"
        )
    wanted = station or next(iter(stations), "")
    records = [
        InstrumentRecord(key, headers)
        for key, headers in sorted(index.items())
        if wanted in (f"{key[0]}.{key[1]}", key[1])
    ]
    if not records:
        raise SettingsError(
            f"{folder} holds no record of {wanted}; name one of its stations with --station: "
            f"{_listed(others)}"
        )
    return _longest(records, skipped)


def _listed(stations: Sequence[str]) -> str:
    more = f" and {len(stations) - _SHOWN} more" if len(stations) > _SHOWN else ""
    return ", ".join(stations[:_SHOWN]) + more


def _archived(folder: Path) -> Iterator[str]:
    """Yield the stations that the folders of an SDS archive are named after."""
    root = find_sds_root(folder)
    for path in find_files(folder) if root is not None else ():
        if root is not None and path.is_relative_to(root):
            parts = path.relative_to(root).parts
            if len(parts) == 5:
                yield f"{parts[1]}.{parts[2]}"


def _files(folder: Path, station: str | None) -> Iterator[Path]:
    """Yield the files to look into; an SDS archive's folders tell those of one station."""
    root = find_sds_root(folder)
    codes = tuple((station or "").split("."))
    for path in find_files(folder):
        if root is not None and len(codes) == 2 and path.is_relative_to(root):
            parts = path.relative_to(root).parts
            if len(parts) == 5 and parts[1:3] != codes:
                continue
        yield path


def _scan(path: Path, index: dict[InstrumentKey, Headers], skipped: SkippedList) -> None:
    try:
        headers = scan_fragments(path)
    except SourceError as error:
        skipped.add([SkippedInput(str(path), str(error))])
        return
    for header in headers:
        problem = channel_problem(header)
        if problem:
            skipped.add([SkippedInput(f"{path}: {header.trace_id}", problem)])
        else:
            index.setdefault(header.key, {}).setdefault(path, []).append(header)


def _longest(records: list[InstrumentRecord], skipped: SkippedList) -> InstrumentRecord:
    def length(record: InstrumentRecord) -> int:
        return sum(end - start for start, end in record.complete_spans())

    best = max(records, key=length)
    skipped.add(
        SkippedInput(record.name, f"{best.name} has the longer record of three components")
        for record in records
        if record is not best
    )
    return best
