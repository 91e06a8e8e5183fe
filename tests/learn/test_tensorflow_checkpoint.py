"""Checkpoints of TensorFlow are read without it: one it wrote, and what may be wrong with one.

``tests/data/tensorflow_checkpoint`` was written by TensorFlow 2.21 from made-up numbers: 40
kernels of shape (1, 2, 3) that count up from their number, and a few other kinds of tensor.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import ModelError, SourceError
from mainshock.learn.tensorflow_checkpoint import read_checkpoint

CHECKPOINT = Path(__file__).parents[1] / "data" / "tensorflow_checkpoint"


@pytest.fixture
def copied(tmp_path):
    for path in CHECKPOINT.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path


def change(path: Path, at: int, byte: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] = byte
    path.write_bytes(content)


def test_tensors_are_those_that_tensorflow_wrote():
    tensors = read_checkpoint(CHECKPOINT)
    assert len(tensors) == 45
    for number in range(40):  # more than one restart of the prefix compression
        expected = np.arange(6, dtype=np.float32).reshape(1, 2, 3) + number
        found = tensors[f"Block_{number:02d}/conv/kernel"]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("global_step", np.int32(7)),
        ("double", np.linspace(0.0, 1.0, 5)),
        ("long", np.array([2**40, -3])),
        ("flags", np.array([True, False])),
        ("empty", np.zeros((0, 3), np.float32)),
    ],
)
def test_other_kinds_of_tensor(name, expected):
    found = read_checkpoint(CHECKPOINT)[name]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["model_1.ckpt", "model_1.ckpt.index"])
def test_prefix_and_index_file_name_the_checkpoint(name):
    assert "double" in read_checkpoint(CHECKPOINT / name)


def test_path_of_another_machine_in_the_state_file_does_not_matter(copied):
    (copied / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/model_1.ckpt"\n')
    assert "double" in read_checkpoint(copied)


def test_without_state_file_there_must_be_one_index(copied):
    (copied / "checkpoint").unlink()
    assert "double" in read_checkpoint(copied)
    shutil.copyfile(copied / "model_1.ckpt.index", copied / "model_2.ckpt.index")
    with pytest.raises(SourceError, match="holds 2 files"):
        read_checkpoint(copied)


def test_changed_number_is_found(copied):
    change(copied / "model_1.ckpt.data-00000-of-00001", 20, 99)
    with pytest.raises(ModelError, match=r"Block_00/conv/kernel.*damaged"):
        read_checkpoint(copied)


def test_changed_index_is_found(copied):
    change(copied / "model_1.ckpt.index", 20, 99)
    with pytest.raises(ModelError, match="the index has checksum"):
        read_checkpoint(copied)


def test_file_cut_short_is_found(copied):
    data = copied / "model_1.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(ModelError, match="cut short"):
        read_checkpoint(copied)


@pytest.mark.parametrize("content", [b"", b"no table" * 20])
def test_other_files_are_refused(copied, content):
    (copied / "model_1.ckpt.index").write_bytes(content)
    with pytest.raises(ModelError, match=r"model_1\.ckpt\.index"):
        read_checkpoint(copied)


def test_missing_data_file_is_named(copied):
    (copied / "model_1.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(SourceError, match=r"data-00000-of-00001"):
        read_checkpoint(copied)
