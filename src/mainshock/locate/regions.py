"""Credible regions of the epicentre: the smallest areas that hold stated shares of the mass."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from scipy.ndimage import zoom

from mainshock.core.records import CredibleRegion
from mainshock.locate.antimeridian import split_at_antimeridian
from mainshock.locate.grid import Grid

__all__ = ["EpicentralMarginal", "credible_regions", "highest_mass_rank"]

FloatArray = NDArray[np.float64]
_ENOUGH_CELLS = 90


@dataclass(frozen=True, slots=True, eq=False)
class EpicentralMarginal:
    """Posterior mass of the epicentre on the columns of a grid.

    Parameters
    ----------
    mass
        Shape ``grid.shape[:2]``; sums to 1.
    """

    grid: Grid
    mass: FloatArray

    def refined(self) -> "EpicentralMarginal":
        """Return the same mass on cells small enough for smooth outlines."""
        factor = int(np.ceil(_ENOUGH_CELLS / min(self.mass.shape)))
        if factor <= 1:
            return self
        fine = zoom(self.mass, factor, order=1, mode="grid-constant", grid_mode=True)
        fine = np.maximum(fine, 0.0)
        shape = (fine.shape[0], fine.shape[1], self.grid.shape[2])
        grid = Grid(
            self.grid.frame, self.grid.low_km, self.grid.high_km, shape, self.grid.angle_rad
        )
        return EpicentralMarginal(grid, fine / fine.sum())

    def threshold(self, level: float) -> float:
        """Return the mass of a cell on the edge of the smallest area that holds the level."""
        return _threshold(self.mass, level)


def _threshold(mass: FloatArray, level: float) -> float:
    ordered = np.sort(mass, axis=None)[::-1]
    held = np.cumsum(ordered, dtype=np.float64)
    place = int(np.searchsorted(held, level * held[-1]))
    return float(ordered[min(place, ordered.size - 1)])


def highest_mass_rank(mass: NDArray[np.floating], cell: tuple[int, ...] | None) -> float:
    """Return the share of mass in cells denser than a given one, ties half; 1 outside the grid.

    For a calibrated posterior the rank of the truth is uniform between 0 and 1: a region of
    level ``q`` holds it exactly when its rank is below ``q``.
    """
    if cell is None:
        return 1.0
    value = mass[cell]
    above = mass[mass > value].sum(dtype=np.float64)
    same = mass[mass == value].sum(dtype=np.float64)
    return float((above + 0.5 * same) / mass.sum(dtype=np.float64))


def credible_regions(
    marginal: EpicentralMarginal, levels: Sequence[float]
) -> tuple[CredibleRegion, ...]:
    """Return the smallest regions that hold the levels, smallest level first."""
    fine = marginal.refined()
    padded = np.pad(fine.mass, 1)
    axes = []
    for axis in (0, 1):
        centres, step = fine.grid.centres(axis), fine.grid.cell_km[axis]
        axes.append(np.concatenate([[centres[0] - step], centres, [centres[-1] + step]]))
    generator = contour_generator(x=axes[0], y=axes[1], z=padded.T, fill_type=FillType.OuterOffset)
    return tuple(
        _region(generator.filled(fine.threshold(level), np.inf), fine.grid, level)
        for level in sorted(levels)
    )


def _region(
    filled: Any,
    grid: Grid,
    level: float,  # Any: contourpy's type depends on the fill type
) -> CredibleRegion:
    polygons: list[tuple[FloatArray, ...]] = []
    area = 0.0
    for points, offsets in zip(*filled, strict=True):
        rings = []
        for number, (first, past_last) in enumerate(pairwise(offsets)):
            ring = points[first:past_last]
            enclosed = _area_km2(ring)
            area += enclosed if number == 0 else -enclosed
            longitude, latitude = grid.to_geographic(ring[:, 0], ring[:, 1])
            rings.append(np.column_stack([longitude, latitude]))
        polygons.extend(split_at_antimeridian(tuple(rings)))
    return CredibleRegion(level=level, area_km2=max(area, 0.0), polygons=tuple(polygons))


def _area_km2(ring: FloatArray) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])))
