"""Training and making records by command, from file to file."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import typer
from tests.shaking.small_records import N_SAMPLES, RATE_HZ, START_S, write_records
from typer.testing import CliRunner

from mainshock.cli import shake_train
from mainshock.learn.models import load_manifest, verify_model
from mainshock.shaking.base import MotionModel
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.records import open_records
from mainshock.shaking.training import open_model

pytestmark = pytest.mark.slow

app = typer.Typer()
app.command()(shake_train.train)
app.command()(shake_train.simulate)


def _run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_records(tmp_path_factory.mktemp("records") / "made.h5", seed=1)


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "flow"
    told = _run("train", "--data", data, "--out", folder, "--epochs", 5)
    assert told["records"] == 150
    return folder


def test_a_trained_folder_is_whole_and_says_what_it_is(data, model):
    manifest = load_manifest(model)
    assert manifest.settings["architecture"] == "flow"
    assert manifest.settings["is_synthetic"] is open_records(data).is_synthetic
    assert manifest.settings["sampling_rate_hz"] == RATE_HZ
    assert manifest.settings["n_samples"] == N_SAMPLES
    assert manifest.settings["start_rel_origin_s"] == START_S
    assert {"flow.onnx", "flow.npz"} < set(verify_model(model))
    assert "Not for design use" in (model / "card.md").read_text()


def test_its_motions_are_the_measures_alone(data, model):
    opened = open_model(model)
    assert isinstance(opened.motions, MotionModel)
    assert set(opened.motions.measures) <= set(MEASURES)
    scenarios = open_records(data).scenarios
    found = opened.motions.predict(scenarios, ["ln_pga"])
    assert found.mean.shape == (len(scenarios), 1)
    drawn = opened.motions.sample(scenarios.take(np.arange(3)), 4, np.random.default_rng(0))
    assert drawn.shape == (3, 4, len(opened.motions.measures))


def test_records_are_written_as_agreed(data, model, tmp_path):
    rows = pd.read_csv(data.with_suffix(".csv")).head(3)
    rows.to_csv(tmp_path / "scenarios.csv", index=False)
    command = ["simulate", "--model", model, "--scenarios", tmp_path / "scenarios.csv"]
    for name in ("first.h5", "second.h5"):
        _run(*command, "--n", 2, "--seed", 4, "--out", tmp_path / name)
    with h5py.File(tmp_path / "first.h5") as first, h5py.File(tmp_path / "second.h5") as second:
        assert first["acceleration"].shape == (3, 2, 3, N_SAMPLES)
        assert float(first.attrs["sampling_rate_hz"]) == RATE_HZ
        assert float(first.attrs["start_rel_origin_s"]) == START_S
        np.testing.assert_array_equal(first["acceleration"][...], second["acceleration"][...])
