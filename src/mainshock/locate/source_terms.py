"""Corrections of travel time that depend on where the source is, smoothed from past residuals.

``c(x) = sum_k K(x - x_k) r_k / (sum_k K(x - x_k) + 1)`` with a Gaussian ``K`` of one radius: near
past events their mean residual, far from all of them nothing.

References
----------
Richards-Dinger and Shearer (2000), https://doi.org/10.1029/2000JB900019; Lomax and Savvaidis
(2022), https://doi.org/10.1029/2021JB023190
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame

__all__ = ["RADII_KM", "SourceTerm", "left_out"]

FloatArray = NDArray[np.float64]
RADII_KM = (2.0, 4.0, 8.0, 16.0, 32.0)
_REACH_RADII, _NODES_PER_RADIUS, _MOST_NODES = 2.5, 2.0, 60


@dataclass(frozen=True, slots=True, eq=False)
class SourceTerm:
    """The residuals of one phase at one station, by source.

    Parameters
    ----------
    radius_km
        Standard deviation of the smoothing kernel.
    sources
        Rows of longitude, latitude, depth in km and residual in s.

    Raises
    ------
    DataError
        If there are no sources, or the radius is not positive.
    """

    radius_km: float
    sources: tuple[tuple[float, float, float, float], ...]
    _table: list[tuple[LocalFrame, FloatArray, FloatArray, FloatArray]] = field(
        default_factory=list, repr=False
    )

    def __post_init__(self) -> None:
        if not self.radius_km > 0.0 or not self.sources:
            raise DataError(
                f"a source term has radius {self.radius_km} km and {len(self.sources)} sources; "
                "it needs a positive radius and a source"
            )

    def correction_s(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return what to add to the travel time from places; all arrays broadcast."""
        if not self._table:
            self._table.append(_tabulated(self.sources, self.radius_km))
        frame, low, step, values = self._table[0]
        east, north = frame.to_local(longitude, latitude)
        places = np.broadcast_arrays(east, north, np.asarray(depth_km, np.float64))
        index = [(place.ravel() - low[axis]) / step[axis] for axis, place in enumerate(places)]
        found = map_coordinates(values, np.stack(index), order=1, mode="constant")
        return np.asarray(found.reshape(places[0].shape))


def left_out(places_km: FloatArray, residual_s: FloatArray, radius_km: float) -> FloatArray:
    """Return what the other events say of each event's residual, shape ``(n,)``.

    Parameters
    ----------
    places_km
        Shape ``(n, 3)``.
    """
    square = ((places_km[:, None, :] - places_km[None, :, :]) ** 2).sum(axis=2)
    weight = np.exp(-0.5 * square / radius_km**2)
    np.fill_diagonal(weight, 0.0)
    return np.asarray(weight @ residual_s / (weight.sum(axis=1) + 1.0))


def _tabulated(
    sources: Sequence[tuple[float, float, float, float]], radius_km: float
) -> tuple[LocalFrame, FloatArray, FloatArray, FloatArray]:
    """Return frame, first node, steps and values of the correction on a regular grid."""
    rows = np.array(sources)
    frame = LocalFrame(float(rows[0, 0]), float(rows[0, 1]))
    places = np.column_stack([*frame.to_local(rows[:, 0], rows[:, 1]), rows[:, 2]])
    reach = _REACH_RADII * radius_km
    low, high = places.min(axis=0) - reach, places.max(axis=0) + reach
    shape = np.ceil((high - low) / radius_km * _NODES_PER_RADIUS).astype(int) + 1
    shape = np.clip(shape, 4, _MOST_NODES)
    axes = [np.linspace(low[k], high[k], shape[k]) for k in range(3)]
    total, moment = np.zeros(shape), np.zeros(shape)
    for (east, north, depth), residual in zip(places, rows[:, 3], strict=True):
        parts = [
            np.exp(-0.5 * ((axis - middle) / radius_km) ** 2)
            for axis, middle in zip(axes, (east, north, depth), strict=True)
        ]
        weight = parts[0][:, None, None] * parts[1][:, None] * parts[2]
        total += weight
        moment += residual * weight
    step = np.array([axis[1] - axis[0] for axis in axes])
    return frame, low, step, moment / (total + 1.0)
