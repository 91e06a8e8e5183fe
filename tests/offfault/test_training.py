"""Training of networks of efficiency: what lies in a run folder, and what is opened from it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mainshock.core.errors import ModelError, RegistryError, SettingsError
from mainshock.core.registry import Registry
from mainshock.offfault import run_folder
from mainshock.offfault.base import EfficiencyModel
from mainshock.offfault.epochs import WindowBatches
from mainshock.offfault.exported_network import open_exported
from mainshock.offfault.network_efficiency import Calibration, NetworkEfficiency
from mainshock.offfault.run_folder import (
    export_network,
    open_network,
    read_network,
    read_params,
)
from mainshock.offfault.scores import score
from mainshock.offfault.training import (
    TrainingSettings,
    repeat_over_seeds,
    train_network,
    windows_sha256,
)
from mainshock.offfault.windows import LabelledWindows

QUICK = TrainingSettings(epochs=3, batch_size=20, augment=False, learning_rate=2e-2)


class Tiny(torch.nn.Module):
    """KE and its width from the share of the map that is faulted."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, 2)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.linear(10.0 * maps.mean(dim=(2, 3)))


@pytest.fixture(autouse=True)
def _tiny_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "tiny_network_of_this_test", Tiny, raising=False)
    entries = {
        "kenet": "mainshock.offfault.network:KENet",
        "tiny": "torch:tiny_network_of_this_test",
    }
    networks = Registry("efficiency network", entries)
    monkeypatch.setattr(run_folder, "EFFICIENCY_NETWORKS", networks)


def made_up(n: int, seed: int = 0, n_runs: int = 4) -> LabelledWindows:
    """Windows with a fault along part of the strike; that part is the efficiency."""
    rng = np.random.default_rng(seed)
    ke = rng.random(n)
    maps = np.zeros((n, 128, 64), dtype=np.uint8)
    for one, share, row in zip(maps, ke, rng.integers(40, 80, n), strict=True):
        one[row : row + 4, : round(64 * share)] = 1
    return LabelledWindows(
        maps=maps,
        ke=ke,
        sd=np.full(n, 0.05),
        run=np.array([f"EB_050_{one}" for one in rng.integers(n_runs, size=n)]),
        frame=np.arange(n),
        first_column=np.zeros(n, dtype=np.int64),
        source="synthetic",
    )


TRAIN, EVALUATION = made_up(80), made_up(40, seed=1)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return train_network("kenet", TRAIN, EVALUATION, QUICK, tmp_path / "run")


def test_a_run_folder_tells_how_it_came_about(folder: Path) -> None:
    params = json.loads((folder / "params.json").read_text())
    assert params["network"] == "kenet"
    assert params["settings"]["epochs"] == 3
    assert params["settings"]["loss"] == "weighted"
    assert params["data"]["train"]["sha256"] == windows_sha256(TRAIN)
    assert params["data"]["evaluation"]["n"] == 40
    assert (
        params["versions"]["torch"] == torch.__version__.split("+")[0]
        or "+" in params["versions"]["torch"]
    )
    assert list(folder.glob("logs/events.*"))
    assert not list(folder.rglob("*.ckpt"))


def test_the_history_holds_every_epoch_over_all_windows(folder: Path) -> None:
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    # the stored weights of the best epoch give its line again, from all windows
    for by in ("accuracy", "loss"):
        best = read_params(folder)["best"][by]
        for part, windows in (("train", TRAIN), ("evaluation", EVALUATION)):
            found = score(windows, open_network(folder, by).predict(windows.maps))
            line = rows[best["epoch"]]
            assert found.mae == pytest.approx(float(line[f"{part}_mae"]), abs=1e-7)
            assert found.within_2sd == float(line[f"{part}_within_2sd"])


def test_the_best_epochs_are_the_best(folder: Path) -> None:
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    best = read_params(folder)["best"]
    losses = [float(row["evaluation_loss"]) for row in rows]
    accuracies = [float(row["evaluation_within_2sd"]) for row in rows]
    assert best["loss"]["epoch"] == int(np.argmin(losses))
    assert accuracies[best["accuracy"]["epoch"]] == max(accuracies)


def test_intervals_hold_nine_of_ten_evaluation_windows(folder: Path) -> None:
    model = open_network(folder)
    assert isinstance(model, EfficiencyModel)
    found = score(EVALUATION, model.predict(EVALUATION.maps))
    # the 37th of 40 residuals bounds the interval; cut at 0 below, where no label lies
    assert found.coverage90 == 37 / 40


def test_one_seed_gives_one_network_and_another_another(tmp_path: Path) -> None:
    folders = [
        train_network("kenet", TRAIN, EVALUATION, one, tmp_path / str(number))
        for number, one in enumerate(
            [
                TrainingSettings(epochs=1, batch_size=40, seed=5),
                TrainingSettings(epochs=1, batch_size=40, seed=5),
                TrainingSettings(epochs=1, batch_size=40, seed=6),
            ]
        )
    ]
    weights = [(one / "best_loss.safetensors").read_bytes() for one in folders]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_training_leaves_the_randomness_of_others_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train_network("tiny", TRAIN, EVALUATION, QUICK, tmp_path / "run")
    assert torch.equal(torch.rand(3), expected)


def test_a_network_learns(tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=40, batch_size=20, augment=False, learning_rate=0.1)
    folder = train_network("tiny", TRAIN, EVALUATION, settings, tmp_path / "run")
    assert read_params(folder)["settings"]["loss"] == "nll-mae"  # it states a width
    found = score(EVALUATION, open_network(folder, "loss").predict(EVALUATION.maps))
    assert found.mae < 0.1
    assert found.r > 0.95


def test_early_stopping_ends_training(tmp_path: Path) -> None:
    settings = TrainingSettings(
        epochs=40, batch_size=80, augment=False, patience=2, learning_rate=1e-12
    )
    folder = train_network("tiny", TRAIN, EVALUATION, settings, tmp_path / "run")
    assert read_params(folder)["epochs_done"] == 3


def test_a_time_limit_ends_training(tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=40, batch_size=80, augment=False, time_limit_min=1e-9)
    folder = train_network("tiny", TRAIN, EVALUATION, settings, tmp_path / "run")
    assert read_params(folder)["epochs_done"] == 1


def test_one_cycle_and_augmentation_and_lines(tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=2, batch_size=30, scheduler="onecycle", line_px=3)
    folder = train_network("kenet", TRAIN, EVALUATION, settings, tmp_path / "run")
    model = open_network(folder)
    thick = np.zeros((1, 128, 64), dtype=np.uint8)
    thick[0, 60:66] = 1
    thin = np.zeros_like(thick)
    thin[0, 62:65] = 1
    assert abs(model.predict(thick).ke - model.predict(thin).ke)[0] < 0.1
    export_network(folder, tmp_path / "network.onnx")
    exported = open_exported(tmp_path / "network.onnx")
    assert exported.line_px == 3
    np.testing.assert_allclose(exported.predict(thick).ke, model.predict(thick).ke, atol=1e-5)


def test_an_exported_network_says_the_same(folder: Path, tmp_path: Path) -> None:
    assert export_network(folder, tmp_path / "network.onnx") <= 1e-5
    expected = open_network(folder).predict(EVALUATION.maps)
    found = open_exported(tmp_path / "network.onnx").predict(EVALUATION.maps)
    for name in ("ke", "sd", "lo90", "hi90"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-5)
    (tmp_path / "network.json").unlink()
    with pytest.raises(ModelError, match="export the network again"):
        open_exported(tmp_path / "network.onnx")


def test_repetition_over_seeds_is_a_table(tmp_path: Path) -> None:
    found = repeat_over_seeds("tiny", TRAIN, EVALUATION, QUICK, [3, 4], tmp_path)
    values = [row["accuracy_mae"] for row in found.rows]
    assert found.mean["accuracy_mae"] == pytest.approx(np.mean(values))
    assert found.sd["accuracy_mae"] == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2.0))
    with (tmp_path / "repeatability.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows] == ["3", "4", "mean", "sd"]
    assert float(rows[0]["loss_epoch"]) == read_params(tmp_path / "seed3")["best"]["loss"]["epoch"]
    with pytest.raises(SettingsError, match="no spread"):
        repeat_over_seeds("tiny", TRAIN, EVALUATION, QUICK, [3], tmp_path)


def test_batches_hold_every_window_once_and_none_is_tiny(rng: np.random.Generator) -> None:
    windows = made_up(101)
    batches = WindowBatches(windows, 50, rng)
    found = [ke.numpy() for _, ke, _ in batches]
    assert [one.size for one in found] == [51, 50]
    assert len(batches) == 2
    np.testing.assert_allclose(np.sort(np.concatenate(found)), np.sort(windows.ke), atol=1e-7)
    again = np.concatenate([ke.numpy() for _, ke, _ in batches])
    assert not np.array_equal(again, np.concatenate(found))


def test_prediction_in_batches_is_that_of_each_window(folder: Path) -> None:
    model = open_network(folder)
    many = made_up(300, seed=2).maps
    whole = model.predict(many).ke
    np.testing.assert_allclose(whole[257:260], model.predict(many[257:260]).ke, atol=1e-6)
    assert len(model.predict(many[:0])) == 0


def test_calibration_by_hand() -> None:
    # residuals 0.01 to 0.10 in units of a width of 0.5
    ke = np.arange(1, 11) / 100.0
    output = np.column_stack([np.zeros(10), np.full(10, np.log(0.5))])
    found = Calibration.of(output, ke)
    assert found.quantile90 == pytest.approx(0.20)  # rank ceil(11 * 0.9) = 10
    assert found.sd_scale == pytest.approx(2.0 * np.sqrt(np.mean(ke**2)))
    efficiency = found.efficiency(np.array([[0.05, np.log(0.25)], [0.5, np.log(0.5)]]))
    np.testing.assert_allclose(efficiency.hi90 - efficiency.ke, [0.05, 0.10])
    np.testing.assert_allclose(efficiency.lo90, [0.0, 0.4])


def test_a_network_without_width_has_one_interval_for_all() -> None:
    model = NetworkEfficiency(lambda maps: maps.mean(axis=(2, 3)), Calibration.unknown())
    known = model.calibrated(EVALUATION.maps, EVALUATION.ke)
    found = known.predict(EVALUATION.maps)
    assert np.unique(found.sd).size == 1
    assert np.isnan(model.predict(EVALUATION.maps).hi90).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scheduler": "step"}, "constant, onecycle"),
        ({"stop_on": "luck"}, "accuracy, loss"),
        ({"epochs": 0}, "must be positive"),
    ],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        TrainingSettings(**wrong)
    with pytest.raises(RegistryError, match="known names"):
        TrainingSettings(loss="mse")


def test_misfits_say_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="take the network `pooled`"):
        train_network("kenet", TRAIN, EVALUATION, TrainingSettings(loss="nll"), tmp_path / "a")
    with pytest.raises(SettingsError, match="no choice of channels"):
        train_network("tiny", TRAIN, EVALUATION, TrainingSettings(n_channels=2), tmp_path / "a")
    with pytest.raises(SettingsError, match="0 to evaluate"):
        train_network("kenet", TRAIN, TRAIN.take(np.array([], int)), QUICK, tmp_path / "a")
    with pytest.raises(ModelError, match="mainshock offfault train"):
        open_network(tmp_path / "nothing")
    with pytest.raises(SettingsError, match="accuracy, loss"):
        read_network(folder, "luck")
    (folder / "best_loss.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="train it again"):
        read_network(folder, "loss")
    params = read_params(folder)
    params["format"] = 2
    (folder / "params.json").write_text(json.dumps(params))
    with pytest.raises(ModelError, match="another kind or version"):
        open_network(folder)


def test_published_sand_network_is_a_setting(tmp_path: Path) -> None:
    settings = TrainingSettings(epochs=1, n_channels=1, augment=False)
    folder = train_network("kenet", TRAIN, EVALUATION, settings, tmp_path / "run")
    assert sum(one.numel() for one in read_network(folder).parameters()) == 2_141
