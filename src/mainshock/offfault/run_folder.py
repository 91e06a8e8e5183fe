"""Run folders: weights as safetensors, how they came about, and networks opened from them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mainshock.core.errors import ModelError, SettingsError
from mainshock.core.files import replacing
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.epochs import run_network
from mainshock.offfault.exported_network import INPUT, OUTPUT
from mainshock.offfault.network_efficiency import Calibration, NetworkEfficiency
from mainshock.offfault.registry import EFFICIENCY_NETWORKS

__all__ = [
    "BESTS",
    "build_network",
    "export_network",
    "load_weights",
    "open_network",
    "read_network",
    "read_params",
    "save_weights",
    "write_params",
]

BESTS = ("accuracy", "loss")
_PARAMS, _FORMAT = "params.json", 1
_LONGEST_REASON = 200  # torch lists every array


def build_network(name: str, n_channels: int | None = None) -> torch.nn.Module:
    """Return a new network by name, with random weights.

    Raises
    ------
    RegistryError
        If there is none of that name.
    SettingsError
        If it has no choice of channels.
    """
    make: Callable[..., torch.nn.Module] = EFFICIENCY_NETWORKS.load(name)
    if n_channels is None:
        return make()
    try:
        return make(n_channels=n_channels)
    except TypeError as error:
        raise SettingsError(
            f"the network {name!r} has no choice of channels ({n_channels} given); leave it out"
        ) from error


def write_params(folder: Path, params: Mapping[str, Any]) -> None:
    """Write how the weights in a run folder came about."""
    with replacing(folder / _PARAMS) as partial:
        text = json.dumps({"format": _FORMAT, "kind": "offfault", **params}, indent=1)
        partial.write_text(text + "\n", encoding="utf-8")


def read_params(folder: Path) -> dict[str, Any]:
    """Return how the weights in a run folder came about.

    Raises
    ------
    ModelError
        If the folder holds no training, or a damaged one.
    """
    try:
        params: dict[str, Any] = json.loads((folder / _PARAMS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} holds no trained network of efficiency ({error}); make one by "
            "`mainshock offfault train`"
        ) from error
    if params.get("format") != _FORMAT or params.get("kind") != "offfault":
        raise ModelError(f"{folder} is of another kind or version; train it again")
    return params


def save_weights(folder: Path, best: str, network: torch.nn.Module) -> None:
    """Write the weights of a network as those of the best epoch by a score."""
    state = {name: one.contiguous().clone() for name, one in network.state_dict().items()}
    with replacing(_weights_path(folder, best)) as partial:
        save_file(state, partial)


def load_weights(folder: Path, best: str, network: torch.nn.Module) -> None:
    """Put stored weights into a network.

    Raises
    ------
    SettingsError
        If ``best`` names no score.
    ModelError
        If the weights are missing, damaged, or of another network.
    """
    if best not in BESTS:
        raise SettingsError(f"best is {best!r}; give one of {', '.join(BESTS)}")
    path = _weights_path(folder, best)
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(
            f"{path} does not fit the network {type(network).__name__}; train it again: "
            f"{shorten(str(error), _LONGEST_REASON)}"
        ) from error


def _weights_path(folder: Path, best: str) -> Path:
    return folder / f"best_{best}.safetensors"


def read_network(folder: Path, best: str = "accuracy") -> torch.nn.Module:
    """Return the torch network of a run folder, ready to predict."""
    params = read_params(folder)
    network = build_network(params["network"], params["n_channels"])
    load_weights(folder, best, network)
    return network.eval()


def open_network(folder: Path, best: str = "accuracy") -> NetworkEfficiency:
    """Return the network of a run folder as a model of efficiency.

    Parameters
    ----------
    best
        Which of its epochs: the best on the evaluation windows by ``accuracy`` (within 2 SD), or by
        ``loss``.

    Raises
    ------
    ModelError
        If the folder holds no training, or a damaged one.
    """
    network, params = read_network(folder, best), read_params(folder)
    stored = params["best"][best]
    calibration = Calibration(float(stored["sd_scale"]), float(stored["quantile90"]))
    return NetworkEfficiency(run_network(network), calibration, params["line_px"])


def export_network(folder: Path, path: Path, best: str = "accuracy") -> float:
    """Write a run folder's network as ONNX and return the largest difference to torch.

    What else it needs is written beside it, with the suffix ``.json``;
    :func:`mainshock.offfault.exported_network.open_exported` opens both.

    Raises
    ------
    ModelError
        If both differ by more than 1e-5 on fault maps.
    """
    from mainshock.learn.onnx_export import export_onnx  # noqa: PLC0415 - loads ONNX

    network = read_network(folder, best)
    rng = np.random.default_rng(0)
    example = (rng.random((3, 1, ROWS, COLUMNS)) < 0.001).astype(np.float32)
    for one, row in enumerate((40, 64, 88)):
        example[one, 0, row : row + 3, : COLUMNS - 10 * one] = 1.0
    with replacing(path) as partial:
        difference = export_onnx(network, partial, example, input_name=INPUT, output_name=OUTPUT)
    params = read_params(folder)
    stored = params["best"][best]
    kept = {name: stored[name] for name in ("sd_scale", "quantile90")}
    with replacing(path.with_suffix(".json")) as partial:
        text = json.dumps({"format": 1, "line_px": params["line_px"], **kept}, indent=1)
        partial.write_text(text + "\n", encoding="utf-8")
    return difference
