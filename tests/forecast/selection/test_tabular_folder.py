"""What is saved says the same when it is opened again, and damage is noticed."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.forecast.selection.tabular_folder import open_tabular, save_tabular

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_table, selected


@pytest.fixture(scope="module")
def models():
    found = selected(frame=made_table(150), models=("linear", "forest", "boosting"), n_trials=1)
    return {one.name: one.model for one in found.outcomes}


@pytest.mark.parametrize("name", ["dummy", "linear", "forest", "boosting"])
def test_an_opened_model_says_the_very_same(models, name, tmp_path):
    save_tabular(tmp_path / "m", models[name])
    new = made_table(60, seed=9)
    assert np.array_equal(open_tabular(tmp_path / "m").said(new), models[name].said(new))


def test_rows_are_told_beside_the_reference(models, tmp_path):
    new = made_table(40, seed=9).drop(columns=["target_any_3d", "target_n_3d", "target_log_3d"])
    new.loc[0, "level"] = 1e6
    told = models["linear"].apply(new)
    assert list(told.columns) == [
        "time", "cell", "probability", "reference_probability", "n_outside"
    ]  # fmt: skip
    assert told["probability"].between(0.0, 1.0).all()
    assert told["n_outside"][0] == 1
    assert (told["time"] == new["time"]).all()


def test_counts_come_with_their_interval():
    model = selected("target_n_3d", models=("linear",), n_trials=1).model
    told = model.apply(made_table(40, seed=9))
    assert (told["low90"] <= told["expected"]).all()
    assert (told["expected"] <= told["high90"]).mean() > 0.9
    assert told["reference_expected"].nunique() == 1


def test_rows_of_the_training_are_counted(models):
    assert models["linear"].n_known(made_table(10)) == 30
    later = made_table(10).assign(time="2030-01-01T00:00:00Z")
    assert models["linear"].n_known(later) == 0


def test_a_table_without_a_feature_or_rows_is_refused(models):
    with pytest.raises(DataError, match="no column level"):
        models["linear"].apply(made_table(5).drop(columns="level"))
    with pytest.raises(DataError, match="no column cell"):
        models["linear"].apply(made_table(5).drop(columns="cell"))
    with pytest.raises(DataError, match="no rows"):
        models["linear"].apply(made_table(5).iloc[:0])


def test_damage_and_other_folders_are_told(models, tmp_path):
    with pytest.raises(ModelError, match="select --table"):
        open_tabular(tmp_path)
    folder = tmp_path / "m"
    save_tabular(folder, models["linear"])
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, "format": 99}))
    with pytest.raises(ModelError, match="of this version"):
        open_tabular(folder)
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "arrays.npz").write_bytes(b"other")
    with pytest.raises(ModelError, match="not the file that was saved"):
        open_tabular(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        open_tabular(folder)
