"""Ellipses and ellipsoids of a Gaussian at a stated probability, with true azimuths."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg

__all__ = ["Ellipse", "Ellipsoid", "ellipse", "ellipse_outline", "ellipsoid"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The smallest area that holds a share of a Gaussian in the horizontal plane.

    Parameters
    ----------
    probability
        The share, 0 to 1.
    semi_major_km, semi_minor_km
        Semi-axes in km.
    azimuth_deg
        Of the major axis, degrees clockwise from true north, 0 to 180.
    """

    probability: float
    semi_major_km: float
    semi_minor_km: float
    azimuth_deg: float

    def as_dict(self) -> dict[str, float]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """The smallest volume that holds a share of a Gaussian in space.

    Parameters
    ----------
    probability
        The share, 0 to 1.
    semi_axes_km
        Longest first.
    azimuths_deg
        Of each axis where it points down or level, degrees clockwise from true north, 0 to 360.
    plunges_deg
        Of each axis below the horizontal, 0 to 90 degrees.
    """

    probability: float
    semi_axes_km: tuple[float, float, float]
    azimuths_deg: tuple[float, float, float]
    plunges_deg: tuple[float, float, float]

    def as_dict(self) -> dict[str, float | list[float]]:
        """Return the fields by name, ready for JSON."""
        return {
            "probability": self.probability,
            "semi_axes_km": list(self.semi_axes_km),
            "azimuths_deg": list(self.azimuths_deg),
            "plunges_deg": list(self.plunges_deg),
        }


def _require_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise DataError(f"probability is {probability:g}; it must lie between 0 and 1")


def _radius_2d(probability: float) -> float:
    """Return the Mahalanobis radius that holds a share of a Gaussian in two dimensions."""
    return math.sqrt(-2.0 * math.log1p(-probability))


def _radius_3d(probability: float) -> float:
    """Return the same in three dimensions, from the chi-square distribution."""
    return math.sqrt(float(chdtri(3, 1.0 - probability)))


def _true_azimuth_deg(frame: LocalFrame, mean_m: FloatArray, east: float, north: float) -> float:
    """Return the azimuth of a direction of the frame's grid at a place in it."""
    if math.hypot(east, north) < 1e-12:
        return 0.0
    here = mean_m[:2] / 1e3
    there = here + np.array([east, north]) / math.hypot(east, north)
    (lon1, lon2), (lat1, lat2) = frame.to_geographic(
        np.array([here[0], there[0]]), np.array([here[1], there[1]])
    )
    return float(geodesic_azimuth_deg(lon1, lat1, lon2, lat2))


def ellipse(
    frame: LocalFrame, mean_m: FloatArray, covariance_m2: FloatArray, probability: float
) -> Ellipse:
    """Return the horizontal ellipse of a Gaussian.

    Parameters
    ----------
    frame
        The metric frame of the mean.
    mean_m
        Metres east and north (and down, which is not looked at).
    covariance_m2
        Shape ``(2, 2)`` or larger, square metres, east first.
    probability
        Share inside, 0 to 1.

    Raises
    ------
    DataError
        If the probability is not between 0 and 1.

    Notes
    -----
    Semi-axes are ``sqrt(eigenvalue * q)`` with ``q = -2 ln(1 - probability)``, the quantile of
    chi-square with two degrees of freedom. The azimuth includes the meridian convergence of the
    frame at the mean.

    Examples
    --------
    >>> import numpy as np
    >>> found = ellipse(LocalFrame(10.0, 50.0), np.zeros(2), np.diag([4.0e6, 1.0e6]), 0.95)
    >>> round(found.semi_major_km, 3), round(found.semi_minor_km, 3), round(found.azimuth_deg)
    (4.895, 2.448, 90)
    """
    _require_probability(probability)
    values, vectors = np.linalg.eigh(covariance_m2[:2, :2])
    lengths_km = np.sqrt(np.maximum(values, 0.0)) * _radius_2d(probability) / 1e3
    azimuth_deg = _true_azimuth_deg(frame, mean_m, vectors[0, 1], vectors[1, 1]) % 180.0
    return Ellipse(probability, float(lengths_km[1]), float(lengths_km[0]), azimuth_deg)


def ellipsoid(
    frame: LocalFrame, mean_m: FloatArray, covariance_m2: FloatArray, probability: float
) -> Ellipsoid:
    """Return the ellipsoid of a Gaussian in metres east, north and down.

    Parameters are those of ``ellipse``, with a covariance of shape ``(3, 3)``; the quantile is
    that of chi-square with three degrees of freedom.

    Raises
    ------
    DataError
        If the probability is not between 0 and 1.
    """
    _require_probability(probability)
    values, vectors = np.linalg.eigh(covariance_m2)
    lengths_km = np.sqrt(np.maximum(values[::-1], 0.0)) * _radius_3d(probability) / 1e3
    azimuths, plunges = [], []
    for axis in vectors.T[::-1]:
        east, north, down = axis if axis[2] >= 0.0 else -axis
        azimuths.append(_true_azimuth_deg(frame, mean_m, float(east), float(north)))
        plunges.append(math.degrees(math.atan2(down, math.hypot(east, north))))
    return Ellipsoid(
        probability,
        (float(lengths_km[0]), float(lengths_km[1]), float(lengths_km[2])),
        (azimuths[0], azimuths[1], azimuths[2]),
        (plunges[0], plunges[1], plunges[2]),
    )


def ellipse_outline(
    frame: LocalFrame, mean_m: FloatArray, covariance_m2: FloatArray, probability: float
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of a closed outline of the ellipse, 181 points each.

    Raises
    ------
    DataError
        If the probability is not between 0 and 1.
    """
    _require_probability(probability)
    values, vectors = np.linalg.eigh(covariance_m2[:2, :2])
    angle = np.linspace(0.0, 2.0 * math.pi, 181)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    scale = np.sqrt(np.maximum(values, 0.0)) * _radius_2d(probability)
    east, north = (mean_m[:2, None] + vectors @ (scale[:, None] * circle)) / 1e3
    return frame.to_geographic(east, north)
