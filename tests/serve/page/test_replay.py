"""A past hour is replayed from the page, steered, watched, and compared with what was stored."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from axe import violations
from pictures import keep_picture

from mainshock.serve.run import ServiceThread

sys.path.insert(0, str(Path(__file__).parents[1]))
from replay_demo import demo_parts, write_demo_archive

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)
AT_LENGTH_MS = 90_000


@pytest.fixture
def replaying(context, tmp_path):
    root = tmp_path / "records" / "sds"
    write_demo_archive(root)
    made = replace(context, archive=root, replay_parts=demo_parts(context.stations))
    with ServiceThread(made) as running:
        yield running


def start(page, speed, begin="2010-05-27T16:24:00"):
    expect(page.get_by_label("From (UTC)")).not_to_have_value("")  # the newest records
    page.get_by_label("From (UTC)").fill(begin)
    page.get_by_label("Minutes").fill("5")
    page.get_by_label("Speed").select_option(speed)
    page.get_by_role("button", name="Start the replay").click()
    expect(page.locator("[data-replay]").first).to_be_visible()


def test_a_past_hour_is_replayed_and_compared(replaying, visit, context):
    before = context.store.count_events()
    watched = visit(replaying, "/#/replay")
    page = watched.page
    start(page, "0")
    run = page.locator(".replay-run")
    expect(run).to_have_attribute("data-state", "ended", timeout=AT_LENGTH_MS)
    expect(run.locator(".badge.replay").first).to_have_text("REPLAY")
    expect(page.locator('[data-pair="both"]').first).to_contain_text("km apart")
    expect(page.locator(".replay-row canvas").first).to_be_visible()
    assert context.store.count_events() == before
    keep_picture(page, "replay")
    assert violations(page) == []
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("[data-replay]")).to_have_count(0)
    watched.assert_clean()


def test_a_replay_is_paused_by_key_and_stopped(replaying, visit):
    watched = visit(replaying, "/#/replay", scheme="dark", width=390)
    page = watched.page
    start(page, "5")
    run = page.locator(".replay-run")
    expect(run).to_have_attribute("data-state", "running")
    page.locator("#content").focus()
    page.keyboard.press("k")
    expect(run).to_have_attribute("data-state", "paused")
    page.get_by_role("button", name="Go on").click()
    expect(run).to_have_attribute("data-state", "running")
    page.get_by_role("button", name="Stop").click()
    expect(run).to_have_attribute("data-state", "stopped", timeout=AT_LENGTH_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    watched.assert_clean()


def test_a_service_that_cannot_replay_says_why(service, visit):
    watched = visit(service, "/#/replay")
    expect(watched.page.locator(".warning")).to_contain_text("mainshock monitor")
    expect(watched.page.get_by_role("button", name="Start the replay")).to_have_count(0)
    watched.assert_clean()
