"""Waveforms from an archive in the SeisComP data structure (SDS)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.records import Waveform
from mainshock.core.times import require_utc
from mainshock.sources.base import SkippedInput
from mainshock.sources.file_search import find_files, find_sds_root
from mainshock.sources.fragments import InstrumentKey, TimeWindow, ns_from_datetime
from mainshock.sources.station_pieces import DAY_NS, SkippedList, StationPiece, load_piece

__all__ = ["SdsSource"]

_FILE_NAME = re.compile(
    r"(?P<network>[A-Za-z0-9]*)\.(?P<station>[A-Za-z0-9-]+)\.(?P<location>[A-Za-z0-9-]*)\."
    r"(?P<channel>[A-Za-z0-9]+)\.D\.(?P<year>\d{4})\.(?P<day>\d{3})"
)
_ALL = ("*",)


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
    well, because records that span midnight lie in one of the two.
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
            day = _day_number(int(match["year"]), int(match["day"]))
            files.setdefault(key, {}).setdefault(day, []).append(path)
        pieces: list[StationPiece] = []
        for key in sorted(files):
            for day in sorted(files[key]):
                window = self._window(day)
                if window is not None:
                    beside = (files[key].get(day + step, []) for step in (-1, 0, 1))
                    paths = tuple(path for found in beside for path in found)
                    pieces.append(StationPiece(key, paths, window))
        return pieces

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


def _day_number(year: int, day_of_year: int) -> int:
    """Return days since 1970."""
    date = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day_of_year - 1)
    return ns_from_datetime(date) // DAY_NS
