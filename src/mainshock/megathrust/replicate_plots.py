"""The published figure with what it lacks: baselines, intervals, and networks trained honestly."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mainshock.megathrust.replicate import OURS, WEIGHTS

__all__ = ["plot_f1_by_distance", "plot_replication"]

_INK, _OURS, _PUBLISHED, _WEIGHTS = "#222222", "#0072b2", "#d55e00", "#cc79a7"
# name in the results: label, colour, dashes; the order is that of the legend
_BASELINES: Mapping[str, tuple[str, str, tuple[int, tuple[int, ...]]]] = {
    "nearest-5": ("5 nearest along the trench", "#009e73", (0, (5, 2))),
    "nearest-1": ("nearest along the trench", "#7fbf9f", (0, (5, 2))),
    "region-prior": ("share of its region", "#8c8c8c", (0, (1, 1))),
    "majority": ("most frequent class", "#c4c4c4", (0, (1, 2))),
}


def plot_replication(document: Mapping[str, Any]) -> Figure:
    """Return the figure of a replication: macro-F1 against the exclusion distance.

    Parameters
    ----------
    document
        What :func:`mainshock.megathrust.replicate.replicate` returns.
    """
    classes = sorted({int(one["n_classes"]) for one in document["results"]})
    figure = Figure(figsize=(2.0 + 5.0 * len(classes), 6.4), layout="constrained")
    grid = figure.subplots(1, len(classes), sharey=True, squeeze=False)[0]
    for axes, n_classes in zip(grid, classes, strict=True):
        plot_f1_by_distance(document, n_classes, ax=axes)
    grid[0].set_ylabel("macro-F1 on the excluded fifth")
    figure.suptitle(_title(document), x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    n_columns = min(len(classes) + 1, 3)
    figure.legend(
        *grid[0].get_legend_handles_labels(),
        loc="outside lower left",
        ncols=n_columns,
        frameon=False,
        fontsize=9,
        handlelength=3,
    )
    return figure


def plot_f1_by_distance(
    document: Mapping[str, Any], n_classes: int, *, ax: Axes | None = None
) -> Axes:
    """Return axes with macro-F1 of networks, baselines and publication by distance in km."""
    axes = Figure().subplots() if ax is None else ax
    results = [one for one in document["results"] if one["n_classes"] == n_classes]
    for model, (label, colour, dashes) in _BASELINES.items():
        own = _of(results, model)
        if own:
            axes.plot(*_curve(own), color=colour, linestyle=dashes, linewidth=1.7, label=label)
            if model == "nearest-5":
                _plot_interval(axes, own, colour, "its 95 % interval over ruptures")
    _plot_published(axes, [one for one in document["published"] if one["n_classes"] == n_classes])
    _plot_network(axes, _of(results, OURS), _label_of(document))
    weights = _of(results, WEIGHTS)
    if weights:
        axes.plot(
            *_curve(weights),
            "D",
            color=_WEIGHTS,
            markersize=7,
            label="published weights, scored here",
        )
    axes.set_title(f"{n_classes} classes", loc="left", fontsize=10.5)
    axes.set_xlabel("exclusion distance on either side of the test, km")
    axes.set_ylim(0.1, 1.0)
    axes.set_xlim(-15.0, max(one["exclusion_km"] for one in results) + 15.0)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _of(results: Sequence[Mapping[str, Any]], model: str) -> list[Mapping[str, Any]]:
    own = [one for one in results if one["model"] == model]
    return sorted(own, key=lambda one: float(one["exclusion_km"]))


def _curve(entries: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    return [one["exclusion_km"] for one in entries], [one["macro_f1"] for one in entries]


def _plot_published(axes: Axes, entries: Sequence[Mapping[str, Any]]) -> None:
    if not entries:
        return
    for entry in entries:
        scores = entry["scenarios"]
        axes.plot(
            np.full(len(scores), entry["exclusion_km"]),
            scores,
            ".",
            color=_PUBLISHED,
            alpha=0.4,
            markersize=6,
            markeredgewidth=0.0,
        )
    axes.plot(
        *_curve(entries),
        "o-",
        color=_PUBLISHED,
        linewidth=1.0,
        markersize=6,
        label="published: mean, and five scenarios",
    )


def _plot_network(axes: Axes, entries: Sequence[Mapping[str, Any]], label: str) -> None:
    axes.plot(*_curve(entries), "s-", color=_OURS, linewidth=2.2, markersize=5.5, label=label)
    _plot_interval(axes, entries, _OURS, "its 95 % interval over ruptures")


def _plot_interval(
    axes: Axes, entries: Sequence[Mapping[str, Any]], colour: str, label: str
) -> None:
    low, high = zip(*(one["interval95"] for one in entries), strict=True)
    distance = _curve(entries)[0]
    axes.fill_between(distance, low, high, color=colour, alpha=0.13, linewidth=0.0, label=label)


def _label_of(document: Mapping[str, Any]) -> str:
    n_members = int(document["settings"]["n_members"])
    what = "network" if n_members == 1 else f"{n_members} networks"
    how = "the published protocol" if document["settings"]["faithful"] else "all learnt in the fold"
    return f"our {what}, {how}"


def _title(document: Mapping[str, Any]) -> str:
    great = max(one["n_great_ruptures"] for one in document["results"])
    return (
        "what the network adds to knowing the place\n"
        f"{document['n_segments']} segments of {len(document['regions'])} regions, "
        f"{great} great ruptures"
    )
