"""What a location solves: one event's observations, how they err, and what is known before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import GeometryError
from mainshock.core.geo import LocalFrame
from mainshock.locate.base import BoundedTravelTimes, TravelTimeModel
from mainshock.locate.field import ErrorModel, PosteriorField, evaluate_field
from mainshock.locate.grid import Grid
from mainshock.locate.observations import Observations
from mainshock.locate.paths import predicted_travel_time_s
from mainshock.locate.posterior import Draws
from mainshock.locate.priors import Prior
from mainshock.locate.target import log_target

__all__ = ["DEEPEST_KM", "LocationProblem", "SearchLimits"]

FloatArray = NDArray[np.float64]
DEEPEST_KM = 700.0


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How far a search may go.

    Parameters
    ----------
    max_distance_km
        Farthest the search box reaches from the middle of the stations.
    depth_range_km
        Shallowest and deepest hypocentre; None: from the highest station to 700 km, the deep end
        only as far as needed. A velocity model that ends above ends the search.
    """

    max_distance_km: float = 1000.0
    depth_range_km: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LocationProblem:
    """The posterior of one event's hypocentre and origin time, not yet evaluated anywhere.

    Parameters
    ----------
    observations
        Picks and azimuths beside their stations, in the local frame that all places refer to.
    travel_times
        Travel times of P and S.
    errors
        How observations err.
    prior
        Density of hypocentres; None: uniform.
    limits
        How far the search may go.
    """

    observations: Observations
    travel_times: TravelTimeModel
    errors: ErrorModel
    prior: Prior | None = None
    limits: SearchLimits = SearchLimits()

    @property
    def frame(self) -> LocalFrame:
        """Local frame of east and north, centred on the stations."""
        return self.observations.frame

    @property
    def depth_range_km(self) -> tuple[float, float]:
        """Shallowest and deepest hypocentre that is possible.

        Raises
        ------
        GeometryError
            If the velocity model ends above the shallowest one.
        """
        highest = min(0.0, float(self.observations.depth_km.min()))
        top, bottom = self.limits.depth_range_km or (highest, DEEPEST_KM)
        model = self.travel_times
        if isinstance(model, BoundedTravelTimes) and model.deepest_source_km < bottom:
            bottom = model.deepest_source_km
            if not top < bottom:
                raise GeometryError(
                    f"velocity model {model.name} ends at {bottom:.1f} km, above the shallowest "
                    f"hypocentre asked for, {top:g} km; use a model that goes deeper"
                )
        return top, bottom

    def travel_time_s(
        self, number: int, east_km: ArrayLike, north_km: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the travel time from places to the station of one pick."""
        return predicted_travel_time_s(
            self.travel_times, self.observations, number, east_km, north_km, depth_km
        )

    def on_grid(self, grid: Grid, coarseness: float = 1.0) -> PosteriorField:
        """Return the posterior on the nodes of a grid; see ``evaluate_field``."""
        return evaluate_field(
            grid, self.observations, self.travel_times, self.errors, self.prior, coarseness
        )

    def log_density(self, points: Draws) -> FloatArray:
        """Return the exact logarithm of the density at points, shape ``(n,)``, up to a constant.

        Minus infinity outside the limits of depth and distance, and outside a velocity volume.
        """
        value = log_target(points, self.observations, self.travel_times, self.errors, self.prior)
        top, bottom = self.depth_range_km
        reach = self.limits.max_distance_km
        inside = (points.depth_km >= top) & (points.depth_km <= bottom)
        inside &= (np.abs(points.east_km) <= reach) & (np.abs(points.north_km) <= reach)
        return np.where(inside & np.isfinite(value), value, -np.inf)
