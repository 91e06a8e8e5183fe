"""The bus over a Kafka cluster: stages in several processes, on several machines."""

import re
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mainshock.core.errors import DataError, SettingsError
from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.bus import Delivery, Message
from mainshock.stream.kafka.clients import Clients
from mainshock.stream.kafka.codec import encode_message
from mainshock.stream.kafka.group_offsets import GroupOffsets
from mainshock.stream.kafka.publisher import Publisher, Record
from mainshock.stream.kafka.reader import Partition, PartitionReader
from mainshock.stream.kafka.settings import KafkaSettings, read_kafka_settings
from mainshock.stream.kafka.states import StateLog
from mainshock.stream.kafka.topics import Topics

__all__ = ["KafkaBus"]

_OVERHEAD_BYTES = 1000  # of a record in its batch
_ABREAST_NS = 5 * NANOSECONDS  # packets that arrived later wait until those before are written
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")


class _Cluster:
    """What all views of a bus share."""

    def __init__(self, settings: KafkaSettings, instance: str) -> None:
        self.settings = settings
        self.clients = Clients(settings, instance)
        self.topics = Topics(self.clients)
        self.publisher = Publisher(self.clients)
        self.groups = GroupOffsets(self.clients)


@dataclass(slots=True, eq=False)
class _Consumer:
    """A consumer of this process; its lock is held by the thread that works for it."""

    log: StateLog
    reader: PartitionReader | None = None
    untold: list[Message] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)


class KafkaBus:
    """Messages in topics of a Kafka cluster, partitioned by key.

    Parameters
    ----------
    settings
        How the cluster is reached, or a file of such settings; None: the environment.
    partition
        Read this partition of each topic alone, with a state of its own; None: all of them.
    instance
        Name by which this process takes its place in groups again after a crash, where
        ``keeps_place`` is set; empty: none.

    Raises
    ------
    SettingsError
        If a setting makes no sense.
    MissingDependencyError
        If confluent-kafka is not installed.

    Notes
    -----
    What is published is on all replicas. Messages of one key are in one partition and in order;
    several partitions are read as one stream, in the order in which the brokers took the messages,
    as far as it is known. A commit is one record with the state, the offsets and the messages told:
    after a crash the last ones told are published once more, and whoever reads drops what comes
    again by its identity. Brokers keep messages by age, whoever has read them.
    """

    def __init__(
        self,
        settings: KafkaSettings | str | Path | None = None,
        *,
        partition: int | None = None,
        instance: str = "",
    ) -> None:
        if not isinstance(settings, KafkaSettings):
            settings = read_kafka_settings(None if settings is None else Path(settings))
        self._open(_Cluster(settings, instance), partition)

    def _open(self, cluster: _Cluster, partition: int | None) -> None:
        self._cluster = cluster
        self._partition = partition
        self._is_view = False
        self._is_closed = False
        self._lock = threading.Lock()
        self._consumers: dict[str, _Consumer] = {}

    @property
    def settings(self) -> KafkaSettings:
        """How the cluster is reached."""
        return self._cluster.settings

    @property
    def topics(self) -> Topics:
        """The topics of the cluster."""
        return self._cluster.topics

    @property
    def clients(self) -> Clients:
        """What makes clients of the cluster."""
        return self._cluster.clients

    def view(self, partition: int) -> "KafkaBus":
        """Return the same bus for one partition of each topic; close it before this one."""
        return self._apart(partition)

    def whole(self) -> "KafkaBus":
        """Return the same bus for all partitions, with consumers of its own; close it before."""
        return self._apart(None)

    def _apart(self, partition: int | None) -> "KafkaBus":
        made = KafkaBus.__new__(KafkaBus)
        made._open(self._cluster, partition)
        made._is_view = True
        return made

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages; they are on all replicas when this returns.

        What arrived five seconds later is written when the rest is: else, where long stretches of
        record are written at once, one partition would be read minutes ahead of another, and the
        stations of the other would seem to have fallen silent.

        Raises
        ------
        SourceError
            If some could not be written; others may be there, and come again under their identity
            when the call is repeated.
        DataError
            If a message does not fit a record.
        """
        for together in _abreast(messages):
            self._cluster.publisher.publish(self._records(together))

    def read(
        self, consumer: str, topics: Sequence[str], limit: int, timeout_s: float
    ) -> list[Delivery]:
        """Return the next messages of some topics that this consumer did not read yet.

        In order for each key. Waits until there is one, at most ``timeout_s``; then, or when the
        bus is closed meanwhile, an empty list. With ``timeout_s`` 0 all that is there is fetched
        before.

        Raises
        ------
        SettingsError
            If no topic is named.
        SourceError
            If the cluster does not answer.
        """
        if not topics:
            raise SettingsError("no topic is named; a consumer reads at least one")
        with self._working(consumer) as one:
            if one is None:
                return []
            reader = self._reader(one, topics)
            names = [self.topics.name(topic) for topic in topics]
            return reader.read(names, limit, timeout_s, lambda: self._is_closed)

    def commit(
        self, consumer: str, state: bytes | memoryview | None = None, told: Sequence[Message] = ()
    ) -> None:
        """Remember, in one record, that all deliveries so far are done, the state, and ``told``.

        ``told`` is published after that; if the process ends in between, the next one does it.

        Raises
        ------
        SourceError
            If the cluster cannot be written, or another process has taken the consumer over.
        """
        with self._working(consumer) as one:
            if one is None:
                return
            offsets = dict(one.log.offsets)
            if one.reader is not None:
                offsets |= one.reader.positions
            self._records(told)  # none is committed that could not be published
            one.log.commit(offsets, state, told)
            one.untold = list(told)
            self._tell(one)

    def committed_state(self, consumer: str) -> bytes | None:
        """Return the state of the last commit; reading goes on after the messages it includes.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        DataError
            If the state is damaged.
        """
        with self._working(consumer) as one:
            if one is None:
                return None
            if one.reader is not None:
                starts = {name: one.log.offsets.get(name, 0) for name in one.reader.positions}
                one.reader.rewind(starts)
            return one.log.state()

    def backlog(self, consumer: str, topics: Sequence[str]) -> int:
        """Return how many messages wait for a consumer.

        Of a consumer of another process: as its group told it a moment ago.
        """
        partitions = [
            (self.topics.name(topic), number) for topic in topics for number in self._numbers(topic)
        ]
        own = self._consumers.get(consumer)
        positions: Mapping[Partition, int]
        fetched: Mapping[Partition, int] = {}
        if own is not None and own.log.is_owned:
            positions = dict(own.log.offsets)
            if own.reader is not None:
                positions |= own.reader.positions
                fetched = own.reader.fetched
        else:
            positions = self._cluster.groups.of(consumer, partitions)
        ends = {one: max(self._end(*one), fetched.get(one, 0)) for one in partitions}
        return sum(max(0, ends[one] - positions.get(one, 0)) for one in partitions)

    def positions(self, consumer: str) -> dict[Partition, int]:
        """Return the next offset of each partition that a consumer of this process reads."""
        own = self._consumers.get(consumer)
        return {} if own is None or own.reader is None else own.reader.positions

    def forget_others(self, consumers: Collection[str]) -> None:
        """Drop nothing: a cluster keeps messages by age, and other processes have consumers too."""

    def close(self) -> None:
        """Wake whoever waits, and leave the cluster; closing twice is fine."""
        self._is_closed = True
        with self._lock:
            consumers, self._consumers = self._consumers, {}
        for one in consumers.values():
            with one.lock:
                one.log.close()
                if one.reader is not None:
                    one.reader.close()
        if not self._is_view:
            self._cluster.groups.close()
            self._cluster.publisher.close()

    @contextmanager
    def _working(self, consumer: str) -> Iterator[_Consumer | None]:
        """Yield a consumer that this process has taken over; None once the bus is closed."""
        with self._lock:
            one = self._consumers.get(consumer)
            if one is None and not self._is_closed:
                one = self._consumers[consumer] = _Consumer(self._log(consumer, self._partition))
        if one is None:
            yield None
            return
        with one.lock:
            if self._is_closed:
                yield None
                return
            if not one.log.is_owned:
                one.untold = one.log.take_over()
            self._fetch(one)
            self._tell(one)
            yield one

    def _fetch(self, one: _Consumer) -> None:
        """Let each client tell what came: in an outage it would pile up, an hour's in megabytes."""
        self._cluster.publisher.fetch()
        one.log.fetch()
        if one.reader is not None:
            one.reader.fetch()

    def _records(self, messages: Sequence[Message]) -> list[Record]:
        names = {topic: self.topics.name(topic) for topic in {one.topic for one in messages}}
        for topic in names:
            self.topics.partitions(topic)
        made = [Record(names[one.topic], one.key.encode(), encode_message(one)) for one in messages]
        largest = self.settings.topics.largest_bytes - _OVERHEAD_BYTES
        for message, record in zip(messages, made, strict=True):
            if len(record.key) + len(record.value or b"") > largest:
                raise DataError(
                    f"message {message.identity!r:.80} of {message.topic} has "
                    f"{len(record.value or b'')} bytes, the limit is {largest}; raise "
                    "topics.largest_bytes, and max.message.bytes of the topic"
                )
        return made

    def _tell(self, one: _Consumer) -> None:
        self.publish(one.untold)
        one.untold = []

    def _log(self, consumer: str, partition: int | None) -> StateLog:
        topic = f"state.{_NOT_IN_NAMES.sub('-', consumer)}.v1"
        pieces = topic.replace("state.", "state-pieces.", 1)
        for name in (topic, pieces):
            self.topics.state_partitions(name)
        places = (self.topics.name(topic), self.topics.name(pieces), partition or 0)
        return StateLog(self.clients, self._cluster.publisher, places, uuid.uuid4().bytes)

    def _numbers(self, topic: str) -> Sequence[int]:
        number = self.topics.partitions(topic)
        if self._partition is None:
            return range(number)
        if self._partition >= number:
            raise SettingsError(
                f"topic {topic} has {number} partitions and no number {self._partition}; all "
                "topics of a stage need the same number"
            )
        return (self._partition,)

    def _reader(self, one: _Consumer, topics: Sequence[str]) -> PartitionReader:
        if one.reader is None:
            publisher = self._cluster.publisher
            one.reader = PartitionReader(self.clients, publisher.known_end, self.topics.own_name)
        known = one.reader.positions
        missing = [
            (self.topics.name(topic), number)
            for topic in topics
            for number in self._numbers(topic)
            if (self.topics.name(topic), number) not in known
        ]
        if missing:
            one.reader.add({name: one.log.offsets.get(name, 0) for name in missing})
        return one.reader

    def _end(self, name: str, number: int) -> int:
        """Return the offset after the last message of a partition, as well as it is known."""
        told = self.topics.ends(name).get(number, 0)
        return max(told, self._cluster.publisher.known_end(name, number))


def _abreast(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Yield messages cut where they arrived too long after the first."""
    begin = 0
    for number, message in enumerate(messages):
        if message.arrival_ns - messages[begin].arrival_ns > _ABREAST_NS:
            yield messages[begin:number]
            begin = number
    if messages:
        yield messages[begin:]
