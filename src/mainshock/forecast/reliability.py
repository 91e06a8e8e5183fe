"""Whether probabilities keep what they say: diagram, Brier score and its parts, ROC curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mainshock.core.errors import DataError

__all__ = [
    "BrierParts",
    "ReliabilityDiagram",
    "RocCurve",
    "brier_parts",
    "recalibrated",
    "reliability_diagram",
    "roc_curve",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityDiagram:
    """How often things happened that were given like probabilities.

    Parameters
    ----------
    forecast
        Mean probability of each bin, shape ``(n_bins,)``.
    observed
        Share that happened.
    n
        Number of forecasts in the bin.
    low_95, high_95
        Where the share lies in 95 of 100 cases if the forecasts are right: consistency bars.
    """

    forecast: FloatArray
    observed: FloatArray
    n: NDArray[np.int64]
    low_95: FloatArray
    high_95: FloatArray

    @property
    def share_consistent(self) -> float:
        """Return the share of bins inside their bars."""
        inside = (self.observed >= self.low_95) & (self.observed <= self.high_95)
        return float(inside.mean())


@dataclass(frozen=True, slots=True)
class BrierParts:
    """The Brier score, less is better, and what it is made of.

    ``score = miscalibration - discrimination + uncertainty``.

    Parameters
    ----------
    score
        Mean squared difference of probability and outcome.
    miscalibration
        What recalibration would save; 0 at best.
    discrimination
        What the recalibrated forecasts save over always giving the base rate.
    uncertainty
        Score of the base rate.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Hit rate against false alarm rate; blind to the base rate, so never a headline.

    Parameters
    ----------
    false_rate, hit_rate
        Of every threshold, both from 0 to 1.
    area
        Under the curve: 0.5 without skill.
    area_95
        Interval, for independent outcomes.
    """

    false_rate: FloatArray
    hit_rate: FloatArray
    area: float
    area_95: tuple[float, float]


def reliability_diagram(
    probability: ArrayLike,
    happened: ArrayLike,
    n_bins: int = 10,
    *,
    n_draws: int = 500,
    seed: int = 0,
) -> ReliabilityDiagram:
    """Return the reliability diagram, with bins of like numbers of expected events.

    Parameters
    ----------
    probability
        Forecasts, shape ``(n,)``.
    happened
        Whether it did, shape ``(n,)``.
    n_bins
        Bins at most; ties stay together.
    n_draws
        Draws of outcomes from the forecasts, for the bars.
    seed
        Of the draws.

    Raises
    ------
    DataError
        If there are no forecasts, lengths differ, or one is no probability.

    References
    ----------
    Brocker & Smith (2007), https://doi.org/10.1175/WAF993.1
    """
    p, seen = _checked(probability, happened)
    edges = _bin_edges(p, n_bins)
    of = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, len(edges) - 2)
    n = np.bincount(of, minlength=len(edges) - 1)
    kept = n > 0
    number = np.maximum(n, 1)
    forecast = np.bincount(of, p, len(n)) / number
    observed = np.bincount(of, seen, len(n)) / number
    rng = np.random.default_rng(seed)
    drawn = np.stack(
        [np.bincount(of, rng.random(len(p)) < p, len(n)) / number for _ in range(n_draws)]
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return ReliabilityDiagram(forecast[kept], observed[kept], n[kept], low[kept], high[kept])


def recalibrated(probability: ArrayLike, happened: ArrayLike) -> FloatArray:
    """Return the probabilities that pooling adjacent violators makes of forecasts.

    Parameters as of :func:`brier_parts`.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415

    p, seen = _checked(probability, happened)
    _, of, n = np.unique(p, return_inverse=True, return_counts=True)
    share = np.bincount(of, seen) / n
    return np.asarray(isotonic_regression(share, weights=n).x[of], dtype=np.float64)


def brier_parts(probability: ArrayLike, happened: ArrayLike) -> BrierParts:
    """Return the Brier score and its exact decomposition, which needs no bins.

    Parameters
    ----------
    probability
        Forecasts, shape ``(n,)``.
    happened
        Whether it did, shape ``(n,)``.

    Raises
    ------
    DataError
        As of :func:`reliability_diagram`.

    References
    ----------
    Dimitriadis et al. (2021), https://doi.org/10.1073/pnas.2016191118
    """
    p, seen = _checked(probability, happened)
    score = float(((p - seen) ** 2).mean())
    best = float(((recalibrated(p, seen) - seen) ** 2).mean())
    base = float(seen.mean() * (1.0 - seen.mean()))
    return BrierParts(score, score - best, base - best, base)


def roc_curve(probability: ArrayLike, happened: ArrayLike) -> RocCurve:
    """Return the ROC curve of forecasts.

    Raises
    ------
    DataError
        If all or nothing happened, or as of :func:`reliability_diagram`.

    References
    ----------
    Hanley & McNeil (1982), https://doi.org/10.1148/radiology.143.1.7063747
    """
    p, seen = _checked(probability, happened)
    hits, others = float(seen.sum()), float((1 - seen).sum())
    if not (hits and others):
        raise DataError("a ROC curve needs forecasts of what happened and of what did not")
    groups = np.unique(-p, return_inverse=True)[1]
    hit = np.append(0.0, np.cumsum(np.bincount(groups, seen)) / hits)
    wrong = np.append(0.0, np.cumsum(np.bincount(groups, 1.0 - seen)) / others)
    area = float(np.trapezoid(hit, wrong))
    q1, q2 = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    variance = area * (1 - area) + (hits - 1) * (q1 - area**2) + (others - 1) * (q2 - area**2)
    half = float(stats.norm.ppf(0.975) * np.sqrt(max(variance, 0.0) / (hits * others)))
    return RocCurve(wrong, hit, area, (max(0.0, area - half), min(1.0, area + half)))


def _checked(probability: ArrayLike, happened: ArrayLike) -> tuple[FloatArray, FloatArray]:
    p = np.asarray(probability, dtype=np.float64).ravel()
    seen = np.asarray(happened, dtype=np.float64).ravel()
    if len(p) == 0 or p.shape != seen.shape:
        raise DataError(f"{p.size} forecasts and {seen.size} outcomes; give as many, at least one")
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(seen, (0.0, 1.0)).all():
        raise DataError("forecasts must lie in 0 to 1 and outcomes be true or false")
    return p, seen


def _bin_edges(p: FloatArray, n_bins: int) -> FloatArray:
    """Return ends of bins that hold like sums of probability: most forecasts are very small."""
    order = np.sort(p)
    total = np.cumsum(order)
    if total[-1] == 0:
        return np.array([0.0, 1.0])
    at = np.searchsorted(total, np.linspace(0, total[-1], n_bins + 1)[1:-1])
    inner = np.unique(order[np.minimum(at, len(order) - 1)])
    return np.unique(np.concatenate([[0.0], inner[inner > 0], [np.nextafter(1.0, 2.0)]]))
