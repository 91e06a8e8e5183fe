"""The pickers by name. A new picker adds one line here."""

from collections.abc import Callable
from pathlib import Path

from mainshock.core.errors import RegistryError, UnreachableError
from mainshock.core.registry import Registry
from mainshock.detect.base import Picker
from mainshock.learn.models import find_model

__all__ = ["PICKERS", "open_picker"]

PICKERS: Registry[Callable[..., Picker]] = Registry(
    "picker",
    {
        "default": "mainshock.detect.network:NetworkPicker",
        "ensemble": "mainshock.detect.ensemble:open_ensemble",
        "phasenet": "mainshock.detect.network:NetworkPicker",
        "stalta": "mainshock.detect.stalta:StaLtaPicker",
    },
)
_TO_ADD = ("eqtransformer", "eqtransformer-original")


def open_picker(name: str | Path) -> Picker:
    """Return a picker, given its registered name, or the name or folder of a trained model.

    Raises
    ------
    RegistryError
        If the name is unknown and no such folder holds a model.
    UnreachableError
        If the name is that of a model which must be added first.
    """
    if str(name) in PICKERS:
        return PICKERS.load(str(name))()
    try:
        return PICKERS.load("default")(model_dir=find_model(name))
    except RegistryError as error:
        if str(name) in _TO_ADD:
            raise UnreachableError(
                f"the model {str(name)!r} is not in the model store yet; add it: "
                "mainshock models add eqtransformer"
            ) from error
        raise RegistryError(f"{error}; pickers: {', '.join(PICKERS.names())}") from error
