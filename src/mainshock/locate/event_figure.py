"""All that is known of one event in one figure: map, two depth sections, origin time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.core.records import Event, Station
from mainshock.locate.plot_style import INK, POSTERIOR
from mainshock.locate.plots import map_projection, plot_map
from mainshock.locate.section_plots import plot_depth_section

__all__ = ["plot_event", "plot_origin_time"]

_N_BINS = 60


def plot_event(event: Event, stations: Sequence[Station], *, title: str = "") -> Figure:
    """Return a map with regions, draws and stations, two depth sections and the origin time.

    Parameters
    ----------
    event
        A located event with samples.
    stations
        Stations to show.
    title
        Text above; by default the event's id.

    Raises
    ------
    DataError
        If the origin carries no samples.
    """
    figure = Figure(figsize=(12.6, 8.0), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1.2, 1.0), height_ratios=(1.0, 1.0, 0.62))
    sections = {"west to east": 90.0, "south to north": 0.0}
    for row, (name, azimuth_deg) in enumerate(sections.items()):
        axes = figure.add_subplot(grid[row, 1])
        plot_depth_section(event, stations, azimuth_deg=azimuth_deg, title=name, ax=axes)
    plot_origin_time(event, ax=figure.add_subplot(grid[2, 1]))
    ground = figure.add_subplot(grid[:, 0], projection=map_projection(event, stations))
    plot_map(event, stations, ax=ground)
    ground.set_anchor("N")
    figure.suptitle(title or event.event_id, x=0.01, ha="left", fontsize=12)
    return figure


def plot_origin_time(event: Event, *, title: str = "origin time", ax: Axes | None = None) -> Axes:
    """Return the posterior of the origin time: histogram of the draws and their 68 % interval.

    Parameters
    ----------
    event
        A located event with samples.
    title, ax
        Text above, and axes to draw on; by default those of a new figure.

    Raises
    ------
    DataError
        If the origin carries no samples.
    """
    samples = event.origin.samples
    if samples is None:
        raise DataError(
            f"event {event.event_id} has no posterior samples, which the origin time needs"
        )
    axes = Figure(figsize=(6.0, 2.6), layout="constrained").add_subplot() if ax is None else ax
    low, first, last, high = np.percentile(samples.time_s, [0.2, 16.0, 84.0, 99.8])
    room = max(0.08 * (high - low), 1e-3)
    counts, edges = np.histogram(samples.time_s, _N_BINS, (low - room, high + room), density=True)
    axes.axvspan(first, last, color=POSTERIOR, alpha=0.12, linewidth=0.0, label="68 % of draws")
    axes.stairs(counts, edges, fill=True, color=POSTERIOR, alpha=0.65)
    axes.axvline(0.0, color=INK, linewidth=1.2, label="reported")
    axes.set_xlim(low - room, high + room)
    axes.set_xlabel(f"s after {event.origin.time:%Y-%m-%d %H:%M:%S.%f}"[:-4] + " UTC")
    axes.set_ylabel("density, 1/s")
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(fontsize=8, frameon=False, loc="upper right")
    return axes
