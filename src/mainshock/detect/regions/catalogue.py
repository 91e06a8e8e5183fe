"""Catalogues as they come: columns under other names, a cluster beside each event, the split."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.times import format_utc
from mainshock.sources.base import SkippedInput
from mainshock.sources.table_files import TABLE_SUFFIXES, parse_times, read_table, row_name
from mainshock.sources.tables import CATALOGUE_COLUMNS, read_catalogue

__all__ = ["TimeSplit", "read_region_catalogue", "select_events"]

_OTHER_NAMES = {
    "event_id": ("id",),
    "time": ("origin_time",),
    "longitude": ("lon",),
    "latitude": ("lat",),
    "depth_km": ("depth",),
    "magnitude": ("mag", "ml", "ma", "mw"),
}


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Which part of a data set a time belongs to: train, then dev, then test.

    Parameters
    ----------
    dev_after, test_after
        UTC; from that moment on times belong to the part. None: there is no such part.

    Raises
    ------
    SettingsError
        If dev does not begin before test.
    """

    dev_after: datetime | None = None
    test_after: datetime | None = None

    def __post_init__(self) -> None:
        if self.dev_after and self.test_after and self.dev_after >= self.test_after:
            raise SettingsError(
                f"dev begins at {format_utc(self.dev_after)}, which is not before test at "
                f"{format_utc(self.test_after)}; train comes first, then dev, then test"
            )

    def part_of(self, time: datetime) -> str:
        """Return ``"train"``, ``"dev"`` or ``"test"``."""
        if self.test_after is not None and time >= self.test_after:
            return "test"
        if self.dev_after is not None and time >= self.dev_after:
            return "dev"
        return "train"


def read_region_catalogue(
    path: Path, skipped: list[SkippedInput], *, needs_places: bool = True
) -> pd.DataFrame:
    """Return the events of a catalogue that have a time and a place.

    Parameters
    ----------
    path
        A table with the catalogue's columns, or with ``origin_time``, ``id``, ``lon``, ``lat``,
        ``depth`` (km) and ``mag``, ``ml``, ``ma`` or ``mw`` in their stead; or QuakeML. Where a
        table has no identifiers, events are called ``row1``, ``row2`` and so on.
    skipped
        Receives the rows that are left out, with the reason.
    needs_places
        Whether a row without longitude and latitude is left out. Otherwise they are NaN.

    Returns
    -------
    pandas.DataFrame
        ``event_id,time,longitude,latitude,depth_km,magnitude`` and, where the table has one,
        ``cluster_id`` (int64), in order of time.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, an ``event_id`` repeats, or a ``cluster_id`` is no whole number.
    """
    if path.suffix.lower() not in TABLE_SUFFIXES:
        return read_catalogue(path, skipped).sort_values("time", ignore_index=True)
    table = _renamed(read_table(path, ()))
    missing = [name for name in ("time", "longitude", "latitude") if name not in table]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(table.columns)} and needs "
            f"{', '.join(CATALOGUE_COLUMNS)}"
        )
    catalogue = _parsed(table)
    reasons = _reasons(catalogue, needs_places)
    skipped.extend(
        SkippedInput(row_name(path, label), text) for label, text in reasons.items() if text
    )
    catalogue = catalogue[reasons == ""].sort_values("time", ignore_index=True, kind="stable")
    repeated = catalogue["event_id"][catalogue["event_id"].duplicated()]
    if len(repeated):
        raise DataError(
            f"{path}: event_id {repeated.iloc[0]!r} stands more than once; give each its own"
        )
    return catalogue


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table under the contract's names; identifiers are made where there are none."""
    for name, others in _OTHER_NAMES.items():
        found = next((other for other in others if other in table), None)
        if name not in table and found is not None:
            table = table.rename(columns={found: name})
    if "event_id" not in table:
        table["event_id"] = [f"row{number}" for number in range(1, len(table) + 1)]
    return table


def _parsed(table: pd.DataFrame) -> pd.DataFrame:
    catalogue = pd.DataFrame({"event_id": table["event_id"], "time": parse_times(table["time"])})
    for name in ("longitude", "latitude", "depth_km", "magnitude"):
        texts = table[name] if name in table else pd.Series("", index=table.index)
        catalogue[name] = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    if "cluster_id" in table:
        numbers = pd.to_numeric(table["cluster_id"], errors="coerce")
        if numbers.isna().any() or (numbers % 1 != 0).any() or (numbers < -1).any():
            raise DataError(
                "cluster_id must be a whole number from -1 in every row; write the table with "
                "`mainshock detect dataset cluster`"
            )
        catalogue["cluster_id"] = numbers.astype(np.int64)
    return catalogue


def _reasons(catalogue: pd.DataFrame, needs_places: bool) -> "pd.Series[str]":
    reasons = pd.Series("", index=catalogue.index)
    checks = [
        (catalogue["event_id"] == "", "event_id is empty; every event needs one"),
        (catalogue["time"].isna(), "time is not ISO 8601 (2010-05-27T16:24:33.5Z)"),
    ]
    place = catalogue["longitude"].between(-180, 180) & catalogue["latitude"].between(-90, 90)
    unknown = catalogue["longitude"].isna() & catalogue["latitude"].isna()
    allowed = place if needs_places else place | unknown
    checks.append((~allowed, "event has no place: longitude and latitude must be degrees"))
    for is_bad, reason in checks:
        reasons[is_bad & (reasons == "")] = reason
    return reasons


def select_events(
    catalogue: pd.DataFrame,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
) -> pd.DataFrame:
    """Return the events inside a box and a span of time.

    Parameters
    ----------
    catalogue
        As ``read_region_catalogue`` returns it.
    bbox
        West, south, east, north in degrees, edges included; a box whose west is larger than its
        east crosses the 180th meridian.
    after, before
        UTC; from ``after`` up to, not including, ``before``.

    Raises
    ------
    SettingsError
        If the box is turned over.
    """
    chosen = pd.Series(True, index=catalogue.index)
    if bbox is not None:
        west, south, east, north = bbox
        if south >= north or not all(np.isfinite(bbox)):
            raise SettingsError(
                f"bbox {bbox} has its south not below its north; give W,S,E,N in degrees"
            )
        inside_west, inside_east = catalogue["longitude"] >= west, catalogue["longitude"] <= east
        chosen &= (inside_west & inside_east) if west <= east else (inside_west | inside_east)
        chosen &= catalogue["latitude"].between(south, north)
    if after is not None:
        chosen &= catalogue["time"] >= pd.Timestamp(after)
    if before is not None:
        chosen &= catalogue["time"] < pd.Timestamp(before)
    return catalogue[chosen].reset_index(drop=True)
