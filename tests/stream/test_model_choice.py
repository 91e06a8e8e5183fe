"""Models are exchanged between steps, chosen from outside, and compared."""

import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from model_copies import copy_picker
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import ModelError, NothingFoundError, SettingsError, SourceError
from mainshock.core.records import Pick
from mainshock.detect.network import NetworkPicker
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime
from mainshock.stream.between_steps import BetweenSteps
from mainshock.stream.messages import read_pick_message
from mainshock.stream.model_choice.agreement import Agreement
from mainshock.stream.model_choice.chosen import ChoiceConflictError, ChoiceStore
from mainshock.stream.model_choice.of_run import open_desk
from mainshock.stream.model_choice.opened import require_fit
from mainshock.stream.model_choice.settings import (
    ModelSettings,
    PickerSpec,
    ShadowSettings,
    read_model_settings,
)
from mainshock.stream.picking.changeable import ChangeablePicking
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parent))
from live_records import waveform_messages

TIME = datetime(2020, 1, 1, tzinfo=UTC)
DEFAULT = ModelSettings()


def told_by(records, change_at=None, other=None):
    """Settled picks, and how far each instrument is settled, in the order told."""
    stage = ChangeablePicking(PickingStage(NetworkPicker()))
    state, told = stage.start(), []
    for first in range(0, len(records), 50):
        if first == change_at:
            stage.change(other)
            state = stage.restore(bytes(stage.snapshot(state)))  # as after a restart
        state, made = stage.step(state, records[first : first + 50])
        told += made
    told += stage.finish(state)[1]
    found = [read_pick_message(one) for one in told]
    latest = {one.pick_id: one for one in found if isinstance(one, LivePick)}
    picks = [one.pick for one in latest.values() if one.kind != "cancel"]
    assert {one.status for one in latest.values()} == {"settled"}
    return picks, [one for one in found if not isinstance(one, LivePick)]


def facts(picks):
    return {(one.station, one.phase, one.time, round(one.probability, 6)) for one in picks}


@pytest.fixture(scope="module")
def records(data_dir):
    root = data_dir / "continuous" / "iceland_dike_20140824" / "sds"
    return waveform_messages(root, ("DYJS",))


def test_a_model_of_other_windows_goes_on_where_the_one_before_ended(records, tmp_path):
    """Before the exchange picks are those of the one alone, well after it those of the other."""
    folder = copy_picker(tmp_path, "other")
    other = NetworkPicker(model_dir=folder, overlap=0.75)
    half = 50 * (len(records) // 100)
    mixed, settled = told_by(records, half, other)
    alone, _ = told_by(records)
    others, _ = told_by(records, 0, other)
    first = min(one.time for one in mixed if one.model == "other")
    last = max(one.time for one in mixed if one.model == "phasenet")
    assert last < first
    assert facts(one for one in alone if one.time < first - timedelta(seconds=1)) == facts(
        one for one in mixed if one.time < first - timedelta(seconds=1)
    )
    later = last + timedelta(seconds=60)
    assert facts(one for one in others if one.time > later) == facts(
        one for one in mixed if one.time > later
    )
    until = [end for _, end, _ in settled]
    assert until == sorted(until)


def test_an_action_is_done_between_steps_or_not_at_all():
    between = BetweenSteps("picking")
    done = []
    between.ask(lambda: done.append("at once"), 1.0)
    between.open()
    with pytest.raises(SourceError, match=r"busy for 0\.01 s"):
        between.ask(lambda: done.append("never"), 0.01)
    asked = threading.Thread(target=between.ask, args=(lambda: done.append("later"), 30.0))
    asked.start()
    while not between.is_asked:
        pass
    between.answer(lambda: done.append("committed"))
    asked.join()
    assert done == ["at once", "committed", "later"]


class OnlyP(NetworkPicker):
    """A picker that tells no S."""

    def annotate(self, waveform):
        curves = super().annotate(waveform)
        return replace(curves, phases=("P",), probability=curves.probability[:1])


def test_a_model_without_s_does_not_fit():
    with pytest.raises(ModelError, match="does not tell S"):
        require_fit(OnlyP(name="only-p"), NetworkPicker())


def test_settings_are_read_and_mistakes_told(tmp_path):
    file = tmp_path / "models.toml"
    file.write_text(
        '[in_use]\nmodel = "phasenet"\np_threshold = 0.4\n[shadow]\nmodel = "./mine"\n',
        encoding="utf-8",
    )
    read = read_model_settings(file)
    assert read.in_use == PickerSpec(model="phasenet", p_threshold=0.4)
    assert read.shadow == ShadowSettings(model=str(tmp_path / "mine"))
    for text, told in (
        ("[in_use]\nmodle = 'x'", "in_use.modle: is no known key"),
        ("[in_use]\nmodel = 'x'\np_threshold = 2", "in_use.p_threshold: .*less than 1"),
        ("[in_use", "is no TOML"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError, match=told):
            read_model_settings(file)
    with pytest.raises(SourceError, match="cannot read"):
        read_model_settings(tmp_path / "none.toml")


def pick(second: float, phase: str = "P", model: str = "a") -> LivePick:
    found = Pick("XX", "A", "", phase, TIME + timedelta(seconds=second), 0.9, 0.1, model)
    return LivePick(f"{model}{phase}{second}", 1, "new", "settled", found, "HH", TIME)


def test_picks_are_compared_once_both_are_settled():
    agreement = Agreement(window_s=3600.0, same_s=0.5)
    zero_ns = ns_from_datetime(TIME)
    agreement.see_record("XX.A..HH", zero_ns - 60 * NANOSECONDS)
    for second, phase in ((-5.0, "P"), (10.0, "P"), (20.0, "S"), (30.0, "P"), (600.0, "P")):
        agreement.see("in_use", pick(second, phase))
    for second, phase in ((10.1, "P"), (10.4, "P"), (20.0, "P"), (30.3, "P")):
        agreement.see("shadow", pick(second, phase, "b"))
    agreement.see("in_use", ("XX.A..HH", zero_ns + 700 * NANOSECONDS, False))
    assert agreement.comparison().start is None  # the shadow may still find what is missing
    agreement.miss_record("XX.A..HH", zero_ns + 590 * NANOSECONDS, zero_ns + 595 * NANOSECONDS)
    agreement.see("shadow", ("XX.A..HH", zero_ns + 700 * NANOSECONDS, False))
    told = agreement.comparison()
    p, s = told.phases["P"], told.phases["S"]
    assert (p.n_both, p.n_in_use_only, p.n_shadow_only) == (2, 0, 2)
    assert (s.n_both, s.n_in_use_only, s.n_shadow_only) == (0, 1, 0)
    assert p.agreement == 0.5
    assert p.residual_mean_s == pytest.approx(0.2)
    assert told.n_left_out == 1  # near the record that the shadow did not see
    assert [(one.whose, one.phase) for one in told.lone] == [
        ("in_use", "S"),
        ("shadow", "P"),
        ("shadow", "P"),
    ]


@pytest.fixture
def models(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    monkeypatch.setenv("MAINSHOCK_MODELS", str(folder))
    copy_picker(folder, "twin")
    copy_picker(folder, "half-rate", sampling_rate_hz=50.0)
    return folder


def test_the_command_line_chooses_and_the_run_takes_over(models, tmp_path):
    run = CliRunner()
    folder = ["--data-dir", str(tmp_path)]
    with LiveStore.open(tmp_path / "mainshock.sqlite") as store:
        before = run.invoke(app, ["models", "promote", "twin", *folder])
        assert isinstance(before.exception, SettingsError)
        assert "no live run has told yet" in str(before.exception)
        desk = open_desk(store, NetworkPicker(), DEFAULT)
        used = []
        desk.serve(lambda action: action(), used.append)
        desk.start()
        try:
            refused = run.invoke(app, ["models", "promote", "half-rate", *folder])
            assert isinstance(refused.exception, ModelError)
            told = run.invoke(app, ["models", "promote", "twin", *folder])
            assert told.output.strip() == "twin is in use, in place of default"
            assert [one.name for one in used] == [desk.in_use.name] == ["twin"]
            back = run.invoke(app, ["models", "rollback", "--json", *folder])
            assert '"taken_over": true' in back.output
            assert desk.in_use.name == "phasenet"
        finally:
            desk.stop()
        alone = run.invoke(app, ["models", "promote", "twin", "--wait", "0", *folder])
        assert "the next one starts with it" in alone.output
        assert open_desk(store, NetworkPicker(), DEFAULT).in_use.name == "twin"


def test_a_chosen_model_that_is_gone_leaves_the_configured_one_and_is_told(models, place):
    with LiveStore.open(place) as store:
        choices = ChoiceStore(store.database)
        with pytest.raises(NothingFoundError):
            open_desk(store, NetworkPicker(), DEFAULT).roll_back("me")
        gone, first = PickerSpec(model="gone"), DEFAULT.in_use
        choices.choose("promote", gone, first, first, "me", after=0)
        with pytest.raises(ChoiceConflictError, match="me chose gone"):
            choices.choose("promote", first, first, first, "you", after=0)
        desk = open_desk(store, NetworkPicker(), DEFAULT)
        assert desk.in_use.name == "phasenet"
        assert desk.problem.startswith("gone was chosen and cannot be used")
        desk.promote("twin", "you")
        assert (desk.problem, desk.state.previous) == ("", first)
        assert choices.current().number == 2
