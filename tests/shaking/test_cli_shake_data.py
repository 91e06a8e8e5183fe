"""``mainshock shake records``, ``flatfile`` and ``split`` from files to files."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli.shake_data import flatfile, records, split
from mainshock.shaking.cgm_gm_files import read_cgm_gm
from mainshock.shaking.record_writers import write_records
from mainshock.shaking.records import open_records

sys.path.insert(0, str(Path(__file__).parent))
from made_records import labelled, several

APP = typer.Typer()
APP.command("records")(records)
APP.command("flatfile")(flatfile)
APP.command("split")(split)


@pytest.fixture
def data(tmp_path) -> Path:
    """A set of records, one of which is bad."""
    path = tmp_path / "given.h5"
    write_records([*several(6), labelled(6, gap_frac=0.4)], path, kind="SYNTHETIC (test)")
    return path


def run(*arguments: object) -> dict:
    """Return the JSON document that a command prints."""
    result = CliRunner().invoke(APP, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_records_are_prepared_and_bad_ones_named(tmp_path, data):
    out = tmp_path / "out.h5"
    said = run("records", data, "--out", out, "--rate", 50, "--about", "origin", "--length", 30)
    assert said["n"] == 6
    assert "gaps are 40%" in said["left_out"][0]["reason"]
    made = open_records(out)
    assert made.is_synthetic  # the label of the input stays
    assert {one.acceleration.shape for one in made} == {(3, 1500)}


def test_unchecked_keeps_all_and_a_csv_is_cgm_gms_table(tmp_path, data):
    out = tmp_path / "Time_Series_EW.csv"
    assert run("records", data, "--out", out, "--unchecked")["n"] == 7
    table = read_cgm_gm(out)
    assert table.velocity_m_s.shape == (7, 7000)
    back = tmp_path / "back.h5"
    assert run("records", out, "--out", back, "--unchecked")["n"] == 7


def test_a_flatfile_and_a_split_of_it(tmp_path, data):
    flat, parts = tmp_path / "flat.parquet", tmp_path / "parts.csv"
    said = run("flatfile", data, "--out", flat)
    assert said["n"] == 7
    assert {"ln_pga", "ln_arias", "usable_low_hz"} <= set(said["columns"])
    assert pd.read_parquet(flat)["is_synthetic"].all()
    said = run("split", flat, "--out", parts, "--by", "event", "--share-events", 0.3)
    assert said["counts"] == {"train": 5, "new_events": 2}
    table = pd.read_csv(parts)
    assert table.groupby("event")["part"].nunique().max() == 1
    said = run("split", data, "--out", parts, "--by", "station", "--share-stations", 0.34)
    assert pd.read_csv(parts).groupby("station")["part"].nunique().max() == 1
    assert set(said["counts"]) == {"train", "new_stations"}
