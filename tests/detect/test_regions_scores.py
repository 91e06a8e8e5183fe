"""Scores of region probabilities, and the warning for probabilities that never change."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.detect.regions.evaluate import constant_weights
from mainshock.detect.regions.scores import (
    expected_calibration_error,
    score_events,
    wilson_interval,
)


def test_published_weights_of_ridgecrest_are_found_constant(data_dir):
    table = pd.read_csv(data_dir / "location" / "ridgecrest_clc" / "eqt_picks_cnq_weights.csv")
    weights = table[[f"cnq_w{index}" for index in range(6)]].dropna().to_numpy()
    assert len(weights) > 1000
    warning = constant_weights(weights)
    assert warning is not None
    assert "0.02" in warning


def test_weights_that_follow_the_source_raise_no_warning(rng):
    truth = rng.integers(0, 4, 200)
    logits = rng.normal(size=(200, 4)) + 2.0 * np.eye(4)[truth]
    weights = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert constant_weights(weights) is None
    assert constant_weights(0.3 * weights) is None


@pytest.mark.parametrize("row", [[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
def test_one_answer_for_everything_raises_a_warning(row, rng):
    rows = np.tile(row, (40, 1)) + 1e-4 * rng.random((40, 3))
    assert constant_weights(rows) is not None


def test_few_rows_and_empty_rows_raise_no_warning():
    assert constant_weights(np.full((9, 3), 0.3)) is None
    assert constant_weights(np.full((20, 3), np.nan)) is None
    with pytest.raises(DataError, match="shape"):
        constant_weights(np.ones(5))


def test_calibration_error_is_the_gap_between_claim_and_truth(rng):
    truth = (rng.random(20_000) < 0.3).astype(int)
    honest = np.tile([0.7, 0.3], (20_000, 1))
    boastful = np.tile([0.95, 0.05], (20_000, 1))
    assert expected_calibration_error(honest, truth) < 0.02
    assert expected_calibration_error(boastful, truth) == pytest.approx(0.25, abs=0.02)


def test_macro_accuracy_counts_each_region_once():
    truth = np.array([0] * 9 + [1])
    scores = score_events(np.zeros(10, dtype=int), truth)
    assert scores["accuracy"] == pytest.approx(0.9)
    assert scores["macro_accuracy"] == pytest.approx(0.5)


def test_interval_of_a_share():
    assert wilson_interval(0, 0) is None
    low, high = wilson_interval(50, 100)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-3)
