"""Sums over past windows and decaying sums, for all cells and issue times at once."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["decayed_sums", "window_sums"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def window_sums(
    time_days: FloatArray,
    cell: IntArray,
    value: FloatArray,
    issue_days: FloatArray,
    n_cells: int,
    window_days: float,
) -> FloatArray:
    """Return the sum of values in each cell over the window before each issue time.

    Parameters
    ----------
    time_days, cell, value
        Time, cell and value of each event; an event near several cells comes once for each.
    issue_days
        Ascending, shape ``(n_issues,)``.
    n_cells
        Number of cells.
    window_days
        Events of ``issue - window <= time < issue`` count; infinite for all the past.

    Returns
    -------
    Sums of shape ``(n_issues, n_cells)``.

    Notes
    -----
    Each event is added at the first issue time after it and taken off at the first one that is
    more than a window later; a running sum over issue times does the rest.
    """
    n = len(issue_days)
    added = np.searchsorted(issue_days, time_days, side="right")
    taken = np.searchsorted(issue_days, time_days + window_days, side="right")
    counted = taken > added
    start = np.bincount((added * n_cells + cell)[counted], value[counted], (n + 1) * n_cells)
    if np.isfinite(window_days):
        start -= np.bincount((taken * n_cells + cell)[counted], value[counted], (n + 1) * n_cells)
    steps = start.reshape(n + 1, n_cells)[:n]
    return np.asarray(np.cumsum(steps, axis=0, out=steps))


def decayed_sums(
    time_days: FloatArray,
    cell: IntArray,
    weight: FloatArray,
    issue_days: FloatArray,
    n_cells: int,
    decay_days: FloatArray,
) -> FloatArray:
    """Return the sums of ``weight exp(-age / decay)`` in each cell at each issue time.

    Parameters
    ----------
    time_days, cell, weight
        Of each event; an event near several cells comes once for each.
    issue_days
        Ascending, shape ``(n_issues,)``.
    n_cells
        Number of cells.
    decay_days
        Decay times, shape ``(n_decays,)``.

    Returns
    -------
    Sums of shape ``(n_issues, n_decays, n_cells)``; only events before the issue time count.
    """
    n, n_decays = len(issue_days), len(decay_days)
    added = np.searchsorted(issue_days, time_days, side="right")
    there = added < n
    fresh = np.zeros((n, n_decays, n_cells))
    age = issue_days[added[there]] - time_days[there]
    at = added[there] * n_cells + cell[there]
    for k, decay in enumerate(decay_days):
        value = weight[there] * np.exp(-age / decay)
        fresh[:, k] = np.bincount(at, value, n * n_cells).reshape(n, n_cells)
    kept = np.exp(-np.diff(issue_days)[:, None] / decay_days)[:, :, None]
    for i in range(1, n):  # the state of one issue time, decayed, is part of the next
        fresh[i] += fresh[i - 1] * kept[i - 1]
    return fresh
