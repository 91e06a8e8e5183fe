"""Figures of a selection: reliability, ROC and precision-recall, or expected against observed."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mainshock.core.files import replacing
from mainshock.forecast.selection.tabular import TabularSelection
from mainshock.forecast.selection.tabular_scores import reliability_bins
from mainshock.forecast.selection.user_table import CLASSIFY

__all__ = ["plot_curves", "plot_expected", "plot_reliability", "write_plots"]

FloatArray = NDArray[np.float64]
# Okabe and Ito: told apart by colour-blind readers
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
_GREY = "#767676"
_RARE = 0.1  # share of events below which axes are logarithmic


def write_plots(folder: Path, selection: TabularSelection) -> list[Path]:
    """Write the figures into a folder and return their paths."""
    if selection.table.task == CLASSIFY:
        made = {"reliability.png": plot_reliability, "curves.png": plot_curves}
    else:
        made = {"expected.png": plot_expected}
    for name, plot in made.items():
        with replacing(folder / name) as written:
            plot(selection).savefig(written, dpi=120)
    return [folder / name for name in made]


def _lines(selection: TabularSelection) -> list[tuple[str, FloatArray, NDArray[np.bool_]]]:
    """Return label, probability and outcome: all models of two classes, or all classes of one."""
    target = selection.table.target[selection.split.judged]
    classes = selection.table.classes
    if len(classes) == 2:
        everyone = {one.name: one.said for one in selection.outcomes if one.name != "dummy"}
        everyone |= {name: one.judged for name, one in selection.baselines.items()}
        chosen = selection.chosen.name
        return [
            (f"{name} (chosen)" if name == chosen else name, said[:, 1], target == 1)
            for name, said in sorted(everyone.items(), key=lambda one: one[0] != chosen)
        ]
    said = selection.chosen.said
    return [(f"class {name}", said[:, i], target == i) for i, name in enumerate(classes)]


def plot_reliability(selection: TabularSelection) -> Figure:
    """Return a reliability diagram of the judged rows, with the numbers of rows below."""
    figure = Figure(figsize=(5.4, 6.4), layout="constrained")
    axes, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    lines = _lines(selection)[: len(_COLOURS)]
    drawn = [reliability_bins(said, happened) for _, said, happened in lines]
    base = float(lines[0][2].mean())
    is_rare = base < _RARE
    ends = _ends(drawn, is_rare)
    axes.plot(ends, ends, color=_GREY, lw=1.0)
    for i, (label, said, _) in enumerate(lines):
        stated, observed, n = (
            np.array([one[name] for one in drawn[i]]) for name in ("stated", "observed", "n")
        )
        is_main = i == 0 or len(selection.table.classes) > 2
        axes.plot(stated, np.maximum(observed, ends[0]), "o-", ms=5 if is_main else 3,
                  lw=1.6 if is_main else 0.8, color=_COLOURS[i], label=label,
                  zorder=3 if is_main else 2)  # fmt: skip
        if is_main:
            spread = 1.96 * np.sqrt(stated * (1 - stated) / n)
            low, high = np.maximum(stated - spread, ends[0]), np.minimum(stated + spread, 1.0)
            axes.vlines(stated, low, high, color=_COLOURS[i], lw=5, alpha=0.2)
            edges = np.geomspace(*ends, 31) if is_rare else np.linspace(*ends, 31)
            below.hist(said, bins=edges, histtype="step", color=_COLOURS[i])
    axes.axhline(base, color=_GREY, lw=0.8, ls=":")
    axes.annotate("share of all", (ends[1], base), ha="right", va="bottom", color=_GREY, fontsize=8)
    axes.set(ylabel="observed share", ylim=(ends[0], ends[1]))
    axes.set_title(_title(selection), fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    below.set(yscale="log", ylabel="rows", xlabel="stated probability", xlim=ends)
    if is_rare:
        axes.set(xscale="log", yscale="log")
    _without_frame(axes, below)
    figure.supxlabel(
        "Bars: where 95 % of calibrated forecasts would lie, rows taken as independent", fontsize=8
    )
    return figure


def _ends(drawn: list[list[dict[str, float]]], is_rare: bool) -> tuple[float, float]:
    """Return the ends of the axes of a reliability diagram."""
    stated = [one["stated"] for bins in drawn for one in bins]
    observed = [one["observed"] for bins in drawn for one in bins]
    top = min(1.0, 1.2 * max(*stated, *observed))
    return (0.6 * max(min(stated), 1e-6), top) if is_rare else (0.0, top)


def plot_curves(selection: TabularSelection) -> Figure:
    """Return ROC and precision-recall curves of the judged rows; both are blind to calibration."""
    from sklearn.metrics import precision_recall_curve, roc_curve  # noqa: PLC0415

    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    roc, precision = figure.subplots(1, 2)
    for (label, said, happened), colour in zip(_lines(selection), _COLOURS, strict=False):
        if not 0 < happened.sum() < len(happened):
            continue
        false, true, _ = roc_curve(happened, said)
        roc.plot(false, true, color=colour, lw=1.4, label=label)
        exact, recalled, _ = precision_recall_curve(happened, said)
        is_there = recalled > 0  # at 0 nothing is above the threshold
        precision.plot(
            recalled[is_there], exact[is_there], color=colour, lw=1.4, drawstyle="steps-post"
        )
        precision.axhline(happened.mean(), color=colour, lw=0.7, ls=":")
    roc.plot([0, 1], [0, 1], color=_GREY, lw=1.0)
    roc.set(xlabel="share of quiet rows above the threshold", ylabel="share of events above it")
    roc.set_title("ROC", fontsize=10)
    roc.legend(frameon=False, fontsize=8, loc="lower right")
    precision.set(
        xlabel="share of events above the threshold",
        ylabel="share of events among the rows above it",
    )
    precision.set(ylim=(0, 1.02))
    precision.set_title("precision and recall; dotted: no skill", fontsize=10)
    _without_frame(roc, precision)
    figure.suptitle(_title(selection), fontsize=10)
    return figure


def plot_expected(selection: TabularSelection) -> Figure:
    """Return expected against observed values of the judged rows, in ten bins, and in time."""
    table, rows = selection.table, selection.split.judged
    target, time = table.target[rows], table.time[rows]
    figure = Figure(figsize=(10.0, 4.6), layout="constrained")
    scatter, series = figure.subplots(1, 2, width_ratios=(1, 1.4))
    everyone = {one.name: one.said[:, 0] for one in selection.outcomes if one.name != "dummy"}
    everyone |= {name: one.judged[:, 0] for name, one in selection.baselines.items()}
    for (name, said), colour in zip(everyone.items(), _COLOURS, strict=False):
        parts = [part for part in np.array_split(np.argsort(said), 10) if len(part)]
        label = f"{name} (chosen)" if name == selection.chosen.name else name
        expected = [said[part].mean() for part in parts]
        scatter.plot(expected, [target[part].mean() for part in parts], "o-", ms=4, color=colour,
                     lw=1.2, label=label)  # fmt: skip
    low, high = scatter.get_xlim()
    scatter.plot([low, high], [low, high], color=_GREY, lw=1.0)
    scatter.set(xlabel="expected, mean of a tenth of the rows", ylabel="observed")
    scatter.legend(frameon=False, fontsize=8)
    _plot_series(series, selection, time, target)
    _without_frame(scatter, series)
    figure.suptitle(_title(selection), fontsize=10)
    return figure


def _plot_series(
    axes: Axes, selection: TabularSelection, time: FloatArray, target: FloatArray
) -> None:
    """Draw observed and expected sums over blocks of time."""
    n = int(np.clip(len(target) // 10, 2, 60))
    edges = np.linspace(time[0], time[-1], n + 1)
    at = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, n - 1)
    size = np.maximum(np.bincount(at, minlength=n), 1)
    middle = (edges[1:] + edges[:-1]) / 2
    if selection.table.is_dated:
        middle = middle.astype("datetime64[D]")
    said = selection.chosen.said[:, 0]
    axes.step(middle, np.bincount(at, target, n) / size, where="mid", color="#222222", lw=1.0,
              label="observed")  # fmt: skip
    axes.plot(middle, np.bincount(at, said, n) / size, color=_COLOURS[0], lw=1.4,
              label=f"expected by {selection.chosen.name}")  # fmt: skip
    axes.set(xlabel="time", ylabel=f"mean {selection.table.names[0]}")
    axes.legend(frameon=False, fontsize=8)


def _title(selection: TabularSelection) -> str:
    n = len(selection.split.judged)
    return f"{selection.table.names[0]}: {n} later rows that no choice saw"


def _without_frame(*panels: Axes) -> None:
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
