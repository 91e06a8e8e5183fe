"""Signs that a feature tells the target: it would not be there when a forecast is made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.selection.user_table import CLASSIFY

__all__ = ["explained_alone", "leakage_signs"]

FloatArray = NDArray[np.float64]
NEARLY_ALL = 0.95
"""Share of the target that one feature alone may not explain on later rows."""

_SAME = 0.99  # squared correlation
_MOST_ROWS = 20_000
_LEAST_ROWS = 40


def explained_alone(column: FloatArray, target: FloatArray, task: str) -> float:
    """Return which share of a target a feature alone explains on later rows.

    A small tree is fitted to the first half of the rows; of the second half the share of the
    variance, or of the log score, counts. 0 or less: nothing.

    Parameters
    ----------
    column, target
        In order of time, shape ``(n,)``.
    task
        ``classify``, ``count`` or ``regress``.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # noqa: PLC0415

    if task != CLASSIFY and np.ptp(column) > 0 and np.ptp(target) > 0:
        r = float(np.corrcoef(column, target)[0, 1])
        if r * r >= _SAME:  # a tree cannot follow a trend beyond what it saw
            return r * r
    step = max(1, len(target) // _MOST_ROWS)
    x, y = column[::step, None], target[::step]
    half = len(y) // 2
    if half < _LEAST_ROWS or np.ptp(y[:half]) == 0 or np.ptp(y[half:]) == 0:
        return 0.0
    made: Any
    if task == CLASSIFY:
        made = DecisionTreeClassifier(max_leaf_nodes=32, min_samples_leaf=2, random_state=0)
        made.fit(x[:half], y[:half])
        return _entropy_explained(made, x[half:], y[:half], y[half:])
    made = DecisionTreeRegressor(max_leaf_nodes=64, min_samples_leaf=2, random_state=0)
    made.fit(x[:half], y[:half])
    left = float(((made.predict(x[half:]) - y[half:]) ** 2).sum())
    return 1.0 - left / float(((y[half:] - y[:half].mean()) ** 2).sum())


def _entropy_explained(tree: Any, x: FloatArray, before: FloatArray, y: FloatArray) -> float:
    known = np.asarray(tree.classes_)
    share = np.array([(before == one).mean() for one in known])
    at = np.searchsorted(known, y)
    is_known = (at < len(known)) & (known[np.minimum(at, len(known) - 1)] == y)
    if not is_known.any():
        return 0.0
    rows, at = x[is_known], at[is_known]
    said = tree.predict_proba(rows)[np.arange(len(at)), at]
    left = -np.log(np.maximum(said, 1e-3)).sum()
    return float(1.0 - left / -np.log(share[at]).sum())


def leakage_signs(
    matrix: FloatArray, names: list[str], target: FloatArray, task: str
) -> tuple[dict[str, float], list[str]]:
    """Return the features that nearly tell the target by themselves, and a warning of each.

    Parameters
    ----------
    matrix
        Rows in order of time, ``(n, k)``.
    names
        Of the columns.
    target
        Shape ``(n,)``.
    task
        ``classify``, ``count`` or ``regress``.

    Returns
    -------
    explained
        Column to the share of the target that it explains on later rows.
    warnings
        In words.
    """
    found: dict[str, float] = {}
    for i, name in enumerate(names):
        share = explained_alone(matrix[:, i], target, task)
        if share >= NEARLY_ALL:
            found[name] = round(share, 4)
    told = [
        f"LEAKAGE? feature {name!r} alone explains {100 * share:.1f} % of the target on later "
        "rows; if it is known only afterwards, leave it out by --drop"
        for name, share in found.items()
    ]
    return found, told
