"""What past events still send into the cells of a grid: states that decay, and the events."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.live_grid import (
    ForecastGrid,
    circle_states,
    decay_and_add,
    kernel_masses,
)
from mainshock.forecast.long_term import Circle
from mainshock.forecast.probability import ClusterCounts
from mainshock.forecast.sphere import cartesian_km

__all__ = ["LiveState", "Shock"]

FloatArray = NDArray[np.float64]
_AT_ONCE = 256
_DIRECT, _INDIRECT = 0, 1
_GENERATION_DAYS = 1.0  # over which the mean number of further generations is taken


@dataclass(frozen=True, slots=True)
class Shock:
    """An event that triggers others.

    Parameters
    ----------
    time_days
        Days after 1970-01-01.
    longitude, latitude
        Degrees.
    magnitude
        At least that of completeness.
    """

    time_days: float
    longitude: float
    latitude: float
    magnitude: float


@dataclass(slots=True, eq=False)
class LiveState:
    """Sums over past events, cell by cell, for each exponential that the decay is made of.

    Parameters
    ----------
    grid
        Where rates are wanted.
    counts
        Of the triggering.
    now_days
        Moment that the state is of.

    Notes
    -----
    For each exponential two sums are kept: one with the kernel of direct aftershocks, and one with
    the wider kernel of their aftershocks in turn. Mass in the tails of such kernels adds up when
    they are convolved, so that the wider one has ``spread^rho`` larger by that of a mean
    generation times the mean number of further generations; for ``rho`` of 1/2 that is exact.
    An event costs one kernel evaluation a cell and kind, whatever the number of events before.
    """

    grid: ForecastGrid
    counts: ClusterCounts
    now_days: float
    cells: FloatArray = field(init=False)
    _wider: float = field(init=False)
    _n: int = 0
    _place: FloatArray = field(init=False)
    _time: FloatArray = field(init=False)
    _factor: FloatArray = field(init=False)
    _spread: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        n_nodes, n_cells = len(self.counts.nodes.rate), len(self.grid.area_km2)
        self.cells = np.zeros((2, n_nodes, n_cells))
        self._wider = _widening(self.counts)
        self._place, self._time = np.zeros((64, 3)), np.zeros(64)
        self._factor, self._spread = np.zeros(64), np.zeros((2, 64))

    def __len__(self) -> int:
        """Return the number of events in it, removed ones included."""
        return self._n

    def load(self, shocks: list[Shock] | tuple[FloatArray, ...]) -> None:
        """Add many events: a list, or arrays of time, longitude, latitude and magnitude."""
        columns = _columns(shocks)
        for first in range(0, len(columns[0]), _AT_ONCE):
            time, lon, lat, magnitude = (one[first : first + _AT_ONCE] for one in columns)
            at = self._remember(time, lon, lat, magnitude)
            faded = self._factor[at, None] * self._faded(time)
            for kind in (_DIRECT, _INDIRECT):
                mass = kernel_masses(self.grid, lon, lat, self._spread[kind, at], self._rho)
                self.cells[kind] += faded.T @ mass
        nothing = np.zeros(len(self.counts.nodes.rate))
        for kind in (_DIRECT, _INDIRECT):  # reads the machine code that every event needs
            decay_and_add(self.cells[kind], nothing + 1.0, nothing, self.grid.area_km2)

    def add(self, shock: Shock) -> int:
        """Add one event, and return its number; a later one than the moment moves that on."""
        time, lon, lat, magnitude = _columns([shock])
        at = self._remember(time, lon, lat, magnitude)
        self._put(int(at[0]), lon, lat, 1.0, max(self.now_days, shock.time_days))
        return int(at[0])

    def remove(self, number: int, shock: Shock) -> None:
        """Take an event out again: ``number`` is its own, and it is as it was added."""
        _, lon, lat, _ = _columns([shock])
        self._put(number, lon, lat, -1.0, self.now_days)
        self._factor[number] = 0.0

    def advance(self, now_days: float) -> None:
        """Let time pass; to an earlier moment nothing happens."""
        if now_days > self.now_days:
            fading = self._fading(now_days)
            for kind in (_DIRECT, _INDIRECT):
                decay_and_add(self.cells[kind], fading, 0.0 * fading, self.grid.area_km2)
            self.now_days = now_days

    def in_cells(self, share: FloatArray) -> FloatArray:
        """Return the states of some cells together, direct and indirect; ``(2, n_nodes)``."""
        return np.asarray(self.cells @ share)

    def in_circle(self, circle: Circle, share: FloatArray) -> FloatArray:
        """Return the states of a circle; ``(2, n_nodes)``.

        Direct aftershocks are summed event by event, their wider spread aftershocks by cells.

        Parameters
        ----------
        share
            Part of each cell in the circle.
        """
        known = slice(0, self._n)
        age = np.maximum(self.now_days - self._time[known], 0.0)
        direct = circle_states(
            (self._place[known], age, self._factor[known], self._spread[_DIRECT, known]),
            (cartesian_km(circle.longitude, circle.latitude), float(circle.radius_km)),
            self._rho,
            self.counts.nodes.rate,
        )
        return np.stack([direct, self.cells[_INDIRECT] @ share])

    @property
    def _rho(self) -> float:
        return self.counts.parameters.rho

    def _faded(self, time: FloatArray) -> FloatArray:
        age = np.maximum(self.now_days - time, 0.0)
        return np.exp(-np.minimum(age[:, None] * self.counts.nodes.rate, 700.0))

    def _fading(self, now_days: float) -> FloatArray:
        """Return what is left of each exponential from the present moment on to another."""
        passed = (now_days - self.now_days) * self.counts.nodes.rate
        return np.exp(-np.minimum(passed, 700.0))

    def _put(
        self, number: int, lon: FloatArray, lat: FloatArray, sign: float, now_days: float
    ) -> None:
        """Move on to a moment and add or take an event, in one pass over the cells."""
        fading = self._fading(now_days)
        self.now_days = now_days
        at = np.array([number])
        added = sign * self._factor[number] * self._faded(self._time[at])[0]
        for kind in (_DIRECT, _INDIRECT):
            mass = kernel_masses(self.grid, lon, lat, self._spread[kind, at], self._rho)
            decay_and_add(self.cells[kind], fading, added, mass[0])

    def _remember(
        self, time: FloatArray, lon: FloatArray, lat: FloatArray, magnitude: FloatArray
    ) -> NDArray[np.int64]:
        at = np.arange(self._n, self._n + len(time))
        while self._n + len(time) > len(self._time):
            self._place = np.concatenate([self._place, np.zeros_like(self._place)])
            self._time = np.concatenate([self._time, np.zeros_like(self._time)])
            self._factor = np.concatenate([self._factor, np.zeros_like(self._factor)])
            self._spread = np.concatenate([self._spread, np.zeros_like(self._spread)], axis=1)
        parameters = self.counts.parameters
        self._place[at], self._time[at] = cartesian_km(lon, lat), time
        self._factor[at] = parameters.space_factor(magnitude)
        spread = parameters.spread_km2(magnitude)
        self._spread[_DIRECT, at] = spread
        self._spread[_INDIRECT, at] = (spread**self._rho + self._wider) ** (1.0 / self._rho)
        self._n += len(time)
        return at


def _columns(shocks: list[Shock] | tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    if isinstance(shocks, tuple):
        return tuple(np.asarray(one, dtype=np.float64) for one in shocks)
    names = ("time_days", "longitude", "latitude", "magnitude")
    return tuple(np.array([getattr(one, name) for one in shocks]) for name in names)


def _widening(counts: ClusterCounts) -> float:
    """Return ``spread^rho`` of the generations between a direct aftershock and the mean other."""
    parameters = counts.parameters
    magnitude, weight = counts.magnitudes(parameters.m_ref)
    n_direct = weight * parameters.space_factor(magnitude)
    one = n_direct @ parameters.spread_km2(magnitude) ** parameters.rho / n_direct.sum()
    soon = float(n_direct.sum() * parameters.integral_to(_GENERATION_DAYS))
    return float(one / (1.0 - min(soon, 0.9)))
