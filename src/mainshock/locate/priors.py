"""What is known of hypocentres before the picks are looked at."""

import math
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.signal.compiled import compiled

__all__ = ["GaussianMixturePrior", "Prior", "SmoothPrior"]

FloatArray = NDArray[np.float64]
_NEGLIGIBLE_SQUARE = 1400.0  # beyond it a Gaussian is zero in double precision
_BELOW_BACKGROUND_SQUARE = 120.0  # beyond it a cluster adds nothing to any background


@runtime_checkable
class Prior(Protocol):
    """Where earthquakes are expected: a density of hypocentres in a volume."""

    def log_density(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the logarithm of the density per km^3, up to a constant; arrays broadcast."""
        ...


@runtime_checkable
class SmoothPrior(Prior, Protocol):
    """A prior that also knows itself from afar, so that a coarse search overlooks nothing."""

    def smoothed(self, width_km: float) -> Prior:
        """Return the prior averaged over cells of about this width."""
        ...

    def reach_km(self, frame: LocalFrame) -> float:
        """Return how far from another frame's origin, along its axes, earthquakes are expected."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GaussianMixturePrior:
    """A sum of Gaussian clusters over a uniform background.

    Parameters
    ----------
    frame
        Local frame of the means.
    weights
        Shape ``(n,)``; they are scaled to sum to 1.
    means_km
        Shape ``(n, 3)``: east, north, depth.
    covariances_km2
        Shape ``(n, 3, 3)``.
    background
        Share of events that belong to no cluster, spread evenly over ``background_volume_km3``: a
        sphere around the clusters, outside which the density falls with the fourth power of the
        distance.

    Raises
    ------
    DataError
        If shapes differ, a weight is negative, all are zero, or a covariance is no covariance.
    """

    frame: LocalFrame
    weights: FloatArray
    means_km: FloatArray
    covariances_km2: FloatArray
    background: float = 0.03
    background_volume_km3: float = 1e6

    def __post_init__(self) -> None:
        n = self.weights.shape[0]
        if self.means_km.shape != (n, 3) or self.covariances_km2.shape != (n, 3, 3) or n == 0:
            raise DataError(
                f"prior has {n} weights, means {self.means_km.shape} and covariances "
                f"{self.covariances_km2.shape}; give (n,), (n, 3) and (n, 3, 3)"
            )
        if np.any(self.weights < 0.0) or not self.weights.sum() > 0.0:
            raise DataError("prior weights must not be negative, and not all zero")
        if not 0.0 <= self.background <= 1.0 or not self.background_volume_km3 > 0.0:
            raise DataError("prior background must be a share from 0 to 1 of a positive volume")
        if np.any(np.linalg.eigvalsh(self.covariances_km2) <= 0.0):
            raise DataError("a prior covariance is not positive definite; add a small diagonal")

    def log_density(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the logarithm of the density per km^3."""
        east, north = self.frame.to_local(longitude, latitude)
        places = np.broadcast_arrays(east, north, np.asarray(depth_km, np.float64))
        found = np.empty(places[0].size)
        total = (1.0 - self.background) / self.weights.sum()
        determinants = np.linalg.det(self.covariances_km2)
        x, y, z = (np.ascontiguousarray(place).ravel() for place in places)
        _log_mixture(
            x,
            y,
            z,
            self.weights * total / np.sqrt((2.0 * np.pi) ** 3 * determinants),
            self.means_km.astype(np.float64),
            np.asarray(np.linalg.inv(self.covariances_km2), np.float64),
            np.asarray(self.weights @ self.means_km / self.weights.sum(), np.float64),
            self.background,
            self.background_volume_km3,
            found,
        )
        return found.reshape(places[0].shape)

    def smoothed(self, width_km: float) -> "GaussianMixturePrior":
        """Return the prior with each cluster widened by a cell of this width."""
        wider = self.covariances_km2 + np.eye(3) * width_km**2 / 12.0
        return replace(self, covariances_km2=wider)

    def reach_km(self, frame: LocalFrame) -> float:
        """Return the farthest place within three standard deviations of a cluster's middle."""
        places = frame.to_local(*self.frame.to_geographic(self.means_km[:, 0], self.means_km[:, 1]))
        sd = np.sqrt(np.linalg.eigvalsh(self.covariances_km2)[:, -1])
        return float((np.abs(np.stack(places)).max(axis=0) + 3.0 * sd).max())


@compiled
def _log_mixture(
    east: FloatArray,
    north: FloatArray,
    depth: FloatArray,
    peaks: FloatArray,
    means: FloatArray,
    inverses: FloatArray,
    middle: FloatArray,
    background: float,
    volume: float,
    found: FloatArray,
) -> None:
    """Set the logarithm of a sum of Gaussians over a background that falls beyond its volume."""
    radius = (0.75 / math.pi * volume) ** (1.0 / 3.0)
    farthest = _BELOW_BACKGROUND_SQUARE if background > 0.0 else _NEGLIGIBLE_SQUARE
    for number in range(found.size):
        x, y, z = east[number], north[number], depth[number]
        away = (x - middle[0]) ** 2 + (y - middle[1]) ** 2 + (z - middle[2]) ** 2
        density = background / volume / max(away / radius**2, 1.0) ** 2
        for k in range(peaks.size):
            a, b, c = x - means[k, 0], y - means[k, 1], z - means[k, 2]
            inverse = inverses[k]
            square = inverse[0, 0] * a * a + inverse[1, 1] * b * b + inverse[2, 2] * c * c
            square += 2.0 * (inverse[0, 1] * a * b + inverse[0, 2] * a * c + inverse[1, 2] * b * c)
            if square < farthest:
                density += peaks[k] * math.exp(-0.5 * square)
        found[number] = math.log(density + 1e-300)
