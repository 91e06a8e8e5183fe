"""Random fields drawn at any number of places at once, so that maps are coherent."""

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.fields import FieldBasis, correlation

__all__ = ["correlated_normals", "draw_field", "draw_remainder"]

FloatArray = NDArray[np.float64]

_WAVES = 256  # cosines of which a drawn field is made


def correlated_normals(
    rng: np.random.Generator, shape: tuple[int, ...], root: FloatArray
) -> FloatArray:
    """Return standard normals whose last axis is correlated: ``(*shape, k)`` by ``(k, k)``."""
    return np.asarray(rng.standard_normal((*shape, len(root))) @ root.T)


def draw_field(
    points: FloatArray, length_km: float, n: int, root: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return fields with Matern 3/2 correlation and variance one, ``(n_points, n, k)``.

    Sums of cosines whose wave vectors are drawn from the field's spectrum, which for this
    correlation is a t distribution with 3 degrees of freedom.

    Parameters
    ----------
    points
        ``(n_points, 3)`` in km.
    length_km
        Scale of the correlation.
    n
        Realisations.
    root
        Square root of the correlation between ``k`` fields.
    rng
        Random numbers.
    """
    spread = np.sqrt(rng.chisquare(3.0, _WAVES) / 3.0)
    waves = rng.standard_normal((3, _WAVES)) / (spread * length_km)
    phase = rng.uniform(0.0, 2.0 * np.pi, _WAVES)
    cosines = np.cos((points - points.mean(axis=0)) @ waves + phase)
    weights = correlated_normals(rng, (_WAVES, n), root)
    drawn = cosines @ weights.reshape(_WAVES, -1)
    return np.asarray(drawn.reshape(len(points), n, len(root)) * np.sqrt(2.0 / _WAVES))


def draw_remainder(
    basis: FieldBasis, points: FloatArray, n: int, root: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return draws of what a basis leaves out of its field, ``(n_points, n, k)``.

    A field is drawn at places and pivots alike; what the pivots tell of it is taken away. Far
    from the pivots all of the variance is left.
    """
    both = draw_field(np.vstack((points, basis.pivots)), basis.length_km, n, root, rng).reshape(
        len(points) + basis.rank, -1
    )
    here, there = both[: len(points)], both[len(points) :]
    inner = basis.factor()
    weights = np.linalg.solve(inner.T, np.linalg.solve(inner, there))
    told = correlation(points, basis.pivots, basis.length_km) @ weights
    return (here - told).reshape(len(points), n, len(root))
