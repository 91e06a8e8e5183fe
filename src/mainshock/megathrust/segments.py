"""Tables of trench segments: one row each, from one file a region or from a built table.

A table is a pandas frame with the columns ``region`` (text), ``index`` (number along the trench),
``s_km`` (along-trench distance of the middle), the features as floats with NaN where missing, and
where known ``longitude``, ``latitude``, ``azimuth`` (degrees, of the trench) and ``m_max`` (largest
moment magnitude whose rupture covers the segment; 1.0: none was seen).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SourceError

__all__ = [
    "MAGNITUDE",
    "NO_EVENT",
    "SEGMENT_KM",
    "feature_names",
    "is_complete",
    "read_segments",
    "read_table",
    "write_segments",
]

SEGMENT_KM = 50.0
NO_EVENT = 1.0
MAGNITUDE = "MR_GCMT"  # what a file calls m_max
_PLACES = {"LON": "longitude", "LAT": "latitude", "AZIMUTH": "azimuth"}
_NO_FEATURES = frozenset({"region", "index", "s_km", "m_max", *_PLACES.values()})


def read_segments(path: Path) -> pd.DataFrame:
    """Return the segments of a CSV file, or of all ``*.csv`` in a folder, in order of name.

    The first, unnamed column is the segment's number; the region is the file's stem, or what a
    column ``region`` states. ``MR_GCMT``, ``LON``, ``LAT`` and ``AZIMUTH`` may be absent;
    columns of text are passed over.

    Raises
    ------
    SourceError
        If there is no such file, or none in the folder.
    DataError
        If a file is no table of segments.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise SourceError(f"no segments at {path}; name a CSV file or a folder with one a region")
    tables = [_read(file) for file in files]
    joined = pd.concat(tables, ignore_index=True)
    if joined.duplicated(["region", "index"]).any():
        twice = joined[joined.duplicated(["region", "index"])].iloc[0]
        raise DataError(f"segment {twice['index']} of region {twice['region']} is in {path} twice")
    return joined


def read_table(file: Path) -> pd.DataFrame:
    """Return a table of CSV whose regions are text, also those named NA or 1.

    Raises
    ------
    OSError, ValueError
        If it is none.
    """
    table = pd.read_csv(file)
    if "region" in table:
        text = pd.read_csv(file, usecols=["region"], dtype=str, keep_default_na=False)
        table["region"] = text["region"]
    return table


def _read(file: Path) -> pd.DataFrame:
    try:
        table = read_table(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is no table of segments: {error}") from error
    first = table.columns[0]
    if not (str(first).startswith("Unnamed") or first == "index"):
        raise DataError(f"{file}: the first column is {first!r}; it must be the segment's number")
    table = table.rename(columns={first: "index", MAGNITUDE: "m_max", **_PLACES})
    if table.empty:
        raise DataError(f"{file} holds no segments")
    numbers = _numbers(table.drop(columns="region", errors="ignore"), file)
    index = numbers["index"].to_numpy()
    if not (np.isfinite(index).all() and np.array_equal(index, np.floor(index))):
        raise DataError(f"{file}: numbers of segments must be whole")
    numbers["index"] = index.astype(np.int64)
    numbers.insert(0, "region", table["region"].astype(str) if "region" in table else file.stem)
    if "s_km" not in numbers:
        numbers.insert(2, "s_km", SEGMENT_KM * (numbers["index"] + 0.5))
    return numbers


def _numbers(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return the columns as numbers, without those that are text throughout."""
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(np.float64)
    is_bad = (numbers.isna() & table.notna()) | np.isinf(numbers)
    is_text = is_bad.any() & numbers.isna().all() & (table.columns != "index")
    bad = is_bad.loc[:, ~is_text]
    if bad.to_numpy().any():
        row, column = np.argwhere(bad.to_numpy())[0]
        name = bad.columns[column]
        raise DataError(
            f"{file}, line {row + 2}: {name} is {table[name].iloc[row]}; give a number, or leave "
            "it empty"
        )
    return pd.DataFrame(numbers.loc[:, ~is_text])


def write_segments(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write one CSV a region, as :func:`read_segments` reads them, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    back = {new: old for old, new in _PLACES.items()} | {"m_max": MAGNITUDE}
    for region, rows in table.groupby("region", sort=True):
        path = folder / f"{region}.csv"
        rows.drop(columns="region").rename(columns={"index": "", **back}).to_csv(path, index=False)
        paths.append(path)
    return paths


def feature_names(table: pd.DataFrame) -> list[str]:
    """Return the names of the features in the order of their columns."""
    return [str(name) for name in table.columns if name not in _NO_FEATURES]


def is_complete(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows miss no feature."""
    return table[feature_names(table)].notna().all(axis=1)
