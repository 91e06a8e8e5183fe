"""A trained classifier on disk says the same again, and refuses what is damaged."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.megathrust.segments import read_segments
from mainshock.megathrust.stored import DEFAULT_FOLDER, load_model, read_training, save_model

sys.path.insert(0, str(Path(__file__).parent))
from made_up import data

EVALUATION = DEFAULT_FOLDER.parent / "evaluation.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = data(0, planted=0.9)
    path = tmp_path_factory.mktemp("model")
    save_model(path, made.table, made.y, model="extra-trees", n_classes=2, seed=3)
    return path


def test_it_says_the_same_again(folder: Path) -> None:
    asked = data(0, planted=0.9).table
    first, second = load_model(folder).assess(asked), load_model(folder).assess(asked)
    pd.testing.assert_frame_equal(first, second)
    assert first.columns.tolist()[:6] == [
        "region", "index", "probability", "class", "conformal_set", "applicability",
    ]  # fmt: skip
    assert set(first["conformal_set"]) <= {"0", "1", "0|1"}
    assert first["probability"].between(0.0, 1.0).all()


def test_labels_of_what_is_asked_change_nothing(folder: Path) -> None:
    asked = data(1, planted=0.9).table
    found = load_model(folder).assess(asked)
    other = load_model(folder).assess(asked.drop(columns="m_max"))
    pd.testing.assert_frame_equal(found.drop(columns="m_max"), other)


def test_far_from_the_training_it_abstains(folder: Path) -> None:
    asked = data(0).table
    for name in asked.columns[3:-1]:
        asked[name] = 1e3
    found = load_model(folder).assess(asked.assign(region="elsewhere"))
    assert (found["applicability"] == 0.0).all()
    assert (found["conformal_set"] == "0|1").all()


def test_a_changed_training_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "training.csv").write_text("region,index,s_km,class\n")
    with pytest.raises(DataError, match="damaged"):
        load_model(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        load_model(tmp_path)
    with pytest.raises(SourceError, match="holds no trained classifier"):
        load_model(tmp_path / "nothing")


def test_a_training_without_a_class_is_refused(tmp_path: Path) -> None:
    made = data(0)
    with pytest.raises(DataError, match="each class must occur"):
        save_model(
            tmp_path, made.table, np.zeros_like(made.y), model="default", n_classes=2, seed=0
        )


def test_packaged_classifier_is_of_the_packaged_segments() -> None:
    manifest = json.loads((DEFAULT_FOLDER / "manifest.json").read_text())
    segments = read_segments(DEFAULT_FOLDER.parent / "segments")
    assert manifest["n_segments"] == len(segments)
    assert len(manifest["regions"]) >= 12
    assert manifest["n_runs_of_highest_class"] > 20
    held_out = pd.read_csv(DEFAULT_FOLDER.parent / "assessments.csv")
    assert len(held_out) == len(segments)
    schemes = [one["scheme"] for one in json.loads(EVALUATION.read_text())]
    assert schemes == ["exclusion", "rupture", "region"]


def test_a_region_of_the_same_name_elsewhere_is_not_the_one_trained_on(tmp_path: Path) -> None:
    made = data(3, planted=0.9)
    placed = made.table.assign(longitude=0.4 * made.table["index"], latitude=10.0)
    save_model(tmp_path, placed, made.y, model="default", n_classes=2, seed=0)
    stored = load_model(tmp_path)
    assert stored.is_trained_on(placed).all()
    assert not stored.is_trained_on(placed.assign(latitude=30.0)).any()
    assert not stored.is_trained_on(made.table).any()
    moved = stored.assess(placed.assign(latitude=30.0))
    strange = stored.assess(placed.assign(region="elsewhere"))
    np.testing.assert_array_equal(moved["probability"], strange["probability"])
    assert moved["region"].tolist() == placed["region"].tolist()


def test_a_segment_left_out_of_a_trained_region_lies_in_it(tmp_path: Path) -> None:
    made = data(3, planted=0.9)
    placed = made.table.assign(longitude=0.4 * made.table["index"], latitude=10.0)
    is_kept = (placed["index"] % 5 != 2).to_numpy()
    kept = placed[is_kept].reset_index(drop=True)
    save_model(tmp_path, kept, made.y[is_kept], model="extra-trees", n_classes=2, seed=0)
    stored = load_model(tmp_path)
    assert stored.is_trained_on(placed).all()
    assert not stored.is_trained_on(placed.assign(latitude=30.0)).any()


@pytest.mark.parametrize("name", ["NA", "1"])
def test_a_region_may_have_any_name(tmp_path: Path, name: str) -> None:
    made = data(3, planted=0.9)
    first = made.table["region"].iloc[0]
    table = made.table.assign(region=made.table["region"].replace(first, name))
    save_model(tmp_path, table, made.y, model="extra-trees", n_classes=2, seed=0)
    assert load_model(tmp_path).is_trained_on(table).all()
    assert set(read_training(tmp_path)[1]["region"]) == set(table["region"])


def test_three_classes_state_no_probability_of_great_earthquakes(tmp_path: Path) -> None:
    made = data(3)
    y = np.arange(len(made.table)) % 3
    save_model(tmp_path, made.table, y, model="logistic", n_classes=3, seed=0)
    with pytest.raises(DataError, match="--classes 2"):
        load_model(tmp_path).assess(made.table)
