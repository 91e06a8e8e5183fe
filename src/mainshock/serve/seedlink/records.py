"""miniSEED records as the server holds them, and the packets that carry them."""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mainshock.core.errors import DataError
from mainshock.sources.miniseed_records import decode_record, encode_records, record_header

__all__ = [
    "LEGACY_LENGTH",
    "UNSET_SEQUENCE",
    "Conversion",
    "StreamRecord",
    "data_packets",
    "json_packet",
    "packet_v4",
    "stream_id",
]

Conversion = Literal["native", "2", "3"]
"""What version 4 clients may ask a payload to be: as it came, or a version of miniSEED."""

LEGACY_LENGTH = 512
"""Bytes of the only records that SeedLink 3 can carry."""
UNSET_SEQUENCE = 2**64 - 1
_LEGACY_SEQUENCES = 2**24
_LONGEST_CONVERTED = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class StreamRecord:
    """One record, and what requests are matched against.

    Parameters
    ----------
    payload
        The record as it arrived.
    legacy
        The same samples as 512-byte records of miniSEED 2; the payload itself where it is one,
        nothing where it cannot be written so.
    station_id, stream_id
        ``NET_STA`` and ``LOC_B_S_SS``.
    start_ns, end_ns
        Time of the first sample, and one sample after the last one; nanoseconds since 1970.
    arrival_ns
        When it arrived.
    """

    payload: bytes
    legacy: tuple[bytes, ...]
    station_id: str
    stream_id: str
    start_ns: int
    end_ns: int
    arrival_ns: int = 0

    @classmethod
    def read(cls, payload: bytes, arrival_ns: int = 0) -> "StreamRecord":
        """Return what a record says of itself.

        Raises
        ------
        DataError
            If it is no sound record of samples.
        """
        header = record_header(payload)
        is_legacy = _version(payload) == "2" and len(payload) == LEGACY_LENGTH
        return cls(
            payload,
            (payload,) if is_legacy else _legacy_records(payload),
            f"{header.network}_{header.station}",
            stream_id(header.location, header.channel),
            header.start_ns,
            header.end_ns,
            arrival_ns,
        )

    @property
    def key(self) -> tuple[str, str]:
        """Station id and stream id."""
        return self.station_id, self.stream_id

    @property
    def payload_format(self) -> str:
        """``"2"`` or ``"3"``: the version of miniSEED."""
        return _version(self.payload)

    @property
    def n_numbers(self) -> int:
        """How many sequence numbers it takes: one for each packet that carries a part of it."""
        return max(1, len(self.legacy))

    @property
    def n_bytes(self) -> int:
        """Bytes that it occupies in memory, roughly."""
        is_shared = len(self.legacy) == 1 and self.legacy[0] is self.payload
        return len(self.payload) + (0 if is_shared else sum(map(len, self.legacy))) + 200


def stream_id(location: str, channel: str) -> str:
    """Return ``LOC_B_S_SS`` of a location and channel code."""
    return "_".join((location, *channel))


def _version(payload: bytes) -> Literal["2", "3"]:
    return "3" if payload[:3] == b"MS\x03" else "2"


def _legacy_records(payload: bytes) -> tuple[bytes, ...]:
    try:
        return tuple(encode_records(decode_record(payload), LEGACY_LENGTH, 2))
    except DataError:
        return ()  # version 4 clients judge for themselves what is wrong with it


@lru_cache(maxsize=1024)
def _as_version_3(payload: bytes) -> tuple[bytes, ...]:
    try:
        return tuple(encode_records(decode_record(payload), _LONGEST_CONVERTED, 3))
    except DataError:
        return ()


def data_packets(
    record: StreamRecord,
    sequence: int,
    *,
    is_version_4: bool,
    conversion: Conversion = "native",
    is_numbered: bool = True,
) -> list[bytes]:
    """Return the packets that carry a record.

    Parameters
    ----------
    sequence
        Number of its first packet.
    is_numbered
        Whether the packets count up from there; those from the archive all have one number.
    """
    payloads = _payloads(record, conversion) if is_version_4 else record.legacy
    packets = []
    for index, payload in enumerate(payloads):
        number = sequence + index if is_numbered else sequence
        if is_version_4:
            kind = _version(payload) + "D"
            packets.append(packet_v4(kind, number, record.station_id, payload))
        else:
            packets.append(b"SL%06X" % (number % _LEGACY_SEQUENCES) + payload)
    return packets


def _payloads(record: StreamRecord, conversion: Conversion) -> tuple[bytes, ...]:
    if conversion in ("native", record.payload_format):
        return (record.payload,)
    return record.legacy if conversion == "2" else _as_version_3(record.payload)


def packet_v4(kind: str, sequence: int, station_id: str, payload: bytes) -> bytes:
    """Return a version 4 packet; ``kind`` is the format's letter and the subformat's."""
    station = station_id.encode("ascii")
    head = struct.pack(
        "<2s2sIQB", b"SE", kind.encode("ascii"), len(payload), sequence, len(station)
    )
    return head + station + payload


def json_packet(subformat: Literal["I", "E"], text: str) -> bytes:
    """Return a version 4 packet of JSON: information, or an error while data flow."""
    return packet_v4("J" + subformat, UNSET_SEQUENCE, "", text.encode("utf-8"))
