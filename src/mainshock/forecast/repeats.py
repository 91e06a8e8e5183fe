"""Rows of a catalogue that state an event once more."""

import numpy as np

from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["n_repeats", "repeats_note"]


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
