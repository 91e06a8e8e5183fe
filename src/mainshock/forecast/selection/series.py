"""What is known of a series, such as a cell of a grid, when a row's forecast is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.selection.user_table import CLASSIFY, COUNT, TimedTable

__all__ = ["PRIOR_ROWS", "KnownPast", "SeriesMeans", "known_past", "outputs_of"]

FloatArray = NDArray[np.float64]
PRIOR_ROWS = 10.0
"""Weight of the mean of all rows in the mean of a series, in rows."""

_LEAST = 1e-3


def outputs_of(table: TimedTable) -> FloatArray:
    """Return targets as outputs: a column for each class, or the value; ``(n, n_outputs)``."""
    if table.task == CLASSIFY:
        return np.eye(len(table.classes))[table.target.astype(np.int64)]
    return table.target[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class KnownPast:
    """Of each row, what its series had shown by then.

    Parameters
    ----------
    last
        Target of the last time, the mean where a time has several rows; NaN before the first,
        shape ``(n, n_outputs)``.
    total
        Sum of all targets, ``(n, n_outputs)``.
    count
        Their number, ``(n,)``.
    """

    last: FloatArray
    total: FloatArray
    count: NDArray[np.int64]


def known_past(table: TimedTable, gap: float, *, of_all: bool = False) -> KnownPast:
    """Return what was known at each row's time; a target is known ``gap`` after its row's time.

    Parameters
    ----------
    gap
        In the unit of time.
    of_all
        Whether all rows count as one series.
    """
    seen = outputs_of(table)
    n, k = seen.shape
    last, total, count = np.full((n, k), np.nan), np.zeros((n, k)), np.zeros(n, dtype=np.int64)
    one = np.zeros(n, dtype=np.int64)
    group = one if of_all or table.group is None else table.group
    order = np.argsort(group, kind="stable")  # time stays in order within a series
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        moments, number = np.unique(table.time[rows], return_inverse=True)
        sums = np.zeros((len(moments), k))
        np.add.at(sums, number, seen[rows])
        size = np.bincount(number)
        if gap > 0:
            at = np.searchsorted(moments, table.time[rows] - gap + 1e-9, side="right") - 1
        else:
            at = np.searchsorted(moments, table.time[rows], side="left") - 1
        is_known = (at >= 0)[:, None]
        last[rows] = np.where(is_known, (sums / size[:, None])[np.maximum(at, 0)], np.nan)
        total[rows] = np.where(is_known, np.cumsum(sums, axis=0)[np.maximum(at, 0)], 0.0)
        count[rows] = np.where(at >= 0, np.cumsum(size)[np.maximum(at, 0)], 0)
    return KnownPast(last, total, count)


def _drawn_in(total: FloatArray, count: NDArray[np.int64], common: FloatArray) -> FloatArray:
    """Return means of series, drawn towards that of all."""
    return np.asarray((total + PRIOR_ROWS * common) / (count[:, None] + PRIOR_ROWS))


@dataclass(frozen=True, slots=True, eq=False)
class SeriesMeans:
    """The mean target of each series as features.

    Parameters
    ----------
    name
        Of the column of series.
    known
        Name of a series to its number.
    means
        ``(n_series, n_outputs)``.
    common
        For series that were not seen.
    task
        Classes become log-odds, counts logarithms.
    """

    name: str
    known: Mapping[str, int]
    means: FloatArray
    common: FloatArray
    task: str

    @classmethod
    def learnt(
        cls, table: TimedTable, rows: NDArray[np.int64], gap: float
    ) -> tuple["SeriesMeans", FloatArray]:
        """Return the means of rows, and the features of these rows from what each could know."""
        seen = outputs_of(table)
        common = seen[rows].mean(axis=0)
        group = table.group if table.group is not None else np.zeros(len(table), dtype=np.int64)
        n_series = max(1, len(table.group_names))
        total = np.zeros((n_series, seen.shape[1]))
        np.add.at(total, group[rows], seen[rows])
        count = np.bincount(group[rows], minlength=n_series)
        known = {name: i for i, name in enumerate(table.group_names) if count[i]}
        made = cls(table.names[2], known, _drawn_in(total, count, common), common, table.task)
        own, everyone = known_past(table, gap), known_past(table, gap, of_all=True)
        normal = _drawn_in(everyone.total[rows], everyone.count[rows], common)
        past = (own.total[rows] + PRIOR_ROWS * normal) / (own.count[rows, None] + PRIOR_ROWS)
        return made, made.scaled(past)

    def names(self) -> list[str]:
        """Return the names of the features."""
        n = len(self.common)
        if n == 1 or (self.task == CLASSIFY and n == 2):
            return [f"past of {self.name}"]
        return [f"past of {self.name}, output {i}" for i in range(n)]

    def scaled(self, means: FloatArray) -> FloatArray:
        """Return means as features: log-odds of classes, logarithms of counts, else themselves."""
        if self.task == CLASSIFY:
            kept = means[:, 1:] if means.shape[1] == 2 else means
            share = np.clip(kept, _LEAST, 1.0 - _LEAST)
            return np.asarray(np.log(share / (1.0 - share)))
        return np.log(np.maximum(means, _LEAST)) if self.task == COUNT else means

    def columns(self, series: NDArray[np.str_]) -> FloatArray:
        """Return the features of later rows from the names of their series."""
        names, number = np.unique(series, return_inverse=True)
        rows = [
            self.means[self.known[str(one)]] if str(one) in self.known else self.common
            for one in names
        ]
        means = np.array(rows).reshape(len(rows), len(self.common))
        return self.scaled(means)[number]

    def to_document(self) -> dict[str, Any]:
        """Return the means as JSON can hold them."""
        return {
            "name": self.name,
            "known": dict(self.known),
            "means": self.means.tolist(),
            "common": self.common.tolist(),
            "task": self.task,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "SeriesMeans":
        """Return the means of :meth:`to_document`."""
        return cls(
            document["name"],
            document["known"],
            np.array(document["means"], dtype=np.float64),
            np.array(document["common"], dtype=np.float64),
            document["task"],
        )
