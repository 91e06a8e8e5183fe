"""How soon the page shows something, and how fluent its map is with 50,000 events.

Run with ``python benchmarks/bench_page.py [first] [map]``, on a machine that does nothing else.

``first``: seconds from the start of ``mainshock monitor --source demo`` until a reader sees records
on its page, and from navigation on while it runs, each time in a browser that knows nothing yet.
``map``: pan, zoom, filter, slider and play with 50,000 made-up events: tasks longer than 50 ms, and
the time from each input to its picture. Chromium draws without a graphics card, in software.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.page import built_page
from mainshock.serve.run import ServiceThread
from mainshock.sources.stations import StationList
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
from many_events import ACTS, N_EVENTS, fluency_text, open_map, stub_events, watched_while

if TYPE_CHECKING:
    from playwright.sync_api import Browser

N_VISITS = 5
LONGEST_S = 120.0
# what of each view a reader came for
VIEWS = {
    "": ".trace-row canvas",
    "map": ".map-canvas[data-idle]",
    "stations": "tr[data-instrument]",
}


@contextmanager
def demo_monitor(folder: Path) -> Iterator[str]:
    """Start the monitor of the demonstration, and yield the address that it tells."""
    program = Path(sys.executable).parent / "mainshock"
    command = [str(program), "monitor", "--source", "demo", "--port", "0", "--no-browser"]
    command += ["--seedlink-port", "-1", "--data-dir", str(folder / "data")]
    said = folder / "said.txt"
    with said.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        end = time.monotonic() + LONGEST_S
        while (found := re.search(r"page at (http\S+)", said.read_text())) is None:
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError(f"the monitor did not start: {said.read_text()}")
            time.sleep(0.02)
        yield found[1].rstrip("/")
    finally:
        process.terminate()
        process.wait(30)


def seconds_to_see(browser: "Browser", url: str, view: str) -> tuple[float, float]:
    """Return when a new reader sees anything, and what the view is for, s after navigation."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/#/{view}", wait_until="commit")
    page.wait_for_selector(VIEWS[view], timeout=1000 * LONGEST_S)
    now_ms = page.evaluate("performance.now()")
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return paint_ms / 1000, now_ms / 1000


def measure_first_view(browser: "Browser", folder: Path) -> None:
    began = time.monotonic()
    with demo_monitor(folder) as url:
        told = time.monotonic() - began
        seconds_to_see(browser, url, "")
        seen = time.monotonic() - began
        print(f"mainshock monitor --source demo: address told after {told:.1f} s,")
        print(f"  records seen after {seen:.1f} s")
        for view in VIEWS:
            times = [seconds_to_see(browser, url, view) for _ in range(N_VISITS)]
            first, whole = ([one[i] for one in times] for i in (0, 1))
            print(
                f"navigation to #/{view:9} first paint {statistics.median(first):.2f} s, "
                f"content {statistics.median(whole):.2f} s (longest {max(whole):.2f} s)"
            )


def measure_map(browser: "Browser", folder: Path, page_folder: Path, names: list[str]) -> None:
    store = LiveStore.open(folder / "many.sqlite")
    settings = ServiceSettings(port=0, page=page_folder)
    context = ServiceContext(store, folder, StationList([]), settings=settings)
    with ServiceThread(context) as service:
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        stub_events(page)
        open_map(page, service.url)
        print(f"{N_EVENTS:,} events on the map")
        for name in names:
            print(fluency_text(f"{name:6}", watched_while(page, ACTS[name])))
        page.close()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=["first", "map"], default=["first", "map"])
    parser.add_argument("--page", type=Path, help="folder of a built page; default: the packaged")
    parser.add_argument("--acts", nargs="+", choices=list(ACTS), default=list(ACTS))
    chosen = parser.parse_args()
    page_folder = chosen.page or built_page()
    executable = shutil.which("chromium")
    if page_folder is None or executable is None:
        print("left out: it needs the built page (`make web`) and Chromium (`make ci-system`)")
        return
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        if "first" in chosen.what:
            measure_first_view(browser, Path(folder))
        if "map" in chosen.what:
            measure_map(browser, Path(folder), page_folder, chosen.acts)
        browser.close()


if __name__ == "__main__":
    main()
