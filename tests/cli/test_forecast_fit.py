"""``mainshock forecast fit``: from a file of earthquakes to a folder with a model."""

import sys
from pathlib import Path

import pytest

from mainshock.core.provenance import file_sha256
from mainshock.forecast.model_folder import open_model, stored_events
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import write_table

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast" / "selection"))
from made_tables import made_catalogue


@pytest.fixture
def catalogue(tmp_path) -> Path:
    path = tmp_path / "quakes.csv"
    write_table(path, made_catalogue())
    return path


def fit(command, catalogue, out, *arguments):
    return command("forecast", "fit", catalogue, "--out", out, *arguments)


def test_a_model_is_fitted_and_kept(command, catalogue, tmp_path):
    out = tmp_path / "m"
    result = fit(
        command, catalogue, out, "--model", "poisson-adaptive", "--from", "1970-06-01", "--to",
        "1974-01-01", "--mc", 3.2, "--region", "10,42.9,12,44.2", "--option", "neighbour=2",
        "--option", "min_bandwidth_km=3", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert document["model"] == "poisson-adaptive"
    assert document["mc"] == 3.2
    assert document["from"].startswith("1970-06-01")
    assert document["options"] == {"neighbour": 2, "min_bandwidth_km": 3}
    assert document["standard_errors"]["rate_per_day"] > 0
    info = open_model(out).info
    assert info.n_events == document["n"]
    assert info.catalogue == "quakes.csv"
    assert info.catalogue_sha256 == file_sha256(catalogue)
    events = stored_events(out)
    assert events.magnitude.min() >= 3.2
    assert events.time_days.max() < info.settings.end_days
    assert "Not validated" in (out / "card.md").read_text()


def test_times_alone_make_a_model_of_times(command, tmp_path):
    made = made_catalogue()
    path = tmp_path / "times.parquet"
    write_table(path, Catalogue(made.time_days, made.magnitude))
    result = fit(command, path, tmp_path / "m", "--model", "poisson", "--to", "1974-01-01")
    assert result.exit_code == 0, result.stderr
    assert open_model(tmp_path / "m").info.region is None
    assert "rate_per_day" in result.stdout


def test_days_count_in_synthetic_catalogues(command, tmp_path):
    made = made_catalogue()
    path = tmp_path / "made.parquet"
    write_table(path, Catalogue(made.time_days, made.magnitude, is_synthetic=True))
    result = fit(
        command, path, tmp_path / "m", "--model", "poisson", "--from", "0", "--to", "2000", "--json"
    )
    assert result.exit_code == 0, result.stderr
    assert result.document["is_synthetic"]
    assert (result.document["from"], result.document["to"]) == ("0", "2000")
    assert result.document["n"] == 400


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--model", "oracle"), 2, "no forecast model is called 'oracle'"),
        (("--from", "1974-01-01", "--to", "1972-01-01"), 2, "not before --to"),
        (("--from", "1985"), 2, "1985-01-01"),
        (("--region", "somewhere"), 2, "somewhere"),
        (("--model", "poisson", "--option", "colour=red"), 2, "colour"),
        (("--model", "poisson", "--option", "colour"), 2, "name=value"),
        (("--mc", "9.5", "--model", "poisson"), 1, "--mc"),
    ],
)
def test_what_cannot_be_fitted_is_told(command, catalogue, arguments, code, message, tmp_path):
    result = fit(command, catalogue, tmp_path / "m", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert not (tmp_path / "m" / "model.json").exists()
