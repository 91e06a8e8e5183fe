"""What a SeedLink server sends once data flow: the bytes of versions 3 and 4 taken apart.

References
----------
SeedLink 4.0, International Federation of Digital Seismograph Networks (2023),
https://docs.fdsn.org/projects/seedlink
"""

import struct
from dataclasses import dataclass
from typing import Literal

from pymseed import clibmseed, ffi

from mainshock.sources.live.tcp_link import LinkLostError
from mainshock.sources.miniseed_records import RecordDamageError, record_header

__all__ = ["Frame", "next_frame_3", "next_frame_4"]

_HEADER_3 = 8
_HEADER_4 = struct.Struct("<2sccIQB")  # signature, format, subformat, length, sequence, id length
_USUAL_RECORD = 512
_LONGEST_RECORD = 1 << 20
_LONGEST_ERROR = 512
_NO_SEQUENCE = 2**64 - 1
_DETECTED_IN = 512


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that a server sent.

    Parameters
    ----------
    kind
        ``record``: miniSEED; ``info``: an answer about the server, no data; ``end``: no more will
        come.
    payload
        The bytes without SeedLink's header.
    sequence
        Number of the packet, or None.
    station
        ``NET_STA``; empty where it is unknown.
    """

    kind: Literal["record", "info", "end"]
    payload: bytes = b""
    sequence: int | None = None
    station: str = ""


def next_frame_4(received: bytearray) -> Frame | None:
    """Take the next packet of SeedLink 4 off the beginning of some bytes.

    Parameters
    ----------
    received
        What came so far; the packet is removed from it.

    Returns
    -------
    Frame or None
        None as long as the packet is not complete.

    Raises
    ------
    LinkLostError
        If the bytes are no SeedLink 4, state more than 1 MiB, or tell of an error.
    """
    if received[:2] != b"SE":
        return _end(received)
    if len(received) < _HEADER_4.size:
        return None
    _, form, _, length, sequence, id_length = _HEADER_4.unpack_from(received)
    if length > _LONGEST_RECORD:
        raise LinkLostError(f"a packet states {length} bytes; at most {_LONGEST_RECORD} are taken")
    begin = _HEADER_4.size + id_length
    if len(received) < begin + length:
        return None
    station = received[_HEADER_4.size : begin].decode("ascii", "replace")
    payload = bytes(received[begin : begin + length])
    del received[: begin + length]
    if form not in (b"2", b"3"):
        return Frame("info", payload)
    return Frame("record", payload, None if sequence == _NO_SEQUENCE else sequence, station)


def next_frame_3(received: bytearray) -> Frame | None:
    """Take the next packet of SeedLink 3 off the beginning of some bytes.

    Parameters
    ----------
    received
        What came so far; the packet is removed from it.

    Returns
    -------
    Frame or None
        None as long as the packet is not complete.

    Raises
    ------
    LinkLostError
        If the bytes are no SeedLink 3, state more than 1 MiB, or tell of an error.

    Notes
    -----
    Packets of version 3 state no length. That of the record counts, and the usual 512 bytes where
    the record is damaged.
    """
    if received[:2] != b"SL":
        return _end(received)
    length = _record_length(bytes(received[_HEADER_3 : _HEADER_3 + _DETECTED_IN]))
    if length is None or len(received) < _HEADER_3 + length:
        return None
    head = bytes(received[:_HEADER_3])
    payload = bytes(received[_HEADER_3 : _HEADER_3 + length])
    del received[: _HEADER_3 + length]
    if head.startswith(b"SLINFO"):
        return Frame("info", payload)
    try:
        sequence = int(head[2:].decode("ascii"), 16)
    except ValueError as error:
        raise LinkLostError(f"{head!r} is no header of a SeedLink 3 packet") from error
    return Frame("record", payload, sequence, _station(payload))


def _end(received: bytearray) -> Frame | None:
    """Return what stands between packets: the end, an error, or nothing complete yet."""
    received[:] = received.lstrip(b"\r\n")
    if received[:3] == b"END":
        received.clear()
        return Frame("end")
    if received[:5] == b"ERROR":
        line = received.partition(b"\n")[0]
        if b"\n" not in received and len(received) < _LONGEST_ERROR:
            return None
        raise LinkLostError(f"the server says {line[:200].decode('ascii', 'replace').strip()!r}")
    head = bytes(received[:8])
    if any(word.startswith(head) for word in (b"SE", b"SL", b"END", b"ERROR")):
        return None
    raise LinkLostError(f"{head!r} is not the beginning of a SeedLink packet")


def _record_length(head: bytes) -> int | None:
    """Return the length of a record in bytes from up to 512 of its own, or None for too few."""
    if len(head) < 64:
        return None
    version = ffi.new("uint8_t *")
    stated = clibmseed.ms3_detect(ffi.from_buffer(head), len(head), version)
    if stated > _LONGEST_RECORD:
        raise LinkLostError(f"a record states {stated} bytes; at most {_LONGEST_RECORD} are taken")
    if stated > 0:
        return int(stated)
    return _USUAL_RECORD if stated < 0 or len(head) == _DETECTED_IN else None


def _station(record: bytes) -> str:
    try:
        header = record_header(record)
    except RecordDamageError:
        return ""
    return f"{header.network}_{header.station}"
