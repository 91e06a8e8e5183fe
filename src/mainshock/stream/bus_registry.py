"""The buses by name."""

from collections.abc import Callable

from mainshock.core.registry import Registry
from mainshock.stream.bus import Bus

__all__ = ["BUSES"]

# what a bus is made from is its own affair: a file, the address of a broker
BUSES: Registry[Callable[..., Bus]] = Registry(
    "bus",
    {
        "embedded": "mainshock.stream.embedded_bus:EmbeddedBus",
        "kafka": "mainshock.stream.kafka.bus:KafkaBus",
    },
)
