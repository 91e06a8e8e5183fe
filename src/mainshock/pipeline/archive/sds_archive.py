"""Units of an archive in SDS layout, in a folder or in an object store."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mainshock.core.errors import SourceError
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.units import Unit
from mainshock.sources.archive_stores import ArchiveStore, LocalStore, StoredFile
from mainshock.sources.file_search import find_sds_root
from mainshock.sources.sds import day_number, days_without_file, reaches_day

__all__ = ["SdsArchive", "local_sds_store"]

_FILE_NAME = re.compile(
    r"(?P<network>[A-Za-z0-9]*)\.(?P<station>[A-Za-z0-9-]+)\.(?P<location>[A-Za-z0-9-]*)\."
    r"(?P<channel>[A-Za-z0-9]+)\.D\.(?P<year>\d{4})\.(?P<day>\d{3})"
)
_EPOCH = date(1970, 1, 1)
_Station = tuple[str, str]


class SdsArchive:
    """An archive with ``YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DOY`` below its root.

    Parameters
    ----------
    store
        Where the files lie.
    channels
        Patterns of channel codes.

    Notes
    -----
    A unit has the files of the days beside it as well, because records that span midnight lie in
    one of the two.
    """

    def __init__(self, store: ArchiveStore, channels: tuple[str, ...] = ("*",)) -> None:
        self.store = store
        self.channels = channels

    def units(self, selection: Selection) -> list[Unit]:
        """Return the station-days that have samples, in order of station and day.

        Those with a file of their own, and those into which a file of the day beside reaches.

        Raises
        ------
        SourceError
            If the archive cannot be listed.
        """
        stations: dict[_Station, dict[int, list[StoredFile]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for file in self.store.list_files():
            found = self._station_day(file, selection)
            if found is not None:
                stations[found[0]][found[1]].append(file)
        units = [
            unit
            for station, days in stations.items()
            for unit in self._units_of(station, days, selection)
        ]
        return sorted(units, key=lambda unit: (unit.network, unit.station, unit.day))

    def _units_of(
        self, station: _Station, days: dict[int, list[StoredFile]], selection: Selection
    ) -> Iterator[Unit]:
        def is_wanted(day: int) -> bool:
            return selection.has_day(Unit(*station, _date(day)))

        def reaches(file: StoredFile, day: int, beside: int) -> bool:
            return reaches_day(self.store, file.path, file.size, day, beside)

        for day in {*days, *days_without_file(days, is_wanted, reaches)}:
            if is_wanted(day):
                yield _unit(station, day, days)

    @contextmanager
    def files_of(self, unit: Unit) -> Iterator[list[tuple[str, Path]]]:
        """Give the files of a unit for the time of the block: names, and local paths.

        Raises
        ------
        SourceError
            If a file cannot be had.
        """
        with TemporaryDirectory(prefix="mainshock-unit-") as folder:
            yield [(path, self.store.fetch(path, Path(folder))) for path in unit.files]

    def _station_day(self, file: StoredFile, selection: Selection) -> tuple[_Station, int] | None:
        match = _FILE_NAME.fullmatch(file.path.rpartition("/")[2])
        if match is None or not selection.has_station(match["network"], match["station"]):
            return None
        if not any(fnmatchcase(match["channel"], one) for one in self.channels):
            return None
        day = day_number(int(match["year"]), int(match["day"]))
        return (match["network"], match["station"]), day


def local_sds_store(root: str) -> LocalStore:
    """Return the store of an archive in a folder, or in the folder ``sds`` inside it.

    Raises
    ------
    SourceError
        If the folder does not exist or is no SDS archive.
    """
    found = find_sds_root(Path(root))
    if found is None:
        raise SourceError(
            f"{root} is no SDS archive; its folders must be YEAR/NET/STA/CHAN.D, or lie so in a "
            "folder sds inside it"
        )
    return LocalStore(found)


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _unit(station: _Station, day: int, days: dict[int, list[StoredFile]]) -> Unit:
    files = [
        file
        for beside in (day - 1, day, day + 1)
        for file in sorted(days.get(beside, ()), key=lambda one: one.path)
    ]
    told = "\n".join(f"{one.path} {one.size} {one.version}" for one in files)
    stamp = sha256(told.encode()).hexdigest()[:32]
    return Unit(*station, _date(day), tuple(one.path for one in files), stamp)
