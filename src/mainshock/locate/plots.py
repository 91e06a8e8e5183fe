"""Maps and depth sections of located events: the posterior, never a bare point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
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
    LAND,
    MapView,
    add_graticule,
    add_inset,
    add_land,
    add_scale_bar,
    choose_view,
    corner_bounds,
    emptiest_corners,
)
from mainshock.locate.sample_density import SampleDensity, estimate_density

__all__ = ["format_area", "plot_depth_section", "plot_map"]

FloatArray = NDArray[np.float64]
_POSTERIOR = "#5b2a86"
_INK = "#222222"
_LEVELS = (0.68, 0.95)
_LEVEL_LINES: dict[float, Any] = {0.68: "-", 0.95: (0, (4, 2))}
_SMALL_SHARE = 0.10  # of the map's width; a smaller 95 % region gets a close-up
_STAR_FACE: dict[str, Any] = {
    "markersize": 14.0,
    "markerfacecolor": "#ffb000",
    "markeredgecolor": _INK,
    "markeredgewidth": 0.9,
}
_STAR: dict[str, Any] = _STAR_FACE | {"zorder": 6.0}
_MOST_EXAGGERATION = 8.0
_DENSITY_COLOURS = LinearSegmentedColormap.from_list(
    "posterior",
    [(0.0, "#5b2a8600"), (0.15, "#8e6bb040"), (0.5, "#7446a0a0"), (1.0, "#4a1d70e6")],
)


def plot_map(
    events: Event | Sequence[Event],
    stations: Sequence[Station],
    *,
    inset: bool = True,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Return a map of one or more events with their 68 % and 95 % regions, and the stations.

    Parameters
    ----------
    events
        Located events. The density of the samples is drawn where there is one event; a close-up is
        added where its 95 % region is small on the map.
    stations
        Stations to show; filled where an arrival was used. Those without one count for the extent
        of the map only if they lie within three times the distance of the farthest used one.
    inset
        Draw where the map lies, in the emptiest corner.
    title
        Text above the map.
    ax
        A Cartopy ``GeoAxes``; its projection must be in metres. None makes a new figure with
        transverse Mercator (azimuthal equidistant for maps wider than 2400 km).

    Returns
    -------
    Axes
        The ``GeoAxes``; its unit is the metre.

    Raises
    ------
    DataError
        If there is no event.
    GeometryError
        If ``ax`` is no map.
    """
    shown = [events] if isinstance(events, Event) else list(events)
    if not shown:
        raise DataError("there is no event to map; give at least one")
    used = {arrival.pick.station_code for event in shown for arrival in event.arrivals}
    near = _stations_to_show(shown, stations, used)
    view = _view(shown, near, None if ax is None else _projection_of(ax))
    axes = _new_map(view) if ax is None else ax
    view.apply(axes)
    add_land(axes, view)
    add_graticule(axes)
    for event in shown:
        _draw_posterior(axes, view, event, with_density=len(shown) == 1)
        _draw_epicentre(axes, view, event, with_time=len(shown) > 1)
    _draw_stations(axes, view, near, used)
    _furnish(axes, view, shown, near, inset)
    _add_legend(axes, shown, near, used)
    axes.set_title(title, loc="left", fontsize=11)
    return axes


def _projection_of(ax: Axes) -> Any:  # Cartopy states no types
    projection = getattr(ax, "projection", None)
    if projection is None:
        raise GeometryError(
            "the axes given have no projection; leave ax out, or make it with "
            "figure.add_subplot(projection=cartopy.crs.TransverseMercator(longitude, latitude))"
        )
    return projection


def _new_map(view: MapView) -> Axes:
    figure = Figure(figsize=(7.2, 7.0), layout="constrained")
    return figure.add_subplot(projection=view.projection)


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
        distance_km = geodesic_distance_km(*places.T, station.longitude, station.latitude)
        if station.code in used or distance_km.min() <= 3.0 * farthest_km:
            shown.append(station)
    return shown


def _outline(event: Event) -> FloatArray:
    """Return longitude and latitude around the bulk of the posterior, shape ``(n, 2)``."""
    origin = event.origin
    rings = [rings[0] for region in origin.regions[-1:] for rings in region.polygons]
    if rings:
        return np.concatenate(rings)
    reach_km = 2.5 * np.array([[origin.east_sd_km, 0.0], [0.0, origin.north_sd_km]])
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
    if density is not None and with_density:
        _draw_density(axes, density)
    for level in _LEVELS:
        region = _region(event, level)
        if region is not None:
            _draw_region(axes, view, region, is_filled=not with_density)
        elif density is not None:
            axes.contour(
                density.first,
                density.second,
                density.mass,
                levels=[density.threshold(level)],
                colors=[_POSTERIOR],
                linestyles=[_LEVEL_LINES[level]],
                zorder=3.0,
            )


def _draw_density(axes: Axes, density: SampleDensity) -> None:
    limits = (*axes.get_xlim(), *axes.get_ylim())
    axes.imshow(
        density.mass,
        extent=density.extent(),
        origin="lower",
        cmap=_DENSITY_COLOURS,
        vmin=0.0,
        interpolation="bilinear",
        aspect=axes.get_aspect(),
        zorder=2.0,
    )
    axes.set_xlim(*limits[:2])
    axes.set_ylim(*limits[2:])


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
                facecolor=f"{_POSTERIOR}33" if is_filled else f"{_POSTERIOR}14",
                edgecolor=_POSTERIOR,
                linewidth=1.3,
                linestyle=_LEVEL_LINES.get(region.level, "-"),
                zorder=3.0,
            )
        )


def _draw_epicentre(axes: Axes, view: MapView, event: Event, *, with_time: bool) -> None:
    origin = event.origin
    point = view.project(np.array([origin.longitude]), np.array([origin.latitude]))[0]
    axes.plot(*point, "*", **_STAR)
    if with_time:
        axes.annotate(
            f"{origin.time:%H:%M:%S}",
            (point[0], point[1]),
            xytext=(7.0, -10.0),
            textcoords="offset points",
            fontsize=8,
            path_effects=HALO,
            zorder=6.0,
        )


def _draw_stations(axes: Axes, view: MapView, stations: Sequence[Station], used: set[str]) -> None:
    for station in stations:
        point = view.project(np.array([station.longitude]), np.array([station.latitude]))[0]
        axes.plot(*point, "^", **_station_style(station.code in used))
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


def _station_style(is_used: bool) -> dict[str, Any]:
    return {
        "markersize": 8.0,
        "markerfacecolor": _INK if is_used else "white",
        "markeredgecolor": _INK,
        "linestyle": "none",
        "zorder": 5.0,
    }


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
    close = axes.inset_axes((bounds[0], bounds[1], bounds[2], bounds[3]), zorder=7.0)
    close.set_facecolor(LAND)
    close.set_xlim(middle[0] - half_m, middle[0] + half_m)
    close.set_ylim(middle[1] - half_m, middle[1] + half_m)
    close.set_aspect("equal")
    close.set_xticks([])
    close.set_yticks([])
    _draw_posterior(close, view, event, with_density=True)
    _draw_epicentre(close, view, event, with_time=False)
    add_scale_bar(close)
    frame = {"facecolor": "none", "edgecolor": _INK, "linewidth": 0.9}
    axes.add_patch(
        Rectangle(
            (middle[0] - half_m, middle[1] - half_m), 2 * half_m, 2 * half_m, **frame, zorder=4.0
        )
    )


def _add_legend(
    axes: Axes, events: Sequence[Event], stations: Sequence[Station], used: set[str]
) -> None:
    handles: list[Line2D | Patch] = [Line2D([], [], marker="*", linestyle="none", **_STAR_FACE)]
    handles[0].set_label("reported epicentre")
    for level in _LEVELS:
        region = _region(events[0], level) if len(events) == 1 else None
        area = "" if region is None else f" ({format_area(region.area_km2)})"
        handles.append(
            Line2D(
                [],
                [],
                color=_POSTERIOR,
                linestyle=_LEVEL_LINES[level],
                label=f"{level:.0%} region{area}",
            )
        )
    for is_used, label in ((True, "station used"), (False, "station not used")):
        if any((station.code in used) == is_used for station in stations):
            handles.append(Line2D([], [], marker="^", label=label, **_station_style(is_used)))
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.055),
        ncols=3,
        frameon=False,
        fontsize=8.5,
    )


def format_area(area_km2: float) -> str:
    """Return an area with two or three digits that mean something.

    Examples
    --------
    >>> format_area(0.1234), format_area(12.34), format_area(123456.0)
    ('0.12 km²', '12.3 km²', '123,000 km²')
    """
    if area_km2 >= 1000.0:
        digits = 3 - len(str(int(area_km2)))
        return f"{round(area_km2, digits):,.0f} km²"
    decimals = 2 if area_km2 < 1.0 else 1 if area_km2 < 100.0 else 0
    return f"{area_km2:.{decimals}f} km²"


def plot_depth_section(
    event: Event,
    stations: Sequence[Station],
    *,
    azimuth_deg: float | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Return a vertical section through the reported hypocentre with the posterior in it.

    Parameters
    ----------
    event
        A located event with samples.
    stations
        Stations with an arrival are drawn at their elevation, moved into the section.
    azimuth_deg
        Direction of the section, degrees clockwise from north: 90 looks north with east to the
        right. None: along the longest axis of the posterior.
    title
        Text above the section.
    ax
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Axes
        Distance and depth in km; the depth grows downwards. The exaggeration of the depth is
        stated where it is not 1.

    Raises
    ------
    DataError
        If the origin carries no samples.
    """
    samples = event.origin.samples
    if samples is None:
        raise DataError(
            f"event {event.event_id} has no posterior samples, which a depth section needs"
        )
    axes = Figure(figsize=(6.0, 4.2), layout="constrained").add_subplot() if ax is None else ax
    frame = LocalFrame(event.origin.longitude, event.origin.latitude)
    east_km, north_km = frame.to_local(samples.longitude, samples.latitude)
    azimuth = _longest_axis_deg(east_km, north_km) if azimuth_deg is None else azimuth_deg
    direction = np.array([np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))])
    along_km = east_km * direction[0] + north_km * direction[1]
    _draw_section_density(axes, along_km, samples.depth_km)
    places = _section_stations(event, stations, frame, direction)
    for name, distance_km, depth_km in places:
        axes.plot(distance_km, depth_km, "^", **_station_style(is_used=True))
        axes.annotate(
            name, (distance_km, depth_km), xytext=(0.0, 6.0), textcoords="offset points",
            ha="center", fontsize=8, path_effects=HALO, zorder=5.5,
        )  # fmt: skip
    _draw_hypocentre(axes, event)
    _set_section_limits(axes, along_km, samples.depth_km, places)
    _label_section(axes, event, azimuth, title)
    return axes


def _longest_axis_deg(east_km: FloatArray, north_km: FloatArray) -> float:
    _, vectors = np.linalg.eigh(np.cov(east_km, north_km))
    return float(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0)


def _draw_section_density(axes: Axes, along_km: FloatArray, depth_km: FloatArray) -> None:
    limits = (float(depth_km.min()), float(depth_km.max()))
    density = estimate_density(along_km, depth_km, second_limits=limits)
    _draw_density(axes, density)
    for level in _LEVELS:
        axes.contour(
            density.first,
            density.second,
            density.mass,
            levels=[density.threshold(level)],
            colors=[_POSTERIOR],
            linestyles=[_LEVEL_LINES[level]],
            linewidths=1.3,
            zorder=3.0,
        )


def _section_stations(
    event: Event, stations: Sequence[Station], frame: LocalFrame, direction: FloatArray
) -> list[tuple[str, float, float]]:
    """Return name, distance along the section and depth (both km) of the stations used."""
    used = {arrival.pick.station_code for arrival in event.arrivals}
    places = []
    for station in stations:
        if station.code in used:
            east_km, north_km = frame.to_local(station.longitude, station.latitude)
            along_km = float(east_km * direction[0] + north_km * direction[1])
            places.append((station.station, along_km, station.depth_km))
    return places


def _draw_hypocentre(axes: Axes, event: Event) -> None:
    depth_km, sd_km = event.origin.depth_km, event.origin.depth_sd_km
    axes.plot([0.0, 0.0], [depth_km - sd_km, depth_km + sd_km], color=_INK, linewidth=1.2, zorder=5)
    axes.plot(0.0, depth_km, "*", **_STAR)


def _set_section_limits(
    axes: Axes,
    along_km: FloatArray,
    depth_km: FloatArray,
    places: Sequence[tuple[str, float, float]],
) -> None:
    near, far = np.percentile(along_km, [0.2, 99.8])
    low = min([float(near), 0.0, *(place[1] for place in places)])
    high = max([float(far), 0.0, *(place[1] for place in places)])
    top = min([float(depth_km.min()), 0.0, *(place[2] for place in places)])
    bottom = float(np.percentile(depth_km, 99.8))
    width, height = max(high - low, 0.5), max(bottom - top, 0.5)
    exaggeration = float(np.clip(0.5 * width / height, 1.0, _MOST_EXAGGERATION))
    axes.set_xlim(low - 0.08 * width, high + 0.08 * width)
    axes.set_ylim(bottom + 0.06 * height, top - 0.14 * height)
    axes.set_aspect(exaggeration if exaggeration > 1.05 else 1.0, adjustable="datalim")
    if exaggeration > 1.05:
        axes.annotate(
            f"depth exaggerated {exaggeration:.1f} times", (0.99, 0.02),
            xycoords="axes fraction", ha="right", fontsize=8, path_effects=HALO, zorder=6.0,
        )  # fmt: skip


def _label_section(axes: Axes, event: Event, azimuth_deg: float, title: str) -> None:
    names = {0: "north", 90: "east", 180: "south", 270: "west"}
    name = names.get(round(azimuth_deg), f"towards {azimuth_deg:.0f}°")
    axes.set_xlabel(f"km {name} of the epicentre" if name in names.values() else f"km {name}")
    axes.set_ylabel("depth below sea level, km")
    axes.axhline(0.0, color="#8a8a8a", linewidth=0.8, zorder=1.0)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontsize=11)
    if "depth_unconstrained" in (*event.flags, *event.origin.flags):
        axes.annotate(
            "depth is hardly constrained by these picks", (0.01, 0.02),
            xycoords="axes fraction", fontsize=8.5, color="#8a2d00", path_effects=HALO, zorder=6.0,
        )  # fmt: skip
