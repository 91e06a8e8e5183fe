"""Whoever explores a catalogue sees it from all sides, and chooses in any of them."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from axe import violations

from mainshock.serve.run import ServiceThread
from mainshock.sources.seismicity.read import read_seismicity

sys.path.insert(0, str(Path(__file__).parents[1]))
from replay_demo import write_demo_archive

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

PANELS = ("map", "magnitude-time", "cumulative", "frequency", "section", "depths")
MANY = 50_000
LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) window.longTasks.push(one.duration);
  }).observe({ type: "longtask" });
}"""


def catalogue(n, seed=5):
    """A catalogue of two clusters in California as CSV text: b = 1, complete from 1.5 on."""
    rng = np.random.default_rng(seed)
    magnitude = (1.0 + rng.exponential(1.0 / np.log(10.0), n)).round(1)
    east = rng.random(n) < 0.3
    longitude = np.where(east, -116.5, -117.6) + rng.normal(0, 0.12, n)
    latitude = np.where(east, 34.4, 35.7) + rng.normal(0, 0.12, n)
    depth = np.abs(rng.normal(8, 3, n)).round(2)
    time = np.datetime64("2019-07-01") + np.sort(rng.integers(0, 86_400 * 30, n)).astype(
        "timedelta64[s]"
    )
    lines = ["time,magnitude,longitude,latitude,depth_km,event_id"]
    lines += [
        f"{t}Z,{m},{x:.4f},{y:.4f},{z},e{i}"
        for i, (t, m, x, y, z) in enumerate(
            zip(time, magnitude, longitude, latitude, depth, strict=True)
        )
    ]
    return "\n".join(lines) + "\n"


def upload(page, n=3000, name="mine.csv"):
    file = {"name": name, "mimeType": "text/csv", "buffer": catalogue(n).encode()}
    page.get_by_label("Add a file").set_input_files(file)
    expect(page.locator(f'[data-count="{n}"]')).to_be_visible()


def drawn(page):
    for name in PANELS:
        expect(page.locator(f'[data-panel="{name}"][data-drawn]')).to_be_visible()


def drag(page, selector, start, end):
    box = page.locator(selector).bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move((at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2)
    page.mouse.move(*at[1])
    page.mouse.up()


def count(page):
    return int(page.locator("[data-count]").get_attribute("data-count"))


def test_the_live_catalogue_is_seen_from_all_sides(service, visit, case):
    watched = visit(service, "/#/explore")
    page = watched.page
    drawn(page)
    stored = min(2, len(case.events))
    expect(page.locator(f'[data-count="{stored}"]')).to_contain_text(f"{stored} of {stored} events")
    expect(page.locator("[data-law]")).to_contain_text("too few for Mc and b")
    watched.assert_clean()


def test_what_is_chosen_in_one_panel_is_chosen_in_all(service, visit):
    watched = visit(service, "/#/explore")
    page = watched.page
    upload(page)
    drawn(page)
    expect(page.locator("[data-law]")).to_contain_text("b 1.")
    page.locator('[data-panel="magnitude-time"]').scroll_into_view_if_needed()
    drag(page, '[data-panel="magnitude-time"]', (0.3, 0.1), (0.7, 0.6))
    expect(page.get_by_label("Magnitude from")).not_to_have_value("")
    brushed = count(page)
    assert 0 < brushed < 1500
    page.locator('[data-panel="depths"]').scroll_into_view_if_needed()
    drag(page, '[data-panel="depths"]', (0.4, 0.1), (0.6, 0.4))
    expect(page.get_by_label("to depth (km)")).not_to_have_value("")
    assert count(page) < brushed
    page.get_by_role("button", name="Remove all filters").click()
    expect(page.locator('[data-count="3000"]')).to_be_visible()
    watched.assert_clean()


def test_an_area_is_chosen_on_the_map_by_lasso_box_or_numbers(service, visit):
    watched = visit(service, "/#/explore")
    page = watched.page
    upload(page)
    drawn(page)
    page.get_by_role("button", name="Choose a box").click()
    drag(page, ".explore-draw", (0.02, 0.02), (0.5, 0.98))
    expect(page.get_by_label("West", exact=True)).not_to_have_value("")
    boxed = count(page)
    assert 1500 < boxed < 2700  # the western cluster
    page.get_by_role("button", name="Remove the area").click()
    expect(page.locator('[data-count="3000"]')).to_be_visible()
    for side, value in (("West", "-117"), ("South", "34"), ("East", "-116"), ("North", "35")):
        page.get_by_label(side, exact=True).fill(value)
        page.get_by_label(side, exact=True).press("Enter")
    expect(page.get_by_role("button", name="Remove the area")).to_be_visible()
    assert 600 < count(page) < 1200  # the eastern one
    page.get_by_role("button", name="Draw the section").click()
    drag(page, ".explore-draw", (0.2, 0.2), (0.8, 0.8))
    expect(page.get_by_role("combobox", name="Section")).to_have_value("line")
    expect(page.get_by_label("Line from longitude")).not_to_have_value("0")
    watched.assert_clean()


def test_a_link_brings_another_reader_to_the_same_choice(service, visit):
    watched = visit(service, "/#/explore")
    page = watched.page
    upload(page)
    page.get_by_label("Magnitude from").fill("2")
    page.get_by_label("Magnitude from").press("Enter")
    expect(page.locator('[data-count="3000"]')).to_be_hidden()
    wanted = count(page)
    address = page.evaluate("location.hash")
    assert "m%3D2" in address
    other = visit(service, f"/{address}").page
    expect(other.locator(f'[data-count="{wanted}"]')).to_be_visible()
    expect(other.get_by_label("Magnitude from")).to_have_value("2")
    watched.assert_clean()


def test_the_choice_is_saved_as_csv_and_quakeml_that_are_read_back(service, visit, tmp_path):
    watched = visit(service, "/#/explore")
    page = watched.page
    upload(page, 200)
    page.get_by_label("Magnitude from").fill("1.5")
    page.get_by_label("Magnitude from").press("Enter")
    expect(page.locator('[data-count="200"]')).to_be_hidden()
    wanted = count(page)
    read = []
    for name, suffix in (("Save as CSV", "csv"), ("Save as QuakeML", "xml")):
        with page.expect_download() as told:
            page.get_by_role("button", name=name).click()
        path = tmp_path / f"saved.{suffix}"
        told.value.save_as(path)
        read.append(read_seismicity(path))
    assert [len(one) for one in read] == [wanted, wanted]
    for name in ("time_days", "magnitude", "longitude", "latitude"):
        assert np.allclose(getattr(read[0], name), getattr(read[1], name), atol=1e-4), name
    watched.assert_clean()


def test_a_file_that_is_no_catalogue_is_told_and_uploads_can_be_deleted(service, visit):
    watched = visit(service, "/#/explore")
    page = watched.page
    page.get_by_label("Add a file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"nothing"}
    )
    expect(page.get_by_role("alert")).to_contain_text("no form that is known")
    upload(page, 100)
    page.get_by_role("button", name="Delete this upload").click()
    expect(page.get_by_role("combobox", name="Catalogue")).to_have_value("live")
    watched.assert_clean(allowed=["400 (Bad Request)"])


def test_fifty_thousand_events_are_fluent(service, visit, capsys):
    watched = visit(service, "/#/explore")
    page = watched.page
    upload(page, MANY)
    drawn(page)
    page.wait_for_timeout(1500)
    page.evaluate(LONG_TASKS)
    for value in ("1.5", "2", "1.2"):
        page.get_by_label("Magnitude from").fill(value)
        page.get_by_label("Magnitude from").press("Enter")
        page.wait_for_timeout(700)
    page.get_by_label("Zoom in").click()
    page.wait_for_timeout(1000)
    tasks = page.evaluate("window.longTasks")
    with capsys.disabled():
        told = ", ".join(f"{one:.0f}" for one in tasks) or "none"
        sys.stdout.write(f"\n50,000 events, three filters and a zoom, tasks over 50 ms: {told}\n")
    assert count(page) > 20_000
    watched.assert_clean()


@pytest.fixture
def with_archive(context, tmp_path):
    write_demo_archive(tmp_path)
    with ServiceThread(context) as running:
        yield running


def test_the_archive_shows_its_days_opens_a_record_and_gives_miniseed(with_archive, visit):
    import obspy

    watched = visit(with_archive, "/#/archive")
    page = watched.page
    row = page.locator('tr[data-trace="BW.UH1..SHZ"]')
    expect(row).to_contain_text("none")
    expect(page.get_by_label("Day (UTC)")).to_have_value("2010-05-27")
    page.get_by_role("button", name="Open the record of BW.UH3..SHZ").click()
    expect(page.locator('[data-record="BW.UH3..SHZ"] canvas')).to_be_visible()
    page.get_by_role("button", name="Shorter").click()
    page.get_by_role("button", name="Later").click()
    with page.expect_download() as told:
        page.get_by_role("link", name="Save as miniSEED").click()
    (trace, *_) = obspy.read(io.BytesIO(Path(told.value.path()).read_bytes()))
    assert trace.id == "BW.UH3..SHZ"
    page.get_by_role("button", name="Close").click()
    row.locator("svg").click()
    expect(page.locator('[data-record="BW.UH1..SHZ"] canvas')).to_be_visible()
    page.get_by_label("Stations (pattern)").fill("XX.*")
    expect(page.get_by_text("There are no records of this day")).to_be_visible()
    watched.assert_clean()


def test_the_views_break_no_rule_of_accessibility(with_archive, visit):
    for scheme, width in (("light", 1440), ("dark", 390)):
        watched = visit(with_archive, "/#/explore", scheme=scheme, width=width)
        page = watched.page
        upload(page, 300)
        drawn(page)
        found = {"explore": violations(page)}
        page.evaluate("location.hash = '#/archive'")
        page.get_by_role("button", name="Open the record of BW.UH3..SHZ").click()
        expect(page.locator('[data-record="BW.UH3..SHZ"] canvas')).to_be_visible()
        found["archive"] = violations(page)
        assert not any(found.values()), json.dumps(found, indent=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        watched.assert_clean()
