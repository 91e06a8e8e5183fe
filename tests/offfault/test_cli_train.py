"""``mainshock offfault train`` and ``evaluate`` as a user runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from mainshock.cli import offfault_train
from mainshock.core.errors import DataError, SettingsError
from mainshock.offfault import fine_tuning
from mainshock.offfault.comparison import open_model
from mainshock.offfault.fine_tuning import FineTuningSettings
from mainshock.offfault.laboratory_windows import read_laboratory_figures
from mainshock.offfault.network_efficiency import NetworkEfficiency
from mainshock.offfault.run_folder import export_network, open_network
from mainshock.offfault.splits import legacy_split, write_lists
from mainshock.offfault.stored import DEFAULT_FOLDER, START
from mainshock.offfault.windows import LabelledWindows, read_windows, write_windows

app = typer.Typer()
app.command("train")(offfault_train.train)
app.command("evaluate")(offfault_train.evaluate)

BASELINES = {"mean", "descriptors", "ridge"}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 120 windows of six runs: a fault along a part of the strike, which is the label."""
    rng = np.random.default_rng(0)
    n = 120
    share = rng.random(n)
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    for one, part, row in zip(maps, share, rng.integers(40, 80, n), strict=True):
        one[row : row + 3, : 2 + round(62 * part)] = 1
    path = tmp_path_factory.mktemp("windows") / "windows.npz"
    write_windows(
        path,
        LabelledWindows(
            maps=maps,
            ke=share,
            sd=np.full(n, 0.1),
            run=np.array([f"{('EB', 'PP')[one % 2]}_050_{one}" for one in np.arange(n) % 6]),
            frame=np.arange(n) // 12,
            first_column=np.arange(n) % 12 // 6 * 50,
            source="synthetic",
        ),
    )
    return path


def run(*arguments: object) -> dict:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def trained(windows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("trained")
    return run(
        "train", "--windows", windows, "--out", folder / "run", "--epochs", 3, "--batch-size", 20,
        "--network", "kenet",
        "--figures", folder / "figures",
    )  # fmt: skip


def test_training_reports_test_scores_beside_the_baselines(trained: dict) -> None:
    assert set(trained["scores"]) == {"train", "evaluation", "test"}
    assert set(trained["baselines"]) == BASELINES
    test = trained["scores"]["test"]
    assert sum(one["n"] for one in trained["scores"].values()) == 120
    assert {one["n"] for one in trained["baselines"].values()} == {test["n"]}
    assert isinstance(open_network(Path(trained["folder"])), NetworkEfficiency)
    figures = {one.name for one in (Path(trained["folder"]).parent / "figures").iterdir()}
    assert {"training.png", "estimates.png"} < figures
    assert any(name.startswith("run_") for name in figures)


def test_evaluation_takes_a_folder_and_an_exported_network(
    trained: dict, windows: Path, tmp_path: Path
) -> None:
    folder = Path(trained["folder"])
    export_network(folder, tmp_path / "network.onnx")
    torch_run, onnx_run = (
        run("evaluate", "--windows", windows, "--model", model)
        for model in (folder, tmp_path / "network.onnx")
    )
    assert torch_run["scores"]["n"] == 120
    assert onnx_run["scores"]["mae"] == pytest.approx(torch_run["scores"]["mae"], abs=1e-5)
    assert set(torch_run["baselines"]) == BASELINES
    assert torch_run["baselines"] == onnx_run["baselines"]
    assert len(torch_run["by_run"]) == 6
    assert set(torch_run["by_condition"]) == {"EB 0.50 mm/min", "PP 0.50 mm/min"}
    # spread over runs beside each score
    for one in (torch_run["scores"], *torch_run["baselines"].values()):
        low, high = one["mae95"]
        assert low <= one["mae"] <= high


def test_evaluation_without_json_is_a_table(trained: dict, windows: Path) -> None:
    result = CliRunner().invoke(
        app,
        [
            "evaluate",
            "--windows",
            str(windows),
            "--model",
            trained["folder"],
            "--fit-on",
            str(windows),
        ],
        catch_exceptions=False,
    )
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["descriptors", "mean", "ridge"]
    assert "within 2 SD" in lines[0]


def test_repetition_over_seeds(windows: Path, tmp_path: Path) -> None:
    found = run(
        "train", "--windows", windows, "--out", tmp_path, "--epochs", 1, "--seeds", 2,
        "--split", "run", "--no-augment", "--network", "kenet", "--channels", 1,
    )  # fmt: skip
    assert (tmp_path / "repeatability.csv").is_file()
    assert [row["seed"] for row in found["repeatability"]["rows"]] == [0, 1]
    assert Path(found["folder"]).parent == tmp_path


def test_fine_tuning_from_a_folder(trained: dict, windows: Path, tmp_path: Path) -> None:
    real = read_windows(windows)
    few = tmp_path / "few.npz"
    write_windows(few, real.take((real.run == "EB_050_0") & (real.frame < 3)))
    found = run(
        "train", "--from", trained["folder"], "--windows", few, "--out", tmp_path / "tuned",
        "--epochs", 1, "--rehearse", windows,
    )  # fmt: skip
    assert set(found) == {"folder", "scores", "before", "recalibrated"}
    assert found["scores"]["n"] == 6
    assert open_network(tmp_path / "tuned").calibration.quantile90 > 0.0


def test_the_packaged_network_is_that_of_the_least_loss(
    trained: dict, windows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def remember(folder: Path, _windows: object, settings: FineTuningSettings, *_: object, **__):
        begun.append((folder, settings.best))
        raise DataError("enough")

    monkeypatch.setattr(fine_tuning, "fine_tune", remember)
    packaged = DEFAULT_FOLDER / START
    for start in (packaged, trained["folder"]):
        with pytest.raises(DataError, match="enough"):
            run("train", "--from", start, "--windows", windows, "--out", tmp_path / "tuned")
    assert begun == [(packaged, "loss"), (Path(trained["folder"]), "accuracy")]


def test_a_curve_for_the_packaged_model_is_fitted_and_opened(
    data_dir: Path, tmp_path: Path
) -> None:
    windows, few = read_laboratory_figures(data_dir / "offfault" / "lab"), tmp_path / "lab.npz"
    write_windows(few, windows)
    found = run("train", "--from", "default", "--windows", few, "--out", tmp_path / "curved")
    assert found["scores"]["n"] == len(windows)
    model = open_model(str(tmp_path / "curved"))
    missed = np.abs(model.predict(windows.maps).ke - windows.ke).mean()
    assert missed < found["scores"]["mae"] < found["before"]["mae"]
    for option in ("--epochs", "--seed"):
        with pytest.raises(SettingsError, match=f"{option} cannot be given with --from default"):
            run("train", "--from", "default", option, 3, "--windows", few, "--out", tmp_path / "b")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--rehearse", "w.npz"], "--from"),
        (["--lists", "sets", "--split", "window"], "either"),
        *(
            (["--from", "default", option, value], option)
            for option, value in {
                "--network": "kenet", "--patience": "3", "--stop-on": "accuracy",
                "--split": "window", "--lists": "sets", "--seeds": "2", "--channels": "3",
                "--line-px": "2", "--scheduler": "onecycle", "--figures": "figures",
            }.items()
        ),
    ],
)  # fmt: skip
def test_options_that_would_do_nothing_are_refused(
    windows: Path, tmp_path: Path, given: list[str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        run("train", "--windows", windows, "--out", tmp_path / "run", *given)


def test_the_published_split_is_trained_on_with_a_warning_or_by_its_lists(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 60
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    maps[:, 60:63] = 1
    given = LabelledWindows(
        maps=maps,
        ke=rng.random(n),
        sd=np.full(n, 0.1),
        run=np.repeat(["EB_050_1", "EB_050_2", "EB_050_3"], 20),
        frame=np.tile(np.repeat(np.arange(4), 5), 3),
        first_column=np.tile(np.arange(5) * 50, 12),
        source="laboratory",
    )
    path, sets = tmp_path / "windows.npz", tmp_path / "sets"
    write_windows(path, given)
    common = [
        "train", "--windows", str(path), "--epochs", "1", "--network", "kenet", "--channels", "1",
        "--no-augment", "--json",
    ]  # fmt: skip
    legacy = CliRunner().invoke(
        app, [*common, "--out", str(tmp_path / "a"), "--split", "legacy"], catch_exceptions=False
    )
    assert "leaks" in legacy.stderr
    expected = legacy_split(given, 0)
    write_lists(sets, given, expected)
    listed = CliRunner().invoke(
        app, [*common, "--out", str(tmp_path / "b"), "--lists", str(sets)], catch_exceptions=False
    )
    assert "leaks" not in listed.stderr
    for result in (legacy, listed):
        scores = json.loads(result.stdout)["scores"]
        assert scores["test"]["n"] == expected.test.size
        assert scores["train"]["n"] == expected.train.size
    assert json.loads(listed.stdout)["scores"] == json.loads(legacy.stdout)["scores"]


def test_help_needs_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, mainshock.cli.offfault_train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
