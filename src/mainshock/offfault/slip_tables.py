"""Reads tables of coseismic slip: points as flatfiles give them, pairs, and reference lines.

Tables are CSV, plain or gzipped, or Parquet. Column names are those of the FDHI flatfile or shorter
ones.

References
----------
Sarmiento et al. (2021), Fault Displacement Hazard Initiative Database, report GIRS-2021-08
"""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_ke_pairs", "read_reference_lines", "read_slip_points", "read_table"]

FloatArray = NDArray[np.float64]
Names = Mapping[str, Sequence[str]]

_EVENT = ("eq_name", "event", "earthquake", "event_name")
_LONGITUDE = ("lon", "longitude", "longitude_degrees")
_LATITUDE = ("lat", "latitude", "latitude_degrees")
_ZONE_WIDTH = ("zone_width_m", "fzw_central_meters")
_GEOLOGY = ("geology", "fps_geology", "geology_type")

_POINTS: Names = {
    "eq_name": _EVENT,
    "lon": _LONGITUDE,
    "lat": _LATITUDE,
    "slip_m": (
        "net_m",
        "slip_m",
        "net_slip_m",
        "recommended_net_preferred_for_analysis_meters",
        "recommended_net_preferred",
    ),
    "measurement": ("fps_meas_type", "measurement", "measurement_type", "aperture"),
}
_POINTS_OPTIONAL: Names = {
    "zone_width_m": _ZONE_WIDTH,
    "geology": _GEOLOGY,
    "slip_style": ("fps_style", "slip_style"),
    "event_style": ("style", "event_style"),
}
_PAIRS: Names = {
    "eq_name": _EVENT,
    "on_fault_m": ("on_fault_m", "on_fault"),
    "total_m": ("total_m", "total"),
}
_PAIRS_OPTIONAL: Names = {
    "s_km": ("s_km", "distance_along_km"),
    "lon": _LONGITUDE,
    "lat": _LATITUDE,
    "total_zone_width_m": ("total_zone_width_m", *_ZONE_WIDTH),
    "pair_dist_m": ("pair_dist_m",),
    "geology": _GEOLOGY,
}
_TEXT = ("eq_name", "measurement", "geology", "slip_style", "event_style")


def read_slip_points(path: Path) -> "pd.DataFrame":
    """Read slip measurements, one a row.

    Returns
    -------
    pandas.DataFrame
        ``eq_name, lon, lat, slip_m, measurement`` and, where the file has them, ``zone_width_m,
        geology, slip_style, event_style``. Rows without a place or with a slip that is not
        positive (FDHI writes -999 for none) are left out.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, or no row is left.
    """
    table = _renamed(read_table(path), _POINTS, _POINTS_OPTIONAL, path)
    kept = table[(table["slip_m"] > 0.0) & table["lon"].abs().le(360.0) & table["lat"].abs().le(90)]
    return _not_empty(kept, path, "a place and a slip above 0 m")


def read_ke_pairs(path: Path) -> "pd.DataFrame":
    """Read pairs of slip on a fault and total displacement, one a row.

    Returns
    -------
    pandas.DataFrame
        ``eq_name, on_fault_m, total_m`` and, where the file has them, ``s_km, lon, lat,
        total_zone_width_m, pair_dist_m, geology``.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, or no row is left.
    """
    table = _renamed(read_table(path), _PAIRS, _PAIRS_OPTIONAL, path)
    kept = table[(table["total_m"] > 0.0) & (table["on_fault_m"] >= 0.0)]
    return _not_empty(kept, path, "a total displacement above 0 m")


def read_reference_lines(path: Path) -> dict[str, FloatArray]:
    """Read one line per earthquake, from which distance along the rupture is counted.

    Parameters
    ----------
    path
        GeoJSON of LineStrings with the property ``eq_name``, plain or gzipped.

    Returns
    -------
    dict
        Name of the earthquake to longitudes and latitudes, shape ``(n, 2)``.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no such line.
    """
    try:
        document = json.loads(_bytes(path))
        features = document["features"]
        lines = {
            str(one["properties"]["eq_name"]): np.array(one["geometry"]["coordinates"], float)[
                :, :2
            ]
            for one in features
            if one["geometry"]["type"] == "LineString" and "eq_name" in one["properties"]
        }
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"{path} is no GeoJSON of lines ({error!r}); give LineStrings with eq_name"
        ) from error
    if not lines:
        raise DataError(f"{path} has no LineString with the property eq_name; add it to each line")
    return lines


def read_table(path: Path) -> "pd.DataFrame":
    """Read a table: ``.parquet``, or else CSV, plain or gzipped.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it is no table.
    """
    import io  # noqa: PLC0415 - with pandas, only on use

    import pandas as pd  # noqa: PLC0415 - slow to import

    content = io.BytesIO(_bytes(path))
    is_parquet = path.suffix.lower() == ".parquet"
    try:
        if is_parquet:
            return pd.read_parquet(content)
        return pd.read_csv(content, low_memory=False)
    except (ValueError, OSError, pd.errors.ParserError) as error:  # Arrow's are among them
        kind = "Parquet file" if is_parquet else "table of comma-separated values"
        raise DataError(f"{path} is no {kind}: {error}") from error


def _bytes(path: Path) -> bytes:
    """Return what a file holds, unpacked."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def _renamed(table: "pd.DataFrame", needed: Names, optional: Names, path: Path) -> "pd.DataFrame":
    """Return the columns that are known, by their names here."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    there = {str(name).strip().lower(): name for name in table.columns}
    found: dict[str, Any] = {}  # columns of numbers and of text
    for name, aliases in {**needed, **optional}.items():
        alias = next((one for one in aliases if one in there), None)
        if alias is not None:
            column = table[there[alias]]
            found[name] = (
                column.fillna("NoData").astype(str).str.strip()
                if name in _TEXT
                else pd.to_numeric(column, errors="coerce")
            )
        elif name in needed:
            raise DataError(
                f"{path} has no column for {name}: give one of {', '.join(aliases)}; there are "
                f"{', '.join(map(str, table.columns))}"
            )
    return pd.DataFrame(found)


def _not_empty(table: "pd.DataFrame", path: Path, what: str) -> "pd.DataFrame":
    if table.empty:
        raise DataError(f"{path} has no row with {what}; check its units and columns")
    return table.reset_index(drop=True)
