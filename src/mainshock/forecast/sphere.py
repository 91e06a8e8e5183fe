"""Places on the sphere that has the area of the Earth: areas are exact, distances to 0.3 %."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.units import WGS84_FLATTENING

__all__ = ["AUTHALIC_RADIUS_KM", "authalic_latitude", "cartesian_km", "geographic"]

FloatArray = NDArray[np.float64]
AUTHALIC_RADIUS_KM = 6371.0071809
_E2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
_E = float(np.sqrt(_E2))


def _q(sine: FloatArray) -> FloatArray:
    value: FloatArray = (1.0 - _E2) * (sine / (1.0 - _E2 * sine**2) + np.arctanh(_E * sine) / _E)
    return value


_Q_POLE = float(_q(np.ones(())))


def authalic_latitude(latitude: ArrayLike) -> FloatArray:
    """Return latitudes on the sphere of equal area, in radians, from geodetic degrees.

    References
    ----------
    Snyder (1987), Map projections, equation 3-11, https://doi.org/10.3133/pp1395
    """
    sine = np.sin(np.radians(np.asarray(latitude, dtype=np.float64)))
    return np.arcsin(np.clip(_q(sine) / _Q_POLE, -1.0, 1.0))


def cartesian_km(longitude: ArrayLike, latitude: ArrayLike) -> FloatArray:
    """Return places as points on the sphere, shape ``(n, 3)``, km from its centre.

    The chord between two of them is shorter than the way along the surface by 0.1 % at 1000 km.
    """
    lon, lat = np.radians(np.asarray(longitude, dtype=np.float64)), authalic_latitude(latitude)
    cosine = np.cos(lat)
    place = np.stack([cosine * np.cos(lon), cosine * np.sin(lon), np.sin(lat)], axis=-1)
    return np.asarray(AUTHALIC_RADIUS_KM * place)


def geographic(places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude and geodetic latitude in degrees of points; their length does not count."""
    longitude = np.degrees(np.arctan2(places[..., 1], places[..., 0]))
    beta = np.arctan2(places[..., 2], np.hypot(places[..., 0], places[..., 1]))
    latitude = (  # Snyder 3-18; to 1.6 mm
        beta
        + (_E2 / 3 + 31 * _E2**2 / 180 + 517 * _E2**3 / 5040) * np.sin(2 * beta)
        + (23 * _E2**2 / 360 + 251 * _E2**3 / 3780) * np.sin(4 * beta)
        + (761 * _E2**3 / 45360) * np.sin(6 * beta)
    )
    return longitude, np.degrees(latitude)
