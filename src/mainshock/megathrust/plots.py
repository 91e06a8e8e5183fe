"""Maps of assessed segments: predicted on the sea's side, observed on the land's, ruptures around.

Land and coastlines are the packaged ones: Cartopy is asked for projections alone, and downloads
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.megathrust.assessment import CAVEATS, SegmentAssessment
from mainshock.megathrust.colours import (
    COAST,
    INK,
    LAND,
    OBSERVED,
    PROBABILITY,
    RUPTURE,
    SEA,
    opacity,
)
from mainshock.megathrust.shapes import (
    Rupture,
    band,
    beside,
    great_ruptures,
    trench_line,
    with_azimuths,
)
from mainshock.megathrust.zones import zone_name
from mainshock.sources.basemap import BASEMAP_CREDIT, coastlines, land_polygons

if TYPE_CHECKING:
    from cartopy.crs import Projection
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_segments", "plot_zone"]

FloatArray = NDArray[np.float64]
_COLUMNS, _PANEL_IN, _WORLD_IN, _WIDTH_IN = 5, 3.2, 7.2, 16.0
_GREAT, _NONE_SEEN = 8.0, 1.0
_LABELLED_SEGMENTS = 3  # labels of shorter ruptures would hide each other
_MIDDLE_OF_WORLD = 175.0  # the trenches surround the Pacific
_WORLD_RESOLUTION, _PANEL_RESOLUTION = "110m", "50m"


@dataclass(frozen=True, slots=True)
class _Strips:
    """How far from the trench each strip reaches, km: along the map's scale, not on the ground."""

    predicted: tuple[float, float]
    observed: tuple[float, float]
    sets: tuple[float, float] | None
    edge: str


_WORLD_STRIPS = _Strips((-330.0, -20.0), (20.0, 330.0), None, "none")


def plot_segments(segments: Sequence[SegmentAssessment], *, title: str = "") -> "Figure":
    """Draw all segments: the world, then a map of each zone.

    Parameters
    ----------
    segments
        What a model says; ones without a place are left out.
    title
        Above all, such as the model's name.

    Returns
    -------
    Figure
        Towards the sea the predicted probability of M 8.0, fainter where the model hardly applies;
        towards land what was observed; outlines around great ruptures; outermost at the sea the
        conformal set.

    Raises
    ------
    DataError
        If no segment has a place.
    """
    from cartopy.crs import Robinson  # noqa: PLC0415 - slow to load
    from matplotlib.figure import Figure  # noqa: PLC0415

    placed = _placed(segments)
    zones = [list(rows) for _, rows in groupby(placed, key=lambda one: one.region)]
    n_rows = -(-len(zones) // _COLUMNS)
    height_in = _WORLD_IN + n_rows * _PANEL_IN + 1.0
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=110, layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[_WORLD_IN, n_rows * _PANEL_IN])
    top, bottom = parts  # two SubFigures, which the stubs do not tell
    world = top.add_subplot(projection=Robinson(central_longitude=_MIDDLE_OF_WORLD))
    _draw_world(world, placed)
    _add_keys(top, world)
    for number, rows in enumerate(zones, start=1):
        projection = _projection(rows)
        axes = bottom.add_subplot(n_rows, _COLUMNS, number, projection=projection)
        plot_zone(rows, ax=axes)
    named = f"{title}: " if title else ""
    figure.suptitle(f"{named}which segments could host M 8.0 or more", fontsize=17, weight="bold")
    figure.supxlabel(f"{CAVEATS[0]}  Base map: {BASEMAP_CREDIT}.", fontsize=11)
    return figure


def plot_zone(segments: Sequence[SegmentAssessment], *, ax: "Axes | None" = None) -> "Axes":
    """Draw the segments of one zone.

    Parameters
    ----------
    segments
        Of one region.
    ax
        Cartopy axes to draw into; None makes a figure.

    Raises
    ------
    DataError
        If no segment has a place.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    placed = _placed(segments)
    if ax is None:
        ax = Figure(figsize=(7.0, 7.0), layout="constrained").add_subplot(
            projection=_projection(placed)
        )
    projection: Projection = ax.projection  # type: ignore[union-attr]  # a GeoAxes
    corners = _project(projection, [place for one in placed for place in band([one], -300, 300)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, half = 0.5 * (low + high), 0.5 * float((high - low).max()) * 1.04
    width_km = max(60.0, min(170.0, 0.06 * half / 1000.0))
    strips = _Strips(
        (-1.05 * width_km, -0.05 * width_km),
        (0.05 * width_km, 1.05 * width_km),
        (-1.4 * width_km, -1.12 * width_km),
        COAST,
    )
    _draw_ground(ax, projection, placed, half)
    _draw_strips(ax, projection, placed, strips)
    for rupture in great_ruptures(placed):
        if len(rupture.segments) >= _LABELLED_SEGMENTS:
            _label(ax, projection, rupture, 1.15 * width_km)
    ax.set_xlim(middle[0] - half, middle[0] + half)
    ax.set_ylim(middle[1] - half, middle[1] + half)
    ax.set_title(zone_name(placed[0].region), fontsize=10, loc="left")
    _scale_bar(ax, middle, half)
    return ax


def _placed(segments: Sequence[SegmentAssessment]) -> list[SegmentAssessment]:
    placed = [one for one in with_azimuths(segments) if trench_line(one)]
    if not placed:
        raise DataError(
            f"none of {len(segments)} segments has a place, so there is no map; build them with "
            "coordinates, or give the columns LON and LAT"
        )
    return placed


def _projection(segments: Sequence[SegmentAssessment]) -> "Projection":
    """Return an equal-area projection around the middle of some segments."""
    from cartopy.crs import LambertAzimuthalEqualArea  # noqa: PLC0415 - slow to load

    longitude, latitude = _middle(segments)
    return LambertAzimuthalEqualArea(longitude, latitude)


def _middle(segments: Sequence[SegmentAssessment]) -> tuple[float, float]:
    """Return the direction of the mean of the places as unit vectors, degrees."""
    places = np.radians([(one.longitude or 0.0, one.latitude or 0.0) for one in segments])
    lon, lat = places[:, 0], places[:, 1]
    east, north = np.mean(np.cos(lat) * np.cos(lon)), np.mean(np.cos(lat) * np.sin(lon))
    up = np.mean(np.sin(lat))
    return (
        float(np.degrees(np.arctan2(north, east))),
        float(np.degrees(np.arctan2(up, np.hypot(east, north)))),
    )


def _project(projection: "Projection", places: Sequence[Any] | FloatArray) -> FloatArray:
    """Return easting and northing in metres of longitude-latitude pairs, shape ``(n, 2)``."""
    from cartopy.crs import PlateCarree  # noqa: PLC0415 - slow to load

    degrees = np.asarray(places, dtype=np.float64)
    return np.asarray(projection.transform_points(PlateCarree(), *degrees.T)[:, :2])


def _draw_world(axes: "Axes", segments: list[SegmentAssessment]) -> None:
    from cartopy.crs import PlateCarree  # noqa: PLC0415 - slow to load
    from shapely import Polygon  # noqa: PLC0415

    axes.set_global()  # type: ignore[attr-defined]  # a GeoAxes, as below
    axes.set_facecolor(SEA)
    land = [Polygon(rings[0], rings[1:]) for rings in land_polygons(_WORLD_RESOLUTION)]
    axes.add_geometries(  # type: ignore[attr-defined]
        land, crs=PlateCarree(), facecolor=LAND, edgecolor=COAST, linewidth=0.4, zorder=0.5
    )
    projection = axes.projection  # type: ignore[attr-defined]
    _draw_strips(axes, projection, segments, _WORLD_STRIPS)
    for region, rows in groupby(segments, key=lambda one: one.region):
        place = _middle(list(rows))
        axes.annotate(
            region, _project(projection, [place])[0], xytext=(0, 16), textcoords="offset points",
            ha="center", fontsize=9, color=INK, zorder=6, path_effects=_halo(),
        )  # fmt: skip


def _halo() -> list[Any]:  # matplotlib's path effects
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - slow to load

    return [withStroke(linewidth=2.5, foreground="white")]


def _draw_ground(
    axes: "Axes", projection: "Projection", segments: list[SegmentAssessment], half_m: float
) -> None:
    from matplotlib.collections import LineCollection  # noqa: PLC0415 - slow to load
    from matplotlib.patches import PathPatch  # noqa: PLC0415
    from matplotlib.path import Path  # noqa: PLC0415

    axes.set_facecolor(SEA)
    bbox = _bbox(_middle(segments), 1.6 * half_m)
    for polygon in land_polygons(_PANEL_RESOLUTION, bbox):
        rings = [_project(projection, ring) for ring in polygon]
        if all(np.isfinite(ring).all() for ring in rings):
            outline = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
            axes.add_patch(PathPatch(outline, facecolor=LAND, edgecolor="none", zorder=0.5))
    coasts = [_project(projection, line) for line in coastlines(_PANEL_RESOLUTION, bbox)]
    axes.add_collection(
        LineCollection(coasts, colors=COAST, linewidths=0.5, zorder=0.7), autolim=False
    )
    lines = axes.gridlines(  # type: ignore[attr-defined]  # a GeoAxes
        draw_labels={"bottom": "x", "left": "y"}, color="#9aa5ab", linewidth=0.4, linestyle=":"
    )
    lines.xlabel_style = lines.ylabel_style = {"size": 6, "color": "#444444"}
    lines.rotate_labels = False


def _bbox(middle: tuple[float, float], radius_m: float) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north around a place; None: the whole Earth."""
    radius_deg = radius_m / 110_500.0
    south, north = middle[1] - radius_deg, middle[1] + radius_deg
    if south <= -89.0 or north >= 89.0:
        return None
    half_deg = radius_deg / np.cos(np.radians(max(abs(south), abs(north))))
    if half_deg >= 170.0:
        return None
    west, east = ((middle[0] + by + 180.0) % 360.0 - 180.0 for by in (-half_deg, half_deg))
    return west, south, east, north


def _draw_strips(
    axes: "Axes", projection: "Projection", segments: list[SegmentAssessment], strips: _Strips
) -> None:
    from matplotlib.colors import to_rgba  # noqa: PLC0415 - slow to load

    ramp = _ramp()
    predicted = [
        (one, to_rgba(ramp(one.probability), opacity(one.applicability))) for one in segments
    ]
    observed = [(one, _observed(one)) for one in segments if one.m_max is not None]
    _add_bands(axes, projection, predicted, strips.predicted)
    _add_bands(axes, projection, observed, strips.observed, strips.edge)
    if strips.sets is not None:
        _add_bands(axes, projection, [(one, _set_colour(one)) for one in segments], strips.sets)
    for region, rows in groupby(segments, key=lambda one: one.region):
        del region
        points = _project(projection, [place for one in rows for place in trench_line(one)])
        _plot_line(axes, points, INK, 0.8, 4.0)
    for rupture in great_ruptures(segments):
        ring = _project(projection, band(rupture.segments, 0.0, strips.observed[1]))
        _plot_line(axes, ring, RUPTURE, 1.1, 5.0)


def _plot_line(axes: "Axes", points: FloatArray, colour: str, width: float, level: float) -> None:
    """Draw a line in the projection's metres, broken where it jumps to the map's other edge."""
    jumps = np.abs(np.diff(points[:, 0])) > 1.5e7
    for part in np.split(points, np.flatnonzero(jumps) + 1):
        axes.plot(*part.T, color=colour, linewidth=width, zorder=level, scalex=False, scaley=False)


def _add_bands(
    axes: "Axes",
    projection: "Projection",
    coloured: list[tuple[SegmentAssessment, Any]],  # a colour in any of matplotlib's forms
    reach_km: tuple[float, float],
    edge: str = "none",
) -> None:
    from matplotlib.collections import PolyCollection  # noqa: PLC0415 - slow to load

    rings = [_project(projection, band([one], *reach_km)) for one, _ in coloured]
    kept = [i for i, ring in enumerate(rings) if float(np.ptp(ring[:, 0])) < 1.5e7]
    axes.add_collection(
        PolyCollection(
            [rings[i] for i in kept],
            facecolors=[coloured[i][1] for i in kept],
            edgecolors=edge,
            linewidths=0.25,
            zorder=3.0,
        ),
        autolim=False,
    )


def _ramp() -> Any:  # a matplotlib Colormap
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415 - slow to load

    return LinearSegmentedColormap.from_list("probability", PROBABILITY)


def _observed(one: SegmentAssessment) -> str:
    magnitude = one.m_max or _NONE_SEEN
    if magnitude >= _GREAT:
        return OBSERVED["great"]
    return OBSERVED["none" if magnitude <= _NONE_SEEN else "smaller"]


def _set_colour(one: SegmentAssessment) -> str:
    if len(one.conformal_set) != 1:
        return "#b9b9b9"
    return INK if one.conformal_set[0] > 0 else "#ffffff"


def _label(axes: "Axes", projection: "Projection", rupture: Rupture, distance_km: float) -> None:
    """Write a rupture's magnitude on the land's side of its middle."""
    middle = rupture.segments[len(rupture.segments) // 2]
    trench, place = _project(projection, [beside(middle, by) for by in (0.0, distance_km)])
    away = (place - trench) / max(1.0, float(np.hypot(*(place - trench))))
    axes.annotate(
        f"{rupture.m_max:.1f}", place, xytext=tuple(7.0 * away), textcoords="offset points",
        ha="center", va="center", fontsize=6.5, color="#9c3d00", zorder=6, path_effects=_halo(),
        annotation_clip=True,
    )  # fmt: skip


def _scale_bar(axes: "Axes", middle: FloatArray, half_m: float) -> None:
    length_m = max(m for m in (1e5, 2e5, 5e5, 1e6, 2e6) if m <= max(1e5, 0.6 * half_m))
    start, level = middle[0] - 0.93 * half_m, middle[1] - 0.93 * half_m
    axes.plot([start, start + length_m], [level, level], color=INK, linewidth=2.5, zorder=6)
    axes.annotate(
        f"{length_m / 1000.0:g} km", (start + 0.5 * length_m, level), xytext=(0, 3),
        textcoords="offset points", ha="center", fontsize=6.5, zorder=6, path_effects=_halo(),
    )  # fmt: skip


def _add_keys(figure: Any, axes: "Axes") -> None:  # a SubFigure
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - slow to load
    from matplotlib.colors import Normalize  # noqa: PLC0415
    from matplotlib.lines import Line2D  # noqa: PLC0415
    from matplotlib.patches import Patch  # noqa: PLC0415

    bar = figure.colorbar(
        ScalarMappable(Normalize(0.0, 1.0), _ramp()), ax=axes, orientation="vertical",
        shrink=0.6, pad=0.02, aspect=28,
    )  # fmt: skip
    bar.set_label("Sea's side: predicted probability of M ≥ 8.0\n(fainter: less applicable)")
    handles = [
        Patch(facecolor=OBSERVED["great"], edgecolor=COAST, label="observed M ≥ 8.0"),
        Patch(facecolor=OBSERVED["smaller"], edgecolor=COAST, label="observed M < 8.0"),
        Patch(facecolor=OBSERVED["none"], edgecolor=COAST, label="no thrust event seen yet"),
        Line2D([], [], color=RUPTURE, linewidth=1.4, label="great rupture (M)"),
        Patch(facecolor=INK, edgecolor=COAST, label="set: M ≥ 8.0 alone"),
        Patch(facecolor="#b9b9b9", edgecolor=COAST, label="set: both classes"),
        Patch(facecolor="#ffffff", edgecolor=COAST, label="set: M < 8.0 alone"),
    ]
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=7, fontsize=9,
        frameon=False, title="Land's side: observed · outermost strip at the sea, in the zones: "
        "conformal set",
    )  # fmt: skip
