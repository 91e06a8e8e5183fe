"""Events as GeoJSON in the form of the feeds of the USGS.

References
----------
GeoJSON, RFC 7946; https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mainshock.core.units import EARTH_MEAN_RADIUS_KM
from mainshock.events.geometry import azimuthal_gap_deg, rms_residual_s, station_codes
from mainshock.serve.fdsn.event_selection import CONTRIBUTOR, catalogue_of
from mainshock.serve.fdsn.places import PlaceNames
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.records import EventVersion

__all__ = ["events_as_geojson"]

Json = dict[str, Any]  # a document of any depth
_DIGITS = 6
_SIGNIFICANCE_OF_6_5 = 650.0


def events_as_geojson(
    versions: Sequence[EventVersion],
    places: PlaceNames,
    generated: datetime,
    request_url: str,
    query_url: str,
) -> Json:
    """Return a FeatureCollection.

    Parameters
    ----------
    generated
        Time of the answer, UTC.
    request_url
        What was asked.
    query_url
        Address of the ``query`` of this service, for links to single events.
    """
    features = [_feature(version, places, query_url) for version in versions]
    document: Json = {
        "type": "FeatureCollection",
        "metadata": {
            "generated": _milliseconds(generated),
            "url": request_url,
            "title": "mainshock earthquakes",
            "status": 200,
            "api": "1.2.0",
            "count": len(features),
        },
        "features": features,
    }
    if features:
        places_3d = list(zip(*(one["geometry"]["coordinates"] for one in features), strict=True))
        document["bbox"] = [min(axis) for axis in places_3d] + [max(axis) for axis in places_3d]
    return document


def _feature(version: EventVersion, places: PlaceNames, query_url: str) -> Json:
    origin = version.event.origin
    coordinates = (origin.longitude, origin.latitude, origin.depth_km)
    return {
        "type": "Feature",
        "id": version.event_id,
        "properties": {
            **_magnitude(version, places.name(origin.longitude, origin.latitude)),
            **_constants(version),
            **_geometry(version),
            "time": _milliseconds(origin.time),
            "updated": _milliseconds(version.issued),
            "url": f"{query_url}?eventid={version.event_id}&format=xml&includearrivals=true",
            "detail": f"{query_url}?eventid={version.event_id}&format=geojson",
        },
        "geometry": {
            "type": "Point",
            "coordinates": [round(float(one), _DIGITS) for one in coordinates],
        },
    }


def _magnitude(version: EventVersion, place: str) -> Json:
    magnitude = version.event.magnitude
    label = "[synthetic] " if version.is_synthetic else ""
    size = "?" if magnitude is None else f"{magnitude.value:.1f}"
    value = 0.0 if magnitude is None else max(0.0, magnitude.value)
    return {
        "mag": None if magnitude is None else round(magnitude.value, 2),
        "magType": None if magnitude is None else magnitude.magnitude_type.lower(),
        "place": place,
        "title": f"{label}M {size} - {place}",
        "sig": round(_SIGNIFICANCE_OF_6_5 * (value / 6.5) ** 2),
    }


def _constants(version: EventVersion) -> Json:
    return {
        "tz": None,
        "felt": None,
        "cdi": None,
        "mmi": None,
        "alert": None,
        "tsunami": 0,
        "status": "automatic",
        "net": CONTRIBUTOR,
        "code": version.event_id,
        "ids": f",{version.event_id},",
        "sources": f",{catalogue_of(version)},",
        "types": ",origin,phase-data,",
        "type": "earthquake",
    }


def _geometry(version: EventVersion) -> Json:
    """Return how the stations lie and how well their picks fit."""
    arrivals = version.event.arrivals
    rms_s = rms_residual_s(arrivals)
    nearest_km = min((arrival.distance_km for arrival in arrivals), default=None)
    gap_deg = azimuthal_gap_deg([arrival.azimuth_deg for arrival in arrivals])
    return {
        "nst": len(station_codes(arrivals)),
        "dmin": None
        if nearest_km is None
        else round(math.degrees(nearest_km / EARTH_MEAN_RADIUS_KM), _DIGITS),
        "rms": round(rms_s, 4) if math.isfinite(rms_s) else None,
        "gap": round(gap_deg, 1),
    }


def _milliseconds(time: datetime) -> int:
    return ns_from_datetime(time) // 1_000_000
