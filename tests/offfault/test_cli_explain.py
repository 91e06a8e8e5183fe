"""``mainshock offfault explain`` as a user calls it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from mainshock.cli import offfault_explain
from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.offfault import registry, run_folder
from mainshock.offfault.base import Efficiency
from mainshock.offfault.network import KENet
from mainshock.offfault.windows import LabelledWindows, write_windows

app = typer.Typer()
app.command("explain")(offfault_explain.explain)


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """A file of three windows."""
    fault = np.zeros((3, 128, 64), dtype=np.uint8)
    fault[1, 60:63] = 1
    np.save(tmp_path / "maps.npy", fault)
    return tmp_path / "maps.npy"


def _explain(*arguments: str | Path | int) -> dict[str, object]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    document: dict[str, object] = json.loads(result.stdout)
    return document


class _Share:
    """A model that says the share of columns with a fault."""

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        ke = maps.any(axis=1).mean(axis=1)
        return Efficiency(ke, ke, ke, ke, ke)


@pytest.fixture
def _default_is_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.EFFICIENCY_MODELS, "load", lambda _name: _Share)


@pytest.mark.usefixtures("_default_is_share")
def test_occlusion_of_a_named_model(maps: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "why.png"
    found = _explain(maps, "--window", 1, "--out", out)
    assert found["method"] == "occlusion"
    assert found["ke"] == 1.0
    assert found["completeness_error"] is found["sum"] is found["is_complete"] is None
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("_default_is_share")
def test_windows_as_stored_are_read(tmp_path: Path) -> None:
    fault = np.zeros((2, 128, 64), dtype=np.uint8)
    fault[1, 50, :32] = 1
    zeros = np.zeros(2)
    whole = zeros.astype(np.int64)
    run = np.array(["a", "b"])
    write_windows(
        tmp_path / "w.npz", LabelledWindows(fault, zeros, zeros, run, whole, whole, "synthetic")
    )
    found = _explain(tmp_path / "w.npz", "--window", 1, "--out", tmp_path / "why.svg")
    assert found["ke"] == 0.5


@pytest.mark.parametrize("method", ["integrated-gradients", "grad-cam"])
def test_gradients_of_a_trained_network(
    method: str, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = KENet().eval()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.uniform_(layer.weight, 0.0, 0.1)
    monkeypatch.setattr(run_folder, "read_network", lambda _folder: network)
    monkeypatch.setattr(run_folder, "read_params", lambda _folder: {"line_px": None})
    found = _explain(
        maps, "--window", 1, "--model", tmp_path, "--method", method, "--out", tmp_path / "w.png"
    )
    if method == "grad-cam":
        assert found["completeness_error"] is None
    else:
        assert found["is_complete"] is True
        difference = float(str(found["ke"])) - float(str(found["empty_ke"]))
        assert float(str(found["sum"])) == pytest.approx(difference, rel=0.01)


def test_what_cannot_be_explained_is_told(maps: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.png"
    with pytest.raises(ModelError, match="occlusion"):
        _explain(maps, "--method", "grad-cam", "--out", out)
    with pytest.raises(DataError, match="3 windows"):
        _explain(maps, "--window", 3, "--out", out)
    with pytest.raises(DataError, match="no array"):
        _explain(tmp_path / "absent.npy", "--out", out)
    with pytest.raises(SettingsError, match=r"\.png, \.svg, \.pdf"):
        _explain(maps, "--out", tmp_path / "w.xyz")
    assert not out.exists()
