"""A file that is no network is told as such."""

import pytest

from mainshock.core.errors import ModelError
from mainshock.learn.models import find_model
from mainshock.learn.onnx_session import open_session


def test_packaged_network_opens():
    session = open_session(find_model("default") / "model.onnx")
    assert [one.name for one in session.get_inputs()] == ["waveform"]


def test_absent_and_damaged_files_are_model_errors(tmp_path):
    with pytest.raises(ModelError, match="is missing"):
        open_session(tmp_path / "model.onnx")
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="no usable network"):
        open_session(tmp_path / "model.onnx")
