"""Coastlines, land and country borders that ship with the package: maps need no download.

Made from Natural Earth 4.1.0 (public domain, https://www.naturalearthdata.com) by
``recipes/basemap/build_basemap.py``; the detail kept is 0.005 degrees at ``"10m"``. The borders
are those of Natural Earth (de facto control) and state no opinion.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.polygon import orient

from mainshock.core.errors import GeometryError, SettingsError

__all__ = ["BASEMAP_CREDIT", "RESOLUTIONS", "borders", "coastlines", "land_polygons"]

BASEMAP_CREDIT = "Natural Earth"
RESOLUTIONS = ("10m", "50m", "110m")
FloatArray = NDArray[np.float64]
BoundingBox = tuple[float, float, float, float]
_STEPS_PER_DEGREE = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class _Basemap:
    """Decoded lines of one resolution, as arrays of shapely geometries."""

    land: NDArray[np.object_]
    coasts: NDArray[np.object_]
    borders: NDArray[np.object_]


def coastlines(resolution: str = "10m", bbox: BoundingBox | None = None) -> list[FloatArray]:
    """Return the coastlines, also of lakes that Natural Earth counts as sea.

    Parameters
    ----------
    resolution
        ``"10m"`` (about 500 m of detail), ``"50m"`` or ``"110m"`` (for maps of the world).
    bbox
        West, south, east, north in degrees; lines are cut at its edges. West greater than east
        spans the 180th meridian, and the longitudes returned then run on above 180. None: the
        whole Earth.

    Returns
    -------
    list of ndarray
        Each of shape ``(n, 2)``: longitude, latitude in degrees.

    Raises
    ------
    SettingsError
        If the resolution is unknown.
    GeometryError
        If the box is empty or outside the Earth.

    Examples
    --------
    >>> iceland = coastlines("110m", (-25.0, 63.0, -13.0, 67.0))
    >>> iceland[0].shape[1]
    2
    """
    return _lines(_clip(_load(resolution).coasts, bbox))


def borders(resolution: str = "10m", bbox: BoundingBox | None = None) -> list[FloatArray]:
    """Return the inland borders between countries; parameters and errors as ``coastlines``."""
    return _lines(_clip(_load(resolution).borders, bbox))


def land_polygons(
    resolution: str = "10m", bbox: BoundingBox | None = None
) -> list[tuple[FloatArray, ...]]:
    """Return the land as polygons; parameters and errors as ``coastlines``.

    Returns
    -------
    list of tuple of ndarray
        One tuple for each polygon: the outer ring (counter-clockwise), then its holes (clockwise),
        each closed and of shape ``(n, 2)``; the same form as ``CredibleRegion.polygons``.
    """
    clipped = _clip(_load(resolution).land, bbox)
    return [
        _rings(polygon)
        for polygon in clipped
        if polygon.geom_type == "Polygon" and not polygon.is_empty
    ]


def _rings(polygon: shapely.Polygon) -> tuple[FloatArray, ...]:
    """Return the outer ring counter-clockwise and the holes clockwise."""
    oriented = orient(polygon)
    return tuple(
        np.asarray(ring.coords, dtype=np.float64)
        for ring in (oriented.exterior, *oriented.interiors)
    )


@cache
def _load(resolution: str) -> _Basemap:
    if resolution not in RESOLUTIONS:
        known = ", ".join(RESOLUTIONS)
        raise SettingsError(f"no base map of resolution {resolution!r}; there are {known}")
    resource = files("mainshock") / "sources" / "data" / f"basemap_{resolution}.npz"
    with as_file(resource) as path, np.load(path, allow_pickle=False) as arrays:
        rings = _decode(arrays["land_starts"], arrays["land_lengths"], arrays["land_steps"])
        lines = _decode(arrays["border_starts"], arrays["border_lengths"], arrays["border_steps"])
        owners = arrays["land_polygon"]
    return _Basemap(
        land=_polygons(rings, owners),
        coasts=_line_strings(part for ring in rings for part in _without_seams(ring)),
        borders=_line_strings(lines),
    )


def _decode(
    starts: NDArray[np.int32], lengths: NDArray[np.int32], steps: NDArray[np.int16]
) -> list[FloatArray]:
    """Return the lines in degrees from start points and differences."""
    ends = np.cumsum(lengths)
    return [
        (start + np.cumsum(steps[end - length : end], axis=0, dtype=np.int64)) / _STEPS_PER_DEGREE
        for start, length, end in zip(starts, lengths, ends, strict=True)
    ]


def _polygons(rings: list[FloatArray], owners: NDArray[np.int32]) -> NDArray[np.object_]:
    rings_by_owner: dict[int, list[FloatArray]] = {}
    for owner, ring in zip(owners.tolist(), rings, strict=True):
        rings_by_owner.setdefault(owner, []).append(ring)
    whole = np.array(
        [shapely.Polygon(parts[0], parts[1:]) for parts in rings_by_owner.values()], dtype=object
    )
    # rounding to a thousandth of a degree may make a ring touch itself
    valid = shapely.make_valid(whole, method="structure", keep_collapsed=False)
    return np.asarray(valid, dtype=object)


def _line_strings(lines: Iterable[FloatArray]) -> NDArray[np.object_]:
    return np.array([shapely.LineString(line) for line in lines if len(line) > 1], dtype=object)


def _without_seams(ring: FloatArray) -> list[FloatArray]:
    """Return the pieces of a ring that are coast, not the cut at 180 degrees or the pole."""
    at_180 = np.abs(ring[:, 0]) >= 179.9995
    at_pole = ring[:, 1] <= -89.9995
    seam = (at_180[:-1] & at_180[1:]) | at_pole[:-1] | at_pole[1:]
    if not seam.any():
        return [ring]
    pieces = np.split(np.arange(len(seam)), np.flatnonzero(np.diff(seam.astype(np.int8))) + 1)
    return [ring[piece[0] : piece[-1] + 2] for piece in pieces if not seam[piece[0]]]


def _boxes(bbox: BoundingBox) -> list[tuple[BoundingBox, float]]:
    """Return boxes within 180 degrees, each with the shift of its longitudes."""
    west, south, east, north = bbox
    if not (
        -180.0 <= west <= 180.0
        and -180.0 <= east <= 180.0
        and -90.0 <= south < north <= 90.0
        and west != east
    ):
        raise GeometryError(
            f"bounding box {bbox} is not possible; give west, south, east, north in degrees, "
            "longitudes within 180, latitudes within 90, south below north"
        )
    if west < east:
        return [(bbox, 0.0)]
    return [((west, south, 180.0, north), 0.0), ((-180.0, south, east, north), 360.0)]


def _clip(shapes: NDArray[np.object_], bbox: BoundingBox | None) -> NDArray[np.object_]:
    if bbox is None:
        return np.asarray(shapely.get_parts(shapes), dtype=object)
    found = []
    for (west, south, east, north), shift_deg in _boxes(bbox):
        if west == east:
            continue
        bounds = shapely.bounds(shapes)
        near = (
            (bounds[:, 0] <= east)
            & (bounds[:, 2] >= west)
            & (bounds[:, 1] <= north)
            & (bounds[:, 3] >= south)
        )
        inside = shapely.clip_by_rect(shapes[near], west, south, east, north)
        inside = inside[~shapely.is_empty(inside)]
        if shift_deg:
            inside = shapely.transform(inside, lambda xy, by=shift_deg: xy + np.array([by, 0.0]))
        found.append(inside)
    # twice: clipping may leave a collection of multipolygons
    return np.asarray(shapely.get_parts(shapely.get_parts(np.concatenate(found))), dtype=object)


def _lines(shapes: NDArray[np.object_]) -> list[FloatArray]:
    return [
        np.asarray(shapely.get_coordinates(part), dtype=np.float64)
        for part in shapes
        if part.geom_type == "LineString" and not part.is_empty
    ]
