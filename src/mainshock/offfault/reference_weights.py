"""Reads weights of the published network from the HDF5 files that Keras writes.

No such weights are packaged. A user who has a file, of a whole model or of weights alone, gives its
path. Only arrays and names are read from it: nothing in it is run.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.offfault.network import KENet

if TYPE_CHECKING:
    from h5py import Group

__all__ = ["read_reference_network"]

Weights = dict[str, NDArray[np.float32]]

_CONVOLUTIONS, _NORMS, _DENSE = 4, 3, 2
_NORM_NAMES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def read_reference_network(path: Path) -> KENet:
    """Return a network with the weights of a Keras file, ready to predict.

    Parameters
    ----------
    path
        ``.hdf5`` of Keras 2, a whole model (``model_weights``) or weights alone.

    Raises
    ------
    SourceError
        If the file cannot be opened.
    DataError
        If its layers are not those of the network; the message names their shapes.
    """
    layers = _read_layers(path)
    convolutions = [one for one in layers if _kernel_ndim(one) == 4]
    dense = [one for one in layers if _kernel_ndim(one) == 2]
    norms = [one for one in layers if "moving_mean" in one]
    counts = (len(convolutions), len(norms), len(dense))
    if counts != (_CONVOLUTIONS, _NORMS, _DENSE):
        raise DataError(
            f"{path} holds {counts[0]} convolutions, {counts[1]} batch normalisations and "
            f"{counts[2]} dense layers; the network has 4, 3 and 2: {_shapes(layers)}"
        )
    network = KENet(n_channels=int(convolutions[0]["kernel"].shape[-1]))
    parts: list[tuple[torch.nn.Module, Weights]] = [
        *zip(_of_kind(network, torch.nn.Conv2d), map(_convolution, convolutions), strict=True),
        *zip(_of_kind(network, torch.nn.Linear), map(_dense, dense), strict=True),
        *zip(
            _of_kind(network, torch.nn.BatchNorm2d, torch.nn.BatchNorm1d),
            map(_norm, norms),
            strict=True,
        ),
    ]
    for layer, weights in parts:
        _put(layer, weights, path)
    return network.eval()


def _read_layers(path: Path) -> list[Weights]:
    """Return the arrays of all layers that have some, in the order of the network."""
    import h5py  # noqa: PLC0415 - only these files need it

    try:
        with h5py.File(path, "r") as file:
            group = file.get("model_weights", file)
            names = group.attrs.get("layer_names")
            order = sorted(group, key=_natural) if names is None else [_text(one) for one in names]
            layers = [_layer(group[name]) for name in order if name in group]
    except OSError as error:
        raise SourceError(f"{path} cannot be read as HDF5: {error}") from error
    return [one for one in layers if one]


def _layer(group: "Group") -> Weights:
    import h5py  # noqa: PLC0415 - only these files need it

    found: Weights = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            leaf = name.rpartition("/")[2].partition(":")[0]
            found[leaf] = np.asarray(item, dtype=np.float32)

    group.visititems(visit)
    return found


def _text(name: Any) -> str:  # bytes or text, as the version of Keras had it
    return name.decode() if isinstance(name, bytes) else str(name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that puts ``conv2d_2`` before ``conv2d_10``."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D+)(\d*)", name)]


def _kernel_ndim(layer: Weights) -> int:
    return layer["kernel"].ndim if "kernel" in layer else 0


def _convolution(layer: Weights) -> Weights:
    """Turn height, width, in, out into torch's out, in, height, width."""
    return {"weight": layer["kernel"].transpose(3, 2, 0, 1), **_bias(layer)}


def _dense(layer: Weights) -> Weights:
    return {"weight": layer["kernel"].T, **_bias(layer)}


def _bias(layer: Weights) -> Weights:
    return {"bias": layer["bias"]} if "bias" in layer else {}


def _norm(layer: Weights) -> Weights:
    return {ours: layer[theirs] for ours, theirs in _NORM_NAMES.items() if theirs in layer}


def _of_kind(network: torch.nn.Module, *kinds: type[torch.nn.Module]) -> list[torch.nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]


def _put(layer: torch.nn.Module, weights: Weights, path: Path) -> None:
    state = layer.state_dict()
    wanted = {name: tuple(one.shape) for name, one in state.items() if one.ndim}
    given = {name: one.shape for name, one in weights.items()}
    if given != wanted:
        raise DataError(
            f"{path}: a layer {type(layer).__name__} has arrays {given}, the network needs "
            f"{wanted}; give a file of the network with a 128 x 64 map as its only input"
        )
    state.update({name: torch.from_numpy(one.copy()) for name, one in weights.items()})
    layer.load_state_dict(state)


def _shapes(layers: list[Weights]) -> str:
    return "; ".join(
        ", ".join(f"{name} {one.shape}" for name, one in layer.items()) for layer in layers
    )
