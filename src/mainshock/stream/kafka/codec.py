"""How a message becomes a record of Kafka: a small versioned header before the value."""

import struct

from mainshock.core.errors import DataError
from mainshock.stream.bus import Message

__all__ = ["HEADER_BYTES", "VERSION", "decode_message", "encode_message", "is_of_later_version"]

VERSION = 1
# magic, version, length of the header, data_ns, arrival_ns, lengths of identity and trace
_HEADER = struct.Struct(">2sBBqqHH")
_MAGIC = b"MS"
HEADER_BYTES = _HEADER.size
_LONGEST = 0xFFFF


def encode_message(message: Message) -> bytes:
    """Return header, identity, trace and value of a message as the value of a record.

    Topic and key are the record's own. The header has 24 bytes, big-endian: ``MS``, version,
    its own length, data time and arrival time (nanoseconds since 1970, 8 bytes each), and the
    lengths of identity and trace (2 bytes each).

    Raises
    ------
    DataError
        If identity or trace is longer than 65,535 bytes, or a time does not fit 8 bytes.

    Examples
    --------
    >>> made = encode_message(Message("pick.v1", "XX.A", "p#1", b"{}", 5, 7))
    >>> len(made) == 24 + len("p#1") + len("{}")
    True
    """
    identity, trace = message.identity.encode(), message.trace.encode()
    try:
        header = _HEADER.pack(
            *(_MAGIC, VERSION, HEADER_BYTES, message.data_ns, message.arrival_ns),
            *(len(identity), len(trace)),
        )
    except struct.error as error:
        raise DataError(
            f"message {message.identity!r:.80} does not fit a record: {error}; identity and trace "
            f"may have {_LONGEST} bytes, times 8 bytes"
        ) from error
    return b"".join((header, identity, trace, message.value))


def decode_message(topic: str, key: bytes | None, record: bytes | None) -> Message:
    """Return the message that a record holds, as ``encode_message`` of any version 1 wrote it.

    A header longer than that of this program is of a later one that added fields: they are
    passed over.

    Raises
    ------
    DataError
        If the record is none of these messages, or one of a later version.
    """
    if record is None or len(record) < HEADER_BYTES or record[:2] != _MAGIC:
        raise DataError(
            f"a record of {topic} is no message of mainshock; let nothing else write there"
        )
    _, version, length, data_ns, arrival_ns, n_identity, n_trace = _HEADER.unpack_from(record)
    if version != VERSION:
        raise DataError(
            f"a record of {topic} has version {version}, this program reads {VERSION}; "
            "install the version that wrote it"
        )
    at_trace = length + n_identity
    at_value = at_trace + n_trace
    if length < HEADER_BYTES or at_value > len(record):
        raise DataError(f"a record of {topic} is cut short: {len(record)} of {at_value} bytes")
    try:
        identity, trace = record[length:at_trace].decode(), record[at_trace:at_value].decode()
        return Message(
            topic, (key or b"").decode(), identity, record[at_value:], data_ns, arrival_ns, trace
        )
    except UnicodeDecodeError as error:
        raise DataError(f"a record of {topic} has names that are no UTF-8: {error}") from error


def is_of_later_version(record: bytes | None) -> bool:
    """Return whether a later version of this program wrote a record."""
    return record is not None and record[:2] == _MAGIC and len(record) > 2 and record[2] > VERSION
