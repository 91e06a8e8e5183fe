"""The ground of a map: projection, packaged land and borders, graticule, scale bar, inset."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cartopy.crs import (
    AzimuthalEquidistant,
    Orthographic,
    PlateCarree,
    Projection,
    TransverseMercator,
)
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from shapely.geometry import Polygon

from mainshock.sources.basemap import borders, coastlines, land_polygons

__all__ = [
    "HALO",
    "LAND",
    "MapView",
    "add_graticule",
    "add_inset",
    "add_land",
    "add_scale_bar",
    "choose_view",
    "corner_bounds",
    "emptiest_corners",
    "nice_length",
    "project",
]

FloatArray = NDArray[np.float64]
LAND, SEA, COAST, BORDER = "#f4f1ea", "#dce8ef", "#7b8c96", "#9b8f86"
MARK = "#b0004e"
HALO = [withStroke(linewidth=2.5, foreground="white")]
_WIDE_M = 1.2e6
_GLOBE_M = 2.5e6
_LEAST_HALF_WIDTH_M = 400.0
_CORNERS = {
    "upper left": (0, 1),
    "upper right": (1, 1),
    "lower left": (0, 0),
    "lower right": (1, 0),
}


@dataclass(frozen=True, slots=True)
class MapView:
    """A projection, and what the map shows of it.

    Parameters
    ----------
    projection
        Cartopy projection whose unit is the metre.
    centre
        Longitude and latitude of the middle of the map, degrees.
    middle_m
        The same in the projection, metres.
    half_width_m, half_height_m
        From the middle to the edges.
    """

    projection: Projection
    centre: tuple[float, float]
    middle_m: tuple[float, float]
    half_width_m: float
    half_height_m: float

    def project(self, longitude: FloatArray, latitude: FloatArray) -> FloatArray:
        """Return easting and northing in metres, shape ``(n, 2)``; NaN where not on the map."""
        return project(self.projection, longitude, latitude)

    def apply(self, axes: Axes) -> None:
        """Set the limits of axes to the edges of the map."""
        axes.set_xlim(self.middle_m[0] - self.half_width_m, self.middle_m[0] + self.half_width_m)
        axes.set_ylim(self.middle_m[1] - self.half_height_m, self.middle_m[1] + self.half_height_m)

    def bbox(self, factor: float = 1.0) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of the map, ``factor`` times as large, in degrees.

        None where the box would hold a pole or half the Earth.
        """
        return _bbox(self.centre, factor * np.hypot(self.half_width_m, self.half_height_m))


def project(projection: Projection, longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    """Return easting and northing in metres, shape ``(n, 2)``."""
    points = projection.transform_points(PlateCarree(), np.asarray(longitude), np.asarray(latitude))
    return np.asarray(points[:, :2], dtype=np.float64)


def choose_view(
    longitude: FloatArray,
    latitude: FloatArray,
    *,
    projection: Projection | None = None,
    aspect: float = 1.15,
    padding: float = 0.16,
) -> MapView:
    """Return the view that shows all places, with room around them.

    Parameters
    ----------
    longitude, latitude
        Places to show, degrees, shape ``(n,)``.
    projection
        A Cartopy projection in metres; None chooses one.
    aspect
        Width over height of the map.
    padding
        Room on each side as a share of the width of the places.

    Notes
    -----
    The projection chosen is transverse Mercator on the map's own meridian up to 1200 km from the
    centre, azimuthal equidistant beyond: true to scale where it matters, and north is up.
    """
    centre = _middle(longitude, latitude)
    for _ in range(2):  # the first pass finds the middle of the places on the ground
        flat = AzimuthalEquidistant(*centre)
        points = project(flat, longitude, latitude)
        middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
        place = PlateCarree().transform_point(middle[0], middle[1], flat)
        centre = (float(place[0]), float(place[1]))
    if projection is None:
        is_wide = float(np.ptp(points, axis=0).max()) > 2.0 * _WIDE_M or abs(centre[1]) > 84.0
        projection = AzimuthalEquidistant(*centre) if is_wide else TransverseMercator(*centre)
    points = project(projection, longitude, latitude)
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.maximum(0.5 * (high - low) * (1.0 + 2.0 * padding), _LEAST_HALF_WIDTH_M)
    half_width = float(max(half[0], half[1] * aspect))
    return MapView(
        projection=projection,
        centre=centre,
        middle_m=(float(0.5 * (low[0] + high[0])), float(0.5 * (low[1] + high[1]))),
        half_width_m=half_width,
        half_height_m=half_width / aspect,
    )


def _middle(longitude: FloatArray, latitude: FloatArray) -> tuple[float, float]:
    """Return the direction of the mean of the places as unit vectors."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    east, north, up = (
        float(np.mean(part))
        for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    )
    return (
        float(np.degrees(np.arctan2(north, east))),
        float(np.degrees(np.arctan2(up, np.hypot(east, north)))),
    )


def _bbox(centre: tuple[float, float], radius_m: float) -> tuple[float, float, float, float] | None:
    radius_deg = radius_m / 110_500.0
    south, north = centre[1] - radius_deg, centre[1] + radius_deg
    if south <= -89.0 or north >= 89.0:
        return None
    half_deg = radius_deg / np.cos(np.radians(max(abs(south), abs(north))))
    if half_deg >= 170.0:
        return None
    west, east = (
        (longitude + 180.0) % 360.0 - 180.0
        for longitude in (centre[0] - half_deg, centre[0] + half_deg)
    )
    return west, south, east, north


def _resolution(half_width_m: float) -> str:
    return "10m" if half_width_m < 8e5 else "50m" if half_width_m < 3e6 else "110m"


def add_land(axes: Axes, view: MapView) -> None:
    """Draw sea, land, coastlines and borders from the packaged base map."""
    axes.set_facecolor(SEA)
    bbox = view.bbox(1.3)
    if bbox is None:
        _add_globe(axes)
        return
    resolution = _resolution(view.half_width_m)
    for polygon in land_polygons(resolution, bbox):
        rings = [view.project(*ring.T) for ring in polygon]
        if all(np.isfinite(ring).all() for ring in rings):
            outline = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
            axes.add_patch(PathPatch(outline, facecolor=LAND, edgecolor="none", zorder=0.5))
    _add_lines(axes, view, coastlines(resolution, bbox), COAST, "-")
    _add_lines(axes, view, borders(resolution, bbox), BORDER, (0, (4, 2)))


def _add_lines(
    axes: Axes, view: MapView, lines: Iterable[FloatArray], colour: str, style: Any
) -> None:
    projected = [view.project(*line.T) for line in lines]
    shown = [line for line in projected if np.isfinite(line).all()]
    axes.add_collection(
        LineCollection(shown, colors=colour, linewidths=0.8, linestyles=[style], zorder=0.7),
        autolim=False,
    )


def _add_globe(axes: Axes) -> None:
    """Draw the land of the whole Earth; Cartopy cuts it where the projection ends."""
    land = [Polygon(rings[0], rings[1:]) for rings in land_polygons("110m")]
    axes.add_geometries(  # type: ignore[attr-defined]  # a GeoAxes
        land, crs=PlateCarree(), facecolor=LAND, edgecolor=COAST, linewidth=0.4, zorder=0.5
    )


def add_graticule(axes: Axes) -> None:
    """Draw meridians and parallels with their degrees at the lower and the left edge."""
    lines = axes.gridlines(  # type: ignore[attr-defined]  # a GeoAxes
        draw_labels={"bottom": "x", "left": "y"},
        color="#9aa5ab",
        linewidth=0.5,
        linestyle=":",
        zorder=1.2,
    )
    lines.xlabel_style = lines.ylabel_style = {"size": 8, "color": "#333333"}
    lines.rotate_labels = False
    lines.xlocator = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10])
    lines.ylocator = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10])


def emptiest_corners(view: MapView, points: FloatArray) -> list[str]:
    """Return the names of the corners, the one with the fewest points around first.

    Parameters
    ----------
    points
        What stands on the map, metres in its projection, shape ``(n, 2)``.
    """
    half = np.array([view.half_width_m, view.half_height_m])
    scaled = (points - np.array(view.middle_m)) / (2.0 * half) + 0.5
    counts = {
        name: int((np.abs(scaled - np.array(corner)) < 0.36).all(axis=1).sum())
        for name, corner in _CORNERS.items()
    }
    return sorted(counts, key=lambda name: counts[name])


def nice_length(longest: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above ``longest``."""
    power = 10.0 ** np.floor(np.log10(longest))
    # the logarithm may round up: then half the power still fits
    return float(max(step * power for step in (0.5, 1.0, 2.0, 5.0) if step * power <= longest))


def add_scale_bar(axes: Axes, corner: str = "lower left") -> None:
    """Draw a bar of a round length in a corner of axes whose unit is the metre."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    width, height = right - left, top - bottom
    length_m = nice_length(0.26 * width)
    is_right, is_top = _CORNERS[corner]
    start = right - 0.05 * width - length_m if is_right else left + 0.05 * width
    level = top - 0.07 * height if is_top else bottom + 0.06 * height
    axes.plot(
        [start, start + length_m],
        [level, level],
        color="#222222",
        linewidth=3.0,
        solid_capstyle="butt",
        path_effects=HALO,
        zorder=6.0,
    )
    label = f"{length_m / 1000.0:g} km" if length_m >= 1000.0 else f"{length_m:g} m"
    axes.annotate(
        label,
        (start + 0.5 * length_m, level),
        xytext=(0.0, 4.0),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        path_effects=HALO,
        zorder=6.0,
    )


def corner_bounds(
    corner: str, size: float, height: float | None = None
) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of an inset in a corner, as shares of the axes."""
    tall = size if height is None else height
    is_right, is_top = _CORNERS[corner]
    margin = 0.015
    return (
        1.0 - size - margin if is_right else margin,
        1.0 - tall - margin if is_top else margin,
        size,
        tall,
    )


def add_inset(axes: Axes, view: MapView, corner: str) -> Axes:
    """Draw where on Earth the map lies, in a corner; a frame or a dot marks the map.

    The inset shows the surrounding countries, or the globe for a map wider than a country.
    """
    is_globe = view.half_width_m > _GLOBE_M / 6.0
    if is_globe:
        around = MapView(Orthographic(*view.centre), view.centre, (0.0, 0.0), 6.4e6, 6.4e6)
    else:
        half_m = float(np.clip(8.0 * view.half_width_m, 6.0e5, _GLOBE_M))
        around = MapView(TransverseMercator(*view.centre), view.centre, (0.0, 0.0), half_m, half_m)
    inset = axes.inset_axes(
        corner_bounds(corner, 0.24, 0.24 * view.half_width_m / view.half_height_m),
        projection=around.projection,
        zorder=7.0,
    )
    around.apply(inset)
    if is_globe:
        inset.set_facecolor(SEA)
        _add_globe(inset)
    else:
        add_land(inset, around)
    _mark_map(inset, view, around)
    return inset


def _mark_map(inset: Axes, view: MapView, around: MapView) -> None:
    if view.half_width_m < 0.04 * around.half_width_m:
        inset.plot(
            [0.0], [0.0], "s", markersize=6.0, markerfacecolor="none", markeredgecolor=MARK,
            markeredgewidth=1.6, zorder=5.0,
        )  # fmt: skip
        return
    half = np.array([view.half_width_m, view.half_height_m])
    inset.add_patch(
        Rectangle(
            (-half[0], -half[1]), 2.0 * half[0], 2.0 * half[1],
            facecolor="none", edgecolor=MARK, linewidth=1.4, zorder=5.0,
        )
    )  # fmt: skip
