"""Kafka behind the bus: messages in partitioned topics, state and offsets in one record."""

from mainshock.stream.kafka.bus import KafkaBus
from mainshock.stream.kafka.settings import KafkaSettings, read_kafka_settings

__all__ = ["KafkaBus", "KafkaSettings", "read_kafka_settings"]
