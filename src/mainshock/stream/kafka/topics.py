"""The topics of an installation: their names in the cluster, and how they are made."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.kafka.clients import Clients, kafka_failure

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

__all__ = ["Topics"]

_log = logging.getLogger(__name__)
_ASK_S = 10.0
_OLD_S = 0.2
_SILENT_S = 2.0  # whoever asks for many topics waits for a silent cluster once, not once for each
_SEEN_WITHIN_S = 10.0
# small segments: a broker tidies only those that are full
_STATE = {
    "cleanup.policy": "compact",
    "segment.bytes": str(16 * 2**20),
    "min.cleanable.dirty.ratio": "0.1",
}


class Topics:
    """Knows how many partitions a topic has, and makes those that are missing.

    Parameters
    ----------
    clients
        Makes the administrator, which is kept.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._n_prefix = len(clients.settings.topic_prefix)
        self._ask_s = min(_ASK_S, clients.settings.publish_s)
        self._admin: AdminClient = clients.admin()
        self._lock = threading.Lock()
        self._partitions: dict[str, int] = {}
        self._ends: dict[str, tuple[float, dict[int, int]]] = {}
        self._silent_until_s = 0.0

    def name(self, topic: str) -> str:
        """Return what a topic is called in the cluster."""
        return self._settings.topic_prefix + topic

    def own_name(self, name: str) -> str:
        """Return what a topic of the cluster is called by the stages."""
        return name[self._n_prefix :]

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic of messages; made where it is missing.

        Raises
        ------
        SourceError
            If the cluster does not answer or does not make it.
        SettingsError
            If it is missing and must not be made.
        """
        kept_ms = round(self._settings.topics.retention_s * 1000)
        config = {
            "cleanup.policy": "delete",
            "retention.ms": str(kept_ms),
            "max.message.bytes": str(self._settings.topics.largest_bytes),
        }
        return self._known(self.name(topic), self._settings.topics.partitions, config)

    def state_partitions(self, topic: str) -> int:
        """Return the same of a topic of states, of which the newest of each key are kept."""
        return self._known(self.name(topic), self._settings.topics.partitions, _STATE)

    def ends(self, name: str) -> dict[int, int]:
        """Return the offset after the last record of each partition of a topic of the cluster.

        As of a moment ago at most.

        Raises
        ------
        SourceError
            If the cluster does not answer.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra
        from confluent_kafka.admin._listoffsets import OffsetSpec  # noqa: PLC0415

        asked_s, ends = self._ends.get(name, (-_OLD_S, {}))
        if time.monotonic() - asked_s < _OLD_S:
            return ends
        if time.monotonic() < self._silent_until_s:
            raise UnreachableError(f"the Kafka cluster did not tell the end of {name} just now")
        latest: OffsetSpec = OffsetSpec.latest()
        asked = {TopicPartition(name, one): latest for one in range(self._partitions[name])}
        try:
            told = self._admin.list_offsets(asked, request_timeout=self._ask_s)
            ends = {place.partition: told[place].result(self._ask_s).offset for place in asked}
        except Exception as error:
            self._silent_until_s = time.monotonic() + _SILENT_S
            raise kafka_failure(f"ask for the end of {name}", error) from error
        self._ends[name] = (time.monotonic(), ends)
        return ends

    def single(self, topic: str) -> str:
        """Return the name in the cluster of a topic with one partition and no messages."""
        self._known(self.name(topic), 1, {"cleanup.policy": "delete"})
        return self.name(topic)

    def _known(self, name: str, number: int, config: Mapping[str, str]) -> int:
        known = self._partitions.get(name)
        if known is not None:
            return known
        with self._lock:
            there = self._ask(name)
            if there == 0:
                self._make(name, number, config)
                there = self._seen(name)
            if there != number:
                _log.warning("topic %s has %d partitions, not %d", name, there, number)
            self._partitions[name] = there
        return there

    def _seen(self, name: str) -> int:
        end_s = time.monotonic() + _SEEN_WITHIN_S
        while True:
            there = self._ask(name)
            if there or time.monotonic() > end_s:
                return there or self._settings.topics.partitions
            time.sleep(0.05)

    def _ask(self, name: str) -> int:
        """Return how many partitions a topic has; 0 where there is none."""
        try:
            listed = self._admin.list_topics(timeout=self._ask_s).topics.get(name)
        except Exception as error:
            refusal = self._clients.refusal(self._admin)
            told = kafka_failure("ask the Kafka cluster", error, refusal)
            raise UnreachableError(str(told)) from error
        return 0 if listed is None or listed.error is not None else len(listed.partitions)

    def _make(self, name: str, number: int, config: Mapping[str, str]) -> None:
        from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - an extra
        from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415

        stated = self._settings.topics
        if not stated.is_made:
            raise SettingsError(
                f"the Kafka cluster has no topic {name}; make it with {number} partitions, or let "
                "topics.is_made be true"
            )
        new = NewTopic(
            name,
            num_partitions=number,
            replication_factor=stated.replication,
            config=dict(config),
        )
        try:
            self._admin.create_topics([new], operation_timeout=self._ask_s)[name].result(
                2.0 * self._ask_s
            )
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise kafka_failure(f"make the topic {name}", error) from error
        except TimeoutError as error:
            raise UnreachableError(f"the Kafka cluster does not make {name}: no answer") from error
