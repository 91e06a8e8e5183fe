"""How far the groups of a cluster have read, as they tell it to the cluster themselves."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mainshock.stream.kafka.clients import Clients, kafka_failure
from mainshock.stream.kafka.reader import Partition

if TYPE_CHECKING:
    from confluent_kafka import Consumer

__all__ = ["GroupOffsets"]

_OLD_S = 0.5
_ANSWER_S = 10.0


class GroupOffsets:
    """Asks for the offsets of groups that this process need not belong to.

    Parameters
    ----------
    clients
        Makes one consumer for each group, which joins nothing.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._consumers: dict[str, Consumer] = {}
        self._known: dict[str, tuple[float, dict[Partition, int]]] = {}

    def of(self, group: str, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Return the next offset of each partition, 0 where none was told; up to 0.5 s old.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        """
        with self._lock:
            asked_s, known = self._known.get(group, (-_OLD_S, {}))
            if time.monotonic() - asked_s >= _OLD_S or not set(partitions) <= set(known):
                known = self._asked(group, partitions)
                self._known[group] = (time.monotonic(), known)
        return known

    def close(self) -> None:
        """Leave the cluster."""
        with self._lock:
            for consumer in self._consumers.values():
                consumer.close()
            self._consumers.clear()

    def _asked(self, group: str, partitions: Sequence[Partition]) -> dict[Partition, int]:
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        consumer = self._consumers.get(group)
        if consumer is None:
            consumer = self._consumers[group] = self._clients.onlooker(group)
        places = [TopicPartition(topic, number) for topic, number in partitions]
        try:
            consumer.poll(0.0)  # what it has to tell of connections is kept until then
            told = consumer.committed(places, timeout=_ANSWER_S)
        except Exception as error:
            raise kafka_failure(f"ask for the offsets of {group}", error) from error
        return {(one.topic, one.partition): max(0, one.offset) for one in told}
