"""What past events still send into the cells of a grid: states that decay, and the events."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.live_circle import FadedStrengths, circle_masses
from mainshock.forecast.live_grid import (
    ForecastGrid,
    decay_and_add,
    kernel_masses,
    row_products,
    weighted_sum,
)
from mainshock.forecast.live_law import LiveLaw, SourceColumns, triggered_at
from mainshock.forecast.long_term import Circle
from mainshock.forecast.probability import ClusterCounts
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["LiveState", "Shock", "widening"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
_AT_ONCE = 256
_DIRECT, _INDIRECT = 0, 1
_MOST_PUT_OFF = 0.5  # of ln
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
    law
        Of past events.
    wider
        ``spread^rho`` that later generations add, see :func:`widening`.
    now_days
        Moment that the state is of.

    Notes
    -----
    For each exponential two sums are kept: one with the kernel of direct aftershocks, and one with
    the wider kernel of their aftershocks in turn. Mass in the tails of such kernels adds up when
    they are convolved, so that the wider one has ``spread^rho`` larger by that of a mean
    generation times the mean number of further generations; for ``rho`` of 1/2 that is exact.
    An event costs one kernel evaluation a cell and kind, whatever the number of events before.
    Sums are in single precision. The decay of an exponential is put off until it matters, so that
    many small steps of time lose nothing to rounding.
    """

    grid: ForecastGrid
    law: LiveLaw
    wider: float
    now_days: float
    rates: FloatArray = field(init=False)
    _cells: SingleArray = field(init=False)
    _put_off: FloatArray = field(init=False)
    _n: int = 0
    _place: FloatArray = field(init=False)
    _time: FloatArray = field(init=False)
    _above: FloatArray = field(init=False)
    _counts: NDArray[np.bool_] = field(init=False)
    _strength: FloatArray = field(init=False)
    _spread: FloatArray = field(init=False)
    _strengths: FadedStrengths = field(init=False)

    def __post_init__(self) -> None:
        self.rates = self.law.rates
        n_nodes, n_cells = len(self.rates), len(self.grid.area_km2)
        self._cells = np.zeros((2, n_nodes, n_cells), dtype=np.float32)
        self._put_off = np.zeros(n_nodes)
        self._strengths = FadedStrengths(self.rates)
        self._place, self._time, self._above = np.zeros((64, 3)), np.zeros(64), np.zeros(64)
        self._counts = np.zeros(64, dtype=np.bool_)
        self._strength, self._spread = np.zeros((64, n_nodes)), np.zeros((64, 2))

    def __len__(self) -> int:
        """Return the number of events in it, removed ones included."""
        return self._n

    def load(self, history: Catalogue, columns: SourceColumns) -> None:
        """Add past events, with what they send out."""
        self._room(len(history))
        total = np.zeros(self._cells.shape)
        for first in range(0, len(history), _AT_ONCE):
            part = history.take(np.arange(first, min(first + _AT_ONCE, len(history))))
            chosen = slice(first, first + len(part))
            some = SourceColumns(columns.strength[chosen], columns.spread_km2[chosen])
            at = self._remember(part, some)
            faded = self._strength[at] * self._faded(part.time_days)
            for kind, mass in enumerate(self._masses(part.longitude, part.latitude, at)):
                total[kind] += faded.T @ mass
        self._cells += total.astype(np.float32)
        self._warm_up()

    def _warm_up(self) -> None:
        """Read the machine code that every event and question needs."""
        nothing = np.zeros(len(self.rates), dtype=np.float32)
        time, place = np.array([self.now_days]), cartesian_km([0.0], [0.0])
        sources = (time, place, np.zeros(1), np.zeros(1, dtype=np.bool_))
        triggered_at(self.law.plain, self.now_days, place[0], sources)
        longitude, latitude = (float(axis[0]) for axis in self.grid.axes())
        if self.law.needs_activity:
            self.law.activity(0.0, longitude, latitude)
        for kind in (_DIRECT, _INDIRECT):
            decay_and_add(self._cells[kind], nothing + 1, nothing, self._cells[kind, 0])
        self.in_circle(Circle(longitude, latitude, 1.0), np.zeros(len(self.grid.area_km2)))

    def activity(self, shock: Shock) -> float:
        """Return the activity of an event, from those that came before it; 0 if it matters not."""
        if not self.law.needs_activity:
            return 0.0
        known = slice(0, self._n)
        columns = (self._time[known], self._place[known], self._above[known], self._counts[known])
        place = cartesian_km(shock.longitude, shock.latitude)
        triggered = triggered_at(self.law.plain, shock.time_days, place, columns)
        return self.law.activity(triggered, shock.longitude, shock.latitude)

    def add(self, shock: Shock, activity: float) -> int:
        """Add one event, and return its number; a later one than the moment moves that on."""
        lon, lat = np.array([shock.longitude]), np.array([shock.latitude])
        above = np.array([shock.magnitude - self.law.plain.m_ref])
        time = np.array([shock.time_days])
        one = Catalogue(time, np.array([shock.magnitude]), lon, lat)
        columns = self.law.columns(above, np.array([activity]))
        number = int(self._remember(one, columns)[0])
        self._put(number, lon, lat, 1.0, max(self.now_days, shock.time_days))
        return number

    def remove(self, number: int, shock: Shock) -> None:
        """Take an event out again: ``number`` is its own, and it is as it was added."""
        lon, lat = np.array([shock.longitude]), np.array([shock.latitude])
        self._put(number, lon, lat, -1.0, self.now_days)
        self._strength[number] = 0.0
        self._strengths.forget(number)
        self._counts[number] = False

    def advance(self, now_days: float) -> None:
        """Let time pass; to an earlier moment nothing happens."""
        if now_days > self.now_days:
            fading = self._fading(now_days)
            nothing = np.zeros(len(fading), dtype=np.float32)
            for kind in (_DIRECT, _INDIRECT):
                decay_and_add(self._cells[kind], fading, nothing, self._cells[kind, 0])

    def by_cell(self, direct: FloatArray, indirect: FloatArray) -> FloatArray:
        """Return sums over the exponentials with some factors in each cell, ``(n_cells,)``."""
        faded = np.exp(-self._put_off)
        first, other = ((one * faded).astype(np.float32) for one in (direct, indirect))
        found = weighted_sum(self._cells[_DIRECT], first)
        return np.asarray(found + weighted_sum(self._cells[_INDIRECT], other), dtype=np.float64)

    def in_cells(self, share: FloatArray) -> FloatArray:
        """Return the states of some cells together, direct and indirect; ``(2, n_nodes)``."""
        single = share.astype(np.float32)
        found = np.stack([row_products(cells, single) for cells in self._cells])
        return found * np.exp(-self._put_off)

    def in_circle(self, circle: Circle, share: FloatArray) -> FloatArray:
        """Return the states of a circle; ``(2, n_nodes)``.

        Direct aftershocks are summed event by event, their wider spread aftershocks by cells.

        Parameters
        ----------
        share
            Part of each cell in the circle.
        """
        known = slice(0, self._n)
        mass = circle_masses(
            self._place[known],
            np.ascontiguousarray(self._spread[known, _DIRECT]),
            (cartesian_km(circle.longitude, circle.latitude), float(circle.radius_km)),
            self._rho,
        )
        strength, time = self._strength[known], self._time[known]
        direct = self._strengths.sums(mass, strength, time, self.now_days)
        later = row_products(self._cells[_INDIRECT], share.astype(np.float32))
        return np.stack([direct, later * np.exp(-self._put_off)])

    @property
    def _rho(self) -> float:
        return self.law.law.parameters.rho

    def _masses(self, lon: FloatArray, lat: FloatArray, at: NDArray[np.int64]) -> FloatArray:
        """Return the parts of direct and of wider kernels in the cells, ``(2, n, n_cells)``."""
        spread = self._spread[at].T.ravel()
        found = kernel_masses(self.grid, np.tile(lon, 2), np.tile(lat, 2), spread, self._rho)
        return found.reshape(2, len(at), -1)

    def _faded(self, time: FloatArray) -> FloatArray:
        age = np.maximum(self.now_days - time, 0.0)
        return np.exp(-np.minimum(age[:, None] * self.rates, 700.0))

    def _fading(self, now_days: float) -> SingleArray:
        """Move on to a moment; return what is left of each exponential, 1 where it is put off."""
        self._put_off += (now_days - self.now_days) * self.rates
        self.now_days = now_days
        is_due = self._put_off > _MOST_PUT_OFF
        fading = np.where(is_due, np.exp(-np.minimum(self._put_off, 700.0)), 1.0)
        self._put_off[is_due] = 0.0
        return fading.astype(np.float32)

    def _put(
        self, number: int, lon: FloatArray, lat: FloatArray, sign: float, now_days: float
    ) -> None:
        """Move on to a moment and add or take an event, in one pass over the cells."""
        fading = self._fading(now_days)
        at = np.array([number])
        faded = self._faded(self._time[at])[0] * np.exp(self._put_off)
        added = (sign * self._strength[number] * faded).astype(np.float32)
        for cells, mass in zip(self._cells, self._masses(lon, lat, at), strict=True):
            decay_and_add(cells, fading, added, mass[0].astype(np.float32))

    def _remember(self, events: Catalogue, columns: SourceColumns) -> NDArray[np.int64]:
        at = np.arange(self._n, self._n + len(events))
        self._room(self._n + len(events))
        self._place[at] = cartesian_km(events.longitude, events.latitude)
        self._time[at] = events.time_days
        self._above[at] = events.magnitude - self.law.plain.m_ref
        self._counts[at] = True
        self._strength[at] = columns.strength
        spread, rho = columns.spread_km2, self._rho
        self._spread[at, _DIRECT] = spread
        self._spread[at, _INDIRECT] = (spread**rho + self.wider) ** (1.0 / rho)
        self._n += len(events)
        return at

    def _room(self, n: int) -> None:
        """Make room for ``n`` events, and as many again."""
        if n <= len(self._time):
            return
        for name in ("_place", "_time", "_above", "_counts", "_strength", "_spread"):
            known = getattr(self, name)
            grown = np.zeros((2 * n, *known.shape[1:]), dtype=known.dtype)
            grown[: self._n] = known[: self._n]
            setattr(self, name, grown)


def widening(counts: ClusterCounts, rho: float) -> float:
    """Return ``spread^rho`` of the generations between a direct aftershock and the mean other."""
    parameters = counts.parameters
    magnitude, weight = counts.magnitudes(parameters.m_ref)
    n_direct = weight * parameters.space_factor(magnitude)
    one = n_direct @ parameters.spread_km2(magnitude) ** rho / n_direct.sum()
    soon = float(n_direct.sum() * parameters.integral_to(_GENERATION_DAYS))
    return float(one / (1.0 - min(soon, 0.9)))
