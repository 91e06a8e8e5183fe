"""The pickers by name. A new picker adds one line here."""

from collections.abc import Callable
from functools import partial
from inspect import signature
from pathlib import Path

from mainshock.core.errors import RegistryError, SettingsError
from mainshock.core.registry import Registry
from mainshock.detect.base import Picker
from mainshock.learn.models import find_model, list_models, load_manifest

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


def open_picker(
    name: str | Path, *, p_threshold: float | None = None, s_threshold: float | None = None
) -> Picker:
    """Return a picker, given its registered name, or the name or folder of a trained model.

    Parameters
    ----------
    p_threshold, s_threshold
        Smallest probability of a pick, 0 to 1; by default the picker's own.

    Raises
    ------
    SettingsError
        If a threshold is given to a picker that states no probabilities.
    RegistryError
        If the name is unknown and no such folder holds a model.
    UnreachableError
        If the name is that of a model which must be added first.
    """
    if str(name) in PICKERS:
        return _configured(PICKERS.load(str(name)), p_threshold, s_threshold)
    try:
        folder = find_model(name)
    except RegistryError as error:
        added = [manifest.name for manifest in list_models() if manifest.task == "pick"]
        known = ", ".join(sorted({*PICKERS.names(), *added}))
        raise RegistryError(
            f"no picker is called {str(name)!r} and no folder of that name holds a model; "
            f"known pickers: {known}"
        ) from error
    task = load_manifest(folder).task
    if task != "pick":
        raise RegistryError(f"{str(name)!r} is a model for the task {task!r}, not a picker")
    network = partial(PICKERS.load("default"), model_dir=folder)
    return _configured(network, p_threshold, s_threshold)


def _configured(
    make: Callable[..., Picker], p_threshold: float | None, s_threshold: float | None
) -> Picker:
    if p_threshold is None and s_threshold is None:
        return make()
    if "p_threshold" not in signature(make).parameters:
        raise SettingsError(
            "this picker has no thresholds of probability; leave them out or take a network"
        )
    return make(p_threshold=p_threshold, s_threshold=s_threshold)
