"""Splits windows by time and event, so that a test lies apart from what was learned."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.detect.regions.windows import FROM_WINDOW, RegionWindows

__all__ = ["time_folds", "window_folds"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_EVENT_COLUMNS = ("source_id", "source_origin_time", "origin_time")


def time_folds(times_s: FloatArray, n_folds: int) -> IntArray:
    """Return the fold of each time: blocks with as many of them each, in order; NaN comes last.

    Raises
    ------
    DataError
        If there are fewer than two a fold.

    Examples
    --------
    >>> import numpy as np
    >>> time_folds(np.array([5.0, 1.0, 9.0, 2.0]), 2).tolist()
    [1, 0, 1, 0]
    """
    if len(times_s) < 2 * n_folds:
        raise DataError(
            f"{len(times_s)} events are too few for {n_folds} folds of two or more; give more "
            "windows, or fewer folds in the recipe"
        )
    folds = np.empty(len(times_s), dtype=np.int64)
    folds[np.argsort(times_s, kind="stable")] = np.arange(len(times_s)) * n_folds // len(times_s)
    return folds


def window_folds(
    events: RegionWindows, noise: RegionWindows, n_folds: int
) -> tuple[IntArray, IntArray]:
    """Return the fold of each event window and of each noise window, shapes ``(n,)``.

    Raises
    ------
    DataError
        If there are fewer than two events a fold, or a fold holds changed copies alone.

    Notes
    -----
    All windows of an event, changed copies among them, are in one fold. Noise belongs to the fold
    whose time it lies in: a fold's time ends with its last event. The part of a record before P
    goes with its event. Noise without a time goes into contiguous blocks of rows, a copy with the
    row that it follows.
    """
    times = _times_of_originals(events)
    codes = pd.factorize(_event_names(events))[0]
    first = np.asarray(pd.Series(times).groupby(codes).min(), dtype=np.float64)
    folds = time_folds(first, n_folds)[codes]
    for one in range(n_folds):
        if events.is_copy[folds == one].all():
            raise DataError(
                f"block {one} of {n_folds} holds changed copies alone, which cannot test "
                "anything; keep the windows as they were beside their copies"
            )
    if FROM_WINDOW in noise.table:
        return folds, folds[noise.table[FROM_WINDOW].to_numpy(np.int64)]
    return folds, _noise_folds(noise, times, folds, n_folds)


def _noise_folds(
    noise: RegionWindows, event_times_s: FloatArray, event_folds: IntArray, n_folds: int
) -> IntArray:
    ends = [
        np.max(event_times_s[(event_folds == one) & np.isfinite(event_times_s)], initial=-np.inf)
        for one in range(n_folds - 1)
    ]
    times = _times_of_originals(noise)
    folds = np.searchsorted(np.maximum.accumulate(ends), times).astype(np.int64)
    has_none = ~np.isfinite(times)
    if has_none.any():
        number = np.maximum(np.cumsum(~noise.is_copy[has_none]) - 1, 0)
        folds[has_none] = number * n_folds // (int(number[-1]) + 1)
    return folds


def _event_names(events: RegionWindows) -> "pd.Series[str]":
    """Return what tells events apart: identifier, else origin time, else the row copied."""
    table = events.table
    names = pd.Series([f"row {row}" for row in np.cumsum(~events.is_copy)], index=table.index)
    for column in reversed(_EVENT_COLUMNS):
        if column in table:
            known = table[column].notna() & (table[column].astype(str) != "")
            names = names.where(~known, f"{column} " + table[column].astype(str))
    return names


def _times_of_originals(windows: RegionWindows) -> FloatArray:
    """Return the time of each window, of a shifted copy that of the window it was made of."""
    times, table = windows.column("time_s"), windows.table
    if {"trace_start_time", "trace_augmentation", "trace_augmentation_value"} <= set(table):
        later_s = np.nan_to_num(windows.column("trace_augmentation_value"))
        times += np.where(table["trace_augmentation"] == "shift", later_s, 0.0)
    return times
