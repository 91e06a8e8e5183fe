"""One broker for the tests of a file, and a place of its own in it for each test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools_at_hand import needed_package

sys.path.insert(0, str(Path(__file__).parent))
from brokers import Broker, memory_broker, settings_at

from mainshock.stream.kafka.settings import KafkaSettings

MakeSettings = Callable[..., KafkaSettings]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    needed_package("confluent_kafka", "kafka")
    with memory_broker(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture
def make_settings(broker: Broker) -> MakeSettings:
    return lambda partitions=4, **values: settings_at(broker.address, partitions, **values)
