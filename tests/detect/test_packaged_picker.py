"""The packaged weights do what their manifest says, on the data they were judged on."""

from importlib.resources import files
from pathlib import Path

import pytest

from mainshock.detect.evaluate import evaluate_picker
from mainshock.detect.registry import open_picker
from mainshock.learn.models import find_model, load_manifest, verify_model


def test_packaged_model_is_whole_and_has_its_card():
    folder = find_model("phasenet")
    assert "model.onnx" in verify_model(folder)
    card = (folder / "card.md").read_text()
    for heading in ("Purpose", "Data", "Scores", "Calibration", "Beware", "Repeat", "Cite"):
        assert f"## {heading}" in card


def test_unlicensed_sets_were_not_trained_on():
    manifest = load_manifest(find_model("phasenet"))
    used = set(manifest.training["traces_by_dataset"])
    assert used.isdisjoint({"chile_ipoc", "antilles_cdsa"})


def test_recipe_in_the_repository_is_the_one_that_made_the_weights():
    packaged = Path(str(files("mainshock"))) / "detect/models/phasenet/recipe.yaml"
    recipe = Path(__file__).parents[2] / "recipes/picker/phasenet.yaml"
    assert packaged.read_text() == recipe.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["P", "S"])
def test_development_scores_are_those_of_the_manifest(data_dir, phase):
    waveforms = data_dir / "waveforms"
    windows = waveforms / "eval_windows_dev.csv"
    scores = evaluate_picker(open_picker("default"), waveforms, windows)
    stated = load_manifest(find_model("phasenet")).metrics["development"]
    ours, theirs = scores["phases"][phase]["0.5"], stated["phases"][phase]["0.5"]
    assert ours["n"] == theirs["n"]
    # another CPU rounds differently: a peak at the threshold may fall on the other side
    assert ours["f1"] == pytest.approx(theirs["f1"], abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["P", "S"])
def test_network_beats_the_classical_baseline(data_dir, phase):
    waveforms = data_dir / "waveforms"
    windows = waveforms / "eval_windows_dev.csv"
    scores = {
        name: evaluate_picker(open_picker(name), waveforms, windows)["phases"][phase]["0.5"]["f1"]
        for name in ("default", "stalta")
    }
    assert scores["default"] > scores["stalta"] + 0.1
