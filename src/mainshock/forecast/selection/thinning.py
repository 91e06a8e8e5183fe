"""Fewer rows with weights: quiet rows of rare events need not all be learnt from."""

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.selection.user_table import REGRESS

__all__ = ["thinned"]

FloatArray = NDArray[np.float64]


def thinned(
    target: FloatArray, task: str, most: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return at most so many rows, and weights with which their sums stand for all rows.

    Of classes and counts the most frequent value is thinned first: all other rows stay as long
    as they fill no more than half. Order is kept.

    Parameters
    ----------
    target
        Of all rows, shape ``(n,)``.
    task
        ``classify``, ``count`` or ``regress``.
    most
        Number of rows that may stay.
    rng
        Draws which.

    Returns
    -------
    rows
        Ascending.
    weight
        Of each; 1 where all rows stay.

    Examples
    --------
    >>> target = np.array([0.0] * 98 + [1.0] * 2)
    >>> rows, weight = thinned(target, "count", 30, np.random.default_rng(0))
    >>> rows[-2:].tolist(), float(weight[0]), round(float(weight.sum()))
    ([98, 99], 3.5, 100)
    """
    n = len(target)
    if n <= most:
        return np.arange(n, dtype=np.int64), np.ones(n)
    if task == REGRESS:
        parts = [np.arange(n)]
        room = [most]
    else:
        values, counts = np.unique(target, return_counts=True)
        is_common = target == values[int(counts.argmax())]
        parts = [np.flatnonzero(~is_common), np.flatnonzero(is_common)]
        n_rare = min(len(parts[0]), max(most // 2, most - len(parts[1])))
        room = [n_rare, most - n_rare]
    chosen = [
        rng.choice(part, size=min(k, len(part)), replace=False)
        for part, k in zip(parts, room, strict=True)
    ]
    weight = np.concatenate(
        [np.full(len(one), len(part) / len(one)) for one, part in zip(chosen, parts, strict=True)
         if len(one)]
    )  # fmt: skip
    rows = np.concatenate(chosen)
    order = np.argsort(rows)
    return rows[order].astype(np.int64), weight[order]
