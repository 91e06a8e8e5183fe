"""Each view looks as it did when somebody last looked at it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from looks import changed_share, tiles_of

sys.path.insert(0, str(Path(__file__).parent))
from all_views import VIEWS, open_view

LOOKS = Path(__file__).parent / "looks"
MOST_CHANGED = 0.04
MAPS_REST = """() => [...document.querySelectorAll('.maplibregl-map')].every(
  one => one.dataset.idle)"""
SCREENS = ((1440, "light"), (390, "dark"))


def name_of(address):
    """Return what a view's picture is called: the words of its address."""
    words = [part for part in address.strip("#/").split("/") if part]
    return "-".join(words).replace("{event}", "one") or "live"


def still_tiles(page):
    """Return the tiles of the top of the page, once they are the same for half a second."""
    page.evaluate("document.fonts.ready")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(MAPS_REST)
    last = tiles_of(page)
    for _ in range(20):
        page.wait_for_timeout(500)
        tiles, last = last, tiles_of(page)
        if np.array_equal(tiles, last):
            break
    return last


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_views_look_as_they_did(told, visit, case, width, scheme):
    page = visit(told, "/", width=width, scheme=scheme).page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    changed = {}
    for view in reversed(VIEWS):  # the map takes longest, and is asked for first
        open_view(page, case, view)
        kept = LOOKS / f"{name_of(view[0])}-{width}-{scheme}.png"
        changed[kept.name] = round(changed_share(still_tiles(page), kept), 3)
    assert {name: share for name, share in changed.items() if share > MOST_CHANGED} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "document.querySelector('header').remove()",
        "document.querySelector('main table').remove()",
        "document.body.style.background = document.body.style.color = '#555'",
    ],
    ids=["without its head", "without its table", "in other colours"],
)
def test_a_view_that_lost_something_is_found(told, visit, case, fault):
    view = next(view for view in VIEWS if view[0] == "#/stations")
    page = visit(told, "/", width=1440).page
    open_view(page, case, view)
    page.evaluate(fault)
    assert changed_share(still_tiles(page), LOOKS / "stations-1440-light.png") > MOST_CHANGED
