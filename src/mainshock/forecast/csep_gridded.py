"""CSEP's tests of gridded forecasts: whole arrays at once, with the numbers of pyCSEP.

Forecasts are expected numbers per cell and magnitude bin, shape ``(n_cells, n_magnitudes)``;
observations are counts of the same shape. Draws come in the order in which pyCSEP takes them, and
sums are taken in the order in which it takes them: the same seed gives the same quantile.

References
----------
Schorlemmer et al. (2007), https://doi.org/10.1785/gssrl.78.1.17; Zechar et al. (2010),
https://doi.org/10.1785/0120090192; Savran et al. (2022), https://doi.org/10.1785/0220220033
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from mainshock.core.errors import DataError

__all__ = [
    "GriddedTest",
    "NumberTest",
    "Randomness",
    "binary_conditional_likelihood_test",
    "binary_spatial_test",
    "brier_test",
    "conditional_likelihood_test",
    "likelihood_test",
    "magnitude_test",
    "negative_binomial_number_test",
    "number_test",
    "randomness",
    "row_sums",
    "spatial_test",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Randomness = int | np.random.Generator | np.random.RandomState
"""A seed, which is used as pyCSEP uses it, or a source of random numbers."""

_HALF = 1e-6  # pyCSEP's distance from whole numbers at which distributions of counts are read
_ROOM = 4_000_000  # draws that are held at once


@dataclass(frozen=True, slots=True)
class NumberTest:
    """How the number of events compares with its distribution.

    Parameters
    ----------
    observed
        Number of events.
    expected
        Mean of the distribution.
    at_least
        Probability of at least that many events, pyCSEP's ``delta_1``.
    at_most
        Probability of at most that many, ``delta_2``.
    """

    observed: int
    expected: float
    at_least: float
    at_most: float

    def is_passed(self, level: float = 0.95) -> bool:
        """Return whether neither probability is below half of ``1 - level``."""
        return min(self.at_least, self.at_most) >= (1.0 - level) / 2


@dataclass(frozen=True, slots=True, eq=False)
class GriddedTest:
    """How the likelihood of what was observed compares with that of simulated observations.

    Parameters
    ----------
    name
        Of the test.
    observed
        Joint log-likelihood, or minus the Brier score.
    quantile
        Share of simulations that are at most as likely; small where the forecast fails. NaN
        where nothing was observed and the test says nothing.
    simulated
        The same of each simulation, shape ``(n_simulations,)``.
    """

    name: str
    observed: float
    quantile: float
    simulated: FloatArray

    def is_passed(self, level: float = 0.95) -> bool:
        """Return whether the quantile is at least ``1 - level``; one-sided."""
        return not self.quantile < 1.0 - level


def randomness(seed: Randomness) -> np.random.Generator | np.random.RandomState:
    """Return the source of random numbers; a number seeds numpy's old one, as in pyCSEP."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    return np.random.RandomState(seed)


def number_test(expected: float, observed: int) -> NumberTest:
    """Return the N-test of a Poisson forecast.

    Parameters
    ----------
    expected
        Expected number of events.
    observed
        Number of events.

    Examples
    --------
    >>> found = number_test(4.0, 2)
    >>> round(found.at_least, 4), round(found.at_most, 4)
    (0.9084, 0.2381)
    """
    at_least = 1.0 - stats.poisson.cdf(observed - _HALF, expected)
    at_most = stats.poisson.cdf(observed + _HALF, expected)
    return NumberTest(int(observed), float(expected), float(at_least), float(at_most))


def negative_binomial_number_test(expected: float, observed: int, variance: float) -> NumberTest:
    """Return the N-test of a negative binomial forecast, for clustered counts.

    Parameters
    ----------
    expected, variance
        Of the number of events.
    observed
        Number of events.

    Raises
    ------
    DataError
        If the variance is not above the mean.

    References
    ----------
    Werner et al. (2010), https://doi.org/10.4401/ag-4840
    """
    if not variance > expected > 0:
        raise DataError(
            f"the variance {variance:g} of a negative binomial count must be above its mean "
            f"{expected:g}, and that above 0; use the Poisson test"
        )
    share = 1.0 - (variance - expected) / variance
    size = expected**2 / (variance - expected)
    at_least = 1.0 - stats.nbinom.cdf(observed - _HALF, size, share)
    at_most = stats.nbinom.cdf(observed + _HALF, size, share)
    return NumberTest(int(observed), float(expected), float(at_least), float(at_most))


def spatial_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the S-test: whether events are where they are expected, whatever their number.

    Parameters
    ----------
    rates
        Expected numbers, shape ``(n_cells, n_magnitudes)``.
    counts
        Observed numbers of the same shape.
    n
        Number of simulations.
    seed
        Of the simulations.

    Raises
    ------
    DataError
        If shapes differ, a rate is negative or not finite, or all are 0.
    """
    rate, count = _checked(rates, counts)
    return _poisson("S", rate.sum(axis=1), count.sum(axis=1), n, seed, scaled=True)


def magnitude_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the M-test: whether magnitudes are as expected; as :func:`spatial_test`."""
    rate, count = _checked(rates, counts)
    return _poisson("M", rate.sum(axis=0), count.sum(axis=0), n, seed, scaled=True)


def likelihood_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the L-test: number, places and magnitudes at once.

    Parameters as of :func:`spatial_test`.
    """
    rate, count = _checked(rates, counts)
    return _poisson("L", rate, count, n, seed, drawn=True)


def conditional_likelihood_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the CL-test: places and magnitudes, given the number.

    Parameters as of :func:`spatial_test`.
    """
    rate, count = _checked(rates, counts)
    return _poisson("CL", rate, count, n, seed)


def binary_spatial_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the S-test of cells with or without events, which clustering hurts less.

    Parameters as of :func:`spatial_test`. An event in a cell without a rate makes the observed
    likelihood 0.

    References
    ----------
    Bayona et al. (2022), https://doi.org/10.1093/gji/ggac018
    """
    rate, count = _checked(rates, counts)
    return _binary("binary S", rate.sum(axis=1), count.sum(axis=1), n, seed)


def binary_conditional_likelihood_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the CL-test of bins with or without events; as :func:`binary_spatial_test`."""
    rate, count = _checked(rates, counts)
    return _binary("binary CL", rate, count, n, seed)


def brier_test(
    rates: ArrayLike, counts: ArrayLike, n: int = 1000, seed: Randomness = 0
) -> GriddedTest:
    """Return the test of the Brier score of bins with or without events.

    Parameters as of :func:`spatial_test`. The score is ``-2`` times the mean squared difference
    over bins, so that more is better.

    References
    ----------
    Serafini et al. (2022), https://doi.org/10.1093/gji/ggac124
    """
    rate, count = _checked(rates, counts)
    probability = -np.expm1(-rate.ravel())
    quiet = probability**2

    def score(active: IntArray, lengths: IntArray) -> FloatArray:
        changed = (1.0 - probability[active]) ** 2 - quiet[active]
        return np.asarray(-2.0 * (quiet.sum() + row_sums(changed, lengths)) / quiet.size)

    return _active_cells("Brier", rate.ravel(), count.ravel(), n, seed, score)


def row_sums(values: FloatArray, lengths: IntArray) -> FloatArray:
    """Return the sums of rows that stand one after the other, to the last bit as ``np.sum``.

    Parameters
    ----------
    values
        All rows, shape ``(sum(lengths),)``.
    lengths
        Of each row, 0 among them, shape ``(n_rows,)``.

    Notes
    -----
    ``np.add.reduceat`` adds pairwise what follows the first number of a row, as ``np.sum`` adds
    all to 0; so each row gets a 0 in front. Equal observations then have equal sums, whichever
    program summed them.
    """
    n_rows = len(lengths)
    ends = np.cumsum(lengths)
    padded = np.zeros(len(values) + n_rows)
    padded[np.arange(len(values)) + np.repeat(np.arange(n_rows), lengths) + 1] = values
    if n_rows == 0:
        return padded
    return np.asarray(np.add.reduceat(padded, ends - lengths + np.arange(n_rows)))


def _checked(rates: ArrayLike, counts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    rate = np.asarray(rates, dtype=np.float64)
    count = np.asarray(counts, dtype=np.float64)
    if rate.shape != count.shape or rate.ndim != 2:
        raise DataError(
            f"rates have shape {rate.shape} and counts {count.shape}; both must be "
            "(n_cells, n_magnitudes)"
        )
    if not (np.isfinite(rate).all() and (rate >= 0).all() and rate.any()):
        raise DataError("rates must be finite, not negative, and not all 0")
    return rate, count


def _likelihoods(keys: IntArray, n_rows: int, log_rate: FloatArray, expected: float) -> FloatArray:
    """Return joint Poisson log-likelihoods of rows of events.

    ``keys`` are ``row * n_cells + cell``, one an event, in any order.
    """
    found, count = np.unique(keys, return_counts=True)
    row, cell = np.divmod(found, len(log_rate))
    lengths = np.bincount(row, minlength=n_rows)
    number = count.astype(np.float64)
    logs = row_sums(log_rate[cell] * number, lengths)
    factorials = special.loggamma(np.arange(1.0, count.max(initial=0) + 2))
    penalty = row_sums(factorials[count], lengths)
    return np.asarray(logs - penalty - expected)


def _poisson(
    name: str,
    rate: FloatArray,
    count: FloatArray,
    n: int,
    seed: Randomness,
    *,
    scaled: bool = False,
    drawn: bool = False,
) -> GriddedTest:
    rng = randomness(seed)
    n_observed = int(count.sum())
    expected: float = rate.sum()
    # sums over the axes as they are, then flat: the rounding of pyCSEP
    edges = np.cumsum(rate.ravel()) / rate.sum()
    flat, seen = rate.ravel(), count.ravel()
    if n_observed == 0 and not drawn:
        return GriddedTest(name, float("nan"), float("nan"), np.zeros(0))
    if scaled:
        flat, expected = flat * (count.sum() / rate.sum()), n_observed
    with np.errstate(divide="ignore"):
        log_rate = np.log(flat)
    cells = np.repeat(np.arange(len(flat)), seen.astype(np.int64))
    observed = _likelihoods(cells, 1, log_rate, expected)[0]
    found = []
    at_once = max(1, _ROOM // max(n_observed, int(expected), 1))
    for first in range(0, n, at_once):
        m = min(at_once, n - first)
        if drawn:
            numbers, uniform = _drawn(rng, expected, m)
        else:
            numbers = np.full(m, n_observed)
            uniform = rng.random(m * n_observed)
        keys = np.repeat(np.arange(m), numbers) * len(flat)
        keys += np.searchsorted(edges, uniform, side="right")
        found.append(_likelihoods(keys, m, log_rate, expected))
    simulated = np.concatenate(found)
    return GriddedTest(name, float(observed), float((simulated <= observed).sum() / n), simulated)


def _drawn(
    rng: np.random.Generator | np.random.RandomState, expected: float, n: int
) -> tuple[IntArray, FloatArray]:
    """Return a Poisson number for each simulation and its uniform numbers, drawn in turn."""
    numbers, uniform = [], []
    for _ in range(n):
        numbers.append(int(rng.poisson(expected)))
        uniform.append(rng.random(numbers[-1]))
    return np.array(numbers, dtype=np.int64), np.concatenate(uniform)


def _binary(
    name: str, rate: FloatArray, count: FloatArray, n: int, seed: Randomness
) -> GriddedTest:
    flat = rate.ravel()
    with np.errstate(divide="ignore"):
        change = np.log(-np.expm1(-flat)) + flat  # of the sum, where a cell has events

    def score(active: IntArray, lengths: IntArray) -> FloatArray:
        return np.asarray(row_sums(change[active], lengths) - flat.sum())

    return _active_cells(name, flat, count.ravel(), n, seed, score)


def _active_cells(
    name: str,
    rate: FloatArray,
    count: FloatArray,
    n: int,
    seed: Randomness,
    score: Callable[[IntArray, IntArray], FloatArray],
) -> GriddedTest:
    """Return a test of which cells have events, given how many do."""
    seen = np.flatnonzero(count)
    k = len(seen)
    if k == 0:
        return GriddedTest(name, float("nan"), float("nan"), np.zeros(0))
    if k > np.count_nonzero(rate):
        raise DataError(
            f"{k} bins have events but only {np.count_nonzero(rate)} a rate; give every bin one"
        )
    edges = np.cumsum(rate) / rate.sum()
    active = _distinct_cells(edges, k, n, randomness(seed))
    lengths = np.full(n, k)
    simulated = score(active.ravel(), lengths)
    observed = float(score(seen, np.array([k]))[0])
    return GriddedTest(name, observed, float((simulated <= observed).sum() / n), simulated)


def _distinct_cells(
    edges: FloatArray, k: int, n: int, rng: np.random.Generator | np.random.RandomState
) -> IntArray:
    """Return ``k`` different cells of each of ``n`` simulations, drawn until there are so many.

    Draws that repeat a cell are used up, so that the next simulation starts where pyCSEP's does.
    """
    found = np.empty((n, k), dtype=np.int64)
    waiting = np.zeros(0, dtype=np.int64)
    for one in range(n):
        looked = k
        while True:
            if len(waiting) < looked:
                more = rng.random(max(4 * looked, 1024))
                waiting = np.append(waiting, np.searchsorted(edges, more, side="right"))
            cells, first = np.unique(waiting[:looked], return_index=True)
            if len(cells) >= k:
                break
            looked += max(k - len(cells), looked // 2)
        order = np.sort(first)[:k]
        found[one] = np.sort(waiting[order])
        waiting = waiting[order[-1] + 1 :]
    return found
