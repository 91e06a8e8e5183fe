"""Where pickers that others trained come from, by name. A new source adds one line here."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mainshock.core.errors import MissingDependencyError
from mainshock.core.registry import Registry

__all__ = ["CONVERTERS", "AddOptions", "AddedModel", "add_model"]

_NEEDED = ("torch", "seisbench", "onnx", "safetensors")


def _be_quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How to add a model.

    Parameters
    ----------
    path
        File or folder with the weights; None fetches them, where the source allows it.
    name
        What to call the model; None takes the source's own name.
    remote
        Root of a SeisBench repository; None takes the usual one.
    reference
        NPZ of inputs and expected outputs that the network must repeat within 4e-6.
    replace
        Whether a model of the same name but with other weights may be replaced.
    say
        Is told each step.
    """

    path: Path | None = None
    name: str | None = None
    remote: str | None = None
    reference: Path | None = None
    replace: bool = False
    say: Callable[[str], None] = _be_quiet


@dataclass(frozen=True, slots=True)
class AddedModel:
    """What was added, and how exactly it gives the numbers of its source.

    Parameters
    ----------
    name, version, folder
        As `models list` shows them, and where the files lie.
    is_new
        False where the same weights were there already; nothing was written then.
    onnx_difference
        Largest difference between ONNX Runtime and torch on three windows; the limit is 1e-5.
    reference_difference, onnx_reference_difference
        Largest difference of torch (in double precision) and of ONNX (float32) from the
        reference outputs; None without them.
    """

    name: str
    version: str
    folder: str
    is_new: bool
    onnx_difference: float | None = None
    reference_difference: float | None = None
    onnx_reference_difference: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


CONVERTERS: Registry[Callable[[str, AddOptions], list[AddedModel]]] = Registry(
    "model source",
    {
        "eqtransformer": "mainshock.detect.converted.eqtransformer:add_eqtransformer",
        "phasenet": "mainshock.detect.converted.phasenet:add_phasenet",
        "seisbench": "mainshock.detect.converted.seisbench_hub:add_from_seisbench",
    },
)


def add_model(source: str, options: AddOptions) -> list[AddedModel]:
    """Convert the weights of a source and put them into the user's model store.

    Parameters
    ----------
    source
        A registered name, and after a colon what that source needs to know:
        ``"eqtransformer"``, ``"seisbench:PhaseNet/instance"``.

    Raises
    ------
    RegistryError
        If there is no such source.
    MissingDependencyError
        If the extra ``train`` is not installed.
    ModelError
        If the weights are not those expected, or do not fit the network.
    UnreachableError
        If they cannot be fetched.
    """
    name, _, argument = source.partition(":")
    if name in CONVERTERS:
        missing = [module for module in _NEEDED if find_spec(module) is None]
        if missing:
            raise MissingDependencyError(
                f"converting weights needs {', '.join(missing)}; install the extra: "
                "pip install 'mainshock[train]' (running the converted model does not need it)"
            )
    return CONVERTERS.load(name)(argument, options)
