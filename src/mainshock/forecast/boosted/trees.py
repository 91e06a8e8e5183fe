"""Boosted trees as plain arrays: kept in npz files, evaluated without scikit-learn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

__all__ = ["TreeSum", "codes_of"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class TreeSum:
    """A constant and a sum of regression trees; nodes of all trees stand in a row.

    Parameters
    ----------
    base
        The constant, shape ``(1,)``.
    root
        First node of each tree.
    feature
        Feature that a node asks, -1 for leaves.
    threshold
        Rows with a value of at most this go left.
    left, right
        Numbers of the next nodes.
    missing_left
        Whether rows without a value go left, 0 or 1.
    value
        Of leaves.
    """

    base: FloatArray
    root: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    missing_left: NDArray[np.int8]
    value: FloatArray

    @classmethod
    def of(
        cls, estimator: "HistGradientBoostingRegressor", n_trees: int, edges: Sequence[FloatArray]
    ) -> "TreeSum":
        """Return the first trees of an ensemble of scikit-learn; its link is left out.

        Parameters
        ----------
        estimator
            Fitted to the codes of :func:`codes_of`.
        n_trees
            How many of its trees.
        edges
            Of the codes, for each feature.
        """
        nodes = [one[0].nodes for one in estimator._predictors[:n_trees]]
        sizes = np.array([len(one) for one in nodes], dtype=np.int64)
        root = np.cumsum(sizes) - sizes
        every = np.concatenate(nodes)
        shift = np.repeat(root, sizes)
        feature = np.where(every["is_leaf"].astype(bool), -1, every["feature_idx"])
        code = np.floor(every["num_threshold"])
        threshold = np.zeros(len(every))
        for k, edge in enumerate(edges):
            asked = feature == k
            # a node that parts rows with a value from those without has no code as a threshold
            at = np.clip(np.nan_to_num(code[asked], posinf=1e9), -1, len(edge)).astype(np.int64)
            threshold[asked] = np.concatenate([edge, [np.inf, -np.inf]])[at]
        return cls(
            base=np.ravel(estimator._baseline_prediction).astype(np.float64)[:1],
            root=root.astype(np.int32),
            feature=feature.astype(np.int32),
            threshold=threshold,
            left=(every["left"] + shift).astype(np.int32),
            right=(every["right"] + shift).astype(np.int32),
            missing_left=every["missing_go_to_left"].astype(np.int8),
            value=every["value"].astype(np.float64),
        )

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.root)

    def predict(self, rows: NDArray[np.float32]) -> FloatArray:
        """Return the sum for each row of features, ``(n_rows, n_features)`` to ``(n_rows,)``."""
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        return np.asarray(self.base[0] + self._sum(rows, self.root))

    def first(self, n_trees: int) -> "TreeSum":
        """Return the sum of the first trees alone."""
        n_nodes = int(self.root[n_trees]) if n_trees < len(self) else len(self.feature)
        return TreeSum(
            self.base,
            self.root[:n_trees],
            self.feature[:n_nodes],
            self.threshold[:n_nodes],
            self.left[:n_nodes],
            self.right[:n_nodes],
            self.missing_left[:n_nodes],
            self.value[:n_nodes],
        )

    def shifted(self, by: float) -> "TreeSum":
        """Return the same trees with another constant."""
        return replace(self, base=self.base + by)

    def cumulative(
        self, rows: NDArray[np.float32], every: int = 5
    ) -> Iterator[tuple[int, FloatArray]]:
        """Yield a number of trees and their sum for each row, some trees apart."""
        total = np.full(len(rows), self.base[0])
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        for low in range(0, len(self), every):
            high = min(low + every, len(self))
            total = total + self._sum(rows, self.root[low:high])
            yield high, total

    def _sum(self, rows: NDArray[np.float32], root: IntArray) -> FloatArray:
        return _sums(
            rows,
            root,
            self.feature,
            self.threshold,
            self.left,
            self.right,
            self.missing_left,
            self.value,
        )

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for an npz file."""
        return {prefix + one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> "TreeSum":
        """Return the trees of :meth:`arrays`.

        Raises
        ------
        KeyError
            If an array is missing.
        """
        return cls(**{one.name: arrays[prefix + one.name] for one in fields(cls)})


def codes_of(
    features: NDArray[np.float32], n_codes: int
) -> tuple[NDArray[np.float32], list[FloatArray]]:
    """Return features as whole numbers from 0 by quantile, and the edges between them.

    A value has code ``k`` or less exactly where it is at most ``edges[k]``. NaN stays NaN; a
    feature without any value is 0.

    Parameters
    ----------
    features
        Shape ``(n_rows, n_features)``.
    n_codes
        Codes of a feature at most.
    """
    codes = np.zeros(features.shape, dtype=np.float32)
    edges: list[FloatArray] = []
    levels = (np.arange(n_codes - 1) + 1.0) / n_codes
    for k in range(features.shape[1]):
        column = features[:, k].astype(np.float64)
        known = np.isfinite(column)
        there = np.sort(column[known])
        if len(there) == 0:
            edges.append(np.zeros(0))
            continue
        # values that lie there, so that one repeated often has a code of its own
        edge = np.unique(there[(levels * (len(there) - 1)).astype(np.int64)])
        edges.append(edge[edge < there[-1]])
        codes[known, k] = np.searchsorted(edges[-1], column[known], side="left")
        codes[~known, k] = np.nan
    return codes, edges


@compiled
def _sums(
    rows: NDArray[np.float32],
    root: IntArray,
    feature: IntArray,
    threshold: FloatArray,
    left: IntArray,
    right: IntArray,
    missing_left: NDArray[np.int8],
    value: FloatArray,
) -> FloatArray:
    n = len(rows)
    total = np.zeros(n)
    block = 2048  # rows that stay in the cache while trees pass
    for first in range(0, n, block):
        last = min(first + block, n)
        for tree in range(len(root)):
            for i in range(first, last):
                node = root[tree]
                while feature[node] >= 0:
                    x = rows[i, feature[node]]
                    goes_left = missing_left[node] == 1 if np.isnan(x) else x <= threshold[node]
                    node = left[node] if goes_left else right[node]
                total[i] += value[node]
    return total
