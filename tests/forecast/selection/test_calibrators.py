"""Calibration brings probabilities to frequencies, and is chosen by later rows."""

import json

import numpy as np
import pytest

from mainshock.forecast.selection.calibrators import (
    Calibrator,
    chosen_calibrator,
    fit_calibrator,
    log_loss,
)


def overconfident(rng, n=4000):
    """True log-odds, and probabilities whose log-odds are three times too large."""
    odds = rng.normal(-1.0, 1.0, n)
    happened = rng.random(n) < 1 / (1 + np.exp(-odds))
    said = 1 / (1 + np.exp(-3.0 * odds))
    return np.column_stack([1 - said, said]), happened.astype(float)


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_a_fitted_map_mends_overconfidence(rng, kind):
    said, target = overconfident(rng)
    new, later = overconfident(rng)
    made = fit_calibrator(kind, said, target)
    before, after = log_loss(new, later).mean(), log_loss(made(new), later).mean()
    assert after < before - 0.05
    stated = made(new)[:, 1]
    assert abs(stated.mean() - later.mean()) < 0.02
    assert (np.diff(stated[np.argsort(new[:, 1])]) >= -1e-12).all()


def test_the_sigmoid_finds_the_factor_of_the_log_odds(rng):
    said, target = overconfident(rng, 40_000)
    made = fit_calibrator("sigmoid", said, target)
    assert made.x[1] == pytest.approx(1 / 3, rel=0.05)


def test_well_calibrated_probabilities_are_left_about_as_they_are(rng):
    p = rng.uniform(0.02, 0.6, 6000)
    target = (rng.random(6000) < p).astype(float)
    said = np.column_stack([1 - p, p])
    made, scores = chosen_calibrator(said, target, np.repeat(np.arange(5), 1200))
    assert np.abs(made(said)[:, 1] - p).max() < 0.12
    assert min(scores.values()) >= scores["none"] - 0.003


def test_later_blocks_choose_the_map(rng):
    said, target = overconfident(rng)
    made, scores = chosen_calibrator(said, target, np.repeat(np.arange(4), 1000))
    assert made.kind in ("sigmoid", "isotonic")
    assert scores[made.kind] == min(scores.values()) < scores["none"]


def test_a_single_block_changes_nothing(rng):
    said, target = overconfident(rng, 500)
    made, _ = chosen_calibrator(said, target, np.zeros(500, dtype=int))
    assert made.kind == "none"


def test_rare_events_do_not_bend_anything(rng):
    said, target = overconfident(rng, 400)
    target[:] = 0.0
    target[[10, 300]] = 1.0
    made, scores = chosen_calibrator(said, target, np.repeat(np.arange(4), 100))
    assert scores["isotonic"] == scores["none"]
    assert made.kind == "none"


def test_no_probability_is_ever_zero_or_one(rng):
    said = np.array([[1.0, 0.0], [0.0, 1.0]])
    for kind in ("none", "sigmoid", "isotonic"):
        made = fit_calibrator(kind, *overconfident(rng, 300))
        found = made(said)
        assert ((found > 0) & (found < 1)).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_three_classes_get_a_temperature(rng):
    raw = rng.dirichlet([1.0, 1.0, 1.0], 3000)
    target = np.array([rng.choice(3, p=one) for one in raw]).astype(float)
    sharp = raw**3 / (raw**3).sum(axis=1, keepdims=True)
    made, _ = chosen_calibrator(sharp, target, np.repeat(np.arange(3), 1000))
    assert made.kind == "sigmoid"
    assert made.x[1] == pytest.approx(1 / 3, rel=0.1)
    np.testing.assert_allclose(made(sharp).sum(axis=1), 1.0)


def test_a_document_brings_the_same_map_back(rng):
    made = fit_calibrator("isotonic", *overconfident(rng, 300))
    assert Calibrator.from_document(json.loads(json.dumps(made.to_document()))) == made
