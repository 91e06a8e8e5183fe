"""What a catalogue looks like: magnitudes in time, rates, the law of magnitudes, places."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.magnitudes import (
    b_positive,
    levelled_magnitudes,
    magnitude_law,
    rounding_of,
)
from mainshock.forecast.region import Region, region_around
from mainshock.sources.basemap import BASEMAP_CREDIT, borders, coastlines
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "plot_cumulative_number",
    "plot_frequency_magnitude",
    "plot_magnitude_time",
    "plot_places",
    "portrait",
]

FloatArray = NDArray[np.float64]
# Okabe and Ito: told apart by colour-blind readers
_BLUE, _ORANGE, _GREY, _BLACK = "#0072B2", "#D55E00", "#999999", "#222222"
_COAST = "#555555"
_DEPTHS = "viridis"  # shallow events, the most, are dark
_N_NAMED = 3
_LAST_CALENDAR_DAYS = 2_900_000.0
_WIDE_DEGREES = 12.0
_MANY = 5000


def _axes(ax: "Axes | None") -> "Axes":
    from matplotlib.figure import Figure  # noqa: PLC0415

    if ax is not None:
        return ax
    return Figure(figsize=(7.0, 4.5), layout="constrained").subplots()


def _require_events(catalogue: Catalogue, mc: float) -> Catalogue:
    chosen = catalogue.above(mc)
    if len(chosen) == 0:
        raise DataError(
            f"no event has magnitude {mc:g} or more; the largest is "
            f"{catalogue.magnitude.max(initial=-np.inf):.1f}. Choose a lower mc"
        )
    return chosen


def _moments(catalogue: Catalogue) -> NDArray[np.generic]:
    """Return times as calendars have them, days where they have none."""
    days = catalogue.time_days
    if catalogue.is_synthetic or np.abs(days).max(initial=0.0) > _LAST_CALENDAR_DAYS:
        return np.asarray(days)
    return np.round(days * 86_400_000.0).astype("datetime64[ms]")


def _label_time(ax: "Axes", catalogue: Catalogue) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    ax.margins(x=0.02)
    if _moments(catalogue).dtype.kind == "f":
        ax.set_xlabel("time (days)")
        return
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    short = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(short)
    ax.set_xlabel("time (UTC)")


def _has_own(catalogue: Catalogue) -> bool:
    return bool(np.isfinite(catalogue.completeness).any())


def _legend_above(ax: "Axes") -> None:
    """Put the legend over the axes, where it hides no event."""
    ax.legend(
        *ax.get_legend_handles_labels(),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=3,
        fontsize=8,
        frameon=False,
        scatterpoints=1,
        handletextpad=0.2,
        borderaxespad=0.1,
    )


def _digits(value: float, error: float) -> str:
    """Return a value and its standard error with digits that show the error."""
    n = 2 if error >= 0.01 or not error > 0 else 3
    return f"{value:.{n}f} ± {error:.{n}f}"


def _largest(catalogue: Catalogue) -> NDArray[np.int64]:
    return np.argsort(-catalogue.magnitude, kind="stable")[:_N_NAMED]


def plot_magnitude_time(catalogue: Catalogue, mc: float, ax: "Axes | None" = None) -> "Axes":
    """Draw the magnitude of each event against its time; the three largest are marked.

    Parameters
    ----------
    mc
        Events below it, or below the completeness the catalogue states for them, are grey.
    ax
        None for a new figure.

    Raises
    ------
    DataError
        If no event is complete.
    """
    ax = _axes(ax)
    chosen = _require_events(catalogue, mc)
    own = np.where(np.isfinite(catalogue.completeness), catalogue.completeness, mc)
    below = catalogue.take(catalogue.magnitude < np.maximum(own, mc) - 1e-6)
    n = len(catalogue)
    style: dict[str, Any] = {
        "s": 3.0 if n > _MANY else 9.0,
        "linewidths": 0.0,
        "rasterized": n > _MANY,
    }
    if len(below):
        ax.scatter(_moments(below), below.magnitude, color=_GREY, **style)
        ax.plot([], [], "o", color=_GREY, ms=4, label="below completeness")
    ax.scatter(_moments(chosen), chosen.magnitude, color=_BLUE, **style)
    ax.plot([], [], "o", color=_BLUE, ms=4, label="complete")
    large = chosen.take(np.sort(_largest(chosen)))
    ax.plot(
        *(_moments(large), large.magnitude, "*"),
        color=_ORANGE,
        markeredgecolor="white",
        markersize=14,
        label=f"{len(large)} largest",
    )
    if not _has_own(catalogue):
        ax.axhline(mc, color=_BLACK, lw=1.0, ls="--")
    _label_time(ax, catalogue)
    ax.set_ylabel("magnitude")
    _legend_above(ax)
    return ax


def plot_cumulative_number(catalogue: Catalogue, mc: float, ax: "Axes | None" = None) -> "Axes":
    """Draw how many events of at least ``mc`` there were until each time.

    A dashed line shows a constant rate; vertical lines stand at the three largest events.

    Raises
    ------
    DataError
        If no event is complete.
    """
    ax = _axes(ax)
    chosen = _require_events(catalogue, mc)
    times = _moments(chosen)
    n = len(chosen)
    ax.step(times, np.arange(1, n + 1), where="post", color=_BLUE, lw=1.8, label="catalogue")
    ax.plot(
        *(times[[0, -1]], [0, n]),
        color=_BLACK,
        ls="--",
        lw=1.0,
        label="constant rate",
    )
    for i in _largest(chosen):
        ax.axvline(times[i], color=_ORANGE, lw=1.0, alpha=0.8)
    ax.plot([], [], color=_ORANGE, lw=1.0, label=f"{min(n, _N_NAMED)} largest")
    ax.set_ylim(bottom=0)
    _label_time(ax, catalogue)
    ax.set_ylabel("number of complete events" if _has_own(catalogue) else f"number of M ≥ {mc:g}")
    _legend_above(ax)
    return ax


def plot_frequency_magnitude(catalogue: Catalogue, mc: float, ax: "Axes | None" = None) -> "Axes":
    """Draw the number of events of each magnitude, and the law fitted from ``mc`` on.

    The band is of two standard errors of b (Tinti and Mulargia). Where the catalogue states a
    completeness for each event, magnitudes are shown as if it had been complete from ``mc`` on.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.
    """
    ax = _axes(ax)
    has_own = _has_own(catalogue)
    complete = levelled_magnitudes(catalogue, mc)
    shown = complete if has_own else catalogue.magnitude
    width = max(rounding_of(complete), 0.1)
    law = magnitude_law(complete, mc)
    place = np.floor(shown / width + 0.5 + 1e-9).astype(np.int64)
    counts = np.bincount(place - place.min())
    centre = (np.arange(len(counts)) + place.min()) * width
    above = np.cumsum(counts[::-1])[::-1]
    ax.plot(*(centre, above, "o"), color=_BLUE, ms=4, label="this magnitude or more")
    some = counts > 0
    ax.plot(
        *(centre[some], counts[some], "s"),
        color=_GREY,
        mfc="none",
        ms=4,
        label=f"in bins of {width:g}",
    )
    m = np.linspace(mc, max(float(complete.max()), mc + width), 100)
    line = law.n * 10.0 ** (-law.b * (m - mc))
    wide = 10.0 ** (2.0 * law.b_se * (m - mc))
    label = f"b = {_digits(law.b, law.b_se)}"
    positive = _b_positive_text(complete, law.delta_m, mc)
    ax.fill_between(m, line / wide, line * wide, color=_ORANGE, alpha=0.25, lw=0)
    ax.plot(m, line, color=_ORANGE, lw=1.8, label=label + positive)
    ax.axvline(mc, color=_BLACK, ls="--", lw=1.0, label=f"mc = {mc:g}")
    ax.set_yscale("log")
    ax.set_ylim(0.7, float(above[0]) * 2.0)
    ax.set_xlabel(f"magnitude, levelled to {mc:g}" if has_own else "magnitude")
    ax.set_ylabel("number of events")
    ax.legend(loc="upper right", fontsize=8, framealpha=0.9)
    return ax


def _b_positive_text(complete: FloatArray, delta_m: float, mc: float) -> str:
    """Return the b-value that incompleteness hardly touches, on a line of its own."""
    try:
        found = b_positive(complete, delta_m, mc, max(2 * delta_m, 0.1))
    except DataError:
        return ""
    return f"\n(b-positive {_digits(found.b, found.se)})"


def plot_places(
    catalogue: Catalogue, mc: float, region: Region | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw a map of the epicentres: size by magnitude, colour by depth.

    Parameters
    ----------
    region
        Outlined; the map reaches a little further. None: around all events.

    Raises
    ------
    DataError
        If no event is complete, or the catalogue has no places.
    """
    ax = _axes(ax)
    chosen = _require_events(catalogue, mc)
    whole = region_around(chosen.longitude, chosen.latitude) if region is None else region
    west, south, east, north = _frame_of(whole)
    longitude = west + (chosen.longitude - west) % 360.0
    order = np.argsort(chosen.magnitude, kind="stable")
    n = len(chosen)
    lowest = float(chosen.magnitude.min())
    sizes = _sizes(chosen.magnitude[order] - lowest, n)
    style: dict[str, Any] = {  # matplotlib's keywords
        "s": sizes,
        "linewidths": 0.0,
        "alpha": 0.7,
        "rasterized": n > _MANY,
        "zorder": 2,
    }
    _add_coasts(ax, (west, south, east, north))
    depth = chosen.depth_km[order]
    place = (longitude[order], chosen.latitude[order])
    if np.isfinite(depth).any():
        deepest = max(float(np.nanpercentile(depth, 98)), 1.0)
        dots = ax.scatter(*place, c=depth, cmap=_DEPTHS, vmin=0.0, vmax=deepest, **style)
        ax.figure.colorbar(dots, ax=ax, label="depth (km)", shrink=0.8, extend="max", alpha=1.0)
    else:
        ax.scatter(*place, color=_BLUE, **style)
    for above in (0.0, 2.0, 4.0):
        if lowest + above <= float(chosen.magnitude.max()):
            key = float(_sizes(np.array([above]), n)[0])
            ax.scatter([], [], s=key, color=_GREY, label=f"M {lowest + above:.1f}")
    ax.legend(loc="lower left", fontsize=8, framealpha=0.9).set_zorder(5)
    if region is not None and not region.is_globe:
        lon, lat = region.outline()
        ax.plot(np.append(lon, lon[0]), np.append(lat, lat[0]), color=_ORANGE, lw=1.4, zorder=4)
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    ax.set_aspect(1.0 / max(math.cos(math.radians((south + north) / 2)), 0.2))
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel("longitude (°)")
    ax.set_ylabel("latitude (°)")
    return ax


def _sizes(above: FloatArray, n: int) -> FloatArray:
    """Return areas of dots, in square points, by how far magnitudes exceed the smallest."""
    return (1.0 if n > _MANY else 3.0) * 2.5 ** np.minimum(above, 5.0)


def _frame_of(region: Region) -> tuple[float, float, float, float]:
    """Return the edges of a map a little wider than a region, the world where it is wide."""
    west, south, east, north = region.bounds
    pad = 0.05 * max(east - west, north - south)
    if east - west + 2 * pad >= 300.0:
        return -180.0, -90.0, 180.0, 90.0
    return west - pad, max(south - pad, -90.0), east + pad, min(north + pad, 90.0)


def _add_coasts(ax: "Axes", frame: tuple[float, float, float, float]) -> None:
    west, south, east, north = frame
    if east - west >= 360.0:
        for line in coastlines("110m"):
            ax.plot(line[:, 0], line[:, 1], color=_COAST, lw=0.5, zorder=1)
        return
    box = (_wrapped(west), south, _wrapped(east), north)
    shift = west - _wrapped(west)
    detail = "10m" if east - west < _WIDE_DEGREES else "50m"
    for lines, style in ((coastlines(detail, box), "-"), (borders(detail, box), ":")):
        for line in lines:
            ax.plot(line[:, 0] + shift, line[:, 1], style, color=_COAST, lw=0.7, zorder=1)


def _wrapped(longitude: float) -> float:
    return float((longitude + 180.0) % 360.0 - 180.0)


def _layout(chosen: Catalogue, region: Region | None) -> list[Any]:  # rows of a mosaic
    """Return which panels stand where; a wide map has a row of its own."""
    if not chosen.has_places:
        return [["time", "time"], ["law", "number"]]
    whole = region_around(chosen.longitude, chosen.latitude) if region is None else region
    west, south, east, north = _frame_of(whole)
    width = (east - west) * math.cos(math.radians((south + north) / 2))
    if width > 1.7 * (north - south):
        return [["time", "time"], ["law", "number"], ["map", "map"], ["map", "map"]]
    return [["time", "time"], ["law", "map"], ["number", "map"]]


def _title(catalogue: Catalogue, chosen: Catalogue, mc: float) -> str:
    own = " and of at least their stated completeness" if _has_own(catalogue) else ""
    first, last = (float(chosen.time_days[i]) for i in (0, -1))
    if _moments(chosen).dtype.kind == "f":
        span = f"days {first:.0f} to {last:.0f}"
    else:
        span = f"{text_from_days(first)[:10]} to {text_from_days(last)[:10]}"
    kind = "synthetic events" if catalogue.is_synthetic else "events"
    return f"{len(chosen):,} {kind} of M ≥ {mc:g}{own}, {span}"


def portrait(catalogue: Catalogue, region: Region | None, mc: float) -> "Figure":
    """Return a figure of a catalogue: magnitudes in time, numbers, their law, and a map.

    Parameters
    ----------
    region
        Only its events are drawn; None for all. Without places there is no map.

    Raises
    ------
    DataError
        If fewer than two different magnitudes are complete.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    if region is not None and catalogue.has_places and not region.is_globe:
        catalogue = catalogue.take(region.contains(catalogue.longitude, catalogue.latitude))
    chosen = _require_events(catalogue, mc)
    layout = _layout(chosen, region)
    figure = Figure(figsize=(12.0, 2.8 * len(layout)), layout="constrained")
    panels = figure.subplot_mosaic(layout)
    plot_magnitude_time(catalogue, mc, panels["time"])
    plot_cumulative_number(catalogue, mc, panels["number"])
    plot_frequency_magnitude(catalogue, mc, panels["law"])
    told = "Synthetic events: made by a model." if catalogue.is_synthetic else ""
    if catalogue.has_places:
        plot_places(catalogue, mc, region, panels["map"])
        told = f"{told} Coasts and borders: {BASEMAP_CREDIT}."
    figure.suptitle(_title(catalogue, chosen, mc), fontsize=13)
    figure.supxlabel(told.strip(), fontsize=8, color=_COAST)
    return figure
