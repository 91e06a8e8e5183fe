"""Tables of measured shaking (flatfiles): where their columns lie, whatever they are called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.units import EARTH_MEAN_RADIUS_KM
from mainshock.shaking.scenarios import Scenarios, numbers_of, plain_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["scenarios_of_observations"]

FloatArray = NDArray[np.float64]

_DEPTH_KM = 10.0  # where a table has none
_EVENT = ("eqid", "event_id", "event")
_STATION = ("sta_id", "station", "station_id", "staseqnum")
_MAGNITUDE = ("magnitude", "mag", "m")
_DEPTH = ("depth_km", "source_depth_km", "depth", "zhyp")
_SITE_LONGITUDE = ("sta_lon", "station_longitude", "site_longitude", "stalong")
_SITE_LATITUDE = ("sta_lat", "station_latitude", "site_latitude", "stalat")
_LONGITUDE = ("ev_lon", "source_longitude", "event_longitude", "hypocenterlong")
_LATITUDE = ("ev_lat", "source_latitude", "event_latitude", "hypocenterlat")
_DISTANCE = ("epi_dist", "repi_km", "epicentral_distance_km", "repi")
_VS30 = ("vs30", "vs30_m_s")
_STEPS = 20  # of the search for an epicentre; each gains about two digits


def scenarios_of_observations(
    table: "pd.DataFrame", *, event: str | None = None, station: str | None = None
) -> Scenarios:
    """Return source and site of each row.

    Parameters
    ----------
    table
        Columns for event, station, magnitude and the site's place; the epicentre's place, or its
        distance and the azimuth from it to the site (``epi_azimuth``, radians, or
        ``azimuth_deg``). Depth and Vs30 where there are.
    event, station
        Columns of their names; without, the usual ones are tried (``eqid``, ``sta_id`` first).

    Raises
    ------
    DataError
        If a column is missing.
    """
    n = len(table)
    site = _numbers(table, _SITE_LONGITUDE, "site"), _numbers(table, _SITE_LATITUDE, "site")
    names = _text(table, (event,) if event else _EVENT, "event")
    source = _epicentres(table, *site, names)
    depth = _optional(table, _DEPTH)
    depth_km = np.full(n, _DEPTH_KM) if depth is None else np.nan_to_num(depth, nan=_DEPTH_KM)
    vs30 = _optional(table, _VS30)
    return Scenarios(
        magnitude=_numbers(table, _MAGNITUDE, "magnitude"),
        depth_km=depth_km,
        source_longitude=source[0],
        source_latitude=source[1],
        site_longitude=site[0],
        site_latitude=site[1],
        vs30_m_s=np.full(n, np.nan) if vs30 is None else vs30,
        event=names,
        station=_text(table, (station,) if station else _STATION, "station"),
    )


def _column(table: "pd.DataFrame", names: Sequence[str]) -> str | None:
    columns = {str(one).lower(): str(one) for one in table.columns}
    return next((columns[one.lower()] for one in names if one.lower() in columns), None)


def _optional(table: "pd.DataFrame", names: Sequence[str]) -> FloatArray | None:
    found = _column(table, names)
    return None if found is None else numbers_of(table, found)


def _numbers(table: "pd.DataFrame", names: Sequence[str], what: str) -> FloatArray:
    found = _optional(table, names)
    if found is None:
        raise DataError(f"the table has no column for the {what}; name it one of {names}")
    return found


def _text(table: "pd.DataFrame", names: Sequence[str], what: str) -> NDArray[np.str_]:
    found = _column(table, names)
    if found is None:
        raise DataError(f"the table has no column {names} for the {what}; give --{what} COLUMN")
    return np.array([plain_name(one) for one in table[found].tolist()], dtype=np.str_)


def _epicentres(
    table: "pd.DataFrame",
    longitude: FloatArray,
    latitude: FloatArray,
    event: NDArray[np.str_],
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of epicentres, given or worked out from the sites."""
    given = _optional(table, _LONGITUDE), _optional(table, _LATITUDE)
    if given[0] is not None and given[1] is not None:
        return given[0], given[1]
    radians, degrees = _optional(table, ("epi_azimuth",)), _optional(table, ("azimuth_deg",))
    azimuth = radians if radians is not None or degrees is None else np.radians(degrees)
    if azimuth is None:
        raise DataError(
            f"the table has no epicentres; give columns {_LONGITUDE[0]} and {_LATITUDE[0]}, or "
            f"{_DISTANCE[0]} (km) and epi_azimuth (radians, from epicentre to site)"
        )
    distance = _numbers(table, _DISTANCE, "epicentral distance") / EARTH_MEAN_RADIUS_KM
    east, north = _origin_of(np.radians(longitude), np.radians(latitude), distance, azimuth)
    # the rows of an event give one place, up to rounding
    number = np.unique(event, return_inverse=True)[1].ravel()
    first = np.array([east[number == one][0] for one in range(number.max() + 1)])
    east = first[number] + (east - first[number] + np.pi) % (2.0 * np.pi) - np.pi
    for one in range(len(first)):
        rows = number == one
        east[rows], north[rows] = np.median(east[rows]), np.median(north[rows])
    return (np.degrees(east) + 180.0) % 360.0 - 180.0, np.degrees(north)


def _origin_of(
    longitude: FloatArray, latitude: FloatArray, distance: FloatArray, azimuth: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return from where a walk of given length and first direction ends at a place; radians."""
    east, north = longitude.copy(), latitude.copy()
    for _ in range(_STEPS):
        end = np.arcsin(
            np.sin(north) * np.cos(distance) + np.cos(north) * np.sin(distance) * np.cos(azimuth)
        )
        turn = np.arctan2(
            np.sin(azimuth) * np.sin(distance) * np.cos(north),
            np.cos(distance) - np.sin(north) * np.sin(end),
        )
        north += latitude - end
        east += (longitude - east - turn + np.pi) % (2.0 * np.pi) - np.pi
    return east, north
