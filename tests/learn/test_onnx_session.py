"""A file that is no network is told as such, and the runtime tells nobody what it runs."""

import os
import subprocess
import sys

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


def test_runtime_keeps_no_identity_and_tells_its_maker_nothing(tmp_path):
    # these would suppress it as well
    hidden = ("ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "GITHUB_ACTIONS", "TF_BUILD")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    program = (
        "from mainshock.learn.models import find_model\n"
        "from mainshock.learn.onnx_session import open_session\n"
        "open_session(find_model('default') / 'model.onnx')\n"
    )
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in str(path)]
