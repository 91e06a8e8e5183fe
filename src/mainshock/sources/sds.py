"""Waveforms from an archive in the SeisComP data structure (SDS)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from mainshock.core.errors import SourceError
from mainshock.core.records import Waveform
from mainshock.core.times import require_utc
from mainshock.sources.archive_stores import ArchiveStore, LocalStore
from mainshock.sources.base import SkippedInput
from mainshock.sources.file_search import find_files, find_sds_root
from mainshock.sources.fragments import NANOSECONDS, InstrumentKey, TimeWindow, ns_from_datetime
from mainshock.sources.miniseed_records import RecordDamageError, record_header, split_records
from mainshock.sources.station_pieces import DAY_NS, SkippedList, StationPiece, load_piece

__all__ = ["SdsSource", "day_number", "days_without_file", "reaches_day"]

T = TypeVar("T")

_FILE_NAME = re.compile(
    r"(?P<network>[A-Za-z0-9]*)\.(?P<station>[A-Za-z0-9-]+)\.(?P<location>[A-Za-z0-9-]*)\."
    r"(?P<channel>[A-Za-z0-9]+)\.D\.(?P<year>\d{4})\.(?P<day>\d{3})"
)
_ALL = ("*",)
_EDGE_BYTES = 1 << 16  # room for the longest records that archives have


class SdsSource:
    """Waveforms of an SDS archive, one day of one instrument at a time.

    Parameters
    ----------
    root
        A folder with ``YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DOY`` below it, or a folder
        whose ``sds`` is such a root.
    start, end
        Read only samples from ``start`` up to, not including, ``end`` (UTC).
    networks, stations
        Patterns such as ``"U?"`` or ``"PB*"``; a record must match one of each.
    max_gap_s
        A longer gap ends a waveform and starts the next one.

    Attributes
    ----------
    skipped
        After an iteration: the files and channels that could not be used, with the reason.

    Raises
    ------
    SourceError
        If the folder does not exist or is no SDS archive.
    RecordError
        If ``start`` or ``end`` carries no time zone.

    Notes
    -----
    A waveform ends at midnight UTC. The files of the days before and after are looked into as
    well, because records that span midnight lie in one of the two. So a day has waveforms even
    without a file, where the first or last records of a file beside it reach there.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        networks: Sequence[str] = _ALL,
        stations: Sequence[str] = _ALL,
        max_gap_s: float = 60.0,
    ) -> None:
        found = find_sds_root(Path(root))
        if found is None:
            raise SourceError(
                f"{root} is no SDS archive; its folders must be YEAR/NET/STA/CHAN.D, or lie so "
                "in a folder sds inside it"
            )
        self.root = found
        self.start_ns = None if start is None else ns_from_datetime(require_utc(start, "start"))
        self.end_ns = None if end is None else ns_from_datetime(require_utc(end, "end"))
        self.networks = tuple(networks)
        self.stations = tuple(stations)
        self.max_gap_s = max_gap_s
        self.skipped: list[SkippedInput] = []
        self._unusable = SkippedList()
        self._pieces = self._find_pieces()

    def __len__(self) -> int:
        """Return the number of days of instruments that will be looked at."""
        return len(self._pieces)

    def __iter__(self) -> Iterator[Waveform]:
        """Yield the waveforms in order of station, instrument and time."""
        skipped = SkippedList(self._unusable)
        self.skipped = skipped
        for piece in self._pieces:
            yield from load_piece(piece, skipped, self.max_gap_s)

    def _find_pieces(self) -> list[StationPiece]:
        files: dict[InstrumentKey, dict[int, list[Path]]] = {}
        for path in find_files(self.root):
            match = _FILE_NAME.fullmatch(path.name)
            if match is None:
                self._unusable.add([SkippedInput(str(path), "not a file name of an SDS archive")])
                continue
            if not self._is_chosen(match["network"], match["station"]):
                continue
            location = match["location"].replace("--", "")
            key = (match["network"], match["station"], location, match["channel"][:-1])
            day = day_number(int(match["year"]), int(match["day"]))
            files.setdefault(key, {}).setdefault(day, []).append(path)
        pieces: list[StationPiece] = []
        for key in sorted(files):
            without_file = days_without_file(files[key], self._has_window, self._reaches)
            for day in sorted({*files[key], *without_file}):
                window = self._window(day)
                if window is not None:
                    beside = (files[key].get(day + step, []) for step in (-1, 0, 1))
                    paths = tuple(path for found in beside for path in found)
                    pieces.append(StationPiece(key, paths, window))
        return pieces

    def _has_window(self, day: int) -> bool:
        return self._window(day) is not None

    def _reaches(self, path: Path, day: int, beside: int) -> bool:
        try:
            name, size = path.relative_to(self.root).as_posix(), path.stat().st_size
        except OSError:  # the day of the file itself tells of it
            return False
        return reaches_day(LocalStore(self.root), name, size, day, beside)

    def _is_chosen(self, network: str, station: str) -> bool:
        return any(fnmatchcase(network, one) for one in self.networks) and any(
            fnmatchcase(station, one) for one in self.stations
        )

    def _window(self, day: int) -> TimeWindow | None:
        """Return the part of a day that was asked for, or None."""
        first = day * DAY_NS if self.start_ns is None else max(day * DAY_NS, self.start_ns)
        past_last = (day + 1) * DAY_NS
        past_last = past_last if self.end_ns is None else min(past_last, self.end_ns)
        return TimeWindow(first, past_last) if first < past_last else None


def day_number(year: int, day_of_year: int) -> int:
    """Return days since 1970."""
    date = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day_of_year - 1)
    return ns_from_datetime(date) // DAY_NS


def days_without_file(
    days: Mapping[int, Sequence[T]],
    is_wanted: Callable[[int], bool],
    reaches: Callable[[T, int, int], bool],
) -> set[int]:
    """Return the days that have no file, and into which a file of a day beside them reaches.

    Parameters
    ----------
    days
        Day since 1970 to its files.
    is_wanted
        Whether a day is wanted; for others no file is looked into.
    reaches
        Whether a file of the first day has samples of the second one.
    """
    return {
        beside
        for day, files in days.items()
        for beside in (day - 1, day + 1)
        if beside not in days
        and is_wanted(beside)
        and any(reaches(file, day, beside) for file in files)
    }


def reaches_day(store: ArchiveStore, path: str, size: int, day: int, beside: int) -> bool:
    """Return whether the file of a day has a record that goes on in the day before or after it.

    Parameters
    ----------
    store, path, size
        Where the file lies, and its bytes.
    day
        That of the file, days since 1970.
    beside
        The other day.

    Notes
    -----
    Only the first, or the last, 64 KiB are read, so records in disorder may be missed. A file that
    cannot be read, or is not miniSEED, reaches nowhere.
    """
    first = max(size - _EDGE_BYTES, 0) if beside > day else 0
    try:
        edge = store.read_part(path, first, first + _EDGE_BYTES)
    except SourceError:  # whoever reads the day of the file tells of it
        return False
    return any(_has_samples(record, beside) for record in split_records(edge))


def _has_samples(record: bytes, day: int) -> bool:
    """Return whether a record has two samples or more in a day; files may end with midnight's."""
    try:
        header = record_header(record)
    except RecordDamageError:
        return False
    interval_ns = round(NANOSECONDS / header.sampling_rate_hz)
    first_ns = max(header.start_ns, day * DAY_NS)
    last_ns = min(header.end_ns - interval_ns, (day + 1) * DAY_NS - 1)
    return last_ns - first_ns >= interval_ns
