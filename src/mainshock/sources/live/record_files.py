"""Records of archived files in the order of time, read piece by piece."""

import heapq
import logging
from collections.abc import Iterator
from pathlib import Path

from mainshock.sources.fragments import TimeWindow
from mainshock.sources.miniseed_records import RecordDamageError, record_header, split_records

__all__ = ["records_in_order"]

_CHUNK = 1 << 15
_LONGEST_RECORD = 1 << 20
_LOOK_AHEAD = 32
_UNKNOWN = -(2**63)
_log = logging.getLogger(__name__)


def records_in_order(
    path: Path, wanted: TimeWindow, plausible: TimeWindow
) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a miniSEED file with the time at which each can have arrived.

    Parameters
    ----------
    path
        The file. It is open only while a piece is read.
    wanted
        Records without a sample in this window are left out.
    plausible
        The time that the file can hold.

    Yields
    ------
    int, bytes
        Nanoseconds since 1970, never decreasing: the end of the record. A record that the file
        holds more than 32 places too late, one that ends outside ``plausible`` and one whose
        header is damaged get the time of the one before.

    Notes
    -----
    A file that cannot be read is told in the log and ends there. Bytes that are no record are
    passed over.
    """
    ahead: list[tuple[int, int, bytes]] = []
    newest_ns = latest_ns = _UNKNOWN
    for number, record in enumerate(_whole_records(path)):
        end_ns = _end_ns(record, wanted)
        if end_ns is None:
            continue
        if not plausible.start_ns <= end_ns <= plausible.end_ns:
            end_ns = newest_ns
        newest_ns = max(newest_ns, end_ns)
        heapq.heappush(ahead, (end_ns, number, record))
        if len(ahead) > _LOOK_AHEAD:
            latest_ns = max(latest_ns, _earliest_ns(ahead, plausible))
            yield latest_ns, heapq.heappop(ahead)[2]
    while ahead:
        latest_ns = max(latest_ns, _earliest_ns(ahead, plausible))
        yield latest_ns, heapq.heappop(ahead)[2]


def _earliest_ns(ahead: list[tuple[int, int, bytes]], plausible: TimeWindow) -> int:
    """Return the time of the next record; damaged ones at the beginning come with the first."""
    if ahead[0][0] != _UNKNOWN:
        return ahead[0][0]
    known = (end_ns for end_ns, _, _ in ahead if end_ns != _UNKNOWN)
    return min(known, default=plausible.start_ns)


def _end_ns(record: bytes, wanted: TimeWindow) -> int | None:
    """Return the end of a record, unknown where it is damaged, None if it is not wanted."""
    try:
        header = record_header(record)
    except RecordDamageError:
        return _UNKNOWN
    if header.end_ns <= wanted.start_ns or header.start_ns >= wanted.end_ns:
        return None
    return header.end_ns


def _whole_records(path: Path) -> Iterator[bytes]:
    held = b""
    position = 0
    is_last = False
    while not is_last:
        try:
            with path.open("rb") as stream:
                stream.seek(position)
                chunk = stream.read(_CHUNK)
        except OSError as error:
            _log.warning("%s cannot be read further: %s", path, error)
            return
        is_last = len(chunk) < _CHUNK
        position += len(chunk)
        held += chunk
        used = 0
        for record in split_records(held):
            begin = held.index(record, used)
            if begin > used and not is_last and len(held) - used < _LONGEST_RECORD:
                break  # the bytes before it may be the beginning of a longer record
            yield record
            used = begin + len(record)
        held = held[used:][-_LONGEST_RECORD:]
