"""``mainshock forecast simulate`` writes catalogues or rates, and says what limits them."""

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import forecast_simulate
from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast import model_folder
from mainshock.forecast.base import FitSettings
from mainshock.forecast.csep_files import read_csep_catalogues
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.gridded_files import read_gridded, read_quadtree
from mainshock.forecast.model_folder import save_model
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.simulated_files import read_simulated
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.tables import write_table

SPLIT = "2010-01-01T00:00:00Z"
BOX = Region.box(-119.0, 32.0, -115.0, 36.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Poisson models, and a catalogue that goes on after their fit."""
    where = tmp_path_factory.mktemp("models")
    split = days_from_text(SPLIT)
    rng = np.random.default_rng(0)
    time = split - 1000.0 + np.sort(rng.uniform(0, 1200.0, 600))
    place = rng.normal([-117.0, 34.0], 0.4, (600, 2))
    made = Catalogue(time, 3.0 + rng.exponential(0.43, 600), *place.T)
    past = made.between(-math.inf, split)
    settings = FitSettings(split - 1000.0, split, 3.0, BOX)
    for name in ("poisson", "poisson-adaptive"):
        save_model(where / name, RATE_MODELS.load(name).fit(past, settings), past)
    write_table(where / "whole.parquet", made)
    write_table(where / "later.parquet", made.between(split, math.inf))
    return where


@pytest.fixture
def etas(folder, monkeypatch):
    """Make the folder ``poisson`` hold an ETAS model."""
    poisson = model_folder.open_model(folder / "poisson")
    parameters = EtasParameters(0.3, 1e-3, 1.5, 0.01, 0.05, 1e3, 0.5, 1.0, 0.6, 3.0)
    ratio = parameters.branching_ratio(poisson.info.beta, poisson.info.m_max)
    parameters = replace(parameters, k0=0.5e-3 / ratio)
    info = replace(poisson.info, kind="etas")
    law = TriggeringLaw(parameters)
    model = SpaceTimeEtas(info, parameters, None, None, np.eye(9) * 1e-3, law, np.zeros(0))
    monkeypatch.setattr(model_folder, "open_model", lambda _folder: model)
    return model


def run(folder, out, *arguments, model="poisson", catalogue="whole.parquet", start=SPLIT):
    app = typer.Typer()
    app.command()(forecast_simulate.simulate)
    given = (
        "--model", folder / model, "--catalogue", folder / catalogue, "--start", start,
        "--out", out, "--seed", 7, *arguments,
    )  # fmt: skip
    return CliRunner().invoke(app, [str(one) for one in given])


def test_catalogues_and_counts_agree(folder, etas, tmp_path):
    out = tmp_path / "f.parquet"
    done = run(folder, out, "--days", 3, "--n", 400, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    simulated = read_simulated(out)
    assert document["n_catalogues"] == simulated.n_catalogues == 400
    assert document["start"] == "2010-01-01T00:00:00.000000Z"
    assert document["end"] == "2010-01-04T00:00:00.000000Z"
    counts = simulated.counts()
    first = document["counts"][0]
    assert first["magnitude"] == 3.0
    assert first["mean"] == pytest.approx(counts.mean())
    low, high = first["low95"], first["high95"]
    assert (counts < low).mean() <= 0.025 <= (counts <= low).mean()
    assert (counts <= high).mean() >= 0.975 > (counts < high).mean()
    assert document["counts"][1]["probability"] < first["probability"]
    assert document["retrospective"] is True
    assert any("retrospective" in one for one in document["notes"])
    assert any("uncertainty of its parameters" in one for one in document["notes"])


def test_only_what_was_before_the_start_counts(folder, etas, tmp_path):
    for name in ("whole", "later"):
        done = run(
            folder, tmp_path / f"{name}.parquet", "--days", 2, "--n", 100,
            catalogue=f"{name}.parquet",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    whole, later = (read_simulated(tmp_path / f"{name}.parquet") for name in ("whole", "later"))
    assert np.array_equal(whole.time_days, later.time_days)


def test_threads_change_nothing(folder, etas, tmp_path):
    for threads in (1, 3):
        out = tmp_path / f"{threads}.parquet"
        assert run(folder, out, "--days", 2, "--n", 600, "--threads", threads).exit_code == 0
    assert pq.read_table(tmp_path / "1.parquet").equals(pq.read_table(tmp_path / "3.parquet"))


def test_parameters_may_be_drawn(folder, etas, tmp_path):
    done = run(
        folder, tmp_path / "f.parquet", "--days", 2, "--n", 100, "--parameter-draws", 10, "--json"
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["parameter_draws"] == 10
    assert not any("uncertainty" in one for one in document["notes"])


def test_csep_catalogues_are_written(folder, etas, tmp_path):
    for out in (tmp_path / "f.csv", tmp_path / "f.parquet"):
        assert run(folder, out, "--days", 2, "--n", 100).exit_code == 0
    start = days_from_text(SPLIT)
    read = read_csep_catalogues(tmp_path / "f.csv", start, start + 2.0, 3.0)
    simulated = read_simulated(tmp_path / "f.parquet")
    assert read.n_catalogues == 100
    assert np.array_equal(read.magnitude, simulated.magnitude)


def test_gridded_rates_have_the_mean_count_and_say_where_they_are_empty(folder, etas, tmp_path):
    out = tmp_path / "f.dat"
    done = run(folder, out, "--days", 2, "--n", 500, "--cell-deg", 0.5, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    gridded = read_gridded(out)
    assert gridded.total == pytest.approx(document["counts"][0]["mean"], rel=1e-9)
    assert len(gridded.cells) == 64
    empty = int((gridded.in_space() == 0).sum())
    told = [one for one in document["notes"] if "no simulated event" in one]
    assert (f"{empty} of 64" in told[0]) if empty else not told


def test_a_quadtree_has_small_tiles_where_the_past_was_busy(folder, etas, tmp_path):
    out = tmp_path / "f.csv"
    done = run(folder, out, "--days", 2, "--n", 500, "--quadtree", 9)
    assert done.exit_code == 0, done.output
    gridded = read_quadtree(out)
    assert gridded.in_space().sum() > 0
    lengths = {len(key) for key in gridded.cells.quadkeys}
    busy = int(gridded.cells.index_of([-117.0], [34.0])[0])
    assert len(gridded.cells.quadkeys[busy]) == max(lengths) > min(lengths)


def test_rates_of_poisson_models_are_exact(folder, tmp_path):
    out = tmp_path / "f.dat"
    done = run(folder, out, "--days", 2, "--n", 2, "--cell-deg", 0.25, model="poisson-adaptive")
    assert done.exit_code == 0, done.output
    gridded = read_gridded(out)
    model = model_folder.open_model(folder / "poisson-adaptive")
    assert gridded.total == pytest.approx(2.0 * model.info.parameters["rate_per_day"], rel=0.02)
    assert (gridded.rates > 0).all()


def test_people_read_ranges_chances_and_the_label(folder, etas, tmp_path):
    done = run(folder, tmp_path / "f.parquet", "--days", 1, "--n", 300)
    assert "retrospective forecast by etas" in done.stdout
    assert "95 % range" in done.stdout
    assert "less than 1 %" in done.stdout
    assert "agency" in done.stdout
    assert "predict" not in done.stdout.lower()


def test_a_window_of_the_fit_needs_the_word_experiment(folder, etas, tmp_path):
    arguments = (folder, tmp_path / "f.parquet", "--days", 2, "--n", 10)
    done = run(*arguments, start="2009-06-01")
    assert isinstance(done.exception, DataError)
    assert "--experiment" in str(done.exception)
    done = run(*arguments, "--experiment", "--json", start="2009-06-01")
    assert done.exit_code == 0, done.output
    assert any("fitted to events of this window" in one for one in json.loads(done.stdout)["notes"])
    done = run(folder, tmp_path / "f.parquet", "--days", 60, "--n", 10)
    assert isinstance(done.exception, SettingsError)
    assert "--experiment" in str(done.exception)


@pytest.mark.parametrize("out", ["f.txt", "f"])
def test_unknown_suffixes_are_refused_first(folder, tmp_path, out):
    done = run(folder, tmp_path / out, "--days", 1)
    assert isinstance(done.exception, SettingsError)
    assert ".parquet, .csv or .dat" in str(done.exception)


def test_options_of_etas_are_refused_for_other_models(folder, tmp_path):
    done = run(folder, tmp_path / "f.parquet", "--days", 1, "--parameter-draws", 3)
    assert isinstance(done.exception, SettingsError)
    assert "--parameter-draws is for space-time etas" in str(done.exception)


def test_a_length_that_is_none_is_refused_without_a_remedy_that_does_not_help(folder, tmp_path):
    for days in ("nan", "0", "inf"):
        done = run(folder, tmp_path / "f.parquet", "--days", days, "--n", 10)
        assert isinstance(done.exception, SettingsError)
        assert "must be longer than 0" in str(done.exception)
        assert "--experiment" not in str(done.exception)


def test_more_catalogues_than_memory_holds_are_wrong_usage(folder, tmp_path):
    done = run(folder, tmp_path / "f.parquet", "--days", 1, "--n", 100_000_000_000)
    assert done.exit_code == 2
    assert not (tmp_path / "f.parquet").exists()


def test_a_wrong_start_names_its_option(folder, tmp_path):
    done = run(folder, tmp_path / "f.parquet", "--days", 1, "--n", 10, start="2010-13-01")
    assert isinstance(done.exception, SettingsError)
    assert "--start" in str(done.exception)
