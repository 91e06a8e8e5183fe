"""The sites of a map: a grid of degrees, a square around an epicentre, or a table of sites."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError

__all__ = ["MOST_SITES", "MapSites", "box_sites", "read_sites", "sites_around", "sites_from_text"]

FloatArray = NDArray[np.float64]
MOST_SITES = 1_000_000
_N_AROUND = 61
_WIDEST_DEG = 180.0
_KM_PER_DEGREE = 111.2
_MOST_RADIUS_KM = 2000.0
_FORMS = "west,east,south,north,columns,rows, or radius_km[,points a side], or a CSV of sites"
_NAMES = {
    "longitude": ("longitude", "lon", "sta_lon", "site_longitude", "station_longitude"),
    "latitude": ("latitude", "lat", "sta_lat", "site_latitude", "station_latitude"),
    "vs30": ("vs30_m_s", "vs30"),
    "name": ("station", "site", "name", "sta_id"),
}


@dataclass(frozen=True, slots=True, eq=False)
class MapSites:
    """Where shaking is mapped.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape ``(n_sites,)``. Of a grid: rows from south to north, in each from west to
        east; longitudes may run on above 180.
    shape
        Rows and columns of a grid, or None.
    vs30_m_s
        NaN where it is not known, ``(n_sites,)``.
    names
        Of sites that are no grid.
    """

    longitude: FloatArray
    latitude: FloatArray
    shape: tuple[int, int] | None
    vs30_m_s: FloatArray
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of sites."""
        return int(self.longitude.size)

    def take(self, rows: NDArray[np.intp]) -> "MapSites":
        """Return some sites, which are no grid any more."""
        names = tuple(self.names[i] for i in rows) if self.names else ()
        return MapSites(self.longitude[rows], self.latitude[rows], None, self.vs30_m_s[rows], names)


def box_sites(bounds: tuple[float, float, float, float], n_columns: int, n_rows: int) -> MapSites:
    """Return a grid of sites with its outermost ones on the bounds.

    Parameters
    ----------
    bounds
        West, east, south, north in degrees; west above east spans the 180th meridian.
    n_columns, n_rows
        Number of sites from west to east and from south to north.

    Raises
    ------
    SettingsError
        If the grid is empty, too large or not on Earth.

    Examples
    --------
    >>> box_sites((10.0, 11.0, 50.0, 51.0), 3, 2).longitude.tolist()
    [10.0, 10.5, 11.0, 10.0, 10.5, 11.0]
    """
    west, east, south, north = bounds
    if not all(map(math.isfinite, bounds)) or max(abs(south), abs(north)) > 90.0:
        raise SettingsError(f"bounds {bounds} are not on Earth; give west,east,south,north")
    east = east + 360.0 if east < west else east
    if east - west > _WIDEST_DEG:
        raise SettingsError(
            f"bounds {bounds} are {east - west:g} degrees wide, the most is {_WIDEST_DEG:g}; "
            "are west and east swapped?"
        )
    if not (-180.0 <= west < east <= 360.0 and south < north):
        raise SettingsError(f"bounds {bounds} hold nothing; give west,east,south,north in degrees")
    if min(n_columns, n_rows) < 2 or n_columns * n_rows > MOST_SITES:
        raise SettingsError(
            f"a grid of {n_columns} x {n_rows} sites; each side needs 2, all together at most "
            f"{MOST_SITES}"
        )
    longitude = np.tile(np.linspace(west, east, n_columns), n_rows)
    latitude = np.repeat(np.linspace(south, north, n_rows), n_columns)
    return MapSites(longitude, latitude, (n_rows, n_columns), np.full(longitude.size, np.nan))


def sites_around(
    longitude: float, latitude: float, radius_km: float, n_a_side: int = _N_AROUND
) -> MapSites:
    """Return a square grid whose sides are ``radius_km`` from an epicentre.

    Raises
    ------
    SettingsError
        If the square is empty, too large or reaches a pole.
    """
    half_degrees = radius_km / _KM_PER_DEGREE
    farthest = abs(latitude) + half_degrees
    if not (0.0 < radius_km <= _MOST_RADIUS_KM and farthest < 89.0):
        raise SettingsError(
            f"no map of {radius_km:g} km around latitude {latitude:g}; the radius must lie between "
            f"0 and {_MOST_RADIUS_KM:g} km, and the map may not reach a pole"
        )
    # the cosine of the edge nearest to the pole: no side lies nearer than the radius
    half_wide = min(half_degrees / math.cos(math.radians(farthest)), 179.0)
    west, east = longitude - half_wide, longitude + half_wide
    if west < -180.0:
        west, east = west + 360.0, east + 360.0
    bounds = (west, east, latitude - half_degrees, latitude + half_degrees)
    return box_sites(bounds, n_a_side, n_a_side)


def sites_from_text(text: str, longitude: float, latitude: float) -> MapSites:
    """Return the sites that a text asks for.

    Parameters
    ----------
    text
        ``west,east,south,north,columns,rows``, or ``radius_km[,points a side]`` around the
        epicentre, or the path of a CSV of sites.
    longitude, latitude
        The epicentre, degrees.

    Raises
    ------
    SettingsError
        If it is none of these.
    DataError
        If the file of sites cannot be used.
    """
    try:
        numbers = [float(one) for one in text.split(",")]
    except ValueError:
        if Path(text).is_file():
            return read_sites(Path(text))
        raise SettingsError(f"{text!r} is neither a grid nor a file; give {_FORMS}") from None
    counts = numbers[4:] if len(numbers) == 6 else numbers[1:]
    if len(numbers) not in (1, 2, 6) or not all(one.is_integer() for one in counts):
        raise SettingsError(f"{text!r} is no grid; give {_FORMS}")
    if len(numbers) == 6:
        west, east, south, north = numbers[:4]
        return box_sites((west, east, south, north), int(numbers[4]), int(numbers[5]))
    return sites_around(longitude, latitude, numbers[0], int(counts[0]) if counts else _N_AROUND)


def read_sites(path: Path) -> MapSites:
    """Return the sites in a CSV: ``longitude, latitude``, optionally ``vs30_m_s, station``.

    Raises
    ------
    DataError
        If it cannot be read, or a place makes no sense.
    """
    import pandas as pd  # noqa: PLC0415 - the live path has grids without tables

    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table of sites: {error}") from error
    columns = {str(name).lower(): name for name in table.columns}
    found = {
        field: next((columns[name] for name in names if name in columns), None)
        for field, names in _NAMES.items()
    }
    if found["longitude"] is None or found["latitude"] is None or table.empty:
        raise DataError(f"{path} needs columns longitude and latitude, and a site a row")
    places = table[[found["longitude"], found["latitude"]]].to_numpy(dtype=np.float64)
    if not (np.isfinite(places).all() and np.abs(places[:, 1]).max() <= 90.0):
        raise DataError(f"{path} has a site that is not on Earth; check longitude and latitude")
    vs30, names = found["vs30"], found["name"]
    n = len(table)
    return MapSites(
        longitude=places[:, 0],
        latitude=places[:, 1],
        shape=None,
        vs30_m_s=np.full(n, np.nan) if vs30 is None else table[vs30].to_numpy(dtype=np.float64),
        names=tuple(f"site{i}" for i in range(n))
        if names is None
        else tuple(str(one) for one in table[names]),
    )
