"""``mainshock offfault label`` and ``split``."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from scipy.io import savemat
from typer.testing import CliRunner

from mainshock.cli import offfault_label, offfault_split
from mainshock.core.errors import DataError, NothingFoundError
from mainshock.offfault.windows import read_windows

app = typer.Typer()
app.command("label")(offfault_label.label)
app.command("split")(offfault_split.split)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of four small runs, the last at rest."""
    folder = tmp_path / "runs"
    folder.mkdir()
    rows = np.arange(135.0)[:, None, None] - 60.0
    u = np.tanh(rows / 4.0) * np.ones((1, 313, 2))
    fault = np.zeros_like(u)
    fault[56:65, :, 1] = 1
    zeros = np.zeros_like(u)
    turned = 0.5 * np.gradient(u, 1.14, axis=0)
    arrays = {"curl_map": turned, "altBW_filt": fault, "store_u": u, "store_v": zeros}
    for name in ("EB_050_1", "EB_050_2", "PP_100_1"):
        savemat(folder / f"{name}.mat", arrays)
    savemat(folder / "calm.mat", {**arrays, "altBW_filt": zeros})
    return folder


def test_a_folder_of_runs_gives_windows_and_repacked_files(runs: Path, tmp_path: Path) -> None:
    out, packed = tmp_path / "windows.npz", tmp_path / "packed"
    command = ["label", str(runs), "--out", str(out), "--repack", str(packed), "--json"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    document = json.loads(result.stdout)
    assert document["n"] == 15
    assert set(document["runs"]) == {"EB_050_1", "EB_050_2", "PP_100_1"}
    assert document["runs"]["EB_050_1"]["ke50"] == pytest.approx(0.8, abs=0.05)
    assert "calm" in result.stderr
    (left_out,) = document["not_used"]
    assert left_out["what"].endswith("calm.mat")
    assert "holds a fault" in left_out["reason"]
    windows = read_windows(out)
    again = CliRunner().invoke(
        app, ["label", str(packed), "--out", str(tmp_path / "again.npz")], catch_exceptions=False
    )
    assert "EB_050_2: 5 windows of 1 frames" in again.stdout
    read = read_windows(tmp_path / "again.npz")
    np.testing.assert_array_equal(read.maps, windows.maps)
    np.testing.assert_allclose(read.ke, windows.ke, atol=0.0051)


def test_the_wrong_sense_is_told(runs: Path, tmp_path: Path) -> None:
    command = ["label", str(runs / "EB_050_1.mat"), "--out", str(tmp_path / "w.npz"), "--dextral"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "--dextral" in result.stderr
    assert (read_windows(tmp_path / "w.npz").ke < 0).all()


def test_nothing_with_a_fault_is_an_error(runs: Path, tmp_path: Path) -> None:
    command = ["label", str(runs / "calm.mat"), "--out", str(tmp_path / "w.npz")]
    with pytest.raises(NothingFoundError):
        CliRunner().invoke(app, command, catch_exceptions=False)
    assert not (tmp_path / "w.npz").exists()


@pytest.mark.parametrize("by", ["run", "window"])
def test_splits_write_windows_and_lists(runs: Path, tmp_path: Path, by: str) -> None:
    windows, out = tmp_path / "windows.npz", tmp_path / "sets"
    CliRunner().invoke(app, ["label", str(runs), "--out", str(windows)], catch_exceptions=False)
    command = ["split", str(windows), "--out", str(out), "--by", by, "--seed", "3", "--json"]
    document = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)
    assert document["dropped"] == (6 if by == "window" else 0)
    for name in ("train", "evaluation", "test"):
        part = read_windows(out / f"{name}.npz")
        assert len(part) == len(document[name]) > 0
        assert len((out / f"{name}.txt").read_text().split()) == len(part)


def test_the_published_split_is_told_to_leak(runs: Path, tmp_path: Path) -> None:
    windows, out = tmp_path / "windows.npz", tmp_path / "sets"
    CliRunner().invoke(app, ["label", str(runs), "--out", str(windows)], catch_exceptions=False)
    command = ["split", str(windows), "--out", str(out), "--by", "legacy"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "leaks" in result.stderr
    assert "train 7, evaluation 2, test 1, dropped 5" in result.stdout
    with pytest.raises(DataError, match="holds no windows"):
        CliRunner().invoke(app, ["split", str(runs), "--out", str(out)], catch_exceptions=False)
