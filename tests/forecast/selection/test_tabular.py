"""A selection learns from earlier rows, is judged by later ones, and finds what is there."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.selection.tabular import TabularSettings, select_on_table
from mainshock.forecast.selection.tabular_scores import row_scores
from mainshock.forecast.selection.user_table import prepare_table

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_table, selected


@pytest.fixture(scope="module")
def selection():
    return selected()


def log_score(selection, said) -> float:
    target = selection.table.target[selection.split.judged]
    return float(row_scores(said, target, selection.table.task)["log_score"].mean())


def test_what_can_be_known_is_found(selection):
    dummy = next(one for one in selection.outcomes if one.name == "dummy")
    assert selection.chosen.name == "linear"  # the table was made by such a law
    assert log_score(selection, selection.chosen.said) < log_score(selection, dummy.said) - 0.03
    for one in selection.baselines.values():
        assert log_score(selection, selection.chosen.said) < log_score(selection, one.judged)


def test_the_series_own_past_is_a_baseline_and_a_feature(selection):
    assert set(selection.baselines) == {"persistence", "climatology"}
    assert "past of cell" in selection.model.encoding.names()


@pytest.mark.parametrize("target", ["target_any_3d", "target_n_3d"])
def test_editing_judged_rows_changes_neither_choice_nor_model(target):
    frame = made_table(250)
    last = frame["time"] >= "2001-07-15"
    edited = frame.copy()
    edited.loc[last, "level"] = 40.0
    edited.loc[last, target] = 1 - edited.loc[last, target].clip(0, 1)
    given = {
        "test_start": float(
            (np.datetime64("2001-07-15") - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
        )
    }
    first, second = (selected(target, one, models=("linear",), **given) for one in (frame, edited))
    assert [one.options for one in first.outcomes] == [one.options for one in second.outcomes]
    assert [one.validation for one in first.outcomes] == [one.validation for one in second.outcomes]
    rows = frame.iloc[:200]
    assert np.array_equal(first.model.said(rows), second.model.said(rows))


def test_the_gap_keeps_rows_whose_targets_were_not_known(selection):
    table, split = selection.table, selection.split
    assert split.n_gap == 6  # two more days of three cells
    assert table.time[split.learnt].max() + 3.0 <= table.time[split.judged].min()
    assert selection.model.trained_until == table.time[split.learnt].max()


def test_a_disguised_target_is_warned_of():
    frame = made_table(250)
    frame["code"] = 5.0 - 3.0 * frame["target_any_3d"]
    found = selected(frame=frame, models=("linear",), n_trials=1)
    assert set(found.leakage) == {"code"}
    assert any("'code' alone explains" in one for one in found.warnings)


def test_noise_is_not_taken_for_knowledge(rng):
    frame = made_table(250)[["time", "cell", "noise", "target_any_3d"]]
    frame["target_any_3d"] = (rng.random(len(frame)) < 0.2).astype(int)
    found = selected(frame=frame)
    dummy = next(one for one in found.outcomes if one.name == "dummy")
    gain = log_score(found, dummy.said) - log_score(found, found.chosen.said)
    assert gain < 0.01


def test_counts_and_values_have_a_spread():
    counts = selected("target_n_3d", models=("linear",), n_trials=1)
    assert counts.table.task == "count"
    assert counts.chosen.model.spread.dispersion >= 0.0
    values = selected("target_log_3d", models=("linear",), n_trials=1)
    assert values.table.task == "regress"
    assert values.chosen.model.spread.low < 0 < values.chosen.model.spread.high


def test_three_classes_are_selected_among():
    frame = made_table(250)
    frame["target_kind"] = np.array(["none", "one", "more"])[frame["target_n_3d"].clip(0, 2)]
    found = selected("target_kind", frame, models=("linear", "forest"), n_trials=1)
    assert found.table.classes == ("more", "none", "one")
    np.testing.assert_allclose(found.chosen.said.sum(axis=1), 1.0)
    dummy = next(one for one in found.outcomes if one.name == "dummy")
    assert log_score(found, found.chosen.said) < log_score(found, dummy.said)


def test_the_same_seed_gives_the_same_selection(selection):
    again = selected()
    assert again.chosen.options == selection.chosen.options
    assert np.array_equal(again.chosen.said, selection.chosen.said)


def test_refitting_uses_all_rows():
    found = selected(models=("linear",), n_trials=1, is_refitted=True)
    assert found.model.trained_until == found.table.time.max()
    assert found.chosen.model.trained_until < found.table.time.max()


def test_each_model_has_a_trial_whatever_the_budget():
    found = selected(budget_s=0.0, n_trials=30)
    assert [len(one.trials) for one in found.outcomes] == [1, 1, 1]


def test_a_class_that_comes_too_late_is_told():
    frame = made_table(250)
    frame["kind"] = "quiet"
    frame.loc[frame.index > 740, "kind"] = "new"
    with pytest.raises(DataError, match="class new of 'kind' does not occur before"):
        selected("kind", frame)


def test_an_unknown_model_is_told():
    table = prepare_table(made_table(100), "target_n_3d")
    with pytest.raises(SettingsError, match="no model for tables is called oracle"):
        select_on_table(table, TabularSettings(models=("oracle",)))


def test_without_a_gap_the_user_is_asked_for_one():
    found = selected(gap=0.0, models=("linear",), n_trials=1)
    assert any("give that time by --gap" in one for one in found.warnings)


def test_very_many_rows_are_thinned_without_losing_the_rate(monkeypatch):
    monkeypatch.setattr("mainshock.forecast.selection.tabular._MOST_ROWS_A_TRIAL", 150)
    monkeypatch.setattr("mainshock.forecast.selection.tabular._MOST_ROWS", 300)
    found = selected(models=("linear",), n_trials=1)
    said = found.chosen.said[:, 1]
    happened = found.table.target[found.split.judged]
    assert said.mean() == pytest.approx(happened.mean(), abs=0.08)
