"""Distances, azimuths and local metric frames on the WGS84 ellipsoid, in NumPy alone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import GeometryError
from mainshock.core.units import WGS84_FLATTENING, WGS84_SEMI_MAJOR_KM

__all__ = ["LocalFrame", "geodesic_azimuth_deg", "geodesic_distance_km"]

FloatArray = NDArray[np.float64]
_A = WGS84_SEMI_MAJOR_KM
_F = WGS84_FLATTENING
_B = _A * (1.0 - _F)
_N = _F / (2.0 - _F)
_E2 = _F * (2.0 - _F)
_MAX_EAST_KM = 3000.0


def _vincenty(
    longitude1: ArrayLike, latitude1: ArrayLike, longitude2: ArrayLike, latitude2: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return distance in km and forward azimuth in degrees (Vincenty 1975, inverse)."""
    lon1, lat1, lon2, lat2 = (
        np.radians(np.asarray(v, dtype=np.float64))
        for v in (longitude1, latitude1, longitude2, latitude2)
    )
    u1, u2 = np.arctan((1 - _F) * np.tan(lat1)), np.arctan((1 - _F) * np.tan(lat2))
    su1, cu1, su2, cu2 = np.sin(u1), np.cos(u1), np.sin(u2), np.cos(u2)
    difference = np.arctan2(np.sin(lon2 - lon1), np.cos(lon2 - lon1))
    lam = difference
    for _ in range(12):  # converges below a micrometre in 5 unless nearly antipodal
        sl, cl = np.sin(lam), np.cos(lam)
        sin_sigma = np.hypot(cu2 * sl, cu1 * su2 - su1 * cu2 * cl)
        cos_sigma = su1 * su2 + cu1 * cu2 * cl
        sigma = np.arctan2(sin_sigma, cos_sigma)
        sin_alpha = cu1 * cu2 * sl / np.where(sin_sigma == 0, 1.0, sin_sigma)
        cos2_alpha = 1 - sin_alpha**2
        cos_2m = cos_sigma - 2 * su1 * su2 / np.where(cos2_alpha == 0, np.inf, cos2_alpha)
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        term = sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2 * cos_2m**2 - 1))
        lam = difference + (1 - c) * _F * sin_alpha * term
    square = cos2_alpha * (_A**2 - _B**2) / _B**2
    big_a = 1 + square / 16384 * (4096 + square * (-768 + square * (320 - 175 * square)))
    big_b = square / 1024 * (256 + square * (-128 + square * (74 - 47 * square)))
    inner = cos_sigma * (2 * cos_2m**2 - 1)
    inner = inner - big_b / 6 * cos_2m * (4 * sin_sigma**2 - 3) * (4 * cos_2m**2 - 3)
    delta = big_b * sin_sigma * (cos_2m + big_b / 4 * inner)
    azimuth = np.arctan2(cu2 * sl, cu1 * su2 - su1 * cu2 * cl)
    # twice: the first remainder of a tiny negative angle rounds to 360 itself
    return _B * big_a * (sigma - delta), np.degrees(azimuth) % 360.0 % 360.0


def geodesic_distance_km(
    longitude1: ArrayLike, latitude1: ArrayLike, longitude2: ArrayLike, latitude2: ArrayLike
) -> FloatArray:
    """Return the length of the shortest path on the WGS84 ellipsoid, in km.

    Parameters
    ----------
    longitude1, latitude1, longitude2, latitude2
        Degrees; any shapes that broadcast.

    Notes
    -----
    Vincenty's inverse solution with a fixed number of iterations: better than 0.1 mm, except near
    the antipode: off by up to 1 m from 1.5 degrees of it, 1 km from 1 degree, 100 km at it.

    References
    ----------
    Vincenty (1975), https://doi.org/10.1179/sre.1975.23.176.88

    Examples
    --------
    >>> float(geodesic_distance_km(0.0, 0.0, 1.0, 0.0).round(4))
    111.3195
    """
    return _vincenty(longitude1, latitude1, longitude2, latitude2)[0]


def geodesic_azimuth_deg(
    longitude1: ArrayLike, latitude1: ArrayLike, longitude2: ArrayLike, latitude2: ArrayLike
) -> FloatArray:
    """Return the azimuth from point 1 towards point 2, degrees clockwise from north, 0 to 360.

    Examples
    --------
    >>> float(geodesic_azimuth_deg(0.0, 0.0, 1.0, 0.0))
    90.0
    """
    return _vincenty(longitude1, latitude1, longitude2, latitude2)[1]


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """A metric frame around a place: km east and north of an origin.

    A transverse Mercator projection of the ellipsoid whose central meridian passes through the
    origin, with scale 1 there: it has no zone edges, and 100 km from the origin its scale is
    1.0001. Angles are kept. Valid up to 3000 km east or west of the origin.

    Parameters
    ----------
    longitude, latitude
        The origin, degrees.

    References
    ----------
    Krüger (1912), series of third order in the third flattening,
    https://doi.org/10.2312/GFZ.b103-krueger28

    Examples
    --------
    >>> frame = LocalFrame(11.6, 48.05)
    >>> east_km, north_km = frame.to_local(11.7, 48.05)
    >>> float(east_km.round(3)), float(north_km.round(3))
    (7.455, 0.005)
    """

    longitude: float
    latitude: float

    def __post_init__(self) -> None:
        if not (abs(self.longitude) <= 180.0 and abs(self.latitude) <= 85.0):
            raise GeometryError(
                f"a local frame at {self.longitude}, {self.latitude} is not possible; longitude "
                "must lie within 180 and latitude within 85 degrees"
            )

    def _northing_km(self) -> float:
        return float(_project(np.zeros(()), np.radians(np.asarray(self.latitude)))[1])

    def to_local(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return km east and km north of the origin.

        Raises
        ------
        GeometryError
            If a place is more than 60 degrees of longitude from the origin.
        """
        lon = np.asarray(longitude, dtype=np.float64)
        lat = np.radians(np.asarray(latitude, dtype=np.float64))
        difference = (lon - self.longitude + 180.0) % 360.0 - 180.0
        if np.any(np.abs(difference) > 60.0):
            raise GeometryError(
                f"places lie up to {np.abs(difference).max():.0f} degrees of longitude from the "
                "local frame's origin; 60 are possible. Use geodesic_distance_km instead."
            )
        east, north = _project(np.radians(difference), lat)
        return east, north - self._northing_km()

    def to_geographic(
        self, east_km: ArrayLike, north_km: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude in degrees, the inverse of ``to_local``.

        Raises
        ------
        GeometryError
            If a place is more than 3000 km east or west of the origin.
        """
        east = np.asarray(east_km, dtype=np.float64)
        if np.any(np.abs(east) > _MAX_EAST_KM):
            raise GeometryError(
                f"{np.abs(east).max():.0f} km east of the origin is outside the local frame; "
                f"{_MAX_EAST_KM:.0f} km are possible"
            )
        north = np.asarray(north_km, dtype=np.float64) + self._northing_km()
        difference, latitude = _unproject(east, north)
        longitude = self.longitude + np.degrees(difference)
        return (longitude + 180.0) % 360.0 - 180.0, np.degrees(latitude)


_RECTIFYING_KM = _A / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_ALPHA = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16,
    13 * _N**2 / 48 - 3 * _N**3 / 5,
    61 * _N**3 / 240,
)
_BETA = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96,
    _N**2 / 48 + _N**3 / 15,
    17 * _N**3 / 480,
)


def _project(difference: FloatArray, latitude: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return easting and northing in km from radians (Krüger, forward)."""
    e = math.sqrt(_E2)
    sine = np.sin(latitude)
    t = np.sinh(np.arctanh(sine) - e * np.arctanh(e * sine))
    xi = np.arctan2(t, np.cos(difference))
    eta = np.arctanh(np.sin(difference) / np.hypot(1.0, t))
    east, north = eta, xi
    for order, alpha in enumerate(_ALPHA, start=1):
        east = east + alpha * np.cos(2 * order * xi) * np.sinh(2 * order * eta)
        north = north + alpha * np.sin(2 * order * xi) * np.cosh(2 * order * eta)
    return _RECTIFYING_KM * east, _RECTIFYING_KM * north


def _unproject(east_km: FloatArray, north_km: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return difference in longitude and latitude in radians (Krüger, inverse)."""
    xi, eta = north_km / _RECTIFYING_KM, east_km / _RECTIFYING_KM
    xi1, eta1 = xi, eta
    for order, beta in enumerate(_BETA, start=1):
        xi1 = xi1 - beta * np.sin(2 * order * xi) * np.cosh(2 * order * eta)
        eta1 = eta1 - beta * np.cos(2 * order * xi) * np.sinh(2 * order * eta)
    conformal = np.arcsin(np.sin(xi1) / np.cosh(eta1))
    e = math.sqrt(_E2)
    latitude = conformal
    psi = np.arctanh(np.sin(conformal))
    for _ in range(5):  # each step gains more than two digits
        latitude = np.arcsin(np.tanh(psi + e * np.arctanh(e * np.sin(latitude))))
    return np.arctan2(np.sinh(eta1), np.cos(xi1)), latitude
