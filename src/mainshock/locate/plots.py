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
from mainshock.core.geo import LocalFrame
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
from mainshock.locate.sample_density import SampleDensity, estimate_density

__all__ = ["plot_depth_section", "plot_map"]

FloatArray = NDArray[np.float64]
_POSTERIOR = "#5b2a86"
_POINT = "#ffb000"
_INK = "#222222"
_LEVELS = (0.68, 0.95)
_LEVEL_LINES: dict[float, Any] = {0.68: "-", 0.95: (0, (4, 2))}
_SMALL_SHARE = 0.10  # of the map's width; a smaller 95 % region gets a close-up
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
    view, places = _view(shown, stations, used)
    axes = _new_map(view) if ax is None else _checked(ax)
    axes.set_xlim(-view.half_width_m, view.half_width_m)
    axes.set_ylim(-view.half_height_m, view.half_height_m)
    if ax is not None:
        view = MapView(axes.projection, view.centre, view.half_width_m, view.half_height_m)  # type: ignore[attr-defined]
    add_land(axes, view)
    add_graticule(axes)
    for event in shown:
        _draw_event(axes, view, event, with_density=len(shown) == 1, number=None)
    return axes


def _checked(ax: Axes) -> Axes:
    if not hasattr(ax, "projection"):
        raise GeometryError(
            "the axes given have no projection; leave ax out, or make it with "
            "figure.add_subplot(projection=cartopy.crs.TransverseMercator(longitude, latitude))"
        )
    return ax
