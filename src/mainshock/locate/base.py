"""What a travel-time model and a location method are."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.records import Arrival, Origin, Pick, Station

__all__ = ["BoundedTravelTimes", "LocationMethod", "TravelTimeModel", "VolumeTravelTimes"]


@runtime_checkable
class TravelTimeModel(Protocol):
    """First arrivals of P and S between a source and a receiver, by distance and depth.

    A model that also varies sideways is a ``VolumeTravelTimes``; here it answers for its
    laterally averaged structure.
    """

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        ...

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time of the first arrival in seconds.

        Parameters
        ----------
        phase
            ``"P"`` or ``"S"``.
        distance_km
            Epicentral distance along the surface, not negative.
        source_depth_km, receiver_depth_km
            Positive down from sea level; negative above it. All arrays broadcast.
        """
        ...


@runtime_checkable
class BoundedTravelTimes(TravelTimeModel, Protocol):
    """First arrivals in an Earth that ends at a depth, below which no source may lie."""

    @property
    def deepest_source_km(self) -> float:
        """Depth of the deepest source that the model answers for."""
        ...


@runtime_checkable
class VolumeTravelTimes(TravelTimeModel, Protocol):
    """First arrivals in an Earth that also varies sideways, station by station."""

    def station_travel_time_s(
        self,
        phase: str,
        station: Station,
        longitude: ArrayLike,
        latitude: ArrayLike,
        depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time from places to a station in seconds.

        Parameters
        ----------
        phase
            ``"P"`` or ``"S"``.
        station
            The receiver, with its elevation.
        longitude, latitude, depth_km
            Places of sources: degrees WGS84 and km positive down. All arrays broadcast.
            NaN comes back for places outside the model.
        """
        ...


@runtime_checkable
class LocationMethod(Protocol):
    """Turns the picks of one event into the posterior of its hypocentre and origin time."""

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        ...

    def locate(
        self,
        picks: Sequence[Pick],
        stations: Sequence[Station],
        rng: np.random.Generator,
    ) -> tuple[Origin, list[Arrival]]:
        """Return the origin (with regions and samples) and one arrival for each pick used.

        Raises
        ------
        DataError
            If the picks cannot fix an origin, or a station is unknown.
        """
        ...
