"""What a consumer commits, as one record: offsets, state and what it had to tell."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mainshock.core.errors import DataError
from mainshock.stream.bus import Message
from mainshock.stream.kafka.codec import decode_message, encode_message
from mainshock.stream.kafka.reader import Partition

__all__ = ["VERSION", "Commit", "pack_body", "read_commit", "unpack_body", "write_commit"]

VERSION = 1
_MAGIC = b"MC"
_HEADER = struct.Struct(">2sBI")  # magic, version, length of the document


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit without its body, which holds the messages told and the state.

    Parameters
    ----------
    epoch
        How often the consumer had been taken over when this was written.
    serial
        Grows with each commit of an epoch.
    offsets
        The next offset to be read of each partition.
    told
        Topic, key and length of each message in the body.
    state_bytes
        Length of the state, behind the messages; None where there is none.
    checksum
        CRC-32 of the body.
    pieces
        Offsets and keys of the records that hold the body; empty where it is ``body``.
    body
        The body itself, where it is small.
    confirmed
        Offset of an earlier commit that is known to count; -1 where there is none.
    """

    epoch: int
    serial: int
    offsets: Mapping[Partition, int] = field(default_factory=dict)
    told: tuple[tuple[str, str, int], ...] = ()
    state_bytes: int | None = None
    checksum: int = 0
    pieces: tuple[tuple[int, str], ...] = ()
    body: bytes = b""
    confirmed: int = -1


def write_commit(commit: Commit) -> bytes:
    """Return a commit as the value of a record."""
    offsets: dict[str, dict[str, int]] = {}
    for (topic, number), offset in commit.offsets.items():
        offsets.setdefault(topic, {})[str(number)] = offset
    document = {
        "epoch": commit.epoch,
        "serial": commit.serial,
        "offsets": offsets,
        "told": commit.told,
        "state_bytes": commit.state_bytes,
        "checksum": commit.checksum,
        "pieces": commit.pieces,
        **({} if commit.confirmed < 0 else {"confirmed": commit.confirmed}),
    }
    told = json.dumps(document, separators=(",", ":")).encode()
    return b"".join((_HEADER.pack(_MAGIC, VERSION, len(told)), told, commit.body))


def read_commit(record: bytes) -> Commit:
    """Return the commit that a record holds.

    Raises
    ------
    DataError
        If it is none, or of a later version.
    """
    try:
        magic, version, length = _HEADER.unpack_from(record)
        if magic != _MAGIC or version != VERSION:
            raise DataError(
                f"a state has version {version}, this program reads {VERSION}; install the "
                "version that wrote it"
            )
        at_body = _HEADER.size + length
        document = json.loads(record[_HEADER.size : at_body])
        return Commit(
            epoch=document["epoch"],
            serial=document["serial"],
            offsets={
                (topic, int(number)): offset
                for topic, of_topic in document["offsets"].items()
                for number, offset in of_topic.items()
            },
            told=tuple((topic, key, n) for topic, key, n in document["told"]),
            state_bytes=document["state_bytes"],
            checksum=document["checksum"],
            pieces=tuple((offset, key) for offset, key in document["pieces"]),
            body=record[at_body:],
            confirmed=document.get("confirmed", -1),
        )
    except (struct.error, KeyError, TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"a record of states holds no commit: {error!r}") from error


def pack_body(
    told: Sequence[Message], state: bytes | memoryview | None
) -> tuple[tuple[tuple[str, str, int], ...], bytes]:
    """Return topic, key and length of each message, and the body of messages and state."""
    records = [encode_message(one) for one in told]
    listed = tuple(
        (one.topic, one.key, len(record)) for one, record in zip(told, records, strict=True)
    )
    return listed, b"".join((*records, b"" if state is None else state))


def unpack_body(commit: Commit, body: bytes) -> tuple[list[Message], bytes | None]:
    """Return the messages that were told with a commit, and its state.

    Raises
    ------
    DataError
        If the body is not the one that was committed.
    """
    if zlib.crc32(body) != commit.checksum:
        raise DataError(
            f"a state of {len(body)} bytes is damaged; delete its record, and the stage starts anew"
        )
    told, at = [], 0
    for topic, key, length in commit.told:
        told.append(decode_message(topic, key.encode(), body[at : at + length]))
        at += length
    return told, None if commit.state_bytes is None else body[at : at + commit.state_bytes]
