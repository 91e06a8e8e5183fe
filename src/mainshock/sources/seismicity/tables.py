"""Catalogues in CSV and Parquet, with the columns of the file contract or those of a provider."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "NAMES",
    "SYNTHETIC_TIME",
    "catalogue_from_frame",
    "catalogue_to_table",
    "read_table",
    "write_table",
]

_NS_A_DAY = 86_400_000_000_000
# column of this package to the names that providers give it, all in lower case
NAMES: dict[str, tuple[str, ...]] = {
    "time": ("time", "origin_time", "datetime", "time_string"),
    "longitude": ("longitude", "lon"),
    "latitude": ("latitude", "lat"),
    "depth_km": ("depth_km", "depth"),
    "magnitude": ("magnitude", "mag"),
    "event_id": ("event_id", "id", "eventid"),
    "magnitude_type": ("magnitude_type", "mag_type", "magtype"),
    "completeness": ("mc", "completeness"),
    "known": ("known", "updated", "revised"),
}
SYNTHETIC_TIME = "synthetic_time_days"


def read_table(path: Path) -> Catalogue:
    """Return the catalogue in a CSV or Parquet file.

    Columns ``time`` (or ``synthetic_time_days``) and ``magnitude`` are needed; ``longitude``,
    ``latitude``, ``depth_km``, ``event_id``, ``magnitude_type``, ``mc`` and ``updated`` are used
    where they stand. Rows without a time or magnitude are left out.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing or a cell is no number or time.
    """
    import pandas as pd  # noqa: PLC0415

    try:
        is_parquet = path.suffix.lower() == ".parquet"
        if is_parquet:
            frame = pd.read_parquet(path)
        else:  # as text: identifiers such as NA and 007 stay what they are
            frame = pd.read_csv(path, comment="#", dtype=str, na_filter=False)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a table: {error}") from error
    try:
        return catalogue_from_frame(frame)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def catalogue_from_frame(frame: "pd.DataFrame") -> Catalogue:
    """Return the catalogue in a table.

    Raises
    ------
    DataError
        If a column is missing, or a cell is no number or time.
    """
    here = {str(name).strip().lower(): name for name in frame.columns}
    columns = {
        ours: frame[here[name]]
        for ours, names in NAMES.items()
        for name in names[::-1]
        if name in here
    }
    is_synthetic = SYNTHETIC_TIME in here
    if is_synthetic:
        time = _numbers(frame[here[SYNTHETIC_TIME]], SYNTHETIC_TIME)
    else:
        time = _days(_needed(columns, "time"))
    magnitude = _numbers(_needed(columns, "magnitude"), "magnitude")
    kept = np.isfinite(time) & np.isfinite(magnitude)
    numbers: dict[str, NDArray[np.float64]] = {
        name: _numbers(columns[name], name)[kept]
        for name in ("longitude", "latitude", "depth_km", "completeness")
        if name in columns
    }
    texts: dict[str, NDArray[np.object_]] = {
        name: _texts(columns[name])[kept]
        for name in ("event_id", "magnitude_type")
        if name in columns
    }
    if "known" in columns:
        numbers["known_days"] = _days(columns["known"])[kept]
    given: dict[str, Any] = dict(numbers)  # a column each
    given.update(texts)
    rounded = np.round(magnitude[kept], 4)  # float32 files: 3.1 and not 3.0999999
    return Catalogue(time[kept], rounded, **given, is_synthetic=is_synthetic)


def _needed(columns: "dict[str, pd.Series]", name: str) -> "pd.Series":
    if name not in columns:
        raise DataError(
            f"no column {name!r} (or {', '.join(NAMES[name][1:])}); a catalogue needs times and "
            "magnitudes"
        )
    return columns[name]


def _numbers(column: "pd.Series", name: str) -> NDArray[np.float64]:
    import pandas as pd  # noqa: PLC0415

    try:
        return np.asarray(pd.to_numeric(column), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(f"column {name!r} holds what is no number: {error}") from error


def _texts(column: "pd.Series") -> NDArray[np.object_]:
    return np.where(column.isna(), "", column.astype(object).astype(str)).astype(object)


def _days(column: "pd.Series") -> NDArray[np.float64]:
    import pandas as pd  # noqa: PLC0415

    try:
        times = pd.to_datetime(column, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(f"times are not ISO 8601, as 2010-05-27T16:24:33.5Z: {error}") from error
    whole = times.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    days = whole / _NS_A_DAY
    return np.where(np.asarray(times.isna()), np.nan, days)


def catalogue_to_table(catalogue: Catalogue) -> "pa.Table":
    """Return a catalogue as an Arrow table with the columns of the file contract."""
    import pyarrow as pa  # noqa: PLC0415

    columns: dict[str, object] = {"event_id": pa.array(catalogue.event_id, pa.string())}
    if catalogue.is_synthetic:
        columns[SYNTHETIC_TIME] = catalogue.time_days
    else:
        ns = np.round(catalogue.time_days * _NS_A_DAY).astype(np.int64)
        columns["time"] = pa.array(ns, pa.timestamp("ns", tz="UTC"))
    for name in ("longitude", "latitude", "depth_km", "magnitude"):
        columns[name] = getattr(catalogue, name)
    columns["magnitude_type"] = pa.array(catalogue.magnitude_type, pa.string())
    if np.isfinite(catalogue.completeness).any():
        columns["mc"] = catalogue.completeness
    is_known = np.isfinite(catalogue.known_days)
    if is_known.any() and not catalogue.is_synthetic:
        ns = np.round(np.nan_to_num(catalogue.known_days) * _NS_A_DAY).astype(np.int64)
        columns["updated"] = pa.array(ns, pa.timestamp("ns", tz="UTC"), mask=~is_known)
    return pa.table(columns)


def write_table(path: Path, catalogue: Catalogue) -> None:
    """Write a catalogue as Parquet or CSV, whichever the suffix says.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix.lower() not in (".parquet", ".csv"):
        raise DataError(f"{path} must end in .parquet or .csv")
    table = catalogue_to_table(catalogue)
    with replacing(path) as written:
        if path.suffix.lower() == ".parquet":
            pq.write_table(table, written, compression="zstd")
            return
        frame = table.to_pandas()
        if not catalogue.is_synthetic:
            frame["time"] = [text_from_days(float(one)) for one in catalogue.time_days]
        if "updated" in frame:
            frame["updated"] = [
                text_from_days(float(one)) if np.isfinite(one) else ""
                for one in catalogue.known_days
            ]
        frame.to_csv(written, index=False)
