"""Splits windows by time, so that a test lies apart from what was learned."""

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["time_folds"]


def time_folds(times_s: NDArray[np.float64], n_folds: int) -> NDArray[np.int64]:
    """Return the fold of each window: blocks of time with as many windows each, in order.

    Raises
    ------
    DataError
        If there are fewer windows than two a fold.

    Examples
    --------
    >>> import numpy as np
    >>> time_folds(np.array([5.0, 1.0, 9.0, 2.0]), 2).tolist()
    [1, 0, 1, 0]
    """
    if len(times_s) < 2 * n_folds:
        raise DataError(
            f"{len(times_s)} windows are too few for {n_folds} folds of two or more; give more "
            "windows, or fewer folds in the recipe"
        )
    folds = np.empty(len(times_s), dtype=np.int64)
    folds[np.argsort(times_s, kind="stable")] = np.arange(len(times_s)) * n_folds // len(times_s)
    return folds
