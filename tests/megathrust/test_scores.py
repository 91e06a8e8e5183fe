"""Scores against scikit-learn, and intervals over ruptures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, roc_auc_score

from mainshock.core.errors import DataError
from mainshock.megathrust.scores import (
    area_under_roc,
    calibration_error,
    rupture_bootstrap,
    score_probabilities,
)


@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_scores_are_those_of_scikit_learn(seed: int, n_classes: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=40)])
    probability = np.round(rng.dirichlet(np.ones(n_classes), size=y.size), 1)
    probability[:, 0] = 1.0 - probability[:, 1:].sum(axis=1)
    found = score_probabilities(y, probability)
    guess = probability.argmax(axis=1)
    top = n_classes - 1
    expected = f1_score(y, guess, average="macro", labels=range(n_classes), zero_division=0)
    assert found.macro_f1 == pytest.approx(expected)
    assert found.auc == pytest.approx(roc_auc_score(y == top, probability[:, top]))
    assert found.brier == pytest.approx(np.mean((probability[:, top] - (y == top)) ** 2))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(y, guess))
    if n_classes == 2:
        clipped = np.clip(probability[:, 1], 0.0, 1.0)
        assert found.brier == pytest.approx(brier_score_loss(y, clipped))


def test_one_side_alone_has_no_area() -> None:
    assert np.isnan(area_under_roc(np.zeros(5, dtype=bool), np.arange(5.0)))


def test_calibration_error_of_known_bins() -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    is_true = np.array([False, True, True, True])
    assert calibration_error(is_true, probability) == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)


def test_probabilities_that_do_not_sum_to_one_are_told() -> None:
    with pytest.raises(DataError, match="sum to 1"):
        score_probabilities([0, 1], np.array([[0.5, 0.2], [0.1, 0.9]]))


def test_interval_over_ruptures_is_wider_than_over_segments() -> None:
    """Twenty ruptures of twenty segments each are twenty observations."""
    rng = np.random.default_rng(0)
    hit = np.repeat(rng.random(20) < 0.7, 20)
    runs = np.repeat(np.arange(20), 20)
    low, high = rupture_bootstrap(runs, lambda rows: float(hit[rows].mean()))
    few, many = rupture_bootstrap(np.arange(400), lambda rows: float(hit[rows].mean()))
    assert high - low > 3.0 * (many - few)
    assert low < hit.mean() < high
