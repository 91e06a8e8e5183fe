"""Scores of later rows, each with an interval from whole blocks of time drawn again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mainshock.forecast.selection.calibrators import log_loss
from mainshock.forecast.selection.user_table import CLASSIFY, COUNT

__all__ = [
    "Spread",
    "block_draws",
    "calibration_error",
    "curve_areas",
    "fit_spread",
    "reliability_bins",
    "row_scores",
    "summary_of",
    "time_blocks",
]

FloatArray = NDArray[np.float64]
_MOST_BLOCKS, _FEWEST_BLOCKS = 40, 8
_LEAST_MEAN = 1e-6
_LOWER, _UPPER = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """How far values scatter about what a model expects.

    Parameters
    ----------
    sd
        Of a value; 0 for counts.
    dispersion
        Of counts: their variance is ``mean + dispersion mean^2``.
    low, high
        5 % and 95 % point of observed minus expected, of values.
    """

    sd: float = 0.0
    dispersion: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def interval(self, mean: FloatArray, task: str) -> tuple[FloatArray, FloatArray]:
        """Return the 90 % interval of each row, shapes ``(n,)``."""
        if task != COUNT:
            return mean + self.low, mean + self.high
        from scipy.stats import nbinom, poisson  # noqa: PLC0415

        mean = np.maximum(mean, _LEAST_MEAN)
        if self.dispersion < 1e-6:
            made = [poisson.ppf(one, mean) for one in (_LOWER, _UPPER)]
        else:
            n = 1.0 / self.dispersion
            made = [nbinom.ppf(one, n, n / (n + mean)) for one in (_LOWER, _UPPER)]
        return np.asarray(made[0]), np.asarray(made[1])


def _count_loss(mean: FloatArray, target: FloatArray, dispersion: float) -> FloatArray:
    """Return minus ln of the negative binomial probability, or Poisson's without dispersion."""
    mean = np.maximum(mean, _LEAST_MEAN)
    if dispersion < 1e-6:
        return np.asarray(mean - target * np.log(mean) + gammaln(target + 1.0))
    n = 1.0 / dispersion
    found = gammaln(target + n) - gammaln(n) - gammaln(target + 1.0)
    found += n * np.log(n / (n + mean)) + target * np.log(mean / (n + mean))
    return np.asarray(-found)


def fit_spread(mean: FloatArray, target: FloatArray, task: str) -> Spread:
    """Return the spread of later rows about what a model expected of them.

    Parameters
    ----------
    mean, target
        Of rows that the model was not fitted to, shape ``(n,)``.
    task
        ``count`` or ``regress``.
    """
    if task != COUNT:
        off = target - mean
        low, high = np.quantile(off, [_LOWER, _UPPER])
        return Spread(sd=float(max(np.sqrt((off**2).mean()), 1e-12)), low=low, high=high)
    tried = np.concatenate([[0.0], np.geomspace(1e-3, 100.0, 51)])
    losses = [float(_count_loss(mean, target, one).sum()) for one in tried]
    return Spread(dispersion=float(tried[int(np.argmin(losses))]))


def row_scores(
    predicted: FloatArray, target: FloatArray, task: str, spread: Spread | None = None
) -> dict[str, FloatArray]:
    """Return the losses of each row by name, the lower the better; ``log_score`` in nats.

    Parameters
    ----------
    predicted
        Probabilities ``(n, n_classes)``, or expected values ``(n, 1)``.
    target
        Shape ``(n,)``.
    task
        ``classify``, ``count`` or ``regress``.
    spread
        Of counts and values; counts are Poisson without it.
    """
    if task == CLASSIFY:
        happened = np.eye(predicted.shape[1])[target.astype(np.int64)]
        square = ((predicted - happened) ** 2).sum(axis=1)
        is_binary = predicted.shape[1] == 2
        return {
            "log_score": log_loss(predicted, target),
            "brier": square / 2.0 if is_binary else square,
        }
    mean, spread = predicted[:, 0], spread or Spread(sd=1.0)
    found = {"squared_error": (target - mean) ** 2, "absolute_error": np.abs(target - mean)}
    if task == COUNT:
        return {"log_score": _count_loss(mean, target, spread.dispersion), **found}
    loss = 0.5 * np.log(2 * np.pi * spread.sd**2) + found["squared_error"] / (2 * spread.sd**2)
    return {"log_score": loss, **found}


def time_blocks(time: FloatArray, gap: float) -> NDArray[np.int64]:
    """Return the number of the block in time of each row.

    Blocks are equally long: at least ``gap``, so that targets overlap with those of neighbours
    only, and from 8 to 40 of them where time allows.
    """
    span = float(np.ptp(time))
    if span == 0:
        return np.zeros(len(time), dtype=np.int64)
    n = _MOST_BLOCKS if gap <= 0 else int(np.clip(span / gap, _FEWEST_BLOCKS, _MOST_BLOCKS))
    return np.asarray(np.minimum((time - time.min()) / span * n, n - 1), dtype=np.int64)


def block_draws(
    values: FloatArray, block: NDArray[np.int64], seed: int, n_draws: int = 2000
) -> FloatArray:
    """Return means over blocks drawn with replacement, shape ``(n_draws, k)``.

    Parameters
    ----------
    values
        Of rows, ``(n, k)``.
    block
        Of each row.
    """
    known, number = np.unique(block, return_inverse=True)
    n = len(known)
    sums = np.zeros((n, values.shape[1]))
    np.add.at(sums, number, values)
    size = np.bincount(number, minlength=n).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_draws)
    return np.asarray((drawn @ sums) / (drawn @ size)[:, None])


def summary_of(
    scores: Mapping[str, FloatArray],
    reference: Mapping[str, FloatArray],
    block: NDArray[np.int64],
    seed: int,
) -> dict[str, Any]:
    """Return mean scores with 95 % intervals, and gains over a reference on the same rows.

    ``gain_X`` is the reference's mean loss minus the model's: above 0 the model is better.
    """
    names = list(scores)
    columns = [scores[name] for name in names] + [reference[name] - scores[name] for name in names]
    values = np.column_stack(columns)
    drawn = block_draws(values, block, seed)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    told: dict[str, Any] = {}
    for i, name in enumerate([*names, *(f"gain_{name}" for name in names)]):
        told[name] = float(values[:, i].mean())
        told[f"{name}_interval95"] = [float(low[i]), float(high[i])]
    return told


def curve_areas(probability: FloatArray, happened: NDArray[np.bool_]) -> dict[str, float]:
    """Return the areas under the ROC and precision-recall curves: blind to the base rate.

    NaN where a class is missing.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: PLC0415

    if not 0 < happened.sum() < len(happened):
        return {"roc_area": float("nan"), "precision_recall_area": float("nan")}
    return {
        "roc_area": float(roc_auc_score(happened, probability)),
        "precision_recall_area": float(average_precision_score(happened, probability)),
    }


def reliability_bins(
    probability: FloatArray, happened: NDArray[np.bool_], n_bins: int = 10
) -> list[dict[str, float]]:
    """Return bins of about equally many expected events: stated, observed share, number of rows.

    So the highest probabilities of rare events, which matter, get bins of their own. Rows of one
    probability are never split, so that there may be fewer bins.
    """
    ascending = np.sort(probability)
    mass = np.cumsum(ascending)
    at = np.searchsorted(mass, mass[-1] * np.arange(1, n_bins) / n_bins)
    edges = np.unique(ascending[np.minimum(at, len(ascending) - 1)])
    number = np.searchsorted(edges, probability, side="right")
    bins = []
    for one in range(len(edges) + 1):
        rows = number == one
        if rows.any():
            bins.append(
                {
                    "stated": float(probability[rows].mean()),
                    "observed": float(happened[rows].mean()),
                    "n": int(rows.sum()),
                }
            )
    return bins


def calibration_error(probability: FloatArray, happened: NDArray[np.bool_]) -> float:
    """Return the mean distance of stated and observed shares over ten bins."""
    bins = reliability_bins(probability, happened)
    return float(
        sum(one["n"] * abs(one["stated"] - one["observed"]) for one in bins) / len(probability)
    )
