"""Travel times from places of the local frame to the station of a pick."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.observations import Observations

__all__ = ["predicted_travel_time_s", "source_correction_s"]

EARTH_RADIUS_KM = 6378.0


def predicted_travel_time_s(
    model: TravelTimeModel,
    observations: Observations,
    number: int,
    east_km: ArrayLike,
    north_km: ArrayLike,
    depth_km: ArrayLike,
) -> NDArray[np.float64]:
    """Return the travel time to the station of one pick, with the station's own scale.

    Parameters
    ----------
    number
        Which pick of ``observations``.
    east_km, north_km, depth_km
        Places in the local frame; all arrays broadcast. NaN comes back outside a volume.
    """
    pick, station = observations.picks[number], observations.stations[number]
    east, north = np.asarray(east_km, np.float64), np.asarray(north_km, np.float64)
    if isinstance(model, VolumeTravelTimes):
        places = observations.frame.to_geographic(east, north)
        time = model.station_travel_time_s(pick.phase, station, *places, depth_km)
    else:
        x = float(observations.east_km[number])
        away = np.hypot(east - x, north - observations.north_km[number])
        scale = 1.0 + (east**2 + east * x + x * x) / (6.0 * EARTH_RADIUS_KM**2)
        time = model.travel_time_s(pick.phase, away / scale, depth_km, station.depth_km)
    extra = source_correction_s(observations, number, east, north, depth_km)
    return np.asarray(observations.time_scale[number] * time + extra)


def source_correction_s(
    observations: Observations,
    number: int,
    east_km: ArrayLike,
    north_km: ArrayLike,
    depth_km: ArrayLike,
) -> NDArray[np.float64]:
    """Return what the station's past residuals add to the travel time from places."""
    total = np.zeros(np.broadcast_shapes(np.shape(east_km), np.shape(depth_km)))
    if observations.source_terms[number]:
        places = observations.frame.to_geographic(east_km, north_km)
        for term in observations.source_terms[number]:
            total += term.correction_s(*places, depth_km)
    return total
