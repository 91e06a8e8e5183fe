"""Scores are what their formulas say, intervals hold what they should."""

import numpy as np
import pytest
from scipy import stats

from mainshock.forecast.selection.tabular_scores import (
    Spread,
    block_draws,
    calibration_error,
    curve_areas,
    fit_spread,
    reliability_bins,
    row_scores,
    summary_of,
    time_blocks,
)


def test_scores_of_probabilities():
    said = np.array([[0.9, 0.1], [0.4, 0.6]])
    found = row_scores(said, np.array([0.0, 0.0]), "classify")
    np.testing.assert_allclose(found["log_score"], -np.log([0.9, 0.4]))
    np.testing.assert_allclose(found["brier"], [0.01, 0.36])
    three = row_scores(np.array([[0.2, 0.3, 0.5]]), np.array([2.0]), "classify")
    np.testing.assert_allclose(three["brier"], [0.04 + 0.09 + 0.25])


def test_scores_of_counts_are_scipys():
    mean, target = np.array([0.5, 3.0]), np.array([0.0, 7.0])
    plain = row_scores(mean[:, None], target, "count")
    np.testing.assert_allclose(plain["log_score"], -stats.poisson.logpmf(target, mean))
    wide = row_scores(mean[:, None], target, "count", Spread(dispersion=0.8))
    n = 1 / 0.8
    np.testing.assert_allclose(wide["log_score"], -stats.nbinom.logpmf(target, n, n / (n + mean)))


def test_scores_of_values_are_scipys():
    found = row_scores(np.array([[1.0]]), np.array([2.5]), "regress", Spread(sd=0.7))
    np.testing.assert_allclose(found["log_score"], -stats.norm.logpdf(2.5, 1.0, 0.7))
    assert found["squared_error"] == pytest.approx(2.25)


def test_dispersion_is_recovered(rng):
    mean = rng.gamma(2.0, 2.0, 20_000)
    target = rng.poisson(mean * rng.gamma(1 / 0.5, 0.5, 20_000)).astype(float)
    assert fit_spread(mean, target, "count").dispersion == pytest.approx(0.5, rel=0.2)
    assert fit_spread(mean, rng.poisson(mean).astype(float), "count").dispersion < 0.02


@pytest.mark.parametrize("dispersion", [0.0, 0.6])
def test_intervals_hold_nine_in_ten(rng, dispersion):
    mean = np.full(20_000, 8.0)
    factor = rng.gamma(1 / dispersion, dispersion, 20_000) if dispersion else 1.0
    target = rng.poisson(mean * factor)
    low, high = Spread(dispersion=dispersion).interval(mean, "count")
    assert 0.89 < ((target >= low) & (target <= high)).mean() < 0.97
    off = rng.normal(0.0, 2.0, 5000)
    low, high = fit_spread(np.zeros(5000), off, "regress").interval(np.zeros(5000), "regress")
    assert ((off >= low) & (off <= high)).mean() == pytest.approx(0.9, abs=0.01)


def test_the_interval_of_a_mean_is_about_right(rng):
    values = rng.normal(1.0, 1.0, (4000, 1))
    drawn = block_draws(values, time_blocks(np.arange(4000.0), 0.0), seed=0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(4000), rel=0.35)


def test_clustered_rows_widen_the_interval(rng):
    time = np.arange(4000.0)
    clustered = np.repeat(rng.normal(0.0, 1.0, 40), 100)[:, None]
    mixed = rng.permutation(clustered)
    width = [
        np.ptp(np.quantile(block_draws(one, time_blocks(time, 0.0), 0), [0.025, 0.975]))
        for one in (clustered, mixed)
    ]
    assert width[0] > 4 * width[1]


def test_blocks_are_at_least_as_long_as_the_gap():
    time = np.arange(1000.0)
    assert len(np.unique(time_blocks(time, 50.0))) == 19
    assert len(np.unique(time_blocks(time, 0.0))) == 40
    assert len(np.unique(time_blocks(time, 900.0))) == 8


def test_gains_are_over_the_reference_on_the_same_rows(rng):
    worse, better = {"log_score": np.full(90, 2.0)}, {"log_score": np.full(90, 1.5)}
    found = summary_of(better, worse, np.repeat(np.arange(9), 10), seed=0)
    assert found["gain_log_score"] == pytest.approx(0.5)
    assert found["gain_log_score_interval95"] == pytest.approx([0.5, 0.5])


def test_calibration_error_is_zero_for_the_truth_and_large_for_lies(rng):
    p = rng.uniform(0.0, 1.0, 20_000)
    happened = rng.random(20_000) < p
    assert calibration_error(p, happened) < 0.01
    assert calibration_error(p**3, happened) > 0.2
    bins = reliability_bins(np.r_[np.zeros(50), np.ones(50)], np.arange(100) >= 50)
    assert [one["observed"] for one in bins] == [0.0, 1.0]


def test_areas_need_both_classes():
    assert np.isnan(curve_areas(np.array([0.1, 0.2]), np.array([False, False]))["roc_area"])
    found = curve_areas(np.array([0.1, 0.9]), np.array([False, True]))
    assert found == {"roc_area": 1.0, "precision_recall_area": 1.0}
