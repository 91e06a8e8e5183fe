"""The document, card, tables and figures of a selection tell what was measured."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from mainshock.forecast.selection.tabular_plots import plot_reliability
from mainshock.forecast.selection.tabular_report import (
    held_out_table,
    save_selection,
    selection_document,
)

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import selected


@pytest.fixture(scope="module")
def selection():
    return selected()


@pytest.fixture(scope="module")
def document(selection):
    return selection_document(selection)


def test_scores_can_be_recomputed_from_the_judged_rows(selection, document):
    held_out = held_out_table(selection)
    for name in ("linear", "boosting", "dummy", "persistence", "climatology"):
        p = held_out[name].to_numpy()
        happened = held_out["observed"].to_numpy() == "1"
        told = {**document["models"], **document["baselines"]}[name]["held_out"]
        mine = -np.log(np.where(happened, p, 1 - p)).mean()
        assert told["log_score"] == pytest.approx(mine)
        assert told["brier"] == pytest.approx(((p - happened) ** 2).mean())
        low, high = told["log_score_interval95"]
        assert low < told["log_score"] < high


def test_the_headline_is_the_log_score_beside_its_rivals(document):
    head = document["headline"]
    assert "log_score" in head["score"]
    assert set(head["baseline_log_scores"]) == {"persistence", "climatology"}
    assert head["gain_over_dummy"] == pytest.approx(head["dummy_log_score"] - head["log_score"])
    assert not {"accuracy", "roc_area"} & set(head)


def test_parts_tell_their_times_and_balance(document):
    learnt, judged = document["parts"]["learnt"], document["parts"]["held_out"]
    assert learnt["to"] < judged["from"]
    assert learnt["n"] + judged["n"] + document["parts"]["gap_rows"] == 1200
    shares = [one["share"] for one in learnt["classes"].values()]
    assert sum(shares) == pytest.approx(1.0)


def test_files_are_written_and_the_card_says_what_matters(selection, tmp_path):
    document = save_selection(tmp_path / "m", selection, {"table": "mine.csv", "sha256": "ab" * 32})
    folder = tmp_path / "m"
    assert {one.name for one in folder.iterdir()} == {
        "arrays.npz", "card.json", "card.md", "curves.png", "held_out.csv", "model.json",
        "reliability.png", "trials.csv",
    }  # fmt: skip
    card = (folder / "card.md").read_text()
    for wanted in ("mine.csv", "**linear**", "persistence", "cannot be predicted", "a gap of 3"):
        assert wanted in card
    assert json.loads((folder / "card.json").read_text())["chosen"] == document["chosen"]
    trials = pd.read_csv(folder / "trials.csv")
    assert trials.groupby("model").size().to_dict() == {"boosting": 2, "dummy": 1, "linear": 2}
    for name in ("reliability.png", "curves.png"):
        assert imread(folder / name).std() > 0.01  # something is drawn


def test_counts_are_drawn_and_told_too(tmp_path):
    found = selected("target_n_3d", models=("linear",), n_trials=1)
    document = save_selection(tmp_path, found)
    assert imread(tmp_path / "expected.png").std() > 0.01
    covered = document["models"]["linear"]["held_out"]["covered90"]
    assert covered > 0.88  # counts are whole, so that intervals hold more
    assert "90 % intervals hold" in (tmp_path / "card.md").read_text()


def test_a_model_that_is_no_better_is_doubted(rng):
    import made_tables

    frame = made_tables.made_table(250)
    frame["target_any_3d"] = (rng.random(len(frame)) < 0.2).astype(int)
    found = selected(frame=frame)
    told = " ".join(selection_document(found)["warnings"])
    assert "not shown to be better" in told or "no model was better" in told


def test_the_reliability_figure_has_a_line_a_model(selection):
    axes = plot_reliability(selection).axes[0]
    labels = [one.get_text() for one in axes.get_legend().get_texts()]
    assert labels == ["linear (chosen)", "boosting", "persistence", "climatology"]
    assert axes.get_ylabel() == "observed share"
