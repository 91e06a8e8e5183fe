"""Whoever reads the page, in whichever theme, language and width, can read and use all of it."""

import gzip
import json
import re
import sys
from pathlib import Path

import pytest
from axe import violations

sys.path.insert(0, str(Path(__file__).parent))
from all_views import VIEWS, open_view

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

SHIPPED_BYTES = 600_000
WIDTHS = (390, 820, 1440)
OUTLINE = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const name = one.outerHTML.slice(0, 120);
  return [name, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_view_breaks_a_rule_of_accessibility(told, visit, case, scheme, width):
    watched = visit(told, "/", width=width, scheme=scheme)
    page = watched.page
    found = {}
    for view in VIEWS:
        open_view(page, case, view)
        found[view[0]] = violations(page)
    broken = {address: told for address, told in found.items() if told}
    assert not broken, json.dumps(broken, indent=1)
    watched.assert_clean()


def test_axe_finds_what_is_wrong(told, visit):
    page = visit(told, "/#/stations").page
    page.locator("main h2").first.wait_for()
    page.evaluate(
        "document.querySelector('main').append(document.createElement('input')); "
        "document.querySelector('h1').style.color = 'rgb(23, 54, 90)'"
    )
    assert {"label", "color-contrast"} <= {rule for rule, _ in violations(page)}


def test_help_lists_the_keys_and_breaks_no_rule(told, visit):
    watched = visit(told, "/#/events")
    page = watched.page
    page.locator("#content").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Go to Stations")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#content")).to_be_focused()
    page.get_by_role("button", name="Keyboard help").click()
    expect(dialog).to_be_visible()
    watched.assert_clean()


def test_keys_lead_to_views_but_not_from_a_field_or_when_turned_off(told, visit):
    watched = visit(told, "/")
    page = watched.page
    find = page.get_by_label("Find")
    find.press_sequentially("gs")
    expect(find).to_have_value("gs")
    expect(page).to_have_title("Live – mainshock")
    find.fill("")
    expect(page.locator(".trace-row").first).to_contain_text("counts")
    page.locator("#content").focus()
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.keyboard.type("gs")
    expect(page).to_have_title("Stations – mainshock")
    page.keyboard.press("?")
    page.get_by_label("Shortcuts by keys are on").uncheck()
    page.keyboard.press("Escape")
    page.locator("#content").focus()
    page.keyboard.type("ge")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_title("Stations – mainshock")
    watched.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_wherever_it_goes(told, visit, case, scheme):
    page = visit(told, "/", scheme=scheme).page
    for view in VIEWS[:2]:
        open_view(page, case, view)
        page.evaluate("document.activeElement.blur()")
        seen = []
        for _ in range(20):
            page.keyboard.press("Tab")
            seen.append(page.evaluate(OUTLINE))
            if seen[-1][0].startswith("<body"):  # past the last one, the focus leaves the page
                seen.pop()
                break
        assert [name for name, has_outline in seen if not has_outline] == []
        assert len({name for name, _ in seen}) > 6  # it does not stay in one place


def test_the_head_is_reached_in_the_order_it_is_read(told, visit):
    page = visit(told, "/#/stations").page
    expect(page.locator("tr[data-instrument]").first).to_be_visible()
    names = []
    for _ in range(17):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    links = ["Live", "Events", "Map", "Forecast", "Stations", "Faults", "Explore", "Archive"]
    links += ["Replay", "Models", "Shaking"]
    assert names[0] == "Skip to the content"
    assert names[1:12] == links
    assert names[12:15] == ["English", "Español", "Deutsch"]
    assert names[16] == "?"


@pytest.mark.parametrize(
    ("language", "name", "title", "land"),
    [
        ("es", "Español", "Sismos – mainshock", "Mapa base"),
        ("de", "Deutsch", "Erdbeben – mainshock", "Grundkarte"),
    ],
)
def test_a_language_is_chosen_kept_and_told_to_readers_aloud(
    told, visit, language, name, title, land
):
    watched = visit(told, "/#/events", width=390)
    page = watched.page
    expect(page).to_have_title("Events – mainshock")
    page.get_by_role("button", name=name).click()
    expect(page).to_have_title(title)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("main")).to_contain_text(land)
    page.reload()
    expect(page).to_have_title(title)
    assert violations(page) == []
    page.goto(f"{told.url}/?lang=en#/events")
    expect(page).to_have_title("Events – mainshock")
    page.get_by_role("button", name=name).click()  # the choice goes before the address
    expect(page).to_have_title(title)
    watched.assert_clean()


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_words_of_a_language_fit_narrow_screens(told, visit, case, language):
    watched = visit(told, f"/?lang={language}", width=390)
    for view in VIEWS:
        open_view(watched.page, case, view)
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390, view
    watched.assert_clean()


def test_the_theme_is_chosen_kept_and_changes_without_reloading(told, visit):
    watched = visit(told, "/", scheme="light")
    page = watched.page
    ground = "getComputedStyle(document.body).backgroundColor"
    curve = """() => {
      const canvas = document.querySelector(".trace-row canvas");
      const data = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const is = (r, g, b) => { for (let i = 0; i < (data?.length ?? 0); i += 4)
        if (Math.hypot(data[i] - r, data[i + 1] - g, data[i + 2] - b) < 8) return true;
        return false; };
      return [is(0, 114, 178), is(86, 180, 233)];
    }"""
    page.wait_for_function(f"() => ({curve})()[0]")
    light = page.evaluate(ground)
    page.evaluate("window.isSamePage = true")
    page.get_by_label("Colours", exact=True).select_option("dark")
    page.wait_for_function(f"() => ({curve})()[1] && !({curve})()[0]")
    assert page.evaluate(ground) != light
    assert page.evaluate("window.isSamePage")
    page.reload()
    expect(page.get_by_label("Colours", exact=True)).to_have_value("dark")
    assert page.evaluate(ground) != light
    page.get_by_label("Colours", exact=True).select_option("auto")
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
    watched.assert_clean(allowed=["Canvas2D: Multiple readback"])  # what this test reads


def test_what_is_known_stays_readable_when_the_service_is_gone(told, visit, case):
    watched = visit(told, "/")
    page = watched.page
    expect(page.locator(".map-canvas[data-idle]")).to_be_visible()
    expect(page.locator(".latest li")).to_have_count(2)
    page.wait_for_load_state("networkidle")
    told.stop()
    for address, sign in VIEWS:
        if address in ("#/events", "#/stations", "#/faults", "#/shaking"):
            open_view(page, case, (address, sign))
    expect(page.locator(".status")).to_contain_text("Connection lost")
    watched.assert_clean(allowed=["WebSocket", "ERR_CONNECTION_REFUSED"])


def test_the_policy_allows_no_script_or_style_inside_the_page(told, visit):
    page = visit(told, "/").page
    answer = page.request.get(f"{told.url}/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    text = answer.text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    ran = page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
        " document.head.append(one); return window.ran === 1; }"
    )
    assert not ran


def test_what_the_page_ships_is_small(page_folder):
    shipped = [one for one in (page_folder / "assets").iterdir() if one.suffix in (".js", ".css")]
    sizes = {one.name: len(gzip.compress(one.read_bytes())) for one in shipped}
    assert sum(sizes.values()) <= SHIPPED_BYTES, sizes  # the base map, a JSON, is apart
