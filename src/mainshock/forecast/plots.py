"""Figures of tests of forecasts; safe for colour-blind readers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mainshock.core.errors import DataError
from mainshock.forecast.count_calibration import CountCalibration
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.reliability import ReliabilityDiagram
from mainshock.forecast.residual_analysis import GainCurve, Residuals, TransformedTimes
from mainshock.forecast.scores import ErrorDiagram
from mainshock.forecast.sequences import Sequences
from mainshock.sources.basemap import coastlines
from mainshock.sources.seismicity.catalogue import Catalogue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_counts",
    "plot_error_diagram",
    "plot_information_gain",
    "plot_pit",
    "plot_rate_map",
    "plot_reliability",
    "plot_residual_points",
    "plot_transformed_times",
]

FloatArray = NDArray[np.float64]
# Okabe and Ito's colours, which colour-blind readers tell apart; dashes and markers differ too
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_GREY, _BLACK = "#888888", "#222222"
_N_NAMED, _N_CIRCLES = 4, 300
_RATES = "viridis"
_LAST_CALENDAR_DAYS = 2_900_000.0


def plot_information_gain(
    curves: Mapping[str, GainCurve],
    targets: Catalogue,
    sequences: Sequences,
    beside: str,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how the information gain grows with time; the largest sequences are named.

    Parameters
    ----------
    curves
        By model.
    targets, sequences
        What was tested.
    beside
        Over which model the gain is.
    ax
        To draw into; by default a new figure.
    """
    axes = _axes(ax)
    for number, (name, one) in enumerate(curves.items()):
        axes.plot(
            _moments(one.time_days, targets), one.gain, label=name, linewidth=1.4,
            color=_COLOURS[number % 7], linestyle=_DASHES[number % 7],
        )  # fmt: skip
    axes.axhline(0.0, color=_GREY, linewidth=0.8)
    axes.margins(y=0.12)
    for one in np.sort(np.argsort(-sequences.sizes(), kind="stable")[:_N_NAMED]):
        when = _moments(targets.time_days[[sequences.mainshock[one]]], targets)[0]
        axes.axvline(when, color=_GREY, linewidth=0.7, linestyle=":")
        axes.annotate(
            sequences.names[one], (when, 0.02), xycoords=("data", "axes fraction"), rotation=90,
            fontsize=7, color=_BLACK, ha="right", va="bottom",
        )  # fmt: skip
    _label_time(axes, targets)
    axes.set_ylabel(f"information gain over {beside}, nats")
    axes.legend(fontsize=8, loc="upper left")
    return axes


def plot_counts(
    calibration: CountCalibration, is_synthetic: bool = False, ax: "Axes | None" = None
) -> "Axes":
    """Draw observed numbers of windows against their 95 % intervals; those outside stand out."""
    axes = _axes(ax)
    low, high = calibration.interval(0.95)
    outside = (calibration.observed < low) | (calibration.observed > high)
    clock = Catalogue(np.zeros(0), np.zeros(0), is_synthetic=is_synthetic)
    middle = _moments(calibration.start_days + calibration.days / 2, clock)
    axes.fill_between(
        middle, low, high, step="mid", color="#BBD7EA", linewidth=0, label="95 % interval"
    )
    mean = calibration.simulated.mean(axis=1)
    axes.step(middle, mean, where="mid", color=_COLOURS[0], linewidth=0.9, label="expected number")
    inside = ~outside
    axes.plot(
        middle[inside], calibration.observed[inside], ".", color=_BLACK, markersize=3,
        label="observed",
    )  # fmt: skip
    axes.plot(
        middle[outside], calibration.observed[outside], "x", color=_COLOURS[1], markersize=6,
        label=f"observed outside: {int(outside.sum())} of {len(outside)}",
    )  # fmt: skip
    top = max(float(calibration.observed.max()), float(high.max()), 1.0)
    if top > 30:
        axes.set_yscale("symlog", linthresh=5.0)
        ticks = [one for one in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000) if one <= top]
        axes.set_yticks(ticks, [str(one) for one in ticks])
    axes.set_ylim(0, (3.5 if top > 30 else 1.4) * top)
    _label_time(axes, clock)
    axes.set_ylabel(f"events in {calibration.days:g} days")
    axes.legend(fontsize=8, loc="upper left", ncols=2)
    return axes


def plot_pit(pit: ArrayLike, n_bins: int = 10, ax: "Axes | None" = None) -> "Axes":
    """Draw the histogram of PIT values; 95 of 100 bars end in the band if the model is right."""
    axes = _axes(ax)
    values = np.asarray(pit, dtype=np.float64)
    counts, edges = np.histogram(values, np.linspace(0.0, 1.0, n_bins + 1))
    scale = n_bins / len(values)
    band = stats.binom.ppf([0.025, 0.975], len(values), 1.0 / n_bins) * scale
    axes.axhline(1.0, color=_BLACK, linewidth=0.9, label="even")
    for number, end in enumerate(band.tolist()):
        axes.axhline(
            end, color=_BLACK, linewidth=0.9, linestyle="--", label="" if number else "95 % band"
        )
    axes.bar(
        edges[:-1], counts * scale, width=1.0 / n_bins, align="edge", color="#7FB7D8",
        edgecolor="white",
    )  # fmt: skip
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("position of the observed number in its forecast (PIT)")
    axes.set_ylabel("density")
    axes.set_ylim(0, 1.15 * max(float(counts.max()) * scale, float(band[1])))
    axes.legend(fontsize=8, loc="upper center")
    return axes


def plot_reliability(
    diagrams: Mapping[str, ReliabilityDiagram], ax: "Axes | None" = None
) -> "Axes":
    """Draw how often things happened against their probability, with consistency bars.

    The axes are logarithmic where probabilities are small; then shares of 0 stand at the bottom.
    """
    axes = _axes(ax)
    if not diagrams:
        raise DataError("no reliability diagram to draw")
    lowest = min(float(one.forecast.min()) for one in diagrams.values())
    is_log = lowest < 0.02
    floor = max(lowest, 1e-6) / 3 if is_log else 0.0
    ends = np.array([floor if is_log else 0.0, 1.0])
    axes.plot(ends, ends, color=_GREY, linewidth=0.9, label="reliable")
    for number, (name, one) in enumerate(diagrams.items()):
        shift = 1.0 + 0.03 * (number - (len(diagrams) - 1) / 2)
        x = one.forecast * (shift if is_log else 1.0)
        colour = _COLOURS[number % 7]
        axes.vlines(
            x, np.maximum(one.low_95, floor), np.maximum(one.high_95, floor), color=colour,
            linewidth=4, alpha=0.3,
        )  # fmt: skip
        axes.plot(
            x, np.maximum(one.observed, floor), _MARKERS[number % 7], color=colour, markersize=5,
            linestyle=_DASHES[number % 7], linewidth=0.9, label=name,
        )  # fmt: skip
    if is_log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlim(*(ends * (0.9, 1.1) if is_log else (-0.02, 1.02)))
    axes.set_ylim(*(ends * (0.9, 1.3) if is_log else (-0.02, 1.02)))
    axes.set_xlabel("forecast probability")
    axes.set_ylabel("observed share")
    axes.legend(fontsize=8, loc="upper left", title="bars: 95 % if reliable", title_fontsize=7)
    return axes


def plot_error_diagram(
    diagrams: Mapping[str, ErrorDiagram], reference: str, ax: "Axes | None" = None
) -> "Axes":
    """Draw Molchan's diagram, with the band in which a forecast without skill stays.

    Parameters
    ----------
    diagrams
        By model, of the same events.
    reference
        What space and time are weighed by, in words.
    ax
        To draw into; by default a new figure.
    """
    axes = _axes(ax)
    for number, (name, one) in enumerate(diagrams.items()):
        if number == 0:
            axes.fill_between(
                one.watched,
                *one.missed_95,
                color="#DDDDDD",
                linewidth=0,
                label="without skill, 95 %",
            )
        axes.plot(
            one.watched, one.missed, color=_COLOURS[number % 7], linestyle=_DASHES[number % 7],
            linewidth=1.4, label=f"{name}: area above {one.area_skill:.3f}",
        )  # fmt: skip
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel(f"share of {reference} watched")
    axes.set_ylabel("share of events missed")
    axes.legend(fontsize=8, loc="upper right")
    return axes


def plot_transformed_times(
    times: Mapping[str, TransformedTimes], ax: "Axes | None" = None
) -> "Axes":
    """Draw how far the number of events is from the expected one, on the model's own clock.

    Dashed: the 95 % limits of Kolmogorov and Smirnov for the first model, given the total.
    """
    axes = _axes(ax)
    axes.axhline(0.0, color=_GREY, linewidth=0.8)
    for number, (name, one) in enumerate(times.items()):
        colour = _COLOURS[number % 7]
        if number == 0:
            half = float(stats.kstwobign.ppf(0.95)) * np.sqrt(one.number[-1])
            for end in (-half, half):
                axes.axhline(end, color=colour, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.plot(
            np.append(0.0, one.expected), np.append(0.0, one.number - one.expected), color=colour,
            linestyle=_DASHES[number % 7], linewidth=1.3,
            label=f"{name} (increments: p = {one.probability:.2g})",
        )  # fmt: skip
    axes.set_xlabel("transformed time: expected number of events")
    axes.set_ylabel("observed − expected number")
    axes.margins(x=0.0, y=0.15)
    axes.legend(fontsize=8)
    return axes


def plot_residual_points(
    residuals: Residuals, edge: tuple[FloatArray, FloatArray], ax: "Axes | None" = None
) -> "Axes":
    """Draw super-thinned points on a map: evenly spread if the model is right.

    Parameters
    ----------
    residuals
        With places.
    edge
        Longitudes and latitudes of the region's outline.
    ax
        To draw into; by default a new figure.
    """
    axes = _axes(ax)
    added = ~residuals.is_event
    west = float(np.min(edge[0]))
    lon = west + (residuals.longitude - west) % 360.0
    axes.plot(
        lon[added], residuals.latitude[added], ".", color=_GREY, markersize=3, label="added points"
    )
    axes.plot(
        lon[residuals.is_event], residuals.latitude[residuals.is_event], "o", color=_COLOURS[1],
        markersize=4, markerfacecolor="none", label="kept events",
    )  # fmt: skip
    _map(axes, edge)
    axes.legend(fontsize=8, loc="upper right")
    return axes


def plot_rate_map(
    grid: CellGrid,
    number: ArrayLike,
    observed: Catalogue | None = None,
    label: str = "expected number of events",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw expected numbers of cells on a logarithmic scale, and the events that came.

    Parameters
    ----------
    grid
        The cells.
    number
        Expected in each, shape ``(n_cells,)``.
    observed
        The 300 largest are drawn, as circles that grow with magnitude.
    label
        What the colours show.
    ax
        To draw into; by default a new figure.
    """
    from matplotlib.collections import PatchCollection  # noqa: PLC0415
    from matplotlib.colors import LogNorm  # noqa: PLC0415
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    axes = _axes(ax)
    values = np.asarray(number, dtype=np.float64)
    if values.shape != (len(grid),) or not (values > 0).any():
        raise DataError(f"a map of {len(grid)} cells needs as many numbers, some above 0")
    west = grid.region.bounds[0]
    top = float(values.max())
    norm = LogNorm(max(float(values[values > 0].min()), top / 1e5), top)
    half = grid.cell_deg / 2
    cells = [
        Rectangle((west + (lon - half - west + 1e-9) % 360.0, lat - half), 2 * half, 2 * half)
        for lon, lat in zip(grid.longitude, grid.latitude, strict=True)
    ]
    drawn = PatchCollection(cells, cmap=_RATES, norm=norm, linewidth=0, edgecolor="none")
    drawn.set_array(np.maximum(values, norm.vmin or top))
    axes.add_collection(drawn)
    if observed is not None and len(observed):
        _circles(axes, observed, west)
    _map(axes, grid.region.outline(), grid.region.bounds)
    figure: Any = axes.figure  # a figure or one inside another
    bar = figure.colorbar(drawn, ax=axes, label=label, shrink=0.85)
    for axis in (bar.ax.yaxis.set_major_formatter, bar.ax.yaxis.set_minor_formatter):
        axis("{x:.2g}" if top < 20 * float(values[values > 0].min()) else _power)
    return axes


def _circles(axes: "Axes", observed: Catalogue, west: float) -> None:
    largest = np.sort(np.argsort(-observed.magnitude, kind="stable")[:_N_CIRCLES])
    shown = observed.take(largest)
    size = 4.0 * 2.2 ** (shown.magnitude - shown.magnitude.min())
    lon = west + (shown.longitude - west) % 360.0
    axes.scatter(lon, shown.latitude, s=size, facecolors="none", edgecolors="white", linewidths=0.7)


def _axes(ax: "Axes | None") -> "Axes":
    from matplotlib.figure import Figure  # noqa: PLC0415

    if ax is not None:
        return ax
    return Figure(figsize=(7.0, 4.5), layout="constrained").subplots()


def _power(value: float, _position: int | None = None) -> str:
    """Return a power of ten as text, other numbers as none."""
    exponent = np.log10(value)
    return f"{value:g}" if abs(exponent - round(exponent)) < 1e-6 else ""


def _map(
    axes: "Axes",
    edge: tuple[FloatArray, FloatArray],
    bounds: tuple[float, float, float, float] | None = None,
) -> None:
    lon, lat = (np.append(one, one[0]) for one in edge)
    axes.plot(lon, lat, color=_BLACK, linewidth=0.8)
    if bounds is not None:
        _coasts(axes, bounds)
    middle = float(np.mean([lat.min(), lat.max()]))
    axes.set_aspect(1.0 / max(np.cos(np.radians(middle)), 0.2))
    pad = 0.02 * max(np.ptp(lon), np.ptp(lat))
    axes.set_xlim(lon.min() - pad, lon.max() + pad)
    axes.set_ylim(lat.min() - pad, lat.max() + pad)
    axes.set_xlabel("longitude, degrees")
    axes.set_ylabel("latitude, degrees")


def _coasts(axes: "Axes", bounds: tuple[float, float, float, float]) -> None:
    west, south, east, north = bounds
    if east - west >= 359.0:
        lines, shift = coastlines("110m"), 0.0
    else:
        near = (west + 180.0) % 360.0 - 180.0
        lines = coastlines("50m", (near, south, (east + 180.0) % 360.0 - 180.0, north))
        shift = west - near
    for line in lines:
        axes.plot(line[:, 0] + shift, line[:, 1], color="#DDDDDD", linewidth=0.8)


def _moments(time_days: FloatArray, catalogue: Catalogue) -> NDArray[Any]:
    """Return times as calendars have them, days where they have none."""
    if _is_dated(time_days, catalogue):
        return np.datetime64("1970-01-01", "ms") + np.round(time_days * 86_400_000).astype(
            "timedelta64[ms]"
        )
    return time_days


def _is_dated(time_days: FloatArray, catalogue: Catalogue) -> bool:
    return not catalogue.is_synthetic and bool(
        np.abs(time_days).max(initial=0.0) < _LAST_CALENDAR_DAYS
    )


def _label_time(axes: "Axes", catalogue: Catalogue) -> None:
    if _is_dated(catalogue.time_days, catalogue):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

        locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        short = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(short)
        axes.set_xlabel("time, UTC")
    else:
        axes.set_xlabel("time, days")
