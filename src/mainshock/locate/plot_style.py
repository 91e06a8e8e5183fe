"""Colours and marks that maps and depth sections share; safe for colour-blind readers."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from mainshock.locate.sample_density import SampleDensity

__all__ = [
    "INK",
    "LEVELS",
    "LEVEL_LINES",
    "POSTERIOR",
    "STAR",
    "STAR_FACE",
    "draw_density",
    "draw_dots",
    "draw_level",
    "format_area",
    "station_style",
]

INK = "#222222"
POSTERIOR = "#5b2a86"
LEVELS = (0.5, 0.68, 0.95)
LEVEL_LINES: dict[float, Any] = {0.5: (0, (1, 1)), 0.68: "-", 0.95: (0, (4, 2))}
STAR_FACE: dict[str, Any] = {
    "markersize": 14.0,
    "markerfacecolor": "#ffb000",
    "markeredgecolor": INK,
    "markeredgewidth": 0.9,
}
STAR: dict[str, Any] = STAR_FACE | {"zorder": 6.0}
_N_DOTS = 400
_DENSITY_COLOURS = LinearSegmentedColormap.from_list(
    "posterior",
    [(0.0, "#5b2a8600"), (0.15, "#8e6bb040"), (0.5, "#7446a0a0"), (1.0, "#4a1d70e6")],
)


def draw_density(axes: Axes, density: SampleDensity) -> None:
    """Draw a density as shades that fade to nothing, and leave the limits of the axes alone."""
    horizontal, vertical = axes.get_xlim(), axes.get_ylim()
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
    axes.set_xlim(*horizontal)
    axes.set_ylim(*vertical)


def draw_dots(axes: Axes, first: NDArray[np.float64], second: NDArray[np.float64]) -> None:
    """Draw a few hundred of the samples themselves, and leave the limits of the axes alone."""
    step = max(1, first.size // _N_DOTS)
    axes.plot(
        first[::step], second[::step], ".", color=INK, alpha=0.35, markersize=1.6,
        markeredgewidth=0.0, zorder=2.5, scalex=False, scaley=False,
    )  # fmt: skip


def draw_level(axes: Axes, density: SampleDensity, level: float) -> None:
    """Draw the outline of the smallest area that holds a share of the samples."""
    threshold = density.threshold(level)
    if not 0.0 < threshold < float(density.mass.max()):
        return  # all samples in one cell: nothing to draw around
    axes.contour(
        density.first,
        density.second,
        density.mass,
        levels=[threshold],
        colors=[POSTERIOR],
        linestyles=[LEVEL_LINES.get(level, "-")],
        linewidths=1.3,
        zorder=3.0,
    )


def station_style(is_used: bool) -> dict[str, Any]:  # values of several types
    """Return the marker of a station for ``Axes.plot``: filled where an arrival was used."""
    return {
        "markersize": 8.0,
        "markerfacecolor": INK if is_used else "white",
        "markeredgecolor": INK,
        "linestyle": "none",
        "zorder": 5.0,
    }


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
