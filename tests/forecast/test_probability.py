"""Clusters counted in windows, beside a plain simulation of the branching process."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

from mainshock.core.errors import DataError
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.probability import ClusterCounts, decay_nodes

sys.path.insert(0, str(Path(__file__).parent))
from live_model import BETA, M_MAX, PARAMETERS

N = 20_000
COUNTS = ClusterCounts(PARAMETERS, BETA, M_MAX)
QUIET = ClusterCounts(replace(PARAMETERS, k0=1e-12), BETA, M_MAX)
NO_SOURCES = np.zeros(len(COUNTS.nodes.rate))


def simulated_counts(days, steady, past_age, past_size, opens=0.0, seed=5):
    """Numbers of events by catalogue and magnitude: background, one past event, and clusters."""
    rng = np.random.default_rng(seed)
    fine = np.concatenate([[0.0], np.geomspace(1e-6, past_age + days + 1.0, 4000)])
    integral = PARAMETERS.integral_to(fine)

    def magnitudes(n):
        cut = -np.expm1(-BETA * (M_MAX - 3.0))
        return 3.0 - np.log1p(-rng.random(n) * cut) / BETA

    def later(n, low, high):
        low, high = np.interp([low, high], fine, integral)
        return np.interp(low + rng.random(n) * (high - low), integral, fine)

    n_steady = rng.poisson(steady * days, N)
    low, high = np.interp([past_age, past_age + days], fine, integral)
    n_past = rng.poisson(PARAMETERS.space_factor(past_size) * (high - low), N)
    of = np.concatenate([np.repeat(np.arange(N), n) for n in (n_steady, n_past)])
    time = np.concatenate(
        [
            rng.random(n_steady.sum()) * days,
            later(n_past.sum(), past_age, past_age + days) - past_age,
        ]
    )
    found = []
    while len(of):
        size = magnitudes(len(of))
        found.append((of, time, size))
        left = np.interp(days - time, fine, integral)
        n = rng.poisson(PARAMETERS.space_factor(size) * left)
        parent = np.repeat(np.arange(len(of)), n)
        drawn = np.interp(rng.random(len(parent)) * left[parent], integral, fine)
        of, time = of[parent], time[parent] + drawn
    of, time, size = (np.concatenate(column) for column in zip(*found, strict=True))
    return lambda m: np.bincount(of[(size >= m) & (time >= opens)], minlength=N)


def past_state(age, magnitude):
    """States of one past event."""
    nodes = COUNTS.nodes
    return PARAMETERS.space_factor(magnitude) * nodes.weight * np.exp(-nodes.rate * age)


@pytest.mark.parametrize("omega", [-0.06, 0.0, 0.3])
@pytest.mark.parametrize("tau_days", [np.inf, 3000.0])
def test_the_decay_is_a_sum_of_exponentials(omega, tau_days):
    if omega <= 0 and np.isinf(tau_days):
        pytest.skip("no such decay")
    one = EtasParameters(0.1, 0.01, 1.5, 0.003, omega, tau_days, 0.5, 1.0, 0.6, 3.0)
    nodes = decay_nodes(one)
    t = np.geomspace(1e-5, 12_000.0, 300)
    exact = np.exp(-t / tau_days) * (t + 0.003) ** (-1.0 - omega)
    assert np.exp(-np.outer(t, nodes.rate)) @ nodes.weight == pytest.approx(exact, rel=2e-5)


@pytest.mark.parametrize("window", [(0.0, 1.0), (0.0, 7.0), (2.0, 3.0)])
def test_chances_and_numbers_are_those_of_a_simulated_branching_process(window):
    opens, days = window
    age, size, steady = 0.2, 6.2, 0.6
    drawn = simulated_counts(opens + days, steady, age, size, opens)
    first = COUNTS.first_generation(window, past_state(age, size), steady)
    for magnitude in (3.0, 4.0, 5.0):
        counted = drawn(magnitude)
        told = COUNTS.counts(magnitude, window, first)
        chance = -np.expm1(-first @ COUNTS.chance_of_any(magnitude, window))
        error = 4.0 / np.sqrt(N)
        assert told.mean == pytest.approx(counted.mean(), abs=counted.std() * error)
        assert chance == pytest.approx((counted > 0).mean(), abs=0.5 * error)
        assert told.chance[0] == pytest.approx(1.0 - chance, abs=1e-6)
        low, high = told.range_of()
        assert abs(low - np.quantile(counted, 0.025)) <= 1
        assert abs(high - np.quantile(counted, 0.975)) <= 1


def test_numbers_are_wider_than_poisson_numbers():
    first = COUNTS.first_generation((0.0, 7.0), past_state(0.2, 6.2), 0.6)
    told = COUNTS.counts(3.0, (0.0, 7.0), first)
    number = np.arange(len(told.chance)) * told.step
    variance = told.chance @ number**2 - told.mean**2
    assert variance > 1.3 * told.mean
    assert told.chance @ number == pytest.approx(told.mean, rel=0.01)


def test_without_triggering_numbers_are_poisson():
    window = (0.0, 5.0)
    first = QUIET.first_generation(window, NO_SOURCES, 1.2)
    told = QUIET.counts(3.0, window, first)
    assert told.mean == pytest.approx(6.0, rel=1e-6)
    assert told.chance[:20] == pytest.approx(poisson.pmf(np.arange(20), 6.0), abs=1e-7)
    assert told.range_of() == (2, 11)
    chance = -np.expm1(-first @ QUIET.chance_of_any(4.0, window))
    assert chance == pytest.approx(-np.expm1(-6.0 * QUIET.share_above(4.0)), rel=1e-6)


def test_large_numbers_are_told_in_steps():
    window = (0.0, 30.0)
    first = QUIET.first_generation(window, NO_SOURCES, 30.0)
    told = QUIET.counts(3.0, window, first)
    assert told.step > 1
    low, high = told.range_of()
    assert (low, high) == pytest.approx(tuple(poisson.ppf([0.025, 0.975], 900.0)), abs=told.step)


def test_a_factor_nobody_knows_widens_the_range_and_keeps_the_mean():
    window = (0.0, 7.0)
    first = COUNTS.first_generation(window, NO_SOURCES, 2.0)
    plain, unsure = (COUNTS.counts(3.0, window, first, 1.0, spread) for spread in (0.0, 0.5))
    assert unsure.range_of()[0] <= plain.range_of()[0]
    assert unsure.range_of()[1] > plain.range_of()[1]
    assert unsure.mean == plain.mean


def test_numbers_of_two_windows_add_up():
    state = past_state(0.5, 5.5)

    def mean(window):
        return COUNTS.first_generation(window, state, 0.4) @ COUNTS.growth(window)

    assert mean((0.0, 1.0)) + mean((1.0, 4.0)) == pytest.approx(mean((0.0, 5.0)), rel=2e-3)


def test_clusters_grow_with_the_time_that_is_left():
    for found in (COUNTS.growth((0.0, 30.0)), COUNTS.chance_of_any(4.0, (0.0, 30.0))):
        assert (np.diff(found) >= 0).all()
    assert COUNTS.growth((0.0, 30.0))[0] == pytest.approx(1.0)
    assert COUNTS.chance_of_any(4.0, (0.0, 30.0))[0] == pytest.approx(COUNTS.share_above(4.0))


def test_shares_of_magnitudes_fall_to_nothing_at_the_largest():
    assert COUNTS.share_above(3.0) == 1.0
    assert COUNTS.share_above(M_MAX) == 0.0
    assert COUNTS.share_above(4.0) == pytest.approx(np.exp(-BETA), rel=1e-3)


@pytest.mark.parametrize(("beta", "m_max"), [(0.0, 8.0), (2.0, 3.0)])
def test_magnitudes_that_make_no_sense_are_refused(beta, m_max):
    with pytest.raises(DataError, match="beta"):
        ClusterCounts(PARAMETERS, beta, m_max)
