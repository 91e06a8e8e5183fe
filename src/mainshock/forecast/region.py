"""The region of a forecast: a polygon of longitude and latitude, or the whole Earth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, authalic_latitude

__all__ = ["Region", "region_around", "region_from_text"]

FloatArray = NDArray[np.float64]
_STEP_DEG = 0.25
_GLOBE = ((-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0))


@dataclass(frozen=True)
class Region:
    """A polygon whose sides are straight in longitude and latitude.

    Parameters
    ----------
    vertices
        Longitude and latitude in degrees, in order; the last side closes it. A polygon across
        the 180th meridian has longitudes above 180.

    Raises
    ------
    DataError
        If there are fewer than three corners, they are no degrees, or sides cross.

    Examples
    --------
    >>> box = Region.box(-122.0, 32.0, -114.0, 37.0)
    >>> round(box.area_km2)
    407387
    """

    vertices: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        corners = np.asarray(self.vertices, dtype=np.float64)
        if corners.ndim != 2 or corners.shape[1:] != (2,) or len(corners) < 3:
            raise DataError("a region needs at least three corners of longitude and latitude")
        lon, lat = corners.T
        if not (np.abs(lat).max() <= 90.0 and lon.min() >= -360.0 and lon.max() <= 360.0):
            raise DataError(
                f"corners of the region reach {lon.min():g} to {lon.max():g} and "
                f"{lat.min():g} to {lat.max():g}; give longitudes within -360 to 360 and latitudes "
                "within -90 to 90 degrees, west before east"
            )
        if not self.polygon.is_valid or self.polygon.area == 0.0:
            raise DataError("sides of the region cross, or it has no area; give corners in order")

    @classmethod
    def box(cls, west: float, south: float, east: float, north: float) -> "Region":
        """Return the box between meridians and parallels; west above east spans the 180th."""
        east = east + 360.0 if east < west else east
        return cls(((west, south), (east, south), (east, north), (west, north)))

    @classmethod
    def globe(cls) -> "Region":
        """Return the whole Earth."""
        return cls(_GLOBE)

    @property
    def is_globe(self) -> bool:
        """Return whether this is the whole Earth."""
        return self.vertices == _GLOBE

    @property
    def polygon(self) -> shapely.Polygon:
        """Return the polygon in degrees."""
        return shapely.Polygon(self.vertices)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees."""
        west, south, east, north = self.polygon.bounds
        return float(west), float(south), float(east), float(north)

    @property
    def area_km2(self) -> float:
        """Return the area on the ellipsoid."""
        lon, lat = self.outline()
        sine = np.sin(authalic_latitude(lat))
        across = np.diff(np.radians(lon), append=np.radians(lon[0]))
        mean = (sine + np.roll(sine, -1)) / 2
        return float(abs((across * mean).sum()) * AUTHALIC_RADIUS_KM**2)

    def outline(self) -> tuple[FloatArray, FloatArray]:
        """Return longitudes and latitudes along the sides, at most a quarter degree apart."""
        corners = np.asarray(self.vertices)
        places = []
        for here, there in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            n = max(1, int(np.ceil(np.abs(there - here).max() / _STEP_DEG)))
            places.append(here + (there - here) * (np.arange(n) / n)[:, None])
        lon, lat = np.concatenate(places).T
        return lon, lat

    def contains(self, longitude: ArrayLike, latitude: ArrayLike) -> NDArray[np.bool_]:
        """Return which places lie inside; west and south sides of boxes belong to them."""
        lon = np.atleast_1d(np.asarray(longitude, dtype=np.float64))
        lat = np.atleast_1d(np.asarray(latitude, dtype=np.float64))
        if self.is_globe:
            return np.isfinite(lon) & np.isfinite(lat)
        west = self.bounds[0]
        turned = west + (lon - west) % 360.0
        turned = np.where(turned - west > 360.0 - 1e-9, west, turned)
        polygon = self.polygon
        shapely.prepare(polygon)
        return np.asarray(shapely.intersects_xy(polygon, turned, lat))

    def buffered(self, km: float) -> "Region":
        """Return a region that reaches that much further, made in a local metric frame."""
        if self.is_globe or km <= 0:
            return self
        west, south, east, north = self.bounds
        if east - west > 100.0 or max(abs(south), abs(north)) > 84.0:
            return Region.globe()
        frame = LocalFrame(((west + east) / 2 + 180) % 360 - 180, (south + north) / 2)
        lon, lat = self.outline()
        wider = shapely.Polygon(np.column_stack(frame.to_local(lon, lat))).buffer(km)
        there = np.column_stack(frame.to_geographic(*np.asarray(wider.exterior.coords[:-1]).T))
        there[:, 0] = (west + east) / 2 + (there[:, 0] - (west + east) / 2 + 180) % 360 - 180
        return Region(tuple((float(x), float(y)) for x, y in there))

    def to_document(self) -> dict[str, Any]:
        """Return a GeoJSON polygon."""
        ring = [list(corner) for corner in (*self.vertices, self.vertices[0])]
        return {"type": "Polygon", "coordinates": [ring]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Region":
        """Return the region of a GeoJSON polygon, or of the first feature that has one.

        Raises
        ------
        DataError
            If there is none.
        """
        if document.get("type") == "FeatureCollection":
            document = next(iter(document.get("features") or [{}]))
        if document.get("type") == "Feature":
            document = document.get("geometry") or {}
        if document.get("type") != "Polygon":
            raise DataError(f"a region is a GeoJSON Polygon, not {document.get('type')!r}")
        try:
            ring = [(float(x), float(y)) for x, y, *_ in document["coordinates"][0]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DataError(f"the region's coordinates cannot be read: {error}") from error
        return cls(tuple(ring[:-1] if ring[0] == ring[-1] else ring))


def region_from_text(text: str) -> Region:
    """Return the region that text states: ``globe``, ``W,S,E,N``, corners, or a file.

    Corners are ``lon,lat;lon,lat;...``. A file is GeoJSON, or has a corner a line.

    Raises
    ------
    SettingsError
        If the text is none of these.
    DataError, SourceError
        If the file cannot be used.
    """
    if text.strip().lower() in ("globe", "global"):
        return Region.globe()
    path = Path(text)
    if path.suffix.lower() in (".json", ".geojson", ".csv", ".txt", ".dat") or path.is_file():
        return _region_from_file(path)
    try:
        if ";" in text:
            return Region(tuple(_corner(part) for part in text.split(";") if part.strip()))
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"region {text!r} is not W,S,E,N, nor lon,lat;lon,lat;..., nor a file ({error})"
        ) from error
    return Region.box(west, south, east, north)


def _corner(text: str) -> tuple[float, float]:
    longitude, latitude = (float(one) for one in text.replace(",", " ").split()[:2])
    return longitude, latitude


def _region_from_file(path: Path) -> Region:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(
            f"cannot read the region {path}: {error.strerror}; name a GeoJSON file, or give W,S,E,N"
        ) from error
    try:
        if path.suffix.lower() in (".json", ".geojson"):
            return Region.from_document(json.loads(text))
        lines = [line for line in text.splitlines() if line.strip() and line[0] not in "#l"]
        corners = [_corner(line) for line in lines]
    except ValueError as error:
        raise DataError(f"{path} holds no region: {error}") from error
    if not corners:
        raise DataError(f"{path} holds no region; give a corner of longitude and latitude a line")
    return Region(tuple(corners[:-1] if corners[0] == corners[-1] else corners))


def region_around(longitude: ArrayLike, latitude: ArrayLike) -> Region:
    """Return the smallest box of tenths of a degree around places, or the globe.

    Raises
    ------
    DataError
        If there are no places.
    """
    lon, lat = np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
    if len(lon) == 0 or not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise DataError("the catalogue has no places; give the region")
    turned = np.sort(lon % 360.0)
    gaps = np.diff(turned, append=turned[0] + 360.0)
    if gaps.max() < 60.0 and np.ptp(lat) > 60.0:
        return Region.globe()
    start = turned[(int(gaps.argmax()) + 1) % len(turned)]
    west = (start + 180.0) % 360.0 - 180.0
    east = west + 360.0 - float(gaps.max())
    corners = np.array([west, lat.min(), east, lat.max()])
    outward = np.array([-1.0, -1.0, 1.0, 1.0])
    west, south, east, north = np.round(np.floor(corners * outward * -10) / -10 * outward, 1)
    east += 0.1 if east == west else 0.0
    if north == south:
        south, north = (south - 0.1, north) if north > 0 else (south, north + 0.1)
    return Region.box(float(west), max(float(south), -90.0), float(east), min(float(north), 90.0))
