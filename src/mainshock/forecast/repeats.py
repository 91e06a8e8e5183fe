"""Rows of a catalogue that state an event once more."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.versions import latest_versions

__all__ = ["each_event_once", "n_repeats", "repeats_note"]


def n_repeats(catalogue: Catalogue) -> int:
    """Return how many rows have the time, magnitude and place of another one before them.

    Examples
    --------
    >>> n_repeats(Catalogue([1.0, 2.0, 2.0, 2.0], [3.0, 4.0, 3.0, 4.0]))
    1
    """
    first = np.searchsorted(catalogue.time_days, catalogue.time_days, side="left")
    last = np.searchsorted(catalogue.time_days, catalogue.time_days, side="right")
    found = catalogue.take(last - first > 1)
    columns = (found.time_days, found.magnitude, found.longitude, found.latitude)
    rows = np.nan_to_num(np.column_stack(columns), nan=-999.0)
    return len(rows) - len(np.unique(rows, axis=0))


def repeats_note(catalogue: Catalogue) -> list[str]:
    """Return what a user must know of rows that stand twice; nothing where there are none."""
    n = n_repeats(catalogue)
    if n == 0:
        return []
    told = (
        f"{n} of {len(catalogue)} rows repeat the time, magnitude and place of another; each "
        "counts as an event of its own: leave them out of the file if they are the same events"
    )
    return [told]


def each_event_once(catalogue: Catalogue) -> tuple[Catalogue, list[str]]:
    """Return a catalogue in which each event stands once, and what was left out, in words.

    Of rows that are the same in every column one is kept; of rows with one ``event_id`` the version
    that became known last, else the one with the latest time. Rows without ``event_id`` are
    versions of nothing.

    Examples
    --------
    >>> twice = Catalogue([1.0, 2.0, 2.5], [3.0, 4.0, 4.2], event_id=["a", "b", "b"])
    >>> once, told = each_event_once(twice)
    >>> once.magnitude.tolist(), told[0][:29]
    ([3.0, 4.2], '1 rows are earlier versions o')
    """
    told: list[str] = []
    is_repeat = _is_repeat(catalogue)
    if is_repeat.any():
        told.append(
            f"{is_repeat.sum()} of {len(catalogue)} rows are the same as another one in every "
            "column and are left out"
        )
    once = catalogue.take(~is_repeat)
    newest = latest_versions(once)
    if len(newest) < len(once):
        told.append(
            f"{len(once) - len(newest)} rows are earlier versions of events that stand there again "
            "with the same event_id, and are left out; of each event the newest version counts"
        )
    return newest, told


def _is_repeat(catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return which rows are the same as one before them."""
    first = np.searchsorted(catalogue.time_days, catalogue.time_days, side="left")
    last = np.searchsorted(catalogue.time_days, catalogue.time_days, side="right")
    found = np.zeros(len(catalogue), dtype=np.bool_)
    names = [one.name for one in fields(catalogue) if one.name != "is_synthetic"]
    columns = [getattr(catalogue, name) for name in names]
    seen: set[tuple[str, ...]] = set()
    for i in np.flatnonzero(last - first > 1):
        row = tuple(repr(column[i]) for column in columns)  # text, as NaN is not equal to itself
        found[i] = row in seen
        seen.add(row)
    return found
