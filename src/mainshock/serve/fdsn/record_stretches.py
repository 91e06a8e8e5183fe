"""Where the wanted samples lie in the files of an archive, and their bytes.

Records that lie wholly inside the wanted time are passed on as they are. Of a record across its
edge only the samples inside are encoded anew, so that an answer holds exactly the samples between
start and end, both included.
"""

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pymseed import MiniSEEDError, MS3TraceList, nslc2sourceid, nstime2timestr

from mainshock.core.errors import DataError
from mainshock.serve.fdsn.archive_days import ChannelCodes
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader, rate_problem
from mainshock.sources.miniseed_records import decode_record, encode_records

__all__ = ["Stretch", "find_stretches", "longer_than", "longest_of_each", "read_stretch"]

_log = logging.getLogger(__name__)
_CHUNK = 2**18
_SAME_TIME = 5e-8
"""Share of a sample below which two times are the same; ObsPy's slice has this limit."""
_MARGIN_NS = NANOSECONDS
_WIDEST_NS = 2**62
_SHORTEST_RECORD, _LONGEST_RECORD = 128, 2**20


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records of one channel that follow each other in a file and in time, or a part of one.

    Parameters
    ----------
    path, offset, length
        File, first byte and number of bytes.
    trace_id, start_ns, end_ns, sampling_rate_hz
        Channel, time of the first wanted sample, time one sample after the last.
    part
        First sample and the one after the last that are wanted of the one record; None where all
        of all records are.
    """

    path: Path
    offset: int
    length: int
    trace_id: str
    start_ns: int
    end_ns: int
    sampling_rate_hz: float
    part: tuple[int, int] | None = None

    def is_followed_by(self, other: "Stretch") -> bool:
        """Return whether another one goes on where this one ends, to half a sample."""
        return (
            self.trace_id == other.trace_id
            and self.sampling_rate_hz == other.sampling_rate_hz
            and abs(other.start_ns - self.end_ns) * self.sampling_rate_hz < NANOSECONDS / 2
        )


@dataclass(frozen=True, slots=True)
class _Record:
    """Place and header of one record."""

    offset: int
    length: int
    header: FragmentHeader


def find_stretches(path: Path, codes: ChannelCodes, start_ns: int, end_ns: int) -> list[Stretch]:
    """Return what a file holds of a channel between two times, both included, in order of time.

    A record that is not whole yet, because it is being written, is not there; a file that cannot
    be read is told in the log.
    """
    found: list[Stretch] = []
    for record in _records(path, codes, start_ns, end_ns):
        stretch = _wanted(path, record, start_ns, end_ns)
        if stretch is None:
            continue
        if found and _is_one_piece(found[-1], stretch):
            before = found[-1]
            found[-1] = replace(
                before, length=before.length + stretch.length, end_ns=stretch.end_ns
            )
        else:
            found.append(stretch)
    return found


def _is_one_piece(one: Stretch, other: Stretch) -> bool:
    return (
        one.part is None
        and other.part is None
        and one.offset + one.length == other.offset
        and one.is_followed_by(other)
    )


def _records(path: Path, codes: ChannelCodes, start_ns: int, end_ns: int) -> list[_Record]:
    """Return the records near a window from the headers alone, which C code scans."""
    traces = MS3TraceList()
    window: dict[str, str] = {}
    if start_ns > -_WIDEST_NS:
        window["starttime"] = nstime2timestr(start_ns - _MARGIN_NS)
    if end_ns < _WIDEST_NS:
        window["endtime"] = nstime2timestr(end_ns + _MARGIN_NS)
    try:
        traces.add_file(path, record_list=True, skip_not_data=True, validate_crc=False, **window)
    except MiniSEEDError as error:
        if path.is_file() and path.stat().st_size >= _SHORTEST_RECORD:
            _log.warning("%s is left out: %s", path, " ".join(str(error).split()))
        return []
    found: list[_Record] = []
    source_id = nslc2sourceid(*codes)
    for trace in traces:
        if trace.sourceid.replace("--", "") != source_id:
            continue
        for segment in trace:
            for pointer in segment.recordlist or ():
                record = pointer.record
                header = FragmentHeader(*codes, record.starttime, record.samprate, record.samplecnt)
                found.append(_Record(pointer.fileoffset, record.reclen, header))
    found.sort(key=lambda one: (one.header.start_ns, one.offset))
    return found


def _wanted(path: Path, record: _Record, start_ns: int, end_ns: int) -> Stretch | None:
    """Return the part of a record inside a window, or None where no sample is."""
    header = record.header
    if header.n_samples <= 0 or rate_problem(header.sampling_rate_hz):
        return None
    rate = header.sampling_rate_hz / NANOSECONDS
    first = max(0, math.ceil((start_ns - header.start_ns) * rate - _SAME_TIME))
    past_last = min(
        header.n_samples, math.floor((end_ns - header.start_ns) * rate + _SAME_TIME) + 1
    )
    if first >= past_last:
        return None
    is_whole = first == 0 and past_last == header.n_samples
    return Stretch(
        path,
        record.offset,
        record.length,
        header.trace_id,
        header.start_ns + round(first / rate),
        header.start_ns + round(past_last / rate),
        header.sampling_rate_hz,
        None if is_whole else (first, past_last),
    )


def read_stretch(stretch: Stretch) -> Iterator[bytes]:
    """Yield the bytes of a stretch in pieces of bounded size.

    What vanished since it was found, or does not decode, is told in the log and left out.
    """
    try:
        with stretch.path.open("rb") as stream:
            stream.seek(stretch.offset)
            if stretch.part is not None:
                yield from _part(stream.read(stretch.length), stretch.part)
                return
            left = stretch.length
            while left > 0:
                chunk = stream.read(min(left, _CHUNK))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk
    except (OSError, DataError) as error:
        _log.warning("%s, byte %d, is left out: %s", stretch.path, stretch.offset, error)


def _part(payload: bytes, part: tuple[int, int]) -> list[bytes]:
    """Return records with some samples of one record, in its version and quality."""
    whole = decode_record(payload)
    first, past_last = part
    header = whole.header
    offset_ns = round(first / header.sampling_rate_hz * NANOSECONDS)
    inside = Fragment(
        replace(header, start_ns=header.start_ns + offset_ns, n_samples=past_last - first),
        whole.samples[first:past_last],
    )
    if payload[:3] == b"MS\x03":
        return encode_records(inside, min(max(len(payload), 256), _LONGEST_RECORD), version=3)
    length = min(max(len(payload), _SHORTEST_RECORD), _LONGEST_RECORD)
    quality = payload[6:7]  # readers keep records of different quality apart
    return [one[:6] + quality + one[7:] for one in encode_records(inside, length, version=2)]


def longer_than(stretches: Iterable[Stretch], length_s: float) -> list[Stretch]:
    """Return the stretches of continuous segments that last at least so many seconds."""
    return [
        one
        for segment in _segments(stretches)
        if _length_ns(segment) >= length_s * NANOSECONDS
        for one in segment
    ]


def longest_of_each(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches of the longest continuous segment of each channel."""
    longest: dict[str, list[Stretch]] = {}
    for segment in _segments(stretches):
        trace_id = segment[0].trace_id
        if trace_id not in longest or _length_ns(segment) > _length_ns(longest[trace_id]):
            longest[trace_id] = segment
    return [one for segment in longest.values() for one in segment]


def _segments(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    segments: list[list[Stretch]] = []
    for stretch in sorted(stretches, key=lambda one: (one.trace_id, one.start_ns)):
        if segments and segments[-1][-1].is_followed_by(stretch):
            segments[-1].append(stretch)
        else:
            segments.append([stretch])
    return segments


def _length_ns(segment: list[Stretch]) -> int:
    return segment[-1].end_ns - segment[0].start_ns
