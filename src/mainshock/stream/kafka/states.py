"""The log of states: one record holds state, offsets and messages told, and one owner writes."""

import logging
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mainshock.core.errors import DataError, SourceError
from mainshock.stream.bus import Message
from mainshock.stream.kafka.clients import Clients, KafkaRecord, kafka_failure
from mainshock.stream.kafka.commit_record import (
    Commit,
    pack_body,
    read_commit,
    unpack_body,
    write_commit,
)
from mainshock.stream.kafka.publisher import Publisher, Record
from mainshock.stream.kafka.reader import Partition

if TYPE_CHECKING:
    from confluent_kafka import Consumer

__all__ = ["StateLog"]

_log = logging.getLogger(__name__)
_INLINE_BYTES, _PIECE_BYTES = 32 * 1024, 500 * 1024
_CLAIM = struct.Struct(">Q16s")  # epoch, writer
_ANSWER_S = 15.0
_SLICE_S = 0.2
_NEAR_END = (50, 1000)  # records


class StateLog:
    """The states of one consumer, in one partition of a topic of its own.

    Parameters
    ----------
    clients, publisher
        How the cluster is reached.
    places
        Topic of commits, topic of their pieces, and the partition of both.
    writer
        16 bytes that no other process has.

    Notes
    -----
    A partition has one order for all. Who takes a consumer over writes a claim with the next
    epoch; from there on commits of lower epochs count for nothing, and whoever wrote one sees the
    claim before it and stops. So a process that was thought dead, and only slept, harms nothing.
    A body too large for a record goes in pieces beforehand, and the commit names their places.
    Commits name one before them that counts: whoever finds it near the end need not read the rest.
    """

    def __init__(
        self, clients: Clients, publisher: Publisher, places: tuple[str, str, int], writer: bytes
    ) -> None:
        self._clients = clients
        self._publisher = publisher
        self._topic, self._pieces_topic, self._partition = places
        self._writer = writer
        self._consumer: Consumer | None = None
        self._next = 0
        self._epoch = 0  # of the newest claim seen
        self._own_epoch = 0
        self._has_claimed = False  # or tried to
        self._last: Commit | None = None
        self._commits: dict[int, Commit] = {}
        self._last_offset = -1  # of the newest commit read
        self._confirmed = -1  # of one that counts
        self._serial = 0
        self._n_pieces = 0
        self._loose: set[str] = set()  # pieces written since the last commit that counts

    @property
    def is_owned(self) -> bool:
        """Whether this process has taken the consumer over."""
        return self._own_epoch > 0

    @property
    def offsets(self) -> Mapping[Partition, int]:
        """The next offset to be read of each partition, as of the last commit seen."""
        return {} if self._last is None else self._last.offsets

    def look(self) -> Mapping[Partition, int]:
        """Read what was committed up to now, and return its offsets."""
        is_new = self._next == 0 and not self._has_claimed
        if not (is_new and self._has_looked_near_end()):
            self._read_on(lambda: False, to_end=True)
        return self.offsets

    def take_over(self) -> list[Message]:
        """Become the owner, and return what was told with the last commit: it may be lost.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        DataError
            If the last commit cannot be read.
        """
        self.look()
        while not self.is_owned:
            epoch = self._epoch + 1
            self._has_claimed = True
            value = _CLAIM.pack(epoch, self._writer)
            self._publisher.publish([Record(self._topic, b"claim", value, self._partition)])
            self._read_on(partial(self._has_claim, epoch), to_end=False)
        self._confirmed = self._last_offset
        if self._last is None or not self._last.told:
            return []
        told, _ = unpack_body(self._last, self._body(self._last))
        return told

    def state(self) -> bytes | None:
        """Return the state of the last commit."""
        if self._last is None or self._last.state_bytes is None:
            return None
        _, state = unpack_body(self._last, self._body(self._last))
        return state

    def commit(
        self,
        offsets: Mapping[Partition, int],
        state: bytes | memoryview | None,
        told: Sequence[Message],
    ) -> None:
        """Write a commit, and make sure that it counts.

        Raises
        ------
        SourceError
            If it cannot be written, or another process has taken over.
        """
        self._check_owned()
        before = self._last
        self._serial += 1
        listed, body = pack_body(told, state)
        commit = Commit(
            epoch=self._own_epoch,
            serial=self._serial,
            offsets=dict(offsets),
            told=listed,
            state_bytes=None if state is None else len(state),
            checksum=zlib.crc32(body),
            pieces=self._write_pieces(body) if len(body) > _INLINE_BYTES else (),
            body=body if len(body) <= _INLINE_BYTES else b"",
            confirmed=self._confirmed,
        )
        key = b"commit.%d" % self._own_epoch
        record = Record(self._topic, key, write_commit(commit), self._partition)
        self._publisher.publish([record])
        self._read_on(partial(self._has_commit, commit.serial), to_end=False)
        self._check_owned()
        self._confirmed = self._last_offset
        self._loose -= {key for _, key in commit.pieces}
        self._delete(before)

    def fetch(self) -> None:
        """Take what came meanwhile, records and errors: the library keeps them until then.

        Raises
        ------
        SourceError
            If the cluster refuses.
        """
        if self._consumer is None:
            return
        try:
            while (record := self._consumer.poll(0.0)) is not None:
                self._took(record)
        except Exception as error:
            raise kafka_failure(f"read {self._topic}", error) from error

    def close(self) -> None:
        """Leave the cluster."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _check_owned(self) -> None:
        if self._own_epoch != self._epoch or not self.is_owned:
            raise SourceError(
                f"another process has taken {self._topic}/{self._partition} over; let one alone "
                "run a stage, or all of them share it as one group"
            )

    def _has_claim(self, epoch: int) -> bool:
        return self._epoch >= epoch

    def _has_commit(self, serial: int) -> bool:
        """Return whether a commit was seen, or that it counts for nothing."""
        last = self._last
        is_there = last is not None and (last.epoch, last.serial) == (self._own_epoch, serial)
        return is_there or self._epoch != self._own_epoch

    def _write_pieces(self, body: bytes) -> tuple[tuple[int, str], ...]:
        """Write a body, one piece after the other, so that their places are in order."""
        pieces = []
        for start in range(0, len(body), _PIECE_BYTES):
            self._n_pieces += 1
            key = f"{self._own_epoch}.{self._n_pieces}.{self._writer.hex()}"
            piece = body[start : start + _PIECE_BYTES]
            (place,) = self._publisher.publish(
                [Record(self._pieces_topic, key.encode(), piece, self._partition)]
            )
            pieces.append((place.offset, key))
            self._loose.add(key)
        return tuple(pieces)

    def _delete(self, before: Commit | None) -> None:
        """Let the cluster drop a commit that another has replaced, and pieces of attempts."""
        records = []
        keys, self._loose = self._loose, set()
        if before is not None:
            keys |= {key for _, key in before.pieces}
        if before is not None and before.epoch != self._own_epoch:
            key = b"commit.%d" % before.epoch
            records.append(Record(self._topic, key, None, self._partition))
            self._commits.pop(before.epoch, None)
        for name in sorted(keys):
            records.append(Record(self._pieces_topic, name.encode(), None, self._partition))
        if records:
            try:
                self._publisher.publish(records)
            except SourceError as error:  # it only takes room
                _log.warning("what an old state takes up is not given back: %s", error)

    def _body(self, commit: Commit) -> bytes:
        if not commit.pieces:
            return commit.body
        wanted = [offset for offset, _ in commit.pieces]
        place = (self._pieces_topic, self._partition)
        found = _pieces(self._clients, place, wanted[0], wanted[-1])
        return b"".join(one.value() or b"" for one in found if one.offset() in wanted)

    def _has_looked_near_end(self) -> bool:
        """Read the last records alone, and return whether what counts is among them.

        All that came after a commit that counts has been seen then, and commits of those who had
        been replaced before it are of lower epochs.
        """
        low, high = self._ends()
        for number in _NEAR_END:
            first = high - number
            if first <= low:
                return False
            self._next = first
            is_certain = False
            try:
                self._read_on(lambda: False, to_end=True)
                is_certain = self._last is not None and self._last.confirmed >= first
            finally:
                if not is_certain:
                    self._start_over()
            if is_certain:
                return True
        return False

    def _start_over(self) -> None:
        self._next = self._epoch = 0
        self._commits.clear()
        self._last, self._last_offset = None, -1

    def _ends(self) -> tuple[int, int]:
        """Return the first offset, and at least about the one after the last."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        if self._consumer is None:
            self._consumer = self._clients.reader()
        place = TopicPartition(self._topic, self._partition)
        try:
            told: tuple[int, int] = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_S)
        except Exception as error:
            raise kafka_failure(f"ask for the end of {self._topic}", error) from error
        return told

    def _read_on(self, is_done: Callable[[], bool], *, to_end: bool) -> None:
        end_s = time.monotonic() + _ANSWER_S
        consumer = self._opened(is_fresh=to_end)
        while not is_done():
            try:
                record: KafkaRecord = consumer.poll(_SLICE_S)
            except Exception as error:
                raise kafka_failure(f"read {self._topic}", error) from error
            if record is not None and self._took(record) and to_end:
                end = self._publisher.known_end(self._topic, self._partition)
                if self._next >= end:
                    return
            if time.monotonic() > end_s:
                raise SourceError(
                    f"{self._topic}/{self._partition} cannot be read: no answer for "
                    f"{_ANSWER_S:g} s; look whether the Kafka brokers are up"
                )

    def _opened(self, *, is_fresh: bool) -> "Consumer":
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        if self._consumer is None:
            self._consumer = self._clients.reader()
            is_fresh = True
        if is_fresh:  # the end is told once each time
            self._consumer.assign([TopicPartition(self._topic, self._partition, self._next)])
        return self._consumer

    def _took(self, record: KafkaRecord) -> bool:
        """Take what a record says; returns whether it is the word that there is no more."""
        from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

        error = record.error()
        if error is not None:
            return bool(error.code() == KafkaError._PARTITION_EOF)
        self._next = record.offset() + 1
        key, value = record.key() or b"", record.value()
        if key == b"claim" and value is not None:
            epoch, writer = _CLAIM.unpack(value)
            if epoch > self._epoch:
                self._epoch = epoch
                if writer == self._writer:
                    self._own_epoch = epoch
        elif key.startswith(b"commit."):
            self._take_commit(int(key.removeprefix(b"commit.")), value, record.offset())
        return False

    def _take_commit(self, epoch: int, value: bytes | None, offset: int) -> None:
        if value is None:
            self._commits.pop(epoch, None)
        elif epoch >= self._epoch:  # others come from one who was replaced
            self._commits[epoch] = read_commit(value)
            self._epoch = epoch
            self._last_offset = offset
        self._last = self._commits[max(self._commits)] if self._commits else None


def _pieces(clients: Clients, place: tuple[str, int], first: int, last: int) -> list[KafkaRecord]:
    """Return the records of a partition between two offsets."""
    from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

    topic, partition = place
    consumer = clients.reader()
    found: list[KafkaRecord] = []
    end_s = time.monotonic() + _ANSWER_S
    try:
        consumer.assign([TopicPartition(topic, partition, first)])
        while time.monotonic() < end_s:
            one: KafkaRecord = consumer.poll(_SLICE_S)
            if one is None or (one.error() is not None and one.error().retriable()):
                continue
            if one.error() is not None:
                break
            found.append(one)
            if one.offset() >= last:
                return found
    except Exception as error:
        raise kafka_failure(f"read {topic}", error) from error
    finally:
        consumer.close()
    raise DataError(
        f"the pieces of a state are not in {topic}/{partition} from {first} "
        f"to {last}; let the cluster keep that topic by cleanup.policy=compact"
    )
