"""The clients of librdkafka that the bus is made of, with the settings that it rests on."""

import logging
import re
import time
from collections.abc import Callable, Mapping
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
_COUNTS = re.compile(r" \(after \d+ms in state (error\(s\)|[^)])*\)")
_FRESH_S = 60.0
_MOST_KNOWN = 100
_FETCH_WAIT_MS = 50  # after so long the broker says that there is no more
_QUEUED_KB = 16_384
_MOST_HEARTBEAT_MS = 3000  # by these a member hears that others came or went


class _OnceAMinute(logging.Filter):
    """Lets each line of the library pass once a minute: it tries to connect ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text, now_s = _without_numbers(record.getMessage()), time.monotonic()
        if "gapless.guarantee is experimental" in text:
            return False
        if now_s - self._said_s.get(text, -_FRESH_S) < _FRESH_S:
            return False
        if len(self._said_s) >= _MOST_KNOWN:
            self._said_s.clear()
        self._said_s[text] = now_s
        return True


_library.addFilter(_OnceAMinute())


class Clients:
    """Makes producers, consumers and administrators for one cluster.

    Parameters
    ----------
    settings
        How the cluster is reached.
    instance
        Name of this process among the members of its groups, by which it takes its place again
        after a crash, if the settings say so; empty: it comes as a new member.

    Raises
    ------
    MissingDependencyError
        If confluent-kafka is not installed.
    SettingsError
        If a secret or a file is missing.
    """

    def __init__(self, settings: KafkaSettings, instance: str = "") -> None:
        try:
            import confluent_kafka  # noqa: PLC0415 - an extra
            import confluent_kafka.admin  # noqa: PLC0415
        except ImportError as error:
            raise MissingDependencyError(
                f"the Kafka bus needs confluent-kafka ({error}); pip install 'mainshock[kafka]'"
            ) from error
        self._library = confluent_kafka
        self.settings = settings
        self._instance = instance if settings.keeps_place else ""
        self._refusal = ""
        self._refused_s = -_FRESH_S
        self._remedies = {
            confluent_kafka.KafkaError._SSL: (
                "look at ca_file, certificate_file and at the name in the broker's certificate"
            ),
            confluent_kafka.KafkaError._AUTHENTICATION: "look at mechanism, user and password",
        }
        self._common: dict[str, Any] = {  # values of many kinds
            "client.id": "mainshock",
            "reconnect.backoff.max.ms": 1000,
            "topic.metadata.propagation.max.ms": 10_000,
            **settings.client_options(),
            "error_cb": self._note_error,
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

    def member(self, group: str, session_s: float) -> "Consumer":
        """Return a consumer that joins a group by ``subscribe``, and is given up after so long."""
        known_as = {"group.instance.id": self._instance} if self._instance else {}
        return self._of_group(group, known_as, session_s)

    def onlooker(self, group: str) -> "Consumer":
        """Return a consumer that asks how far a group is, and never joins it."""
        return self._of_group(group, {}, self.settings.session_s)

    def _of_group(self, group: str, options: Mapping[str, str], session_s: float) -> "Consumer":
        session_ms = round(session_s * 1000)
        return self._made(
            self._library.Consumer,
            {
                **options,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": session_ms,
                "max.poll.interval.ms": max(300_000, session_ms),
                "heartbeat.interval.ms": min(_MOST_HEARTBEAT_MS, max(100, session_ms // 5)),
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

    def refusal(self, client: "AdminClient") -> str:
        """Return why a broker and a client refused each other just now, with the remedy; else "".

        The library does not say that where a call fails, but beside it.
        """
        client.poll(0.0)
        return self._refusal if time.monotonic() - self._refused_s < _FRESH_S else ""

    def _note_error(self, error: "KafkaError") -> None:
        """Note what happens to connections; librdkafka goes on trying by itself."""
        remedy = self._remedies.get(error.code())
        if remedy is None:
            _log.info("Kafka: %s", error.str())
            return
        told = f"{_without_numbers(error.str())}; {remedy} in the settings of Kafka"
        now_s = time.monotonic()
        if told != self._refusal or now_s - self._refused_s >= _FRESH_S:
            _log.warning("Kafka: %s", told)
        self._refusal, self._refused_s = told, now_s

    def _made(self, kind: Callable[[dict[str, Any]], Client], options: dict[str, Any]) -> Client:
        try:
            return kind(options)
        except (self._library.KafkaException, ValueError, TypeError) as error:
            raise _as_settings(error) from error


def _as_settings(error: Exception) -> SettingsError:
    told = error.args[0] if error.args else error
    text = told.str() if hasattr(told, "str") else str(told)
    return SettingsError(f"librdkafka refuses a setting of Kafka: {text}; mend it in the file")


def _without_numbers(text: str) -> str:
    """Return what the library says without how long it took, which is never the same."""
    return _COUNTS.sub("", text)


def kafka_failure(what: str, error: Exception, refusal: str = "") -> SourceError:
    """Return the error that a failure of the cluster is told by.

    Parameters
    ----------
    what
        Was to be done.
    error
        Of the library.
    refusal
        Why the brokers are not spoken to, with the remedy, where that is known.
    """
    told = error.args[0] if error.args else error
    text = told.str() if hasattr(told, "str") else str(told)
    return SourceError(
        f"cannot {what}: {refusal or f'{text}; look whether the Kafka brokers are up'}"
    )
