"""CSEP's comparisons of two forecasts on the same events: paired t-test and signed ranks.

They take ln rates at the events and the two expected numbers, so that gridded forecasts and
conditional intensities are compared alike. Differences of per-event *log-likelihoods* would not
do: programs spread the integral over events in their own ways.

References
----------
Rhoades et al. (2011), https://doi.org/10.2478/s11600-011-0013-5
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mainshock.core.errors import DataError

__all__ = ["RankComparison", "RateComparison", "rate_comparison", "signed_rank_comparison"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Information gain per event with Student's interval: the T-test.

    Parameters
    ----------
    gain
        Nats per event; positive where the first forecast is the better one.
    lower, upper
        Ends of the two-sided interval. It takes events to be independent; clustered ones are not,
        so that a block bootstrap is the more honest interval.
    statistic
        Gain over its standard error.
    critical
        Value of Student's distribution that the statistic must exceed.
    """

    gain: float
    lower: float
    upper: float
    statistic: float
    critical: float

    @property
    def is_better(self) -> bool:
        """Return whether the whole interval lies above 0."""
        return self.lower > 0.0

    @property
    def is_worse(self) -> bool:
        """Return whether the whole interval lies below 0."""
        return self.upper < 0.0


@dataclass(frozen=True, slots=True)
class RankComparison:
    """Whether differences of ln rates lie evenly about the difference of integrals: the W-test.

    Parameters
    ----------
    statistic
        Standard normal where neither forecast is better.
    probability
        Two-sided, of a statistic as far from 0.
    n
        Differences that are not 0; below 10 the normal approximation is poor.
    """

    statistic: float
    probability: float
    n: int


def rate_comparison(
    log_rate: ArrayLike,
    other_log_rate: ArrayLike,
    expected: float,
    other_expected: float,
    level: float = 0.95,
) -> RateComparison:
    """Return the T-test of two forecasts.

    Parameters
    ----------
    log_rate, other_log_rate
        ln rates at the events, shape ``(n_events,)``, in the same unit.
    expected, other_expected
        Expected numbers of events of the two forecasts.
    level
        Of the interval.

    Raises
    ------
    DataError
        If there are fewer than two events, or lengths differ.
    """
    apart = _differences(log_rate, other_log_rate)
    n = len(apart)
    if n < 2:
        raise DataError(f"a paired t-test of {n} events says nothing; give 2 or more")
    gain = (apart.sum() - (expected - other_expected)) / n
    variance = (apart**2).sum() / (n - 1) - apart.sum() ** 2 / (float(n) ** 2 - n)
    error = np.sqrt(max(variance, 0.0) / n)
    critical = float(stats.t.ppf(1 - (1 - level) / 2, n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(gain, error))
    half = critical * error
    return RateComparison(float(gain), float(gain - half), float(gain + half), statistic, critical)


def signed_rank_comparison(
    log_rate: ArrayLike, other_log_rate: ArrayLike, expected: float, other_expected: float
) -> RankComparison:
    """Return the W-test of two forecasts; parameters as of :func:`rate_comparison`.

    Raises
    ------
    DataError
        If there are no events, or lengths differ.
    """
    apart = _differences(log_rate, other_log_rate)
    if len(apart) == 0:
        raise DataError("signed ranks of no events say nothing; give a longer window")
    moved = apart - (expected - other_expected) / len(apart)
    moved = moved[moved != 0]
    n = len(moved)
    if n == 0:
        return RankComparison(0.0, 1.0, 0)
    rank = stats.rankdata(np.abs(moved))
    smaller = min(rank[moved > 0].sum(), rank[moved < 0].sum())
    square = n * (n + 1.0) * (2.0 * n + 1.0)
    repeats = np.unique(rank, return_counts=True)[1]
    repeats = repeats[repeats > 1]
    square -= 0.5 * (repeats * (repeats * repeats - 1)).sum()
    statistic = (smaller - n * (n + 1.0) * 0.25) / np.sqrt(square / 24)
    return RankComparison(float(statistic), float(2.0 * stats.norm.sf(abs(statistic))), n)


def _differences(log_rate: ArrayLike, other_log_rate: ArrayLike) -> FloatArray:
    ours = np.asarray(log_rate, dtype=np.float64)
    theirs = np.asarray(other_log_rate, dtype=np.float64)
    if ours.shape != theirs.shape or ours.ndim != 1:
        raise DataError(
            f"rates of shapes {ours.shape} and {theirs.shape} are not of the same events"
        )
    return np.asarray(ours - theirs)
