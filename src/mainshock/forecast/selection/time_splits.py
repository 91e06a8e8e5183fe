"""Splits in order of time: nothing is learnt from what was not yet known when a forecast began."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError

__all__ = ["TimeSplit", "expanding_splits", "last_part"]

FloatArray = NDArray[np.float64]
_LEAST_ROWS = 10
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class TimeSplit:
    """Rows to learn from and later rows to judge by.

    Parameters
    ----------
    learnt, judged
        Row numbers, ascending.
    start
        Time of the first judged row.
    n_gap
        Number of rows before it that are left out: their targets were not known by then.
    """

    learnt: NDArray[np.int64]
    judged: NDArray[np.int64]
    start: float
    n_gap: int


def _split(time: FloatArray, first: int, end: int, gap: float) -> TimeSplit:
    start = float(time[first])
    known = time[:first] <= start - gap + _ROUNDING if gap > 0 else time[:first] < start
    learnt = np.flatnonzero(known).astype(np.int64)
    return TimeSplit(learnt, np.arange(first, end, dtype=np.int64), start, first - len(learnt))


def _first_of_time(time: FloatArray, row: int) -> int:
    """Return the first row that has the time of a row: rows of one time are never split."""
    return int(np.searchsorted(time, time[min(row, len(time) - 1)], side="left"))


def last_part(
    time: FloatArray, gap: float, share: float = 0.2, start: float | None = None
) -> TimeSplit:
    """Return the split whose judged rows are the last ones.

    Parameters
    ----------
    time
        Of the rows, ascending.
    gap
        A row is learnt from if its time is at least this much before the first judged one: how
        far ahead a target looks.
    share
        Of the rows that are judged.
    start
        Time from which on rows are judged, instead of a share.

    Raises
    ------
    SettingsError
        If the gap is negative or the share is not between 0 and 1.
    DataError
        If fewer than ten rows are left on a side.
    """
    if gap < 0 or not 0 < share < 1:
        raise SettingsError(
            f"gap {gap:g} must be 0 or more, and the share {share:g} between 0 and 1"
        )
    if start is None:
        first = _first_of_time(time, round(len(time) * (1 - share)))
    else:
        first = int(np.searchsorted(time, start - _ROUNDING, side="left"))
    if first >= len(time):
        raise DataError(f"no row has a time of {start:g} or later; the last is {time[-1]:g}")
    found = _split(time, first, len(time), gap)
    if min(len(found.learnt), len(found.judged)) < _LEAST_ROWS:
        raise DataError(
            f"{len(found.learnt)} rows to learn from and {len(found.judged)} to judge by, with "
            f"{found.n_gap} in the gap; at least {_LEAST_ROWS} of each are needed: give more "
            "rows, a shorter --gap or another --test-share"
        )
    return found


def expanding_splits(time: FloatArray, n: int, gap: float) -> list[TimeSplit]:
    """Return splits that judge ``n`` blocks one after the other, each learnt from all before.

    The rows fall into ``n + 1`` blocks of about equal size; the first is never judged.

    Parameters
    ----------
    time
        Of the rows, ascending.
    n
        Number of splits.
    gap
        As in :func:`last_part`.

    Raises
    ------
    SettingsError
        If ``n`` is below 2.
    DataError
        If no split has ten rows on both sides.
    """
    if n < 2:
        raise SettingsError(f"--n-splits {n} must be 2 or more")
    edges = [_first_of_time(time, round(len(time) * i / (n + 1))) for i in range(1, n + 1)]
    edges.append(len(time))
    splits = [_split(time, first, end, gap) for first, end in pairwise(edges) if end > first]
    kept = [one for one in splits if min(len(one.learnt), len(one.judged)) >= _LEAST_ROWS]
    if not kept:
        raise DataError(
            f"{len(time)} rows cannot be divided into {n + 1} blocks in time with a gap of "
            f"{gap:g}; give more rows, fewer --n-splits or a shorter --gap"
        )
    return kept
