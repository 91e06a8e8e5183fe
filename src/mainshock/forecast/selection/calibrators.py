"""Brings stated probabilities to observed frequencies, fitted to rows that a model had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALIBRATORS", "Calibrator", "chosen_calibrator", "fit_calibrator", "log_loss"]

FloatArray = NDArray[np.float64]
NONE, SIGMOID, ISOTONIC = "none", "sigmoid", "isotonic"
CALIBRATORS = (NONE, SIGMOID, ISOTONIC)
_LEAST = 1e-6
_FEWEST_EVENTS = 20  # of the rarer class: a staircase needs some


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A map of probabilities.

    Parameters
    ----------
    kind
        ``none``; ``sigmoid``, two numbers on the log-odds (one for more than two classes: a
        temperature); or ``isotonic``, a staircase that only rises.
    x, y
        The two numbers, or the corners of the staircase.
    least
        No probability comes nearer to 0 or 1.
    """

    kind: str = NONE
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    least: float = _LEAST

    def __call__(self, probability: FloatArray) -> FloatArray:
        """Return calibrated probabilities, ``(n, n_classes)``; rows add up to 1."""
        kept = np.clip(probability, self.least, None)
        kept = kept / kept.sum(axis=1, keepdims=True)
        if self.kind == NONE:
            return np.asarray(kept)
        if probability.shape[1] == 2:
            if self.kind == SIGMOID:
                odds = self.x[0] + self.x[1] * np.log(kept[:, 1] / kept[:, 0])
                second = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
            else:
                second = np.interp(kept[:, 1], self.x, self.y)
            second = np.clip(second, self.least, 1.0 - self.least)
            return np.column_stack([1.0 - second, second])
        raised = kept ** self.x[1]
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def to_document(self) -> dict[str, Any]:
        """Return the map as JSON can hold it."""
        return {"kind": self.kind, "x": list(self.x), "y": list(self.y), "least": self.least}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Calibrator":
        """Return the map of :meth:`to_document`."""
        return cls(document["kind"], tuple(document["x"]), tuple(document["y"]), document["least"])


def log_loss(probability: FloatArray, target: FloatArray) -> FloatArray:
    """Return minus ln of the probability of what happened, nats, shape ``(n,)``."""
    said = probability[np.arange(len(target)), target.astype(np.int64)]
    return -np.log(np.maximum(said, 1e-300))


def fit_calibrator(kind: str, probability: FloatArray, target: FloatArray) -> Calibrator:
    """Return the map that fits best.

    Parameters
    ----------
    kind
        One of ``CALIBRATORS``.
    probability
        Of rows that the model was not fitted to, ``(n, n_classes)``.
    target
        Numbers of their classes, ``(n,)``.
    """
    least = min(0.01, 0.5 / (len(target) + 2.0))
    if kind == ISOTONIC and probability.shape[1] == 2:
        return _staircase(probability[:, 1], target, least)
    if kind == NONE:
        return Calibrator(least=least)
    return _sigmoid(probability, target, least)


def _staircase(said: FloatArray, target: FloatArray, least: float) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415

    made = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(said, target)
    x, y = np.asarray(made.X_thresholds_), np.asarray(made.y_thresholds_)
    # a step at 0 of few rows does not mean never: each end is drawn in by half an event
    y = np.clip(y, 0.5 / (len(target) + 1.0), 1.0 - 0.5 / (len(target) + 1.0))
    return Calibrator(ISOTONIC, tuple(map(float, x)), tuple(map(float, y)), least)


def _sigmoid(probability: FloatArray, target: FloatArray, least: float) -> Calibrator:
    from scipy.optimize import minimize  # noqa: PLC0415

    n_classes = probability.shape[1]

    def loss(x: FloatArray) -> float:
        tried = Calibrator(SIGMOID, (float(x[0]), float(np.exp(x[1]))), (), least)
        return float(log_loss(tried(probability), target).mean())

    if n_classes == 2:
        found = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    else:
        one = minimize(lambda x: loss(np.array([0.0, x[0]])), np.zeros(1), method="Nelder-Mead")
        found = np.array([0.0, one.x[0]])
    return Calibrator(SIGMOID, (float(found[0]), float(np.exp(found[1]))), (), least)


def chosen_calibrator(
    probability: FloatArray, target: FloatArray, block: NDArray[np.int64]
) -> tuple[Calibrator, dict[str, float]]:
    """Return the kind of map that calibrates later blocks best, fitted to all rows.

    Each kind is fitted to the blocks before one and judged on it. Where the rarest class is too
    rare before a block, nothing is changed in it.

    Parameters
    ----------
    probability
        Of rows that the model was not fitted to, ``(n, n_classes)``.
    target
        Numbers of their classes.
    block
        Number of the block in time of each row.

    Returns
    -------
    calibrator
        The map.
    scores
        Log score of each kind on later blocks, nats a row.
    """
    blocks = np.unique(block)
    n_classes = probability.shape[1]
    scores: dict[str, float] = {}
    for kind in CALIBRATORS if n_classes == 2 else CALIBRATORS[:2]:
        later = []
        for one in blocks[1:]:
            before, here = block < one, block == one
            is_enough = _rarest(target[before], n_classes) >= _FEWEST_EVENTS
            made = fit_calibrator(kind if is_enough else NONE, probability[before], target[before])
            later.append(log_loss(made(probability[here]), target[here]))
        if later:
            scores[kind] = float(np.concatenate(later).mean())
    if not scores:
        made = fit_calibrator(NONE, probability, target)
        return made, {NONE: float(log_loss(made(probability), target).mean())}
    best = min(scores, key=lambda kind: scores[kind])
    return fit_calibrator(best, probability, target), scores


def _rarest(target: FloatArray, n_classes: int) -> int:
    return int(np.bincount(target.astype(np.int64), minlength=n_classes).min())
