"""Options are searched within a budget, with Optuna or without."""

import sys

import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.selection.search_space import (
    Choices,
    Span,
    dimension_from_text,
    search,
    value_from_text,
)

SPACE = {"x": Span(-2.0, 2.0), "kind": Choices(("a", "b"))}


def parabola(options):
    return (options["x"] - 0.7) ** 2 + (0.3 if options["kind"] == "a" else 0.0)


@pytest.fixture
def without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)


def test_the_search_comes_near_the_least_score():
    trials = search(SPACE, parabola, n_trials=40, seed=1)
    best = min(trials, key=lambda one: one.score)
    assert abs(best.parameters["x"] - 0.7) < 0.25
    assert best.parameters["kind"] == "b"


def test_the_same_seed_gives_the_same_trials():
    first, second = (search(SPACE, parabola, n_trials=8, seed=5) for _ in range(2))
    assert [one.parameters for one in first] == [one.parameters for one in second]


def test_the_first_options_are_tried_first():
    start = {"x": 1.5, "kind": "a"}
    assert search(SPACE, parabola, n_trials=3, first=start)[0].parameters == start


def test_without_optuna_a_grid_is_walked(without_optuna):
    trials = search(SPACE, parabola, n_trials=50, first={"x": 0.0, "kind": "b"})
    assert len(trials) == 6  # three of the span times two; the first one is among them
    assert trials[0].parameters == {"x": 0.0, "kind": "b"}
    assert min(one.score for one in trials) == pytest.approx(0.49)


def test_no_trial_begins_after_the_budget_but_one_always_runs():
    clock = iter(range(0, 1000, 10))
    trials = search(SPACE, parabola, n_trials=50, budget_s=35.0, clock=lambda: next(clock))
    assert 1 < len(trials) < 6
    assert len(search(SPACE, parabola, n_trials=50, budget_s=0.0)) == 1


def test_nothing_is_tried_twice():
    space = {"n": Span(1, 3, is_whole=True)}
    trials = search(space, lambda options: options["n"], n_trials=30)
    values = [one.parameters["n"] for one in trials]
    assert sorted(values) == [1, 2, 3]


def test_a_failing_trial_is_kept_with_its_reason():
    def picky(options):
        if options["kind"] == "a":
            raise DataError("kind a cannot be fitted")
        return parabola(options)

    trials = search(SPACE, picky, n_trials=12, seed=0)
    failed = [one for one in trials if one.error]
    assert failed
    assert all(one.score != one.score for one in failed)
    assert failed[0].error == "kind a cannot be fitted"


def test_an_empty_space_has_one_trial():
    assert [one.parameters for one in search({}, lambda _: 1.0, n_trials=9)] == [{}]


def test_dimensions_are_read_from_text():
    assert dimension_from_text("5..20") == Span(5, 20, is_whole=True)
    assert dimension_from_text("0.1..1.0") == Span(0.1, 1.0)
    assert dimension_from_text("1e-3..1e-1:log") == Span(1e-3, 0.1, is_log=True)
    assert dimension_from_text("none|true|3") == Choices(("none", True, 3))
    assert value_from_text("2.5") == 2.5


@pytest.mark.parametrize("text", ["5", "a..b", "3..1", "-1..1:log", "1..2:sqrt"])
def test_what_is_no_dimension_is_refused(text):
    with pytest.raises(SettingsError):
        dimension_from_text(text)
