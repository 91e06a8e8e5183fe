"""Search of hyper-parameters, and the score that judges them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli.shake_tune import tune as tune_command
from mainshock.core.errors import DataError, MissingDependencyError, SourceError
from mainshock.learn.shared_study import open_study
from mainshock.shaking.cgm_gm.architecture import CGM_GM
from mainshock.shaking.cgm_gm.discriminative import recurrent_score
from mainshock.shaking.cgm_gm.tune import SPACE, tune
from mainshock.shaking.records import GroundMotionRecords
from mainshock.shaking.training import TrainingSettings


@pytest.mark.parametrize("is_legacy", [False, True])
def test_the_best_of_two_trials_is_kept(
    small_records: GroundMotionRecords, tmp_path: Path, *, is_legacy: bool
) -> None:
    settings = TrainingSettings(epochs=1, is_legacy=is_legacy)
    found = tune(small_records, tmp_path / "best", settings, n_trials=2, n_iterations=5)
    assert found.parameters.keys() == SPACE.keys()
    assert all(found.parameters[name] in values for name, values in SPACE.items())
    assert found.score == min(one["score"] for one in found.trials)
    assert len(found.trials) == 2
    model = CGM_GM.open(tmp_path / "best").waveforms
    assert model is not None
    n_latent = model.sampler.weights["prior_mean.weight"].shape[0]
    assert n_latent == found.parameters["n_latent"]


def test_the_command_prints_the_best(small_records: GroundMotionRecords, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(tune_command)
    given = ["--data", str(small_records.path), "--out", str(tmp_path / "best")]
    few = ["--trials", "1", "--epochs", "1", "--iterations", "2", "--json"]
    done = CliRunner().invoke(app, [*given, *few])
    assert done.exit_code == 0, done.output
    assert 0.0 <= json.loads(done.stdout)["score"] <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_two_commands_search_one_study(
    small_records: GroundMotionRecords, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / f"study.{kind}"
    storage = f"sqlite:///{place}" if kind == "sqlite" else str(place)
    few = ["--trials", "4", "--epochs", "1", "--iterations", "2", "--json"]
    command = [
        *(sys.executable, "-c", "from mainshock.cli.app import main; main()", "shake", "tune"),
        *("--data", str(small_records.path), "--out", str(tmp_path / "best"), *few),
        *("--study-storage", storage),
    ]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=240) for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    study = open_study(optuna, storage, 0)
    assert 4 <= len(study.trials) <= 5  # both may begin their last one at the same moment
    told_by = [len(re.findall(r"^trial \d+/4", talk, re.MULTILINE)) for _, talk in told]
    assert sum(told_by) == len(study.trials)
    assert min(told_by) >= 1
    model = CGM_GM.open(tmp_path / "best").waveforms
    assert model is not None
    n_latent = model.sampler.weights["prior_mean.weight"].shape[0]
    assert n_latent == study.best_params["n_latent"]
    assert json.loads(told[0][0])["score"] >= study.best_value


def test_a_storage_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot hold a study"):
        open_study(optuna, "nosuchdatabase://x/y", 0)


def test_without_optuna_the_extra_is_named(
    small_records: GroundMotionRecords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"mainshock\[train\]"):
        tune(small_records, tmp_path / "best", TrainingSettings(epochs=1), n_trials=1)


def test_score_is_small_for_like_and_large_for_unlike_spectrograms(
    rng: np.random.Generator,
) -> None:
    events = np.repeat([f"e{one}" for one in range(20)], 10)
    recorded, generated = rng.normal(size=(2, 200, 6, 5)).astype(np.float32)
    alike = recurrent_score(recorded, generated, events, n_iterations=60, n_repeats=2)
    unlike = recurrent_score(recorded, generated + 2.0, events, n_iterations=60, n_repeats=2)
    assert alike < 0.2
    assert unlike > 0.4
    with pytest.raises(DataError, match="at least 5"):
        recurrent_score(recorded[:2], generated[:2])
