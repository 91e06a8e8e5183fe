"""Finds the day files of an SDS archive that may hold what is asked for.

Names that a request states are only compared with the names that the archive has; they never
become part of a path.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mainshock.serve.fdsn.channel_request import ChannelRequest
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime

__all__ = ["ChannelCodes", "channel_days"]

ChannelCodes = tuple[str, str, str, str]
"""Network, station, location and channel."""

_DAY_NS = 86_400 * NANOSECONDS
_YEAR = re.compile(r"\d{4}", re.ASCII)
_CHANNEL_FOLDER = re.compile(r"[A-Za-z0-9]{1,3}\.D", re.ASCII)
_FILE_NAME = re.compile(
    r"[A-Za-z0-9]*\.[A-Za-z0-9-]+\.(?P<location>[A-Za-z0-9-]*)\.(?P<channel>[A-Za-z0-9]+)\.D\."
    r"(?P<year>\d{4})\.(?P<day>\d{3})",
    re.ASCII,
)


def channel_days(root: Path, wanted: ChannelRequest) -> Iterator[tuple[ChannelCodes, list[Path]]]:
    """Yield each channel that is asked for with its files in order of time.

    Parameters
    ----------
    root
        Folder with ``YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DOY`` below it. It may change
        meanwhile; what vanishes is passed over.

    Notes
    -----
    The days before the first and after the last are looked into as well: records that span
    midnight lie in one of the two files.
    """
    found: dict[ChannelCodes, list[tuple[int, Path]]] = {}
    first_day, last_day = wanted.start_ns // _DAY_NS - 1, wanted.end_ns // _DAY_NS + 1
    for folder, network, station in _channel_folders(root, wanted, first_day, last_day):
        for name in _names(folder):
            match = _FILE_NAME.fullmatch(name)
            if match is None or not wanted.has_channel(_location(match), match["channel"]):
                continue
            day = _day_number(int(match["year"]), int(match["day"]))
            if first_day <= day <= last_day:
                key = (network, station, _location(match), match["channel"])
                found.setdefault(key, []).append((day, folder / name))
    for key in sorted(found):
        yield key, [path for _, path in sorted(found[key])]


def _channel_folders(
    root: Path, wanted: ChannelRequest, first_day: int, last_day: int
) -> Iterator[tuple[Path, str, str]]:
    for year in _names(root):
        if _YEAR.fullmatch(year) is None or not _is_near(int(year), first_day, last_day):
            continue
        for network in filter(wanted.has_network, _names(root / year)):
            for station in filter(wanted.has_station, _names(root / year / network)):
                folder = root / year / network / station
                for name in filter(_CHANNEL_FOLDER.fullmatch, _names(folder)):
                    yield folder / name, network, station


def _names(folder: Path) -> list[str]:
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
