"""The page of an event: its records and plots, and an analyst's work from picks to versions."""

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import obspy
import pytest
from axe import violations
from pictures import keep_picture

from mainshock.core.geo import geodesic_distance_km
from mainshock.serve.context import ServiceContext
from mainshock.serve.run import ServiceThread
from mainshock.stream.store.audit_log import AuditQuery, AuditStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from case_archive import write_records

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

CONFLICT = "409"  # what a browser says of a refused review


@pytest.fixture
def reviewing(context: ServiceContext, case, tmp_path) -> Iterator[ServiceThread]:
    """A service with the records that the events were found in."""
    write_records(tmp_path / "sds", case)
    with ServiceThread(replace(context, archive=tmp_path / "sds")) as running:
        yield running


@pytest.fixture
def opened(reviewing, visit, case):
    """The page of an event, with its records drawn."""
    event_id = case.events[0].event_id
    watched = visit(reviewing, f"/#/events/{event_id}", height=1200)
    expect(watched.page.locator(".record path").first).to_be_visible()
    return watched


def detail(service, event_id):
    return httpx.get(f"{service.url}/api/v1/events/{event_id}").json()["data"]


def name_analyst(page, comment=""):
    page.get_by_label("Your name").fill("Ada Example")
    page.get_by_label("Comment", exact=True).fill(comment)


def test_the_records_stand_by_distance_with_expected_and_picked_arrivals(opened, case):
    page = opened.page
    event = case.events[0]
    distances = {one.pick.station_code: one.distance_km for one in event.arrivals}
    shown = page.locator(".record").evaluate_all("all => all.map(one => one.dataset.station)")
    picked = [code for code in shown if code in distances]
    assert picked == sorted(distances, key=distances.get)
    assert page.locator(".pick-mark").count() == len(event.arrivals)
    assert page.locator(".expected").count() >= len(event.arrivals)
    before = page.locator(".record path").first.get_attribute("d")
    page.get_by_role("button", name="Larger amplitudes").click()
    louder = page.locator(".record path").first.get_attribute("d")
    assert louder != before
    page.get_by_role("button", name="Shorter time").click()
    expect(page.locator(".record path").first).not_to_have_attribute("d", louder)
    page.get_by_role("button", name="Whole event").click()
    page.get_by_label("Component").select_option("N")
    expect(page.locator(".record path").first).to_be_visible()
    opened.assert_clean()


def test_plots_show_residuals_and_where_it_may_lie(opened, case):
    page = opened.page
    event = case.events[0]
    residuals = page.get_by_role("img", name=re.compile("^Residuals of"))
    assert residuals.locator(".mark").count() == len(event.arrivals)
    expect(page.locator(".draw").first).to_be_attached()
    assert page.locator(".draw").count() > 400
    expect(page.locator(".neighbour").first).to_be_attached()  # the other event, a minute later
    opened.assert_clean()


def test_an_event_is_accepted_rejected_and_restored_under_a_name(opened, reviewing, case):
    page, event_id = opened.page, case.events[0].event_id
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("alert")).to_contain_text("name")
    name_analyst(page, "clear onsets")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("h2 .badge")).to_have_text("reviewed")
    name_analyst(page)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("why")
    name_analyst(page, "a quarry blast")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("h2 .badge")).to_have_text("rejected")
    expect(page.locator("[data-table=reviews]")).to_contain_text("a quarry blast")
    page.get_by_role("button", name="Restore version 2").click()
    expect(page.locator("h2 .badge")).to_have_text("reviewed")
    expect(page.locator("[data-table=reviews] tbody tr")).to_have_count(3)
    assert detail(reviewing, event_id)["version"] == 5
    rows = AuditStore(reviewing.context.store.database).rows(AuditQuery(target=event_id))
    assert [row.action for row in rows][:3] == ["event.restore", "event.reject", "event.accept"]
    assert all("Ada Example" in row.detail for row in rows[:3])
    opened.assert_clean(allowed=["400"])


def test_picks_are_moved_by_keys_and_by_dragging_and_the_event_is_located_anew(
    opened, reviewing, case
):
    page, event = opened.page, case.events[0]
    name_analyst(page, "S was late")
    page.get_by_role("button", name="Edit picks").click()
    slider = page.locator("[role=slider]").first
    first = float(slider.get_attribute("aria-valuenow"))
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(first + 0.11, abs=2e-3)
    page.keyboard.press("+")
    slider.scroll_into_view_if_needed()
    box = slider.locator(".pick-handle").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 20, middle[1], steps=4)
    page.mouse.up()
    assert float(slider.get_attribute("aria-valuenow")) > first + 0.2
    page.get_by_role("button", name="Undo").click()  # the whole drag
    expect(slider).to_have_attribute("aria-valuenow", re.compile(rf"{first + 0.11:.2f}"))
    page.locator("[role=slider]").last.focus()
    page.keyboard.press("Delete")
    expect(page.locator("[role=slider]")).to_have_count(len(event.arrivals) - 1)
    expect(page.get_by_role("button", name="Save as a new version")).to_be_disabled()
    page.get_by_role("button", name="Relocate").click()
    expect(page.locator(".comparison")).to_contain_text("Epicentre")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("h2 .badge")).to_have_text("reviewed")
    told = detail(reviewing, event.event_id)
    assert (told["version"], told["n_picks"]) == (3, len(event.arrivals) - 1)
    read = obspy.read_events(io.BytesIO(download(opened, "QuakeML")))[0]
    assert read.creation_info.author == "Ada Example"
    assert [pick.evaluation_mode for pick in read.picks].count("manual") == 1
    opened.assert_clean()


def download(opened, name):
    address = opened.page.get_by_role("link", name=name, exact=True).get_attribute("href")
    return httpx.get(address).content


def test_a_pick_is_added_by_fields_and_by_a_double_click(opened, case):
    page = opened.page
    page.get_by_role("button", name="Edit picks").click()
    count = len(case.events[0].arrivals)
    missing = page.locator("[data-edited]").evaluate_all("all => all.map(o => o.dataset.edited)")
    station, phase = missing[0].split(" ")
    page.get_by_role("button", name=f"Remove {phase} at {station.split('.')[1]}").click()
    expect(page.locator("[data-edited]")).to_have_count(count - 1)
    form = page.get_by_role("group", name="New pick")
    form.get_by_label("Station").select_option(station)
    form.get_by_label("Phase").select_option(phase)
    form.get_by_label("Seconds").fill("1.5")
    form.get_by_role("button", name="Add pick").click()
    expect(page.locator("[data-edited]")).to_have_count(count)
    page.get_by_role("button", name=f"Remove {phase} at {station.split('.')[1]}").click()
    path = page.locator(f".record[data-station='{station}'] text").first
    path.scroll_into_view_if_needed()
    box = path.bounding_box()
    page.mouse.dblclick(box["x"] + 600, box["y"] + 5)
    expect(page.locator("[data-edited]")).to_have_count(count)
    opened.assert_clean()


def test_a_review_of_what_is_no_longer_the_latest_is_refused_and_the_latest_is_shown(
    opened, reviewing, case
):
    page, event_id = opened.page, case.events[0].event_id
    name_analyst(page)
    page.get_by_role("button", name="Edit picks").click()  # the page stays with its version
    other = {"action": "accept", "base_version": 2, "author": "Bo Other"}
    httpx.post(f"{reviewing.url}/api/v1/events/{event_id}/review", json=other).raise_for_status()
    page.get_by_role("button", name="Relocate").click()
    expect(page.get_by_role("alert")).to_contain_text("version 3")
    expect(page.locator("[data-table=reviews]")).to_contain_text("Bo Other")
    opened.assert_clean(allowed=[CONFLICT])


def test_an_older_version_has_an_address_and_says_that_it_is_older(opened, reviewing, visit, case):
    page, event_id = opened.page, case.events[0].event_id
    shared = page.get_by_label("Address of this version").input_value()
    assert shared == f"{reviewing.url}/#/events/{event_id}/2"
    older = visit(reviewing, f"/#/events/{event_id}/1")
    expect(older.page.locator(".warning").first).to_contain_text("version 1")
    expect(older.page.get_by_role("button", name="Accept")).to_have_count(0)
    older.page.get_by_role("link", name="Show the latest version").click()
    expect(older.page.get_by_role("button", name="Accept")).to_be_visible()
    older.assert_clean()


def test_records_are_downloaded_as_miniseed(opened, case):
    stream = obspy.read(io.BytesIO(download(opened, "Records (miniSEED)")))
    stations = {f"{trace.stats.network}.{trace.stats.station}" for trace in stream}
    assert stations == {one.pick.station_code for one in case.events[0].arrivals}


def test_a_pick_is_explained_and_the_sum_is_told(opened):
    pytest.importorskip("torch")
    page = opened.page
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".explanation svg")).to_be_visible(timeout=60_000)
    told = page.locator(".explanation").inner_text()
    error = float(re.search(r"error ([\d.]+) %", told).group(1))
    assert error <= 2.0
    assert page.locator(".explanation [data-component]").count() == 3
    keep_picture(page.locator(".explanation"), "why-a-pick")
    opened.assert_clean()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (820, "dark"), (390, "light")])
def test_the_page_and_the_editor_break_no_rule_of_accessibility(
    reviewing, visit, case, width, scheme
):
    address = f"/#/events/{case.events[0].event_id}"
    watched = visit(reviewing, address, width=width, scheme=scheme)
    page = watched.page
    expect(page.locator(".record path").first).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Edit picks").click()
    page.get_by_role("button", name="Relocate").click()
    expect(page.locator(".comparison")).to_be_visible()
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".explanation svg")).to_be_visible(timeout=60_000)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(page, f"review-{width}-{scheme}")
    watched.assert_clean()


TRACE = [[11.4, 48.1], [11.6, 48.15], [11.8, 48.16]]


def analyse_fault(page, coordinates, **members):
    """Send a trace in the view of faults, and come back to the event by the page's own link."""
    address = page.evaluate("location.hash")
    page.get_by_role("region", name="Nearest analysed fault").get_by_role("link").click()
    document = {"type": "LineString", "coordinates": coordinates, **members}
    content = json.dumps(document).encode()
    page.get_by_label("Traces (GeoJSON)").set_input_files(
        {"name": "munich.geojson", "mimeType": "application/geo+json", "buffer": content}
    )
    page.get_by_role("button", name="Estimate").click()
    expect(page.locator(".fault-profile")).to_be_visible(timeout=60_000)
    page.evaluate("address => { location.hash = address }", address)
    return page.get_by_role("region", name="Nearest analysed fault")


def nearest_by_the_way(service, event):
    """Return distance and window nearest to an event, from places on the service's own lines."""
    sent = {"traces": {"type": "LineString", "coordinates": TRACE}, "pixel_m": 75.0}
    told = httpx.post(f"{service.url}/api/v1/offfault/profile", json=sent, timeout=60.0).json()
    found = []
    for window in told["data"]["windows"]:
        line = np.array(window["line"])
        at = np.linspace(0.0, len(line) - 1.0, 400)
        places = [np.interp(at, np.arange(len(line)), line[:, one]) for one in (0, 1)]
        away = geodesic_distance_km(event.origin.longitude, event.origin.latitude, *places)
        found.append((float(away.min()), window))
    return min(found, key=lambda one: one[0])


def test_an_event_tells_the_efficiency_of_the_fault_that_was_analysed(opened, reviewing, case):
    page, event = opened.page, case.events[0]
    told = page.get_by_role("region", name="Nearest analysed fault")
    expect(told).to_contain_text("the service keeps none")
    told = analyse_fault(page, TRACE)
    distance_km, window = nearest_by_the_way(reviewing, event)
    expect(told).to_contain_text("munich.geojson")
    facts = told.locator(".facts").inner_text()
    shown = float(re.search(r"([\d.]+) ± [\d.]+ km", facts).group(1))
    assert shown == pytest.approx(distance_km, abs=0.06)
    along = float(re.search(r"\n([\d.]+) km", facts).group(1))
    assert along == pytest.approx(window["distance_along_km"], abs=2.5)  # half a window
    band = f"{window['ke']:.2f}, nine in ten from {window['lo90']:.2f} to {window['hi90']:.2f}"
    expect(told).to_contain_text(band)
    expect(told.locator(".efficiency .here")).to_have_count(1)
    expect(told).to_contain_text("nearness does not say that the event lies on this fault")
    expect(told).to_contain_text("one earthquake may differ")
    assert violations(page) == []
    keep_picture(told, "fault-context")
    opened.assert_clean()


@pytest.mark.parametrize(
    ("coordinates", "members", "words"),
    [
        ([[12.5, 47.0], [12.7, 47.1]], {}, "beyond 50 km nothing is said of it"),
        ([[0.0, 0.0], [20.0, 2.0]], {"units": "km"}, "is in a local frame"),
    ],
)
def test_a_fault_that_is_far_or_has_no_place_tells_nothing(opened, coordinates, members, words):
    told = analyse_fault(opened.page, coordinates, **members)
    expect(told).to_contain_text(words)
    expect(told.locator(".efficiency")).to_have_count(0)
    opened.assert_clean()
