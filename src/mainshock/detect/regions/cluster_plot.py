"""Map of a catalogue in the colours of its regions, with their ellipses."""

import math
from textwrap import wrap
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mainshock.detect.regions.cluster import ELLIPSE_PROBABILITIES, NO_CLUSTER, RegionClusters
from mainshock.detect.regions.ellipse import ellipse_outline

__all__ = ["CLUSTER_COLOURS", "map_figure", "plot_clusters"]

# Okabe and Ito's colours less yellow, which a white page swallows
CLUSTER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B2A86")
_MARKERS = ("o", "^", "s", "D", "v")
_LEFT_OVER = "#9a9a9a"
_INK = "#222222"
_DASHES: tuple[Literal["-", "--"], ...] = ("-", "--")
_LINES = dict(zip(ELLIPSE_PROBABILITIES, _DASHES, strict=True))
_MOST_NAMED = 14
_NARROWEST, _WIDEST = 0.4, 2.5  # width of the map over its height
_MAP_IN = 6.0
_SMALLEST_DEG = 5e-3
_FEWEST_FOR_ELLIPSE = 5


def plot_clusters(
    catalogue: pd.DataFrame, clusters: RegionClusters, ax: Axes | None = None
) -> Axes:
    """Return the axes of a map: epicentres by cluster, train and test told apart, ellipses.

    Parameters
    ----------
    catalogue
        ``longitude,latitude,cluster_id`` and ``split``; rows whose split is ``test`` are drawn
        with a dark rim, the others without. Events of no cluster are grey.
    clusters
        The regions; ellipses hold 68 % (full) and 95 % (dashed) of a Gaussian of each cluster's
        covariance. The 14 largest clusters get numbers, and ellipses where they have at least
        5 events.
    ax
        Axes to draw on; a figure is made where there is none.
    """
    axes = ax if ax is not None else map_figure(catalogue).subplots()
    n_train = int((catalogue["split"] != "test").sum())
    size = float(np.clip(2200.0 / max(n_train, 1), 2.0, 24.0))
    _draw_events(axes, catalogue, size)
    _draw_ellipses(axes, clusters)
    width_in = _set_frame(axes, catalogue)
    axes.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.yaxis.set_major_locator(MaxNLocator(6, min_n_ticks=2))
    axes.ticklabel_format(useOffset=False)
    axes.set_xlabel("longitude (degrees)")
    axes.set_ylabel("latitude (degrees)")
    n_test = len(catalogue) - n_train
    after = [f"{n_test:,} later ones are for test"] if n_test else []
    count = _counted(clusters.n_clusters, "region")
    texts = [f"{clusters.model}: {count} of {_counted(n_train, 'event')}", *after]
    lines = [line for text in texts for line in wrap(text, max(16, int(12.0 * width_in)))]
    axes.set_title("\n".join(lines), loc="left", fontsize=11)
    _draw_legend(axes, catalogue, clusters)
    return axes


def _set_frame(axes: Axes, catalogue: pd.DataFrame) -> float:
    """Set aspect and limits so that the map is no sliver; return its width in inches, about."""
    longitude, latitude = (float(catalogue[name].mean()) for name in ("longitude", "latitude"))
    east = max(math.cos(math.radians(latitude)), 0.05)
    axes.set_aspect(1.0 / east)
    if max(np.ptp(catalogue["longitude"]), np.ptp(catalogue["latitude"])) < _SMALLEST_DEG:
        # else one place is drawn with margins of several degrees
        axes.set_xlim(longitude - _SMALLEST_DEG / east, longitude + _SMALLEST_DEG / east)
        axes.set_ylim(latitude - _SMALLEST_DEG, latitude + _SMALLEST_DEG)
    west, right = axes.get_xlim()
    south, north = axes.get_ylim()
    wide, high = max((right - west) * east, 1e-6), max(north - south, 1e-6)
    more_east = max(0.0, _NARROWEST * high - wide) / east / 2.0
    more_north = max(0.0, wide / _WIDEST - high) / 2.0
    axes.set_xlim(west - more_east, right + more_east)
    axes.set_ylim(south - more_north, north + more_north)
    axes.tick_params(labelsize=9)
    return min(_MAP_IN * max(wide / high, _NARROWEST), 10.0)


def map_figure(catalogue: pd.DataFrame) -> Figure:
    """Return an empty figure whose shape suits a map of the events and a legend beside it."""
    high = max(float(np.ptp(catalogue["latitude"])), 1e-3)
    east = math.cos(math.radians(float(catalogue["latitude"].mean())))
    wide = float(np.ptp(catalogue["longitude"])) * east
    width = float(np.clip(6.4 * wide / high, 4.2, 10.0))
    return Figure(figsize=(width + 3.6, 7.2), layout="constrained")


def _style(cluster_id: int) -> tuple[str, str]:
    """Return colour and marker; markers change when the colours are used up."""
    if cluster_id == NO_CLUSTER:
        return _LEFT_OVER, "."
    n = len(CLUSTER_COLOURS)
    return CLUSTER_COLOURS[cluster_id % n], _MARKERS[cluster_id // n % len(_MARKERS)]


def _draw_events(axes: Axes, catalogue: pd.DataFrame, size: float) -> None:
    is_test = (catalogue["split"] == "test").to_numpy()
    ids = catalogue["cluster_id"].to_numpy()
    for cluster_id in sorted(set(ids.tolist())):
        colour, marker = _style(cluster_id)
        for part in (False, True):
            chosen: NDArray[np.bool_] = (ids == cluster_id) & (is_test == part)
            axes.scatter(
                catalogue["longitude"].to_numpy()[chosen],
                catalogue["latitude"].to_numpy()[chosen],
                s=size * (1.8 if part else 1.0),
                c=colour,
                marker=marker,
                alpha=0.9 if part else 0.55,
                edgecolors=_INK if part else "none",
                linewidths=0.45 if part else 0.0,
                zorder=2.0 + part + (cluster_id != NO_CLUSTER) * 0.5,
                rasterized=True,
            )


def _draw_ellipses(axes: Axes, clusters: RegionClusters) -> None:
    for index in range(min(clusters.n_clusters, _MOST_NAMED)):
        mean, covariance = clusters.means_m[index], clusters.covariances_m2[index]
        for level, line in _LINES.items() if _has_ellipse(clusters, index) else ():
            longitude, latitude = ellipse_outline(clusters.frame, mean, covariance, level)
            axes.plot(longitude, latitude, color="white", linewidth=2.4, alpha=0.6, zorder=4.0)
            axes.plot(longitude, latitude, color=_INK, linewidth=1.1, linestyle=line, zorder=4.1)
        east_km, north_km = mean[0] / 1e3, mean[1] / 1e3
        lon, lat = clusters.frame.to_geographic(east_km, north_km)
        axes.annotate(
            str(index),
            (float(lon), float(lat)),
            # beside the events where they are few, so that it hides none
            xytext=(0.0, 0.0 if _has_ellipse(clusters, index) else 10.0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=10,
            fontweight="bold",
            color=_INK,
            zorder=5.0,
            path_effects=[withStroke(linewidth=3.0, foreground="white")],
        )


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _has_ellipse(clusters: RegionClusters, index: int) -> bool:
    """Return whether a region has events enough for its covariance to mean something."""
    return int(clusters.counts[index]) >= _FEWEST_FOR_ELLIPSE


def _dot(colour: str, marker: str, label: str, rim: str = "none") -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markerfacecolor=colour,
        markeredgecolor=rim,
        label=label,
    )


def _draw_legend(axes: Axes, catalogue: pd.DataFrame, clusters: RegionClusters) -> None:
    entries: list[Line2D] = []
    for index in range(min(clusters.n_clusters, _MOST_NAMED)):
        entries.append(
            _dot(*_style(index), f"{index}: {_counted(int(clusters.counts[index]), 'event')}")
        )
    if clusters.n_clusters > _MOST_NAMED:
        rest = int(clusters.counts[_MOST_NAMED:].sum())
        more = clusters.n_clusters - _MOST_NAMED
        entries.append(_dot("none", "o", f"and {more} smaller ones: {rest:,}", _LEFT_OVER))
    n_left = int((catalogue["cluster_id"] == NO_CLUSTER).sum())
    if n_left:
        entries.append(_dot(*_style(NO_CLUSTER), f"in no region: {n_left:,}"))
    if (catalogue["split"] == "test").any():
        entries.append(_dot("white", "o", "dark rim: test", _INK))
    has_any = any(_has_ellipse(clusters, index) for index in range(clusters.n_clusters))
    for level, line in _LINES.items() if has_any else ():
        entries.append(Line2D([], [], color=_INK, linestyle=line, label=f"{level:.0%} ellipse"))
    axes.legend(handles=entries, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
