"""Depth sections of located events: the posterior across and down, stations at their elevation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Event, Station
from mainshock.locate.map_frame import HALO, corner_bounds
from mainshock.locate.plot_style import (
    INK,
    LEVELS,
    STAR,
    draw_density,
    draw_dots,
    draw_level,
    station_style,
)
from mainshock.locate.sample_density import SampleDensity, estimate_density

__all__ = ["plot_depth_section"]

FloatArray = NDArray[np.float64]
_SMALL_SHARE = 0.10  # of the section's width; a smaller posterior gets a close-up
_BOX_RATIO = 0.62  # height of the panel over its width
_MOST_STRETCH = 2.0  # of the depth range, before the depth is exaggerated instead


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
    title, ax
        Text above the section, and axes to draw on; by default those of a new figure.

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
    density = _section_density(along_km, samples.depth_km)
    _draw_density(axes, density)
    draw_dots(axes, along_km, samples.depth_km)
    places = _section_stations(event, stations, frame, direction)
    _draw_hypocentre(axes, event)
    _set_limits(axes, event, along_km, samples.depth_km, places)
    _draw_stations(axes, places)
    _label_section(axes, event, azimuth, title)
    if _spread_km(along_km, samples.depth_km) < _SMALL_SHARE * float(np.ptp(axes.get_xlim())):
        _add_close_up(axes, event, density, along_km, samples.depth_km)
    return axes


def _longest_axis_deg(east_km: FloatArray, north_km: FloatArray) -> float:
    _, vectors = np.linalg.eigh(np.cov(east_km, north_km))
    return float(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0)


def _section_density(along_km: FloatArray, depth_km: FloatArray) -> SampleDensity:
    limits = (float(depth_km.min()), float(depth_km.max()))
    return estimate_density(along_km, depth_km, second_limits=limits)


def _draw_density(axes: Axes, density: SampleDensity) -> None:
    draw_density(axes, density)
    for level in LEVELS:
        draw_level(axes, density, level)


def _bulk(values: FloatArray) -> tuple[float, float]:
    low, high = np.percentile(values, [0.2, 99.8])
    return float(low), float(high)


def _spread_km(along_km: FloatArray, depth_km: FloatArray) -> float:
    return max(float(np.ptp(_bulk(along_km))), float(np.ptp(_bulk(depth_km))))


def _add_close_up(
    axes: Axes,
    event: Event,
    density: SampleDensity,
    along_km: FloatArray,
    depth_km: FloatArray,
) -> None:
    """Draw a posterior that is small in the section again, large, on the emptier side."""
    left, right = axes.get_xlim()
    side = "lower right" if 0.5 * (left + right) > 0.0 else "lower left"
    bounds = corner_bounds(side, 0.36, 0.62)
    close = axes.inset_axes(bounds, zorder=7.0)
    _draw_density(close, density)
    _draw_hypocentre(close, event)
    half_km = 0.62 * _spread_km(along_km, depth_km)
    middle_km = (float(np.mean(_bulk(along_km))), float(np.mean(_bulk(depth_km))))
    tall_km = half_km * _BOX_RATIO * bounds[3] / bounds[2]
    close.set_xlim(middle_km[0] - half_km, middle_km[0] + half_km)
    close.set_ylim(middle_km[1] + tall_km, middle_km[1] - tall_km)
    close.tick_params(labelsize=7, direction="in", pad=-14)
    close.tick_params(axis="y", pad=-24)
    close.set_title("close-up, km", fontsize=7.5, pad=2.0)


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
    axes.plot([0.0, 0.0], [depth_km - sd_km, depth_km + sd_km], color=INK, linewidth=1.2, zorder=5)
    axes.plot(0.0, depth_km, "*", **STAR)


def _draw_stations(axes: Axes, places: Sequence[tuple[str, float, float]]) -> None:
    """Draw stations from left to right, names of close neighbours at different heights."""
    room_km = 0.07 * float(np.ptp(axes.get_xlim()))
    last_km, level = -np.inf, 0
    for name, along_km, depth_km in sorted(places, key=lambda place: place[1]):
        level = level + 1 if along_km - last_km < room_km else 0
        last_km = along_km
        axes.plot(along_km, depth_km, "^", **station_style(is_used=True))
        axes.annotate(
            name,
            (along_km, depth_km),
            xytext=(0.0, 6.0 + 10.0 * (level % 3)),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            path_effects=HALO,
            zorder=5.5,
            annotation_clip=True,
        )


def _set_limits(
    axes: Axes,
    event: Event,
    along_km: FloatArray,
    depth_km: FloatArray,
    places: Sequence[tuple[str, float, float]],
) -> None:
    near, far = _bulk(along_km)
    low = min([near, 0.0, *(place[1] for place in places)])
    high = max([far, 0.0, *(place[1] for place in places)])
    top = min([float(depth_km.min()), 0.0, *(place[2] for place in places)])
    bottom = max(_bulk(depth_km)[1], event.origin.depth_km)
    width, height = max(high - low, 0.5), max(bottom - top, 0.5)
    exaggeration = _set_true_scale(
        axes,
        (low - 0.08 * width, high + 0.08 * width),
        (top - 0.22 * height, bottom + 0.10 * height),
    )
    if exaggeration > 1.0:
        axes.annotate(
            f"depth exaggerated {exaggeration:.1f} times",
            (0.99, 0.11),
            xycoords="axes fraction",
            ha="right",
            fontsize=8,
            path_effects=HALO,
            zorder=6.0,
        )


def _set_true_scale(
    axes: Axes, along_km: tuple[float, float], depth_km: tuple[float, float]
) -> float:
    """Widen the limits until a km is as long across as down; return the exaggeration left."""
    axes.set_box_aspect(_BOX_RATIO)
    width, height = along_km[1] - along_km[0], depth_km[1] - depth_km[0]
    ratio = _BOX_RATIO * width / height
    exaggeration = 1.0
    if ratio < 1.0:
        extra = 0.5 * (height / _BOX_RATIO - width)
        along_km = (along_km[0] - extra, along_km[1] + extra)
    elif ratio < _MOST_STRETCH:
        depth_km = (depth_km[0], depth_km[0] + _BOX_RATIO * width)
    else:
        exaggeration = ratio
    axes.set_xlim(*along_km)
    axes.set_ylim(depth_km[1], depth_km[0])
    return exaggeration


def _label_section(axes: Axes, event: Event, azimuth_deg: float, title: str) -> None:
    names = {0: "north", 90: "east", 180: "south", 270: "west"}
    name = names.get(round(azimuth_deg), f"towards {azimuth_deg:.0f}°")
    axes.set_xlabel(f"km {name} of the epicentre" if name in names.values() else f"km {name}")
    axes.set_ylabel("depth below sea level, km")
    axes.axhline(0.0, color="#8a8a8a", linewidth=0.8, zorder=1.0)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontsize=11, pad=12.0)  # above the stations' names
    if "depth_unconstrained" in (*event.flags, *event.origin.flags):
        axes.annotate(
            "depth is hardly constrained by these picks", (0.01, 0.02),
            xycoords="axes fraction", fontsize=8.5, color="#8a2d00", path_effects=HALO, zorder=6.0,
        )  # fmt: skip
