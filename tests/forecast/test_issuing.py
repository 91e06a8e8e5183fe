"""Forecasts as they are told: complete, named by their content, and aware of what they miss."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.rate_forecast import RateForecast
from mainshock.forecast.issuing import IssueSettings, issue_forecast, issue_row, time_from_days
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.forecast.long_term import Circle

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, past, small_model

NOW = END + 5.0
SETTINGS = IssueSettings("the test region", "the survey")


@pytest.fixture
def live():
    return LiveForecast(small_model(), past(), NOW, LiveSettings(800))


def test_a_forecast_holds_all_rows_a_grid_and_words(live):
    made = issue_forecast(live, SETTINGS, NOW - 0.01)
    assert [(row.days, row.magnitude) for row in made.rows] == [
        (days, magnitude) for days in (1.0, 7.0) for magnitude in (3.0, 4.0, 5.0, 6.0, 7.0)
    ]
    assert all("in the test region is" in row.sentence for row in made.rows)
    assert (made.issued, made.cut_off) == (time_from_days(NOW), time_from_days(NOW - 0.01))
    assert (made.start - made.issued).total_seconds() == pytest.approx(60.0)
    assert made.grid.expected.sum() == pytest.approx(made.rows[0].expected, rel=1e-6)
    assert made.grid.reference.sum() == pytest.approx(0.5)
    assert made.mc == 3.0
    back = RateForecast.from_document(made.as_document())
    assert back.rows == made.rows


def test_the_same_state_gives_the_same_id_another_one_another(live):
    first = issue_forecast(live, SETTINGS)
    assert issue_forecast(live, SETTINGS).forecast_id == first.forecast_id
    live.update(LiveEvent("x", NOW, -117.0, 34.0, 5.0))
    assert issue_forecast(live, SETTINGS).forecast_id != first.forecast_id


def test_a_data_cut_off_is_never_later_than_the_issue(live):
    assert issue_forecast(live, SETTINGS, NOW + 1.0).cut_off == time_from_days(NOW)


def test_a_region_without_a_name_is_told_by_its_bounds(live):
    made = issue_forecast(live, IssueSettings())
    assert made.region == "the area of longitude -119 to -116 and latitude 33 to 35"


def test_one_row_is_told_of_a_circle(live):
    area = Circle(-117.4, 34.1, 20.0)
    made = issue_row(live, SETTINGS, 4.0, 2.0, area)
    (row,) = made.rows
    assert row.probability == pytest.approx(live.probability(4.0, area, 2.0).probability, rel=1e-5)
    assert made.start == made.issued
    assert "within 20 km of longitude -117.4, latitude 34.1" in row.sentence
    assert len(made.outline) == 72
    assert issue_row(live, SETTINGS, 4.0, 2.0).region == "the test region"


def test_a_stretch_of_which_nothing_is_known_is_told():
    known = LiveForecast(small_model(), past(), NOW, LiveSettings(800))
    assert issue_forecast(known, SETTINGS).warnings == ()
    late = LiveForecast(small_model(), past(), END + 400.0, LiveSettings(800))
    (told,) = issue_forecast(late, SETTINGS).warnings
    assert "no event between 2002-11-" in told
    for day in np.arange(10.0, 400.0, 10.0):
        late.update(LiveEvent(f"d{day}", END + day, -117.0, 34.0, 3.1))
    assert issue_forecast(late, SETTINGS).warnings == ()


def test_made_up_events_and_past_windows_are_labelled(live):
    made = issue_forecast(live, IssueSettings(is_synthetic=True, is_retrospective=True))
    assert made.is_synthetic
    assert all("after its window had opened" in row.sentence for row in made.rows)
