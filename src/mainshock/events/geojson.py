"""Credible regions of the epicentres as GeoJSON (RFC 7946)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon

from mainshock.core.files import replacing
from mainshock.core.records import CredibleRegion, Event
from mainshock.core.times import format_utc

__all__ = ["regions_to_geojson", "write_regions"]

_DIGITS = 6  # a tenth of a metre
Ring = NDArray[np.float64]


def _signed_area(ring: Ring) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _wound(ring: Ring, *, outer: bool) -> list[list[float]]:
    """Return a ring wound as RFC 7946 asks: outer rings counter-clockwise, holes clockwise."""
    turned = ring if (_signed_area(ring) > 0.0) == outer else ring[::-1]
    return [[float(x), float(y)] for x, y in np.round(turned, _DIGITS)]


def _valid_polygons(region: CredibleRegion) -> list[list[Ring]]:
    """Return the polygons, rounded as they are written, without rings that touch themselves."""
    shape = MultiPolygon(
        [
            (np.round(rings[0], _DIGITS), [np.round(hole, _DIGITS) for hole in rings[1:]])
            for rings in region.polygons
        ]
    )
    if not shape.is_valid:
        shape = shape.buffer(0.0)
    parts = getattr(shape, "geoms", [shape])
    return [
        [np.asarray(ring.coords) for ring in (part.exterior, *part.interiors)] for part in parts
    ]


def _geometry(region: CredibleRegion) -> dict[str, Any]:
    polygons = [
        [_wound(ring, outer=index == 0) for index, ring in enumerate(rings)]
        for rings in _valid_polygons(region)
    ]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def regions_to_geojson(events: Sequence[Event]) -> dict[str, Any]:
    """Return a FeatureCollection with one feature for each event and level.

    Each feature carries ``event_id``, ``level`` (0.5, 0.68, 0.95), ``area_km2`` and the event's
    ``time``; its geometry is a Polygon or MultiPolygon of the epicentral region.
    """
    features = [
        {
            "type": "Feature",
            "properties": {
                "event_id": event.event_id,
                "level": region.level,
                "area_km2": round(region.area_km2, 6),
                "time": format_utc(event.origin.time),
            },
            "geometry": _geometry(region),
        }
        for event in events
        for region in event.origin.regions
    ]
    return {"type": "FeatureCollection", "features": features}


def write_regions(path: Path, events: Sequence[Event]) -> None:
    """Write the credible regions of all events as GeoJSON.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(regions_to_geojson(events)), encoding="utf-8")
