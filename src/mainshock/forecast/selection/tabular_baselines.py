"""What every model must beat: the past mean of each series, and the last known target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.selection.calibrators import log_loss
from mainshock.forecast.selection.series import PRIOR_ROWS, known_past, outputs_of
from mainshock.forecast.selection.tabular_scores import row_scores
from mainshock.forecast.selection.time_splits import TimeSplit
from mainshock.forecast.selection.user_table import CLASSIFY, TimedTable

__all__ = ["Baseline", "climatology", "persistence"]

FloatArray = NDArray[np.float64]
_MOST_WEIGHT = 0.98  # of the last target: a probability is never 0 or 1


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What a baseline says.

    Parameters
    ----------
    learnt, judged
        Of the rows of a split, ``(n, n_outputs)``.
    title
        What it is, for people.
    """

    learnt: FloatArray
    judged: FloatArray
    title: str


def climatology(table: TimedTable, split: TimeSplit) -> Baseline:
    """Return the mean of the rows learnt from: of each series, drawn towards that of all."""
    seen = outputs_of(table)[split.learnt]
    common = seen.mean(axis=0)
    if table.task == CLASSIFY:
        common = (seen.sum(axis=0) + 0.5) / (len(seen) + 0.5 * seen.shape[1])
    if table.group is None:
        means, number = common[None, :], np.zeros(len(table), dtype=np.int64)
    else:
        number = table.group
        n_series = len(table.group_names)
        total = np.zeros((n_series, seen.shape[1]))
        np.add.at(total, number[split.learnt], seen)
        size = np.bincount(number[split.learnt], minlength=n_series)[:, None]
        means = (total + PRIOR_ROWS * common) / (size + PRIOR_ROWS)
    title = "mean of the past" if table.group is None else "mean of the series' own past"
    return Baseline(means[number[split.learnt]], means[number[split.judged]], title)


def persistence(table: TimedTable, split: TimeSplit, gap: float, normal: Baseline) -> Baseline:
    """Return the last known target, mixed with the mean of the past as it served best in learning.

    Parameters
    ----------
    normal
        The mean of the past.
    """
    last = known_past(table, gap).last
    parts = []
    for rows, mean in ((split.learnt, normal.learnt), (split.judged, normal.judged)):
        parts.append((np.where(np.isnan(last[rows]), mean, last[rows]), mean))
    target = table.target[split.learnt]

    def mixed(weight: float, part: tuple[FloatArray, FloatArray]) -> FloatArray:
        return weight * part[0] + (1.0 - weight) * part[1]

    def loss(weight: float) -> float:
        said = mixed(weight, parts[0])
        if table.task == CLASSIFY:
            return float(log_loss(said, target).mean())
        name = "squared_error" if table.task == "regress" else "log_score"
        return float(row_scores(said, target, table.task)[name].mean())

    weights = np.linspace(0.0, _MOST_WEIGHT, 50)
    best = float(weights[int(np.argmin([loss(one) for one in weights]))])
    title = f"last known target, weight {best:.2f}, else the mean of the past"
    return Baseline(mixed(best, parts[0]), mixed(best, parts[1]), title)
