"""``mainshock shake generate`` writes records and says that they are made up."""

import json

import typer
from typer.testing import CliRunner

from mainshock.cli.shake_generate import generate
from mainshock.shaking.records import open_records

APP = typer.Typer()
APP.command()(generate)


def test_records_are_written_and_counted(tmp_path):
    out = tmp_path / "region.h5"
    result = CliRunner().invoke(
        APP, ["--out", str(out), "--events", "3", "--stations", "4", "--seed", "2", "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    records = open_records(out)
    assert told["n_records"] == len(records) >= 9
    assert told["kind"].startswith("SYNTHETIC")
    assert records.is_synthetic
