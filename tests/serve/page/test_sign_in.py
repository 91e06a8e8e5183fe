"""Signing in on the page: the form, what each role is offered, the way out, and what ends it."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe import violations
from pictures import keep_picture

from mainshock.pipeline.results import CaseResult
from mainshock.serve.context import ServiceContext
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.passwords import hash_password
from mainshock.serve.security.permissions import ALL_PERMISSIONS
from mainshock.serve.security.settings import OidcSettings, SecuritySettings
from mainshock.stream.store.accounts import AccountStore

sys.path.insert(0, str(Path(__file__).parents[1] / "security"))
from test_sign_on import SECRET, Provider

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)

PASSWORD = "brown slate under the harbour"  # of tests alone
WEB = Path(__file__).resolve().parents[3] / "web"
# what a browser writes of refusals, which are expected here, and of a live connection that ends
REFUSED = ("401 (Unauthorized)", "404 (Not Found)", "429 (Too Many Requests)", "WebSocket")


@pytest.fixture
def users(context: ServiceContext) -> AccountStore:
    made = AccountStore(context.store.database)
    for role in ("viewer", "seismologist", "admin"):
        made.add_user(role, role, hash_password(PASSWORD, 4))
    return made


@pytest.fixture
def house(context: ServiceContext, users: AccountStore, tmp_path: Path) -> Iterator[ServiceThread]:
    """A service with accounts, which shows the page."""
    settings = replace(
        context.settings,
        accounts=True,
        key_file=tmp_path / "state" / "keys.json",
        security=SecuritySettings(requests_per_minute=1e6, requests_burst=1_000_000),
    )
    with ServiceThread(replace(context, settings=settings)) as running:
        yield running


def fill(page, name, password=PASSWORD):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def sign_in(page, name):
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill(page, name)
    expect(page.get_by_role("group", name="Your account")).to_contain_text(name)


def end_and_accept(page, users):
    """End a sign-in, and ask for something that needs it."""
    accept = page.locator(".review-actions button").first
    users.end_sessions("seismologist")
    with page.expect_response(lambda one: one.url.endswith("/review")) as told:
        accept.evaluate("one => one.click()")  # the form may come first, by the live connection
    assert told.value.status == 401


def test_nothing_is_asked_for_before_the_reader_has_signed_in_by_keyboard(house, visit):
    watched = visit(house, "/#/stations")
    page = watched.page
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    asked, sockets = [], []
    page.on("request", lambda one: asked.append(one.url.removeprefix(house.url)))
    page.on("websocket", lambda one: sockets.append(one.url))
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page).to_have_title("Sign in – mainshock")
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert {one for one in asked if "/api/" in one} == {"/api/v1/me", "/api/v1/sign-in"}
    assert sockets == []
    page.keyboard.type("seismologist")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-instrument]").first).to_be_visible()
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator(".status")).to_contain_text("Page connected")
    assert len(sockets) == 1
    assert page.url.endswith("#/stations")
    expect(page.get_by_role("group", name="Your account")).to_have_text(
        re.compile("seismologist.*Sign out")
    )
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    assert page.evaluate("document.cookie + localStorage.length + sessionStorage.length") == "00"
    watched.assert_clean(allowed=REFUSED)


@pytest.mark.parametrize("name", ["viewer", "seismologist"])
def test_a_role_is_offered_what_it_may_do_and_told_why_not(house, visit, case: CaseResult, name):
    watched = visit(house, f"/#/events/{case.events[0].event_id}")
    page = watched.page
    sign_in(page, name)
    may = name == "seismologist"
    expect(page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_have_count(1 if may else 0)
    refusal = page.locator("[data-refused=analyse]")
    expect(refusal).to_have_count(0 if may else 1)
    if not may:
        expect(refusal).to_contain_text("Your role (viewer) may not change picks")
    for address, permission, button in (
        ("#/shaking", "run", "form button[type=submit]"),
        ("#/faults", "run", "form button[type=submit]"),
        ("#/explore", "run", "input[type=file]"),
    ):
        page.evaluate("hash => { location.hash = hash }", address)
        expect(page.locator(f"[data-refused={permission}]")).to_have_count(0 if may else 1)
        expect(page.locator(button)).to_have_count(1 if may else 0)
    page.evaluate("location.hash = '#/users'")  # by hand: no link leads there
    expect(page.locator("[data-refused=users]")).to_be_visible()
    watched.assert_clean(allowed=REFUSED)


def test_a_wrong_password_is_told_and_too_many_tries_must_wait(house, visit):
    watched = visit(house, "/")
    page = watched.page
    fill(page, "viewer", "wrong")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("The name or the password is wrong")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    assert violations(page) == []
    for _ in range(5):
        with page.expect_response(lambda one: one.url.endswith("/login")):
            page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Sign in")).to_have_attribute(
            "aria-disabled", "false"
        )
    expect(told).to_have_text(re.compile(r"Too many tries\. Wait \d+ s"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("viewer")
    watched.assert_clean(allowed=REFUSED)


def test_signing_out_takes_all_away_and_ends_the_sign_in(house, visit):
    watched = visit(house, "/#/events")
    page = watched.page
    sign_in(page, "viewer")
    expect(page.locator("tr[data-event]").first).to_be_visible()
    kept = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("tr[data-event]")).to_have_count(0)
    assert page.url.endswith("#/events")
    assert page.context.cookies() == []
    page.context.add_cookies(kept)  # a copy of it counts no more
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    watched.assert_clean(allowed=REFUSED)


def test_a_sign_in_that_ends_meanwhile_brings_the_form_and_loses_nothing(
    house, visit, users, case: CaseResult
):
    watched = visit(house, f"/#/events/{case.events[0].event_id}")
    page = watched.page
    sign_in(page, "seismologist")
    page.get_by_label("Comment").fill("two onsets look late")
    address = page.url
    end_and_accept(page, users)
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("seismologist")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Comment")).to_have_value("two onsets look late")
    expect(page.locator(".status")).to_contain_text("Page connected")
    assert page.url == address
    watched.assert_clean(allowed=REFUSED)


def test_another_reader_finds_nothing_of_the_former_one(house, visit, users, case: CaseResult):
    watched = visit(house, f"/#/events/{case.events[0].event_id}")
    page = watched.page
    sign_in(page, "seismologist")
    page.get_by_label("Comment").fill("two onsets look late")
    end_and_accept(page, users)
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    fill(page, "admin")
    expect(page.get_by_role("group", name="Your account")).to_contain_text("administrator")
    expect(page.get_by_label("Comment")).to_have_value("")


def test_a_closed_account_meets_the_form_without_asking_for_anything(house, visit, users):
    page = visit(house, "/").page
    sign_in(page, "viewer")
    expect(page.locator(".status")).to_contain_text("Page connected")
    users.set_active("viewer", is_active=False)
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()  # within five seconds


def test_administrators_see_accounts_and_search_the_audit_log(house, visit):
    watched = visit(house, "/#/users")
    page = watched.page
    sign_in(page, "admin")
    expect(page.locator("tr[data-user]")).to_have_count(3)
    expect(page.locator("tr[data-user=admin]")).to_contain_text("administrator")
    assert violations(page) == []
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("tr[data-line]").first).to_be_visible()
    page.get_by_label("Action").fill("login")
    page.get_by_label("Outcome").select_option("done")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tr[data-line]")).to_have_count(1)
    expect(page.locator("tr[data-line]")).to_contain_text("admin")
    keep_picture(page, "audit")
    page.get_by_label("Who").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No line fits.")).to_be_visible()
    assert violations(page) == []
    watched.assert_clean(allowed=REFUSED)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "language"), [(390, "de"), (1440, "es")])
def test_the_form_breaks_no_rule_of_accessibility(house, visit, scheme, width, language):
    watched = visit(house, f"/?lang={language}", width=width, scheme=scheme)
    page = watched.page
    expect(page.locator("input[name=name]")).to_be_focused()
    found = violations(page)
    assert not found, json.dumps(found, indent=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    watched.assert_clean(allowed=REFUSED)


def test_a_service_without_accounts_shows_its_page_as_ever(service, visit, case: CaseResult):
    watched = visit(service, f"/#/events/{case.events[0].event_id}")
    page = watched.page
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    expect(page.locator(".account")).to_have_count(0)
    expect(page.locator("[data-refused]")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    watched.assert_clean()


def test_the_token_of_a_service_opens_its_page_as_ever(
    make_context: Callable[..., ServiceContext], visit
):
    with ServiceThread(make_context(token="of-this-test-alone")) as running:
        watched = visit(running, "/?token=of-this-test-alone#/stations")
        expect(watched.page.locator("tr[data-instrument]").first).to_be_visible()
        expect(watched.page.locator(".account")).to_have_count(0)
        watched.assert_clean()


def test_the_page_knows_every_permission_of_the_service():
    text = (WEB / "src" / "messages" / "en" / "account.ts").read_text(encoding="utf-8")
    rights = re.search(r"rights: \{(.*?)\n  \}", text, re.DOTALL)
    assert rights is not None
    named = set(re.findall(r'^    "?([\w.]+)"?: ', rights[1], re.MULTILINE))
    assert named == ALL_PERMISSIONS


def test_a_reader_goes_to_the_provider_and_comes_back_to_the_address(
    context: ServiceContext, tmp_path: Path, visit
):
    provider, secret = Provider(), tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    oidc = OidcSettings(
        issuer=provider.issuer,
        client_id="mainshock",
        client_secret=f"file:{secret}",
        roles={"analysts": "seismologist"},
    )
    settings = replace(
        context.settings,
        accounts=True,
        key_file=tmp_path / "state" / "keys.json",
        security=SecuritySettings(oidc=oidc),
    )
    with ServiceThread(replace(context, settings=settings)) as running:
        page = visit(running, "/#/stations").page
        page.get_by_role("button", name="Sign in at your organisation").click()
        expect(page.get_by_role("group", name="Your account")).to_contain_text("seismologist")
        expect(page.locator("tr[data-instrument]").first).to_be_visible()
        assert page.url.endswith("#/stations")
    provider.server.shutdown()
    provider.server.server_close()
