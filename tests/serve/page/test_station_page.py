"""A station's page over a real service: pictures, helicorder, health, links and files."""

import csv
import io
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pictures import keep_picture

from mainshock.serve.run import ServiceThread

sys.path.insert(0, str(Path(__file__).parent))
from station_archive import write_archive

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

LOADED = ".station-pictures[data-loaded=true]"
DRUM = ".drum[data-loaded=true]"


@pytest.fixture
def archived(context, case, rng):
    """A service whose archive holds the records, with noise before them."""
    write_archive(context.archive, case, rng)
    with ServiceThread(context) as running:
        yield running


def colours_of(canvas):
    """Return the colours of a canvas and how many pixels have each."""
    return canvas.evaluate(
        """canvas => {
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          const found = {};
          for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 0) continue;
            const name = [data[at], data[at + 1], data[at + 2]].join(" ");
            found[name] = (found[name] ?? 0) + 1;
          }
          return found;
        }"""
    )


def test_a_station_shows_record_spectrogram_and_helicorder(archived, visit, case):
    watched = visit(archived, "/#/station/BW.UH3")
    page = watched.page
    expect(page.locator("h2")).to_have_text("Station BW.UH3")
    expect(page.get_by_label("Channel")).to_have_value("BW.UH3..SHZ")
    expect(page.locator(LOADED)).to_be_visible()
    expect(page.locator(DRUM)).to_be_visible()
    record = colours_of(page.locator("canvas.record"))
    assert record["123 137 148"] > 100  # the record
    assert "0 114 178" in record  # a P pick
    spectrogram = colours_of(page.locator("canvas.spectrogram"))
    bright = sum(n for name, n in spectrogram.items() if name.startswith("253 231"))
    assert bright > 20  # the strongest power of the earthquakes
    assert len(spectrogram) > 50
    expect(page.locator(".colour-bar")).to_contain_text("dB relative to 1 count²/Hz")
    picks = [one for one in case.picks if one.station == "UH3"]
    end = max(one.end for one in case.waveforms)
    n_shown = sum(one.time > end - timedelta(seconds=300) for one in picks)
    expect(page.locator(".window-picks tbody tr")).to_have_count(n_shown)
    lines = page.locator(".drum button")
    expect(lines).to_have_count(24)  # 6 hours of quarters
    expect(page.locator(".drum button[data-empty=false]")).to_have_count(7)
    expect(lines.last).to_have_accessible_name(re.compile(r"16:15 to .* UTC: amplitude to"))
    keep_picture(page, "station")
    watched.assert_clean()


def test_a_line_of_the_helicorder_opens_its_time(archived, visit):
    watched = visit(archived, "/#/station/BW.UH3")
    page = watched.page
    expect(page.locator(DRUM)).to_be_visible()
    line = page.locator(".drum button[data-empty=false]").first
    box = line.bounding_box()
    line.click(position={"x": 52 + (box["width"] - 52) * 0.8, "y": 8})
    expect(page.locator(".window-times")).to_contain_text(re.compile(r"2010-05-27 14:(5|4)"))
    expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(page.locator(LOADED)).to_be_visible()
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.locator(".window-times")).to_contain_text("16:27")
    watched.assert_clean()


def test_the_keyboard_chooses_lines_and_moves_the_window(archived, visit):
    watched = visit(archived, "/#/station/BW.UH3")
    page = watched.page
    expect(page.locator(DRUM)).to_be_visible()
    page.locator(".drum button").last.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".drum button").nth(21)).to_be_focused()
    page.keyboard.press("Enter")
    times = page.locator(".window-times")
    expect(times).to_contain_text("15:50:00 – 2010-05-27 15:55:00")
    page.keyboard.press("b")
    expect(times).to_contain_text("15:47:30 – 2010-05-27 15:52:30")
    page.keyboard.press("n")
    page.keyboard.press("i")
    expect(times).to_contain_text("15:52:00 – 2010-05-27 15:53:00")
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(times).to_contain_text("15:47:30 – 2010-05-27 15:57:30")
    page.keyboard.press("r")
    expect(times).to_contain_text("16:27:5")
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("Follows the newest data")
    watched.assert_clean()


def test_the_address_holds_station_channel_and_time(archived, visit):
    watched = visit(archived, "/#/station/BW.UH3")
    page = watched.page
    page.get_by_label("Channel").select_option("BW.UH3..SHN")
    page.locator(".station-controls").get_by_label("Window").select_option("600")
    page.get_by_role("combobox", name="Frequency").select_option("log")
    page.get_by_label("End (UTC)").fill("2010-05-27 16:26:30")
    page.get_by_role("button", name="Go there").click()
    shared = "#/station/BW.UH3/BW.UH3..SHN/2010-05-27T16%3A26%3A30.000Z/600/log/6x15"
    page.wait_for_function("hash => location.hash === hash", arg=shared)
    other = visit(archived, f"/{shared}")
    expect(other.page.locator(LOADED)).to_be_visible()
    expect(other.page.get_by_label("Channel")).to_have_value("BW.UH3..SHN")
    expect(other.page.get_by_role("combobox", name="Frequency")).to_have_value("log")
    expect(other.page.locator(".window-times")).to_contain_text(
        "2010-05-27 16:16:30 – 2010-05-27 16:26:30 UTC"
    )
    page.get_by_label("End (UTC)").fill("yesterday")
    page.get_by_role("button", name="Go there").click()
    expect(page.locator("#end-problem")).to_contain_text("2010-05-27 16:25:00")
    watched.assert_clean()
    other.assert_clean()


def test_the_window_is_saved_as_miniseed_and_csv(archived, visit):
    address = "/#/station/BW.UH3/BW.UH3..SHZ/2010-05-27T16%3A26%3A00.000Z/60/linear/1x5"
    watched = visit(archived, address)
    page = watched.page
    expect(page.locator(LOADED)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="miniSEED").click()
    from obspy import read

    stream = read(str(download.value.path()))
    assert stream[0].id == "BW.UH3..SHZ"
    assert abs(stream[0].stats.starttime.timestamp - 1274977500.0) < 0.01
    assert stream[0].stats.npts == pytest.approx(60 * stream[0].stats.sampling_rate, abs=1)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "BW.UH3..SHZ_20100527T162500Z.csv"
    text = download.value.path().read_text()
    header, *rows = list(csv.reader(io.StringIO(text)))
    assert header == ["time_utc", "BW.UH3..SHZ"]
    assert [float(one[1]) for one in rows] == stream[0].data[: len(rows)].tolist()
    assert len(rows) >= stream[0].stats.npts - 1
    watched.assert_clean()


def test_the_live_spectrogram_goes_on_as_data_come(archived, context, visit, case, put_records):
    watched = visit(archived, "/#/station/BW.UH3")
    page = watched.page
    expect(page.locator(LOADED)).to_be_visible()
    before = page.locator("canvas.spectrogram").screenshot()
    put_records(context.board, case, shift_s=60.0)
    expect(page.locator(".window-times")).to_contain_text("16:28:5")
    page.wait_for_timeout(600)
    assert page.locator("canvas.spectrogram").screenshot() != before
    watched.assert_clean()


def test_stations_are_listed_with_the_worst_first_and_why(archived, context, visit, case):
    now = max(one.end for one in case.waveforms)
    told = now + timedelta(seconds=1)
    late, clock, *_ = context.store.health()
    context.store.save_health(
        [
            replace(late, last_sample=now - timedelta(minutes=3), updated=told),
            replace(clock, counts={"ok": 9, "clock": 4}, latency_s=-7.0, updated=told),
        ]
    )
    watched = visit(archived, "/#/stations")
    page = watched.page
    rows = page.locator("tr[data-instrument]")
    expect(rows).to_have_count(4)
    expect(rows.first).to_have_attribute("data-instrument", late.trace_id)
    expect(rows.first).to_contain_text("No data for 3 min: the station, its link or the server")
    expect(rows.nth(1)).to_have_attribute("data-instrument", clock.trace_id)
    expect(rows.nth(1)).to_contain_text("the station's clock is ahead")
    expect(rows.nth(1)).to_contain_text("4 packets had impossible times")
    expect(rows.nth(2)).to_contain_text("Its data begin 94 min ago")
    expect(rows.nth(2)).to_contain_text("1 gap in 24 h, 90 s in all")
    expect(rows.nth(2).locator(".hour-bars rect")).to_have_count(24)
    expect(page.locator("[data-backlog]")).to_contain_text("None wait.")
    keep_picture(page, "health")
    page.get_by_label("Find").fill("uh3")
    expect(rows).to_have_count(1)
    expect(page.locator(".panel-head")).to_contain_text("1 of 4 instruments")
    rows.first.get_by_role("link").click()
    expect(page.locator("h2")).to_have_text("Station BW.UH3")
    expect(page.locator("h2")).to_be_focused()
    expect(page.locator(".station-health")).to_contain_text("1 gap in 24 h")
    expect(page).to_have_title(re.compile(r"^BW\.UH3"))
    watched.assert_clean()


def test_a_station_that_nobody_knows_is_told(archived, visit):
    watched = visit(archived, "/#/station/XX.NONE")
    expect(watched.page.locator("main")).to_contain_text("The station XX.NONE is not known here.")
    watched.assert_clean()


def test_a_live_station_without_data_says_so(context, visit):
    with ServiceThread(replace(context, is_live=True)) as running:
        watched = visit(running, "/#/station/BW.UH3")
        expect(watched.page.locator(".station-health.level-bad")).to_contain_text("No data for")
        expect(watched.page.locator(".station-health")).to_contain_text(
            f"{(datetime.now(UTC) - datetime(2010, 5, 27, tzinfo=UTC)).days // 1000}"
        )
        watched.assert_clean()
