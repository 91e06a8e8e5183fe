"""The megathrust layer: off at first, with its caveats, and why a segment is classed as it is."""

from dataclasses import replace

import httpx
import numpy as np
import pytest
from axe import violations
from pictures import keep_picture

from mainshock.megathrust.assessment import SegmentAssessment, caveats, packaged_assessments
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


@pytest.fixture
def andean(context, case, version_of, monkeypatch):
    """A service with one packaged segment off Chile, and an event near it."""
    one = next(
        found for found in packaged_assessments() if (found.region, found.index) == ("sam", 40)
    )
    monkeypatch.setattr(megathrust, "packaged_assessments", lambda: (one,))
    event = case.events[0]
    place = replace(event.origin, longitude=one.longitude + 0.5, latitude=one.latitude)
    context.store.save_events([version_of(replace(event, origin=place), 3, kind="update")])
    with ServiceThread(context) as running:
        yield running


def reasons_of(service):
    told = httpx.get(f"{service.url}/api/v1/megathrust/segments/sam/40/explanation").json()["data"]
    return {one["name"]: one["relevance"] for one in told["features"]}, told


def check_picture(holder, service):
    """Compare a picture with what the service tells."""
    relevance, told = reasons_of(service)
    picture = holder.get_by_role("img", name="Relevance of features at sam 40")
    expect(picture).to_be_visible()
    shown = picture.locator("[data-bar]").evaluate_all("all => all.map(one => one.dataset.bar)")
    assert shown == [*list(relevance)[:8], "others", "bias"]
    assert picture.locator(".whisker").count() == 8
    for name in shown[:8]:
        side = "speaks-for" if relevance[name] > 0 else "speaks-against"
        assert picture.locator(f"[data-bar={name}] .{side}").count() == 1
    lean = f"{told['n_for']} of {told['n_networks']} networks lean towards M 8.0"
    expect(holder).to_contain_text(lean)
    expect(holder).to_contain_text(f"rank correlation of {told['rank_correlation']:.2f}")
    expect(holder).to_contain_text("reasons of the networks, not of the Earth")
    holder.get_by_text("All 24 features as a table").click()
    rows = holder.locator(".reasons tbody tr")
    expect(rows).to_have_count(24)
    expect(rows.first).to_be_visible()
    holder.get_by_text("All 24 features as a table").click()


def test_a_click_on_a_segment_shows_what_speaks_for_and_against(andean, visit):
    watched = visit(andean, "/#/map")
    page = watched.page
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    layer = page.get_by_role("group", name="Megathrust segments")
    layer.get_by_role("checkbox").check()
    page.locator(".map-canvas").evaluate("one => one.removeAttribute('data-idle')")
    layer.get_by_role("button", name="Show whole layer").click()
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    page.locator(".map-canvas").click()  # in its middle, where the only segment lies
    expect(page.locator(".segment-popup")).to_contain_text("not a forecast")
    page.locator(".segment-popup").get_by_role("button", name="Why?").click()
    heading = layer.get_by_role("heading", name="Segment sam 40")
    expect(heading).to_be_focused()
    _, told = reasons_of(andean)
    expect(layer.locator(".facts")).to_contain_text(f"{told['probability']:.2f}")
    check_picture(layer, andean)
    keep_picture(page, "segment-map")
    watched.assert_clean()


def test_a_segment_is_chosen_and_explained_by_keys_alone(andean, visit):
    watched = visit(andean, "/#/events")
    page = watched.page
    page.get_by_role("checkbox", name="Megathrust segments").press("Space")
    choice = page.get_by_label("Why? Segment")
    choice.focus()
    page.keyboard.press("s")
    expect(choice).to_have_value("sam 40")
    check_picture(page.locator(".segment-legend"), andean)
    watched.assert_clean()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "What speaks for and against M 8.0"),
        ("es", "Qué habla a favor y en contra de M 8.0"),
        ("de", "Was für und was gegen M 8.0 spricht"),
    ],
)
def test_an_event_tells_the_reasons_of_its_segment_in_each_language(
    andean, visit, case, language, words
):
    address = f"/?lang={language}#/events/{case.events[0].event_id}"
    watched = visit(andean, address, width=390, height=1200)
    panel = watched.page.locator("section[aria-labelledby=context-title]")
    expect(panel.get_by_role("heading", name=words)).to_be_visible()
    expect(panel.locator(".relevance")).to_be_visible()
    expect(panel).to_contain_text("sam 40")
    if language == "en":
        check_picture(panel, andean)
    assert violations(watched.page) == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
    keep_picture(panel, f"context-{language}")
    watched.assert_clean()


@pytest.mark.parametrize(("width", "scheme"), [(1360, "dark"), (390, "light")])
def test_the_reasons_on_the_map_break_no_rule_of_accessibility(andean, visit, width, scheme):
    watched = visit(andean, "/#/map", width=width, scheme=scheme)
    page = watched.page
    layer = page.get_by_role("group", name="Megathrust segments")
    layer.get_by_role("checkbox").check()
    layer.get_by_label("Why? Segment").select_option("sam 40")
    expect(layer.locator(".relevance")).to_be_visible()
    layer.get_by_text("All 24 features as a table").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(page, f"segment-map-{width}-{scheme}")
    watched.assert_clean()


def test_an_event_far_from_all_segments_says_so_with_the_distance(context, visit, case):
    with ServiceThread(context) as running:  # near Munich, with the segments that ship
        watched = visit(running, f"/#/events/{case.events[0].event_id}")
        panel = watched.page.locator("section[aria-labelledby=context-title]")
        expect(panel).to_contain_text("No assessed megathrust segment lies within 300 km")
        expect(panel.locator(".relevance")).to_have_count(0)
        watched.assert_clean()


def test_a_segment_that_was_not_explained_says_so(service, visit, case):
    watched = visit(service, f"/#/events/{case.events[0].event_id}")
    panel = watched.page.locator("section[aria-labelledby=context-title]")
    expect(panel).to_contain_text("This segment was not explained.")
    watched.assert_clean()
