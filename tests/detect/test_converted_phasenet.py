"""The published PhaseNet gives here what it gave its authors, from an NPZ or a checkpoint.

The checkpoint is written here by the definition of the format; the reader itself is tested on
one that TensorFlow wrote.
"""

import struct

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("seisbench", reason="the extra `train` is not installed")

from mainshock.core.errors import DataError, ModelError, SettingsError, SourceError  # noqa: E402
from mainshock.detect.converted import AddOptions, add_model, phasenet  # noqa: E402
from mainshock.detect.converted.interface import open_network  # noqa: E402
from mainshock.learn import tensorflow_checkpoint  # noqa: E402
from mainshock.learn.models import find_model, load_manifest, verify_model  # noqa: E402
from mainshock.learn.tensorflow_checkpoint import read_checkpoint  # noqa: E402

OPTIMISER = {
    "global_step": np.zeros((), np.int32),
    "beta1_power": np.zeros((), np.float32),
    "Input/input_conv/bias/Adam_1": np.zeros(8, np.float32),
}


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "store"))


@pytest.fixture
def random_npz(tmp_path):
    import seisbench.models

    torch.manual_seed(5)
    network = seisbench.models.PhaseNet(component_order="ENZ", phases="NPS")
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    path = tmp_path / "random.npz"
    np.savez(path, **{name: state[name] for name in state if "num_batches" not in name})
    return path


def masked_crc(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        b"\0" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries
    )
    body += struct.pack("<II", 0, 1) + b"\0"  # one restart; not compressed
    return body + struct.pack("<I", masked_crc(body))


def write_checkpoint(folder, tensors) -> None:
    """Write a tensor bundle of one data file without prefix compression."""
    folder.mkdir(exist_ok=True)
    entries, data = [(b"", b"\x08\x01")], b""  # the header: one data file
    for name, array in sorted(tensors.items()):
        content = array.tobytes()
        shape = b"".join(
            b"\x12" + varint(len(size)) + size
            for size in (b"\x08" + varint(n) for n in array.shape)
        )
        kind = {"float32": 1, "int32": 3}[array.dtype.name]
        value = b"\x08" + varint(kind) + b"\x12" + varint(len(shape)) + shape
        value += b"\x20" + varint(len(data)) + b"\x28" + varint(len(content))
        entries.append((name.encode(), value + b"\x35" + struct.pack("<I", masked_crc(content))))
        data += content
    first = block(entries)
    meta = block([])
    handles = [(0, len(first) - 5), (len(first), len(meta) - 5)]
    index = block([(b"\xff", varint(handles[0][0]) + varint(handles[0][1]))])
    place = len(first) + len(meta)
    footer = b"".join(varint(x) for x in (*handles[1], place, len(index) - 5)).ljust(40, b"\0")
    footer += struct.pack("<Q", 0xDB4775248B80FB57)
    (folder / "model_95.ckpt.index").write_bytes(first + meta + index + footer)
    (folder / "model_95.ckpt.data-00000-of-00001").write_bytes(data)
    (folder / "checkpoint").write_text('model_checkpoint_path: "model_95.ckpt"\n')


@pytest.fixture
def checkpoint_of(tmp_path, monkeypatch):
    """Write the tensors of an NPZ as the checkpoint of PhaseNet."""
    # a megabyte bit by bit takes long, and that the sums are checked is tested elsewhere
    monkeypatch.setattr(tensorflow_checkpoint, "_check", lambda *_: None)

    def write(npz, **more):
        monkeypatch.setitem(globals(), "masked_crc", lambda _: 0)
        names = phasenet.checkpoint_names()
        with np.load(npz) as state:
            tensors = {
                names[name]: state[name].T[:, None] if state[name].ndim == 3 else state[name]
                for name in state
            }
        folder = tmp_path / "190703-214543"
        write_checkpoint(folder, {**tensors, **OPTIMISER, **more})
        return folder

    return write


def test_checkpoint_by_definition_is_read(tmp_path):
    tensors = {"a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), **OPTIMISER}
    write_checkpoint(tmp_path / "small", tensors)
    found = read_checkpoint(tmp_path / "small")
    assert set(found) == set(tensors)
    np.testing.assert_array_equal(found["a/kernel"], tensors["a/kernel"])


def test_names_are_those_of_the_published_code():
    names = phasenet.checkpoint_names()
    assert len(names) == len(set(names.values())) == 93
    assert names["down_branch.0.0.weight"] == "DownConv_0/down_conv1_1/kernel"
    assert names["down_branch.3.3.running_var"] == "DownConv_3/down_bn3_4/moving_variance"
    assert names["up_branch.0.0.weight"] == "UpConv_3/up_conv0_4/kernel"
    assert names["up_branch.3.3.weight"] == "UpConv_0/up_bn1_1/gamma"


def test_npz_and_checkpoint_give_the_same_model(random_npz, checkpoint_of):
    (first,) = add_model("phasenet", AddOptions(random_npz))
    (second,) = add_model("phasenet", AddOptions(checkpoint_of(random_npz), name="other"))
    assert (first.name, second.name) == ("phasenet-ncedc", "other")
    states = [open_network(find_model(name)).state_dict() for name in ("phasenet-ncedc", "other")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert "model.onnx" in verify_model(find_model("other"))
    assert load_manifest(find_model("other")).settings["window_samples"] == 3001


def test_checkpoint_of_another_network_is_refused(random_npz, checkpoint_of):
    folder = checkpoint_of(random_npz, **{"More/kernel": np.zeros(1, np.float32)})
    with pytest.raises(ModelError, match="More/kernel"):
        add_model("phasenet", AddOptions(folder))
    with pytest.raises(ModelError, match="not that of PhaseNet"):
        phasenet.state_from_checkpoint({"a": np.zeros(1)})


def test_foreign_npz_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(ModelError, match="do not fit"):
        add_model("phasenet", AddOptions(tmp_path / "other.npz"))
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    with pytest.raises(SourceError, match="NPZ"):
        add_model("phasenet", AddOptions(tmp_path / "broken.npz"))
    with pytest.raises(SettingsError, match="--from"):
        add_model("phasenet", AddOptions())


@pytest.mark.parametrize("source", ["npz", "checkpoint"])
def test_published_weights_repeat_the_reference(data_dir, source, checkpoint_of):
    weights = data_dir / "location" / "weights"
    npz = weights / "phasenet_ncedc_190703.npz"
    path = npz if source == "npz" else checkpoint_of(npz)
    options = AddOptions(path, reference=weights / "reference_outputs.npz")
    (added,) = add_model("phasenet", options)
    assert added.reference_difference <= 2e-6
    assert added.onnx_reference_difference <= 1e-5  # float32 against float32


def test_reference_that_is_not_met_or_not_one_adds_nothing(data_dir, random_npz, tmp_path):
    weights = data_dir / "location" / "weights"
    with pytest.raises(ModelError, match="differs from the reference"):
        add_model("phasenet", AddOptions(random_npz, reference=weights / "reference_outputs.npz"))
    with pytest.raises(DataError, match="input_enz_100hz"):
        add_model("phasenet", AddOptions(random_npz, reference=random_npz))
    assert not (tmp_path / "store").exists()
