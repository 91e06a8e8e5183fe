"""Segments as lines and areas on the sphere, and as GeoJSON (RFC 7946) cut at 180 degrees."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from mainshock.core.files import replacing
from mainshock.core.units import EARTH_MEAN_RADIUS_KM
from mainshock.megathrust.assessment import CAVEATS, SegmentAssessment
from mainshock.megathrust.zones import LAND_TO_THE_RIGHT

__all__ = [
    "LENGTH_KM",
    "WIDTH_KM",
    "Rupture",
    "band",
    "beside",
    "great_ruptures",
    "segments_to_geojson",
    "trench_line",
    "with_azimuths",
    "write_geojson",
]

LENGTH_KM = 50.0
WIDTH_KM = 300.0
_GREAT = 8.0
_DIGITS = 4  # ten metres
_SLIVER_DEG = 0.001  # narrower parts beyond the meridian are the work of rounding
Place = tuple[float, float]
Shape = Literal["line", "area"]


@dataclass(frozen=True, slots=True)
class Rupture:
    """Neighbouring segments with the same largest magnitude, M 8.0 or more."""

    m_max: float
    segments: tuple[SegmentAssessment, ...]


def with_azimuths(segments: Iterable[SegmentAssessment]) -> list[SegmentAssessment]:
    """Return the segments with the azimuths that were missing, from one neighbour to the other.

    A segment without a place, or without any neighbour, stays as it is. In order of region and
    index.
    """
    regions: dict[str, list[SegmentAssessment]] = defaultdict(list)
    for one in segments:
        regions[one.region].append(one)
    filled: list[SegmentAssessment] = []
    for _, row in sorted(regions.items()):
        row.sort(key=lambda one: one.index)
        placed = [one for one in row if one.longitude is not None]
        places = {one.index: number for number, one in enumerate(placed)}
        filled.extend(_with_azimuth(one, placed, places.get(one.index)) for one in row)
    return filled


def _with_azimuth(
    one: SegmentAssessment, placed: Sequence[SegmentAssessment], number: int | None
) -> SegmentAssessment:
    if one.azimuth_deg is not None or number is None or len(placed) < 2:
        return one
    before, after = placed[max(0, number - 1)], placed[min(len(placed) - 1, number + 1)]
    return replace(one, azimuth_deg=_azimuth_deg(_place(before), _place(after)))


def trench_line(one: SegmentAssessment) -> list[Place]:
    """Return the segment along the trench as places; longitudes run on across 180 degrees.

    Empty where the place or the azimuth is not known.
    """
    if one.longitude is None or one.azimuth_deg is None:
        return []
    half = 0.5 * LENGTH_KM
    start, end = (_away(_place(one), one.azimuth_deg, by) for by in (-half, half))
    return _unwrapped([start, _place(one), end])


def band(run: Sequence[SegmentAssessment], from_km: float, to_km: float) -> list[Place]:
    """Return the closed ring around neighbouring segments, counter-clockwise.

    Parameters
    ----------
    run
        In order along the trench.
    from_km, to_km
        Distance of the two long sides from the trench, positive towards the upper plate, which of
        an unknown region is to the left of growing index. ``from_km`` is the lesser.

    Returns
    -------
    list of (longitude, latitude)
        Longitudes run on across 180 degrees; empty where a place or an azimuth is not known.
    """
    if any(one.longitude is None or one.azimuth_deg is None for one in run):
        return []
    half = 0.5 * LENGTH_KM
    turn_deg = _turn_deg(run[0])
    near, far = [], []
    for number, one in enumerate(run):
        azimuth = one.azimuth_deg or 0.0
        for along in (-half, half) if number == 0 else (half,):
            end = _away(_place(one), azimuth, along)
            near.append(_away(end, azimuth + turn_deg, from_km))
            far.append(_away(end, azimuth + turn_deg, to_km))
    ring = [*near, *far[::-1], near[0]]
    return _unwrapped(ring[::-1] if turn_deg > 0.0 else ring)


def beside(one: SegmentAssessment, landward_km: float) -> Place:
    """Return the place at a distance from the middle of a segment, towards the upper plate."""
    return _away(_place(one), (one.azimuth_deg or 0.0) + _turn_deg(one), landward_km)


def _turn_deg(one: SegmentAssessment) -> float:
    """Return the angle from the trench's azimuth to that of the upper plate."""
    return 90.0 if one.region in LAND_TO_THE_RIGHT else -90.0


def great_ruptures(segments: Iterable[SegmentAssessment]) -> list[Rupture]:
    """Return runs of neighbouring segments with one and the same M of 8.0 or more.

    The best that a table of segments tells of ruptures: two of equal magnitude side by side become
    one.
    """
    ordered = sorted(segments, key=lambda one: (one.region, one.index))
    runs: list[list[SegmentAssessment]] = []
    for one in ordered:
        if one.m_max is None or one.m_max < _GREAT:
            continue
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and (last.region, last.index + 1) == (one.region, one.index)
            and last.m_max == one.m_max
        ):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [Rupture(run[0].m_max or 0.0, tuple(run)) for run in runs]


def segments_to_geojson(
    segments: Iterable[SegmentAssessment],
    shape: Shape = "area",
    caveats: Sequence[str] = CAVEATS,
) -> dict[str, Any]:
    """Return a FeatureCollection with one feature a segment.

    Parameters
    ----------
    segments
        Segments without a place get a null geometry.
    shape
        ``"area"``: 50 km along the trench and 300 km towards land, where the interface is;
        ``"line"``: the 50 km of trench alone.
    caveats
        Stand in the collection as the member ``caveats``.
    """
    features = [
        {
            "type": "Feature",
            "id": f"{one.region}/{one.index}",
            "properties": {
                name: value
                for name, value in one.as_dict().items()
                if name not in ("longitude", "latitude")
            },
            "geometry": _geometry(one, shape),
        }
        for one in with_azimuths(segments)
    ]
    return {"type": "FeatureCollection", "caveats": list(caveats), "features": features}


def write_geojson(
    path: Path, segments: Iterable[SegmentAssessment], caveats: Sequence[str] = CAVEATS
) -> None:
    """Write the segments as areas in GeoJSON.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    document = segments_to_geojson(segments, "area", caveats)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def _geometry(one: SegmentAssessment, shape: Shape) -> dict[str, Any] | None:
    if shape == "line":
        parts = _cut_line(trench_line(one))
        if not parts:
            return None
        lines = [_rounded(part) for part in parts]
        if len(lines) == 1:
            return {"type": "LineString", "coordinates": lines[0]}
        return {"type": "MultiLineString", "coordinates": lines}
    rings = _cut_ring(band([one], 0.0, WIDTH_KM))
    if not rings:
        return None
    polygons = [[_rounded(ring)] for ring in rings]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _rounded(places: Iterable[Place]) -> list[list[float]]:
    return [[round(longitude, _DIGITS), round(latitude, _DIGITS)] for longitude, latitude in places]


def _place(one: SegmentAssessment) -> Place:
    return one.longitude or 0.0, one.latitude or 0.0


def _away(place: Place, azimuth_deg: float, distance_km: float) -> Place:
    """Return the place at a distance along a great circle of the sphere."""
    longitude, latitude = map(math.radians, place)
    azimuth, angle = math.radians(azimuth_deg), distance_km / EARTH_MEAN_RADIUS_KM
    sine = math.sin(latitude) * math.cos(angle)
    sine += math.cos(latitude) * math.sin(angle) * math.cos(azimuth)
    turn = math.atan2(
        math.sin(azimuth) * math.sin(angle) * math.cos(latitude),
        math.cos(angle) - math.sin(latitude) * sine,
    )
    return math.degrees(longitude + turn), math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def _azimuth_deg(one: Place, other: Place) -> float:
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, place)) for place in (one, other))
    east = math.sin(lon2 - lon1) * math.cos(lat2)
    north = math.cos(lat1) * math.sin(lat2)
    north -= math.sin(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    return math.degrees(math.atan2(east, north)) % 360.0


def _unwrapped(places: Sequence[Place]) -> list[Place]:
    """Return places without jumps: each longitude within 180 degrees of the one before."""
    found = [places[0]]
    for longitude, latitude in places[1:]:
        turns = round((found[-1][0] - longitude) / 360.0)
        found.append((longitude + 360.0 * turns, latitude))
    return found


def _cut_line(places: Sequence[Place]) -> list[list[Place]]:
    """Return the parts of a short line on either side of the 180th meridian, within 180 degrees."""
    parts: list[list[Place]] = [[]] if places else []
    for one, other in pairwise(places):
        parts[-1].append(one)
        for edge in (-180.0, 180.0):
            if one[0] < edge <= other[0] or other[0] <= edge < one[0]:
                crossing = _crossing(one, other, edge)
                parts[-1].append(crossing)
                parts.append([crossing])
    if places:
        parts[-1].append(places[-1])
    return [_within_180(part) for part in parts if len(set(part)) > 1]


def _cut_ring(ring: Sequence[Place]) -> list[list[Place]]:
    """Return the parts of a convex ring on either side of the 180th meridian."""
    parts = []
    for west in (-540.0, -180.0, 180.0):
        inside = _clipped(_clipped(list(ring[:-1]), west, 1.0), west + 360.0, -1.0)
        if len(inside) > 2 and _width_deg(inside) > _SLIVER_DEG:
            parts.append(_within_180([*inside, inside[0]]))
    return parts


def _width_deg(places: Sequence[Place]) -> float:
    return max(lon for lon, _ in places) - min(lon for lon, _ in places)


def _clipped(corners: list[Place], edge: float, side: float) -> list[Place]:
    """Return the part of a polygon east (side 1) or west (side -1) of a meridian."""
    kept: list[Place] = []
    for number, one in enumerate(corners):
        before = corners[number - 1]
        is_in, was_in = (side * (place[0] - edge) > 0.0 for place in (one, before))
        if is_in != was_in:
            kept.append(_crossing(before, one, edge))
        if is_in:
            kept.append(one)
    return kept


def _crossing(one: Place, other: Place, edge: float) -> Place:
    share = (edge - one[0]) / (other[0] - one[0])
    return edge, one[1] + share * (other[1] - one[1])


def _within_180(places: Sequence[Place]) -> list[Place]:
    """Return places shifted by whole turns, so that their middle lies within 180 degrees."""
    middle = 0.5 * (min(lon for lon, _ in places) + max(lon for lon, _ in places))
    shift = -360.0 * math.floor((middle + 180.0) / 360.0)
    return [(longitude + shift, latitude) for longitude, latitude in places]
