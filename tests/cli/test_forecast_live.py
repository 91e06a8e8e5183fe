"""``mainshock forecast live``: what it prints, logs and refuses."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mainshock.cli import forecast_live, forecast_simulate
from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.core.rate_forecast import RESEARCH_ONLY
from mainshock.forecast.forecast_log import ForecastLog, verify
from mainshock.forecast.live_following import CatalogueFollower
from mainshock.forecast.model_folder import save_model
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days
from mainshock.sources.seismicity.tables import write_table

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast"))
from live_model import END, PARAMETERS, past, varied_model

NOW = END + 5.0


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "model", varied_model(), past(until=END))
    write(tmp_path / "new.csv", [NOW - 2.0, NOW - 1.0], [5.6, 3.4])
    return tmp_path


def write(path, times, magnitudes):
    n = len(times)
    names = np.array([f"n{i}" for i in range(n)], dtype=object)
    columns = (np.array(times), np.array(magnitudes), np.full(n, -117.0), np.full(n, 34.0))
    write_table(path, Catalogue(*columns, event_id=names))
    os.utime(path, (NOW * 86_400, NOW * 86_400))


def run(folder, *arguments):
    app = typer.Typer()
    app.command("live")(forecast_live.live)
    given = ("--model", folder / "model", "--catalogue", folder / "new.csv", *arguments)
    return CliRunner().invoke(app, [str(one) for one in given])


def test_the_forecast_of_a_past_moment_is_printed_and_logged_as_retrospective(folder):
    done = run(folder, "--now", text_from_days(NOW), "--json", "--region-name", "here")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["region"] == "here"
    assert document["is_retrospective"] is True
    assert document["start"] == document["issued"] == document["cut_off"]
    assert RESEARCH_ONLY in document["cautions"]
    assert all(row["sentence"] for row in document["rows"])
    (table, other) = document["aftershocks"]
    assert {table["event_id"], other["event_id"]} == {"n0", "main"}
    log = ForecastLog(folder / "model" / "forecasts.jsonl")
    assert verify(log.path).n == 3
    assert {one.kind for one in log.entries()} == {"retrospective"}
    assert document["log"]["digest"] == next(log.entries()).digest


def test_events_after_the_moment_change_nothing(folder):
    first = run(folder, "--now", str(NOW), "--json", "--log", folder / "a.jsonl")
    write(folder / "new.csv", [NOW - 2.0, NOW - 1.0, NOW + 0.5], [5.6, 3.4, 7.0])
    second = run(folder, "--now", str(NOW), "--json", "--log", folder / "b.jsonl")
    told, same = (json.loads(one.stdout)["forecast_id"] for one in (first, second))
    assert told == same


def test_the_table_for_readers_holds_words_chances_and_cautions(folder):
    done = run(folder, "--now", text_from_days(NOW), "--log", folder / "log.jsonl")
    assert "the chance of at least one magnitude 3 or larger" in done.stdout
    assert "less than 1 %" in done.stdout
    assert "aftershocks of n0" in done.stdout
    assert f"- {RESEARCH_ONLY}" in done.stdout
    assert "not validated" in done.stdout
    table = done.stdout.split("aftershocks of n0")[1].split("aftershocks of")[0]
    (year,) = [line for line in table.splitlines() if line.startswith(">= 3       365")]
    assert "generic" in year  # no model may tell of so long a window
    assert "line 3" in done.stderr


def test_rows_of_the_generic_law_that_aftershocks_updated_say_so(folder):
    write(folder / "new.csv", [NOW - 2.0, NOW - 1.0, NOW - 0.5], [5.6, 3.4, 4.4])
    done = run(folder, "--now", text_from_days(NOW), "--log", folder / "log.jsonl")
    lines = done.stdout.split("aftershocks of n0")[1].split("aftershocks of")[0].splitlines()
    marked = [line for line in lines if line.endswith("generic law updated, not validated")]
    assert len(marked) == 10
    assert {line.split()[2] for line in marked} == {"30", "365"}


def test_old_data_and_wrong_moments_are_refused(folder):
    done = run(folder, "--json")
    assert isinstance(done.exception, DataError)
    assert "withdrawn" in str(done.exception)
    assert not (folder / "model" / "forecasts.jsonl").exists()
    done = run(folder, "--now", text_from_days(END - 1.0))
    assert "it knows what happened" in str(done.exception)
    done = run(folder, "--now", text_from_days(NOW), "--follow")
    assert isinstance(done.exception, SettingsError)
    done = run(folder, "--now", text_from_days(NOW), "--cut-off", text_from_days(NOW - 1.0))
    assert "withdrawn" in str(done.exception)


def test_a_catalogue_far_from_complete_is_refused_with_the_magnitude_to_take(folder, rng):
    n = 400
    times, sizes = NOW - 4.0 * np.sort(rng.random(n))[::-1], 4.0 + rng.exponential(0.4, n)
    write(folder / "new.csv", times, sizes)
    done = run(folder, "--now", text_from_days(NOW))
    assert isinstance(done.exception, DataError)
    assert "below the completeness of the catalogue" in str(done.exception)
    assert "give mc 4" in str(done.exception)
    assert done.stdout == ""


def test_a_model_whose_sequences_never_end_is_refused_with_what_to_change(folder):
    endless = replace(varied_model(), parameters=replace(PARAMETERS, k0=0.05))
    save_model(folder / "model", endless, past(until=END))
    done = run(folder, "--now", text_from_days(NOW))
    assert isinstance(done.exception, ModelError)
    assert "branching ratio is" in str(done.exception)
    assert "--option m_max" in str(done.exception)


def test_a_window_longer_than_was_validated_is_refused_with_what_to_ask_for(folder):
    app = typer.Typer()
    app.command()(forecast_simulate.simulate)
    given = ("--model", folder / "model", "--catalogue", folder / "new.csv", "--days", "30")
    rest = ("--start", text_from_days(NOW), "--n", "100", "--out", folder / "out.parquet")
    done = CliRunner().invoke(app, [str(one) for one in (*given, *rest)])
    assert isinstance(done.exception, SettingsError)
    assert "30 days is longer than 7 days" in str(done.exception)
    assert "ask for a shorter one" in str(done.exception)


def test_following_tells_with_each_change_and_each_hour_and_why_there_is_none(folder, capsys):
    path = folder / "new.csv"
    now_s = [NOW * 86_400]

    def touch(*events):
        write(path, *events)
        os.utime(path, (now_s[0], now_s[0]))

    changes = {
        3: lambda: touch([NOW - 2.0, NOW - 1.0, NOW], [5.6, 3.4, 5.1]),
        20: path.unlink,
    }
    steps = []

    def sleep(_):
        steps.append(len(steps))
        now_s[0] += 600.0
        changes.get(len(steps), lambda: None)()
        if len(steps) > 60:
            raise KeyboardInterrupt

    follower = CatalogueFollower(folder / "model", path, NOW)
    log = ForecastLog(folder / "log.jsonl", clock=lambda: now_s[0])
    with pytest.raises(KeyboardInterrupt):
        forecast_live._follow(follower, log, as_json=True, clock=lambda: now_s[0], sleep=sleep)
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert len(lines) == 4  # at once, with the change, and after one hour and two
    assert lines[1]["rows"][0]["expected"] > lines[0]["rows"][0]["expected"]
    assert "cannot be read" in told.err
    assert {one.kind for one in log.entries()} == {"prospective"}
