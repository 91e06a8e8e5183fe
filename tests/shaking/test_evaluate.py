"""Evaluation of models on files of records, from the command line's functions down."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import shake_evaluate
from mainshock.core.errors import DataError, ModelError
from mainshock.shaking.evaluate import (
    ALL_MEASURES,
    EvaluationSettings,
    evaluate,
    evaluate_measured,
    fit_baseline,
    measure,
)
from mainshock.shaking.published import BSSA14Motion
from mainshock.shaking.records import open_records
from mainshock.shaking.training import ShakingModel, open_model

sys.path.insert(0, str(Path(__file__).parent))
from small_records import NoiseModel, write_records

SETTINGS = EvaluationSettings(n=2, max_waveforms=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    write_records(folder / "train.h5", seed=1, n_events=30)
    write_records(folder / "test.h5", seed=2, n_events=20)
    return folder


@pytest.fixture(scope="module")
def train(folder):
    return measure(open_records(folder / "train.h5"))


@pytest.fixture(scope="module")
def tested(folder):
    return measure(open_records(folder / "test.h5"))


@pytest.fixture(scope="module")
def baseline(train):
    return fit_baseline(train)


def model_of(baseline, waveforms=None, name="made-up"):
    return ShakingModel(name, baseline.motion, waveforms, is_synthetic=True)


@pytest.fixture(scope="module")
def found(baseline, tested):
    return evaluate_measured(model_of(baseline, NoiseModel()), tested, baseline, SETTINGS)


def test_the_model_that_made_the_records_is_calibrated(found):
    made = found.waveforms
    for name in ("ln_fas_5hz", "ln_pga", "ln_arias"):
        assert abs(made.measures[name]["bias"]) < 0.35, name
        assert 0.7 < made.measures[name]["sampled_over_residual"] < 1.4, name
        assert made.measures[name]["ergodic"]["sd"] > 0.4
    assert abs(made.measures["ln_d5_75"]["bias"]) < 0.1
    assert made.measures["onset_s"]["median_absolute"] < 0.2
    assert made.discriminative["score"] < 0.25
    assert made.anderson["mean"] == pytest.approx(made.anderson["if_model_were_true"], abs=1.2)
    assert made.coordinates.shape == (2 * made.n_rows, 2)
    assert found.scores["ln_fas_5hz"].calibration == pytest.approx(1.0, abs=0.35)


def test_a_generator_that_is_off_and_too_sure_is_told_so(baseline, tested):
    wrong = NoiseModel(ln_factor=-0.7, spread=0.2, shape=0.3)
    made = evaluate_measured(model_of(baseline, wrong), tested, baseline, SETTINGS).waveforms
    assert made.measures["ln_fas_5hz"]["bias"] > 0.5
    assert made.measures["ln_arias"]["sampled_over_residual"] < 0.5
    assert made.discriminative["score"] > 0.3


def test_one_seed_gives_one_evaluation(baseline, tested):
    settings = EvaluationSettings(seed=4, n=2, max_waveforms=10)
    model = model_of(baseline, NoiseModel())
    one, other = (evaluate_measured(model, tested, None, settings).as_dict() for _ in range(2))
    assert repr(one) == repr(other)


def test_the_document_has_every_measure_beside_the_regression(found):
    document = found.as_dict()
    assert document["is_synthetic"] is True
    assert document["baseline"] == {
        "name": "ergodic regression",
        "train": "train.h5",
        "n_records": 150,
        "n_shared_events": 0,
        "n_shared_stations": 12,
    }
    assert set(document["motions"]) == set(ALL_MEASURES)
    for both in document["motions"].values():
        assert both["model"]["sd"] == both["ergodic"]["sd"]  # the model is the regression here
    assert set(document["waveforms"]["measures"]) == set(ALL_MEASURES)
    truth = document["truth"]["ln_fas_5hz"]
    assert truth["variance_recovered"] == pytest.approx(0.0, abs=1e-9)
    json.dumps(document)


def test_without_training_records_there_is_no_baseline(tested, baseline):
    document = evaluate(model_of(baseline), tested.records, seed=0, n=2).as_dict()
    assert document["baseline"] is None
    assert document["waveforms"] is None
    assert document["motions"]["ln_pga"]["ergodic"] is None


def test_records_of_training_are_not_tested(train, baseline):
    with pytest.raises(DataError, match="are also tested; split by event"):
        evaluate_measured(model_of(baseline), train, baseline, SETTINGS)


def test_a_model_without_fourier_amplitudes_is_scored_too(tested):
    found = evaluate_measured(
        ShakingModel("bssa14", BSSA14Motion(), None, is_synthetic=False), tested, None, SETTINGS
    )
    assert set(found.scores) == set(BSSA14Motion().measures)
    assert np.isnan(found.correlation_observed).all()
    assert found.motions.is_extrapolated.any()


def test_too_few_records_or_realisations_are_refused(baseline, tested):
    few = measure(tested.records.take(np.arange(4)))
    with pytest.raises(DataError, match="8 or more"):
        evaluate_measured(model_of(baseline), few, None, SETTINGS)
    with pytest.raises(DataError, match="2 or more"):
        evaluate_measured(model_of(baseline, NoiseModel()), tested, None, EvaluationSettings(n=1))


def test_picks_are_held_against_travel_times(baseline, tested):
    def picker(record):
        loud = np.abs(record.acceleration).max(axis=0)
        first = int(np.argmax(loud > 0.02 * loud.max()))
        return {"P": record.start_rel_origin_s + first / record.sampling_rate_hz}

    settings = EvaluationSettings(n=2, max_waveforms=10, picker=picker)
    picks = evaluate_measured(
        model_of(baseline, NoiseModel()), tested, None, settings
    ).waveforms.picks
    assert picks["reference"] == "travel times"
    assert picks["P"]["rate"] == 1.0
    assert picks["P"]["median_absolute_s"] < 0.2
    assert picks["S"]["rate"] == 0.0
    assert np.isnan(picks["S"]["median_absolute_s"])


def test_models_are_opened_by_name_file_or_folder(tmp_path, baseline):
    assert open_model("bay-area").motions.measures[0] == "ln_fas_2hz"
    baseline.motion.save(tmp_path / "mine.npz")
    assert open_model(tmp_path / "mine.npz").name == "mine"
    with pytest.raises(ModelError):
        open_model(tmp_path / "none.npz")


def run(*arguments):
    app = typer.Typer()
    app.command("evaluate")(shake_evaluate.evaluate)
    app.command("compare")(shake_evaluate.compare)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_command_prints_one_document(folder, baseline, tmp_path):
    model = baseline.motion.save(tmp_path / "mine.npz")
    done = run(
        "evaluate", "--model", model, "--data", folder / "test.h5",
        "--train", folder / "train.h5", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["model"] == "mine"
    assert document["motions"]["ln_fas_5hz"]["model"]["sd"] > 0.3


def test_the_command_tells_the_main_scores(folder, baseline, tmp_path):
    model = baseline.motion.save(tmp_path / "mine.npz")
    done = run("evaluate", "--model", model, "--data", folder / "test.h5")
    assert done.exit_code == 0, done.output
    assert "mine (SYNTHETIC)" in done.stdout
    assert "ln_fas_5hz" in done.stdout


@pytest.mark.slow
def test_the_command_compares_into_a_page(folder, tmp_path):
    page = tmp_path / "report.html"
    done = run(
        "compare", "--model", "bay-area", "--data", folder / "test.h5",
        "--train", folder / "train.h5", "--out", page, "--grid-points", 8,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8").count("<figure>") >= 7
