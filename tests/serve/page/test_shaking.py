"""Maps of shaking on the page: of an event, and of a scenario that a reader asks for."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mainshock.core.records import Magnitude
from mainshock.pipeline.shaking import map_event
from mainshock.serve.run import ServiceThread
from mainshock.shaking import training
from mainshock.stream.records import ShakingVersion

sys.path.insert(0, str(Path(__file__).parents[2] / "shaking"))
from point_source_model import small_model

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)


@pytest.fixture
def service(context, monkeypatch):
    monkeypatch.setattr(training, "open_model", lambda _: small_model())
    with ServiceThread(context) as running:
        yield running


def test_the_map_of_an_event_stands_on_its_page(service, context, case, visit):
    event = replace(case.events[0], magnitude=Magnitude(3.2, "ML", 0.2, 4))
    issued = event.origin.time
    document = map_event(small_model(), event).as_document()
    context.store.save_shaking([ShakingVersion(event.event_id, 1, issued, document)])
    watched = visit(service, f"/#/events/{event.event_id}")
    panel = watched.page.locator("section", has=watched.page.locator("#shaking-title"))
    expect(panel).to_contain_text("Not for design use.")
    expect(panel).to_contain_text("synthetic")
    expect(panel).to_contain_text("model: point-source")
    expect(panel).to_contain_text("over 32 possible sources")
    assert panel.locator(".level").count() >= 3
    panel.get_by_label("Measure").select_option("ln_fas_5hz")
    expect(panel).to_contain_text("(m/s)")
    watched.assert_clean()


def test_of_an_event_without_a_map_the_reason_is_told(service, case, visit):
    watched = visit(service, f"/#/events/{case.events[0].event_id}")
    panel = watched.page.locator("section", has=watched.page.locator("#shaking-title"))
    expect(panel).to_contain_text("There is no map of this event")
    watched.assert_clean()


def test_a_scenario_is_mapped_when_it_is_asked_for(service, visit):
    watched = visit(service, "/#/shaking")
    page = watched.page
    expect(page).to_have_title("Shaking – mainshock")
    page.get_by_label("Longitude (°)").fill("11.6")
    page.get_by_label("Latitude (°)").fill("48.05")
    page.get_by_role("button", name="Map").click()
    told = page.locator(".shaking-map")
    expect(told).to_contain_text("for M 3.5")
    expect(told).to_contain_text("Not for design use.")
    expect(told).to_contain_text("dashed: beyond it the model extrapolates")
    page.get_by_label("Magnitude", exact=True).fill("5.5")
    page.get_by_role("button", name="Map").click()
    expect(told).to_contain_text("for M 5.5")
    watched.assert_clean()
