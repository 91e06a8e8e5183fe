"""The pickers by name. A new picker adds one line here."""

from collections.abc import Callable
from pathlib import Path

from mainshock.core.registry import Registry
from mainshock.detect.base import Picker

__all__ = ["PICKERS", "open_picker"]

PICKERS: Registry[Callable[..., Picker]] = Registry(
    "picker",
    {
        "default": "mainshock.detect.phasenet:PhaseNetPicker",
        "phasenet": "mainshock.detect.phasenet:PhaseNetPicker",
        "stalta": "mainshock.detect.stalta:StaLtaPicker",
    },
)


def open_picker(name: str | Path) -> Picker:
    """Return a picker, given its registered name or the folder of a trained model.

    Raises
    ------
    RegistryError
        If the name is unknown and no such folder holds a model.
    """
    if str(name) in PICKERS:
        return PICKERS.load(str(name))()
    if Path(name).is_dir():
        return PICKERS.load("phasenet")(model_dir=Path(name))
    return PICKERS.load(str(name))()
