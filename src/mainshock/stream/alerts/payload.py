"""The summary of an event that alerts carry."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mainshock.core.documents import to_document
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Arrival, Event, Origin
from mainshock.stream.records import EventVersion

__all__ = ["event_summary", "region95_radius_km", "station_codes"]

# radius of the circle that holds 95 % of a round normal distribution of two dimensions
_RADIUS_95 = math.sqrt(-2.0 * math.log(0.05))


def station_codes(arrivals: Sequence[Arrival]) -> list[str]:
    """Return the stations of some arrivals as ``NET.STA``, in alphabetical order."""
    return sorted({arrival.pick.station_code for arrival in arrivals})


def region95_radius_km(origin: Origin) -> float:
    """Return the radius in km around the reported epicentre that the 95 % region lies within.

    Without such a region it is that of the covariance, along its longest axis.
    """
    rings = [
        polygon[0]
        for region in origin.regions
        if math.isclose(region.level, 0.95, abs_tol=1e-6)
        for polygon in region.polygons
    ]
    if rings:
        corners = np.concatenate(rings)
        distance_km = geodesic_distance_km(
            origin.longitude, origin.latitude, corners[:, 0], corners[:, 1]
        )
        return float(distance_km.max())
    variance_km2 = float(np.linalg.eigvalsh(origin.covariance_km2[:2, :2])[-1])
    return _RADIUS_95 * math.sqrt(max(variance_km2, 0.0))


def _area_km2(origin: Origin, level: float) -> float | None:
    areas = [one.area_km2 for one in origin.regions if math.isclose(one.level, level, abs_tol=1e-6)]
    return round(areas[0], 4) if areas else None


def event_summary(version: EventVersion) -> dict[str, Any]:
    """Return place, time, magnitude and quality with their uncertainty, as JSON can hold them."""
    event = version.event
    origin, stations = event.origin, station_codes(event.arrivals)
    summary = {
        "time": origin.time,
        "longitude": round(origin.longitude, 6),
        "latitude": round(origin.latitude, 6),
        "depth_km": round(origin.depth_km, 4),
        "time_sd_s": round(origin.time_sd_s, 4),
        "east_sd_km": round(origin.east_sd_km, 4),
        "north_sd_km": round(origin.north_sd_km, 4),
        "depth_sd_km": round(origin.depth_sd_km, 4),
        "region68_km2": _area_km2(origin, 0.68),
        "region95_km2": _area_km2(origin, 0.95),
        "region95_radius_km": round(region95_radius_km(origin), 3),
        **_magnitude(event),
        "quality": event.quality,
        "flags": event.flags,
        "n_picks": len(event.arrivals),
        "n_stations": len(stations),
        "stations": stations,
        "models": version.models,
    }
    made: dict[str, Any] = to_document(summary)
    return made


def _magnitude(event: Event) -> dict[str, Any]:
    magnitude = event.magnitude
    return {
        "magnitude": None if magnitude is None else round(magnitude.value, 3),
        "magnitude_type": None if magnitude is None else magnitude.magnitude_type,
        "magnitude_sd": None if magnitude is None else round(magnitude.sd, 3),
    }
