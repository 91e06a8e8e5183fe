"""``mainshock forecast report``: one page and one document."""

import json
import math

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import forecast_report
from mainshock.forecast import report_page
from mainshock.forecast.base import FitSettings
from mainshock.forecast.model_folder import save_model
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text
from mainshock.sources.seismicity.tables import write_table

SPLIT = days_from_text("2010-01-01")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    time = SPLIT - 1000.0 + np.sort(rng.uniform(0, 1400.0, 500))
    place = rng.normal([-117.0, 34.0], 0.4, (500, 2))
    magnitude = np.round(3.0 + rng.exponential(0.43, 500), 2)
    made = Catalogue(time, magnitude, place[:, 0], place[:, 1])
    settings = FitSettings(SPLIT - 1000.0, SPLIT, 3.0, Region.box(-119.0, 32.0, -115.0, 36.0))
    past = made.between(-math.inf, SPLIT)
    for name in ("poisson", "poisson-adaptive"):
        save_model(where / name, RATE_MODELS.load(name).fit(past, settings), past)
    write_table(where / "whole.csv", made)
    return where


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch):
    monkeypatch.setattr(report_page, "_png", lambda _: "")  # drawn in the tests of the page


def run(*arguments):
    app = typer.Typer()
    app.command("report")(forecast_report.report)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def asked(folder, out):
    return (
        "--model", folder / "poisson", "--model", folder / "poisson-adaptive",
        "--catalogue", folder / "whole.csv", "--from", "2010-01-01", "--to", "2010-12-01",
        "--out", out, "--days", 30, "--n-sim", 40, "--n-boot", 50,
    )  # fmt: skip


def test_the_command_writes_a_page_and_prints_its_document(folder, tmp_path):
    done = run(*asked(folder, tmp_path / "out"), "--agency", "the survey", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["path"].endswith("report.html")
    assert document["baseline"] == "poisson-adaptive (baseline)"
    assert len(document["catalogue"]["sha256"]) == 64
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Source of official advice: the survey." in text
    beside = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert beside["models"].keys() == document["models"].keys()


def test_the_command_tells_people_the_scores(folder, tmp_path):
    done = run(
        "--model", folder / "poisson", "--catalogue", folder / "whole.csv",
        "--from", "2010-01-01", "--to", "2010-06-01", "--out", tmp_path,
        "--days", 30, "--n-sim", 20, "--n-boot", 20,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "counts inside 95 %" in done.stdout
    assert "-> " in done.stdout
