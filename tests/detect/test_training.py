"""Training: the masked loss, the sampler, and one whole run on a synthetic data set."""

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from mainshock.core.errors import SettingsError
from mainshock.detect.augment import LabelledTrace, WindowSampler
from mainshock.detect.recipe import PickerRecipe, read_recipe

RECIPE = {
    "name": "tiny",
    "version": "0",
    "description": "synthetic test",
    "purpose": "To be tested.",
    "beware": ["Synthetic."],
    "seeds": [1, 2],
    "steps": 3,
    "batch_size": 4,
}


def test_misspelt_key_is_an_error(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "batchsize": 8}))
    with pytest.raises(SettingsError, match="batchsize"):
        read_recipe(path)


def sampler(seed: int = 0, **changes: object) -> WindowSampler:
    rng = np.random.default_rng(3)
    samples = rng.normal(size=(3, 6000)).astype(np.float32)
    lacks_s = np.zeros((2, 6000), dtype=bool)
    lacks_s[1] = True
    quake = LabelledTrace(samples, ((3000.0,), ()), lacks_s, "set")
    noise = LabelledTrace(samples, ((), ()), np.zeros((2, 6000), dtype=bool), "noise")
    recipe = PickerRecipe(**{**RECIPE, **changes})
    return WindowSampler([quake], [noise], recipe, np.random.default_rng(seed))


def test_batches_repeat_with_the_seed_and_differ_without():
    first, again, other = sampler().batch(), sampler().batch(), sampler(1).batch()
    np.testing.assert_array_equal(first.windows, again.windows)
    assert not np.array_equal(first.windows, other.windows)


def test_batches_are_finite_and_masks_follow_the_labels():
    batch = sampler().batch()
    assert batch.windows.shape == (4, 3, 3001)
    assert np.isfinite(batch.windows).all()
    has_p = batch.labels[:, 0].max(axis=1) > 0.5
    assert has_p.any()
    # samples beyond the end of the trace are known to hold nothing
    assert (batch.unlabelled[has_p, 1].mean(axis=1) > 0.1).all()
    assert not batch.unlabelled[:, 0].any()
    assert not batch.labels[:, 1].any()
    assert not batch.labels[batch.is_noise].any()


def test_doubt_of_a_teacher_in_noise_is_neither_phase_nor_noise():
    changes = {"noise_window": 1.0, "noise_superposition": 0.0, "gap": 0.0}
    samples = np.random.default_rng(3).normal(size=(3, 6000)).astype(np.float32)
    doubtful = LabelledTrace(samples, ((), ()), np.ones((2, 6000), dtype=bool), "noise")
    quake = LabelledTrace(samples, ((3000.0,), ()), np.zeros((2, 6000), dtype=bool), "set")
    recipe = PickerRecipe(**{**RECIPE, "augmentation": changes})
    batch = WindowSampler([quake], [doubtful], recipe, np.random.default_rng(0)).batch()
    assert batch.is_noise.all()
    assert batch.unlabelled.all()


def test_second_event_adds_its_labels():
    changes = {"second_event": 1.0, "noise_window": 0.0, "gap": 0.0, "time_stretch": 0.0}
    batch = sampler(augmentation=changes, batch_size=24).batch()
    peaks = [(np.diff(np.sign(np.diff(curve))) < 0).sum() for curve in batch.labels[:, 0]]
    assert max(peaks) == 2


def test_loss_does_not_punish_finding_an_unlabelled_phase():
    torch = pytest.importorskip("torch")
    from mainshock.detect.train import masked_cross_entropy

    says_s = torch.zeros(1, 3, 50)
    says_s[:, 1] = 8.0
    says_noise = torch.zeros(1, 3, 50)
    says_noise[:, 2] = 8.0
    labels = torch.zeros(1, 2, 50)
    s_unknown, all_known = torch.zeros(1, 2, 50), torch.zeros(1, 2, 50)
    s_unknown[:, 1] = 1.0
    assert float(masked_cross_entropy(says_s, labels, s_unknown)) < 0.01
    assert float(masked_cross_entropy(says_noise, labels, s_unknown)) < 0.01
    assert float(masked_cross_entropy(says_s, labels, all_known)) > 5.0


def test_loss_equals_plain_cross_entropy_where_all_is_labelled():
    torch = pytest.importorskip("torch")
    from mainshock.detect.train import masked_cross_entropy

    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 40, generator=generator)
    p = torch.rand(2, 1, 40, generator=generator) * 0.5
    labels = torch.cat([p, 0.5 * p], dim=1)
    target = torch.cat([labels, 1.0 - labels.sum(dim=1, keepdim=True)], dim=1)
    plain = torch.nn.functional.cross_entropy(logits, target)
    assert float(masked_cross_entropy(logits, labels, torch.zeros(2, 2, 40))) == pytest.approx(
        float(plain), rel=1e-5
    )


@pytest.fixture
def dataset(tmp_path):
    """A synthetic SeisBench data set of eight earthquakes and four noise traces."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    samples = rng.normal(size=(12, 3, 6000)).astype(np.float32)
    samples[:8, :, 3000:3200] *= 20.0
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        file["data/b6000"] = samples
        file["data_format/component_order"] = "ZNE"
        file["data_format/dimension_order"] = "CW"
        file["data_format/sampling_rate"] = 100.0
    rows = [
        {
            "trace_name": f"b6000${i},:3,:6000",
            "split": "train" if i % 2 else "dev",
            "trace_dataset": "synthetic" if i < 8 else "noise_synthetic",
            "trace_category": "earthquake_local" if i < 8 else "noise",
            "trace_sampling_rate_hz": 100.0,
            "station_network_code": "XX",
            "station_code": f"S{i}",
            "trace_p_arrival_sample": 3000.0 if i < 8 else np.nan,
            "trace_s_arrival_sample": np.nan,
            "trace_p_unlabelled": False,
            "trace_s_unlabelled": i < 8,
        }
        for i in range(12)
    ]
    table = pd.DataFrame(rows)
    table.to_csv(folder / "metadata.csv", index=False)
    windows = table.loc[table["split"] == "dev", ["trace_name"]]
    windows.assign(start_sample=1500, npts=3001).to_csv(
        folder / "eval_windows_dev.csv", index=False
    )
    return folder


@pytest.mark.slow
def test_one_command_trains_packages_and_the_result_picks(dataset, tmp_path):
    pytest.importorskip("torch")
    from mainshock.detect.registry import open_picker
    from mainshock.detect.train import train_picker
    from mainshock.learn.models import verify_model

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    out = tmp_path / "model"
    summary = train_picker(recipe, dataset, out)
    assert summary.steps == 6
    assert summary.onnx_difference <= 1e-5
    assert set(verify_model(out)) == {"model.onnx", "recipe.yaml", "weights.safetensors"}
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["training"]["traces_by_dataset"] == {"noise_synthetic": 2, "synthetic": 4}
    card = (out / "card.md").read_text()
    assert "* Synthetic." in card
    assert "Ridgecrest" not in card  # a card speaks of its own model alone
    assert list((out / "logs").glob("seed*/events.out.tfevents.*"))
    assert open_picker(out).name == "tiny"


@pytest.mark.slow
def test_two_processes_train_one_picker(dataset, tmp_path):
    pytest.importorskip("torch")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    command = [
        *(sys.executable, "-c", "from mainshock.cli.app import main; main()", "detect", "train"),
        *(recipe, "--data", dataset, "--out", tmp_path / "model", "--devices", "2", "--json"),
    ]
    result = subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    summary = json.loads(result.stdout)
    assert summary["steps"] == 6
    assert summary["onnx_difference"] <= 1e-5
    assert "metrics" in summary


@pytest.mark.slow
def test_training_without_split_and_windows_makes_its_own(dataset, tmp_path):
    pytest.importorskip("torch")
    from mainshock.detect.train import train_picker

    table = pd.read_csv(dataset / "metadata.csv").drop(columns="split")
    table["source_id"] = [f"e{i}" for i in range(len(table))]
    table.to_csv(dataset / "metadata.csv", index=False)
    (dataset / "eval_windows_dev.csv").unlink()
    recipe = tmp_path / "recipe.yaml"
    shares = {"train": 0.5, "dev": 0.5}
    recipe.write_text(yaml.safe_dump({**RECIPE, "steps": 1, "split_shares": shares}))
    train_picker(recipe, dataset, tmp_path / "model")
    windows = pd.read_csv(tmp_path / "model" / "eval_windows_dev.csv")
    assert len(windows) == 6
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    assert sum(manifest["training"]["traces_by_dataset"].values()) == 6


def test_a_table_that_says_nothing_of_a_split_is_refused_before_training(dataset, tmp_path):
    pytest.importorskip("torch")
    from mainshock.core.errors import DataError
    from mainshock.detect.train import train_picker

    pd.read_csv(dataset / "metadata.csv").drop(columns="split").to_csv(
        dataset / "metadata.csv", index=False
    )
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    with pytest.raises(DataError, match="split_by_event"):
        train_picker(recipe, dataset, tmp_path / "model")
    assert not (tmp_path / "model" / "model.onnx").exists()


def test_records_without_teachers_are_refused(dataset, tmp_path):
    pytest.importorskip("torch")
    from mainshock.detect.train import train_picker

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    with pytest.raises(SettingsError, match="teachers"):
        train_picker(recipe, dataset, tmp_path / "model", records=[dataset])
