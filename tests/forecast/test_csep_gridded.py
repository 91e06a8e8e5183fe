"""CSEP's gridded tests have pyCSEP's numbers, to the last bit where it sums in a stated order."""

import warnings

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast import csep_gridded as ours

SHAPES = [(200, 12, 40.0), (60, 5, 300.0), (80, 10, 6.0)]
PAIRS = {
    "S": (ours.spatial_test, 1, {"use_observed_counts": True, "normalize_likelihood": True}),
    "M": (ours.magnitude_test, 0, {"use_observed_counts": True, "normalize_likelihood": True}),
    "L": (ours.likelihood_test, None, {"use_observed_counts": False}),
    "CL": (ours.conditional_likelihood_test, None, {"use_observed_counts": True}),
}


@pytest.fixture(scope="module", autouse=True)
def _pycsep():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks Cartopy for names that are deprecated
        import csep  # noqa: F401


def forecast(n_cells, n_magnitudes, total, seed=1):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.2, 1.0, (n_cells, n_magnitudes)) + 1e-9
    rates *= total / rates.sum()
    return rates, rng.poisson(1.2 * rates).astype(float)


def summed(values, axis):
    return values if axis is None else values.sum(axis=axis)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_likelihood_tests_are_those_of_pycsep(name, shape):
    from csep.core.poisson_evaluations import _poisson_likelihood_test

    rates, counts = forecast(*shape)
    test, axis, how = PAIRS[name]
    quantile, observed, simulated = _poisson_likelihood_test(
        summed(rates, axis), summed(counts, axis), num_simulations=200, seed=7, **how
    )
    found = test(rates, counts, 200, 7)
    assert found.quantile == quantile
    assert found.observed == pytest.approx(observed, abs=1e-10)
    np.testing.assert_allclose(found.simulated, simulated, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["S", "M", "CL"])
def test_equal_rates_have_the_ties_of_pycsep(name):
    # all placements without repeats are equally likely: rounding alone would order them
    from csep.core.poisson_evaluations import _poisson_likelihood_test

    rates, counts = np.full((50, 3), 0.04), np.zeros((50, 3))
    counts[[3, 7, 7, 20, 41], [0, 1, 2, 0, 0]] = 1
    test, axis, how = PAIRS[name]
    quantile, _, _ = _poisson_likelihood_test(
        summed(rates, axis), summed(counts, axis), num_simulations=500, seed=3, **how
    )
    assert test(rates, counts, 500, 3).quantile == quantile


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("name", "axis"), [("binary_spatial", 1), ("binary_conditional_likelihood", None)]
)
def test_binary_tests_are_those_of_pycsep(name, axis, shape):
    from csep.core.binomial_evaluations import _binary_likelihood_test

    rates, counts = forecast(*shape)
    quantile, observed, simulated = _binary_likelihood_test(
        summed(rates, axis), summed(counts, axis), num_simulations=40, seed=7
    )
    found = getattr(ours, f"{name}_test")(rates, counts, 40, 7)
    assert found.quantile == quantile
    assert found.observed == pytest.approx(observed, abs=1e-10)
    np.testing.assert_allclose(found.simulated, simulated, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_brier_test_is_that_of_pycsep(shape):
    from csep.core.brier_evaluations import _brier_score_test

    rates, counts = forecast(*shape)
    quantile, observed, simulated = _brier_score_test(rates, counts, num_simulations=40, seed=7)
    found = ours.brier_test(rates, counts, 40, 7)
    assert found.quantile == quantile
    assert found.observed == pytest.approx(observed, abs=1e-12)
    np.testing.assert_allclose(found.simulated, simulated, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("expected", "observed"), [(4.0, 2), (40.0, 61), (0.3, 0), (1e4, 9800)])
def test_number_tests_are_those_of_pycsep(expected, observed):
    from csep.core.binomial_evaluations import _nbd_number_test_ndarray
    from csep.core.poisson_evaluations import _number_test_ndarray

    found = ours.number_test(expected, observed)
    assert (found.at_least, found.at_most) == _number_test_ndarray(expected, observed)
    found = ours.negative_binomial_number_test(expected, observed, 3 * expected)
    theirs = _nbd_number_test_ndarray(expected, observed, 3 * expected)
    assert (found.at_least, found.at_most) == theirs


def test_a_number_test_fails_at_both_ends():
    assert ours.number_test(10.0, 10).is_passed()
    assert not ours.number_test(10.0, 25).is_passed()
    assert not ours.number_test(10.0, 1).is_passed()


def test_a_forecast_of_other_places_fails_the_spatial_test():
    rates = np.ones((30, 4))
    rates[:15] = 1e-4
    counts = np.zeros((30, 4))
    counts[:15] = 1
    assert not ours.spatial_test(rates, counts, 200).is_passed()
    assert ours.spatial_test(rates, counts[::-1], 200).is_passed()


def test_quantiles_of_a_right_forecast_are_spread_evenly():
    from scipy import stats

    rates, _ = forecast(100, 8, 30.0)
    rng = np.random.default_rng(2)
    quantiles = [
        ours.conditional_likelihood_test(rates, rng.poisson(rates), 200, rng).quantile
        for _ in range(150)
    ]
    assert stats.kstest(quantiles, "uniform")[1] > 0.01


def test_an_event_where_no_rate_is_has_no_likelihood():
    rates, counts = np.ones((4, 2)), np.zeros((4, 2))
    rates[2] = 0.0
    counts[2, 1] = counts[0, 0] = 1
    for test in (ours.spatial_test, ours.binary_spatial_test):
        found = test(rates, counts, 50)
        assert found.observed == -np.inf
        assert found.quantile == 0.0


def test_tests_of_places_say_nothing_without_events():
    rates, counts = np.ones((4, 2)), np.zeros((4, 2))
    for test in (ours.spatial_test, ours.magnitude_test, ours.brier_test):
        found = test(rates, counts)
        assert np.isnan(found.quantile)
        assert found.is_passed()
    assert ours.likelihood_test(rates, counts, 50).quantile <= 1.0


def test_many_draws_are_held_in_parts(monkeypatch):
    rates, counts = forecast(40, 3, 50.0)
    whole = ours.conditional_likelihood_test(rates, counts, 60, 5)
    monkeypatch.setattr(ours, "_ROOM", 100)
    parts = ours.conditional_likelihood_test(rates, counts, 60, 5)
    np.testing.assert_array_equal(parts.simulated, whole.simulated)


def test_row_sums_are_to_the_last_bit_those_of_numpy():
    rng = np.random.default_rng(4)
    lengths = np.append(rng.integers(0, 400, 300), [0, 0])
    values = rng.normal(size=lengths.sum())
    expected = [part.sum() for part in np.split(values, np.cumsum(lengths)[:-1])]
    assert ours.row_sums(values, lengths).tolist() == expected


@pytest.mark.parametrize(
    ("rates", "counts"),
    [
        (np.ones((2, 2)), np.ones((2, 3))),
        (np.ones(4), np.ones(4)),
        (-np.ones((2, 2)), np.ones((2, 2))),
        (np.zeros((2, 2)), np.ones((2, 2))),
        (np.full((2, 2), np.nan), np.ones((2, 2))),
    ],
)
def test_rates_that_cannot_be_tested_are_refused(rates, counts):
    with pytest.raises(DataError):
        ours.spatial_test(rates, counts)


def test_a_narrow_negative_binomial_is_refused():
    with pytest.raises(DataError, match="variance"):
        ours.negative_binomial_number_test(5.0, 4, 5.0)


def test_more_active_bins_than_rates_are_refused():
    rates = np.zeros((3, 1))
    rates[0] = 1.0
    with pytest.raises(DataError, match="give every bin one"):
        ours.binary_spatial_test(rates, np.ones((3, 1)))
