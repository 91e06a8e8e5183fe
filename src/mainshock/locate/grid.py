"""Regular grids of nodes in a local frame that may be turned."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import GeometryError
from mainshock.core.geo import LocalFrame

__all__ = ["Grid"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of equal size in a box whose first axis is turned from east towards north.

    Parameters
    ----------
    frame
        Local frame of east and north.
    low_km, high_km
        Corners of the box along its own axes: first, second, depth.
    shape
        Number of cells along each axis.
    angle_rad
        Angle from east to the first axis, counter-clockwise.

    Raises
    ------
    GeometryError
        If the box is empty.
    """

    frame: LocalFrame
    low_km: tuple[float, float, float]
    high_km: tuple[float, float, float]
    shape: tuple[int, int, int]
    angle_rad: float = 0.0

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or any(
            not low < high for low, high in zip(self.low_km, self.high_km, strict=True)
        ):
            raise GeometryError(
                f"grid of {self.shape} cells from {self.low_km} to {self.high_km} km is empty; "
                "each axis needs a cell and an extent"
            )

    @property
    def cell_km(self) -> tuple[float, float, float]:
        """Size of a cell along the axes."""
        first, second, third = (
            (high - low) / n
            for low, high, n in zip(self.low_km, self.high_km, self.shape, strict=True)
        )
        return first, second, third

    @property
    def n_nodes(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    def centres(self, axis: int) -> FloatArray:
        """Return the middles of the cells along an axis, km."""
        steps = np.arange(self.shape[axis], dtype=np.float64) + 0.5
        return np.asarray(self.low_km[axis] + self.cell_km[axis] * steps)

    def to_east_north(self, first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return km east and north of the frame's origin for places along the axes."""
        a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
        cosine, sine = math.cos(self.angle_rad), math.sin(self.angle_rad)
        return a * cosine - b * sine, a * sine + b * cosine

    def from_east_north(self, east: ArrayLike, north: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return places along the axes, the inverse of ``to_east_north``."""
        e, n = np.asarray(east, dtype=np.float64), np.asarray(north, dtype=np.float64)
        cosine, sine = math.cos(self.angle_rad), math.sin(self.angle_rad)
        return e * cosine + n * sine, n * cosine - e * sine

    def to_geographic(self, first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude in degrees for places along the axes."""
        return self.frame.to_geographic(*self.to_east_north(first, second))

    def columns(self) -> tuple[FloatArray, FloatArray]:
        """Return east and north of all columns, shape ``(n_first * n_second,)``, km."""
        first, second = np.meshgrid(self.centres(0), self.centres(1), indexing="ij")
        return self.to_east_north(first.ravel(), second.ravel())

    def cell_of(
        self, longitude: float, latitude: float, depth_km: float
    ) -> tuple[int, int, int] | None:
        """Return the cell that holds a place, or None outside the grid."""
        first, second = self.from_east_north(*self.frame.to_local(longitude, latitude))
        place = (float(first), float(second), depth_km)
        cell = [
            math.floor((value - low) / size)
            for value, low, size in zip(place, self.low_km, self.cell_km, strict=True)
        ]
        if any(not 0 <= index < n for index, n in zip(cell, self.shape, strict=True)):
            return None
        return cell[0], cell[1], cell[2]
