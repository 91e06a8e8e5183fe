"""The map of all events: time, filters, wavefronts, layers, by hand and by keyboard."""

import json
import re
import statistics
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from axe import violations
from many_events import ACTS, fluency_text, open_map, stub_events, watched_while
from pictures import keep_picture

from mainshock.core.records import Magnitude
from mainshock.forecast.issuing import IssueSettings, issue_forecast
from mainshock.forecast.live import LiveForecast, LiveSettings
from mainshock.megathrust.assessment import SegmentAssessment, caveats
from mainshock.pipeline.shaking import map_event
from mainshock.serve.routes import megathrust
from mainshock.serve.run import ServiceThread
from mainshock.shaking import training
from mainshock.sources.seismicity.catalogue import days_of
from mainshock.stream.records import ForecastVersion, ShakingVersion

sys.path.insert(0, str(Path(__file__).parents[2] / "forecast"))
sys.path.insert(0, str(Path(__file__).parents[2] / "shaking"))
from live_model import info_of, past, small_model
from point_source_model import small_model as small_model_of_shaking

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

IDLE_MAP = ".map-canvas[data-idle]"
REFUSED = ("503", "404")


def shown(page):
    return page.locator(".map-count")


def expect_shown(page, count):
    expect(shown(page)).to_have_attribute("data-shown", str(count))


def opened(visit, service, **how):
    watched = visit(service, "/#/map", **how)
    expect(watched.page.locator(IDLE_MAP)).to_be_visible()
    expect_shown(watched.page, 2)
    return watched


def test_filters_say_how_many_of_all_are_shown(service, visit, case):
    watched = opened(visit, service)
    page = watched.page
    expect(shown(page)).to_contain_text("2 of 2 events shown")
    page.get_by_label("Quality").select_option("1")
    expect_shown(page, 1)
    page.get_by_role("button", name="Clear filters").click()
    expect_shown(page, 2)
    page.get_by_label("Magnitude from").fill("1")
    expect_shown(page, 0)  # neither has a magnitude
    expect(page.locator(".map-page")).to_contain_text("No event passes the filters")
    page.get_by_label("Magnitude from").fill("")
    deepest = max(one.origin.depth_km for one in case.events[:2])
    page.get_by_label("Depth to (km)").fill(str(deepest - 0.1))
    expect_shown(page, 1)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Status").select_option("preliminary")
    expect_shown(page, 0)
    watched.assert_clean()


def test_time_is_chosen_and_played_by_keyboard_alone(service, visit):
    watched = opened(visit, service)
    page = watched.page
    first, last = page.get_by_role("slider", name="From"), page.get_by_role("slider", name="To")
    expect(first).to_have_attribute("aria-valuetext", re.compile(r"^2010-05-27 16:24:32 UTC$"))
    first.focus()
    page.keyboard.press("End")
    expect_shown(page, 0)
    page.keyboard.press("Home")
    expect_shown(page, 2)
    page.keyboard.press("PageUp")
    expect_shown(page, 1)  # the first event is out
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    expect(last).to_be_focused()
    page.keyboard.press("Home")
    expect_shown(page, 1)
    page.get_by_label("Speed").select_option("8")
    page.locator("#content").focus()
    page.keyboard.press("y")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect_shown(page, 2)
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # at the end it stops
    expect(last).to_have_value("1000")
    watched.assert_clean()


def test_an_event_is_selected_from_the_list_and_leads_to_its_page(service, visit, case):
    watched = opened(visit, service)
    page = watched.page
    expect(page.locator(".newest li")).to_have_count(2)
    page.locator(".newest button").last.focus()
    page.keyboard.press("Enter")
    oldest = min(case.events[:2], key=lambda one: one.origin.time)
    expect(page.locator(f"[data-selected='{oldest.event_id}']")).to_be_visible()
    expect(page.get_by_role("group", name="Where the selected event may lie")).to_contain_text(
        "50, 68 and 95 %"
    )
    page.locator("[data-selected] a").click()
    expect(page).to_have_url(re.compile(f"#/events/{oldest.event_id}$"))
    watched.assert_clean()


def test_wavefronts_tell_when_s_comes_to_a_place_that_is_kept(
    context, service, visit, case, put_records
):
    watched = opened(visit, service)
    page = watched.page
    panel = page.locator("section", has=page.locator("#waves-title"))
    expect(panel).to_contain_text("travel times: constant:4.35,2.38")
    expect(panel).to_contain_text("Set a place to be told when S comes there")
    expect(panel).to_contain_text("not a warning")
    panel.get_by_label("Latitude").fill("48")
    panel.get_by_label("Longitude").fill("200")
    panel.get_by_role("button", name="Set place").click()
    expect(panel.get_by_role("alert")).to_contain_text("from -180 to 180")
    panel.get_by_label("Longitude").fill("23")
    panel.get_by_role("button", name="Set place").click()
    count = panel.locator(".countdown")
    expect(count).to_have_text(re.compile(r"S in \d+ ± \d+ s\. 8\d\d km from the epicentre"))
    left = seconds(count)
    put_records(context.board, case, shift_s=40.0)
    page.wait_for_function(
        "left => Number(/S in (\\d+)/.exec(document.querySelector('.countdown').textContent)[1])"
        " <= left - 38",
        arg=left,
    )
    expect(panel.locator("[data-waves][aria-live=polite]")).to_contain_text("S in ")
    for _ in range(6):
        page.get_by_role("button", name="Zoom out").click()
        page.wait_for_timeout(400)  # it takes a while to zoom
    keep_picture(page, "wavefronts")
    page.reload()
    expect(panel).to_contain_text("48.00° N 23.00° E")
    page.get_by_role("button", name="Forget place").click()
    expect(panel).to_contain_text("No place is set")
    watched.assert_clean()


def seconds(count):
    return int(re.search(r"S in (\d+)", count.text_content())[1])


def test_a_place_is_set_by_a_click_on_the_map(service, visit):
    watched = opened(visit, service)
    page = watched.page
    page.get_by_role("button", name="Click on the map").click()
    page.locator(".maplibregl-canvas").click(position={"x": 60, "y": 60})
    expect(page.locator(".place-mark")).to_have_text("your place")
    expect(page.get_by_role("button", name="Click on the map")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert len(json.loads(page.evaluate("localStorage.getItem('mainshock-place')"))) == 2
    watched.assert_clean()


def test_who_wants_little_motion_sees_steps_of_a_second(service, visit):
    watched = visit(service, "/#/stations")
    page = watched.page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{service.url}/#/map")
    expect_shown(page, 2)
    page.get_by_label("Speed").select_option("20")
    page.get_by_role("button", name="Play").click()
    page.evaluate(
        """() => { window.steps = []; const last = document.querySelectorAll('[type=range]')[1];
        let before = last.value; const look = () => { if (last.value !== before) {
          before = last.value; window.steps.push(performance.now()); }
          requestAnimationFrame(look); }; look(); }"""
    )
    page.wait_for_function("() => window.steps.length >= 5")
    gaps = np.diff(page.evaluate("window.steps"))
    assert statistics.mean(gaps) > 500.0  # without it they are 100 ms apart
    watched.assert_clean()


def test_layers_without_data_say_why(service, visit):
    watched = opened(visit, service)
    page = watched.page
    layer = lambda name: page.get_by_role("group", name=name)  # noqa: E731 - short
    for name, reason in (
        ("Shaking of the selected event", "No event is selected"),
        ("Forecast", "There is no forecast"),
        ("Efficiency along a fault", "No traces have been estimated"),
    ):
        layer(name).get_by_role("checkbox").check()
        expect(layer(name)).to_contain_text(reason)
    page.locator(".newest button").first.click()
    expect(layer("Shaking of the selected event")).to_contain_text("the event has no magnitude")
    stations = layer("Stations")
    expect(stations).to_contain_text("data < 30 s old")
    expect(page.locator(".station-label")).to_have_count(4)
    stations.get_by_role("checkbox").uncheck()
    expect(page.locator(".station-label")).to_have_count(0)
    watched.assert_clean(REFUSED)


@pytest.fixture
def assessed(context, case, monkeypatch):
    """A service to which made-up segments near the real events are those that ship."""
    origin = case.events[0].origin
    made_up = tuple(
        SegmentAssessment("mad", n, 0.1 + 0.4 * n, n // 2, (0, 1) if n else (0,), 0.3 + 0.3 * n,
                          float(longitude), origin.latitude + 0.05, 90.0, 1.0 if n else 8.3)
        for n, longitude in enumerate(origin.longitude + np.linspace(-0.5, 0.5, 3))
    )  # fmt: skip
    monkeypatch.setattr(megathrust, "packaged_assessments", lambda: made_up)
    monkeypatch.setattr(megathrust, "packaged_caveats", caveats)
    with ServiceThread(context) as running:
        yield running


def test_segments_stand_on_the_map_and_in_a_table_with_their_caveats(assessed, visit):
    watched = opened(visit, assessed)
    page = watched.page
    layer = page.get_by_role("group", name="Megathrust segments")
    layer.get_by_role("checkbox").check()
    expect(layer).to_contain_text("not a forecast")
    expect(layer).to_contain_text("hollow: more than one class is not ruled out")
    layer.get_by_text("3 segments as a table").click()
    expect(layer.locator("tbody tr")).to_have_count(3)
    expect(layer.locator("tbody tr").last).to_contain_text("below M 8.0 or M 8.0 or more")
    watched.assert_clean()


@pytest.fixture
def rich(context, case, monkeypatch):
    """A service with a forecast that is current, and a map of shaking of one event."""
    monkeypatch.setattr(training, "open_model", lambda _: small_model_of_shaking())
    event = replace(case.events[0], magnitude=Magnitude(3.2, "ML", 0.2, 4))
    document = map_event(small_model_of_shaking(), event).as_document()
    context.store.save_shaking([ShakingVersion(event.event_id, 1, event.origin.time, document)])
    now = days_of(datetime.now(UTC))
    fitted = replace(info_of().settings, start_days=now - 1001.0, end_days=now - 1.0)
    live = LiveForecast(small_model(settings=fitted), past(until=now), now, LiveSettings(200))
    made = issue_forecast(live, IssueSettings("the test region", "the survey"))
    context.store.save_forecasts(
        [ForecastVersion(made.forecast_id, "", made.issued, made.as_document(), 3, "ab")]
    )
    with ServiceThread(context) as running:
        yield running


def test_the_forecast_lies_on_the_map_with_number_range_label_and_age(rich, visit):
    watched = opened(visit, rich)
    layer = watched.page.get_by_role("group", name="Forecast")
    layer.get_by_role("checkbox").check()
    expect(layer).to_contain_text("Not validated")
    expect(layer).to_contain_text(" ago)")
    expect(layer).to_contain_text(re.compile(r"number \(95 %\): \d+ – \d+"))
    expect(layer.locator(".key")).to_have_text(re.compile(r"^[\d.]+ +[\d.]+$"))
    layer.get_by_label("What the map shows").select_option("number")
    watched.assert_clean()


def test_shaking_lies_on_the_map_as_median_spread_and_probability(rich, visit, case):
    watched = opened(visit, rich)
    page = watched.page
    layer = page.get_by_role("group", name="Shaking of the selected event")
    layer.get_by_role("checkbox").check()
    time = f"{case.events[0].origin.time:%Y-%m-%d %H:%M}"
    page.locator(".newest button", has_text=time).first.click()
    expect(layer.locator(".key")).to_contain_text("m/s²")
    expect(layer).to_contain_text("model: point-source")
    keep_picture(page, "map-shaking")
    layer.get_by_label("What is shown").select_option("exceedance")
    expect(layer.locator(".key")).to_have_text(re.compile("^0 +1$"))
    layer.get_by_label("Limit (m/s²)").fill("0.001")
    layer.get_by_label("What is shown").select_option("spread")
    expect(layer.locator(".key")).not_to_have_text(re.compile("^0 +1$"))
    watched.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_map_fits_each_screen_in_both_themes(service, visit, scheme, width):
    watched = opened(visit, service, scheme=scheme, width=width)
    page = watched.page
    page.locator(".newest button").first.click()
    expect(page.locator("[data-selected]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    watched.assert_clean()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1440)])
def test_the_map_with_its_layers_breaks_no_rule_of_accessibility(rich, visit, scheme, width):
    watched = opened(visit, rich, scheme=scheme, width=width)
    page = watched.page
    for name in ("Shaking of the selected event", "Forecast", "Megathrust segments"):
        page.get_by_role("group", name=name).get_by_role("checkbox").check()
    page.locator(".newest button").last.click()
    expect(page.locator(".map-layer .ramp")).to_have_count(3)
    page.get_by_text("segments as a table").click()
    assert violations(page) == []
    watched.assert_clean()


@pytest.mark.parametrize("language", ["es", "de"])
def test_the_map_speaks_each_language(service, visit, language):
    watched = visit(service, f"/?lang={language}#/map", width=390)
    page = watched.page
    expect_shown(page, 2)
    title = {"es": "Mapa de todos los sismos", "de": "Karte aller Erdbeben"}[language]
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    watched.assert_clean()


def test_fifty_thousand_events_stay_fluent(service, visit, record_property):
    watched = visit(service, "/#/stations")
    page = watched.page
    stub_events(page)
    refused = []
    page.on("response", lambda one: one.status >= 400 and refused.append(f"{one.status} {one.url}"))
    open_map(page, service.url)
    for name, act in ACTS.items():
        told = watched_while(page, act)
        line = fluency_text(name, told)
        record_property(name, line)
        print(line)  # noqa: T201 - a figure to read, which a busy machine must not fail by
        assert max(told["scripts"], default=0.0) < 5000.0
    keep_picture(page, "map-shown")
    assert all(re.search(r"/events/s\d+$", one) for one in refused)
    watched.assert_clean(REFUSED)  # a made-up event that is selected is unknown to the service
