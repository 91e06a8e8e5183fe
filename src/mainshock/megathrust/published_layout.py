"""Files of networks: state dicts as the authors published them, and our own in safetensors.

A published file ``models/ncls2-dex50/scenario0_epoch17.pt`` is a plain state dict with
``inp.fc.weight``, ``inp.fc.bias``, ``layers.0.fc.*`` and ``out_cat.*``; how many layers and units
there are is read from the tensors. Our files have the same names, one after the other for the
members of an ensemble, and the preprocessing beside them.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError, ModelError, NothingFoundError
from mainshock.core.files import make_folder, replacing
from mainshock.megathrust.network import PublishedNetwork
from mainshock.megathrust.network_inputs import NetworkInputs
from mainshock.megathrust.network_training import Layers

__all__ = [
    "find_state_dicts",
    "read_network",
    "read_state_dict",
    "write_network",
    "write_state_dict",
]

_FOLDER = re.compile(r"ncls(\d+)-dex(\d+)")
_FILE = re.compile(r"scenario(\d+)_epoch(\d+)\.pt")
_OTHER_HEAD = "out_"  # a head for magnitudes may stand beside the one for classes
Arrays = dict[str, NDArray[np.float32]]


def read_state_dict(path: Path) -> Layers:
    """Return the layers of a published checkpoint, running nothing that the file may hold.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or has another layout.
    MissingDependencyError
        If torch is not installed.
    """
    torch = _import("torch")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        raise ModelError(
            f"{path} cannot be read as a state dict: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise ModelError(f"{path} holds a {type(state).__name__}; a plain state dict is needed")
    arrays = {str(name): value.float().numpy() for name, value in state.items()}
    return _layers_of(arrays, str(path))


def write_state_dict(layers: Layers, path: Path) -> None:
    """Write layers as the authors' code reads them.

    Raises
    ------
    MissingDependencyError
        If torch is not installed.
    """
    torch = _import("torch")
    state = {name: torch.from_numpy(array) for name, array in _arrays_of(layers).items()}
    make_folder(path.parent)
    with replacing(path) as temporary:
        torch.save(state, temporary)


def find_state_dicts(folder: Path) -> dict[tuple[int, int, int], Path]:
    """Return published checkpoints by number of classes, exclusion in km and scenario.

    ``folder`` is the one with ``ncls2-dex50`` and so on, or one with ``models`` above them. Of
    several epochs the last counts.

    Raises
    ------
    NothingFoundError
        If there is none.
    """
    found: dict[tuple[int, int, int], tuple[int, Path]] = {}
    for path in sorted([*folder.glob("ncls*-dex*/*.pt"), *folder.glob("models/ncls*-dex*/*.pt")]):
        place, name = _FOLDER.fullmatch(path.parent.name), _FILE.fullmatch(path.name)
        if place and name:
            key = (int(place[1]), int(place[2]), int(name[1]))
            found[key] = max(found.get(key, (-1, path)), (int(name[2]), path))
    if not found:
        raise NothingFoundError(
            f"no published checkpoint in {folder}; they are called "
            "models/ncls2-dex50/scenario0_epoch17.pt and the like"
        )
    return {key: path for key, (_, path) in sorted(found.items())}


def write_network(network: PublishedNetwork, path: Path, about: Mapping[str, Any]) -> None:
    """Write a fitted network with its settings and preprocessing as safetensors.

    Parameters
    ----------
    about
        What else to remember, such as data and fold; must be JSON.

    Raises
    ------
    MissingDependencyError
        If safetensors is not installed.
    """
    safetensors = _import("safetensors.numpy")
    arrays: Arrays = {}
    for number, layers in enumerate(network.members_):
        own = _arrays_of(layers)
        arrays |= {f"members.{number}.{name}": array for name, array in own.items()}
    metadata = {
        "inputs": json.dumps(network.inputs_.as_dict()),
        "settings": json.dumps(network.get_params()),
        "about": json.dumps(dict(about)),
    }
    make_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_bytes(safetensors.save(arrays, metadata))


def read_network(path: Path) -> tuple[PublishedNetwork, dict[str, Any]]:
    """Return a network that :func:`write_network` wrote, and what was remembered with it.

    Raises
    ------
    ModelError
        If the file is missing, damaged or something else.
    MissingDependencyError
        If safetensors is not installed.
    """
    safetensors = _import("safetensors")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        settings = json.loads(metadata["settings"])
        inputs = NetworkInputs.from_dict(json.loads(metadata["inputs"]))
        about: dict[str, Any] = json.loads(metadata["about"])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} is no network of ours: {error}; train it again") from error
    members = []
    for number in range(settings["n_members"]):
        prefix = f"members.{number}."
        own = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        members.append(_layers_of(own, str(path)))
    settings["hidden"] = tuple(settings["hidden"])
    return PublishedNetwork(**settings).set_fitted(inputs, members), about


def _arrays_of(layers: Layers) -> Arrays:
    names = ["inp.fc", *(f"layers.{number}.fc" for number in range(len(layers) - 2)), "out_cat"]
    arrays: Arrays = {}
    for name, (weight, bias) in zip(names, layers, strict=True):
        arrays[f"{name}.weight"] = np.ascontiguousarray(weight, dtype=np.float32)
        arrays[f"{name}.bias"] = np.ascontiguousarray(bias, dtype=np.float32)
    return arrays


def _layers_of(arrays: Mapping[str, NDArray[np.float32]], where: str) -> Layers:
    """Return the layers in their order; ``out_cat`` may be a layer or hold one called ``fc``."""
    head = "out_cat.fc" if "out_cat.fc.weight" in arrays else "out_cat"
    n_inner = len({name.split(".")[1] for name in arrays if name.startswith("layers.")})
    names = ["inp.fc", *(f"layers.{number}.fc" for number in range(n_inner)), head]
    needed = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
    others = {name for name in arrays if not name.startswith(_OTHER_HEAD)} | {f"{head}.weight"}
    wrong = sorted((needed - set(arrays)) | (others - needed))
    if wrong:
        raise ModelError(
            f"{where} has another layout than inp.fc, layers.N.fc, out_cat: "
            f"{', '.join(wrong[:4])} missing or unknown"
        )
    layers = tuple(
        (
            arrays[f"{name}.weight"].astype(np.float64),
            arrays[f"{name}.bias"].astype(np.float64),
        )
        for name in names
    )
    width = layers[0][0].shape[-1]
    for name, (weight, bias) in zip(names, layers, strict=True):
        if weight.shape != (bias.size, width):
            raise ModelError(
                f"{where}: {name} is {weight.shape} where ({bias.size}, {width}) would fit"
            )
        width = bias.size
    return layers


def _import(name: str) -> Any:  # modules, whose types the extra brings
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"files of networks need {name}, which is not there; "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
