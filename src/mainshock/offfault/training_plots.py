"""Figures of a training: its curves, estimates against labels, and the evolution of a run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.scores import condition_of, is_within_2sd, score
from mainshock.offfault.windows import LabelledWindows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_estimates", "plot_run", "plot_training"]

_INK, _FAINT, _GRID = "#22303a", "#9aa5ab", "#e3e7ea"
_TRAIN, _EVALUATION, _OUTLIER = "#3b6fb6", "#d9822b", "#b3261e"
_LABEL, _ESTIMATE = "#22303a", "#d9822b"
_BASAL_MARKERS = {"EB": "o", "PP": "s"}
_BASAL_NAMES = {"EB": "elastic band (EB)", "PP": "plate on plate (PP)"}
_OTHER_MARKER, _OTHER_COLOUR = "D", "#8a8f94"
_LISTED_RUNS = 8
_KE_RANGE = (-0.05, 1.15)
_COUNT_PANEL_SHARE = 0.32


def plot_training(history: Sequence[Mapping[str, float]], *, title: str = "") -> "Figure":
    """Draw loss, accuracy and error of each epoch, with the best epochs marked.

    Parameters
    ----------
    history
        Lines of ``history.csv``: ``epoch, loss, train_loss, train_within_2sd, ...``.

    Raises
    ------
    DataError
        If there is no epoch.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    if not history:
        raise DataError("0 epochs to draw; train at least one")
    figure = Figure(figsize=(13.0, 4.4), dpi=110, layout="constrained")
    epoch = np.array([row["epoch"] for row in history]) + 1.0
    values = {name: np.array([row[name] for row in history]) for name in history[0]}
    best = {
        "accuracy": int(
            np.lexsort((values["evaluation_mae"], -values["evaluation_within_2sd"]))[0]
        ),
        "loss": int(values["evaluation_loss"].argmin()),
    }
    panels: list[Axes] = list(figure.subplots(1, 3))
    for axes, (name, label, factor) in zip(
        panels,
        (
            ("loss", "loss", 1.0),
            ("within_2sd", "windows within 2 SD (%)", 100.0),
            ("mae", "mean absolute error (KE)", 1.0),
        ),
        strict=True,
    ):
        for part, colour in (("train", _TRAIN), ("evaluation", _EVALUATION)):
            axes.plot(epoch, factor * values[f"{part}_{name}"], color=colour, lw=1.8, label=part)
        for by, style in (("accuracy", "--"), ("loss", ":")):
            axes.axvline(epoch[best[by]], color=_INK, lw=1.1, ls=style, label=f"best by {by}")
        axes.set(xlabel="epoch", ylabel=label)
        _plain(axes)
    if (values["train_loss"] > 0.0).all() and (values["evaluation_loss"] > 0.0).all():
        panels[0].set_yscale("log")
    panels[2].set_ylim(bottom=0.0)
    panels[2].legend(frameon=False, fontsize=9)
    at = best["accuracy"]
    figure.suptitle(
        f"{title + ': ' if title else ''}best by accuracy in epoch {epoch[at]:.0f}, "
        f"{100.0 * values['evaluation_within_2sd'][at]:.1f} % of evaluation windows within 2 SD",
        color=_INK,
    )  # fmt: skip
    return figure


def plot_estimates(parts: Mapping[str, tuple[LabelledWindows, Efficiency]]) -> "Figure":
    """Draw estimates against labels, a panel for each part, outliers counted by run below.

    Parameters
    ----------
    parts
        Windows and their estimates by name, such as ``train``, ``evaluation`` and ``test``.

    Returns
    -------
    Figure
        Colour is the loading rate, the marker the basal condition, the bar 2 SD of the label along
        the window; estimates beyond it are outlined in red.

    Raises
    ------
    DataError
        If there is no window.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    if not parts or any(len(windows) == 0 for windows, _ in parts.values()):
        raise DataError("no windows to draw in a part; give each part at least one")
    figure = Figure(figsize=(max(6.0, 5.2 * len(parts)), 8.2), dpi=110, layout="constrained")
    axes: Any = figure.subplots(  # the stubs do not tell an array of axes
        2, len(parts), squeeze=False, height_ratios=[1.0, _COUNT_PANEL_SHARE]
    )
    colours = _colours(windows for windows, _ in parts.values())
    for column, (name, (windows, efficiency)) in enumerate(parts.items()):
        _draw_estimates(axes[0, column], windows, efficiency, colours)
        found = score(windows, efficiency)
        axes[0, column].set_title(
            f"{name}: {100.0 * found.within_2sd:.1f} % of {found.n} within 2 SD, "
            f"MAE {found.mae:.3f}", fontsize=11, color=_INK,
        )  # fmt: skip
        _draw_outliers(axes[1, column], windows, efficiency)
    axes[0, 0].set_ylabel("estimated kinematic efficiency")
    figure.legend(
        handles=_keys(colours), loc="outside lower center", frameon=False, fontsize=9,
        ncols=min(3 * len(parts), len(colours) + 3),
    )  # fmt: skip
    return figure


def plot_run(windows: LabelledWindows, efficiency: Efficiency, run: str) -> "Figure":
    """Draw how efficiency evolves in a run: label and estimate by frame, a panel for each window.

    Raises
    ------
    DataError
        If there is no such run.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    own = windows.run == run
    if not own.any():
        raise DataError(f"no window is of run {run!r}; known: {', '.join(np.unique(windows.run))}")
    places = np.unique(windows.first_column[own])
    figure = Figure(figsize=(max(6.0, 3.4 * places.size), 4.2), dpi=110, layout="constrained")
    axes: Any = figure.subplots(1, places.size, squeeze=False, sharey=True)
    for panel, first in zip(axes[0], places, strict=True):
        rows = np.flatnonzero(own & (windows.first_column == first))
        rows = rows[np.argsort(windows.frame[rows])]
        part, found = windows.take(rows), efficiency.take(rows)
        panel.fill_between(
            part.frame, part.ke - 2.0 * part.sd, part.ke + 2.0 * part.sd, color=_LABEL,
            alpha=0.12, lw=0, label="label ± 2 SD along the window",
        )  # fmt: skip
        panel.plot(part.frame, part.ke, color=_LABEL, lw=1.6, label="label")
        panel.fill_between(
            part.frame, found.lo90, found.hi90, color=_ESTIMATE, alpha=0.25, lw=0,
            label="90 % interval",
        )  # fmt: skip
        panel.plot(
            part.frame, found.ke, color=_ESTIMATE, lw=1.6, marker="o", ms=3.0, label="estimate"
        )
        panel.set(xlabel="frame", title=f"columns {first} to {first + 63}")
        panel.title.set_fontsize(10)
        _plain(panel)
    top = max(_KE_RANGE[1], float(efficiency.ke[own].max()) + 0.05)
    axes[0, 0].set(ylabel="kinematic efficiency", ylim=(_KE_RANGE[0], top))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    whole = score(windows.take(own), efficiency.take(own))
    figure.suptitle(
        f"{run} ({condition_of(run)}): MAE {whole.mae:.3f} over {whole.n} windows", color=_INK
    )
    return figure


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=_GRID, lw=0.7)
    axes.set_axisbelow(True)


def _condition(run: str) -> tuple[str, str]:
    """Return basal condition and rate, both ``other`` where the name tells none."""
    basal, _, rate = condition_of(run).partition(" ")
    return basal, rate or basal


def _colours(parts: Any) -> dict[str, Any]:  # an iterable of windows; colours of matplotlib
    from matplotlib import colormaps  # noqa: PLC0415 - slow to load

    rates = sorted({_condition(str(run))[1] for one in parts for run in np.unique(one.run)})
    known = [rate for rate in rates if rate != "other"]
    ramp = colormaps["viridis"](np.linspace(0.05, 0.9, max(1, len(known))))
    return dict(zip(known, ramp, strict=False)) | {
        rate: _OTHER_COLOUR for rate in rates if rate == "other"
    }


def _draw_estimates(
    axes: "Axes", windows: LabelledWindows, efficiency: Efficiency, colours: Mapping[str, Any]
) -> None:
    is_outlier = ~is_within_2sd(windows, efficiency.ke)
    conditions = np.array([_condition(str(run)) for run in windows.run])
    axes.plot([0.0, 1.1], [0.0, 1.1], color=_INK, lw=1.0, zorder=1)
    thin = 0.9 if len(windows) <= 300 else 0.35
    axes.errorbar(
        windows.ke, efficiency.ke, xerr=2.0 * windows.sd, fmt="none", ecolor=_FAINT,
        elinewidth=0.6, alpha=thin, zorder=2,
    )  # fmt: skip
    for basal, rate in np.unique(conditions, axis=0):
        own = (conditions == (basal, rate)).all(axis=1)
        style: dict[str, Any] = {
            "marker": _BASAL_MARKERS.get(basal, _OTHER_MARKER), "s": 22, "linewidths": 0.4,
        }  # fmt: skip
        colour = [colours[rate]]
        for chosen, edge in ((own & ~is_outlier, "white"), (own & is_outlier, _OUTLIER)):
            if edge == _OUTLIER:
                style["linewidths"] = 1.1
            axes.scatter(
                windows.ke[chosen], efficiency.ke[chosen], color=colour, edgecolors=edge,
                zorder=3 if edge == "white" else 4, **style,
            )  # fmt: skip
    top = max(_KE_RANGE[1], float(efficiency.ke.max()) + 0.05)
    axes.set(xlabel="labelled kinematic efficiency (bar: 2 SD)", xlim=_KE_RANGE)
    axes.set_ylim(_KE_RANGE[0], top)
    _plain(axes)


def _draw_outliers(axes: "Axes", windows: LabelledWindows, efficiency: Efficiency) -> None:
    """List the runs with most estimates beyond 2 SD."""
    is_outlier = ~is_within_2sd(windows, efficiency.ke)
    names, run = np.unique(windows.run, return_inverse=True)
    count = np.bincount(run, is_outlier)
    total = np.bincount(run)
    order = np.argsort(-count, kind="stable")[:_LISTED_RUNS]
    order = order[count[order] > 0]
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("windows beyond 2 SD", fontsize=9)
    if order.size == 0:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "none beyond 2 SD", ha="center", transform=axes.transAxes)
        return
    rows = np.arange(order.size)
    axes.barh(rows, count[order], color=_OUTLIER, height=0.62)
    for row, one in zip(rows, order, strict=True):
        axes.annotate(
            f"{count[one]:.0f} of {total[one]}", (count[one], row), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=8, color=_INK,
        )  # fmt: skip
    axes.set_yticks(rows, names[order], fontsize=8)
    axes.set_xlim(0.0, 1.25 * count.max())
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


def _keys(colours: Mapping[str, Any]) -> list[Any]:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - slow to load

    def key(marker: str, colour: Any, label: str, edge: Any = "none") -> Any:
        return Line2D(
            [], [], ls="none", marker=marker, color=colour, markeredgecolor=edge, label=label
        )

    rates = [
        key("o", colour, rate if rate != "other" else "rate not known")
        for rate, colour in colours.items()
    ]
    basal = [
        key(marker, "none", _BASAL_NAMES[name], _INK) for name, marker in _BASAL_MARKERS.items()
    ]
    return [*rates, *basal, key("o", "none", "beyond 2 SD", _OUTLIER)]
