"""Feature tables as files, and what is asked for in words."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plain_features import BOX, made_events

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.files import write_cell_table
from mainshock.forecast.features.request import TableRequest, issue_times, prepare_table_of
from mainshock.forecast.features.table import FeatureSettings, feature_blocks
from mainshock.forecast.model_folder import save_model
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.selection.user_table import horizon_in_name, target_days_of
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.versions import with_delay

SETTINGS = FeatureSettings(CellGrid(BOX, 1.0), 3.0, step_days=2.0)
ISSUES = 20.0 + 2.0 * np.arange(40)
WORDS = TableRequest(start="600.0", end="700.0", region="-118,33,-116,35", mc=3.0, cell_deg=1.0)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_holds_what_was_computed(tmp_path, suffix):
    path, told = tmp_path / "new" / f"cells{suffix}", []
    written = write_cell_table(path, made_events(), ISSUES, SETTINGS, tell=told.append)
    frame = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path)
    assert list(frame) == ["time", "cell", *written.features, *written.targets]
    assert len(frame) == written.n_rows == 160
    assert told == ["40 of 40 issue times"]
    (block,) = feature_blocks(made_events(), ISSUES, SETTINGS)
    np.testing.assert_allclose(
        frame[list(block.names)].to_numpy(dtype=float), block.rows(), rtol=1e-5, atol=1e-30
    )
    assert frame.isna().sum().sum() == np.isnan(block.rows()).sum() > 100
    days = pd.to_datetime(frame["time"], utc=True).to_numpy(dtype="datetime64[us]").astype(int)
    assert np.array_equal(days / 86_400_000_000, np.repeat(ISSUES, 4))
    assert frame["target_count_2d"].sum() == written.n_target_events > 3
    assert (frame["target_any_2d"] == (frame["target_count_2d"] > 0)).all()
    assert frame["target_any_2d"].sum() == written.n_positive


def test_parquet_says_how_far_targets_look_and_what_columns_mean(tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "cells.parquet"
    write_cell_table(path, made_events(), ISSUES, SETTINGS, notes={"mc": "3"})
    assert target_days_of(path) == 2.0
    assert horizon_in_name("target_any_2d") == 2.0  # in CSV the name says it
    schema = pq.read_schema(path)
    assert schema.metadata[b"mc"] == b"3"
    assert b"near_count_7d" in schema.metadata[b"features"]
    assert schema.field("benioff_30d").metadata[b"unit"] == b"J^0.5"


def test_a_file_is_whole_or_not_there(tmp_path):
    with pytest.raises(SettingsError, match=r"\.parquet"):
        write_cell_table(tmp_path / "a.txt", made_events(), ISSUES, SETTINGS)
    with pytest.raises(DataError, match="longer span"):
        write_cell_table(tmp_path / "a.csv", made_events(), ISSUES[:0], SETTINGS)
    many = np.broadcast_to(0.0, 13_000_000)
    with pytest.raises(SettingsError, match="50000000"):
        write_cell_table(tmp_path / "a.csv", made_events(), many, SETTINGS)
    times = Catalogue(np.arange(3.0), np.full(3, 4.0))
    with pytest.raises(DataError, match="longitude"):
        write_cell_table(tmp_path / "a.csv", times, ISSUES, SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_issue_times_leave_room_for_the_window():
    assert issue_times(0.0, 10.0, 3.0, 2.0).tolist() == [0.0, 3.0, 6.0]
    assert issue_times(0.0, 10.0, 1.0, 10.0).tolist() == [0.0]
    assert len(issue_times(0.0, 10.0, 1.0, 10.5)) == 0
    assert len(issue_times(0.1, 0.1 + 0.3, 0.1, 0.1)) == 3  # rounding takes no window away


def test_words_become_a_table():
    words = replace(WORDS, step_days=5.0, target_days=10.0, target_mc=3.5)
    found = prepare_table_of(made_events(), words)
    assert found.issue_days.tolist() == np.arange(600.0, 690.1, 5.0).tolist()
    assert found.settings.step_days == 10.0
    assert found.settings.target_mc == 3.5
    assert found.settings.cells.region == BOX
    assert found.catalogue.time_days.max() < 700.0
    assert found.with_targets
    assert found.warnings == ()


def test_by_default_a_year_is_learnt_first_and_the_past_gives_region_and_completeness():
    events = made_events()
    found = prepare_table_of(events, TableRequest())
    first = found.issue_days[0]
    assert first == np.ceil(events.time_days[0] + 365.0)
    assert found.issue_days[-1] + 1.0 <= events.time_days[-1]
    past = events.between(-np.inf, first)
    assert found.settings.mc <= past.magnitude.min() + 0.1
    west, _, _, north = found.settings.cells.region.bounds
    assert west <= past.longitude.min() <= west + 0.1
    assert north - 0.1 <= past.latitude.max() <= north
    assert "box around the events before the first row" in found.warnings[0]
    # later events shape nothing: neither the grid nor completeness
    far = Catalogue(np.array([800.0]), np.array([1.0]), np.array([-130.0]), np.array([50.0]))
    again = prepare_table_of(Catalogue.joined([events, far]), TableRequest())
    assert again.settings.cells.region == found.settings.cells.region
    assert again.settings.mc == found.settings.mc


def test_a_table_of_the_present_has_no_targets(tmp_path):
    words = replace(WORDS, start=None, end=None, at="880.0", target_days=7.0)
    found = prepare_table_of(made_events(), words)
    assert found.issue_days.tolist() == [880.0]
    assert not found.with_targets
    written = write_cell_table(
        tmp_path / "now.csv", found.catalogue, found.issue_days, found.settings, with_targets=False
    )
    assert written.targets == ()
    assert not [one for one in pd.read_csv(tmp_path / "now.csv") if one.startswith("target")]


def test_events_known_late_are_told_of():
    late = with_delay(made_events(), 300.0)
    assert "--delay-days" in prepare_table_of(late, WORDS).warnings[0]
    assert prepare_table_of(late, replace(WORDS, delay_days=0.0)).warnings == ()
    with pytest.raises(DataError, match="--delay-days"):
        prepare_table_of(with_delay(made_events(), 3000.0), WORDS)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"start": "700.0", "end": "600.0"}, SettingsError, "further apart"),
        ({"start": "-5.0"}, DataError, "features need a past"),
        ({"start": "1971"}, SettingsError, "1971-01-01"),
        ({"step_days": 0.0}, SettingsError, "--step-days"),
        ({"target_days": -1.0}, SettingsError, "--horizon-days"),
        ({"target_days": 1e6}, SettingsError, "further apart"),
        ({"cell_deg": -1.0}, SettingsError, "positive side"),
        ({"target_mc": 2.0}, SettingsError, "complete"),
        ({"delay_days": -1.0}, DataError, "delay"),
        ({"at": "650.0"}, SettingsError, "leave out --from"),
        ({"at": "650.0", "start": None, "end": None, "mc": None}, SettingsError, "--mc"),
    ],
)
def test_words_that_make_no_table_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        prepare_table_of(made_events(), replace(WORDS, **changes))


def test_a_table_below_completeness_is_refused_unless_wanted():
    events = made_events()
    sparse = replace(events, magnitude=events.magnitude + 0.8)
    with pytest.raises(DataError, match="--allow-incomplete"):
        prepare_table_of(sparse, WORDS)
    found = prepare_table_of(sparse, replace(WORDS, allow_incomplete=True))
    assert "below completeness" in found.warnings[0]


def test_times_alone_and_no_events_are_refused():
    with pytest.raises(DataError, match="places"):
        prepare_table_of(Catalogue(np.arange(900.0), np.full(900, 4.0)), WORDS)
    with pytest.raises(DataError, match="no events"):
        prepare_table_of(Catalogue(np.zeros(0), np.zeros(0)), WORDS)


def test_an_etas_model_must_not_know_the_time_of_the_table(tmp_path):
    events = made_events()
    for end in (580.0, 650.0):
        settings = FitSettings(50.0, end, 3.0, BOX)
        model = RATE_MODELS.load("etas-homogeneous").fit(events.between(-np.inf, end), settings)
        save_model(tmp_path / f"{end:g}", model, events.between(-np.inf, end))
    found = prepare_table_of(events, replace(WORDS, etas=tmp_path / "580", region=None, mc=None))
    assert found.settings.cells.region == BOX
    assert found.settings.mc == 3.0
    assert found.settings.etas is not None
    with pytest.raises(DataError, match="would know what follows"):
        prepare_table_of(events, replace(WORDS, etas=tmp_path / "650"))
    with pytest.raises(SettingsError, match="not that of the ETAS model"):
        prepare_table_of(events, replace(WORDS, etas=tmp_path / "580", region="-118,33,-117,35"))
    with pytest.raises(SettingsError, match="needs events from magnitude 3"):
        prepare_table_of(events, replace(WORDS, etas=tmp_path / "580", mc=3.3))


def test_only_an_etas_model_can_give_features(tmp_path):
    events = made_events().between(-np.inf, 500.0)
    model = RATE_MODELS.load("poisson").fit(events, FitSettings(50.0, 500.0, 3.0, BOX))
    save_model(tmp_path, model, events)
    with pytest.raises(SettingsError, match="holds a model poisson"):
        prepare_table_of(made_events(), replace(WORDS, etas=tmp_path))
