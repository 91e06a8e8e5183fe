"""Models of a catalogue are fitted before each window and scored in it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.evaluate import evaluate_model
from mainshock.forecast.model_folder import open_model, stored_events
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.selection.fitting import FitRequest, prepare_fit
from mainshock.forecast.selection.rolling import (
    Candidate,
    RollingSettings,
    rolling_windows,
    select_rolling,
)
from mainshock.forecast.selection.rolling_report import rolling_document, save_rolling
from mainshock.forecast.selection.search_space import Choices
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_catalogue

QUICK = RollingSettings(n_folds=3, n_trials=4, n_boot=200)
CANDIDATES = (
    Candidate("poisson"),
    Candidate("poisson-adaptive", {"min_bandwidth_km": 2.0}, {"neighbour": Choices((1, 2, 4))}),
)


@pytest.fixture(scope="module")
def prepared():
    return prepare_fit(made_catalogue(), FitRequest(start="0", end="2000.0"))


@pytest.fixture(scope="module")
def selection(prepared):
    return select_rolling(prepared, CANDIDATES, QUICK)


def test_windows_follow_each_other_to_the_end():
    windows = rolling_windows(100.0, 500.0, 4, 0.2)
    assert windows[0].start_days == 180.0
    assert windows[-1].end_days == 500.0
    assert [a.end_days for a in windows[:-1]] == [b.start_days for b in windows[1:]]
    with pytest.raises(SettingsError, match="1 or more"):
        rolling_windows(0.0, 1.0, 0)


def test_every_trial_is_kept_and_smoothed_places_win(selection):
    names = [one.name for one in selection.trials]
    assert names == ["poisson-adaptive", "poisson", *["poisson-adaptive"] * 3]
    assert selection.reference.options == {}
    assert selection.chosen.name == "poisson-adaptive"
    uniform = selection.trials[1]
    assert selection.gain(uniform, selection.of_choice)["interval95"][1] < -0.5


def test_a_window_is_scored_as_evaluate_scores_it(selection, prepared):
    window, fold = selection.windows[1], selection.reference.folds[1]
    settings = replace(prepared.settings, end_days=window.start_days)
    past = prepared.catalogue.between(-np.inf, window.start_days)
    model = RATE_MODELS.load("poisson-adaptive").fit(past, settings)
    told = evaluate_model(
        model, past, prepared.catalogue, window.start_days, window.end_days, n_boot=10
    )
    assert fold.scored.ll_per_event == pytest.approx(told.model.ll_per_event, rel=1e-12)
    assert fold.n_fitted == model.info.n_events


def test_the_last_window_decides_nothing(prepared, selection):
    last = selection.windows[-1]
    catalogue = prepared.catalogue
    moved = Catalogue(
        catalogue.time_days,
        catalogue.magnitude,
        longitude=np.where(catalogue.time_days >= last.start_days, 11.0, catalogue.longitude),
        latitude=np.where(catalogue.time_days >= last.start_days, 43.5, catalogue.latitude),
    )
    again = select_rolling(replace(prepared, catalogue=moved), CANDIDATES, QUICK)
    assert again.chosen.options == selection.chosen.options
    of_choice = selection.of_choice
    for one, other in zip(selection.trials, again.trials, strict=True):
        assert one.ll_per_event(of_choice) == other.ll_per_event(of_choice)
        if one.name == "poisson-adaptive":  # which knows places
            assert one.ll_per_event() != other.ll_per_event()


def test_the_chosen_model_is_fitted_to_everything(selection, prepared):
    settings = selection.model.info.settings
    assert settings.end_days == prepared.settings.end_days
    assert settings.options == selection.chosen.options


def test_options_that_fail_are_told_and_passed_over(prepared):
    candidates = (Candidate("poisson"), Candidate("poisson-adaptive", {"no_such_option": 1}))
    found = select_rolling(prepared, candidates, QUICK)
    assert found.chosen.name == "poisson"
    document = rolling_document(found)
    assert "no_such_option" in document["trials"][-1]["error"]
    assert any("failed" in one for one in document["warnings"])
    with pytest.raises(DataError, match="no_such_option"):
        select_rolling(prepared, candidates[1:], QUICK)


def test_times_alone_are_compared_with_a_constant_rate():
    catalogue = made_catalogue()
    bare = Catalogue(catalogue.time_days, catalogue.magnitude)
    prepared = prepare_fit(bare, FitRequest(start="0", end="2000.0"))
    found = select_rolling(prepared, (Candidate("poisson"),), QUICK)
    assert found.reference.name == "poisson"
    assert found.gain(found.reference, found.of_choice)["igpe"] == 0.0


def test_the_document_tells_windows_gains_and_doubts(selection):
    document = json.loads(json.dumps(rolling_document(selection)))
    assert len(document["windows"]) == 3
    assert sum(one["is_chosen"] for one in document["trials"]) == 1
    first = document["trials"][0]
    assert first["is_reference"]
    assert len(first["folds"]) == 3
    assert sum(one["n"] for one in first["folds"][:2]) == first["n"] == document["choice"]["n"]
    assert document["kept_apart"]["n"] == first["folds"][2]["n"]


def test_the_folder_holds_model_card_trials_and_figure(selection, prepared, tmp_path):
    save_rolling(tmp_path, selection, prepared, ("made.csv", "cd" * 32))
    model = open_model(tmp_path)
    assert model.info.kind == "poisson-adaptive"
    assert model.info.catalogue == "made.csv"
    assert model.info.validated["rolling_origin"]["reference"] == "poisson-adaptive"
    assert len(stored_events(tmp_path)) == len(prepared.catalogue)
    card = (tmp_path / "card.md").read_text()
    for wanted in ("How it was chosen", "kept from the choice", "cannot be predicted", "made.csv"):
        assert wanted in card
    trials = pd.read_csv(tmp_path / "trials.csv")
    assert len(trials) == len(selection.trials)
    assert trials["is_chosen"].sum() == 1
    assert imread(tmp_path / "gains.png").std() > 0.01


def test_one_window_alone_is_warned_of(prepared):
    found = select_rolling(prepared, CANDIDATES[:1], replace(QUICK, n_folds=1))
    assert found.kept_apart is None
    assert any("too good" in one for one in rolling_document(found)["warnings"])
