"""T- and W-tests have pyCSEP's numbers."""

import warnings

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.csep_comparisons import rate_comparison, signed_rank_comparison


@pytest.fixture(scope="module", autouse=True)
def _pycsep():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks Cartopy for names that are deprecated
        import csep  # noqa: F401


def rates(n, seed=1):
    rng = np.random.default_rng(seed)
    first = rng.gamma(0.5, 1.0, n) + 1e-6
    return first, first * np.exp(rng.normal(-0.1, 0.5, n))


@pytest.mark.parametrize("n", [2, 15, 400])
def test_the_t_test_is_that_of_pycsep(n):
    from csep.core.poisson_evaluations import _t_test_ndarray

    a, b = rates(n)
    theirs = _t_test_ndarray(a, b, n, 1.1 * n, 0.9 * n)
    found = rate_comparison(np.log(a), np.log(b), 1.1 * n, 0.9 * n)
    expected = [theirs[one] for one in ("information_gain", "ig_lower", "ig_upper")]
    assert [found.gain, found.lower, found.upper] == pytest.approx(expected, abs=1e-10)
    assert found.statistic == pytest.approx(theirs["t_statistic"], rel=1e-10)
    assert found.critical == pytest.approx(theirs["t_critical"], rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_the_w_test_is_that_of_pycsep(ties):
    from csep.core.poisson_evaluations import _w_test_ndarray

    a, b = (np.log(one) for one in rates(60))
    if ties:
        a, b = np.round(a, 1), np.round(b, 1)
    theirs = _w_test_ndarray(a - b, (63.0 - 57.0) / 60)
    found = signed_rank_comparison(a, b, 63.0, 57.0)
    assert found.statistic == pytest.approx(theirs["z_statistic"], abs=1e-12)
    assert found.probability == pytest.approx(theirs["probability"], abs=1e-12)


def test_a_forecast_is_no_better_than_itself():
    a, _ = rates(30)
    found = rate_comparison(np.log(a), np.log(a), 30.0, 30.0)
    assert found.gain == found.lower == found.upper == 0.0
    assert not found.is_better
    assert not found.is_worse
    assert signed_rank_comparison(np.log(a), np.log(a), 30.0, 30.0).probability == 1.0


def test_swapping_the_forecasts_turns_the_sign():
    a, b = (np.log(one) for one in rates(80))
    one, other = rate_comparison(a, b, 70.0, 90.0), rate_comparison(b, a, 90.0, 70.0)
    assert one.gain == pytest.approx(-other.gain)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))
    assert one.is_better == other.is_worse


def test_too_few_events_are_refused():
    with pytest.raises(DataError, match="2 or more"):
        rate_comparison([0.0], [0.0], 1.0, 1.0)
    with pytest.raises(DataError, match="no events"):
        signed_rank_comparison([], [], 1.0, 1.0)


def test_rates_of_other_events_are_refused():
    with pytest.raises(DataError, match="same events"):
        rate_comparison([0.0, 1.0], [0.0], 1.0, 1.0)
