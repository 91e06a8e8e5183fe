"""Models are listed with their cards and scores, and which of them serves is told."""

import pytest
from axe import violations

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)


def test_models_are_listed_compared_and_their_cards_read(service, visit):
    for scheme, width in (("light", 1360), ("dark", 390)):
        watched = visit(service, "/#/models", scheme=scheme, width=width)
        page = watched.page
        row = page.locator('tr[data-model="phasenet"]')
        expect(row).to_contain_text("picker of the name default")
        page.get_by_role("link", name="Card of phasenet", exact=True).click()
        expect(page.get_by_role("heading", name="Purpose")).to_be_visible()
        expect(page.locator(".model-card table").first).to_be_visible()
        expect(page.get_by_role("button", name="Promote")).to_be_disabled()
        expect(page.locator("#promote-why")).to_contain_text("mainshock monitor --model NAME")
        page.get_by_label("Only scores that both have").uncheck()
        expect(page.locator("[data-score]").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        watched.assert_clean()
