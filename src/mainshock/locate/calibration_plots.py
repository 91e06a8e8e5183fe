"""One figure that shows whether posteriors keep their promise, and where locations are poor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray
from scipy.stats import binom

from mainshock.locate.plot_style import INK, POSTERIOR
from mainshock.locate.scores import N_BINS, PIT_NAMES

__all__ = ["plot_calibration"]

FloatArray = NDArray[np.float64]
_SECOND, _BAND = "#d55e00", "#d9d9d9"
_GEOMETRY = {
    "azimuthal_gap_deg": "azimuthal gap, °",
    "nearest_station_km": "nearest station, km",
    "n_picks": "number of picks",
    "region68_km2": "area of the 68 % region, km²",
}
_MOST_GEOMETRY = 3
_MOST_POINTS = 1500


def plot_calibration(scores: pd.DataFrame, document: Mapping[str, Any]) -> Figure:
    """Return the figure: coverage, ranks of the truth, errors against geometry.

    Parameters
    ----------
    scores
        One row an event, as ``calibration_run`` gives them.
    document
        What ``calibration_report.calibration_document`` makes of them.
    """
    figure = Figure(figsize=(11.0, 8.2), layout="constrained")
    figure.suptitle(_title(document), x=0.01, ha="left", fontsize=11, fontweight="bold")
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.15, 1.0)).flat
    left, right = upper.subfigures(1, 2, squeeze=False, width_ratios=(1.0, 1.35)).flat
    _plot_reliability(left.subplots(), document)
    for axes, name in zip(right.subplots(2, 2, sharex=True).flat, PIT_NAMES, strict=True):
        _plot_ranks(axes, name, document)
    right.supylabel("events", fontsize=9)
    right.suptitle("rank of the truth among the draws: flat is honest", fontsize=10)
    varied = [name for name in _GEOMETRY if _varies(scores, name)][:_MOST_GEOMETRY]
    if varied:
        grid = lower.subplots(1, len(varied), sharey=True, squeeze=False)[0]
        for axes, name in zip(grid, varied, strict=True):
            _plot_geometry(axes, name, scores)
        grid[0].set_ylabel("epicentral error, km")
        grid[0].legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def _title(document: Mapping[str, Any]) -> str:
    observed = " and ".join(
        f"{100.0 * document['coverage'][level]['observed']:.1f} %" for level in ("0.68", "0.95")
    )
    return (
        f"{document['label']} events “{document['name']}”: the 68 % and 95 % regions hold "
        f"{observed} of {document['n_located']:,}"
    )


def _plot_reliability(axes: Axes, document: Mapping[str, Any]) -> None:
    n = document["n_located"]
    nominal = np.linspace(0.0, 1.0, 101)
    low, high = (binom.ppf(q, n, nominal) / n for q in (0.025, 0.975))
    axes.fill_between(
        nominal, low, high, color=_BAND, linewidth=0.0, label=f"95 % of honest runs, n = {n:,}"
    )
    axes.plot([0.0, 1.0], [0.0, 1.0], color=INK, linewidth=0.8)
    for (name, levels), colour in zip(
        document["coverage_from_draws"].items(), (POSTERIOR, _SECOND), strict=False
    ):
        places = [(float(level), found["observed"]) for level, found in levels.items()]
        axes.plot(*np.array(places).T, color=colour, label=f"{name}, by rank among draws")
    for level, found in document["coverage"].items():
        if found["observed"] is not None:
            _plot_region(axes, float(level), found)
    axes.plot([], [], "o", color=INK, markersize=5, label="regions as reported")
    axes.text(0.98, 0.03, _region_text(document), ha="right", fontsize=8, family="monospace")
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
    axes.set_xlabel("promised share")
    axes.set_ylabel("share of events inside")
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _plot_region(axes: Axes, level: float, found: Mapping[str, Any]) -> None:
    observed, (low, high) = found["observed"], found["interval95"]
    axes.errorbar(
        level, observed, [[observed - low], [high - observed]],
        fmt="o", color=INK, markersize=5, capsize=3, zorder=4,
    )  # fmt: skip


def _region_text(document: Mapping[str, Any]) -> str:
    lines = ["region  holds   95 % interval"]
    for level, found in document["coverage"].items():
        if found["observed"] is not None:
            low, high = (100.0 * edge for edge in found["interval95"])
            lines.append(
                f"{100.0 * float(level):4.0f} %  {100.0 * found['observed']:4.1f} %  "
                f"{low:4.1f} to {high:4.1f} %"
            )
    return "\n".join(lines)


def _plot_ranks(axes: Axes, name: str, document: Mapping[str, Any]) -> None:
    """Draw the histogram of ranks over the band that counts of an honest run keep to."""
    found = document["pit"].get(name)
    axes.set_title(name, loc="left", fontsize=9.5)
    if found is None:
        axes.set_axis_off()
        return
    n = found["n"]
    low, high = (binom.ppf(q, n, 1.0 / N_BINS) for q in (0.005, 0.995))
    axes.axhspan(float(low), float(high), color=_BAND, linewidth=0.0)
    axes.axhline(n / N_BINS, color=INK, linewidth=0.8)
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    axes.stairs(found["histogram"], edges, color=POSTERIOR, linewidth=1.6)
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, max(1.25 * float(high), 1.1 * max(found["histogram"]))))
    axes.set_title(
        f"mean {found['mean']:.3f}, KS p {found['p_value']:.2g}", loc="right", fontsize=8.5
    )
    axes.tick_params(labelsize=8)


def _varies(scores: pd.DataFrame, name: str) -> bool:
    return name in scores and float(np.ptp(scores[name].to_numpy(float))) > 1e-6


def _plot_geometry(axes: Axes, name: str, scores: pd.DataFrame) -> None:
    """Draw the errors, their median in classes, and the radius that the 68 % region states."""
    error = scores["epicentral_error_km"].to_numpy(float)
    values = scores[name].to_numpy(float)
    stated = np.sqrt(scores["region68_km2"].to_numpy(float) / np.pi)
    step = max(1, values.size // _MOST_POINTS)
    axes.plot(
        values[::step], error[::step], ".", color=POSTERIOR, alpha=0.18, markersize=3, zorder=1
    )
    middles, found, claimed = _in_classes(values, error, stated)
    axes.plot(middles, found, "o-", color=POSTERIOR, label="68 % of errors are below")
    axes.plot(
        middles, claimed, "s--", color=_SECOND, markersize=4, label="radius of the 68 % region"
    )
    axes.set_yscale("log")
    bottom, top = np.percentile(error, [1.0, 99.7])
    axes.set_ylim(0.5 * bottom, 2.5 * top)
    axes.yaxis.set_major_formatter("{x:g}")
    if name == "region68_km2":
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(_GEOMETRY[name])
    axes.grid(visible=True, color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)


def _in_classes(
    values: FloatArray, error: FloatArray, stated: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return medians of values, 68th percentiles of errors, root mean squares of radii."""
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, 9)))
    place = np.clip(np.searchsorted(edges, values, "right") - 1, 0, max(len(edges) - 2, 0))
    rows = [
        (
            np.median(values[place == number]),
            np.percentile(error[place == number], 68),
            np.sqrt(np.mean(stated[place == number] ** 2)),
        )
        for number in range(max(len(edges) - 1, 1))
        if np.sum(place == number) >= 5
    ]
    middles, found, claimed = np.array(rows).reshape(-1, 3).T
    return middles, found, claimed
