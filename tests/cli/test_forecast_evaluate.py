"""``mainshock forecast evaluate``: the document of the contract, and what is refused."""

import json
import math
import shutil

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import forecast_evaluate
from mainshock.core.errors import DataError, ModelError, NothingFoundError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.refusals import refuse_beyond_horizon
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.tables import write_table

SPLIT = "2010-01-01T00:00:00Z"
END = "2010-12-31T00:00:00Z"


def events(seed=0, days=1500.0):
    rng = np.random.default_rng(seed)
    n = 600
    time = days_from_text(SPLIT) - 1000.0 + np.sort(rng.uniform(0, days, n))
    place = rng.normal([-117.0, 34.0], 0.4, (n, 2))
    magnitude = np.round(3.0 + rng.exponential(0.43, n), 2)
    return Catalogue(time, magnitude, place[:, 0], place[:, 1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("models")
    split = days_from_text(SPLIT)
    settings = FitSettings(split - 1000.0, split, 3.0, Region.box(-119.0, 32.0, -115.0, 36.0))
    made = events()
    past = made.between(-math.inf, split)
    for name in ("poisson", "poisson-adaptive"):
        save_model(where / name, RATE_MODELS.load(name).fit(past, settings), past)
    write_table(where / "later.csv", made.between(split, math.inf))
    write_table(where / "whole.parquet", made)
    return where


def run(*arguments):
    app = typer.Typer()
    app.command("evaluate")(forecast_evaluate.evaluate)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def asked(folder, model="poisson", catalogue="later.csv", start=SPLIT, end=END):
    return (
        "--model", folder / model, "--catalogue", folder / catalogue, "--from", start, "--to", end,
        "--n-boot", 100,
    )  # fmt: skip


def test_the_document_is_that_of_the_contract(folder):
    done = run(*asked(folder), "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    made = events()
    later = made.between(days_from_text(SPLIT), days_from_text(END))
    inside = Region.box(-119.0, 32.0, -115.0, 36.0).contains(later.longitude, later.latitude)
    assert document["n"] == inside.sum()
    assert isinstance(document["ll_per_event"], float)
    assert document["igpe_vs_poisson_adaptive"] < 0  # places matter, and the rate is even
    assert len(document["interval95"]) == 2
    past = made.between(-math.inf, days_from_text(SPLIT))
    here = Region.box(-119.0, 32.0, -115.0, 36.0).contains(past.longitude, past.latitude)
    assert document["expected_n"] == pytest.approx(here.sum() / 1000.0 * 364.0)


def test_a_catalogue_with_its_past_gives_the_same(folder):
    later, whole = (
        json.loads(run(*asked(folder, catalogue=name), "--json").stdout)
        for name in ("later.csv", "whole.parquet")
    )
    for key in ("n", "ll_per_event", "expected_n", "igpe_vs_poisson_adaptive", "interval95"):
        assert later[key] == pytest.approx(whole[key], rel=1e-9)


def test_the_adaptive_model_is_its_own_baseline(folder):
    document = json.loads(run(*asked(folder, "poisson-adaptive"), "--json").stdout)
    assert document["igpe_vs_poisson_adaptive"] == pytest.approx(0.0, abs=1e-9)


def test_people_read_lines(folder):
    done = run(*asked(folder))
    assert "nats an event" in done.stdout
    assert "not an official forecast" in done.stdout


def test_tests_add_calibration(folder, tmp_path):
    done = run(
        *asked(folder, "poisson-adaptive"), "--tests", "--days", 30, "--n-sim", 50,
        "--per-event", tmp_path / "events.csv", "--json",
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert document["tests"]["counts"]["windows"] == 12
    assert {one["test"] for one in document["tests"]["csep_windows"]} >= {"N", "S"}
    rows = (tmp_path / "events.csv").read_text().splitlines()
    assert len(rows) == document["n"] + 1


def test_tests_are_told_to_people(folder):
    done = run(*asked(folder), "--tests", "--days", 60, "--n-sim", 30)
    assert "N-test passed by" in done.stdout


def test_the_training_window_is_refused(folder):
    done = run(*asked(folder, catalogue="whole.parquet", start="2009-06-01", end=SPLIT))
    assert isinstance(done.exception, DataError)
    allowed = run(
        *asked(folder, catalogue="whole.parquet", start="2009-06-01", end=SPLIT),
        "--allow-overlap", "--json",
    )  # fmt: skip
    assert json.loads(allowed.stdout)["in_sample"]


def test_an_empty_window_finds_nothing(folder):
    done = run(*asked(folder, start="2030-01-01", end="2031-01-01"))
    assert isinstance(done.exception, NothingFoundError)
    assert done.exception.exit_code == 3


def test_a_folder_without_a_model_is_refused(folder, tmp_path):
    done = run("--model", tmp_path, "--catalogue", folder / "later.csv", "--from", SPLIT,
               "--to", END)  # fmt: skip
    assert isinstance(done.exception, ModelError)


def test_a_test_on_windows_can_be_recorded_in_the_model(folder, tmp_path):
    shutil.copytree(folder / "poisson", tmp_path / "poisson")
    given = asked(folder, model="poisson")
    given = (given[0], tmp_path / "poisson", *given[2:], "--tests", "--days", 10, "--n-sim", 50)
    found = run(*given, "--record", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["recorded"] is True
    info = open_model(tmp_path / "poisson").info
    assert refuse_beyond_horizon(10.0, info)
    with pytest.raises(SettingsError, match="evaluate --tests --days 20 --record"):
        refuse_beyond_horizon(20.0, info)
    assert info.validated["windows_10d"]["windows"] == 36


def test_a_test_of_few_windows_is_not_recorded(folder, tmp_path):
    shutil.copytree(folder / "poisson", tmp_path / "poisson")
    given = asked(folder, model="poisson")
    given = (given[0], tmp_path / "poisson", *given[2:], "--tests", "--days", 60, "--n-sim", 50)
    found = run(*given, "--record", "--json")
    assert json.loads(found.stdout)["recorded"] is False
    assert "horizon_days" not in open_model(tmp_path / "poisson").info.validated


def test_recording_needs_the_tests(folder):
    assert isinstance(run(*asked(folder), "--record").exception, SettingsError)
