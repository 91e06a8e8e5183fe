"""The forecast on the page: words, chances, map and age; withdrawn where the data are old."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mainshock.forecast.aftershock_table import aftershock_table
from mainshock.forecast.issuing import IssueSettings, issue_forecast
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.serve.run import ServiceThread
from mainshock.sources.seismicity.catalogue import days_of
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.records import ForecastVersion

sys.path.insert(0, str(Path(__file__).parents[2] / "forecast"))
from live_model import info_of, past, small_model

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

SETTINGS = IssueSettings("the test region", "the survey")
REFUSED = ("503", "404")


@pytest.fixture
def live():
    now = days_of(datetime.now(UTC))
    fitted = replace(info_of().settings, start_days=now - 1001.0, end_days=now - 1.0)
    return LiveForecast(small_model(settings=fitted), past(until=now), now, LiveSettings(200))


@pytest.fixture
def told(context, live):
    """A context with a forecast, a table of the first event, and a live state."""
    board = ForecastBoard()
    board.open(SETTINGS, "")
    board.put(live, live.now_days)
    event_id = context.store.events()[0].event_id
    main = LiveEvent(event_id, live.now_days, -117.4, 34.1, 6.0)
    made = (
        issue_forecast(live, SETTINGS),
        aftershock_table(main, 1, live.now_days, SETTINGS, live),
    )
    context.store.save_forecasts(
        [
            ForecastVersion(one.forecast_id, one.event_id, one.issued, one.as_document(), 3, "ab")
            for one in made
        ]
    )
    return replace(context, forecasts=board, is_live=True)


def test_the_forecast_is_told_with_its_age_its_reference_and_its_label(told, visit):
    with ServiceThread(told) as service:
        watched = visit(service, "/#/forecast")
        page = watched.page
        expect(page).to_have_title("Forecast – mainshock")
        view = page.locator(".forecast-view")
        expect(view).to_contain_text("Research result, not an official forecast")
        expect(view).to_contain_text("Not validated")
        expect(view).to_contain_text(" ago)")
        expect(view.locator(".forecast-words")).to_contain_text("in the test region is")
        expect(view.locator(".forecast-words")).to_contain_text("The long-term chance")
        assert view.locator(".chances tbody tr").count() == 10
        expect(view).to_contain_text("Source of official advice: the survey.")
        words = view.locator("section", has=page.locator("#words-title"))
        words.locator("select").select_option("7/1")
        expect(view.locator(".forecast-words")).to_contain_text("is less than 1 %")
        view.get_by_label("What the map shows").select_option("multiple")
        expect(view.locator(".legend-row").first).to_contain_text("times the long-term number")
        watched.assert_clean()


def test_the_chance_of_a_place_is_told_when_it_is_asked_for(told, visit):
    with ServiceThread(told) as service:
        watched = visit(service, "/#/forecast")
        page = watched.page
        page.get_by_label("Longitude (°)").fill("-117.4")
        page.get_by_label("Latitude (°)").fill("34.1")
        page.get_by_role("button", name="Tell").click()
        expect(page.locator(".forecast-words").last).to_contain_text("within 50 km of longitude")
        watched.assert_clean()


def test_old_data_withdraw_the_forecast_from_the_page(told, visit):
    with ServiceThread(replace(told, forecast_max_age=timedelta(0))) as service:
        watched = visit(service, "/#/forecast")
        view = watched.page.locator(".forecast-view")
        expect(view).to_contain_text("Withdrawn: the data are too old")
        expect(view).to_contain_text("Data up to")
        assert view.locator(".chances, .forecast-words").count() == 0
        watched.assert_clean(REFUSED)


def test_without_a_model_the_page_says_so(service, visit):
    watched = visit(service, "/#/forecast")
    view = watched.page.locator(".forecast-view")
    expect(view).to_contain_text("There is no forecast: ")
    expect(view).not_to_contain_text("there is no forecast of the region")
    watched.assert_clean(REFUSED)


def test_after_a_large_event_its_table_stands_on_its_page(told, visit):
    event_id = told.store.events()[0].event_id
    with ServiceThread(told) as service:
        watched = visit(service, f"/#/events/{event_id}")
        panel = watched.page.locator("section", has=watched.page.locator("#aftershocks-title"))
        expect(panel).to_contain_text("1 year")
        expect(panel).to_contain_text("generic")
        expect(panel).to_contain_text("Research result")
        watched.assert_clean()
