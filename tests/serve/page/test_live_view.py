"""The live traces in a real browser: moving, zooming, locking, order, history and fluency."""

import re
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pictures import keep_picture

from mainshock.core.records import Station
from mainshock.core.times import format_utc
from mainshock.serve.run import ServiceThread
from mainshock.sources.stations import StationList
from mainshock.stream.board import LiveBoard

sys.path.insert(0, str(Path(__file__).parent))
from station_archive import write_archive

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

ROWS = ".trace-row"
STEP_NS = 250_000_000
START_NS = 1_274_977_440_000_000_000
FRAMES = """() => {
  window.frames_ms = []; window.long_ms = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) window.long_ms.push(one.duration);
  }).observe({type: "longtask"});
  let last = performance.now();
  const step = now => {
    window.frames_ms.push(now - last); last = now; requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


def times_of(page):
    """Return the texts of the window's length and whether it is held."""
    length = page.locator(".traces").get_by_label("Window").input_value()
    held = page.locator(".traces button[aria-pressed=true]:not(.lock)").count() == 1
    return float(length) * 60, held


def wait_for(page, seconds, *, held):
    def is_so():
        length, is_held = times_of(page)
        return abs(length - seconds) < 0.51 and is_held == held

    end = time.monotonic() + 10.0
    while not is_so():
        assert time.monotonic() < end, times_of(page)
        page.wait_for_timeout(50)


def chart_of(page, number):
    return page.locator(ROWS).nth(number).locator(".trace-chart")


def shown(page, number):
    return page.locator(ROWS).nth(number).locator("canvas").screenshot()


def changes(page, number, before):
    end = time.monotonic() + 10.0
    while shown(page, number) == before:
        assert time.monotonic() < end, "the row did not change"
        page.wait_for_timeout(50)


@pytest.fixture
def opened(service, visit):
    watched = visit(service)
    expect(watched.page.locator(ROWS)).to_have_count(4)
    expect(watched.page.locator(ROWS).nth(3)).to_contain_text("counts")
    watched.page.wait_for_timeout(500)
    return watched


def test_noise_stands_beside_p_and_s(opened):
    page = opened.page
    colours = (
        page.locator(ROWS)
        .nth(2)
        .locator("canvas")
        .evaluate(
            """canvas => {
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const found = new Set();
          for (let at = 0; at < data.length; at += 4)
            found.add([data[at], data[at + 1], data[at + 2]].join(" "));
          return [...found];
        }"""
        )
    )
    assert {"107 119 128", "0 114 178", "192 78 0"} <= set(colours)  # noise, P, S
    expect(page.locator(".trace-legend")).to_contain_text("what P and S leave of 1")
    keep_picture(page, "curves")
    opened.assert_clean()


def test_dragging_moves_all_rows_and_a_button_comes_back(opened):
    page = opened.page
    first, last = shown(page, 2), shown(page, 3)
    box = chart_of(page, 2).bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 30, steps=4)
    page.mouse.up()
    wait_for(page, 60, held=True)
    changes(page, 2, first)
    changes(page, 3, last)
    page.get_by_role("button", name="Resume").click()
    wait_for(page, 60, held=False)
    opened.assert_clean()


def test_the_wheel_zooms_in_time_and_in_amplitude(opened):
    page = opened.page
    box = chart_of(page, 2).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -385)
    page.keyboard.up("Control")
    wait_for(page, 30, held=True)
    label = page.locator(ROWS).nth(2).locator(".trace-name")
    before = label.inner_text()
    page.keyboard.down("Alt")
    page.mouse.wheel(0, -385)
    page.keyboard.up("Alt")
    expect(label).not_to_have_text(before)
    axis = page.locator(".trace-axis .trace-chart").bounding_box()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, axis["y"] + 10)
    page.mouse.wheel(0, 385)
    wait_for(page, 60, held=False)  # it reaches the newest data again
    opened.assert_clean()


def test_two_fingers_zoom(opened):
    page = opened.page
    client = page.context.new_cdp_session(page)
    box = chart_of(page, 2).bounding_box()
    y, middle = box["y"] + 40, box["x"] + box["width"] / 2

    def touch(kind, apart):
        points = [{"x": middle + sign * apart, "y": y, "id": sign + 1} for sign in (-1, 1)]
        touches = [] if kind == "touchEnd" else points
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", 50)
    for apart in (60, 70, 80, 90, 100):
        touch("touchMove", apart)
    touch("touchEnd", 100)
    wait_for(page, 30, held=True)
    opened.assert_clean()


def test_all_of_it_works_by_keys_which_the_help_lists(opened):
    page = opened.page
    page.keyboard.press("i")
    wait_for(page, 40, held=False)
    page.keyboard.press("u")
    wait_for(page, 60, held=False)
    page.keyboard.press("b")
    wait_for(page, 60, held=True)
    page.keyboard.press("n")
    wait_for(page, 60, held=False)
    page.keyboard.press("p")
    wait_for(page, 60, held=True)
    page.keyboard.press("r")
    wait_for(page, 60, held=False)
    before = shown(page, 2)
    page.keyboard.press("+")
    changes(page, 2, before)
    page.locator(".trace-scroll").focus()
    page.keyboard.press("ArrowLeft")
    wait_for(page, 60, held=True)
    page.keyboard.press("Shift+ArrowRight")
    wait_for(page, 40, held=True)
    page.keyboard.press("End")
    wait_for(page, 40, held=False)
    page.keyboard.press("?")
    for told in ("Earlier", "Zoom in on time", "Lock or unlock the row", "Back to live"):
        expect(page.locator("dialog.help")).to_contain_text(told)
    opened.assert_clean()


def test_an_unlocked_row_goes_its_own_way(opened):
    page = opened.page
    for _ in range(3):
        page.keyboard.press("j")
    third = page.locator(ROWS).nth(2)
    expect(third.locator(".lock")).to_be_focused()
    page.keyboard.press("x")
    expect(third).to_have_class(re.compile("unlocked"))
    third_before, fourth_before = shown(page, 2), shown(page, 3)
    page.keyboard.press("b")
    changes(page, 2, third_before)
    wait_for(page, 60, held=False)  # the others stay live
    assert shown(page, 3) == fourth_before
    page.get_by_role("button", name="Lock all rows (1 unlocked)").click()
    expect(third).not_to_have_class(re.compile("unlocked"))
    page.wait_for_timeout(400)
    opened.assert_clean()


def test_rows_are_ordered_by_distance_from_the_latest_event(opened, case):
    page = opened.page
    latest = max(case.events[:2], key=lambda one: one.origin.time)
    page.get_by_label("Order").select_option("distance")

    def distance(station):
        east = np.cos(np.radians(latest.origin.latitude)) * (
            station.longitude - latest.origin.longitude
        )
        return np.hypot(east, station.latitude - latest.origin.latitude)

    codes = [one.code for one in sorted(case.stations, key=distance)]
    names = page.locator(f"{ROWS} strong")
    expect(names).to_have_text(codes)
    expect(page.locator(ROWS).first).to_contain_text("km")
    page.get_by_label("Order").select_option("name")
    expect(names).to_have_text(sorted(codes))
    opened.assert_clean()


def test_what_lies_before_the_live_minutes_comes_from_the_archive(context, visit, case, rng):
    write_archive(context.archive, case, rng)
    with ServiceThread(context) as service:
        watched = visit(service)
        page = watched.page
        row = page.locator(ROWS).nth(2)
        expect(row).to_contain_text("counts")
        for _ in range(24):  # six minutes back, where only noise of 20 counts was recorded
            page.keyboard.press("b")
        expect(row.locator(".trace-name")).to_contain_text(re.compile(r"± (6|7|8|9)\d(\.\d)? "))
        watched.assert_clean()


class Feed:
    """Puts a quarter of a second of noise on a hundred channels four times a second."""

    def __init__(self, board, rng):
        self.board, self.rng = board, rng
        self.names = [f"XX.S{number:03d}.00.HH" for number in range(100)]
        self.at_ns = START_NS
        self.is_over = threading.Event()
        self.put(60.0)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def put(self, seconds):
        n_samples = round(seconds * 100)
        noise = self.rng.normal(0.0, 100.0, n_samples).astype(np.float32)
        curve = np.clip(self.rng.normal(0.05, 0.02, n_samples), 0, 1).astype(np.float32)
        for name in self.names:
            self.board.put(f"{name}Z", self.at_ns, 100.0, noise)
            self.board.put(f"{name}_P", self.at_ns, 100.0, curve)
            self.board.put(f"{name}_S", self.at_ns, 100.0, curve)
        self.at_ns += round(seconds * 1e9)

    def run(self):
        while not self.is_over.wait(STEP_NS / 1e9):
            self.put(STEP_NS / 1e9)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


NO_WEBGL = """() => {
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...others) {
    return kind.startsWith("webgl") ? null : get.call(this, kind, ...others);
  };
}"""


@pytest.mark.slow
@pytest.mark.parametrize("has_map", [True, False])
def test_a_hundred_live_traces_stay_fluent(make_context, visit, rng, capsys, has_map):
    """Print how fluent they are; without a graphics card the map beside them takes most time."""
    stations = [Station("XX", f"S{n:03d}", 11.0 + n / 100, 48.0, 0.0) for n in range(100)]
    board = LiveBoard(120.0)
    context = replace(make_context(), board=board, stations=StationList(stations))
    with Feed(board, rng), ServiceThread(context) as service:
        watched = visit(service)
        page = watched.page
        if not has_map:
            page.add_init_script(f"({NO_WEBGL})()")
            page.reload()
        expect(page.locator(ROWS)).to_have_count(100)
        expect(page.locator(ROWS).first).to_contain_text("counts")
        page.wait_for_timeout(4000)  # loading is over
        page.evaluate(FRAMES)
        page.wait_for_timeout(6000)
        n_drawn = page.locator(f"{ROWS} canvas").count()
        frames = np.array(page.evaluate("window.frames_ms"))
        long = page.evaluate("window.long_ms")
        keep_picture(page, "live-hundred")
        watched.assert_clean(allowed=["WebGL"])
    with capsys.disabled():
        beside = "with the map" if has_map else "without the map"
        sys.stderr.write(
            f"\n100 live traces {beside}, {n_drawn} drawn: "
            f"{frames.size / 6:.1f} frames a second, median {np.median(frames):.0f} ms, "
            f"95 % {np.percentile(frames, 95):.0f} ms, longest {frames.max():.0f} ms; "
            f"long tasks: {len(long)}, longest {max(long, default=0):.0f} ms\n"
        )
    assert 0 < n_drawn < 30
    assert frames.size > 6  # that it moves at all; how fast depends on the machine's load


def test_live_data_move_on_while_an_earlier_time_is_looked_at(
    service, context, opened, case, put_records
):
    page = opened.page
    page.keyboard.press("b")
    wait_for(page, 60, held=True)
    still = shown(page, 2)
    put_records(context.board, case, shift_s=20.0)
    later = format_utc(max(one.end for one in case.waveforms) + timedelta(seconds=20))
    expect(page.locator(".status")).to_contain_text(later[11:16])
    page.wait_for_timeout(600)
    assert shown(page, 2) == still
    opened.assert_clean()
