"""The packaged region model of CX.PB01, without torch: it works, and says what it knows."""

import json
import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import DataError, SettingsError
from mainshock.core.provenance import file_sha256
from mainshock.core.records import Waveform
from mainshock.detect.regions.classifier import RegionClassifier
from mainshock.detect.regions.evaluate import ON_TRAINING_DATA, evaluate_regions
from mainshock.detect.regions.predict import COLUMNS, predict_regions
from mainshock.learn.models import find_model, verify_model

NAME = "convnetquake-pb01"


@pytest.fixture(scope="module")
def pb01(data_dir) -> Path:
    return data_dir / "location" / "ipoc_pb01"


@pytest.fixture(scope="module")
def day(pb01) -> Waveform:
    """Six records of events in a row, each with its own minute."""
    data = np.load(pb01 / "waveforms.npz")["data"][:6].astype(np.float32)
    data -= data.mean(axis=2, keepdims=True)
    data /= data.std(axis=(1, 2), keepdims=True)
    start = datetime(2007, 1, 1, tzinfo=UTC)
    return Waveform("CX", "PB01", "", "BH", start, 20.0, np.concatenate(list(data), axis=1))


def test_files_are_whole_and_small():
    folder = find_model(NAME)
    verify_model(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
    assert str(files("mainshock.detect")) in str(folder)


def test_card_and_manifest_name_the_sources():
    folder = find_model(NAME)
    for name in ("card.md", "manifest.json"):
        text = (folder / name).read_text()
        assert "10.5880/GFZ.2.4.2019.004" in text
        assert "10.14470/PK615318" in text
    card = (folder / "card.md").read_text()
    assert "## Beware" in card
    assert "the number of small networks that read the region (five) were chosen on these" in card
    assert "centres lie nearest, one to one" in card


def test_cross_validated_scores_beat_both_baselines():
    scores = RegionClassifier(find_model(NAME)).manifest.metrics["cross_validation"]
    assert scores["regions"]["accuracy"] > scores["polarisation"]["accuracy"]
    assert scores["regions"]["accuracy"] > scores["majority"]["accuracy"] + 0.2
    assert scores["regions"]["ece"] < 0.10


def test_training_windows_are_recognised_and_raise_no_warning(pb01):
    scores = evaluate_regions(find_model(NAME), pb01)
    assert scores["location_accuracy"] > 0.85
    assert scores["detection_accuracy"] > 0.9
    assert scores["warnings"] == [ON_TRAINING_DATA]
    assert scores["split"] == "all"


def test_noise_alone_is_scored_as_the_reference_does(pb01):
    scores = evaluate_regions(find_model(NAME), pb01, part="noise")
    assert scores["location_accuracy"] == scores["location_accuracy_all_windows"] > 0.9
    assert scores["events"]["n"] == 0
    both = evaluate_regions(find_model(NAME), pb01)
    assert both["location_accuracy"] != both["location_accuracy_all_windows"]


@pytest.fixture
def parts(pb01, tmp_path) -> Path:
    """Twelve windows: four of each part, two of them changed copies."""
    table = pd.read_csv(pb01 / "metadata.csv").iloc[:12]
    table["split"] = np.repeat(["train", "dev", "test"], 4)
    table["trace_augmentation"] = ["noise", "shift"] + [None] * 10
    table.to_csv(tmp_path / "metadata.csv", index=False)
    np.savez(tmp_path / "waveforms.npz", data=np.load(pb01 / "waveforms.npz")["data"][:12])
    return tmp_path


def test_rows_that_were_not_trained_on_are_scored_and_copies_never(parts):
    def scores_of(*options: str) -> dict:
        arguments = ["detect", "regions", "evaluate", NAME, str(parts), "--events", "--json"]
        result = CliRunner().invoke(app, [*arguments, *options])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)

    found = {name: scores_of("--split", name) for name in ("train", "dev", "test", "all")}
    counts = {name: one["events"]["n"] for name, one in found.items()}
    assert counts == {"train": 2, "dev": 4, "test": 4, "all": 10}
    default = scores_of()
    assert (default["events"]["n"], default["split"]) == (8, "not train")
    assert ON_TRAINING_DATA not in default["warnings"]
    with pytest.raises(DataError, match="dev, test, train"):
        scores_of("--split", "tets")


def test_scores_on_rows_of_the_training_data_carry_a_warning(parts, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(find_model(NAME), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    names = ("waveforms.npz", "metadata.csv")
    manifest["training"]["data"] = {name: file_sha256(parts / name) for name in names}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    def is_told(split: str | None = None) -> bool:
        return ON_TRAINING_DATA in evaluate_regions(folder, parts, split=split)["warnings"]

    assert is_told("train")
    assert is_told("all")
    assert not is_told("test")
    assert not is_told()
    table = pd.read_csv(parts / "metadata.csv")
    table.drop(columns="split").to_csv(parts / "metadata.csv", index=False)
    assert is_told()  # the same records under another table
    result = CliRunner().invoke(app, ["detect", "regions", "evaluate", str(folder), str(parts)])
    assert "WARNING: scores on the training data" in result.stderr


def test_answers_do_not_depend_on_where_p_lies_nor_on_gain(pb01):
    model = RegionClassifier(find_model(NAME))
    data = np.load(pb01 / "waveforms.npz")["data"][:8].astype(np.float32)
    records = [one - one.mean(axis=1, keepdims=True) for one in data]
    later = [1e-6 * np.pad(one, ((0, 0), (160, 0)), mode="symmetric")[:, :1200] for one in records]
    first, second = model.probabilities(records), model.probabilities(later)
    assert (first.argmax(axis=1) == second.argmax(axis=1)).mean() >= 0.85
    np.testing.assert_allclose(first.sum(axis=1), 1.0, atol=1e-6)


def test_continuous_record_gives_rows_that_hold_p(day):
    found = predict_regions(find_model(NAME), [day])
    assert tuple(found.table.columns) == COLUMNS
    assert len(found.table) >= 5
    start, end, p = (
        pd.to_datetime(found.table[name]) for name in ("start_time", "end_time", "p_time")
    )
    assert ((start <= p) & (p <= end)).all()
    for values, event in zip(
        found.table["clusters_prob"], found.table["event_probability"], strict=True
    ):
        assert json.loads(str(values)) == values
        assert sum(values) == pytest.approx(event, abs=1e-3)


def test_gap_is_no_event_and_a_bad_step_is_refused(day):
    silent = Waveform(
        day.network, day.station, "", "BH", day.start, 20.0,
        np.zeros_like(day.samples), gaps=((0, day.n_samples),),
    )  # fmt: skip
    assert predict_regions(find_model(NAME), [silent]).table.empty
    with pytest.raises(SettingsError, match="positive"):
        predict_regions(find_model(NAME), [day], step_s=0.0)
