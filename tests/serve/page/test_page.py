"""The page as a reader meets it: a real browser, a real service, real records."""

import io
import re
import struct
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from pictures import keep_picture
from PIL import Image

from mainshock.core.times import format_utc
from mainshock.serve.context import ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.stream.board import LiveBoard

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

IDLE_MAP = ".map-canvas[data-idle]"
EVENTS = "table.cards tr[data-event]"
TOKEN = "a-token-for-the-tests-alone-0123456789"


def pixels(locator):
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(picture).reshape(-1, 3).astype(int)


def has_colour(found, colour, tolerance=24):
    wanted = np.array(struct.unpack("BBB", bytes.fromhex(colour)))
    return bool((np.abs(found - wanted).max(axis=1) <= tolerance).any())


def is_connected(page, state="open"):
    expect(page.locator(f".status[data-connection={state}]")).to_be_visible()


def test_live_view_shows_records_curves_picks_map_and_events(service, visit, case):
    watched = visit(service)
    page = watched.page
    is_connected(page)
    expect(page.locator(".status")).to_contain_text("2010-05-27 16:27:54 UTC")
    expect(page.locator(".status")).to_contain_text("Replay of past records")
    rows = page.locator(".trace-row")
    expect(rows).to_have_count(4)  # the vertical of each station
    expect(rows.nth(2)).to_contain_text("BW.UH3")
    expect(rows.nth(2)).to_contain_text("± 80")  # counts: the amplitude of the drawn window
    drawn = pixels(rows.nth(2).locator("canvas"))
    assert has_colour(drawn, "0072b2")  # P
    assert has_colour(drawn, "c04e00")  # S
    assert has_colour(drawn, "7b8994")  # the record
    expect(page.locator(".picks tr[data-pick]")).to_have_count(8)
    expect(page.locator(".latest li")).to_have_count(2)
    expect(page.locator(".latest li").first).to_contain_text("magnitude none")
    expect(page.locator(".latest li").first).to_contain_text(re.compile(r"depth \S+ ± \S+ km"))
    expect(page.locator(IDLE_MAP)).to_be_visible()
    expect(page.locator(".station-label")).to_have_text(["UH1", "UH2", "UH3", "UH4"])
    watched.assert_clean()


def test_map_draws_land_stations_events_and_the_selected_region(service, visit, case):
    watched = visit(service, "/#/events")
    page = watched.page
    expect(page.locator(EVENTS)).to_have_count(2)
    canvas = page.locator(".map-canvas")
    expect(page.locator(IDLE_MAP)).to_be_visible()
    page.wait_for_function("document.querySelector('.map-canvas canvas').width > 100")
    _until(page, lambda: has_colour(pixels(canvas), "009e73"))  # stations with current data
    before = pixels(canvas)
    assert has_colour(before, "f7f5f0")  # land
    assert not has_colour(before, "b8336a", 8)  # no region yet
    page.locator(f"tr[data-event='{case.events[0].event_id}']").hover()
    _until(page, lambda: has_colour(pixels(canvas), "b8336a", 8))
    watched.assert_clean()


def _until(page, is_true, attempts=60):
    for _ in range(attempts):
        if is_true():
            return
        page.wait_for_timeout(250)
    pytest.fail("the map did not come to show it")


def test_events_state_their_uncertainty_and_filter_by_quality(service, visit, case):
    watched = visit(service, "/#/events")
    page = watched.page
    rows = page.locator(EVENTS)
    expect(rows).to_have_count(2)
    first = page.locator(f"tr[data-event='{case.events[0].event_id}']")
    expect(first).to_contain_text("16:24:31.90 ± 0.18 s")
    expect(first).to_contain_text("4.6 ± 0.7 km")
    expect(first).to_contain_text("48.052° N ± 0.6 km")
    expect(first).to_contain_text("none")
    expect(first).to_contain_text("settled")
    page.get_by_label("Quality").select_option("B")
    expect(rows).to_have_count(1)
    page.get_by_label("Quality").select_option("A")
    expect(page.get_by_text("No event is of this quality.")).to_be_visible()
    watched.assert_clean()


def test_event_detail_tells_everything_about_a_weak_event(service, visit, case):
    weak = case.events[1]
    watched = visit(service, "/#/events")
    page = watched.page
    page.locator(f"tr[data-event='{weak.event_id}'] a").click()
    expect(page.locator("h2")).to_contain_text(weak.event_id)
    expect(page.locator(".cautions")).to_contain_text("Only one station recorded it")
    expect(page.locator(".facts")).to_contain_text("no instrument response is known")
    expect(page.locator(".facts")).to_contain_text("detected, hardly located")
    expect(page.locator("[data-table=arrivals] tbody tr")).to_have_count(2)
    expect(page.locator(".histogram rect")).to_have_count(24)
    expect(page.get_by_text(re.compile("95 % lies between"))).to_be_visible()
    page.get_by_role("link", name="All events").click()
    page.locator(f"tr[data-event='{case.events[0].event_id}'] a").click()
    versions = page.locator("[data-table=versions] tbody tr")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text("two more stations")
    expect(versions.last).to_contain_text("preliminary")
    expect(versions.last).to_contain_text(re.compile(r"48\.\d{3}° N\s+11\.\d{3}° E"))
    keep_picture(page, "event")
    watched.assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["QuakeML", "JSON", "Posterior (GeoJSON, JSON)", "Picks (JSON)"])
def test_links_of_an_event_lead_to_it(service, visit, case, name):
    watched = visit(service, f"/#/events/{case.events[0].event_id}")
    link = watched.page.get_by_role("link", name=name, exact=True)
    answer = watched.page.request.get(link.get_attribute("href"))
    assert answer.status == 200
    assert ("UH3" if name.startswith("Picks") else case.events[0].event_id) in answer.text()


@pytest.mark.slow
def test_unknown_event_says_so(service, visit):
    watched = visit(service, "/#/events/nothing-like-this")
    expect(watched.page.locator(".detail .problem")).to_contain_text("nothing-like-this")
    watched.assert_clean(allowed=["404"])


def test_stations_show_how_their_data_arrive(service, visit):
    watched = visit(service, "/#/stations")
    row = watched.page.locator("tr[data-instrument='BW.UH4..EH']")
    expect(row).to_contain_text("100 Hz")
    expect(row).to_contain_text("1.8 s")
    expect(row).to_contain_text("3, 14 s in all")
    expect(row).to_contain_text("412 good, 9 late")
    expect(row).to_contain_text("current")
    several = watched.page.locator("tr[data-instrument='BW.UH3..SH']")
    expect(several).to_contain_text("(sum of its channels)")
    watched.assert_clean()


def test_a_service_in_trouble_says_so_until_it_is_over(make_context, visit):
    reasons = ["replay:/data: the source is lost; trying again"]
    context = replace(make_context(), is_ready=lambda: reasons[0])
    with ServiceThread(context) as service:
        watched = visit(service, "/#/events")
        note = watched.page.locator(".service-note")
        expect(note).to_have_text("Not all works: replay:/data: the source is lost; trying again")
        expect(watched.page.locator(".status .state")).to_have_class("state state-degraded")
        reasons[0] = ""
        expect(note).to_be_hidden()
        expect(watched.page.locator(".status .state")).to_have_class("state state-open")
        expect(watched.page.locator(".status .state")).to_have_text("Page connected")
        watched.assert_clean()


def test_stored_records_are_not_called_live(make_context, visit):
    context = replace(make_context(source="/var/lib/monitor/north"), board=None)
    with ServiceThread(context) as service:
        watched = visit(service)
        page = watched.page
        expect(page.locator(".status")).to_contain_text("Stored records to 2010-05-27 16:27:54 UTC")
        expect(page.locator(".source")).to_have_text("Source north")
        expect(page.locator(".trace-axis")).to_have_count(0)
        page.get_by_role("link", name="See its events").click()
        expect(page.locator(EVENTS)).to_have_count(2)
        page.get_by_role("link", name="Stations").click()
        expect(page.locator("tr[data-instrument] .state-stored")).to_have_count(4)
        watched.assert_clean()


def test_in_an_outage_of_all_stations_live_data_grow_old(make_context, visit):
    context = replace(make_context(source="seedlink://example"), is_live=True)
    with ServiceThread(context) as service:
        watched = visit(service, "/#/stations")
        rows = watched.page.locator("tr[data-instrument]")
        expect(rows).to_have_count(4)
        expect(rows.locator(".state-silent")).to_have_count(4)  # the records are of 2010
        watched.assert_clean()


def test_new_versions_appear_without_reloading(service, context, visit, case, version_of):
    watched = visit(service, "/#/events")
    page = watched.page
    expect(page.locator(EVENTS)).to_have_count(2)
    third = case.events[2]
    context.store.save_events([version_of(third, 1, "preliminary")])
    row = page.locator(f"tr[data-event='{third.event_id}']")
    expect(row).to_contain_text("preliminary")
    context.store.save_events([version_of(third, 2, kind="update", reason="one more pick")])
    expect(row).to_contain_text("settled")
    row.locator("a").click()
    versions = page.locator("[data-table=versions] tbody tr")
    expect(versions).to_have_count(2)
    context.store.save_events([version_of(third, 3, kind="cancel", reason="it was a blast")])
    expect(versions).to_have_count(3)
    expect(versions.first).to_contain_text("it was a blast")
    expect(page.locator("h2")).to_contain_text("withdrawn")
    watched.assert_clean()


@pytest.mark.slow
def test_traces_move_with_the_stream_and_rest_while_paused(
    service, context, visit, case, put_records
):
    watched = visit(service)
    page = watched.page
    name = page.locator(".trace-row").first
    expect(name).to_contain_text("counts")
    page.get_by_role("button", name="Pause").click()
    still = name.locator("canvas").screenshot()
    put_records(context.board, case, shift_s=45.0)
    shown = format_utc(max(one.end for one in case.waveforms) + timedelta(seconds=45))
    expect(page.locator(".status")).to_contain_text(shown[11:16])
    assert name.locator("canvas").screenshot() == still
    page.get_by_role("button", name="Resume").click()
    _until(page, lambda: name.locator("canvas").screenshot() != still)
    page.get_by_label("Window").select_option("2")
    page.get_by_label("Show").select_option("all")
    expect(page.locator(".trace-row")).to_have_count(6)
    page.get_by_label("Find").fill("uh4")
    expect(page.locator(".trace-row")).to_have_count(1)
    expect(page.locator(".trace-row")).to_contain_text("EHZ")
    watched.assert_clean()


@pytest.mark.slow
def test_page_comes_back_after_the_service_restarts(context, visit, case, version_of):
    first = ServiceThread(context).start()
    port = first.port
    watched = visit(first, "/#/events")
    page = watched.page
    try:
        expect(page.locator(EVENTS)).to_have_count(2)
        is_connected(page)
        page.wait_for_load_state("networkidle")
    finally:
        first.stop()
    is_connected(page, "waiting")
    context.store.save_events([version_of(case.events[2], 1)])  # missed by the page
    context.store.save_events([version_of(case.events[1], 2, kind="cancel", reason="noise")])
    again = replace(context, settings=replace(context.settings, port=port))
    with ServiceThread(again):
        is_connected(page)
        expect(page.locator(f"tr[data-event='{case.events[2].event_id}']")).to_be_visible()
        expect(page.locator(EVENTS)).to_have_count(2)
    watched.assert_clean(allowed=["WebSocket", "ERR_CONNECTION_REFUSED"])


@pytest.mark.slow
def test_token_leaves_the_address_and_goes_with_every_request(make_context, visit, case):
    with ServiceThread(make_context(token=TOKEN)) as service:
        watched = visit(service, f"/?token={TOKEN}#/events")
        page = watched.page
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        expect(page.locator(EVENTS)).to_have_count(2)
        is_connected(page)
        assert page.url == f"{service.url}/#/events"
        expect(page.locator(IDLE_MAP)).to_be_visible()
        page.locator(f"tr[data-event='{case.events[0].event_id}'] a").click()
        expect(page.locator("[data-table=arrivals]")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="JSON", exact=True).click()
        assert download.value.suggested_filename == f"{case.events[0].event_id}.json"
        page.reload()
        expect(page.locator("[data-table=arrivals]")).to_be_visible()
        is_connected(page)
        assert sockets
        assert not any(TOKEN in url for url in sockets)
        watched.assert_clean()


@pytest.mark.slow
def test_hundred_channels_draw_only_what_is_in_view(make_context, visit, rng):
    context = make_context()
    board = LiveBoard(120.0)
    for number in range(100):
        trace = f"XX.S{number:03d}.00.HHZ"
        board.put(trace, 1_274_977_440_000_000_000, 100.0, rng.normal(size=6000))
    with ServiceThread(replace(context, board=board)) as service:
        watched = visit(service)
        page = watched.page
        expect(page.locator(".trace-row")).to_have_count(100)
        expect(page.locator(".trace-row").first).to_contain_text("counts")
        n_drawn = page.locator(".trace-row canvas").count()
        assert 0 < n_drawn < 30
        page.locator(".trace-row").nth(99).scroll_into_view_if_needed()
        expect(page.locator(".trace-row").nth(99)).to_contain_text("counts")
        expect(page.locator(".trace-row").first.locator("canvas")).to_have_count(0)
        watched.assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "light"), (768, "dark"), (910, "light"), (1100, "light"), (1300, "dark")],
)
def test_no_view_is_wider_than_the_screen(make_context, visit, case, width, scheme):
    folder = "/a-folder/of-records" * 3 + "/with-a-name-that-no-line-holds" * 3 + "-at-all" * 9
    context = replace(make_context(source=f"replay:{folder}"), is_ready=lambda: f"{folder}: lost")
    with ServiceThread(context) as service:
        watched = visit(service, "/", width=width, height=844, scheme=scheme)
        _assert_no_view_is_wider(watched.page, case, width)
        ground = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = sum(int(one) for one in re.findall(r"\d+", ground)[:3]) / 3
        assert (brightness < 60) == (scheme == "dark")
        watched.assert_clean()


def _assert_no_view_is_wider(page, case, width):
    expect(page.locator(".service-note")).to_be_visible()
    for view, sign in (
        ("#/", ".trace-row canvas"),
        ("#/events", EVENTS),
        (f"#/events/{case.events[0].event_id}", "[data-table=arrivals]"),
        ("#/stations", "tr[data-instrument]"),
    ):
        page.evaluate("hash => { location.hash = hash }", view)
        expect(page.locator(sign).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_keyboard_reaches_the_content_and_the_events(service, visit, case):
    watched = visit(service, "/#/events")
    page = watched.page
    expect(page.locator(EVENTS)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")  # the filter
    page.keyboard.press("Tab")  # the first event
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_contain_text(case.events[1].event_id)
    expect(page.locator("h2")).to_be_focused()
    expect(page).to_have_title(re.compile(case.events[1].event_id))
    watched.assert_clean()


@pytest.mark.slow
def test_synthetic_records_are_called_so(make_context, visit):
    context = replace(make_context(source="simulation"), is_synthetic=True)
    with ServiceThread(context) as service:
        page = visit(service).page
        expect(page.locator(".status")).to_contain_text("none of this happened")


@pytest.mark.slow
def test_wrong_token_is_refused(make_context, browser):
    with ServiceThread(make_context(token=TOKEN)) as service:
        page = browser.new_page()
        answer = page.goto(f"{service.url}/")
        assert answer.status == 401
        page.close()


@pytest.mark.slow
def test_settings_without_page_say_how_to_build_it(make_context, browser):
    context = replace(make_context(), settings=ServiceSettings(port=0, page=None))
    with ServiceThread(context) as service:
        page = browser.new_page()
        page.goto(f"{service.url}/")
        expect(page.locator("body")).to_contain_text("make web")
        page.close()
