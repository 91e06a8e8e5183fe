"""Reads partitions of topics as one stream: in the order of writing, each fact once."""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING

from mainshock.core.errors import DataError
from mainshock.stream.bus import Delivery, Message
from mainshock.stream.kafka.clients import Clients, KafkaRecord, kafka_failure
from mainshock.stream.kafka.codec import decode_message, is_of_later_version

if TYPE_CHECKING:
    from confluent_kafka import Consumer

__all__ = ["Partition", "PartitionReader"]

_log = logging.getLogger(__name__)
Partition = tuple[str, int]
"""Topic, as the cluster calls it, and number."""
_AT_ONCE = 1000
_SLICE_S = 0.2  # whoever closes the bus waits no longer
_ALL_THERE_S = 10.0  # a read of what is there waits so long for a broker to tell
_OTHERS_S = 5.0  # a partition that does not answer holds the others up no longer, and once only


@dataclass(slots=True, eq=False)
class _Lane:
    """One partition: what was fetched of it and not read yet.

    ``position`` is the next offset to be read, ``fetched`` the next to come from the broker.
    Those before ``first`` are only looked at, to know what they told. ``unanswered_s`` is for how
    long readers waited since the broker last said anything of it.
    """

    first: int
    position: int
    fetched: int
    waiting: deque[tuple[int, int, Message]] = field(default_factory=deque)
    is_at_end: bool = False
    is_paused: bool = False
    is_fresh: bool = True
    unanswered_s: float = 0.0
    told: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def is_repeated(self, identity: str, same_within: int) -> bool:
        """Return whether the same was told shortly before, and remember it."""
        if identity in self.told:
            return True
        self.told[identity] = None
        if len(self.told) > same_within:
            self.told.popitem(last=False)
        return False


class PartitionReader:
    """Some partitions, read by one thread.

    Parameters
    ----------
    clients
        Makes the consumer, which belongs to no group.
    known_end
        Returns the offset after the last record known to be written to a topic and partition.
    own_name
        Returns what the stages call a topic of the cluster.

    Notes
    -----
    Partitions are merged by the times at which the brokers took the records: a partition with
    nothing fetched is waited for, until the broker says that there is no more. So a consumer that
    catches up reads all stations abreast. One that does not answer for five seconds is waited for
    no more until it does. Records of one partition are always in order.

    A message whose identity is among the last ``same_within`` of its partition is passed over: a
    writer that began again after a crash wrote it twice. After a restart the records before the
    first one are read again for that.
    """

    def __init__(
        self,
        clients: Clients,
        known_end: Callable[[str, int], int],
        own_name: Callable[[str], str],
    ) -> None:
        self._clients = clients
        self._known_end = known_end
        self._own_name = own_name
        self._same_within = clients.settings.same_within
        self._consumer: Consumer = clients.reader()
        self._lanes: dict[Partition, _Lane] = {}

    @property
    def positions(self) -> dict[Partition, int]:
        """The next offset to be read of each partition."""
        return {partition: lane.position for partition, lane in list(self._lanes.items())}

    @property
    def fetched(self) -> dict[Partition, int]:
        """The offset after the last record that came from the cluster, of each partition."""
        return {partition: lane.fetched for partition, lane in list(self._lanes.items())}

    def add(self, starts: Mapping[Partition, int]) -> None:
        """Read these partitions as well, from some offsets on."""
        for partition, offset in starts.items():
            look = max(0, offset - self._same_within)
            self._lanes[partition] = _Lane(offset, offset, look)
        self._assign()

    def rewind(self, starts: Mapping[Partition, int]) -> None:
        """Read nothing but these partitions, from some offsets on."""
        self._lanes.clear()
        self.add(starts)

    def _assign(self) -> None:
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        places = []
        for (topic, number), lane in self._lanes.items():
            lane.is_paused = False
            lane.is_at_end = False
            lane.is_fresh = True
            places.append(TopicPartition(topic, number, lane.fetched))
        try:
            self._consumer.assign(places)
            self._consumer.resume(places)  # a pause outlasts an assignment
        except Exception as error:
            raise kafka_failure("read the Kafka cluster", error) from error

    def read(
        self,
        topics: Sequence[str],
        limit: int,
        timeout_s: float,
        is_over: Callable[[], bool],
    ) -> list[Delivery]:
        """Return the next messages of some topics, as the cluster calls them.

        Raises
        ------
        SourceError
            If the cluster refuses.
        DataError
            If a later version of this program wrote a record.
        """
        lanes = [(one, lane) for one, lane in self._lanes.items() if one[0] in topics]
        now_s = time.monotonic()
        end_s = now_s + (timeout_s or _ALL_THERE_S)
        found: list[Delivery] = []
        while len(found) < limit and not is_over():
            before_s, now_s = now_s, time.monotonic()
            unknown = [lane for one, lane in lanes if not lane.waiting and self._may_have(one)]
            for lane in unknown:
                lane.unanswered_s += now_s - before_s
            is_waited_for = timeout_s == 0.0 or any(x.unanswered_s < _OTHERS_S for x in unknown)
            if not unknown or not is_waited_for:
                if self._take(lanes, limit, found):
                    continue
                if timeout_s == 0.0 and not unknown:
                    break
            if now_s >= end_s or (found and timeout_s):
                break
            self._fetch(min(_SLICE_S, end_s - now_s))
        return found

    def _may_have(self, partition: Partition) -> bool:
        """Return whether more of a partition may be there that was not fetched yet."""
        lane = self._lanes[partition]
        return not lane.is_at_end or lane.fetched < self._known_end(*partition)

    def _take(
        self, lanes: Sequence[tuple[Partition, _Lane]], limit: int, found: list[Delivery]
    ) -> bool:
        """Move the oldest messages to ``found``, until a partition runs out; False if none."""
        n_before = len(found)
        heads = [
            (*lane.waiting[0][:2], place) for place, (_, lane) in enumerate(lanes) if lane.waiting
        ]
        heapify(heads)
        while heads and len(found) < limit:
            place = heads[0][2]
            partition, lane = lanes[place]
            _, offset, message = lane.waiting.popleft()
            lane.position = offset + 1
            found.append(Delivery(offset, message))
            if lane.waiting:
                heapreplace(heads, (*lane.waiting[0][:2], place))
                continue
            lane.position = lane.fetched  # past those that came again
            if self._may_have(partition):
                break
            heappop(heads)
        return len(found) > n_before

    def fetch(self) -> None:
        """Take what came meanwhile, records and errors: the library keeps them until then."""
        if self._lanes:
            self._fetch(0.0)

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def _fetch(self, wait_s: float) -> None:
        try:
            one = self._consumer.poll(wait_s)
            # with a time limit it would wait until so many are there
            records = [] if one is None else [one, *self._consumer.consume(_AT_ONCE, 0.0)]
        except Exception as error:
            raise kafka_failure("read the Kafka cluster", error) from error
        record: KafkaRecord
        for record in records:
            if record.error() is None:
                self._keep(record)
            else:
                self._note_error(record)
        self._pause_full()

    def _note_error(self, record: KafkaRecord) -> None:
        from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - an extra

        error = record.error()
        if error.code() == KafkaError._PARTITION_EOF:
            lane = self._lanes.get((record.topic(), record.partition()))
            if lane is not None and record.offset() >= lane.fetched:
                lane.fetched = max(lane.fetched, record.offset())
                lane.is_at_end = True
                lane.unanswered_s = 0.0
        elif error.retriable() or error.code() in (
            KafkaError._TRANSPORT,
            KafkaError._ALL_BROKERS_DOWN,
            KafkaError._TIMED_OUT,
        ):
            _log.info("Kafka: %s", error.str())
        else:
            raise kafka_failure("read the Kafka cluster", KafkaException(error))

    def _keep(self, record: KafkaRecord) -> None:
        partition = (record.topic(), record.partition())
        lane = self._lanes.get(partition)
        offset = record.offset()
        if lane is None or offset < lane.fetched:
            if lane is not None and lane.is_fresh:
                self._tell_restart(partition, lane, offset)
            return
        lane.is_fresh = False
        expected = max(lane.fetched, lane.first)
        if offset > expected > 0:
            _log.warning(
                "%d records of %s/%d are gone unread: let the cluster keep them longer",
                *(offset - expected, *partition),
            )
        lane.fetched = offset + 1
        lane.is_at_end = False
        lane.unanswered_s = 0.0
        message = self._decoded(record)
        if message is None or lane.is_repeated(message.identity, self._same_within):
            if not lane.waiting and offset >= lane.first:
                lane.position = lane.fetched
            return
        if offset >= lane.first:
            lane.waiting.append((record.timestamp()[1], offset, message))

    def _tell_restart(self, partition: Partition, lane: _Lane, offset: int) -> None:
        lane.is_fresh = False  # told once each time it is opened
        _log.error(
            "%s/%d was made anew, or has lost its end: it was read up to %d, and now gives %d. "
            "Nothing is read before %d comes; give another topic_prefix, or remove the states",
            *(*partition, lane.fetched, offset, lane.fetched),
        )

    def _decoded(self, record: KafkaRecord) -> Message | None:
        topic, value = record.topic(), record.value()
        try:
            return decode_message(self._own_name(topic), record.key(), value)
        except DataError as error:
            if is_of_later_version(value):
                raise
            _log.error("record %d of %s is passed over: %s", record.offset(), topic, error)
            return None

    def _pause_full(self) -> None:
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        most = self._clients.settings.read_ahead
        full, free = [], []
        for (topic, number), lane in self._lanes.items():
            if not lane.is_paused and len(lane.waiting) >= most:
                lane.is_paused = True
                full.append(TopicPartition(topic, number))
            elif lane.is_paused and len(lane.waiting) < most // 2:
                lane.is_paused = False
                free.append(TopicPartition(topic, number))
        if full:
            self._consumer.pause(full)
        if free:
            self._consumer.resume(free)
