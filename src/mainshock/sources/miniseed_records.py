"""Single miniSEED records as bytes: judged strictly when decoded, exact when encoded.

A stream hands over one record at a time, and a record may be damaged on its way. Version 3 carries
a checksum; version 2 has none, but its Steim compression states the last sample, which a changed
difference misses.
"""

import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pymseed import DataEncoding, MiniSEEDError, MS3Record, nslc2sourceid, sourceid2nslc

from mainshock.core.errors import DataError
from mainshock.sources.fragments import Fragment, FragmentHeader, rate_problem

__all__ = [
    "DamageKind",
    "RecordDamageError",
    "decode_record",
    "encode_records",
    "record_header",
    "split_records",
]

DamageKind = Literal["truncated", "corrupt", "unknown"]
"""``truncated``: fewer bytes than stated; ``corrupt``: what is there cannot be true; ``unknown``: a
sound record without samples of a channel, such as a log."""

_FIXED_2 = 48
_FIXED_3 = 40
_VERSION_3 = b"MS\x03"
_VERSION_2 = re.compile(rb"[0-9 \0]{6}[DRQM][ \0]")
_BEGINNING = re.compile(rb"(?=[0-9 \0]{6}[DRQM][ \0]|MS\x03)")  # overlapping places as well
_LENGTH_BLOCKETTE = 1000
_STEIM = (int(DataEncoding.STEIM1), int(DataEncoding.STEIM2))
_PAYLOAD_SWAPPED = 2  # libmseed's flag on a little-endian machine: the payload is big-endian
_MOST_SAMPLES_A_BYTE = 2  # Steim-2 holds at most 7 in 4 bytes
_LARGEST_STEP = 2**29 - 1  # counts: what Steim-2 can tell; digitisers have 24 to 26 bits
_CODES = re.compile(r"[A-Z0-9]{0,8}\.[A-Z0-9-]{1,8}\.[A-Z0-9-]{0,8}\.[A-Z0-9]{1,3}")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


class RecordDamageError(DataError):
    """A record cannot be used.

    Parameters
    ----------
    kind
        What is wrong with it.
    reason
        For a reader.
    """

    def __init__(self, kind: DamageKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: DamageKind = kind


def decode_record(payload: bytes) -> Fragment:
    """Return the samples of one miniSEED 2 or 3 record.

    Parameters
    ----------
    payload
        The record, with nothing before or behind it.

    Raises
    ------
    RecordDamageError
        If the record is cut (``truncated``), its header, checksum, sample count or payload cannot
        be true (``corrupt``), or it holds no samples of a channel (``unknown``).

    Notes
    -----
    The last sample of a Steim record must be the one that the record states (its reverse
    integration constant): nearly any change to the differences shows there. Of changes to
    uncompressed samples of version 2 only those show that no digitiser can make: floats that are
    not finite, and neighbours more than 2**29 - 1 counts apart.
    """
    record = _parsed(payload, unpack_data=True)
    header = _checked_header(record, payload)
    samples: NDArray[Any] = record.np_datasamples.copy()
    if samples.size != header.n_samples:
        raise RecordDamageError(
            "corrupt", f"{samples.size} samples decode; the header states {header.n_samples}"
        )
    if record.encoding in _STEIM:
        _check_last_sample(payload, record, samples)
    elif not _is_plausible(samples):
        raise RecordDamageError("corrupt", "samples hold NaN, infinity or impossible jumps")
    return Fragment(header, samples)


def record_header(payload: bytes) -> FragmentHeader:
    """Return what a record says of itself; its samples are not decoded.

    Raises
    ------
    RecordDamageError
        If the record is cut, or its header or checksum cannot be true.
    """
    return _checked_header(_parsed(payload, unpack_data=False), payload)


def _parsed(payload: bytes, *, unpack_data: bool) -> MS3Record:
    stated = _stated_length(payload, 0)
    if stated is None:
        raise _no_record(payload)
    if len(payload) < stated:
        raise RecordDamageError(
            "truncated", f"record has {len(payload)} bytes; its header states {stated}"
        )
    if len(payload) > stated:
        raise RecordDamageError(
            "corrupt", f"packet has {len(payload)} bytes; its record states only {stated}"
        )
    if payload[:3] == _VERSION_3:  # version 2 counts to 65,535 only
        n_samples = struct.unpack_from("<I", payload, 24)[0]
        if n_samples > _MOST_SAMPLES_A_BYTE * len(payload):
            raise RecordDamageError(
                "corrupt", f"record of {len(payload)} bytes states {n_samples} samples"
            )
    try:
        return MS3Record.parse(payload, unpack_data=unpack_data)
    except (MiniSEEDError, ValueError) as error:  # a ValueError: text that is no UTF-8
        raise RecordDamageError("corrupt", " ".join(str(error).split())) from error


def _no_record(payload: bytes) -> RecordDamageError:
    """Return the error for bytes whose record states no length."""
    begins = _begins_like_record(payload, 0)
    if len(payload) < _FIXED_2 + 16 and (begins or not payload):
        return RecordDamageError(
            "truncated", f"record has {len(payload)} bytes, less than its header needs"
        )
    what = "a miniSEED record without a usable length" if begins else "no miniSEED record"
    return RecordDamageError("corrupt", f"{len(payload)} bytes are {what}")


def _checked_header(record: MS3Record, payload: bytes) -> FragmentHeader:
    try:
        source_id = record.sourceid
    except UnicodeDecodeError as error:
        raise RecordDamageError("corrupt", "source id is no text") from error
    codes = _codes(source_id)
    if codes is None:
        raise RecordDamageError("corrupt", f"source id {source_id!r} names no channel")
    if not _is_date(payload):
        raise RecordDamageError("corrupt", "header states a time that does not exist")
    header = FragmentHeader(
        *codes, int(record.starttime), float(record.samprate), int(record.samplecnt)
    )
    if header.n_samples <= 0 or record.encoding == DataEncoding.TEXT:
        raise RecordDamageError("unknown", f"record of {header.trace_id} holds no samples")
    problem = rate_problem(header.sampling_rate_hz)
    if problem:
        raise RecordDamageError("corrupt", problem)
    return header


@lru_cache(maxsize=4096)
def _codes(source_id: str) -> tuple[str, str, str, str] | None:
    """Return network, station, location and channel, or None for what cannot be codes."""
    try:
        network, station, location, channel = sourceid2nslc(source_id)
    except (MiniSEEDError, ValueError):
        return None
    # a channel of fewer than three letters comes back filled with underscores
    codes = network.strip(), station.strip(), location.strip(), channel.strip("_ ")
    return codes if _CODES.fullmatch(".".join(codes)) else None


def _is_date(payload: bytes) -> bool:
    """Return whether the start time of a record exists; the library would carry over."""
    if payload[:3] == _VERSION_3:
        nanosecond, year, day, hour, minute, second = struct.unpack_from("<IHHBBB", payload, 4)
        fraction_ok = nanosecond < 1_000_000_000
    else:
        order = _byte_order(payload, 0)
        year, day, hour, minute, second, _, fraction = struct.unpack_from(
            f"{order}HHBBBBH", payload, 20
        )
        fraction_ok = fraction < 10_000
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    in_range = _FIRST_YEAR <= year <= _LAST_YEAR and 1 <= day <= 365 + is_leap
    return bool(fraction_ok and in_range and hour <= 23 and minute <= 59 and second <= 60)


def _check_last_sample(payload: bytes, record: MS3Record, samples: NDArray[Any]) -> None:
    if payload[:3] == _VERSION_3:
        n_id, n_extra = struct.unpack_from("<BH", payload, 33)
        offset, order = _FIXED_3 + n_id + n_extra, ">"
    else:
        offset = struct.unpack_from(f"{_byte_order(payload, 0)}H", payload, 44)[0]
        order = ">" if record.swapflag & _PAYLOAD_SWAPPED else "<"
    stated = struct.unpack_from(f"{order}i", payload, offset + 8)[0]
    if stated != samples[-1]:
        raise RecordDamageError(
            "corrupt", f"last sample is {samples[-1]}; the record states {stated}"
        )


def _is_plausible(samples: NDArray[Any]) -> bool:
    if samples.dtype.kind == "f":
        return bool(np.isfinite(samples).all())
    return _largest_step(samples.astype(np.int64)) <= _LARGEST_STEP


def _largest_step(samples: NDArray[np.int64]) -> int:
    return int(np.abs(np.diff(samples)).max()) if samples.size > 1 else 0


def _byte_order(data: bytes, position: int) -> str:
    year = int.from_bytes(data[position + 20 : position + 22], "big")
    return ">" if _FIRST_YEAR <= year <= _LAST_YEAR else "<"


def _begins_like_record(data: bytes, position: int) -> bool:
    head = data[position : position + 8]
    if len(head) == 8:
        return head[:3] == _VERSION_3 or _VERSION_2.match(head) is not None
    return _VERSION_3.startswith(head[:3]) or head[:6].strip(b" \0").isdigit()


def _stated_length(data: bytes, position: int) -> int | None:
    """Return how many bytes the record at a position states to have, or None for no record."""
    if not _begins_like_record(data, position):
        return None
    is_version_3 = data[position : position + 3] == _VERSION_3
    if position + (_FIXED_3 if is_version_3 else _FIXED_2) > len(data):
        return None
    if is_version_3:
        n_id, n_extra, n_data = struct.unpack_from("<BHI", data, position + 33)
        return int(_FIXED_3 + n_id + n_extra + n_data)
    order = _byte_order(data, position)
    offset = struct.unpack_from(f"{order}H", data, position + 46)[0]
    while offset >= _FIXED_2 and position + offset + 8 <= len(data):
        kind, following = struct.unpack_from(f"{order}HH", data, position + offset)
        if kind == _LENGTH_BLOCKETTE:
            exponent = data[position + offset + 6]
            return 1 << exponent if 6 <= exponent <= 20 else None
        offset = following if following > offset else 0
    return None


def split_records(data: bytes) -> Iterator[bytes]:
    """Yield the whole miniSEED records in some bytes, in order.

    Bytes that are no record, and a record cut at the end, are passed over.
    """
    position = 0
    while position < len(data):
        length = _stated_length(data, position)
        if length is None or position + length > len(data):
            position = _next_beginning(data, position + 1)
            continue
        yield data[position : position + length]
        position += length


def _next_beginning(data: bytes, position: int) -> int:
    """Return the first position from one on where a whole record begins, or the end."""
    for match in _BEGINNING.finditer(data, position):
        length = _stated_length(data, match.start())
        if length is not None and match.start() + length <= len(data):
            return match.start()
    return len(data)


def encode_records(
    fragment: Fragment, record_length: int = 512, version: Literal[2, 3] = 2
) -> list[bytes]:
    """Return a fragment as miniSEED records that decode to the same samples.

    Parameters
    ----------
    fragment
        Codes, time and samples.
    record_length
        Bytes of each record; in version 3 the most that one has. A power of two for version 2.
    version
        2 or 3. Version 2 keeps times to a microsecond, version 3 to a nanosecond.

    Returns
    -------
    list of bytes
        Integers in Steim-2; floats as 32 bits, or 64 where 32 would change them.

    Raises
    ------
    DataError
        If the samples are neither 32-bit integers nor floats, neighbours differ by more than
        2**29 - 1 counts, or the length or version cannot be.
    """
    if version not in (2, 3):
        raise DataError(f"miniSEED version is {version!r}; it must be 2 or 3")
    shortest = 128 if version == 2 else 256
    is_power = record_length & (record_length - 1) == 0
    if not shortest <= record_length <= 2**20 or (version == 2 and not is_power):
        raise DataError(
            f"record length is {record_length}; it must lie between {shortest} and {2**20}, "
            "and be a power of two in version 2"
        )
    header = fragment.header
    samples, sample_type, encoding = _encodable(fragment.samples)
    record = MS3Record()
    record.formatversion = version
    record.reclen = record_length
    record.encoding = encoding
    record.starttime = header.start_ns
    record.samprate = header.sampling_rate_hz
    try:
        record.sourceid = nslc2sourceid(
            header.network, header.station, header.location, header.channel
        )
        return list(record.generate(data_samples=samples, sample_type=sample_type))
    except (MiniSEEDError, ValueError) as error:
        raise DataError(f"{header.trace_id} cannot be encoded: {error}") from error


def _encodable(samples: NDArray[Any]) -> tuple[NDArray[Any], str, DataEncoding]:
    """Return samples in a type that miniSEED knows, its letter and its encoding."""
    if samples.dtype.kind == "f":
        short = np.ascontiguousarray(samples, dtype=np.float32)
        if samples.dtype == np.float32 or np.array_equal(short, samples):
            return short, "f", DataEncoding.FLOAT32
        return np.ascontiguousarray(samples, dtype=np.float64), "d", DataEncoding.FLOAT64
    if samples.dtype.kind not in "iu" or samples.size == 0:
        raise DataError(
            f"{samples.size} samples of type {samples.dtype} have no place in miniSEED; "
            "integers or floats have"
        )
    wide = samples.astype(np.int64)
    if wide.min() < -(2**31) or wide.max() >= 2**31:
        raise DataError("integer samples need more than 32 bits; miniSEED has no place for them")
    largest = _largest_step(wide)
    if largest > _LARGEST_STEP:
        raise DataError(
            f"neighbouring samples differ by {largest}; Steim-2 tells at most {_LARGEST_STEP}"
        )
    return np.ascontiguousarray(wide, dtype=np.int32), "i", DataEncoding.STEIM2
