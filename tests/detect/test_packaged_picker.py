"""The packaged weights do what their manifest says, on the data they were judged on."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from mainshock.detect.evaluate import evaluate_picker
from mainshock.detect.registry import open_picker
from mainshock.learn.models import find_model, load_manifest, verify_model
from mainshock.sources.bundled import BundledSource


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


def test_an_offset_of_the_channel_changes_nothing_beside_a_gap():
    picker = open_picker("default")
    quake = next(one for one in BundledSource("uh") if one.station == "UH3")
    first_p = next(pick for pick in picker.classify(quake) if pick.phase == "P")
    first = round((first_p.time - quake.start).total_seconds() * quake.sampling_rate_hz) + 600
    gap = (first, first + 200)
    found = []
    for offset in (0.0, 20.0 * np.abs(quake.samples).max()):
        samples = quake.samples + np.float32(offset)
        samples[:, gap[0] : gap[1]] = 0.0
        found.append(picker.annotate(replace(quake, samples=samples, gaps=(gap,))).probability)
    plain, lifted = found
    assert plain.max() > 0.9
    np.testing.assert_allclose(lifted, plain, atol=0.1)
