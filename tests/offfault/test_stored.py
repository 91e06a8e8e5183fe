"""The packaged model: what it was trained on, what it must not care for, and how it does."""

import json
from itertools import pairwise

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError
from mainshock.learn.models import find_model, verify_model
from mainshock.offfault.base import EfficiencyModel
from mainshock.offfault.generator.parallel import generate
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.laboratory_windows import read_laboratory_figures
from mainshock.offfault.raster import normalise_thickness
from mainshock.offfault.scores import score
from mainshock.offfault.stored import DEFAULT_FOLDER, default_model, mixture, open_ensemble


@pytest.fixture(scope="module")
def model():
    return default_model()


@pytest.fixture(scope="module")
def unseen():
    """Windows of runs whose seeds the recipe does not use."""
    return generate(GeneratorSettings(frames_per_run=6), 12, seed=900_000)


@pytest.fixture(scope="module")
def laboratory(data_dir):
    return read_laboratory_figures(data_dir / "offfault" / "lab")


def test_it_is_a_model_of_the_store(model):
    assert isinstance(model, EfficiencyModel)
    assert find_model("efficiency") == DEFAULT_FOLDER
    assert verify_model(DEFAULT_FOLDER)


def test_it_was_trained_on_made_up_runs_alone():
    training = json.loads((DEFAULT_FOLDER / "manifest.json").read_text())["training"]
    assert training["data"].startswith("synthetic alone")
    ranges = sorted((seed, seed + runs) for seed, runs in training["seeds"].values())
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ranges))


def test_it_is_better_than_the_mean_on_unseen_runs_and_its_intervals_cover(model, unseen):
    found = score(unseen, model.predict(unseen.maps))
    assert found.mae < 0.5 * np.abs(unseen.ke - unseen.ke.mean()).mean()
    assert found.r > 0.9
    assert 0.8 <= found.coverage90 <= 0.99


def test_it_agrees_with_the_laboratory(model, laboratory):
    found = score(laboratory, model.predict(laboratory.maps))
    assert found.mae <= 0.10
    assert found.r >= 0.90


def test_it_does_not_matter_where_across_strike_a_fault_lies(model, laboratory):
    here = model.predict(laboratory.maps).ke
    for shift in (-16, 16):
        there = model.predict(np.roll(laboratory.maps, shift, axis=1)).ke
        assert np.abs(there - here).max() < 0.03


def test_the_thickness_of_lines_hardly_matters(model, laboratory):
    drawn = [model.predict(normalise_thickness(laboratory.maps, px)).ke for px in (2, 3, 4, 5)]
    spread = np.ptp(np.array(drawn), axis=0)
    assert np.mean(spread) < 0.05


def test_efficiency_is_bounded_and_intervals_hold_it(model, unseen):
    found = model.predict(unseen.maps)
    assert found.ke.min() >= 0.0
    assert found.ke.max() <= 1.0
    assert (found.lo90 <= found.ke).all()
    assert (found.ke <= found.hi90).all()
    assert (found.hi90 <= 1.05).all()
    assert (found.epistemic_sd <= found.sd + 1e-9).all()


def test_a_map_has_one_answer_in_whatever_company(model, unseen):
    together = model.predict(unseen.maps[:70]).ke
    alone = model.predict(unseen.maps[65:66]).ke
    assert alone[0] == pytest.approx(together[65], abs=1e-5)


def test_no_window_gives_no_efficiency(model):
    assert len(model.predict(np.zeros((0, 128, 64), dtype=np.uint8))) == 0


def test_maps_of_another_shape_are_refused(model):
    with pytest.raises(DataError, match="128"):
        model.predict(np.zeros((2, 64, 128), dtype=np.uint8))


def test_a_folder_without_settings_is_refused(tmp_path):
    manifest = json.loads((DEFAULT_FOLDER / "manifest.json").read_text())
    del manifest["settings"]["line_px"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="line_px"):
        open_ensemble(tmp_path)


def test_a_mixture_is_as_wide_as_its_members_and_their_disagreement():
    members = np.array([[[0.4, np.log(0.1)], [0.6, np.log(0.1)]]], dtype=np.float32)
    output, epistemic = mixture(members)
    assert output[0, 0] == pytest.approx(0.5)
    assert epistemic[0] == pytest.approx(0.1)
    assert np.exp(output[0, 1]) == pytest.approx(np.sqrt(0.02), rel=1e-5)
