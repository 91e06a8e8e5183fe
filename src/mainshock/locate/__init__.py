"""Where earthquakes happened: travel times, and the posterior of hypocentre and origin time."""

from mainshock.locate.base import LocationMethod, TravelTimeModel
from mainshock.locate.registry import LOCATION_METHODS, TRAVEL_TIMES, open_velocity_model

__all__ = [
    "LOCATION_METHODS",
    "TRAVEL_TIMES",
    "LocationMethod",
    "TravelTimeModel",
    "open_velocity_model",
]
