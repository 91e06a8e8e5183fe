"""The pickers by name. A new picker adds one line here."""

from mainshock.core.registry import Registry
from mainshock.detect.base import Picker

__all__ = ["PICKERS"]

PICKERS: Registry[type[Picker]] = Registry(
    "picker",
    {
        "default": "mainshock.detect.phasenet:PhaseNetPicker",
        "phasenet": "mainshock.detect.phasenet:PhaseNetPicker",
        "stalta": "mainshock.detect.stalta:StaLtaPicker",
    },
)
