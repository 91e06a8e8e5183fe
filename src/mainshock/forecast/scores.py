"""Scores of forecasts: information gain with a block bootstrap, counts, alarms as curves.

All scores in nats; more is better except where a name says otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from mainshock.core.errors import DataError

__all__ = [
    "BlockGains",
    "ErrorDiagram",
    "count_crps",
    "error_diagram",
    "gain_interval",
    "log_likelihood_per_event",
    "log_score",
    "negative_binomial_log_score",
    "poisson_log_score",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockGains:
    """Gain of one forecast over another, by block of time.

    Parameters
    ----------
    log_ratio
        Sum over the block's events of the difference of ln intensity, shape ``(n_blocks,)``.
    expected_difference
        Difference of the expected numbers of the block.
    n
        Number of its events.
    """

    log_ratio: FloatArray
    expected_difference: FloatArray
    n: FloatArray

    @property
    def per_event(self) -> float:
        """Return the information gain per event, nats; NaN without events."""
        total = float(self.n.sum())
        gain = float((self.log_ratio - self.expected_difference).sum())
        return gain / total if total else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class ErrorDiagram:
    """Share of events missed against share of space and time that is watched: Molchan's diagram.

    Parameters
    ----------
    watched
        Share of the reference measure whose forecast rates are the highest, from 0 to 1.
    missed
        Share of events outside, from 1 to 0.
    missed_95
        Upper end of the band that a forecast without skill stays below with 95 % at each point,
        and its lower end, shape ``(2, n)``.
    area_skill
        Area above the curve: 0.5 without skill, 1 at best.
    area_skill_95
        The interval in which a forecast without skill stays.
    n
        Number of events.
    """

    watched: FloatArray
    missed: FloatArray
    missed_95: FloatArray
    area_skill: float
    area_skill_95: tuple[float, float]
    n: int


def log_likelihood_per_event(log_intensity: ArrayLike, integral: float) -> float:
    """Return the log-likelihood of a point process per event.

    Parameters
    ----------
    log_intensity
        ln intensity at each event, shape ``(n_events,)``.
    integral
        Of the intensity over the window.

    Raises
    ------
    DataError
        If there are no events.
    """
    found = np.asarray(log_intensity, dtype=np.float64)
    if len(found) == 0:
        raise DataError("no events: the log-likelihood per event is not defined")
    return float((found.sum() - integral) / len(found))


def gain_interval(
    gains: BlockGains, n_draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the gain per event over blocks drawn anew; NaN from one block.

    Parameters
    ----------
    gains
        By block; blocks are what is independent, events are not.
    n_draws
        Number of draws.
    seed
        Of the draws.
    level
        Share between the ends, which are percentiles.

    References
    ----------
    Kunsch (1989), https://doi.org/10.1214/aos/1176347265
    """
    n_blocks = len(gains.n)
    if n_blocks < 2 or not gains.n.any():
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    gain = gains.log_ratio - gains.expected_difference
    drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks), size=n_draws)
    number = drawn @ gains.n
    known = number > 0
    found = (drawn @ gain)[known] / number[known]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def log_score(probability: ArrayLike, happened: ArrayLike) -> float:
    """Return the mean of ln of the probability that was given to what happened.

    Parameters
    ----------
    probability
        Above 0 and below 1 unless it was right.
    happened
        Whether it did.
    """
    p = np.asarray(probability, dtype=np.float64)
    seen = np.asarray(happened, dtype=bool)
    with np.errstate(divide="ignore"):
        return float(np.where(seen, np.log(p), np.log1p(-p)).mean())


def poisson_log_score(counts: ArrayLike, expected: ArrayLike) -> float:
    """Return the mean of ln of the Poisson probability of counts."""
    return float(stats.poisson.logpmf(np.asarray(counts), np.asarray(expected)).mean())


def negative_binomial_log_score(
    counts: ArrayLike, expected: ArrayLike, variance: ArrayLike
) -> float:
    """Return the mean of ln of the negative binomial probability of counts.

    Where the variance is not above the mean the distribution is Poisson's.
    """
    n = np.asarray(counts, dtype=np.float64)
    mean = np.maximum(np.asarray(expected, dtype=np.float64), 1e-12)
    excess = np.maximum(np.asarray(variance, dtype=np.float64) - mean, 1e-9 * mean)
    size = np.minimum(mean**2 / excess, 1e9)
    logs = (
        special.gammaln(n + size)
        - special.gammaln(size)
        - special.gammaln(n + 1)
        + size * np.log(size / (size + mean))
        + special.xlogy(n, mean / (size + mean))
    )
    return float(logs.mean())


def count_crps(simulated: ArrayLike, observed: ArrayLike) -> FloatArray:
    """Return the ranked probability score of each row of simulated counts; less is better.

    Parameters
    ----------
    simulated
        Counts of shape ``(n_windows, n_simulations)``.
    observed
        Counts of shape ``(n_windows,)``.

    References
    ----------
    Gneiting & Raftery (2007), https://doi.org/10.1198/016214506000001437
    """
    x = np.sort(np.asarray(simulated, dtype=np.float64), axis=1)
    n = x.shape[1]
    away = np.abs(x - np.asarray(observed, dtype=np.float64)[:, None]).mean(axis=1)
    # mean distance between two simulations, from the sorted ones
    apart = (x * (2 * np.arange(1, n + 1) - n - 1)).sum(axis=1) / n**2
    return np.asarray(away - apart)


def error_diagram(
    forecast: ArrayLike, reference: ArrayLike, counts: ArrayLike, n_points: int = 200
) -> ErrorDiagram:
    """Return Molchan's diagram of rates of cells, or of cells and windows.

    Parameters
    ----------
    forecast
        Any number that is higher where more events are expected, shape ``(n_cells,)``.
    reference
        Measure of the cells: their area times time, or rates of a reference forecast.
    counts
        Observed events of the cells.
    n_points
        Points of the curve at most.

    Raises
    ------
    DataError
        If there are no events, or the reference is negative or 0 everywhere.

    References
    ----------
    Zechar & Jordan (2008), https://doi.org/10.1111/j.1365-246X.2007.03676.x
    """
    score = np.asarray(forecast, dtype=np.float64).ravel()
    measure = np.asarray(reference, dtype=np.float64).ravel()
    number = np.asarray(counts, dtype=np.float64).ravel()
    n = int(number.sum())
    if n == 0 or not (measure.sum() > 0 and (measure >= 0).all()):
        raise DataError("an error diagram needs events and a reference measure above 0")
    # cells of equal rate are watched together
    groups = np.unique(-score, return_inverse=True)[1]
    share = np.cumsum(np.bincount(groups, measure)) / measure.sum()
    hit = np.cumsum(np.bincount(groups, number)) / n
    watched, missed = np.append(0.0, share), np.append(1.0, 1.0 - hit)
    skill = float(1.0 - np.trapezoid(missed, watched))
    grid = np.linspace(0.0, 1.0, min(n_points, len(watched)))
    band = np.stack([stats.binom.ppf(q, n, 1.0 - grid) / n for q in (0.025, 0.975)])
    # without skill the area is the mean of n uniform numbers
    half = float(stats.norm.ppf(0.975) / np.sqrt(12.0 * n))
    chosen = np.interp(grid, watched, missed)
    return ErrorDiagram(grid, chosen, band, skill, (0.5 - half, 0.5 + half), n)
