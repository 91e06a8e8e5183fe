"""Maps of located events: the posterior, never a bare point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from mainshock.core.errors import DataError, GeometryError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import CredibleRegion, Event, PosteriorSamples, Station
from mainshock.locate.map_frame import (
    HALO,
    MapView,
    add_graticule,
    add_inset,
    add_land,
    add_scale_bar,
    choose_view,
    corner_bounds,
    emptiest_corners,
)
from mainshock.locate.plot_style import (
    INK,
    LEVEL_LINES,
    LEVELS,
    POSTERIOR,
    STAR,
    STAR_FACE,
    draw_density,
    draw_dots,
    draw_level,
    format_area,
    station_style,
)
from mainshock.locate.sample_density import SampleDensity, estimate_density

__all__ = ["map_projection", "plot_map"]

FloatArray = NDArray[np.float64]
_FARTHEST_KM = 2900.0  # that a local frame reaches
_LARGEST_SCALE_ERROR = 0.05
_SMALL_SHARE = 0.10  # of the map's width; a smaller 95 % region gets a close-up


def plot_map(
    events: Event | Sequence[Event],
    stations: Sequence[Station],
    *,
    inset: bool = True,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Return a map of one or more events with their credible regions, and the stations.

    Parameters
    ----------
    events
        Located events with their 68 % and 95 % regions. Where there is one, its 50 % region, its
        samples and their density are drawn too, and a close-up is added if its 95 % region is
        small on the map. Several are numbered in their order.
    stations
        Stations to show; filled where an arrival was used. Those without one count for the extent
        of the map only if they lie within three times the distance of the farthest used one.
    inset, title
        Whether to draw where the map lies, in the emptiest corner; text above the map.
    ax
        A Cartopy ``GeoAxes``; its unit must be a metre on the ground, which that of Web Mercator
        is not. None makes a new figure with transverse Mercator (azimuthal equidistant for maps
        wider than 2400 km).

    Returns
    -------
    Axes
        The ``GeoAxes``; its unit is the metre.

    Raises
    ------
    DataError
        If there is no event.
    GeometryError
        If ``ax`` is no map, or its projection is not true to scale.
    """
    shown = [events] if isinstance(events, Event) else list(events)
    if not shown:
        raise DataError("there is no event to map; give at least one")
    used = {arrival.pick.station_code for event in shown for arrival in event.arrivals}
    near = _stations_to_show(shown, stations, used)
    view = _view(shown, near, None if ax is None else _projection_of(ax))
    _require_true_scale(view)
    axes = _new_map(view) if ax is None else ax
    view.apply(axes)
    add_land(axes, view)
    add_graticule(axes)
    for event in shown:
        _draw_posterior(axes, view, event, with_density=len(shown) == 1)
        _draw_epicentre(axes, view, event)
    if len(shown) > 1:
        _number_events(axes, view, shown)
    _draw_stations(axes, view, near, used)
    _furnish(axes, view, shown, near, inset)
    _add_legend(axes, shown, near, used)
    axes.set_title(title, loc="left", fontsize=11)
    return axes


def map_projection(
    event: Event, stations: Sequence[Station]
) -> Any:  # a Cartopy projection, which has no types
    """Return the projection that a map of an event has, for axes made before it."""
    used = {arrival.pick.station_code for arrival in event.arrivals}
    return _view([event], _stations_to_show([event], stations, used), None).projection


def _projection_of(ax: Axes) -> Any:  # Cartopy states no types
    projection = getattr(ax, "projection", None)
    if projection is None:
        raise GeometryError(
            "the axes given have no projection; leave ax out, or make it with "
            "figure.add_subplot(projection=cartopy.crs.TransverseMercator(longitude, latitude))"
        )
    return projection


def _require_true_scale(view: MapView) -> None:
    """Refuse degrees and Web Mercator: areas, distances and the scale bar would be wrong."""
    frame = LocalFrame(view.centre[0], float(np.clip(view.centre[1], -85.0, 85.0)))
    ends = frame.to_geographic(np.array([-0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.0, -0.5, 0.5]))
    west, east, south, north = view.project(*ends)
    metres = np.array([np.linalg.norm(east - west), np.linalg.norm(north - south)])
    if not np.all(np.abs(metres / 1000.0 - 1.0) < _LARGEST_SCALE_ERROR):
        raise GeometryError(
            f"a km east and north is {metres[0]:.4g} and {metres[1]:.4g} units long in this "
            "projection; leave ax out, or use one that is true to scale here, such as "
            "cartopy.crs.TransverseMercator(longitude, latitude)"
        )


def _new_map(view: MapView) -> Axes:
    figure = Figure(figsize=(6.4, 6.1), layout="constrained")
    axes: Axes = figure.add_subplot(projection=view.projection)
    return axes


def _stations_to_show(
    events: Sequence[Event], stations: Sequence[Station], used: set[str]
) -> list[Station]:
    """Return the used stations, and the others that are not far beyond them."""
    farthest_km = max(
        (arrival.distance_km for event in events for arrival in event.arrivals), default=0.0
    )
    places = np.array([[event.origin.longitude, event.origin.latitude] for event in events])
    shown = []
    for station in stations:
        distance_km = geodesic_distance_km(
            places[:, 0], places[:, 1], station.longitude, station.latitude
        )
        if station.code in used or distance_km.min() <= 3.0 * farthest_km:
            shown.append(station)
    return shown


def _outline(event: Event) -> FloatArray:
    """Return longitude and latitude around the bulk of the posterior, shape ``(n, 2)``."""
    origin = event.origin
    rings = [rings[0] for region in origin.regions[-1:] for rings in region.polygons]
    if rings:
        return np.concatenate(rings)
    if origin.samples is not None:
        return np.stack([origin.samples.longitude, origin.samples.latitude], axis=1)
    sd_km = np.diag([origin.east_sd_km, origin.north_sd_km])
    reach_km = np.minimum(2.5 * sd_km, _FARTHEST_KM)
    frame = LocalFrame(origin.longitude, origin.latitude)
    return np.stack(frame.to_geographic(*np.concatenate([reach_km, -reach_km]).T), axis=1)


def _view(events: Sequence[Event], stations: Sequence[Station], projection: Any) -> MapView:
    places = [np.array([[station.longitude, station.latitude]]) for station in stations]
    for event in events:
        places.append(np.array([[event.origin.longitude, event.origin.latitude]]))
        places.append(_outline(event))
    longitude, latitude = np.concatenate(places).T
    return choose_view(longitude, latitude, projection=projection)


def _samples_m(view: MapView, samples: PosteriorSamples) -> FloatArray:
    return view.project(samples.longitude, samples.latitude)


def _draw_posterior(axes: Axes, view: MapView, event: Event, *, with_density: bool) -> None:
    """Draw the density of the epicentre and the outlines of its regions."""
    samples = event.origin.samples
    density: SampleDensity | None = None
    if samples is not None:
        points = _samples_m(view, samples)
        density = estimate_density(points[:, 0], points[:, 1])
        if with_density:
            draw_density(axes, density)
            draw_dots(axes, points[:, 0], points[:, 1])
    for level in _levels(with_density):
        region = _region(event, level)
        if region is not None:
            _draw_region(axes, view, region, is_filled=with_density)
        elif density is not None:
            draw_level(axes, density, level)


def _levels(is_alone: bool) -> tuple[float, ...]:
    """Return the levels to draw: of several events the outermost two, else too many lines."""
    return LEVELS if is_alone else LEVELS[-2:]


def _region(event: Event, level: float) -> CredibleRegion | None:
    return next(
        (region for region in event.origin.regions if abs(region.level - level) < 1e-6), None
    )


def _draw_region(axes: Axes, view: MapView, region: CredibleRegion, *, is_filled: bool) -> None:
    for rings in region.polygons:
        paths = [Path(view.project(*ring.T), closed=True) for ring in rings]
        axes.add_patch(
            PathPatch(
                Path.make_compound_path(*paths),
                facecolor=f"{POSTERIOR}14" if is_filled else "none",
                edgecolor=POSTERIOR,
                linewidth=1.3,
                linestyle=LEVEL_LINES.get(region.level, "-"),
                zorder=3.0,
            )
        )


def _epicentre_m(view: MapView, event: Event) -> FloatArray:
    origin = event.origin
    points = view.project(np.array([origin.longitude]), np.array([origin.latitude]))
    return np.asarray(points[0], dtype=np.float64)


def _draw_epicentre(axes: Axes, view: MapView, event: Event) -> None:
    axes.plot(*_epicentre_m(view, event), "*", **STAR)


def _number_events(axes: Axes, view: MapView, events: Sequence[Event]) -> None:
    """Write the events' numbers beside their stars, away from the middle of all."""
    points = np.array([_epicentre_m(view, event) for event in events])
    away = points - points.mean(axis=0)
    length = np.linalg.norm(away, axis=1, keepdims=True)
    away = np.where(length > 0.0, away / np.where(length > 0.0, length, 1.0), [1.0, 0.0])
    for number, (point, direction) in enumerate(zip(points, away, strict=True), start=1):
        axes.annotate(
            f"{number}",
            (point[0], point[1]),
            xytext=(14.0 * direction[0], 14.0 * direction[1]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=9,
            fontweight="bold",
            path_effects=HALO,
            zorder=5.9,  # below the stars
        )


def _draw_stations(axes: Axes, view: MapView, stations: Sequence[Station], used: set[str]) -> None:
    for station in stations:
        point = view.project(np.array([station.longitude]), np.array([station.latitude]))[0]
        axes.plot(*point, "^", **station_style(station.code in used))
        axes.annotate(
            station.station,
            (point[0], point[1]),
            xytext=(0.0, 7.0),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            path_effects=HALO,
            zorder=5.5,
        )


def _furnish(
    axes: Axes, view: MapView, events: Sequence[Event], stations: Sequence[Station], inset: bool
) -> None:
    """Put inset, close-up and scale bar where least is hidden."""
    places = [view.project(*_outline(event).T) for event in events]
    places += [
        view.project(np.array([station.longitude]), np.array([station.latitude]))
        for station in stations
    ]
    corners = emptiest_corners(view, np.concatenate(places))
    if inset:
        add_inset(axes, view, corners.pop(0))
    size_m = float(np.ptp(places[0], axis=0).max())
    if len(events) == 1 and size_m < 2.0 * _SMALL_SHARE * view.half_width_m:
        _add_close_up(axes, view, events[0], corners.pop(0))
    add_scale_bar(axes, corners.pop(0))


def _add_close_up(axes: Axes, view: MapView, event: Event, corner: str) -> None:
    """Draw the region again, large, with its own scale bar."""
    outline = view.project(*_outline(event).T)
    middle = 0.5 * (outline.min(axis=0) + outline.max(axis=0))
    half_m = 0.72 * float(np.ptp(outline, axis=0).max())
    bounds = corner_bounds(corner, 0.3, 0.3 * view.half_width_m / view.half_height_m)
    close = axes.inset_axes(bounds, zorder=7.0)
    close.set_facecolor("white")
    close.set_xlim(middle[0] - half_m, middle[0] + half_m)
    close.set_ylim(middle[1] - half_m, middle[1] + half_m)
    close.set_aspect("equal")
    close.set_xticks([])
    close.set_yticks([])
    _draw_posterior(close, view, event, with_density=True)
    _draw_epicentre(close, view, event)
    add_scale_bar(close)
    axes.add_patch(
        Rectangle(
            (middle[0] - half_m, middle[1] - half_m),
            2.0 * half_m,
            2.0 * half_m,
            facecolor="none",
            edgecolor=INK,
            linewidth=0.9,
            zorder=4.0,
        )
    )


def _add_legend(
    axes: Axes, events: Sequence[Event], stations: Sequence[Station], used: set[str]
) -> None:
    handles: list[Line2D | Patch] = [Line2D([], [], marker="*", linestyle="none", **STAR_FACE)]
    handles[0].set_label("reported epicentre")
    for level in _levels(len(events) == 1):
        region = _region(events[0], level) if len(events) == 1 else None
        area = "" if region is None else f" ({format_area(region.area_km2)})"
        handles.append(
            Line2D(
                [],
                [],
                color=POSTERIOR,
                linestyle=LEVEL_LINES[level],
                label=f"{level:.0%} region{area}",
            )
        )
    for is_used, label in ((True, "station used"), (False, "station not used")):
        if any((station.code in used) == is_used for station in stations):
            handles.append(Line2D([], [], marker="^", label=label, **station_style(is_used)))
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.055),
        ncols=2,
        frameon=False,
        fontsize=8.5,
    )
