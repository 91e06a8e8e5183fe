"""The views of the page, and how one is opened in a browser of a test."""

from typing import TYPE_CHECKING

import pytest

from mainshock.pipeline.results import CaseResult

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["VIEWS", "open_view"]

expect = pytest.importorskip("playwright.sync_api").expect

# an address, and what is there once the view stands
VIEWS = (
    ("#/", ".trace-row canvas"),
    ("#/events", "table.cards tr[data-event]"),
    ("#/events/{event}", "[data-table=arrivals]"),
    ("#/forecast", ".chances td"),
    ("#/stations", "tr[data-instrument]"),
    ("#/station/BW.UH3", ".drum[data-loaded=true]"),
    ("#/faults", "input[type=file]"),
    ("#/shaking", "form input[type=number]"),
    ("#/explore", '[data-panel="depths"][data-drawn]'),
    ("#/archive", "#archive-title"),
    ("#/replay", "#replay-title"),
    ("#/models", "tr[data-model]"),
    ("#/map", ".newest button"),
)


def open_view(page: "Page", case: CaseResult, view: tuple[str, str]) -> None:
    """Go to a view, and wait until what it shows is there."""
    address, sign = view
    page.evaluate("hash => { location.hash = hash }", address.format(event=case.events[0].event_id))
    expect(page.locator(sign).first).to_be_visible()
