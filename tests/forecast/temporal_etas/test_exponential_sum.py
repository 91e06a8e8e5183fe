import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.temporal_etas.exact import ExactSums
from mainshock.forecast.temporal_etas.exponential_sum import (
    EarlierSums,
    node_rates,
    node_weights,
)

TIMES = np.concatenate([[0.0], np.geomspace(1e-4, 10_000.0, 300)])


@pytest.mark.parametrize("p", [0.8, 1.0, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("c", [1e-4, 0.01, 1.0])
def test_exponentials_add_up_to_the_power_law(c: float, p: float) -> None:
    rates = node_rates(10_000.0, c)
    found = np.exp(-TIMES[:, None] * rates) @ node_weights(rates, c, p)[0]
    wrong = np.abs(found * (TIMES + c) ** p - 1.0)
    assert wrong[TIMES < 1000.0].max() < 2e-6  # 3e-7 of the trapezoid, more for large p
    assert wrong.max() < 1e-4  # the straight line below the lowest node


def test_rates_lie_on_one_grid_whatever_the_span() -> None:
    short, long = node_rates(10.0, 0.01), node_rates(1e5, 1e-4)
    assert short[0] == long[0] == 0.0
    assert np.isin(short, long).all()


@pytest.mark.parametrize(("c", "p"), [(0.003, 0.9), (0.05, 1.3)])
def test_slopes_of_weights_are_their_derivatives(c: float, p: float) -> None:
    rates = node_rates(1000.0, 1e-4)
    _, by_c, by_p = node_weights(rates, c, p)
    step = 1e-6
    for slope, there, back in (
        (by_c, (c + step * c, p), (c - step * c, p)),
        (by_p, (c, p + step), (c, p - step)),
    ):
        width = 2 * step * (c if slope is by_c else 1.0)
        expected = (node_weights(rates, *there)[0] - node_weights(rates, *back)[0]) / width
        assert np.allclose(slope, expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max())


def test_a_c_of_zero_is_refused() -> None:
    with pytest.raises(DataError, match="must be positive"):
        node_rates(10.0, 0.0)


@pytest.mark.parametrize(("c", "p"), [(0.001, 0.95), (0.02, 1.1), (0.5, 1.6)])
def test_sums_equal_those_over_all_pairs(rng: np.random.Generator, c: float, p: float) -> None:
    n = 400
    times = np.sort(np.concatenate([rng.uniform(0, 5000, n // 2), 1000 + rng.exponential(1.0, n)]))
    targets = rng.random(len(times)) < 0.7
    productivity = rng.exponential(0.1, len(times)) * (rng.random(len(times)) < 0.8)
    above = rng.exponential(0.4, len(times))
    fast = EarlierSums.of(times, targets)(productivity, above, c, p)
    slow = ExactSums(times, targets)(productivity, above, c, p)
    assert fast.shape == slow.shape == (targets.sum(), 4)
    # slopes with respect to p are sums of both signs: their errors are those of the first column
    assert (np.abs(fast - slow) <= 3e-5 * np.maximum(np.abs(slow), slow[:, :1])).all()


def test_events_at_the_same_time_do_not_count_for_each_other() -> None:
    times = np.array([0.0, 1.0, 1.0, 1.0, 2.0])
    every = np.ones(5, dtype=bool)
    for sums in (EarlierSums.of(times, every), ExactSums(times, every)):
        found = sums(np.ones(5), np.zeros(5), 0.1, 1.2)[:, 0]
        alone = 1.1**-1.2
        assert np.allclose(found[:4], [0.0, alone, alone, alone], rtol=1e-5)
        assert found[4] == pytest.approx(3 * alone + 2.1**-1.2, rel=1e-5)


def test_later_events_change_nothing(rng: np.random.Generator) -> None:
    times = np.sort(rng.uniform(0, 100, 50))
    every = np.ones(50, dtype=bool)
    weights = rng.random(50)
    other = np.where(np.arange(50) >= 30, 99.0, weights)
    sums = EarlierSums.of(times, every)
    before = sums(weights, np.zeros(50), 0.01, 1.1)[:30]
    assert np.array_equal(before, sums(other, np.zeros(50), 0.01, 1.1)[:30])
