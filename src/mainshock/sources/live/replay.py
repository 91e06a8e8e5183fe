"""Plays an archive back as if its records came in now."""

import heapq
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.core.errors import NothingFoundError, SourceError
from mainshock.sources.file_search import find_files, find_sds_root
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, ns_from_datetime
from mainshock.sources.live.base import Pace, SourceSettings
from mainshock.sources.live.record_files import records_in_order
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["ReplaySource", "open_replay"]

_DAY_NS = 86_400 * NANOSECONDS
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class _DayFile:
    start_ns: int  # midnight of its day
    path: Path

    @property
    def plausible(self) -> TimeWindow:
        """A record may span midnight, so the days beside it count."""
        return TimeWindow(self.start_ns - _DAY_NS, self.start_ns + 2 * _DAY_NS)


class ReplaySource:
    """Records of an SDS archive in the order in which they would have arrived.

    Parameters
    ----------
    folder
        An SDS root, or a folder whose ``sds`` is one; beside it ``stations.csv`` or
        ``stations.xml``.
    settings
        Speed, start, end and stations.
    name
        How logs call it.

    Raises
    ------
    SourceError
        If there is no such archive.
    NothingFoundError
        If no file lies between start and end.

    Notes
    -----
    A record arrives when its last sample was taken, so packets carry the same times in every
    replay. Files are read day by day, a piece at a time: a replay needs about 0.1 MB for each
    channel, however long the archive is.
    """

    is_live = False
    is_synthetic = False
    label = "replay of archived records"

    def __init__(self, folder: str | Path, settings: SourceSettings, name: str = "") -> None:
        self.folder = Path(folder)
        root = find_sds_root(self.folder) if self.folder.is_dir() else None
        if root is None:
            raise SourceError(
                f"{folder} is no SDS archive; its folders must be YEAR/NET/STA/CHAN.D, or lie so "
                "in a folder sds inside it"
            )
        self.root = root
        self.settings = settings
        self.name = name or f"replay:{folder}"
        self._files = sorted(self._day_files())
        if not self._files:
            raise NothingFoundError(
                f"{root} holds no file of the time and stations asked for; look at start, end and "
                f"the patterns {', '.join(settings.stations)}"
            )

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield the records, each no earlier than its time has come."""
        pace = Pace(self.settings.speed, self.settings.timing)
        for arrival_ns, record in self._merged():
            if not pace.wait_for(arrival_ns, stop):
                return
            yield Packet(record, arrival_ns, self.name)

    def stations(self) -> "StationList | None":
        """Return the stations of ``stations.csv`` or, without it, of ``stations.xml``."""
        from mainshock.sources.stations import read_stations  # noqa: PLC0415  pandas, ObsPy

        path = self._beside("stations.csv") or self._beside("stations.xml")
        return None if path is None else read_stations(path)

    def inventory(self) -> "Inventory | None":
        """Return the instrument responses of ``stations.xml``, where there is one."""
        from mainshock.sources.stations import read_inventory  # noqa: PLC0415  pandas, ObsPy

        path = self._beside("stations.xml")
        return None if path is None else read_inventory(path)

    def _beside(self, name: str) -> Path | None:
        folders = [self.folder, self.root]
        if self.root.name == "sds":
            folders.append(self.root.parent)
        return next((folder / name for folder in folders if (folder / name).is_file()), None)

    def _day_files(self) -> Iterator[_DayFile]:
        window = self.settings.window()
        for path in find_files(self.root):
            parts = path.name.split(".")
            day_ns = _midnight_ns(parts)
            if day_ns is None:
                if path.suffix not in (".csv", ".xml"):
                    _log.warning("%s is passed over: not a file name of an SDS archive", path)
            elif self.settings.wants(parts[0], parts[1]):
                file = _DayFile(day_ns, path)
                may_hold = file.plausible
                if may_hold.end_ns > window.start_ns and may_hold.start_ns < window.end_ns:
                    yield file

    def _merged(self) -> Iterator[tuple[int, bytes]]:
        """Yield the records of all files; a file is opened when its day begins."""
        window = self.settings.window()
        pending = deque(enumerate(self._files))
        # the number of the file decides between equal times, so that the order is always the same
        active: list[tuple[int, int, bytes, Iterator[tuple[int, bytes]]]] = []
        latest_ns = -(2**63)
        while pending or active:
            while pending and (not active or pending[0][1].start_ns <= active[0][0]):
                number, file = pending.popleft()
                records = records_in_order(file.path, window, file.plausible)
                first = next(records, None)
                if first is not None:
                    heapq.heappush(active, (first[0], number, first[1], records))
            if not active:
                continue
            end_ns, number, record, records = active[0]
            latest_ns = max(latest_ns, end_ns)
            yield latest_ns, record
            following = next(records, None)
            if following is None:
                heapq.heappop(active)
            else:
                heapq.heapreplace(active, (following[0], number, following[1], records))


def _midnight_ns(parts: list[str]) -> int | None:
    """Return the day of ``NET.STA.LOC.CHA.D.YEAR.DAY``, or None for another name."""
    if len(parts) != 7 or parts[4] != "D":
        return None
    try:
        day = datetime.strptime(f"{parts[5]} {parts[6]}", "%Y %j").replace(tzinfo=UTC)
    except ValueError:
        return None
    return ns_from_datetime(day)


def open_replay(rest: str, settings: SourceSettings) -> ReplaySource:
    """Return the replay of ``replay:PATH``."""
    return ReplaySource(rest, settings, f"replay:{rest}")
