"""``mainshock forecast select``: on a table, on a catalogue, and applied to new rows."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from mainshock.sources.seismicity.tables import write_table

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast" / "selection"))
from made_tables import made_catalogue, made_table

QUICK = ("--models", "linear", "--trials", 2, "--n-splits", 3)


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "mine.csv"
    made_table(200).to_csv(path, index=False)
    return path


@pytest.fixture
def catalogue(tmp_path) -> Path:
    path = tmp_path / "quakes.csv"
    write_table(path, made_catalogue())
    return path


def test_a_table_is_selected_on_and_applied(command, table, tmp_path):
    out = tmp_path / "model"
    result = command(
        "forecast", "select", "--table", table, "--target", "target_any_3d", "--group", "cell",
        *QUICK, "--out", out, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert document["chosen"] == "linear"
    assert document["gap"] == 3.0  # as the target's name says
    assert "gap: 3 days" in result.stderr
    assert document["source"]["table"] == "mine.csv"
    assert set(document["baselines"]) == {"persistence", "climatology"}
    assert json.loads((out / "card.json").read_text())["headline"] == document["headline"]

    later, said = tmp_path / "later.csv", tmp_path / "said.csv"
    new = made_table(20, seed=8).assign(time="2030-01-01T00:00:00Z")
    new.drop(columns=[one for one in new if one.startswith("target")]).to_csv(later, index=False)
    result = command(
        "forecast", "select", "--apply", out, "--table", later, "--out", said, "--json"
    )
    assert result.exit_code == 0, result.stderr
    assert result.document["n"] == 60
    found = pd.read_csv(said)
    assert found["probability"].between(0, 1).all()
    assert found["probability"].nunique() > 10


def test_rows_of_the_training_are_told_of_when_a_model_is_applied(command, table, tmp_path):
    out = tmp_path / "model"
    command("forecast", "select", "--table", table, "--target", "target_n_3d", *QUICK, "--out", out)
    said = tmp_path / "said.parquet"
    result = command("forecast", "select", "--apply", out, "--table", table, "--out", said)
    assert result.exit_code == 0, result.stderr
    assert "no forecast" in result.stderr
    assert {"expected", "low90", "high90"} <= set(pd.read_parquet(said).columns)


def test_the_table_of_scores_is_for_people(command, table, tmp_path):
    result = command(
        "forecast", "select", "--table", table, "--target", "target_any_3d", *QUICK,
        "--out", tmp_path / "m", "--drop", "noise,style", "--gap", "72h",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "*linear" in result.stdout
    assert "persistence" in result.stdout
    card = (tmp_path / "m" / "card.md").read_text()
    assert "noise" not in card


def test_models_of_a_catalogue_are_compared(command, catalogue, tmp_path):
    out = tmp_path / "best"
    result = command(
        "forecast", "select", catalogue, "--models", "poisson,poisson-adaptive",
        "--search", "poisson-adaptive:neighbour=1|3", "--option",
        "poisson-adaptive:min_bandwidth_km=2", "--from", "0", "--to", "2000.0", "--folds", 3,
        "--trials", 2, "--out", out, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert document["chosen"]["model"] == "poisson-adaptive"
    assert [one["options"] for one in document["trials"]][2:] == [
        {"min_bandwidth_km": 2, "neighbour": one} for one in (3, 1)
    ]
    assert len(document["trials"]) == 4
    assert document["kept_apart"]["n"] > 0
    assert {one.name for one in out.iterdir()} >= {"model.json", "card.md", "trials.csv"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "--models"),
        (("--table", "TABLE"), 2, "--target"),
        (("--table", "TABLE", "--target", "nothing", "--out", "x"), 1, "no column nothing"),
        (("--table", "TABLE", "--target", "noise", "--gap", "soon", "--out", "x"), 2, "soon"),
        (("CATALOGUE", "--models", "oracle", "--out", "x"), 2, "oracle"),
        (("CATALOGUE", "--models", "poisson", "--search", "etas:x=1..2", "--out", "x"), 2, "etas"),
        (("CATALOGUE", "--models", "poisson", "--search", "x", "--out", "x"), 2, "of the form"),
        (("--apply", "nowhere", "--table", "TABLE", "--out", "x.csv"), 1, "no model"),
        (("--apply", "nowhere", "--table", "TABLE", "--out", "x.txt"), 2, ".csv or .parquet"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(
    command, table, catalogue, arguments, code, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    places = {"TABLE": table, "CATALOGUE": catalogue}
    result = command("forecast", "select", *(places.get(one, one) for one in arguments))
    assert result.exit_code == code
    assert message in result.stderr
