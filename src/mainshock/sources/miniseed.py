"""Reads miniSEED quickly, and saves what can be saved from damaged files."""

import struct
from pathlib import Path
from typing import Any, BinaryIO

from pymseed import MiniSEEDError, MS3RecordReader, MS3TraceList, nstime2timestr, sourceid2nslc

from mainshock.sources.fragments import Fragment, FragmentHeader, InstrumentKey, TimeWindow

__all__ = ["is_miniseed", "read_miniseed", "scan_miniseed"]

_RECORD_TYPES = b"DRQM"
_NUMBERS = frozenset("ifd")
_HEAD = 512
_SHORTEST_RECORD = 64
_LENGTH_BLOCKETTE = 1000


def is_miniseed(path: Path) -> bool:
    """Return whether a file begins like miniSEED 2 or 3.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(8)
    if len(head) < 8:
        return False
    is_version_2 = head[:6].strip().isdigit() and head[6] in _RECORD_TYPES and head[7] in b" \0"
    return is_version_2 or head[:3] == b"MS\x03"


def _codes(source_id: str) -> tuple[str, str, str, str]:
    network, station, location, channel = sourceid2nslc(source_id)
    # a channel of fewer than three letters comes back filled with underscores
    return network.strip(), station.strip(), location.strip(), channel.strip("_ ")


def _selection(key: InstrumentKey | None, window: TimeWindow | None) -> dict[str, str]:
    """Return the arguments that make the reader pass over records nobody asked for."""
    chosen: dict[str, str] = {}
    if key is not None:
        chosen["sourceid"] = f"FDSN:{key[0]}_{key[1]}_{key[2]}_*"
    if window is not None:
        chosen["starttime"] = nstime2timestr(window.start_ns)
        chosen["endtime"] = nstime2timestr(window.end_ns)
    return chosen


def _header(codes: tuple[str, str, str, str], segment: Any) -> FragmentHeader:  # untyped library
    return FragmentHeader(
        *codes, int(segment.starttime), float(segment.samprate), int(segment.samplecnt)
    )


def scan_miniseed(path: Path) -> list[FragmentHeader]:
    """Return what a miniSEED file holds, from its record headers alone.

    Bytes that are no records are passed over; ``read_miniseed`` tells of them.

    Raises
    ------
    OSError, pymseed.MiniSEEDError
        If the file cannot be read, or holds no record at all.
    """
    traces = MS3TraceList()
    traces.add_file(path, skip_not_data=True)
    headers = [_header(_codes(trace.sourceid), part) for trace in traces for part in trace]
    return [header for header in headers if header.n_samples > 0]


def read_miniseed(
    path: Path, key: InstrumentKey | None = None, window: TimeWindow | None = None
) -> tuple[list[Fragment], str]:
    """Return the fragments in a miniSEED file, and what was wrong with it.

    Parameters
    ----------
    path
        The file.
    key
        Read only this instrument.
    window
        Read only records that touch this window (they are not trimmed to it).

    Returns
    -------
    list of Fragment, str
        The text is empty for a sound file.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    traces = MS3TraceList()
    try:
        traces.add_file(path, unpack_data=True, **_selection(key, window))
    except MiniSEEDError as error:
        return _salvage(path, key, window, " ".join(str(error).split()))
    fragments: list[Fragment] = []
    for trace in traces:
        codes = _codes(trace.sourceid)
        for part in trace:
            header = _header(codes, part)
            if part.sampletype in _NUMBERS and _is_wanted(header, key):
                # the array takes the buffer over, so it outlives the list
                fragments.append(Fragment(header, part.take_np_datasamples()))
    return fragments, _cut_tail(path)


def _cut_tail(path: Path) -> str:
    """Return what is lost where a file ends inside a record, or an empty text.

    The reader stops there without a word. A file whose last record starts where records as long
    as the first one put it is sound; only otherwise each record is visited.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = _record_length(stream, 0)
        if length and size % length == 0 and _record_length(stream, size - length) == length:
            return ""
        position = 0
        while position < size:
            length = _record_length(stream, position)
            if length == 0 and size - position >= _SHORTEST_RECORD:
                return ""  # bytes that are no record: not for this test to judge
            if length == 0 or position + length > size:
                lost = size - position
                return f"file ends inside a record: its last {lost} bytes could not be used"
            position += length
    return ""


def _record_length(stream: BinaryIO, position: int) -> int:
    """Return the length in bytes that the record at a position states, or 0 for no record."""
    stream.seek(position)
    head = stream.read(_HEAD)
    if head[:3] == b"MS\x03" and len(head) >= 40:
        n_id, n_extra, n_data = struct.unpack_from("<BHI", head, 33)
        return int(40 + n_id + n_extra + n_data)
    if len(head) < _SHORTEST_RECORD or head[6] not in _RECORD_TYPES:
        return 0
    order = ">" if 1900 <= struct.unpack_from(">H", head, 20)[0] <= 2100 else "<"
    offset = struct.unpack_from(f"{order}H", head, 46)[0]
    while 48 <= offset <= len(head) - 8:
        kind, following = struct.unpack_from(f"{order}HH", head, offset)
        if kind == _LENGTH_BLOCKETTE:
            return 1 << head[offset + 6] if 6 <= head[offset + 6] <= 20 else 0
        if following <= offset:
            break
        offset = following
    return 0


def _is_wanted(header: FragmentHeader, key: InstrumentKey | None) -> bool:
    return key is None or header.key == key


def _salvage(
    path: Path, key: InstrumentKey | None, window: TimeWindow | None, reason: str
) -> tuple[list[Fragment], str]:
    """Return the records of a damaged file that still decode, one fragment each."""
    fragments: list[Fragment] = []
    n_bad = 0
    try:
        with MS3RecordReader(path, unpack_data=False, skip_not_data=True) as records:
            for record in records:
                header = FragmentHeader(
                    *_codes(record.sourceid),
                    int(record.starttime),
                    float(record.samprate),
                    int(record.samplecnt),
                )
                if not _is_wanted(header, key) or not _touches(header, window):
                    continue
                try:
                    record.unpack_data()
                except MiniSEEDError:
                    n_bad += 1
                    continue
                if record.sampletype in _NUMBERS:
                    fragments.append(Fragment(header, record.np_datasamples.copy()))
    except MiniSEEDError as error:
        reason = " ".join(str(error).split())
    if not fragments:
        return [], reason
    lost = f"{n_bad} records do not decode" if n_bad else "bytes between the records are no data"
    return fragments, f"file is damaged: {lost}; {len(fragments)} sound records were used"


def _touches(header: FragmentHeader, window: TimeWindow | None) -> bool:
    return window is None or (header.start_ns < window.end_ns and header.end_ns > window.start_ns)
