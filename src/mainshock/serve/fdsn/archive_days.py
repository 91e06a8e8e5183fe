"""Finds the day files of an SDS archive that may hold what is asked for.

Names that a request states are only compared with the names that the archive has; they never
become part of a path.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mainshock.serve.fdsn.channel_request import ChannelRequest
from mainshock.serve.fdsn.parameters import FdsnError
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime

__all__ = ["MOST_FILES", "ArchiveDays", "ChannelCodes"]

ChannelCodes = tuple[str, str, str, str]
"""Network, station, location and channel."""

MOST_FILES = 6000
"""Day files that one request may have looked at."""
_MOST_COMPARED = 10_000_000
_MOST_KEPT = 200_000
_DAY_NS = 86_400 * NANOSECONDS
_YEAR = re.compile(r"\d{4}", re.ASCII)
_CHANNEL_FOLDER = re.compile(r"[A-Za-z0-9]{1,3}\.D", re.ASCII)
_FILE_NAME = re.compile(
    r"[A-Za-z0-9]*\.[A-Za-z0-9-]+\.(?P<location>[A-Za-z0-9-]*)\.(?P<channel>[A-Za-z0-9]+)\.D\."
    r"(?P<year>\d{4})\.(?P<day>\d{3})",
    re.ASCII,
)


class ArchiveDays:
    """The day files of an SDS archive, for the lines of one request; it bounds what they cost.

    Parameters
    ----------
    root
        Folder with ``YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DOY`` below it. It may change
        meanwhile; what vanishes is passed over. Folders are listed once, up to 200,000 names.
    most_files, most_compared
        Files that the lines together may look at; how often they may compare a name of the archive
        with a pattern.
    """

    def __init__(
        self, root: Path, most_files: int = MOST_FILES, most_compared: int = _MOST_COMPARED
    ) -> None:
        self._root = root
        self._most_files = most_files
        self._most_compared = most_compared
        self._n_files = 0
        self._n_compared = 0
        self._n_listed = 0
        self._listed: dict[Path, list[str]] = {}

    def channels(self, wanted: ChannelRequest) -> list[tuple[ChannelCodes, list[Path]]]:
        """Return each channel that a line asks for with its files in order of time.

        Raises
        ------
        FdsnError
            With status 413 if this line and those before it ask for too many files.

        Notes
        -----
        The days before the first and after the last are looked into as well: records that span
        midnight lie in one of the two files.
        """
        found: dict[ChannelCodes, list[tuple[int, Path]]] = {}
        first_day, last_day = wanted.start_ns // _DAY_NS - 1, wanted.end_ns // _DAY_NS + 1
        n_patterns = len(wanted.locations) + len(wanted.channels)
        for folder, network, station in self._channel_folders(wanted, first_day, last_day):
            for name in self._names(folder, n_patterns):
                match = _FILE_NAME.fullmatch(name)
                if match is None or not wanted.has_channel(_location(match), match["channel"]):
                    continue
                day = _day_number(int(match["year"]), int(match["day"]))
                if first_day <= day <= last_day:
                    key = (network, station, _location(match), match["channel"])
                    found.setdefault(key, []).append((day, folder / name))
                    self._n_files += 1
        if self._n_files > self._most_files:
            raise FdsnError(
                413,
                f"{self._n_files} day files would have to be looked at, the limit is "
                f"{self._most_files}; ask for less time or fewer channels at once",
            )
        return [(key, [path for _, path in sorted(found[key])]) for key in sorted(found)]

    def _channel_folders(
        self, wanted: ChannelRequest, first_day: int, last_day: int
    ) -> Iterator[tuple[Path, str, str]]:
        for year in self._names(self._root):
            if _YEAR.fullmatch(year) is None or not _is_near(int(year), first_day, last_day):
                continue
            in_year = self._root / year
            networks = self._names(in_year, len(wanted.networks))
            for network in filter(wanted.has_network, networks):
                stations = self._names(in_year / network, len(wanted.stations))
                for station in filter(wanted.has_station, stations):
                    folder = in_year / network / station
                    for name in filter(_CHANNEL_FOLDER.fullmatch, self._names(folder)):
                        yield folder / name, network, station

    def _names(self, folder: Path, n_patterns: int = 1) -> list[str]:
        """Return what a folder holds, sorted, which is to be compared with so many patterns."""
        names = self._listed.get(folder)
        if names is None:
            names = _listing(folder)
            self._n_listed += len(names)
            if self._n_listed <= _MOST_KEPT:
                self._listed[folder] = names
        self._n_compared += 1 + len(names) * n_patterns
        if self._n_compared > self._most_compared:
            raise FdsnError(
                413,
                f"over {self._most_compared} names of the archive would have to be compared; send "
                "fewer lines at once, or name networks and stations",
            )
        return names


def _listing(folder: Path) -> list[str]:
    """Return what a folder holds, sorted; nothing where it is none, or not any more."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _location(match: re.Match[str]) -> str:
    return match["location"].replace("--", "")


def _is_near(year: int, first_day: int, last_day: int) -> bool:
    return _day_number(year, 1) <= last_day and _day_number(year, 366) >= first_day


def _day_number(year: int, day_of_year: int) -> int:
    """Return days since 1970."""
    date = datetime(max(year, 1), 1, 1, tzinfo=UTC)
    return ns_from_datetime(date) // _DAY_NS + day_of_year - 1
