"""Writes records and waits until all replicas have them."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mainshock.core.errors import SourceError
from mainshock.stream.kafka.clients import Clients, KafkaRecord, kafka_failure

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

__all__ = ["Place", "Publisher", "Record"]

_POLL_S = 0.05
_BEYOND_S = 5.0  # librdkafka itself gives up before


class Record(NamedTuple):
    """A record to write; ``partition`` -1 is chosen by the key, ``value`` None deletes the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int = -1


class Place(NamedTuple):
    """Where a record is."""

    topic: str
    partition: int
    offset: int


class _Receipts:
    """What became of the records of one call; callbacks come from whichever thread polls."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.unproven: list[Record] = []
        self.errors: list[KafkaError] = []
        self._made_up: dict[tuple[str, int], int] = {}

    def note(self, error: "KafkaError | None", record: KafkaRecord) -> None:
        if error is not None:
            self.errors.append(error)
        elif self._is_unproven(record):
            of_it = (record.topic(), record.key(), record.value(), record.partition())
            self.unproven.append(Record(*of_it))
        else:
            self.places.append(Place(record.topic(), record.partition(), record.offset()))

    def _is_unproven(self, record: KafkaRecord) -> bool:
        """Return whether nobody said where it is.

        The offsets of a batch are counted from that of its first record; where the broker gave
        none, that is -1, and those after it seem to be at 0, 1, 2 and so on.
        """
        partition, offset = (record.topic(), record.partition()), record.offset()
        if offset is not None and self._made_up.get(partition) != offset:
            self._made_up.pop(partition, None)
            return False
        self._made_up[partition] = 0 if offset is None else offset + 1
        return True

    @property
    def n_told(self) -> int:
        return len(self.places) + len(self.unproven) + len(self.errors)


class Publisher:
    """An idempotent producer shared by all threads of a process.

    Parameters
    ----------
    clients
        Makes the producer.

    Notes
    -----
    A retry inside librdkafka writes no record twice, and none after one that failed. When a
    publication fails as a whole, whoever published tries again, and some records may then be there
    twice, under the same identity. So may those that a broker, asked again after a failure, says to
    know without saying where they are: it may have noted their number and died before it wrote
    them. Then later records of the same call may lie before them.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._producer: Producer = clients.producer()
        self._ends: dict[tuple[str, int], int] = {}

    def publish(self, records: Sequence[Record]) -> list[Place]:
        """Write records; when this returns all replicas have them. Places are in no order.

        Raises
        ------
        SourceError
            If one of them could not be written; others may be there.
        """
        places: list[Place] = []
        while records:
            receipts = self._written(records)
            places += receipts.places
            records = receipts.unproven
        self._note_ends(places)
        return places

    def _written(self, records: Sequence[Record]) -> _Receipts:
        receipts = _Receipts()
        producer = self._producer
        for record in records:
            self._hand_over(producer, record, receipts)
        end_s = time.monotonic() + self._clients.settings.publish_s + _BEYOND_S
        while receipts.n_told < len(records) and time.monotonic() < end_s:
            producer.poll(_POLL_S)
        if receipts.errors or receipts.n_told < len(records):
            self._note_ends(receipts.places)
            self._fail(producer, receipts, len(records))
        return receipts

    def known_end(self, topic: str, partition: int) -> int:
        """Return the offset after the last record that this process wrote."""
        return self._ends.get((topic, partition), 0)

    def fetch(self) -> None:
        """Take what the cluster said meanwhile: the library keeps it until then."""
        self._producer.poll(0.0)

    def close(self) -> None:
        """Wait for what other threads still write, and close."""
        self._producer.flush(_BEYOND_S)

    def _hand_over(self, producer: "Producer", record: Record, receipts: _Receipts) -> None:
        topic, key, value, partition = record
        end_s = time.monotonic() + self._clients.settings.publish_s
        while True:
            try:
                producer.produce(topic, value, key, partition, on_delivery=receipts.note)
            except BufferError:  # its queue is full: wait until some are written
                producer.poll(_POLL_S)
                if time.monotonic() > end_s:
                    raise SourceError(
                        f"cannot write {topic}: {len(producer)} records wait; look whether the "
                        "Kafka brokers are up"
                    ) from None
            except Exception as error:
                self._replace(producer)
                raise kafka_failure(f"write {topic}", error) from error
            else:
                return

    def _note_ends(self, places: Sequence[Place]) -> None:
        ends = self._ends
        for topic, partition, offset in places:
            if offset >= ends.get((topic, partition), 0):
                ends[topic, partition] = offset + 1

    def _fail(self, producer: "Producer", receipts: _Receipts, number: int) -> None:
        texts = sorted({error.str() for error in receipts.errors}) or ["no answer"]
        producer.purge()
        self._replace(producer)
        raise SourceError(
            f"cannot write {number - len(receipts.places)} of {number} records: "
            f"{', '.join(texts)}; look whether the Kafka brokers are up"
        )

    def _replace(self, failed: "Producer") -> None:
        """Begin anew: a producer that failed takes nothing any more, or under a doubtful number."""
        with self._lock:
            if self._producer is failed:
                self._producer = self._clients.producer()
