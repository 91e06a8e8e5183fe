"""Scenarios: a source of some magnitude and a site, one a row, and the tables they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Scenarios",
    "local_origin",
    "numbers_of",
    "plain_name",
    "read_scenarios",
    "scenarios_from_table",
]

FloatArray = NDArray[np.float64]

# the field, and the names under which tables carry it; the first found is taken
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "magnitude": ("magnitude", "mag", "m"),
    "depth_km": ("depth_km", "depth", "source_depth_km"),
    "source_longitude": ("ev_lon", "source_longitude", "event_longitude", "source_longitude_deg"),
    "source_latitude": ("ev_lat", "source_latitude", "event_latitude", "source_latitude_deg"),
    "site_longitude": ("sta_lon", "site_longitude", "station_longitude", "station_longitude_deg"),
    "site_latitude": ("sta_lat", "site_latitude", "station_latitude", "station_latitude_deg"),
}
_OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "vs30_m_s": ("vs30_m_s", "vs30"),
    "event": ("event", "event_id", "eqid"),
    "station": ("station", "sta_id", "station_code"),
}
# kilometres east and north of an origin, for tables without degrees
_LOCAL: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "source": (("source_x_km", "ev_x_km"), ("source_y_km", "ev_y_km")),
    "site": (("station_x_km", "site_x_km", "sta_x_km"), ("station_y_km", "site_y_km", "sta_y_km")),
}
_LIMITS = {
    "magnitude": (-2.0, 10.0),
    "depth_km": (-10.0, 800.0),
    "source_latitude": (-90.0, 90.0),
    "site_latitude": (-90.0, 90.0),
    "source_longitude": (-180.0, 360.0),
    "site_longitude": (-180.0, 360.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Sources and sites, every field of shape ``(n_rows,)``.

    Parameters
    ----------
    magnitude
        Moment magnitude, or the catalogue's magnitude that the model was trained on.
    depth_km
        Of the hypocentre, positive down from sea level.
    source_longitude, source_latitude, site_longitude, site_latitude
        Degrees, WGS84.
    vs30_m_s
        Mean shear-wave speed of the upper 30 m; NaN where it is not known.
    event
        Name of the earthquake: rows of one name share what is drawn once an event.
    station
        Name of the site.

    Raises
    ------
    DataError
        If parts differ in length, or a value is missing or outside its limits.
    """

    magnitude: FloatArray
    depth_km: FloatArray
    source_longitude: FloatArray
    source_latitude: FloatArray
    site_longitude: FloatArray
    site_latitude: FloatArray
    vs30_m_s: FloatArray
    event: NDArray[np.str_]
    station: NDArray[np.str_]

    def __post_init__(self) -> None:
        """Check lengths and ranges."""
        sizes = {getattr(self, one.name).shape for one in fields(self)}
        if len(sizes) != 1:
            raise DataError(f"parts of a scenario have shapes {sorted(sizes)}; they must be equal")
        for name, (low, high) in _LIMITS.items():
            values = getattr(self, name)
            bad = ~((values >= low) & (values <= high))
            if bad.any():
                raise DataError(
                    f"{name} of row {int(np.argmax(bad))} is {values[bad][0]:g}; "
                    f"it must lie between {low:g} and {high:g}"
                )

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.magnitude.size)

    def take(self, rows: NDArray[Any]) -> "Scenarios":
        """Return some rows, by number or by a mask."""
        return Scenarios(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def epicentral_km(self) -> FloatArray:
        """Return the distance from epicentre to site along the ellipsoid, in km."""
        return geodesic_distance_km(
            self.source_longitude, self.source_latitude, self.site_longitude, self.site_latitude
        )

    def hypocentral_km(self) -> FloatArray:
        """Return the straight distance from hypocentre to a site at sea level, in km."""
        return np.hypot(self.epicentral_km(), self.depth_km)

    def azimuth_deg(self) -> FloatArray:
        """Return the azimuth from epicentre to site, degrees clockwise from north."""
        return geodesic_azimuth_deg(
            self.source_longitude, self.source_latitude, self.site_longitude, self.site_latitude
        )


def scenarios_from_table(
    table: "pd.DataFrame", origin: tuple[float, float] = (0.0, 0.0)
) -> Scenarios:
    """Return the scenarios of a table, one a row.

    Parameters
    ----------
    table
        Columns ``mag, depth_km, ev_lon, ev_lat, sta_lon, sta_lat`` or the words of
        :class:`Scenarios`, or ``source_x_km, source_y_km, station_x_km, station_y_km`` in place of
        degrees; optionally ``vs30, event, station``.
    origin
        Longitude and latitude that kilometres are counted from, to the east and north.

    Raises
    ------
    DataError
        If a column is missing or a value makes no sense.
    """
    columns = {str(name).lower(): str(name) for name in table.columns}
    values: dict[str, Any] = _places_from_km(table, columns, origin)
    for field, names in _COLUMNS.items():
        found = _found(columns, names)
        if found is not None:
            values[field] = numbers_of(table, found)
        elif field not in values:
            raise DataError(f"no column for {field}; name it {' or '.join(names)}")
    for field, names in _OPTIONAL.items():
        found = _found(columns, names)
        values[field] = None if found is None else table[found].to_numpy()
    vs30 = _found(columns, _OPTIONAL["vs30_m_s"])
    values["vs30_m_s"] = np.full(len(table), np.nan) if vs30 is None else numbers_of(table, vs30)
    values["event"] = _names(values["event"], "source", values)
    values["station"] = _names(values["station"], "site", values)
    return Scenarios(**values)


def read_scenarios(path: Path, origin: tuple[float, float] = (0.0, 0.0)) -> Scenarios:
    """Return the scenarios in a CSV or Parquet file; see :func:`scenarios_from_table`.

    Raises
    ------
    DataError
        If the file cannot be read as a table of scenarios.
    """
    import pandas as pd  # noqa: PLC0415 - the live path has scenarios without tables

    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    if table.empty:
        raise DataError(f"{path} has no rows; give one scenario a row")
    try:
        return scenarios_from_table(table, origin)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def local_origin(table: "pd.DataFrame") -> tuple[float, float]:
    """Return longitude and latitude of the origin of a table's kilometres.

    ``(0, 0)`` where the table does not give places both ways.
    """
    columns = {str(name).lower(): str(name) for name in table.columns}
    sites = [_found(columns, names) for names in _LOCAL["site"]]
    degrees = [_found(columns, _COLUMNS[f"site_{one}"]) for one in ("longitude", "latitude")]
    if None in sites or None in degrees:
        return 0.0, 0.0
    x_km, y_km, longitude, latitude = (numbers_of(table, str(one)) for one in (*sites, *degrees))
    degree_km = float(geodesic_distance_km(0.0, latitude.mean() - 0.5, 0.0, latitude.mean() + 0.5))
    north = float(np.median(latitude - y_km / degree_km))
    frame = LocalFrame(float(longitude.mean()), north)
    east_km = frame.to_local(longitude, latitude)[0] - x_km
    return float(frame.to_geographic(np.median(east_km), 0.0)[0]), north


def _found(columns: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Return the table's column that stands under the first of some names, if any."""
    return next((columns[name] for name in names if name in columns), None)


def numbers_of(table: "pd.DataFrame", column: str) -> FloatArray:
    """Return a column as numbers; ``DataError`` where it holds what is none."""
    try:
        return table[column].to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"column {column} holds what is no number: {error}") from error


def _places_from_km(
    table: "pd.DataFrame", columns: Mapping[str, str], origin: tuple[float, float]
) -> dict[str, FloatArray]:
    """Return longitudes and latitudes of places that the table gives in km."""
    places: dict[str, FloatArray] = {}
    for place, names in _LOCAL.items():
        x, y = (_found(columns, one) for one in names)
        if x is not None and y is not None:
            frame = LocalFrame(*origin)
            longitude, latitude = frame.to_geographic(numbers_of(table, x), numbers_of(table, y))
            places |= {f"{place}_longitude": longitude, f"{place}_latitude": latitude}
    return places


def _names(given: Any, place: str, values: Mapping[str, Any]) -> NDArray[np.str_]:
    """Return names as text; where none are given, equal places have equal names."""
    if given is not None:
        return np.array([plain_name(one) for one in given], dtype=np.str_)
    parts = [values[f"{place}_longitude"], values[f"{place}_latitude"]]
    if place == "source":
        parts += [values["depth_km"], values["magnitude"]]
    _, number = np.unique(np.column_stack(parts), axis=0, return_inverse=True)
    return np.array([f"{place}{one}" for one in number.ravel()], dtype=np.str_)


def plain_name(value: Any) -> str:
    """Return an event number read as 3.0 as ``3``."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)
