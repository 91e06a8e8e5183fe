"""Assessments of segments by classifiers that were taught nothing of them.

A classifier that is asked of its own training repeats what it was taught, and a map of that agrees
with the observations whatever the features are worth.
"""

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError
from mainshock.megathrust.labels import classes_of, runs_of
from mainshock.megathrust.splits import BufferedBlocks
from mainshock.megathrust.stored import fit_model

__all__ = ["assess_held_out"]

_SPLITTER = BufferedBlocks(block_km=600.0, buffer_km=100.0)


def assess_held_out(table: pd.DataFrame, model: str, seed: int) -> pd.DataFrame:
    """Return assessments as :meth:`StoredModel.assess`, each by a classifier that did not see it.

    Parameters
    ----------
    table
        Segments with ``m_max``. Blocks of 600 km are held out in five turns, with all segments of
        their ruptures and all within 100 km.
    model
        Name of a classifier, fitted anew in each turn.
    seed
        Of its randomness.

    Raises
    ------
    DataError
        If the table has no ``m_max``, or is too small to hold anything out.
    """
    if "m_max" not in table:
        raise DataError("the segments have no MR_GCMT to learn from; build them with magnitudes")
    y, runs = classes_of(table["m_max"].to_numpy(dtype=np.float64), 2), runs_of(table)
    parts, rows = [], []
    for train, test in _SPLITTER.split(table):
        taught = train[~np.isin(runs[train], runs[test])]
        if np.unique(y[taught]).size < 2:
            continue  # one class alone teaches nothing
        fitted = fit_model(table.iloc[taught], y[taught], model, seed, {})
        parts.append(fitted.assess(table.iloc[test]))
        rows.append(test)
    if sum(map(len, rows)) < len(table):
        raise DataError(
            f"{len(table)} segments are too few to hold some of them out; give more regions, or "
            "assess without holding out"
        )
    found = pd.concat(parts, ignore_index=True)
    return found.iloc[np.argsort(np.concatenate(rows))].reset_index(drop=True)
