"""Records of an SDS archive for time windows that begin before the ring."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from mainshock.core.errors import DataError
from mainshock.serve.seedlink.records import StreamRecord, stream_id
from mainshock.serve.seedlink.ring import RecordRing
from mainshock.serve.seedlink.selection import StationRequest
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.miniseed_records import record_header, split_records

__all__ = ["Archive"]

_DAY_NS = 86_400 * 10**9


class _DayFile(NamedTuple):
    """A day of one stream: in order of day first."""

    day: int
    station_id: str
    stream_id: str
    path: Path


class Archive:
    """Reads time windows out of an SDS archive.

    Parameters
    ----------
    root
        Folder with ``YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DOY`` below it. It may grow
        while it is read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def days(
        self,
        requests: Sequence[StationRequest],
        ring: RecordRing,
        is_wanted: Callable[[str, str], bool],
    ) -> Iterator[list[StreamRecord]]:
        """Yield records older than those of the ring, a day of a stream at a time, in its order.

        What the ring holds at the first step is left out, and what is newer than that: it comes
        through the ring. Reading blocks, so a caller in an event loop steps from a thread.
        """
        held = {(entry.record.key, entry.record.start_ns) for entry in ring.held()}
        newest = {key: span.newest.record.end_ns for key, span in ring.spans().items()}
        for file in self._files(requests):
            key = (file.station_id, file.stream_id)
            if not is_wanted(*key):
                continue
            end_ns = newest.get(key)
            found = [
                record
                for record in _read(file.path, requests)
                if (record.key, record.start_ns) not in held
                and (end_ns is None or record.start_ns < end_ns)
            ]
            found.sort(key=lambda record: record.start_ns)
            yield found

    def _files(self, requests: Sequence[StationRequest]) -> list[_DayFile]:
        """Return the files of all days that a window touches, and of the day before.

        A record that spans midnight lies in the file of the day on which it starts.
        """
        starts = [request.start_ns for request in requests if request.start_ns is not None]
        ends = [request.end_ns for request in requests if request.end_ns is not None]
        first = min(starts) // _DAY_NS - 1
        last = max(ends) // _DAY_NS if len(ends) == len(requests) else None
        files = []
        for path in self._root.glob("*/*/*/*.D/*.D.*"):
            file = _day_file(path)
            if file and file.day >= first and (last is None or file.day <= last):
                files.append(file)
        return sorted(files)


def _day_file(path: Path) -> _DayFile | None:
    parts = path.name.split(".")
    if len(parts) != 7:
        return None
    network, station, location, channel, _, year, day_of_year = parts
    try:
        date = datetime(int(year), 1, 1, tzinfo=UTC) + timedelta(days=int(day_of_year) - 1)
    except (ValueError, OverflowError):
        return None
    stream = stream_id(location.replace("--", ""), channel)
    return _DayFile(ns_from_datetime(date) // _DAY_NS, f"{network}_{station}", stream, path)


def _read(path: Path, requests: Sequence[StationRequest]) -> Iterator[StreamRecord]:
    """Yield the sound records of a file that touch a window."""
    try:
        data = path.read_bytes()
    except OSError:
        return  # taken away since it was listed
    for payload in split_records(data):
        try:
            header = record_header(payload)
        except DataError:
            continue
        if any(
            header.end_ns > (request.start_ns or 0)
            and (request.end_ns is None or header.start_ns < request.end_ns)
            for request in requests
        ):
            yield StreamRecord.read(payload)
