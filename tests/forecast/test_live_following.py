"""A live forecast in step with a catalogue file."""

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.forecast import live_following
from mainshock.forecast.issuing import IssueSettings
from mainshock.forecast.live_following import CatalogueFollower, open_live_forecast
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import write_table

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, past, small_model

NOW = END + 5.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model's events; the model itself is a stand-in."""
    write_table(tmp_path / "events.parquet", past(until=END))
    monkeypatch.setattr(live_following, "open_model", lambda _: small_model())
    return tmp_path


def write(folder, times, magnitudes, names=None):
    n = len(times)
    names = [f"n{i}" for i in range(n)] if names is None else names
    write_table(
        folder / "new.csv",
        Catalogue(
            np.array(times),
            np.array(magnitudes),
            np.full(n, -117.0),
            np.full(n, 34.0),
            event_id=np.array(names, dtype=object),
        ),
    )
    return folder / "new.csv"


def test_the_models_own_events_come_before_those_of_the_file(folder):
    path = write(folder, [END + 1.0, NOW + 1.0], [4.0, 6.0])
    live = open_live_forecast(folder, path, NOW)
    assert len(live.history) == 152  # the second one is not known yet
    assert len(open_live_forecast(folder, None, NOW).history) == 151


def test_new_revised_and_removed_rows_are_taken_in(folder):
    path = write(folder, [END + 1.0, END + 2.0], [4.0, 4.5])
    follower = CatalogueFollower(folder, path, NOW)
    assert follower.refresh(NOW) == 0
    before = follower.live.expected_number(3.0)
    write(folder, [END + 1.0, END + 2.0, NOW], [4.0, 5.5, 5.0])
    assert follower.refresh(NOW) == 2
    assert follower.live.expected_number(3.0) > before
    write(folder, [END + 1.0], [4.0])
    assert follower.refresh(NOW) == 2
    plain = open_live_forecast(folder, write(folder, [END + 1.0], [4.0]), NOW)
    assert follower.live.expected() == pytest.approx(plain.expected(), rel=2e-5)


def test_rows_without_names_are_told_apart_by_time_and_place(folder):
    path = write(folder, [END + 1.0, END + 2.0], [4.0, 4.5], ["", ""])
    follower = CatalogueFollower(folder, path, NOW)
    write(folder, [END + 1.0, END + 2.0], [4.0, 4.7], ["", ""])
    assert follower.refresh(NOW) == 1
    assert len(follower.live.history) + len(follower.live.event_times()) == 154


def test_a_forecast_and_tables_after_large_events_are_made(folder):
    path = write(folder, [NOW - 2.0, NOW - 1.0, NOW - 0.5], [5.0, 6.1, 3.5])
    follower = CatalogueFollower(folder, path, NOW, IssueSettings("here", "us"))
    region, *tables = follower.issue(NOW, NOW)
    assert region.event_id == ""
    assert [one.event_id for one in tables] == ["n1", "main", "n0"]
    assert tables[0].region.endswith("earthquake at 34.00 N, 117.00 W")


def test_old_data_withdraw_the_forecast(folder):
    path = write(folder, [NOW - 2.0], [4.0])
    follower = CatalogueFollower(folder, path, NOW, max_age=timedelta(hours=1))
    with pytest.raises(DataError, match="withdrawn"):
        follower.issue(NOW, NOW - 0.1)
    os.utime(path, (NOW * 86_400, NOW * 86_400))
    assert follower.changed_days() == pytest.approx(NOW)
    assert replace(follower, catalogue=None).changed_days() == END
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        follower.changed_days()


def test_a_new_file_with_old_events_is_known_up_to_its_newest_event(folder):
    path = write(folder, [NOW - 2.0], [4.0])
    os.utime(path, (NOW * 86_400, NOW * 86_400))
    follower = CatalogueFollower(folder, path, NOW)
    assert follower.known_days(NOW + 1.0) == pytest.approx(NOW)
    late = NOW + 300.0
    os.utime(path, (late * 86_400, late * 86_400))
    assert CatalogueFollower(folder, path, late).known_days(late) == pytest.approx(NOW - 2.0)


def test_a_catalogue_far_from_complete_is_refused(folder, rng):
    n = 400
    path = write(
        folder, list(END + np.sort(rng.random(n)) * 4), list(4.0 + rng.exponential(0.4, n))
    )
    with pytest.raises(DataError, match="completeness of the catalogue"):
        open_live_forecast(folder, path, NOW)
