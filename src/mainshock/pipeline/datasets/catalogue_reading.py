"""Reads catalogues as agencies distribute them, faults included, so that they can be judged."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.event_files import catalogue_from_events
from mainshock.sources.table_files import TABLE_SUFFIXES, parse_times, read_table

__all__ = ["COLUMNS", "NUMBERS", "RawCatalogue", "read_raw_catalogue"]

NUMBERS = ("longitude", "latitude", "depth_km", "magnitude")
COLUMNS = ("event_id", "time", *NUMBERS, "magnitude_type")
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "event_id": ("event_id", "eventid", "id", "evid", "#eventid"),
        "time": ("time", "origin_time", "datetime"),
        "longitude": ("longitude", "lon"),
        "latitude": ("latitude", "lat"),
        "depth_km": ("depth_km", "depth", "depth/km"),
        "magnitude": ("magnitude", "mag"),
        "magnitude_type": ("magnitude_type", "mag_type", "magtype"),
    }
)
_FDSN_TEXT = b"#EventID|"


@dataclass(frozen=True, slots=True, eq=False)
class RawCatalogue:
    """A catalogue as it stands, possible or not.

    Parameters
    ----------
    table
        ``event_id`` and ``magnitude_type`` as text, ``time`` in UTC (NaT where it is no time),
        ``longitude``, ``latitude``, ``depth_km`` and ``magnitude`` as float64 (NaN where unknown).
        Where the file has no ids, ``event_id`` is made of the time.
    has_ids
        Whether the ids are the file's own.
    n_not_numbers
        For each of these four columns, how many cells hold something that is no number.
    """

    table: pd.DataFrame
    has_ids: bool
    n_not_numbers: Mapping[str, int]


def read_raw_catalogue(path: Path) -> RawCatalogue:
    """Return the catalogue in a file, under the names that the common agencies use.

    Parameters
    ----------
    path
        ``.csv`` (also as ComCat gives it) or ``.parquet``, FDSN event text, or QuakeML and
        whatever else ObsPy reads as events.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it has no column of times.
    """
    table = _read_as_text(path)
    lower = {str(name).strip().lower(): name for name in table.columns}
    found = {
        name: next((lower[one] for one in names if one in lower), None)
        for name, names in _NAMES.items()
    }
    if found["time"] is None:
        raise DataError(
            f"{path} has no column of times; it has {', '.join(map(str, table.columns))} and needs "
            "time (or origin_time), in ISO 8601"
        )
    cells = {
        name: pd.Series("", index=table.index, dtype=str) if column is None else table[column]
        for name, column in found.items()
    }
    numbers = {
        name: pd.to_numeric(cells[name], errors="coerce").astype(np.float64) for name in NUMBERS
    }
    n_bad = {
        name: int((numbers[name].isna() & ~cells[name].str.lower().isin(["", "nan"])).sum())
        for name in NUMBERS
    }
    times = parse_times(cells["time"])
    has_ids = found["event_id"] is not None
    made = {
        "event_id": cells["event_id"] if has_ids else _ids_from_times(times),
        "time": times,
        **numbers,
        "magnitude_type": cells["magnitude_type"],
    }
    raw = pd.DataFrame(made).reset_index(drop=True)
    return RawCatalogue(raw[list(COLUMNS)], has_ids, {name: n for name, n in n_bad.items() if n})


def _read_as_text(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a catalogue in CSV, Parquet or QuakeML")
    with path.open("rb") as stream:
        is_fdsn_text = stream.read(len(_FDSN_TEXT)) == _FDSN_TEXT
    if is_fdsn_text:
        text = path.read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text), delimiter="|", quoting=csv.QUOTE_NONE))
        header = rows[0]
        padded = [
            (row + [""] * len(header))[: len(header)] for row in rows if row and row[0][:1] != "#"
        ]
        return pd.DataFrame(padded, columns=header, dtype=str).map(str.strip)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return read_table(path, ())
    return catalogue_from_events(path)


def _ids_from_times(times: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
    """Return an id for each row: its time, with a number where several share it."""
    texts = times.dt.strftime("%Y%m%dT%H%M%S.%f").fillna("no-time")
    number = texts.groupby(texts).cumcount()
    return texts.where(number == 0, texts + "-" + (number + 1).astype(str))
