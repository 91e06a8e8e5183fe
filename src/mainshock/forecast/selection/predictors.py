"""Fitted predictors as plain arrays: what is judged is what is saved, and no pickle is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.signal.compiled import compiled

__all__ = [
    "ConstantPredictor",
    "LinearPredictor",
    "Predictor",
    "TreesPredictor",
    "predictor_from",
    "transformed",
]

FloatArray = NDArray[np.float64]
IDENTITY, LOGISTIC, SOFTMAX, EXP, SHARES = "identity", "logistic", "softmax", "exp", "shares"
_CLIP = 8.0  # standard deviations: a linear model must not run away on a row unlike all others
_LEAST = 1e-9


class Predictor(Protocol):
    """A fitted predictor: numbers in, probabilities or an expected value out."""

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Return probabilities ``(n, n_classes)``, or expected values ``(n, 1)``."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all numbers of it, by name."""
        ...

    def document(self) -> dict[str, Any]:
        """Return all else of it."""
        ...


def _linked(values: FloatArray, link: str) -> FloatArray:
    """Return what a link makes of scores, shape ``(n, n_outputs)``."""
    if link == EXP:
        return np.exp(np.clip(values, -30.0, 30.0))
    if link == LOGISTIC:
        one = 1.0 / (1.0 + np.exp(-np.clip(values[:, 0], -30.0, 30.0)))
        return np.column_stack([1.0 - one, one])
    if link == SOFTMAX:
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    if link == SHARES:
        kept = np.maximum(values, _LEAST)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True))
    return values


def transformed(
    matrix: FloatArray, centre: FloatArray, scale: FloatArray, is_log: bool
) -> FloatArray:
    """Return standardised columns, cut at 8 standard deviations; ``is_log`` flattens long tails."""
    flat = np.sign(matrix) * np.log1p(np.abs(matrix)) if is_log else matrix
    return np.clip((flat - centre) / scale, -_CLIP, _CLIP)


@dataclass(frozen=True, slots=True, eq=False)
class ConstantPredictor:
    """Says the same of each row: the mean of the training.

    Parameters
    ----------
    values
        Shape ``(n_outputs,)``.
    """

    values: FloatArray

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Return the same values for each row."""
        return np.tile(self.values, (len(matrix), 1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all numbers of it, by name."""
        return {"values": self.values}

    def document(self) -> dict[str, Any]:
        """Return all else of it."""
        return {"form": "constant"}


@dataclass(frozen=True, slots=True, eq=False)
class LinearPredictor:
    """A generalised linear model.

    Parameters
    ----------
    centre, scale
        Of the standardisation, shape ``(k,)``.
    weights
        Shape ``(n_scores, k)``.
    intercept
        Shape ``(n_scores,)``.
    link
        ``identity``, ``logistic``, ``softmax`` or ``exp``.
    is_log
        Whether columns are flattened by ``sign(x) ln(1 + |x|)`` first.
    """

    centre: FloatArray
    scale: FloatArray
    weights: FloatArray
    intercept: FloatArray
    link: str
    is_log: bool

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Return probabilities, or expected values."""
        columns = transformed(matrix, self.centre, self.scale, self.is_log)
        return _linked(columns @ self.weights.T + self.intercept, self.link)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all numbers of it, by name."""
        names = ("centre", "scale", "weights", "intercept")
        return {name: getattr(self, name) for name in names}

    def document(self) -> dict[str, Any]:
        """Return all else of it."""
        return {"form": "linear", "link": self.link, "is_log": self.is_log}


@dataclass(frozen=True, slots=True, eq=False)
class TreesPredictor:
    """A sum of decision trees: a forest, or boosted ones.

    Parameters
    ----------
    root
        First node of each tree, shape ``(n_trees,)``.
    feature
        Column that a node asks for, -1 for leaves, shape ``(n_nodes,)``.
    threshold
        At most this goes left.
    left, right
        Nodes that follow.
    value
        Of each leaf, shape ``(n_nodes, n_scores)``.
    base
        Added to the sum, shape ``(n_scores,)``.
    link
        ``identity``, ``logistic``, ``softmax``, ``exp`` or ``shares``.
    is_single
        Whether columns are rounded to single precision first, as forests of scikit-learn do.
    """

    root: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: FloatArray
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: FloatArray
    base: FloatArray
    link: str
    is_single: bool

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Return probabilities, or expected values."""
        seen = np.ascontiguousarray(matrix, dtype=np.float64)
        if self.is_single:
            seen = seen.astype(np.float32).astype(np.float64)
        total = _sums(
            seen, self.root, self.feature, self.threshold, self.left, self.right, self.value
        )
        return _linked(total + self.base, self.link)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all numbers of it, by name."""
        names = ("root", "feature", "threshold", "left", "right", "value", "base")
        return {name: getattr(self, name) for name in names}

    def document(self) -> dict[str, Any]:
        """Return all else of it."""
        return {"form": "trees", "link": self.link, "is_single": self.is_single}


@compiled
def _sums(
    matrix: FloatArray,
    root: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: FloatArray,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    value: FloatArray,
) -> FloatArray:
    n, n_scores = len(matrix), value.shape[1]
    total = np.zeros((n, n_scores))
    for i in range(n):
        for first in root:
            node = first
            while feature[node] >= 0:
                is_left = matrix[i, feature[node]] <= threshold[node]
                node = left[node] if is_left else right[node]
            for j in range(n_scores):
                total[i, j] += value[node, j]
    return total


def predictor_from(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Predictor:
    """Return the predictor that ``document()`` and ``arrays()`` tell of.

    Raises
    ------
    ModelError
        If they do not fit together.
    """
    forms: dict[str, type[ConstantPredictor | LinearPredictor | TreesPredictor]] = {
        "constant": ConstantPredictor,
        "linear": LinearPredictor,
        "trees": TreesPredictor,
    }
    try:
        given: dict[str, Any] = {**arrays, **document}
        return forms[given.pop("form")](**given)
    except (KeyError, TypeError) as error:
        raise ModelError(f"the saved predictor is damaged ({error!r}); select again") from error
