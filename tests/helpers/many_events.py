"""Fifty thousand made-up events on the map of the page, what a reader does there, how fluent it is.

The test of the map and ``benchmarks/bench_page.py`` do the same with them.
"""

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

__all__ = ["ACTS", "N_EVENTS", "fluency_text", "open_map", "stub_events", "watched_while"]

N_EVENTS = 50_000
_START_MS = 1_262_304_000_000  # 2010-01-01
_STEP_MS = 60_000
_LOAD_MS = 120_000
_REST_MS = 4000  # what was drawn while loading comes to rest
# what the browser tells: tasks, events from input to picture, and the page's own part of both
_WATCH = """() => {
  const told = window.told = {tasks: [], events: [], handlers: [], scripts: []};
  const watch = (type, take, more = {}) =>
    new PerformanceObserver(list => list.getEntries().forEach(take)).observe({type, ...more});
  watch("longtask", one => told.tasks.push(one.duration));
  watch("event", one => {
    if (!one.interactionId) return;
    told.events.push(one.duration);
    told.handlers.push(one.processingEnd - one.processingStart);
  }, {durationThreshold: 16});
  watch("long-animation-frame", one => told.scripts.push(...one.scripts.map(two => two.duration)));
}"""


def _synthetic(number: int) -> dict[str, Any]:
    """Return made-up events all over the Earth, one a minute."""
    longitude, latitude = (number * 137.508) % 360 - 180, 60 * math.sin(number * 0.7)
    return {
        "event_id": f"s{number}",
        "version": 1,
        "kind": "new",
        "status": "settled" if number % 10 else "preliminary",
        "quality": "ABCD"[number % 4],
        "time": f"{np.datetime64(_START_MS + _STEP_MS * number, 'ms')}Z",
        "longitude": round(longitude, 4),
        "latitude": round(latitude, 4),
        "depth_km": number % 300,
        "magnitude": None if number % 50 == 0 else (number % 60) / 10,
    }


def stub_events(page: "Page") -> None:
    """Answer for the service with synthetic events, newest first, part by part."""
    texts = [json.dumps(_synthetic(number)) for number in reversed(range(N_EVENTS))]

    def answer(route: "Route") -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        offset, limit = int(query.get("offset", ["0"])[0]), int(query["limit"][0])
        part = ",".join(texts[offset : offset + limit])
        meta = json.dumps({"count": N_EVENTS, "limit": limit, "offset": offset})
        route.fulfill(content_type="application/json", body=f'{{"data":[{part}],"meta":{meta}}}')

    page.route(re.compile(r"/api/v1/events\?"), answer)


def _drag(page: "Page", steps: int) -> None:
    """Move the map by hand, there and nearly back: at the same place it would be a click."""
    box = page.locator(".map-canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in (*range(steps), *reversed(range(3, steps))):
        page.mouse.move(x + 8 * step, y + 3 * step)
    page.mouse.up()


def _pan_the_map(page: "Page") -> None:
    for _ in range(3):
        _drag(page, 12)
    page.locator(".maplibregl-canvas").focus()
    for key in ("ArrowRight", "ArrowLeft") * 3:
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def _zoom_the_map(page: "Page") -> None:
    for name in ("Zoom in", "Zoom out") * 2:
        page.get_by_role("button", name=name).click()
        page.wait_for_timeout(500)
    page.locator(".maplibregl-canvas").hover()
    for turn in (-200, -200, 200, 200):
        page.mouse.wheel(0, turn)
        page.wait_for_timeout(400)


def _filter_the_events(page: "Page") -> None:
    for value in range(20):
        page.get_by_label("Magnitude from").fill(str(value / 4))
    page.get_by_label("Quality").select_option("1")
    page.get_by_role("button", name="Clear filters").click()
    for colour in ("age", "depth"):
        page.locator(".legend select").select_option(colour)


def _move_the_slider(page: "Page") -> None:
    page.get_by_role("slider", name="To").focus()
    for _ in range(40):
        page.keyboard.press("PageDown")
    page.keyboard.press("End")


def _play_the_time(page: "Page") -> None:
    page.get_by_label("Speed").select_option("8")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(3000)
    page.get_by_role("button", name="Pause").click()


def watched_while(page: "Page", act: Callable[["Page"], None]) -> dict[str, list[float]]:
    """Do something with the map, and return what the browser told of it."""
    page.evaluate(f"({_WATCH})()")
    act(page)
    page.wait_for_timeout(1500)
    told: dict[str, list[float]] = page.evaluate("() => window.told")
    return told


def fluency_text(name: str, told: dict[str, list[float]]) -> str:
    worst_task, worst_script = (max(told[one], default=0.0) for one in ("tasks", "scripts"))
    times = {one: told[one] or [0.0] for one in ("events", "handlers")}
    p95, p95_handlers = (float(np.percentile(times[one], 95)) for one in times)
    return (
        f"{name}: {len(told['tasks'])} long tasks, worst {worst_task:.0f} ms, worst script "
        f"{worst_script:.0f} ms; {len(told['events'])} events, p95 {p95:.0f} ms to the picture, "
        f"{p95_handlers:.0f} ms in the page"
    )


def open_map(page: "Page", url: str) -> None:
    """Open the map with all events, all of them seen, and wait until it rests."""
    page.goto(f"{url}/#/map")
    page.wait_for_selector(".map-count[data-shown^='500']", timeout=_LOAD_MS)
    page.wait_for_function(
        "() => !document.querySelector('.map-count').textContent.includes('reading')",
        timeout=_LOAD_MS,
    )
    page.wait_for_selector(".map-canvas[data-idle]", timeout=_LOAD_MS)
    page.get_by_role("button", name="Show all").click()
    page.wait_for_timeout(_REST_MS)


ACTS: dict[str, Callable[["Page"], None]] = {
    "pan": _pan_the_map,
    "zoom": _zoom_the_map,
    "filter": _filter_the_events,
    "slider": _move_the_slider,
    "play": _play_the_time,
}
