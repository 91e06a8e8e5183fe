"""Smooth random fields over the Earth as a few hundred numbers, so that fits are linear."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

__all__ = ["FieldBasis", "choose_pivots", "correlation", "earth_points_km", "make_field_basis"]

FloatArray = NDArray[np.float64]

_EARTH_RADIUS_KM = 6371.0
_JITTER = 1e-6  # of the variance, so that factors of near-equal pivots exist


def earth_points_km(
    longitude: FloatArray, latitude: FloatArray, depth_km: FloatArray | float = 0.0
) -> FloatArray:
    """Return places as points in space, so that distances need no map projection.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape ``(n,)``.
    depth_km
        Positive down.

    Returns
    -------
    ndarray
        Earth-centred coordinates on a sphere, km, shape ``(n, 3)``.
    """
    radius_km = _EARTH_RADIUS_KM - np.asarray(depth_km, dtype=np.float64)
    east, north = np.radians(longitude), np.radians(latitude)
    across = radius_km * np.cos(north)
    return np.column_stack(
        (across * np.cos(east), across * np.sin(east), radius_km * np.sin(north))
    )


def correlation(first: FloatArray, second: FloatArray, length_km: float) -> FloatArray:
    """Return Matern 3/2 correlations between points, ``(n_first, n_second)``.

    Points are ``(n, 3)`` in km; at ``length_km`` apart the correlation is 0.48.
    """
    centre = second.mean(axis=0)  # distances of Earth-centred numbers would lose digits
    a, b = first - centre, second - centre
    square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * (a @ b.T)
    scaled = np.sqrt(np.maximum(square, 0.0) * (3.0 / length_km**2))
    decay = np.exp(-scaled)
    scaled += 1.0
    scaled *= decay
    return np.asarray(scaled)


def choose_pivots(
    points: FloatArray, length_km: float, *, max_rank: int, tolerance: float
) -> NDArray[np.int64]:
    """Return the points that say most about the field at all others, best first.

    Pivoted Cholesky factorisation: stops at ``max_rank`` points, or where the mean share of
    variance that they leave open is below ``tolerance``.
    """
    n = len(points)
    left = np.ones(n)
    rows = np.zeros((min(max_rank, n), n))
    chosen: list[int] = []
    for step in range(len(rows)):
        best = int(np.argmax(left))
        if left.mean() < tolerance or left[best] < 1e-4:
            break
        column = correlation(points, points[best : best + 1], length_km)[:, 0]
        column -= rows[:step, best] @ rows[:step]
        rows[step] = column / np.sqrt(left[best])
        left = np.maximum(left - rows[step] ** 2, 0.0)
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class FieldBasis:
    """A smooth field of variance one, seen through its values at some pivots.

    Parameters
    ----------
    pivots
        Points, km, shape ``(rank, 3)``.
    length_km
        Scale of the Matern 3/2 correlation.
    """

    pivots: FloatArray
    length_km: float

    @property
    def rank(self) -> int:
        """Number of unknowns of the field."""
        return len(self.pivots)

    def factor(self) -> FloatArray:
        """Return the lower Cholesky factor of the pivots' correlation."""
        inner = correlation(self.pivots, self.pivots, self.length_km)
        return np.asarray(np.linalg.cholesky(inner + _JITTER * np.eye(self.rank)))

    def whiten(self, to_pivots: FloatArray) -> FloatArray:
        """Return features from (mean) correlations with the pivots, ``(n, rank)``."""
        return np.asarray(solve_triangular(self.factor(), to_pivots.T, lower=True).T)

    def features(self, points: FloatArray) -> FloatArray:
        """Return features ``(n, rank)``: times independent unit normals they give the field."""
        return self.whiten(correlation(points, self.pivots, self.length_km))


def make_field_basis(
    points: FloatArray, length_km: float, *, max_rank: int = 250, tolerance: float = 0.05
) -> FieldBasis:
    """Return a basis whose pivots are taken from points where the field will be wanted."""
    distinct = np.unique(np.round(points, 3), axis=0)
    chosen = choose_pivots(distinct, length_km, max_rank=max_rank, tolerance=tolerance)
    return FieldBasis(distinct[chosen], length_km)
