"""The clients of librdkafka that the bus is made of, with the settings that it rests on."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from mainshock.core.errors import MissingDependencyError, SettingsError, SourceError
from mainshock.stream.kafka.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer
    from confluent_kafka.admin import AdminClient

__all__ = ["Clients", "KafkaRecord", "kafka_failure"]

KafkaRecord = Any  # the library's types allow None in each field, where a record has none
Client = TypeVar("Client")
_log = logging.getLogger(__name__)
_library = logging.getLogger("mainshock.librdkafka")
_library.addFilter(lambda line: "gapless.guarantee is experimental" not in line.getMessage())
_FETCH_WAIT_MS = 50  # after so long the broker says that there is no more
_QUEUED_KB = 16_384


class Clients:
    """Makes producers, consumers and administrators for one cluster.

    Parameters
    ----------
    settings
        How the cluster is reached.

    Raises
    ------
    MissingDependencyError
        If confluent-kafka is not installed.
    SettingsError
        If a secret or a file is missing.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        try:
            import confluent_kafka  # noqa: PLC0415 - an extra
            import confluent_kafka.admin  # noqa: PLC0415
        except ImportError as error:
            raise MissingDependencyError(
                f"the Kafka bus needs confluent-kafka ({error}); pip install 'mainshock[kafka]'"
            ) from error
        self._library = confluent_kafka
        self.settings = settings
        self._common: dict[str, Any] = {  # values of many kinds
            "client.id": "mainshock",
            "reconnect.backoff.max.ms": 1000,
            "topic.metadata.propagation.max.ms": 10_000,
            **settings.client_options(),
            "error_cb": _note_error,
            "logger": _library,
        }

    def producer(self) -> "Producer":
        """Return a producer whose records are on all replicas, each once, in order."""
        return self._made(
            self._library.Producer,
            {
                "linger.ms": 2,
                "compression.type": "lz4",
                "batch.size": 1_000_000,
                "batch.num.messages": 10_000,
                "queue.buffering.max.messages": 200_000,
                "partitioner": "murmur2_random",  # as that of Java
                "message.timeout.ms": round(self.settings.publish_s * 1000),
                **self._common,
                "message.max.bytes": self.settings.topics.largest_bytes,
                "enable.idempotence": True,
                "enable.gapless.guarantee": True,
                "acks": "all",
            },
        )

    def reader(self) -> "Consumer":
        """Return a consumer for ``assign``: it belongs to no group and commits nothing."""
        return self._made(
            self._library.Consumer,
            {
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                "fetch.error.backoff.ms": 50,
                "fetch.queue.backoff.ms": 10,  # after its own queue was full
                "queued.max.messages.kbytes": _QUEUED_KB,
                **self._common,
                "group.id": f"{self.settings.topic_prefix}mainshock-reader",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
            },
        )

    def member(self, group: str) -> "Consumer":
        """Return a consumer that joins a group by ``subscribe``."""
        return self._made(
            self._library.Consumer,
            {
                "auto.offset.reset": "earliest",
                "session.timeout.ms": round(self.settings.session_s * 1000),
                "heartbeat.interval.ms": max(100, round(self.settings.session_s * 1000 / 5)),
                "partition.assignment.strategy": "range",
                **self._common,
                "group.id": self.settings.topic_prefix + group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
            },
        )

    def admin(self) -> "AdminClient":
        """Return an administrator; keep it as long as its answers are waited for."""
        try:
            return self._library.admin.AdminClient(dict(self._common))
        except (self._library.KafkaException, ValueError) as error:
            raise _as_settings(error) from error

    def _made(self, kind: Callable[[dict[str, Any]], Client], options: dict[str, Any]) -> Client:
        try:
            return kind(options)
        except (self._library.KafkaException, ValueError, TypeError) as error:
            raise _as_settings(error) from error


def _as_settings(error: Exception) -> SettingsError:
    told = error.args[0] if error.args else error
    text = told.str() if hasattr(told, "str") else str(told)
    return SettingsError(f"librdkafka refuses a setting of Kafka: {text}; mend it in the file")


def _note_error(error: "KafkaError") -> None:
    """Note what happens to connections; librdkafka goes on trying by itself."""
    _log.info("Kafka: %s", error.str())


def kafka_failure(what: str, error: Exception) -> SourceError:
    """Return the error that a failure of the cluster is told by."""
    told = error.args[0] if error.args else error
    text = told.str() if hasattr(told, "str") else str(told)
    return SourceError(f"cannot {what}: {text}; look whether the Kafka brokers are up")
