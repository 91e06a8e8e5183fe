"""Fits of SYNTHETIC catalogues: truth, optimum, errors, bounds, warm starts, missed events."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX
from plain_simulation import drawn

from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.background import BackgroundKernels, KernelSettings
from mainshock.forecast.etas.coverage import Coverage
from mainshock.forecast.etas.events import Places, Sources, inside_of
from mainshock.forecast.etas.fitting import FitData, FitPlan, fit_plain, fit_refined
from mainshock.forecast.etas.law import LAW_NAMES, TriggeringLaw, law_bounds
from mainshock.forecast.etas.likelihood import Likelihood, Problem
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.transform import NAMES, Bounds, first_guess, to_vector

TRUE = EtasParameters(
    mu_per_day=0.5, k0=0.0085, a=1.9, c_days=0.01, omega=0.1, tau_days=300.0,
    d_km2=1.0, gamma=1.2, rho=0.8, m_ref=3.0,
)  # fmt: skip
BETA, START, END = 2.3, 100.0, 1500.0
N = len(NAMES)


@cache
def catalogue_of(seed, uneven=0.0):
    return drawn(TRUE, END, seed, BOX, BETA, uneven=uneven)


def data_of(catalogue, wake=None, levels=((), ())):
    sources = Sources.of(catalogue, BOX, 3.0)
    coverage = Coverage(3.0, BETA, wake, *levels)
    inside = BOX.contains(catalogue.longitude, catalogue.latitude)
    rows = np.flatnonzero((catalogue.time_days >= START) & inside)
    return FitData(
        BOX, sources, Places(BOX).of(catalogue), inside_of(BOX, catalogue), rows,
        coverage.window(catalogue, START, END, catalogue.time_days),
        float(coverage.log_share(catalogue.time_days[rows], catalogue).sum()),
    )  # fmt: skip


def plan_of(data, **changes):
    plan = FitPlan(law_bounds(data.n_targets, END - START, END))
    return replace(plan, **changes)


def guess_of(data):
    return TriggeringLaw(first_guess(data.n_targets, END - START, 3.0, BETA))


@cache
def fitted(seed=1):
    data = data_of(catalogue_of(seed))
    return data, fit_plain(data, guess_of(data), None, plan_of(data))


def all_pairs(data):
    problem = Problem(data.sources, data.targets, data.crossings, data.window, data.log_share)
    return Likelihood(problem, np.full(data.n_targets, 1.0 / BOX.area_km2))


def standard_errors(found):
    return np.sqrt(np.diag(found.covariance)[:N])


def test_errors_are_as_large_as_estimates_scatter_around_the_truth():
    scores = []
    for seed in range(10):
        _, found = fitted(seed)
        assert found.has_converged
        scores.append((found.law.vector[:N] - to_vector(TRUE)) / standard_errors(found))
    scores = np.array(scores)
    finite = scores[np.isfinite(scores).all(axis=1)]
    assert len(finite) >= 8
    assert np.abs(finite).max() < 4.5
    assert 0.6 < (finite**2).mean() < 1.7
    assert np.abs(finite.mean(axis=0)).max() < 4.0 / np.sqrt(len(finite))


def test_no_slope_is_left_at_the_optimum_of_all_pairs():
    data, found = fitted()
    exact = all_pairs(data)(found.law)
    assert found.is_exact
    assert found.evaluation.value == exact.value
    size = np.sqrt(np.diag(exact.information)[:N])
    assert np.abs(exact.gradient[:N] / size).max() < 0.15


def test_the_optimum_is_that_of_a_general_climb_from_elsewhere():
    data, found = fitted()
    likelihood = all_pairs(data)
    best, unit = found.law.vector, standard_errors(found)

    def descent(off):
        one = likelihood(found.law.at(best + np.append(off * unit, np.zeros(4))))
        return -one.value, -one.gradient[:N] * unit

    start = (to_vector(TRUE) - best[:N]) / unit + np.array([2, -2, 2, 3, -2, 1, -2, 1, 1])
    other = minimize(descent, start, jac=True, method="L-BFGS-B", bounds=[(-30, 30)] * N)
    assert other.nit > 5
    assert found.evaluation.value == pytest.approx(-other.fun, abs=0.02)
    assert np.abs(other.x).max() < 0.2


def test_errors_are_those_of_the_curvature_of_all_pairs():
    data, found = fitted()
    likelihood, vector = all_pairs(data), found.law.vector
    rows = []
    for k in range(N):
        step = 0.2 * standard_errors(found)[k] * (np.arange(13) == k)
        up, down = (likelihood(found.law.at(vector + s * step)).gradient[:N] for s in (1, -1))
        rows.append((down - up) / (2 * step[k]))
    curvature = (np.array(rows) + np.array(rows).T) / 2
    expected = np.sqrt(np.diag(np.linalg.inv(curvature)))
    assert standard_errors(found) == pytest.approx(expected, rel=0.1)
    assert np.isnan(found.covariance[N:]).all()


def test_a_warm_start_ends_at_the_same_optimum_with_fewer_evaluations():
    data, cold = fitted()
    warm = fit_plain(data, cold.law, None, plan_of(data))
    assert warm.evaluation.value == pytest.approx(cold.evaluation.value, abs=0.01)
    off = (warm.law.vector - cold.law.vector)[:N] / standard_errors(cold)
    assert np.abs(off).max() < 0.1
    assert warm.n_evaluations < cold.n_evaluations


def test_a_parameter_at_a_bound_is_named_and_has_no_error():
    data, free = fitted()
    whole = plan_of(data)
    high = whole.bounds.high.copy()
    high[NAMES.index("rho")] = np.log(0.5)  # the truth is 0.8
    plan = replace(whole, bounds=Bounds(whole.bounds.low, high))
    found = fit_plain(data, guess_of(data), None, plan)
    assert found.at_bounds == ("rho",)
    assert found.law.parameters.rho == pytest.approx(0.5)
    error = np.diag(found.covariance)[:N]
    assert np.isnan(error[NAMES.index("rho")])
    assert (error[:-1] > 0).all()
    assert free.at_bounds == ()
    assert found.evaluation.value < free.evaluation.value - 1.0


def test_chosen_pairs_alone_are_told_and_near():
    data, exact = fitted()
    found = fit_plain(data, guess_of(data), None, plan_of(data, exact_to=10))
    assert not found.is_exact
    off = (found.law.vector - exact.law.vector)[:N] / standard_errors(exact)
    assert np.abs(off).max() < 1.0


def test_entries_that_are_held_stay_when_a_law_is_refined():
    data, plain = fitted()
    fixed = np.ones(len(LAW_NAMES), dtype=bool)
    fixed[LAW_NAMES.index("c_magnitude")] = False
    found = fit_refined(data, plain, fixed, plan_of(data))
    assert found.law.vector[:N] == pytest.approx(plain.law.vector[:N])
    assert found.law.variation.omega_activity == 0.0
    assert found.evaluation.value >= plain.evaluation.value - 1e-3
    error = np.sqrt(np.diag(found.covariance))
    assert np.isfinite(error[LAW_NAMES.index("c_magnitude")])
    assert np.isnan(error[:N]).all()


def test_a_background_that_varies_is_found_where_it_does():
    catalogue = catalogue_of(3, uneven=0.5)
    data = data_of(catalogue)
    kernels = BackgroundKernels.at(
        BOX, catalogue, data.sources.place, data.crossings, KernelSettings(min_bandwidth_km=2.0)
    )
    uniform = fit_plain(data, guess_of(data), None, plan_of(data))
    varied = fit_plain(data, guess_of(data), kernels, plan_of(data))
    assert varied.evaluation.value > uniform.evaluation.value + 20.0
    x, y = catalogue.longitude + 117.0, catalogue.latitude - 34.0
    is_middle = np.hypot(x, y) < 0.1
    assert np.median(varied.density[is_middle]) > 3.0 * np.median(varied.density[~is_middle])
    # the uniform one takes background events near the middle for aftershocks
    assert varied.law.parameters.mu_per_day > uniform.law.parameters.mu_per_day


def test_what_large_events_hide_does_not_move_a_fit_that_knows_of_it():
    wake = ShortTermCompleteness(3.0, 4.5, offset=1.6)
    whole, (_, full) = catalogue_of(7), fitted(7)
    seen = (whole.magnitude >= wake.at(whole.time_days, whole)) | (whole.magnitude >= 4.5)
    assert (~seen).sum() > 200
    cut = whole.take(np.flatnonzero(seen))
    blind, aware = (
        fit_plain(one, guess_of(one), None, plan_of(one))
        for one in (data_of(cut), data_of(cut, wake))
    )
    off = [
        (one.law.vector[:N] - full.law.vector[:N]) / standard_errors(full) for one in (blind, aware)
    ]
    assert np.abs(off[1]).max() < 2.0
    assert off[0][NAMES.index("a")] < -2.5  # large events seem less productive than they are
    assert aware.evaluation.value > blind.evaluation.value + 20.0


def test_years_of_lower_completeness_are_followed():
    whole, middle = catalogue_of(6), 700.0
    levels = ((0.0, middle), (3.4, 3.0))
    held = whole.magnitude >= np.where(whole.time_days < middle, 3.4, 3.0)
    cut = whole.take(np.flatnonzero(held))
    blind, aware = data_of(cut), data_of(cut, levels=levels)
    low, high = (fit_plain(one, guess_of(one), None, plan_of(one)) for one in (blind, aware))
    assert high.evaluation.value > low.evaluation.value + 20.0
    full = fit_plain(data_of(whole), guess_of(aware), None, plan_of(data_of(whole)))
    mu, error = full.law.parameters.mu_per_day, standard_errors(full)[0]
    assert abs(np.log(high.law.parameters.mu_per_day / mu)) < 4 * error
    assert low.law.parameters.mu_per_day < mu * (1 - 2 * error)
