"""What is usual: the long-term rate of a region and of its parts, beside which forecasts stand."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.bandwidths import adaptive_bandwidths
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.live_grid import ForecastGrid
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces, moved
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Circle", "LongTermRates"]

FloatArray = NDArray[np.float64]
Levels = tuple[tuple[float, ...], tuple[float, ...]]
_FEWEST = 20  # events from which on places are smoothed
_NEIGHBOUR, _NARROWEST_KM = 10, 2.0
_KEPT = 16
_CELLS_WIDE = 2.0  # smaller circles are cut out of the cells exactly


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within a distance of one.

    Parameters
    ----------
    longitude, latitude
        Of its middle, degrees.
    radius_km
        Positive, at most 2000.

    Raises
    ------
    DataError
        If it is no circle.
    """

    longitude: float
    latitude: float
    radius_km: float

    def __post_init__(self) -> None:
        if not (abs(self.longitude) <= 360.0 and abs(self.latitude) <= 90.0):
            raise DataError(f"{self.longitude}, {self.latitude} is no longitude and latitude")
        if not 0.0 < self.radius_km <= 2000.0:
            raise DataError(f"radius is {self.radius_km:g} km; it must be in 0 to 2000")

    @property
    def area_km2(self) -> float:
        """Return its area."""
        return float(np.pi * self.radius_km**2)

    def outline(self, n: int = 72) -> tuple[tuple[float, float], ...]:
        """Return ``n`` places on its edge, longitude and latitude."""
        middle = np.repeat(cartesian_km([self.longitude], [self.latitude]), n, axis=0)
        turn = -2 * np.pi * np.arange(n) / n
        lon, lat = moved(middle, np.full(n, self.radius_km), turn)
        lon = self.longitude + (lon - self.longitude + 180.0) % 360.0 - 180.0
        return tuple((float(x), float(y)) for x, y in zip(lon, lat, strict=True))


def _seen_days(info: ModelInfo, levels: Levels) -> float:
    """Return the days of the fit, each by the part of events that its completeness lets count."""
    start, end = info.settings.start_days, info.settings.end_days
    if not levels[1]:
        return end - start
    edges = np.clip([start, *levels[0][1:], end], start, end)
    above = np.maximum(np.asarray(levels[1]) - info.mc, 0.0)
    return float(np.diff(edges) @ np.exp(-info.beta * above))


class _Magnitudes(Protocol):
    def share_above(self, magnitude: float) -> float: ...


@dataclass(slots=True, eq=False)
class LongTermRates:
    """The mean rate of the window that a model was fitted to, spread like its events.

    Parameters
    ----------
    per_day
        Events of at least ``mc`` a day in the region.
    share
        Of them in each cell of the grid, in all 1.
    grid
        The cells.

    Notes
    -----
    Numbers of the long term are taken as Poisson numbers, although earthquakes cluster: the chance
    of a window taken at random is smaller than it says where the expected number is large.
    """

    per_day: float
    share: FloatArray
    grid: ForecastGrid
    _shares: dict[Region | Circle, FloatArray] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        info: ModelInfo,
        grid: ForecastGrid,
        history: Catalogue,
        background: SmoothedPlaces | None,
        levels: Levels = ((), ()),
    ) -> "LongTermRates":
        """Return the rates of a model's window; places are those of its events, smoothed.

        ``levels`` are moments from which on the catalogue is complete to other magnitudes, and
        these: events below them were not counted, and are made up for.
        """
        settings = info.settings
        per_day = info.n_events / _seen_days(info, levels)
        known = history.between(settings.start_days, settings.end_days)
        places = background
        if len(known) >= _FEWEST and known.has_places:
            order = min(_NEIGHBOUR, len(known) - 1)
            reach = adaptive_bandwidths(known.longitude, known.latitude, order, _NARROWEST_KM)
            places = SmoothedPlaces(
                grid.region, known.longitude, known.latitude, reach, np.ones(len(known))
            )
        return cls(float(per_day), grid.share_of(places), grid)

    def number(
        self,
        magnitude: float,
        magnitudes: _Magnitudes,
        area: Region | Circle | None,
        days: float,
    ) -> float:
        """Return the usual number of events of at least a magnitude in an area."""
        here = self.part_of(self.share, area)
        return self.per_day * days * here * magnitudes.share_above(magnitude)

    def part_of(self, share: FloatArray, area: Region | Circle | None) -> float:
        """Return what part of a density, given by cells, lies in an area."""
        inside = self.grid.share_inside
        relative = np.where(inside > 0, self.shares_in(area) / np.maximum(inside, 1e-12), 0.0)
        return float(share @ relative)

    def shares_in(self, area: Region | Circle | None) -> FloatArray:
        """Return the part of each cell that lies in the region, or in an area of it.

        Raises
        ------
        DataError
            If more than a fiftieth of the area lies outside the region; of a circle, its middle.
        """
        if area is None or area == self.grid.region:
            return self.grid.share_inside
        if area not in self._shares:
            while len(self._shares) >= _KEPT:
                self._shares.pop(next(iter(self._shares)))
            self._shares[area] = (
                self._circle_shares(area) if isinstance(area, Circle) else self._area_shares(area)
            )
        return self._shares[area]

    def _area_shares(self, area: Region) -> FloatArray:
        found = np.minimum(self.grid.shares_in(area), self.grid.share_inside)
        held = float(found @ self.grid.area_km2)
        if held < 0.98 * area.area_km2:
            raise DataError(
                f"{100 * (1 - held / area.area_km2):.0f} % of the area lies outside the region of "
                "the model; ask for an area inside"
            )
        return found

    def _circle_shares(self, circle: Circle) -> FloatArray:
        if not self.grid.region.contains(circle.longitude, circle.latitude)[0]:
            bounds = ", ".join(f"{one:g}" for one in self.grid.region.bounds)
            raise DataError(
                f"{circle.longitude:g}, {circle.latitude:g} lies outside the region of the model; "
                f"its bounds are {bounds}"
            )
        if circle.radius_km > _CELLS_WIDE * np.sqrt(self.grid.area_km2.max()):
            middle = cartesian_km(circle.longitude, circle.latitude)
            found = self.grid.shares_within(middle, circle.radius_km)
        else:
            found = self.grid.shares_in(Region(circle.outline()))
        return np.asarray(np.minimum(found, self.grid.share_inside))
