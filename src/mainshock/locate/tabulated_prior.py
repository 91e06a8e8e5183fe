"""A prior as a table: any density of hypocentres, read in milliseconds at half a million nodes."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.signal.compiled import compiled

__all__ = ["TabulatedPrior"]

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
_FARTHEST_DEG, _BEYOND_KM = 60.0, 5000.0  # where the frame ends, and a place beyond it


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedPrior:
    """A density on a regular grid over a uniform background.

    Parameters
    ----------
    frame
        Local frame of the table.
    low_km
        East, north and depth of the centre of the first cell.
    spacing_km
        Edge of the cubic cells.
    density_km3
        Probability per km^3 at the centres, shape ``(n_east, n_north, n_depth)``.
    background_km3
        Density that is added everywhere. Outside the table it is a tenth and falls with the
        fourth power of the distance, so that an event there is possible, but all of the outside
        holds less than the inside.

    Raises
    ------
    DataError
        If the table is empty, negative or zero everywhere, or the background is not positive.

    Notes
    -----
    Between centres the density is interpolated linearly. ``smoothed`` gives coarse grids the mean
    over their cells, from a table of larger cells, so that no narrow cluster slips between nodes.
    """

    frame: LocalFrame
    low_km: tuple[float, float, float]
    spacing_km: float
    density_km3: Float32Array
    background_km3: float
    _coarser: "dict[int, TabulatedPrior]" = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        table = self.density_km3
        if table.ndim != 3 or table.size == 0 or not self.spacing_km > 0.0:
            raise DataError(f"a prior's table needs three axes and cells; it has {table.shape}")
        if not (np.isfinite(table).all() and table.min() >= 0.0 and table.max() > 0.0):
            raise DataError("a prior's density must be finite, not negative and not all zero")
        if not self.background_km3 > 0.0:
            raise DataError(f"the prior's background is {self.background_km3}; it must be positive")

    def log_density(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the logarithm of the density per km^3; arrays broadcast."""
        longitude = np.asarray(longitude, np.float64)
        apart = np.abs((longitude - self.frame.longitude + 180.0) % 360.0 - 180.0)
        is_far = apart > _FARTHEST_DEG
        east, north = self.frame.to_local(
            np.where(is_far, self.frame.longitude, longitude), latitude
        )
        east = np.where(is_far, _BEYOND_KM, east)
        first, second, third = (
            (np.asarray(value, np.float64) - low) / self.spacing_km
            for value, low in zip((east, north, depth_km), self.low_km, strict=True)
        )
        shape = np.broadcast_shapes(first.shape, second.shape, third.shape)
        if not (len(shape) == 2 and first.shape == second.shape == (shape[0], 1)):
            # any places: columns of one node
            first, second, third = (np.broadcast_to(x, shape) for x in (first, second, third))
            columns = third.reshape(-1, 1)
        else:
            columns = np.broadcast_to(third, shape)
        found = np.empty(columns.shape)
        background = self.background_km3
        _interpolate(self.density_km3, first.ravel(), second.ravel(), columns, background, found)
        return found.reshape(shape)

    def smoothed(self, width_km: float) -> "TabulatedPrior":
        """Return the prior averaged over cells of about a width; itself where that is narrow."""
        level = int(math.log2(max(width_km / self.spacing_km, 1.0)))
        level = min(level, int(math.log2(max(self.density_km3.shape))))
        if level <= 0:
            return self
        if level not in self._coarser:
            finer = self.smoothed(self.spacing_km * 2.0 ** (level - 1) * 1.001)
            self._coarser[level] = _pooled(finer)
        return self._coarser[level]

    def reach_km(self, frame: LocalFrame) -> float:
        """Return how far the table extends from another frame's origin along its axes."""
        sides = [
            (low, low + self.spacing_km * (n - 1))
            for low, n in zip(self.low_km[:2], self.density_km3.shape[:2], strict=True)
        ]
        corners = np.array([(east, north) for east in sides[0] for north in sides[1]])
        places = frame.to_local(*self.frame.to_geographic(corners[:, 0], corners[:, 1]))
        return float(np.abs(np.stack(places)).max())


def _pooled(prior: TabulatedPrior) -> TabulatedPrior:
    """Return the same density in cells twice as large."""
    table = prior.density_km3
    table = np.pad(table, [(0, n % 2) for n in table.shape])
    east, north, depth = (n // 2 for n in table.shape)
    mean = table.reshape(east, 2, north, 2, depth, 2).mean(axis=(1, 3, 5), dtype=np.float64)
    low = tuple(value + 0.5 * prior.spacing_km for value in prior.low_km)
    return TabulatedPrior(
        prior.frame,
        (low[0], low[1], low[2]),
        2.0 * prior.spacing_km,
        mean.astype(np.float32),
        prior.background_km3,
    )


@compiled
def _interpolate(
    table: Float32Array,
    first: FloatArray,
    second: FloatArray,
    third: FloatArray,
    background: float,
    found: FloatArray,
) -> None:
    """Set the logarithm of the density of columns of nodes, linear between centres.

    Around the table lies a rim of cells without events; beyond it only background that falls.
    """
    n_first, n_second, n_third = table.shape
    shares = np.empty(4)
    reach = 0.5 * (n_first * n_second * n_third) ** (1.0 / 3.0)
    for column in range(first.size):
        x, y = first[column], second[column]
        is_beside = not (-1.0 < x < n_first and -1.0 < y < n_second)
        beside = math.hypot(max(-1.0 - x, x - n_first, 0.0), max(-1.0 - y, y - n_second, 0.0))
        i, j = math.floor(x), math.floor(y)
        for corner in range(4):
            a, b = i + corner // 2, j + corner % 2
            shares[corner] = max((1.0 - abs(x - a)) * (1.0 - abs(y - b)), 0.0)
            if is_beside or not (0 <= a < n_first and 0 <= b < n_second):
                shares[corner] = 0.0
        for node in range(third.shape[1]):
            z = third[column, node]
            if is_beside or not -1.0 < z < n_third:
                away = math.hypot(beside, max(-1.0 - z, z - n_third, 0.0))
                found[column, node] = math.log(0.1 * background) - 4.0 * math.log1p(away / reach)
                continue
            total, k = background, math.floor(z)
            for corner in range(4):
                if shares[corner] > 0.0:
                    a, b = i + corner // 2, j + corner % 2
                    if k >= 0:
                        total += shares[corner] * (1.0 - z + k) * table[a, b, k]
                    if k + 1 < n_third:
                        total += shares[corner] * (z - k) * table[a, b, k + 1]
            found[column, node] = math.log(total)
