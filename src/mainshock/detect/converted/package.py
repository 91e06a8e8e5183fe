"""Writes a converted picker as a model folder: ONNX, torch weights, manifest and card."""

import copy
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.core.provenance import file_sha256
from mainshock.core.settings import Settings
from mainshock.detect.converted.interface import Architecture, PickerNetwork
from mainshock.detect.converted.native_lstm import export_picker
from mainshock.detect.converted.registry import AddedModel, AddOptions
from mainshock.detect.windowing import normalise_windows
from mainshock.learn.models import (
    ModelManifest,
    load_manifest,
    new_model_folder,
    verify_model,
    write_manifest,
)
from mainshock.learn.onnx_session import open_session

__all__ = ["ConvertedPicker", "Reference", "add_picker", "load_state", "read_reference"]

# The references were computed in float32, whose rounding differs between processors. The network
# is compared in double precision, so that only the rounding of the reference is left: up to 3e-6.
REFERENCE_LIMIT = 4e-6
_FLOAT32 = np.float32


@dataclass(frozen=True, slots=True)
class Reference:
    """Inputs and what the network must make of them.

    Parameters
    ----------
    windows
        Shape ``(n_windows, 3, n_samples)``, components Z, N, E, scaled.
    expected
        Shape ``(n_windows, n_rows, n_samples)``: P, S and the further rows.
    """

    windows: NDArray[np.float32]
    expected: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ConvertedPicker:
    """All that a model folder says about a picker, and the network itself.

    Parameters
    ----------
    sampling_rate_hz, window_samples
        Rate and length of the network's windows.
    thresholds
        Smallest probability of a pick, of each phase.
    training
        Whose weights these are, from what data, and the checksums of what was converted.
    published
        Scores that the authors state, with their source; nothing measured here.
    card
        The card, in Markdown.
    """

    name: str
    version: str
    description: str
    licence: str
    network: torch.nn.Module
    architecture: Architecture
    sampling_rate_hz: float
    window_samples: int
    thresholds: Mapping[str, float]
    training: Mapping[str, Any]
    published: Mapping[str, Any]
    card: str


def load_state(network: torch.nn.Module, arrays: Mapping[str, NDArray[np.float32]]) -> None:
    """Put converted arrays into a network, which must take all of them and lack none.

    Counters of batches, which only training uses, may be missing.

    Raises
    ------
    ModelError
        If a tensor is missing, left over or of another shape.
    """
    wanted = network.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(set(wanted) - counters - set(arrays))
    surplus = sorted(set(arrays) - set(wanted))
    if missing or surplus:
        raise ModelError(
            f"the weights do not fit the network: {len(missing)} tensors missing "
            f"{missing[:3]}, {len(surplus)} left over {surplus[:3]}"
        )
    for name, array in arrays.items():
        if tuple(array.shape) != tuple(wanted[name].shape):
            raise ModelError(
                f"tensor {name} has the shape {array.shape}, the network wants "
                f"{tuple(wanted[name].shape)}"
            )
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    network.load_state_dict(wanted | tensors)
    network.eval()


def read_reference(
    path: Path, keys: tuple[str, ...], window_samples: int, input_key: str = "input_enz_100hz"
) -> Reference:
    """Return reference windows and outputs from an NPZ.

    Parameters
    ----------
    keys
        Arrays of the outputs in the order of our rows, each ``(n_windows, n_samples)``.
    input_key
        Array of raw windows in the order E, N, Z; a key with a colon, ``name:row``, takes
        one row of an array of shape ``(n_windows, rows, n_samples)``.

    Raises
    ------
    DataError
        If the file cannot be read or lacks one of the arrays.
    """
    try:
        with np.load(path) as content:
            raw = content[input_key][:, ::-1, :window_samples]
            rows = []
            for key in keys:
                name, _, row = key.partition(":")
                rows.append(content[name][:, int(row)] if row else content[name])
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is no reference for this model ({error}); it needs {input_key} and "
            f"{', '.join(keys)}"
        ) from error
    start = np.zeros(1, dtype=np.int64)
    windows = np.concatenate([normalise_windows(one, start, window_samples) for one in raw])
    return Reference(windows, np.stack(rows, axis=1).astype(_FLOAT32))


def add_picker(
    picker: ConvertedPicker, options: AddOptions, reference: Reference | None = None
) -> AddedModel:
    """Write a picker into the model store, unless the very same is there already.

    Raises
    ------
    ModelError
        If the reference is not met, ONNX differs from torch, or a model of that name has other
        weights and ``options.replace`` is not set.
    """
    network = PickerNetwork(picker.network, picker.architecture).eval()
    torch_difference = None
    if reference is not None:
        torch_difference = _reference_difference(network, reference)
        options.say(f"{picker.name}: torch differs from the reference by {torch_difference:.1e}")
    weights = _serialised(picker.network)
    folder = Settings.from_environment().model_store / picker.name
    if _is_there(folder, hashlib.sha256(weights).hexdigest(), options):
        options.say(f"{picker.name}: the same weights are there already; nothing was written")
        return AddedModel(
            picker.name,
            load_manifest(folder).version,
            str(folder),
            is_new=False,
            reference_difference=torch_difference,
            onnx_reference_difference=_onnx_difference(folder, reference),
        )
    options.say(f"{picker.name}: exporting to ONNX")
    with new_model_folder(picker.name) as temporary:
        (temporary / "weights.safetensors").write_bytes(weights)
        difference = export_picker(network, temporary / "model.onnx", _example(picker))
        onnx_difference = _onnx_difference(temporary, reference)
        _describe(temporary, picker)
    options.say(f"{picker.name}: ONNX differs from torch by {difference:.1e}")
    return AddedModel(
        picker.name,
        picker.version,
        str(folder),
        is_new=True,
        onnx_difference=difference,
        reference_difference=torch_difference,
        onnx_reference_difference=onnx_difference,
    )


def _serialised(network: torch.nn.Module) -> bytes:
    from safetensors.torch import save  # noqa: PLC0415 - only in the extra `train`

    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    content: bytes = save(state)
    return content


def _is_there(folder: Path, weights_sha256: str, options: AddOptions) -> bool:
    """Return whether the store holds these weights; refuse to overwrite others."""
    if options.replace or not folder.exists():
        return False
    try:
        verify_model(folder)
    except ModelError as error:
        options.say(f"{folder.name}: what is there is damaged and is replaced ({error})")
        return False
    if load_manifest(folder).files.get("weights.safetensors") == weights_sha256:
        return True
    raise ModelError(
        f"{folder} holds a model with other weights; give --replace to overwrite it, or another "
        "--name"
    )


def _reference_difference(network: torch.nn.Module, reference: Reference) -> float:
    exact = copy.deepcopy(network).double()
    with torch.no_grad():
        found = exact(torch.from_numpy(reference.windows).double()).numpy()
    difference = _largest_difference(found, reference.expected)
    if not difference <= REFERENCE_LIMIT:
        raise ModelError(
            f"the network differs from the reference outputs by {difference:.1e}, the limit is "
            f"{REFERENCE_LIMIT:.0e}; do not use these weights"
        )
    return difference


def _onnx_difference(folder: Path, reference: Reference | None) -> float | None:
    if reference is None:
        return None
    session = open_session(folder / "model.onnx")
    found = session.run(["probability"], {"waveform": reference.windows})[0]
    return _largest_difference(found, reference.expected)


def _largest_difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    if found.shape != expected.shape:
        raise DataError(
            f"the network gives the shape {found.shape}, the reference has {expected.shape}; it "
            "is not for this model"
        )
    return float(np.abs(found - expected).max())


def _example(picker: ConvertedPicker) -> NDArray[np.float32]:
    """Return windows on which ONNX and torch are compared: two onsets in noise, P and S alike."""
    rng = np.random.default_rng(20200807)
    n_samples = picker.window_samples
    raw = rng.standard_normal((3, 3, n_samples))
    onset = n_samples // 2
    raw[..., onset:] *= 10.0 * np.exp(-np.arange(n_samples - onset) / (n_samples / 12))
    raw[..., onset + n_samples // 10 :] *= 3.0
    raw[2, 1:] = 0.0  # a station with the vertical alone
    start = np.zeros(1, dtype=np.int64)
    windows = [normalise_windows(one.astype(_FLOAT32), start, n_samples) for one in raw]
    return np.concatenate(windows)


def _describe(folder: Path, picker: ConvertedPicker) -> None:
    (folder / "card.md").write_text(picker.card, encoding="utf-8")
    names = ("card.md", "model.onnx", "weights.safetensors")
    manifest = ModelManifest(
        name=picker.name,
        version=picker.version,
        task="pick",
        description=picker.description,
        licence=picker.licence,
        files={name: file_sha256(folder / name) for name in names},
        settings={
            "sampling_rate_hz": picker.sampling_rate_hz,
            "window_samples": picker.window_samples,
            "rules": {
                phase: {"threshold": threshold} for phase, threshold in picker.thresholds.items()
            },
            "architecture": picker.architecture.as_dict(),
        },
        training=dict(picker.training),
        metrics={"published": dict(picker.published)} if picker.published else {},
    )
    write_manifest(folder, manifest)
