"""Models are listed with their cards and scores, which one counts is told, and can be changed."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe import violations
from model_copies import copy_picker
from pictures import keep_picture

from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.results import CaseResult
from mainshock.serve.context import ServiceContext
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.passwords import hash_password
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.model_choice.of_run import RunModels
from mainshock.stream.model_choice.settings import ModelSettings, PickerSpec, ShadowSettings
from mainshock.stream.records import LivePick
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditQuery, AuditStore

sys.path.insert(0, str(Path(__file__).parent))
from test_sign_in import PASSWORD, REFUSED, sign_in

expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=20_000)


@pytest.fixture
def serving(
    context: ServiceContext, case: CaseResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ServiceContext:
    """A context with a model in use and another one beside it, whose picks were compared."""
    store = tmp_path / "models"
    monkeypatch.setenv("MAINSHOCK_MODELS", str(store))
    copy_picker(store, "twin")
    copy_picker(store, "half-rate", sampling_rate_hz=50.0)
    settings = ModelSettings(
        in_use=PickerSpec(model="default"), shadow=ShadowSettings(model="twin")
    )
    models = RunModels.open(
        context.store,
        NetworkPicker(),
        settings,
        tmp_path / "shadow.sqlite",
        is_live=False,
        is_synthetic=False,
    )
    compare(models, case)
    return replace(context, models=models)


def compare(models: RunModels, case: CaseResult) -> None:
    """Have the picks of the case compared with the same ones 20 ms later, but for the last one."""
    agreement = models.shadow.agreement
    issued = case.picks[0].time
    for waveform in case.waveforms:
        agreement.see_record(waveform.trace_id, ns_from_datetime(waveform.start) - 10**12)
    instruments = {f"{one.network}.{one.station}": one.instrument for one in case.waveforms}
    for number, pick in enumerate(case.picks):
        band = instruments[pick.station_code]
        told = LivePick(f"p{number}", 1, "new", "settled", pick, band, issued)
        agreement.see("in_use", told)
        if number < len(case.picks) - 1:
            later = replace(pick, time=pick.time + timedelta(milliseconds=20), model="twin")
            agreement.see("shadow", replace(told, pick=later))
    for waveform in case.waveforms:
        for side in ("in_use", "shadow"):
            end_ns = ns_from_datetime(waveform.end) + 10**12
            agreement.see(side, (waveform.trace_id, end_ns, True))


@pytest.fixture
def house(serving: ServiceContext, tmp_path: Path) -> Iterator[ServiceThread]:
    """A service with accounts and models."""
    users = AccountStore(serving.store.database)
    for role in ("viewer", "ml-engineer"):
        users.add_user(role, role, hash_password(PASSWORD, 4))
    settings = replace(serving.settings, accounts=True, key_file=tmp_path / "state" / "keys.json")
    with ServiceThread(replace(serving, settings=settings)) as running:
        yield running


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
        expect(page.locator("#promote-why")).to_contain_text("mainshock models promote NAME")
        page.get_by_label("Only scores that both have").uncheck()
        expect(page.locator("[data-score]").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        watched.assert_clean()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_a_model_is_promoted_and_rolled_back_after_a_question(
    serving: ServiceContext, visit: Callable[..., object], scheme: str, width: int
):
    with ServiceThread(serving) as service:
        watched = visit(service, "/#/models/twin", scheme=scheme, width=width)
        page = watched.page
        expect(page.locator('[data-in-use="phasenet"]')).to_contain_text("In use: phasenet 2.0")
        expect(page.locator('[data-phase="P"]')).to_contain_text("0.020 ± 0.000")
        page.get_by_role("button", name="Promote twin").click()
        question = page.get_by_role("group", name="Promote twin")
        expect(question).to_contain_text("Use twin in place of phasenet?")
        assert violations(page) == []
        keep_picture(page, f"promote-{width}-{scheme}")
        question.get_by_role("button", name="Cancel").click()
        assert serving.models.picker.name == "phasenet"
        page.get_by_role("button", name="Promote twin").click()
        page.get_by_role("button", name="Yes, use it").click()
        expect(page.locator('[data-in-use="twin"]')).to_contain_text("Chosen by local")
        expect(page.locator('tr[data-model="twin"]')).to_contain_text("in use")
        assert serving.models.picker.name == "twin"
        page.get_by_role("button", name="Roll back to default").click()
        page.get_by_role("button", name="Yes, use it").click()
        expect(page.locator('[data-in-use="phasenet"]')).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        watched.assert_clean()
    rows = AuditStore(serving.store.database).rows(AuditQuery())
    assert [one.action for one in rows[:2]] == ["models.rollback", "models.promote"]


def test_a_model_that_does_not_fit_is_told_on_the_page(serving: ServiceContext, visit):
    with ServiceThread(serving) as service:
        watched = visit(service, "/#/models/half-rate")
        page = watched.page
        page.get_by_role("button", name="Promote half-rate").click()
        page.get_by_role("button", name="Yes, use it").click()
        expect(page.get_by_role("alert")).to_contain_text("50 samples a second")
        expect(page.locator('[data-in-use="phasenet"]')).to_be_visible()
        watched.assert_clean(["409 (Conflict)"])


def test_only_who_may_is_offered_to_promote(house: ServiceThread, visit):
    for name, times in (("viewer", 0), ("ml-engineer", 1)):
        watched = visit(house, "/#/models/twin")
        sign_in(watched.page, name)
        expect(watched.page.locator('[data-in-use="phasenet"]')).to_be_visible()
        expect(watched.page.get_by_role("button", name="Promote twin")).to_have_count(times)
        watched.assert_clean(REFUSED)
