"""The megathrust layer of the page: off at first, with its caveats when shown, and in an event."""

import numpy as np
import pytest

from mainshock.megathrust.assessment import SegmentAssessment, caveats
from mainshock.serve.routes import megathrust
from mainshock.serve.run import ServiceThread

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)


@pytest.fixture
def service(context, case, monkeypatch):
    """A service to which made-up segments near the real events are those that ship."""
    origin = case.events[0].origin
    longitudes = origin.longitude + np.linspace(-0.5, 0.5, 3)
    made_up = tuple(
        SegmentAssessment("mad", n, 0.1 + 0.4 * n, n // 2, (0, 1), 0.3 + 0.3 * n, float(longitude),
                          origin.latitude + 0.05, 90.0, 1.0 if n else 8.3)
        for n, longitude in enumerate(longitudes)
    )  # fmt: skip
    monkeypatch.setattr(megathrust, "packaged_assessments", lambda: made_up)
    monkeypatch.setattr(megathrust, "packaged_caveats", caveats)
    with ServiceThread(context) as running:
        yield running


def test_the_layer_is_off_until_asked_for_and_shows_its_caveats(service, visit):
    watched = visit(service, "/#/events")
    page = watched.page
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    box = page.get_by_role("checkbox", name="Megathrust segments")
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    expect(box).not_to_be_checked()
    assert not any("megathrust" in url for url in asked)
    box.check()
    legend = page.locator(".segment-legend")
    expect(legend).to_contain_text("not a forecast")
    expect(legend).to_contain_text("Leave-one-region-out")
    expect(legend).to_contain_text("fainter: less like what the model learned from")
    box.uncheck()
    expect(legend).not_to_contain_text("not a forecast")
    watched.assert_clean()


def test_an_event_tells_the_nearest_segment(service, visit, case):
    watched = visit(service, f"/#/events/{case.events[0].event_id}")
    panel = watched.page.locator("section[aria-labelledby=context-title]")
    expect(panel).to_contain_text("mad 1")
    expect(panel).to_contain_text("0.50")
    expect(panel).to_contain_text("below M 8.0 or M 8.0 or more")
    expect(panel).to_contain_text("not a forecast")
    expect(panel).to_contain_text("plate interface")
    watched.assert_clean()
