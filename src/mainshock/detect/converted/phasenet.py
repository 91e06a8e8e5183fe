"""PhaseNet with its authors' weights, from a TensorFlow checkpoint or an NPZ of its tensors.

References
----------
Zhu and Beroza (2019), https://doi.org/10.1093/gji/ggy423
"""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, SettingsError, SourceError
from mainshock.core.provenance import file_sha256
from mainshock.detect.converted.cards import phasenet_card
from mainshock.detect.converted.interface import Architecture
from mainshock.detect.converted.package import (
    ConvertedPicker,
    add_picker,
    load_state,
    read_reference,
)
from mainshock.detect.converted.registry import AddedModel, AddOptions
from mainshock.learn.tensorflow_checkpoint import read_checkpoint

__all__ = ["add_phasenet", "checkpoint_names", "state_from_checkpoint"]

_Arrays = dict[str, NDArray[np.float32]]

NAME = "phasenet-ncedc"
_WINDOW_SAMPLES = 3001
_DOI = "https://doi.org/10.1093/gji/ggy423"
_BATCH_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
_PUBLISHED = {
    "source": f"Zhu and Beroza (2019), {_DOI}; NCEDC test set, within 0.1 s, not measured here",
    "P": {"precision": 0.939, "recall": 0.857, "f1": 0.896},
    "S": {"precision": 0.853, "recall": 0.755, "f1": 0.801},
}


def add_phasenet(argument: str, options: AddOptions) -> list[AddedModel]:
    """Add PhaseNet with the weights that its authors trained on northern California.

    Parameters
    ----------
    options
        ``path`` is an NPZ of tensors named as in SeisBench's PhaseNet
        (``component_order="ENZ", phases="NPS"``), or a TensorFlow checkpoint: its folder, its
        ``.index`` file or the prefix of its files.

    Raises
    ------
    SettingsError
        If no path is given or an option does not apply.
    SourceError
        If a file cannot be read.
    ModelError
        If a file is damaged or does not fit the network.
    """
    if argument or options.remote:
        raise SettingsError("phasenet takes neither a name after a colon nor --remote")
    if options.path is None:
        raise SettingsError(
            "no package index has the weights of PhaseNet; give the folder of its checkpoint, "
            "model/190703-214543 of the repository AI4EPS/PhaseNet, with --from"
        )
    name = options.name or NAME
    options.say(f"{name}: reading {options.path}")
    state, source, checksums = _read(options.path)
    picker = _picker(name, state, source, checksums)
    reference = None
    if options.reference is not None:
        keys = ("phasenet_nps:1", "phasenet_nps:2", "phasenet_nps:0")
        reference = read_reference(options.reference, keys, _WINDOW_SAMPLES)
    return [add_picker(picker, options, reference)]


def _picker(
    name: str, state: _Arrays, source: str, checksums: Mapping[str, str]
) -> ConvertedPicker:
    architecture = Architecture(
        class_name="PhaseNet",
        arguments={"component_order": "ENZ", "phases": "NPS"},
        components="ENZ",
        labels=("N", "P", "S"),
    )
    network = architecture.build()
    load_state(network, state)
    return ConvertedPicker(
        name=name,
        version="2019",
        description="PhaseNet, trained on northern California (NCEDC) by its authors",
        licence="MIT",
        network=network,
        architecture=architecture,
        sampling_rate_hz=100.0,
        window_samples=_WINDOW_SAMPLES,
        thresholds={"P": 0.30, "S": 0.20},
        training={
            "authors": "W. Zhu, G. C. Beroza",
            "reference": _DOI,
            "data": "Northern California Earthquake Data Center, manual picks",
            "source": source,
            "source_sha256": dict(checksums),
            "converted_by": "mainshock models add phasenet",
        },
        published=_PUBLISHED,
        card=phasenet_card(name, source),
    )


def _read(path: Path) -> tuple[_Arrays, str, dict[str, str]]:
    """Return the state dictionary, what it was made from and the checksums of that."""
    if path.suffix == ".npz":
        try:
            with np.load(path) as content:  # no pickles: NumPy refuses them by default
                state = {name: np.asarray(content[name], dtype=np.float32) for name in content}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise SourceError(f"{path} is no readable NPZ file: {error}") from error
        return state, f"tensors in {path.name}", {path.name: file_sha256(path)}
    state = state_from_checkpoint(read_checkpoint(path))
    pattern = "*.ckpt.*" if path.is_dir() else f"{path.name.removesuffix('.index')}.*"
    files = sorted((path if path.is_dir() else path.parent).glob(pattern))
    used = [file for file in files if ".index" in file.name or ".data-" in file.name]
    checksums = {file.name: file_sha256(file) for file in used}
    return state, "TensorFlow checkpoint " + ", ".join(checksums), checksums


def checkpoint_names() -> dict[str, str]:
    """Return the name in TensorFlow's checkpoint of each tensor of SeisBench's PhaseNet."""
    return dict(_names())


def _names() -> Iterator[tuple[str, str]]:
    yield from (("inc.weight", "Input/input_conv/kernel"), ("inc.bias", "Input/input_conv/bias"))
    yield from _batch_norm("in_bn", "Input/input_bn")
    for depth in range(5):
        target, scope = f"down_branch.{depth}", f"DownConv_{depth}"
        yield from _block(target, 0, f"{scope}/down_{{}}1_{depth + 1}")
        if depth < 4:  # the deepest level has no convolution with a stride
            yield from _block(target, 2, f"{scope}/down_{{}}3_{depth + 1}")
    for depth in range(4):
        target, scope = f"up_branch.{3 - depth}", f"UpConv_{depth}"
        yield from _block(target, 0, f"{scope}/up_{{}}0_{depth + 1}")
        yield from _block(target, 2, f"{scope}/up_{{}}1_{depth + 1}")
    yield from (
        ("out.weight", "Output/output_conv/kernel"),
        ("out.bias", "Output/output_conv/bias"),
    )


def _block(target: str, member: int, layer: str) -> Iterator[tuple[str, str]]:
    """Yield a convolution without bias and the batch normalisation behind it."""
    yield f"{target}.{member}.weight", layer.format("conv") + "/kernel"
    yield from _batch_norm(f"{target}.{member + 1}", layer.format("bn"))


def _batch_norm(target: str, layer: str) -> Iterator[tuple[str, str]]:
    for name, tensorflow_name in _BATCH_NORM.items():
        yield f"{target}.{name}", f"{layer}/{tensorflow_name}"


def state_from_checkpoint(tensors: dict[str, NDArray[Any]]) -> _Arrays:
    """Return the state dictionary of SeisBench's PhaseNet.

    Kernels, also those of transposed convolutions, have the shape ``(7, 1, a, b)`` in
    TensorFlow and ``(b, a, 7)`` in torch. What the optimiser kept for its own use is left out.

    Raises
    ------
    ModelError
        If a tensor is missing or left over.
    """
    names = checkpoint_names()
    missing = sorted(set(names.values()) - set(tensors))
    own = {name for name in tensors if not _is_of_the_optimiser(name)}
    surplus = sorted(own - set(names.values()))
    if missing or surplus:
        raise ModelError(
            f"the checkpoint is not that of PhaseNet: {len(missing)} tensors missing "
            f"{missing[:3]}, {len(surplus)} left over {surplus[:3]}"
        )
    state: _Arrays = {}
    for name, tensorflow_name in names.items():
        array = tensors[tensorflow_name].astype(np.float32)
        state[name] = np.ascontiguousarray(array[:, 0].T) if array.ndim == 4 else array
    return state


def _is_of_the_optimiser(name: str) -> bool:
    return name in {"global_step", "beta1_power", "beta2_power"} or name.rsplit("/", 1)[-1] in {
        "Adam",
        "Adam_1",
        "Momentum",
    }
