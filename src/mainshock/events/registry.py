"""The associators by name. A new associator adds one line here."""

from collections.abc import Callable

from mainshock.core.registry import Registry
from mainshock.events.base import Associator

__all__ = ["ASSOCIATORS"]

ASSOCIATORS: Registry[Callable[..., Associator]] = Registry(
    "associator",
    {
        "grid": "mainshock.events.association:GridAssociator",
        "pyocto": "mainshock.events.pyocto_plugin:PyOctoAssociator",
        "single_station": "mainshock.events.single_station:SingleStationAssociator",
    },
)
