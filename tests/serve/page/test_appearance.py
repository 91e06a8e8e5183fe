"""Each view looks as it did when somebody last looked at it."""

import sys
from pathlib import Path

import pytest
from looks import changed_share, tiles_of

sys.path.insert(0, str(Path(__file__).parent))
from all_views import VIEWS, open_view

LOOKS = Path(__file__).parent / "looks"
MOST_CHANGED = 0.04
SCREENS = ((1440, "light"), (1440, "dark"), (390, "light"))


def name_of(address):
    """Return what a view's picture is called: the words of its address."""
    words = [part for part in address.strip("#/").split("/") if part]
    return "-".join(words).replace("{event}", "one") or "live"


def still(page):
    """Wait until fonts are there and nothing changes the page for a moment."""
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    page.evaluate("() => new Promise(go => requestIdleCallback(() => go(), {timeout: 2000}))")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_views_look_as_they_did(told, visit, case, width, scheme):
    page = visit(told, "/", width=width, scheme=scheme).page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    changed = {}
    for view in VIEWS:
        open_view(page, case, view)
        still(page)
        kept = LOOKS / f"{name_of(view[0])}-{width}-{scheme}.png"
        changed[kept.name] = round(changed_share(tiles_of(page), kept), 3)
    assert max(changed.values()) <= MOST_CHANGED, changed


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "document.querySelectorAll('style, link[rel=stylesheet]').forEach(one => one.remove())",
        "document.querySelector('main table').remove()",
        "document.body.style.background = document.body.style.color = '#555'",
    ],
    ids=["without style", "without its table", "in other colours"],
)
def test_a_view_that_lost_something_is_found(told, visit, case, fault):
    view = next(view for view in VIEWS if view[0] == "#/stations")
    page = visit(told, "/", width=1440).page
    open_view(page, case, view)
    page.evaluate(fault)
    still(page)
    assert changed_share(tiles_of(page), LOOKS / "stations-1440-light.png") > MOST_CHANGED
