"""Scores of class probabilities, and their spread over ruptures.

Segments of one rupture are one observation: intervals draw ruptures, not segments, with
replacement. A bootstrap over segments is half as wide and wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError

__all__ = [
    "Scores",
    "area_under_roc",
    "brier_score",
    "calibration_error",
    "class_f1",
    "macro_f1",
    "rupture_bootstrap",
    "score_probabilities",
]

Classes = NDArray[np.int64]
Probabilities = NDArray[np.float64]
_BINS = 10


@dataclass(frozen=True, slots=True)
class Scores:
    """What probabilities of a fold are worth.

    Parameters
    ----------
    macro_f1
        Mean over classes of the F1 of the likeliest class.
    f1
        F1 of each class.
    auc
        Area under the receiver operating characteristic of the highest class; NaN where the fold
        holds one side only.
    brier
        Of the highest class, 0 best.
    log_loss
        Mean of minus the logarithm of what the true class was given, nats.
    ece
        Expected calibration error of the highest class, in ten bins of equal width.
    balanced_accuracy
        Mean recall of the classes that occur.
    n
        Segments.
    """

    macro_f1: float
    f1: tuple[float, ...]
    auc: float
    brier: float
    log_loss: float
    ece: float
    balanced_accuracy: float
    n: int


def score_probabilities(y: ArrayLike, probability: Probabilities) -> Scores:
    """Return the scores of probabilities, shape ``(n, n_classes)``.

    Raises
    ------
    DataError
        If there are no rows, or probabilities do not sum to 1.
    """
    truth = np.asarray(y, dtype=np.int64)
    if truth.size == 0 or probability.shape[0] != truth.size:
        raise DataError(f"{truth.size} classes and {probability.shape[0]} probabilities given")
    if not np.allclose(probability.sum(axis=1), 1.0, atol=1e-6):
        raise DataError("the probabilities of a segment do not sum to 1; give all its classes")
    guess = probability.argmax(axis=1)
    top = probability.shape[1] - 1
    f1 = class_f1(truth, guess, top + 1)
    own = probability[np.arange(truth.size), truth]
    recalls = [float(np.mean(guess[truth == one] == one)) for one in np.unique(truth)]
    return Scores(
        macro_f1=float(np.mean(f1)),
        f1=tuple(f1.tolist()),
        auc=area_under_roc(truth == top, probability[:, top]),
        brier=brier_score(truth == top, probability[:, top]),
        log_loss=float(-np.mean(np.log(np.clip(own, 1e-12, 1.0)))),
        ece=calibration_error(truth == top, probability[:, top]),
        balanced_accuracy=float(np.mean(recalls)),
        n=int(truth.size),
    )


def class_f1(y: Classes, guess: Classes, n_classes: int) -> Probabilities:
    """Return the F1 of each class; 0 where it is neither there nor guessed."""
    scores = np.zeros(n_classes)
    for one in range(n_classes):
        hits = np.count_nonzero((y == one) & (guess == one))
        total = np.count_nonzero(y == one) + np.count_nonzero(guess == one)
        scores[one] = 2.0 * hits / total if total else 0.0
    return scores


def macro_f1(y: Classes, probability: Probabilities) -> float:
    """Return the mean F1 of the likeliest classes."""
    return float(np.mean(class_f1(y, probability.argmax(axis=1), probability.shape[1])))


def area_under_roc(is_true: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the share of pairs that are in the right order, ties counting half; NaN for none."""
    n_true = np.count_nonzero(is_true)
    n_false = is_true.size - n_true
    if n_true == 0 or n_false == 0:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * (count - 1))[place]
    return float((rank[is_true].sum() - 0.5 * n_true * (n_true + 1)) / (n_true * n_false))


def brier_score(is_true: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the mean squared difference of probability and outcome."""
    return float(np.mean((probability - is_true) ** 2))


def calibration_error(is_true: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the mean difference of probability and share, in ten bins weighted by number."""
    number = np.minimum((probability * _BINS).astype(np.int64), _BINS - 1)
    total = 0.0
    for one in np.unique(number):
        rows = number == one
        total += rows.sum() * abs(float(probability[rows].mean()) - float(is_true[rows].mean()))
    return total / is_true.size


def rupture_bootstrap(
    runs: ArrayLike,
    score: Callable[[NDArray[np.int64]], float],
    n_draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the interval of a score over ruptures drawn with replacement.

    Parameters
    ----------
    runs
        Rupture of each row.
    score
        Given row numbers, some of them more than once, returns the score; NaN is passed over.
    level
        Share of draws inside the interval.
    """
    names, run = np.unique(np.asarray(runs), return_inverse=True)
    rows = [np.flatnonzero(run == one) for one in range(names.size)]
    rng = np.random.default_rng(seed)
    found = np.array(
        [
            score(np.concatenate([rows[one] for one in rng.integers(names.size, size=names.size)]))
            for _ in range(n_draws)
        ]
    )
    found = found[np.isfinite(found)]
    if found.size == 0:
        return float("nan"), float("nan")
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(found, [tail, 100.0 - tail])
    return float(low), float(high)
