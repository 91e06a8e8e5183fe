"""Figures of an explanation: heat map, histogram of its values, rankings with their stability."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mainshock.megathrust.feature_groups import group_of
from mainshock.megathrust.rankings import Ranking

__all__ = ["CLASS_NAMES", "TYPE_COLOURS", "plot_heat_map", "plot_histogram", "plot_ranking"]

CLASS_NAMES = {2: ("M < 8.0", "M ≥ 8.0"), 3: ("M < 6.4", "6.4 ≤ M ≤ 8.3", "M > 8.3")}
TYPE_COLOURS = {"I": "#0072b2", "II": "#d55e00", "III": "#009e73", "other": "#777777"}
_TYPE_NAMES = {
    "I": "I physical state",
    "II": "II dynamics",
    "III": "III kinematics",
    "other": "other or several",
}
_HIGHEST = 3.0
_ROW_INCHES = 0.19
_SMALL = 7
_NOTE_COLOUR = "#555555"
_SYNTHETIC_LIMIT = 0.05


def plot_heat_map(heat_map: pd.DataFrame, stabilities: Sequence[str] = ()) -> Figure:
    """Return the heat map: features by type down, classes across.

    Parameters
    ----------
    heat_map
        Of an :class:`~mainshock.megathrust.explain.Explanation`. Relevance is drawn from 0 to 3
        interquartile ranges above a segment's median, negative values as 0, as published; values
        that are all below 1, such as losses of probability, up to their maximum.
    stabilities
        One line a class: how stable its column is.
    """
    values = np.maximum(heat_map.to_numpy(dtype=np.float64), 0.0)
    highest = _HIGHEST if np.nanmax(values, initial=0.0) >= 1.0 else np.nanmax(values, initial=1e-3)
    height = _ROW_INCHES * len(heat_map) + 1.8
    figure = Figure(figsize=(7.0, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="cividis", vmin=0.0, vmax=highest, aspect="auto")
    names = [str(name) for name in heat_map.index]
    kinds = [group_of(name).kind for name in names]
    _label_items(axes, names, kinds)
    columns = CLASS_NAMES.get(heat_map.shape[1], tuple(map(str, heat_map.columns)))
    axes.set_xticks(range(heat_map.shape[1]), columns)
    for edge in range(1, len(names)):
        if group_of(names[edge]) != group_of(names[edge - 1]):
            axes.axhline(edge - 0.5, color="white", linewidth=0.8)
    unit = "interquartile ranges" if highest >= 1.0 else "probability lost"
    bar = figure.colorbar(image, ax=axes, shrink=0.6)
    bar.set_label(unit, fontsize=_SMALL)
    bar.ax.tick_params(labelsize=_SMALL)
    axes.set_title("What each class is recognised by\n" + "\n".join(stabilities), fontsize=_SMALL)
    _type_legend(figure, kinds)
    return figure


def plot_histogram(heat_map: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Return the axes with a histogram of each class's values over features."""
    axes = Figure(figsize=(5.0, 3.2), layout="constrained").subplots() if ax is None else ax
    columns = CLASS_NAMES.get(heat_map.shape[1], tuple(map(str, heat_map.columns)))
    values = heat_map.to_numpy(dtype=np.float64)
    if not np.isfinite(values).any():
        return axes
    edges = np.histogram_bin_edges(values[np.isfinite(values)], bins=20).tolist()
    for number, name in enumerate(columns):
        own = values[:, number]
        colour = ("#0072b2", "#d55e00", "#009e73")[number % 3]
        axes.hist(own[np.isfinite(own)], edges, histtype="step", color=colour, label=name)
    axes.set_xlabel("value in the heat map")
    axes.set_ylabel("number of features")
    axes.legend(fontsize=_SMALL)
    return axes


def plot_ranking(ranking: Ranking, n_shown: int = 20) -> Figure:
    """Return the first items of a ranking with their intervals, and its stability above.

    Hollow marks are items that synthetic features equal more often than 1 in 20.
    """
    n_shown = min(n_shown, len(ranking.names))
    importance, interval = ranking.importance[:n_shown], ranking.interval95[:n_shown]
    stabilities = [str(one) for one in ranking.stabilities().values()]
    figure = Figure(figsize=(7.4, _ROW_INCHES * n_shown + 1.9), layout="constrained")
    axes = figure.subplots()
    names = ranking.names[:n_shown]
    kinds = [_kind_of(ranking.members[place], name) for place, name in enumerate(names)]
    share = ranking.synthetic_share
    for place, kind in enumerate(kinds):
        is_known = share is not None and share[place] <= _SYNTHETIC_LIMIT
        colour = TYPE_COLOURS[kind]
        axes.hlines(place, *interval[place], color=colour, linewidth=1.2)
        face = colour if is_known or share is None else "white"
        axes.plot(importance[place], place, "o", color=colour, markerfacecolor=face, markersize=5)
    axes.set_ylim(n_shown - 0.5, -0.5)
    _label_items(axes, names, kinds)
    axes.axvline(0.0, color=_NOTE_COLOUR, linewidth=0.6)
    axes.set_xlabel(f"{ranking.measure}\n95 % by bootstrap over folds", fontsize=_SMALL)
    lines = [f"Ranking of {ranking.level}", *stabilities]
    if share is not None:
        lines.append("hollow: synthetic features get as much more often than 1 in 20")
    if ranking.synthetic is not None:
        lines[-2] = f"synthetic features {ranking.synthetic}"
    axes.set_title("\n".join(lines), fontsize=_SMALL)
    _type_legend(figure, kinds)
    return figure


def _kind_of(members: Sequence[str], name: str) -> str:
    """Return the type that all members have, or "other"."""
    kinds = {group_of(member).kind for member in members or (name,)}
    return kinds.pop() if len(kinds) == 1 else "other"


def _label_items(axes: Axes, names: Sequence[str], kinds: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=_SMALL)
    for label, kind in zip(axes.get_yticklabels(), kinds, strict=True):
        label.set_color(TYPE_COLOURS[kind])


def _type_legend(figure: Figure, kinds: Sequence[str]) -> None:
    patches = [
        Patch(color=TYPE_COLOURS[kind], label=text)
        for kind, text in _TYPE_NAMES.items()
        if kind in kinds
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=_SMALL)
