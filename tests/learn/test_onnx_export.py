"""An exported network gives the numbers of the torch network, or no export happens."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from mainshock.core.errors import ModelError  # noqa: E402 - needs torch
from mainshock.learn import onnx_export  # noqa: E402 - needs torch


@pytest.fixture
def network():
    torch.manual_seed(3)
    return torch.nn.Sequential(
        torch.nn.Conv1d(3, 4, 7, padding="same"), torch.nn.BatchNorm1d(4), torch.nn.Softmax(dim=1)
    )


def export(network, path, rng):
    example = rng.standard_normal((2, 3, 64)).astype(np.float32)
    return onnx_export.export_onnx(
        network, path, example, input_name="waveform", output_name="probability"
    )


def test_any_batch_gives_what_torch_gives(network, tmp_path, rng):
    from onnxruntime import InferenceSession

    assert export(network, tmp_path / "model.onnx", rng) <= 1e-5
    session = InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for n_batch in (1, 5):  # the example had two: the batch must have stayed free
        windows = rng.standard_normal((n_batch, 3, 64)).astype(np.float32)
        with torch.no_grad():
            expected = network.eval()(torch.from_numpy(windows)).numpy()
        found = session.run(["probability"], {"waveform": windows})[0]
        np.testing.assert_allclose(found, expected, atol=1e-5)  # float32, order of summation


def test_weights_that_differ_are_refused(network, tmp_path, rng, monkeypatch):
    monkeypatch.setattr(onnx_export, "PARITY", -1.0)  # no difference is small enough
    with pytest.raises(ModelError, match="do not use these weights"):
        export(network, tmp_path / "model.onnx", rng)
