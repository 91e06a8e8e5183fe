"""An event in a few numbers, as lists and maps of many events show it."""

from typing import Any

from mainshock.core.documents import to_document
from mainshock.core.records import Origin
from mainshock.stream.records import EventVersion

__all__ = ["event_summary"]


def event_summary(version: EventVersion) -> dict[str, Any]:  # values as JSON holds them
    """Return the document of a version without arrivals, regions and draws.

    Its keys are those of ``GET /api/v1/events``; what is not known is None.
    """
    event, origin, magnitude = version.event, version.event.origin, version.event.magnitude
    summary: dict[str, Any] = to_document(
        {
            "event_id": version.event_id,
            "version": version.version,
            "kind": version.kind,
            "status": version.status,
            "issued": version.issued,
            "reason": version.reason,
            "models": version.models,
            "is_synthetic": version.is_synthetic,
            "author": "" if version.review is None else version.review.author,
            "time": origin.time,
            "longitude": origin.longitude,
            "latitude": origin.latitude,
            "depth_km": origin.depth_km,
            "magnitude": None if magnitude is None else magnitude.value,
            "magnitude_type": "" if magnitude is None else magnitude.magnitude_type,
            "magnitude_sd": None if magnitude is None else magnitude.sd,
            "time_sd_s": origin.time_sd_s,
            "east_sd_km": origin.east_sd_km,
            "north_sd_km": origin.north_sd_km,
            "depth_sd_km": origin.depth_sd_km,
            "region68_km2": _area_km2(origin, 0.68),
            "region95_km2": _area_km2(origin, 0.95),
            "n_picks": len(event.arrivals),
            "n_stations": len({arrival.pick.station_code for arrival in event.arrivals}),
            "quality": event.quality,
            "flags": event.flags,
        }
    )
    return summary


def _area_km2(origin: Origin, level: float) -> float | None:
    areas = [region.area_km2 for region in origin.regions if abs(region.level - level) < 1e-6]
    return areas[0] if areas else None
