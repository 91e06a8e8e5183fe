"""Classes and ruptures of segments.

Two classes are cut at M 8.0. Three are cut as the published models were trained: below 6.4, 6.4 to
8.3 inclusive, above 8.3. A rupture is a run of neighbouring segments with the same largest
magnitude: the best that a table without coordinates tells.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.megathrust.segments import read_table

__all__ = ["GREAT", "classes_of", "read_labels", "runs_of"]

GREAT = 8.0
_CUTS = (6.4, 8.3)
_COLUMNS = ("region", "segment", "m_max", "class2", "class3", "run_id", "complete_row")


def classes_of(m_max: NDArray[np.float64], n_classes: int) -> NDArray[np.int64]:
    """Return the class of each largest magnitude, from 0; NaN gives 0 as "none was seen".

    Raises
    ------
    SettingsError
        If there are not two or three classes.
    """
    if n_classes == 2:
        return (m_max >= GREAT).astype(np.int64)
    if n_classes == 3:
        return (m_max >= _CUTS[0]).astype(np.int64) + (m_max > _CUTS[1])
    raise SettingsError(f"{n_classes} classes are not known; give 2 (M 8.0) or 3 (M 6.4 and 8.3)")


def runs_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the rupture of each segment: ``region_NNN`` for runs of equal ``m_max``."""
    order = np.lexsort((table["index"], table["region"]))
    region, index = table["region"].to_numpy()[order], table["index"].to_numpy()[order]
    m_max = np.nan_to_num(table["m_max"].to_numpy(), nan=1.0)[order]
    starts = np.ones(len(table), dtype=bool)
    starts[1:] = (region[1:] != region[:-1]) | (m_max[1:] != m_max[:-1]) | (np.diff(index) != 1)
    number = np.cumsum(starts)
    names = np.empty(len(table), dtype=object)
    for one in np.unique(region):
        own = region == one
        local = number[own] - number[own][0]
        names[order[own]] = [f"{one}_{value:03d}" for value in local]
    return names.astype(np.str_)


def read_labels(file: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of a table's rows, in their order.

    Columns are ``m_max, class2, class3, run_id`` and ``complete_row`` (bool). The file has them by
    ``region`` and ``segment``, the segment's number.

    Raises
    ------
    DataError
        If the file lacks a column or a segment.
    """
    try:
        known = read_table(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is no table of labels: {error}") from error
    missing = [name for name in _COLUMNS if name not in known]
    if missing:
        raise DataError(f"{file} lacks the columns {', '.join(missing)}")
    keys = pd.MultiIndex.from_frame(table[["region", "index"]])
    known = known.set_index(["region", "segment"])
    is_absent = ~keys.isin(known.index)
    if is_absent.any():
        region, index = keys[is_absent][0]
        raise DataError(f"{file} has no label for segment {index} of {region}")
    rows = known.loc[keys, list(_COLUMNS[2:])].reset_index(drop=True)
    rows["complete_row"] = rows["complete_row"].astype(bool)
    return rows
