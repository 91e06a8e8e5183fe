"""Figures of maps of shaking: median and its spread, with coasts, stations and cautions."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from mainshock.core.records import Station
from mainshock.core.shaking_field import ShakingField
from mainshock.core.times import format_utc
from mainshock.shaking.contours import contour_levels
from mainshock.shaking.measures import unit_of
from mainshock.sources.basemap import BASEMAP_CREDIT, borders, coastlines

__all__ = ["plot_map"]

FloatArray = NDArray[np.float64]
_MOST_MEASURES = 4
_MEDIANS, _SPREADS = "magma_r", "cividis"
_WIDE_DEGREES = 12.0
_PANEL_INCHES = 3.6
_KINDS = ("median", "sd", "sd_epistemic")
_NAMES = {"ln_pga": "PGA", "ln_pgv": "PGV"}


def plot_map(
    field: ShakingField, stations: Sequence[Station] = (), measures: Sequence[str] | None = None
) -> Figure:
    """Return a figure: a row a measure; median, standard deviation and its epistemic part.

    Parameters
    ----------
    stations
        Drawn as triangles.
    measures
        Which to draw; None for the first four.

    Raises
    ------
    DataError
        If the map does not hold a measure.
    """
    shown = list(measures or field.measures[:_MOST_MEASURES])
    size = (_PANEL_INCHES * len(_KINDS) + 1.2, _PANEL_INCHES * len(shown) + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(shown), len(_KINDS), squeeze=False, sharex=True, sharey=True)
    for row, measure in zip(panels, shown, strict=True):
        for axes, kind in zip(row, _KINDS, strict=True):
            _panel(figure, axes, field, measure, kind)
            _add_coasts(axes, field)
            _add_places(axes, field, stations)
    for axes in panels[-1]:
        axes.set_xlabel("longitude (°)")
    for axes in panels[:, 0]:
        axes.set_ylabel("latitude (°)")
    figure.suptitle(_title(field), fontsize=11)
    told = f"{' '.join(field.cautions())} Model: {field.model}. Coasts: {BASEMAP_CREDIT}."
    figure.supxlabel("\n".join(textwrap.wrap(told, 120)), fontsize=8, color="#444444")
    return figure


def _title(field: ShakingField) -> str:
    when = "scenario" if field.time is None else format_utc(field.time)[:19].replace("T", " ")
    kind = field.magnitude_type or "M"
    spread = f" ± {field.magnitude_sd:.1f}" if field.magnitude_sd > 0.0 else ""
    return (
        f"{field.event_id}: {kind} {field.magnitude:.1f}{spread}, {field.depth_km:.0f} km, {when}"
    )


def _panel(figure: Figure, axes: Axes, field: ShakingField, measure: str, kind: str) -> None:
    """Draw one quantity of one measure, hatched where the model extrapolates."""
    i = field.column(measure)
    if kind == "median":
        values = np.exp(field.mean[:, i])
        colours, label = _MEDIANS, f"{_name(measure)} ({unit_of(measure)})"
        norm: Normalize = LogNorm(*_limits(values))
    else:
        values = getattr(field, kind)[:, i]
        colours, label = _SPREADS, "sd (ln)" if kind == "sd" else "epistemic sd (ln)"
        norm = Normalize(0.0, max(float(field.sd[:, i].max()), 1e-3))
    image: ScalarMappable
    if field.shape is None:
        image = axes.scatter(
            field.site_longitude, field.site_latitude, c=values, s=18, norm=norm, cmap=colours
        )
    else:
        image = axes.pcolormesh(
            *(*field.axes(), values.reshape(field.shape)),
            shading="nearest",
            norm=norm,
            cmap=colours,
        )
        _add_lines(axes, field, i, kind)
    figure.colorbar(image, ax=axes, label=label, shrink=0.8)
    axes.set_aspect(1.0 / math.cos(math.radians(float(field.site_latitude.mean()))))
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="x", nbins=4)  # longitudes are wide


def _limits(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low, high if high > low else low * 1.01


def _add_lines(axes: Axes, field: ShakingField, i: int, kind: str) -> None:
    longitude, latitude = field.axes()
    if kind == "median":
        median = np.exp(field.mean[:, i]).reshape(field.shape or ())
        levels = contour_levels(float(median.min()), float(median.max()))
        if levels:
            lines = axes.contour(
                longitude, latitude, median, levels=levels, colors="#333333", linewidths=0.6
            )
            for text in axes.clabel(lines, fmt=lambda value: f"{value:g}", fontsize=7):
                text.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
    mask = field.is_extrapolated.reshape(field.shape or ())
    if mask.any():
        axes.contourf(
            *(longitude, latitude, mask.astype(float)),
            levels=[0.5, 1.5],
            colors="none",
            hatches=["////"],
        )


def _add_coasts(axes: Axes, field: ShakingField) -> None:
    low, high = field.site_longitude.min(), field.site_longitude.max()
    south, north = field.site_latitude.min(), field.site_latitude.max()
    if high - low >= 180.0 or high <= low or north <= south:
        return
    box = (_wrapped(low), float(south), _wrapped(high), float(north))
    resolution = "10m" if high - low < _WIDE_DEGREES else "50m"
    shift = float(low) - _wrapped(low)
    for lines, style in ((coastlines(resolution, box), "-"), (borders(resolution, box), ":")):
        for line in lines:
            axes.plot(line[:, 0] + shift, line[:, 1], style, color="#1f6f8b", lw=0.8, zorder=3)
    axes.set_xlim(low, high)
    axes.set_ylim(south, north)


def _wrapped(longitude: float) -> float:
    return float((longitude + 180.0) % 360.0 - 180.0)


def _add_places(axes: Axes, field: ShakingField, stations: Sequence[Station]) -> None:
    west = float(field.site_longitude.min())
    places = [(one.longitude, one.latitude) for one in stations]
    for (longitude, latitude), style, size in (
        *((place, "^", 5.0) for place in places),
        ((field.longitude, field.latitude), "*", 13.0),
    ):
        east = west + (longitude - west) % 360.0  # where the map spans the 180th meridian
        axes.plot(
            *([east], [latitude], style),
            markersize=size,
            markerfacecolor="#ffffff",
            markeredgecolor="#000000",
            zorder=4,
            scalex=False,
            scaley=False,
        )


def _name(measure: str) -> str:
    if measure.startswith("ln_psa_"):
        return f"PSA {measure.removeprefix('ln_psa_').removesuffix('s')} s"
    if measure.startswith("ln_fas_"):
        return f"FAS {measure.removeprefix('ln_fas_').removesuffix('hz')} Hz"
    return _NAMES.get(measure, measure)
