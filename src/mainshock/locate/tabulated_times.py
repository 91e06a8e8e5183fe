"""Travel times read from tables over distance and depth, for samplers that ask for millions."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.problem import LocationProblem

__all__ = ["TabulatedTimes", "with_tables"]

FloatArray = NDArray[np.float64]
_DISTANCES, _DEPTHS = 320, 160
_FINE_KM = 20.0  # up to about here rows are evenly spaced; beyond they spread
_MARGIN = 1.02


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedTimes:
    """Travel times of another model, interpolated.

    Each table holds the time divided by the straight length at a fixed receiver depth; it is
    made when first asked for. Rows are half a kilometre apart near the receiver and the surface,
    and spread with distance and depth. Times of a uniform Earth come back exactly; across an
    interface the error is up to some hundredths of a second, so draws made with these times are
    to be weighted by the exact density.

    Parameters
    ----------
    model
        Where the times come from.
    farthest_km
        Longest epicentral distance; beyond it the last ratio goes on.
    depth_range_km
        Shallowest and deepest source; beyond them likewise.
    """

    model: TravelTimeModel
    farthest_km: float
    depth_range_km: tuple[float, float]
    _tables: dict[tuple[str, float], FloatArray] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def name(self) -> str:
        """Name of the model that is tabulated."""
        return self.model.name

    @property
    def deepest_source_km(self) -> float:
        """Depth of the deepest row."""
        return self.depth_range_km[1]

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> FloatArray:
        """Return the travel time of the first arrival in seconds; one receiver depth a call."""
        receiver = float(np.asarray(receiver_depth_km))
        distance, depth = np.asarray(distance_km, np.float64), np.asarray(source_depth_km)
        table = self._tables.get((phase, receiver))
        if table is None:
            table = self._tables[phase, receiver] = self._table(phase, receiver)
        top, bottom = self.depth_range_km
        i, x = _place_in(distance, self.farthest_km, _DISTANCES)
        j, y = _place_in(depth - top, bottom - top, _DEPTHS)
        flat, first = table.ravel(), i * _DEPTHS + j
        low = flat[first] * (1.0 - y) + flat[first + 1] * y
        high = flat[first + _DEPTHS] * (1.0 - y) + flat[first + _DEPTHS + 1] * y
        ratio = low * (1.0 - x) + high * x
        return np.asarray(ratio * np.hypot(distance, depth - receiver))

    def _table(self, phase: str, receiver_km: float) -> FloatArray:
        top, bottom = self.depth_range_km
        distance = np.maximum(_rows(self.farthest_km, _DISTANCES), 1e-3)[None, :]
        depth = np.clip(top + _rows(bottom - top, _DEPTHS), top, bottom)[:, None]
        time = self.model.travel_time_s(phase, distance, depth, receiver_km)
        return np.ascontiguousarray((time / np.hypot(distance, depth - receiver_km)).T)


def with_tables(problem: LocationProblem) -> LocationProblem:
    """Return the same problem with tabulated times; itself where velocity varies sideways."""
    if isinstance(problem.travel_times, VolumeTravelTimes):
        return problem
    reach = problem.limits.max_distance_km
    corner = float(np.hypot(*(np.abs(place).max() for place in _stations(problem)))) + reach * 1.5
    times = TabulatedTimes(problem.travel_times, _MARGIN * corner, problem.depth_range_km)
    return replace(problem, travel_times=times)


def _stations(problem: LocationProblem) -> tuple[FloatArray, FloatArray]:
    return problem.observations.east_km, problem.observations.north_km


def _stretch(extent_km: float, n: int) -> float:
    """Return the step of the rows in the argument of their hyperbolic sine."""
    return float(np.arcsinh(extent_km / _FINE_KM)) / (n - 1)


def _rows(extent_km: float, n: int) -> FloatArray:
    return np.asarray(_FINE_KM * np.sinh(_stretch(extent_km, n) * np.arange(n)))


def _place_in(
    distance_km: FloatArray, extent_km: float, n: int
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the row before each distance and the share of the way to the next, by distance."""
    rows = _rows(extent_km, n)
    inside = np.clip(distance_km, 0.0, extent_km)
    steps = np.arcsinh(inside / _FINE_KM) / _stretch(extent_km, n)
    row = np.minimum(steps.astype(np.intp), n - 2)
    return row, (inside - rows[row]) / (rows[row + 1] - rows[row])
