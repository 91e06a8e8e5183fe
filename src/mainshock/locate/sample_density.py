"""Smooth densities and credible levels of posterior samples in a plane, for plots.

The bandwidth follows from the distances between near samples, not from their overall spread, so
that a thin ring of 250 km radius stays a thin ring and a spot of 200 m stays a spot.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from mainshock.core.errors import DataError

__all__ = ["SampleDensity", "estimate_density"]

FloatArray = NDArray[np.float64]
_N_CELLS = 240
_MOST_FOR_BANDWIDTH = 3000
_LEAST_CELL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class SampleDensity:
    """A density on a regular grid.

    Parameters
    ----------
    first, second
        Cell centres along the two axes, shapes ``(n,)`` and ``(m,)``.
    mass
        Share of the samples in each cell, shape ``(m, n)``; sums to 1.
    """

    first: FloatArray
    second: FloatArray
    mass: FloatArray

    def threshold(self, level: float) -> float:
        """Return the mass of a cell on the outline of the smallest area that holds ``level``."""
        ordered = np.sort(self.mass, axis=None)[::-1]
        held = np.cumsum(ordered)
        index = int(np.searchsorted(held, level * held[-1]))
        return float(ordered[min(index, ordered.size - 1)])

    def extent(self) -> tuple[float, float, float, float]:
        """Return the outer edges of the grid: least and most of first, least and most of second."""
        half_first = 0.5 * float(self.first[1] - self.first[0])
        half_second = 0.5 * float(self.second[1] - self.second[0])
        return (
            float(self.first[0]) - half_first,
            float(self.first[-1]) + half_first,
            float(self.second[0]) - half_second,
            float(self.second[-1]) + half_second,
        )


def estimate_density(
    first: FloatArray,
    second: FloatArray,
    *,
    second_limits: tuple[float | None, float | None] = (None, None),
) -> SampleDensity:
    """Return the smoothed density of samples in a plane.

    Parameters
    ----------
    first, second
        Coordinates of the samples, shape ``(n,)``, in one unit (km or m).
    second_limits
        Values that ``second`` cannot pass, such as the depth of the surface: nothing is smeared
        beyond them. None where there is no limit.

    Raises
    ------
    DataError
        If there are no samples, or one is not finite.
    """
    if first.size == 0 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise DataError(f"{first.size} samples cannot be plotted; give finite ones, at least one")
    width = _bandwidth(first, second)
    first_edges = _edges(first, width, (None, None))
    second_edges = _edges(second, width, second_limits)
    counts, _, _ = np.histogram2d(second, first, bins=[second_edges, first_edges])
    sigma = [width / (edges[1] - edges[0]) for edges in (second_edges, first_edges)]
    smooth = gaussian_filter(counts, sigma, mode=["reflect", "constant"])
    return SampleDensity(
        first=0.5 * (first_edges[1:] + first_edges[:-1]),
        second=0.5 * (second_edges[1:] + second_edges[:-1]),
        mass=smooth / smooth.sum(),
    )


def _bandwidth(first: FloatArray, second: FloatArray) -> float:
    """Return the median distance to the k-th neighbour, k the root of the number of samples."""
    step = max(1, first.size // _MOST_FOR_BANDWIDTH)
    points = np.stack([first[::step], second[::step]], axis=1)
    spread = float(np.ptp(points, axis=0).max())
    if len(points) < 3 or spread < _LEAST_CELL:
        return max(0.05 * spread, 10.0 * _LEAST_CELL)
    k = int(np.sqrt(len(points))) + 1
    distance, _ = cKDTree(points).query(points, k=[k])
    return float(np.clip(0.8 * np.median(distance), 0.004 * spread, 0.2 * spread))


def _edges(
    values: FloatArray, width: float, limits: tuple[float | None, float | None]
) -> FloatArray:
    """Return cell edges around the samples with room for the smoothing."""
    low, high = limits
    start = values.min() - 4.0 * width if low is None else min(low, values.min())
    end = values.max() + 4.0 * width if high is None else max(high, values.max())
    n_cells = int(np.clip((end - start) / (0.4 * width), 40, _N_CELLS))
    return np.linspace(start, end, n_cells + 1)
