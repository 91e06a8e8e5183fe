"""Scores: gains and their intervals, counts, alarms as curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mainshock.core.errors import DataError
from mainshock.forecast import scores
from mainshock.forecast.scores import BlockGains


def gains(n_blocks=60, mean=0.5, seed=0):
    rng = np.random.default_rng(seed)
    n = rng.poisson(5.0, n_blocks).astype(float)
    return BlockGains(n * mean + rng.normal(0, 1, n_blocks), rng.normal(0, 0.1, n_blocks), n)


def test_the_likelihood_per_event_is_mean_log_intensity_less_the_integral():
    assert scores.log_likelihood_per_event([0.0, 1.0], 3.0) == -1.0
    with pytest.raises(DataError):
        scores.log_likelihood_per_event([], 3.0)


def test_the_gain_adds_the_difference_of_integrals_once():
    found = BlockGains(np.array([2.0, 1.0]), np.array([0.5, 0.5]), np.array([3.0, 1.0]))
    assert found.per_event == pytest.approx(0.5)


def test_the_interval_holds_the_gain_and_narrows_with_more_blocks():
    few, many = gains(40), gains(4000)
    low, high = scores.gain_interval(few)
    assert low < few.per_event < high
    narrow = scores.gain_interval(many)
    assert narrow[1] - narrow[0] < 0.25 * (high - low)


def test_the_interval_holds_the_true_gain_as_often_as_it_says():
    inside = [
        low < 0.5 < high
        for low, high in (scores.gain_interval(gains(seed=k), 300, k) for k in range(200))
    ]
    assert 0.88 < np.mean(inside) <= 0.99


def test_one_block_has_no_interval():
    assert np.isnan(scores.gain_interval(gains(1))).all()


def test_the_same_seed_gives_the_same_interval():
    assert scores.gain_interval(gains(), seed=3) == scores.gain_interval(gains(), seed=3)


def test_log_scores_of_counts_are_those_of_scipy():
    n, mean, variance = np.array([0, 3, 12]), np.array([1.0, 2.5, 9.0]), np.array([3.0, 2.6, 40.0])
    expected = stats.nbinom.logpmf(n, mean**2 / (variance - mean), mean / variance).mean()
    found = scores.negative_binomial_log_score(n, mean, variance)
    assert found == pytest.approx(expected, rel=1e-9)
    assert scores.poisson_log_score(n, mean) == pytest.approx(stats.poisson.logpmf(n, mean).mean())


def test_a_narrow_negative_binomial_is_poissonian():
    n, mean = np.arange(20), np.linspace(1, 15, 20)
    found = scores.negative_binomial_log_score(n, mean, mean)
    assert found == pytest.approx(scores.poisson_log_score(n, mean), abs=1e-6)


def test_the_log_score_is_best_at_the_true_probability():
    happened = np.random.default_rng(0).random(5000) < 0.3
    found = [scores.log_score(np.full(5000, p), happened) for p in (0.1, 0.3, 0.6)]
    assert found[1] == max(found)
    assert scores.log_score([1.0], [False]) == -np.inf


def test_ranked_probability_scores_are_mean_distances():
    rng = np.random.default_rng(1)
    drawn, seen = rng.poisson(4.0, (5, 40)), rng.poisson(4.0, 5)
    expected = [
        np.abs(row - y).mean() - 0.5 * np.abs(row[:, None] - row[None]).mean()
        for row, y in zip(drawn, seen, strict=True)
    ]
    np.testing.assert_allclose(scores.count_crps(drawn, seen), expected)


def test_a_perfect_forecast_misses_nothing_and_one_without_skill_half():
    measure, counts = np.ones(1000), np.zeros(1000)
    counts[:20] = 1
    perfect = scores.error_diagram(counts, measure, counts)
    assert perfect.area_skill == pytest.approx(0.99)
    blind = scores.error_diagram(np.zeros(1000), measure, counts)
    assert blind.area_skill == pytest.approx(0.5)
    assert blind.area_skill_95[0] < 0.5 < blind.area_skill_95[1]
    np.testing.assert_allclose(blind.missed, 1 - blind.watched)


def test_a_forecast_without_skill_stays_in_its_interval():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(200):
        counts = rng.poisson(0.1, 500)
        found = scores.error_diagram(rng.random(500), np.ones(500), counts)
        inside.append(found.area_skill_95[0] < found.area_skill < found.area_skill_95[1])
    assert 0.9 <= np.mean(inside) <= 0.99


@given(st.lists(st.floats(0.1, 10.0), min_size=3, max_size=30), st.integers(0, 100))
def test_error_diagrams_fall_from_all_missed_to_none(rates, seed):
    counts = np.random.default_rng(seed).poisson(1.0, len(rates)) + 1
    found = scores.error_diagram(rates, np.ones(len(rates)), counts)
    assert found.missed[0] == 1.0
    assert found.missed[-1] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(found.missed) <= 1e-12).all()
    assert 0.0 <= found.area_skill <= 1.0


def test_an_error_diagram_needs_events_and_a_measure():
    with pytest.raises(DataError):
        scores.error_diagram([1.0], [1.0], [0])
    with pytest.raises(DataError):
        scores.error_diagram([1.0], [0.0], [1])
