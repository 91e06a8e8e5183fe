"""``mainshock forecast features``: from a catalogue to a table that a model is learnt from."""

import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import write_table

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast" / "features"))
sys.path.insert(0, str(Path(__file__).parents[1] / "forecast" / "boosted"))
from made_sequences import sequences
from plain_features import made_events

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "make-a-feature-table.md"
ROWS = ("--from", "420.0", "--to", "880.0", "--region=-118,33,-116,35", "--mc", 3, "--cell-deg", 1)


@pytest.fixture
def catalogue(tmp_path) -> Path:
    path = tmp_path / "quakes.csv"
    write_table(path, made_events())
    return path


def test_features_are_selected_on_and_the_model_speaks_of_the_present(command, tmp_path):
    catalogue = tmp_path / "quakes.csv"
    write_table(catalogue, sequences())
    table, chosen = tmp_path / "cells.csv", tmp_path / "chosen"
    result = command(
        "forecast", "features", catalogue, "--out", table, "--from", "100.0", "--to", "1480.0",
        *ROWS[4:], "--horizon-days", 2, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    document = result.document
    assert document["n"] == document["n_issues"] * 4 == 1379 * 4
    assert document["targets"] == ["target_count_2d", "target_any_2d"]
    assert document["target_magnitude"] == document["mc"] == 3.0
    assert {one["name"]: one["unit"] for one in document["columns"]}["benioff_30d"] == "J^0.5"
    assert document["catalogue"] == "quakes.csv"
    assert "1379 issue times x 4 cells" in result.stderr

    result = command(
        "forecast", "select", "--table", table, "--target", "target_any_2d", "--group", "cell",
        "--models", "linear", "--trials", 1, "--n-splits", 2, "--out", chosen, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.document["gap"] == 2.0  # as the name of the target says
    assert not [one for one in result.document["warnings"] if "LEAKAGE" in one]
    card = json.loads((chosen / "card.json").read_text())
    assert card["chosen"] == "linear"
    assert "target_count_2d" not in card["features"]
    assert (chosen / "card.md").is_file()

    now, said = tmp_path / "now.csv", tmp_path / "said.csv"
    result = command(
        "forecast", "features", catalogue, "--out", now, "--at", "1480.0", *ROWS[4:],
        "--horizon-days", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    result = command("forecast", "select", "--apply", chosen, "--table", now, "--out", said)
    assert result.exit_code == 0, result.stderr
    assert pd.read_csv(said)["probability"].between(0.0, 1.0).all()
    assert "no forecast" not in result.stderr


def test_what_was_written_is_told(command, catalogue, tmp_path):
    out = tmp_path / "cells.csv"
    result = command("forecast", "features", catalogue, "--out", out, *ROWS, "--step-days", 10)
    assert result.exit_code == 0, result.stderr
    assert "184 rows, 71 features" in result.stdout
    assert f"select --table {out} --target target_any_10d" in result.stdout
    assert len(pd.read_csv(out)) == 184


def test_what_etas_expects_becomes_a_feature(command, catalogue, tmp_path):
    model, out = tmp_path / "etas", tmp_path / "cells.parquet"
    fitted = command(
        "forecast", "fit", catalogue, "--out", model, "--model", "etas-homogeneous",
        "--from", "50.0", "--to", "400.0", *ROWS[4:7],
    )  # fmt: skip
    assert fitted.exit_code == 0, fitted.stderr
    result = command(
        "forecast", "features", catalogue, "--out", out, "--from", "420.0", "--cell-deg", 1,
        "--etas", model, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.document["features"][-5:-3] == ["etas_expected", "etas_background_share"]
    assert (pd.read_parquet(out)["etas_expected"] > 0).all()


def test_later_events_are_not_read(command, tmp_path):
    events = made_events()
    tables = []
    for name, kept in (("all", events), ("cut", events.between(-1.0, 880.0))):
        write_table(tmp_path / f"{name}.csv", kept)
        out = tmp_path / f"{name}.parquet"
        result = command("forecast", "features", tmp_path / f"{name}.csv", "--out", out, *ROWS)
        assert result.exit_code == 0, result.stderr
        tables.append(pd.read_parquet(out))
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--out", "x.txt"), 2, ".csv or .parquet"),
        (("--out", "x.csv", "--from", "1971"), 2, "1971-01-01"),
        (("--out", "x.csv", "--region", "somewhere"), 2, "somewhere"),
        (("--out", "x.csv", "--step-days", "0"), 2, "--step-days"),
        (("--out", "x.csv", "--at", "880.0"), 2, "--mc and --region"),
        (("--out", "x.csv", "--etas", "nowhere"), 1, "no forecast model"),
        (("--out", "x.csv", "--from", "-10.0"), 1, "need a past"),
        (("--out", "x.csv", "--cell-deg", "0.0001", *ROWS[4:7]), 2, "larger cells"),
    ],
)
def test_what_makes_no_table_is_told(
    command, catalogue, arguments, code, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = command("forecast", "features", catalogue, *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert not list(tmp_path.glob("x.*"))


def test_times_alone_make_no_cells(command, tmp_path):
    made = made_events()
    path = tmp_path / "times.parquet"
    write_table(path, Catalogue(made.time_days, made.magnitude))
    result = command("forecast", "features", path, "--out", tmp_path / "x.csv")
    assert result.exit_code == 1
    assert "places" in result.stderr


@pytest.mark.slow
def test_the_commands_and_the_code_of_the_guide_run(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = sequences()
    write_table(tmp_path / "quakes.csv", replace(made, time_days=made.time_days + 10_957.0))
    guide = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    assert len(lines) == 4
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "mainshock"
        result = command(*arguments)
        assert result.exit_code == 0, result.stderr
    assert len(pd.read_csv("forecast.csv")) == 4
    (code,) = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    exec(compile(code, str(GUIDE), "exec"), {})
    assert len(pd.read_csv("half_a_year.csv")) == 16 * 181


def test_the_guide_tells_of_every_column(command, catalogue, tmp_path):
    result = command(
        "forecast", "features", catalogue, "--out", tmp_path / "a.csv", *ROWS, "--json"
    )
    guide = GUIDE.read_text(encoding="utf-8")
    for one in result.document["columns"]:
        general = re.sub(r"_[\d.]+d$", "_Nd", one["name"])
        assert f"`{general}`" in guide or f"`{one['name']}`" in guide, one
