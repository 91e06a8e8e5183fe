"""The figure of an explanation: each trace, under it what speaks for and against the pick."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.records import COMPONENTS, PHASES
from mainshock.detect.explain import PickExplanation
from mainshock.detect.plots import PHASE_COLOURS

__all__ = ["AGAINST_COLOUR", "FOR_COLOUR", "plot_explanation"]

FOR_COLOUR = "#1b7837"
AGAINST_COLOUR = "#762a83"
FloatArray = NDArray[np.float64]
_TRACE_COLOUR = "#333333"
_QUIET = "#666666"
_SPACE = 0.16
_HEIGHTS = (*(1.0, 0.85, _SPACE) * 3, 1.0)
_LEFT = 0.085
_SMALL = 8
_NOTE: dict[str, Any] = {"va": "top", "fontsize": _SMALL, "color": _QUIET}


def plot_explanation(
    explanation: PickExplanation,
    *,
    before_s: float = 3.0,
    after_s: float = 5.0,
    bin_s: float = 0.1,
    figure: Figure | None = None,
) -> Figure:
    """Return a figure of the traces, their attributions and the probability of P and S.

    Parameters
    ----------
    explanation
        What ``explain_pick`` returned.
    before_s, after_s
        Time shown before and after the pick, in seconds; as much as the record has of it.
    bin_s
        Attributions are added up over this long, in seconds: within the swing of a wave their
        sign changes from sample to sample, and no eye can add that up.
    figure
        Where to draw; a new one by default.

    Raises
    ------
    SettingsError
        If one of the times is not positive.

    Notes
    -----
    All attributions have one scale, so that components can be compared; each trace has its own.
    """
    if not min(before_s, after_s, bin_s) > 0.0:
        raise SettingsError(
            f"before_s, after_s and bin_s are {before_s}, {after_s} and {bin_s}; all must be "
            "positive"
        )
    drawn = Figure(figsize=(9.5, 8.8)) if figure is None else figure
    rows = _rows(drawn)
    shown = _shown(explanation, before_s, after_s)
    for index in range(len(COMPONENTS)):
        _draw_trace(rows[2 * index], explanation, index, shown)
    share = _draw_attributions(rows[1:6:2], explanation, shown, bin_s)
    _draw_curves(rows[-1], explanation, shown)
    for axes in rows:
        _draw_pick(axes, explanation)
        _strip(axes)
    _label_times(rows, explanation, shown)
    _label_figure(drawn, explanation, share)
    return drawn


def _rows(figure: Figure) -> list[Axes]:
    """Return the axes: three times a trace with its attribution right below, then the curves."""
    grid = figure.add_gridspec(
        len(_HEIGHTS), 1, height_ratios=_HEIGHTS, hspace=0.0, left=_LEFT, right=0.985, top=0.898,
        bottom=0.095,
    )  # fmt: skip
    places = [index for index, height in enumerate(_HEIGHTS) if height > _SPACE]
    rows: list[Axes] = []
    for place in places:
        rows.append(figure.add_subplot(grid[place], sharex=rows[0] if rows else None))
    return rows


def _shown(explanation: PickExplanation, before_s: float, after_s: float) -> slice:
    """Return the samples shown: those inside the record."""
    times_s = explanation.times_s[: explanation.n_recorded]
    inside = np.flatnonzero((times_s >= -before_s) & (times_s <= after_s))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _draw_trace(axes: Axes, explanation: PickExplanation, index: int, shown: slice) -> None:
    axes.set_ylabel(
        COMPONENTS[index], rotation=0, ha="right", va="center", fontsize=12, fontweight="bold"
    )
    axes.set_yticks([])
    if not explanation.has_component[index]:
        axes.text(
            0.5,
            0.5,
            "not recorded",
            transform=axes.transAxes,
            ha="center",
            color=_QUIET,
            fontsize=9,
        )
        return
    trace = explanation.window[index, shown]
    axes.plot(explanation.times_s[shown], trace, color=_TRACE_COLOUR, linewidth=0.7)
    reach = 1.08 * float(np.abs(trace).max()) or 1.0
    axes.set_ylim(-reach, reach)


def _draw_attributions(
    panels: Sequence[Axes], explanation: PickExplanation, shown: slice, bin_s: float
) -> float:
    """Draw the three rows of bars and return the share of the absolute attribution they show."""
    times_s = explanation.times_s
    edges = _edges(times_s[shown], bin_s)
    heights = [
        np.histogram(times_s[shown], edges, weights=one[shown])[0]
        for one in explanation.attribution
    ]
    highest = max(float(np.max(heights)), 1e-9)
    lowest = min(float(np.min(heights)), -0.2 * highest)
    total = float(np.abs(explanation.attribution).sum()) or 1.0
    for index, (axes, height) in enumerate(zip(panels, heights, strict=True)):
        colours = [FOR_COLOUR if value >= 0.0 else AGAINST_COLOUR for value in height]
        axes.bar(edges[:-1], height, np.diff(edges), align="edge", color=colours, linewidth=0.0)
        axes.axhline(0.0, color="#999999", linewidth=0.6)
        axes.set_ylim(1.2 * lowest, 1.2 * highest)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, prune="both"))
        axes.set_facecolor("#f7f7f7")
        part = np.abs(explanation.attribution[index]).sum() / total
        net = explanation.attribution[index].sum()
        note = f"{100.0 * part:.0f} % of the absolute attribution, net {net:+.2f}"
        axes.text(0.995, 0.93, note, ha="right", transform=axes.transAxes, **_NOTE)
    unit = f"attribution: probability per {bin_s:g} s"
    panels[0].text(0.005, 0.93, unit, transform=panels[0].transAxes, **_NOTE)
    return float(np.abs(explanation.attribution[:, shown]).sum()) / total


def _edges(times_s: FloatArray, bin_s: float) -> FloatArray:
    """Return the edges of the bins, one of which is the pick itself."""
    first, last = np.floor(times_s[0] / bin_s), np.floor(times_s[-1] / bin_s) + 1.0
    return np.asarray(np.arange(first, last + 1.0) * bin_s, dtype=np.float64)


def _draw_curves(axes: Axes, explanation: PickExplanation, shown: slice) -> None:
    times_s = explanation.times_s[shown]
    for phase, curve in zip(PHASES, explanation.curves[:, shown], strict=True):
        colour, style = PHASE_COLOURS[phase], "-" if phase == "P" else "--"
        axes.fill_between(times_s, 0.0, curve, color=colour, alpha=0.2, linewidth=0.0)
        axes.plot(times_s, curve, color=colour, linewidth=1.1, linestyle=style)
    axes.set_ylim(0.0, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("probability,\nthis window", fontsize=_SMALL)


def _draw_pick(axes: Axes, explanation: PickExplanation) -> None:
    pick = explanation.pick
    colour = PHASE_COLOURS[pick.phase]
    axes.axvspan(-pick.sigma_s, pick.sigma_s, color=colour, alpha=0.25, linewidth=0.0)
    axes.axvline(
        0.0, color=colour, linewidth=1.2, linestyle="-" if pick.phase == "P" else "--", zorder=3.0
    )


def _strip(axes: Axes) -> None:
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color("#bbbbbb")
    axes.tick_params(axis="y", labelsize=_SMALL, length=2.0, colors=_QUIET)
    axes.tick_params(axis="x", length=0.0, labelsize=9)
    axes.grid(visible=True, axis="x", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def _label_times(rows: Sequence[Axes], explanation: PickExplanation, shown: slice) -> None:
    pick, times_s = explanation.pick, explanation.times_s[shown]
    for axes in rows[:-1]:
        axes.tick_params(axis="x", labelbottom=False)
    rows[-1].set_xlim(times_s[0], times_s[-1])
    rows[-1].spines["bottom"].set_visible(True)
    rows[-1].tick_params(axis="x", length=3.0)
    moment = f"{pick.time:%Y-%m-%d %H:%M:%S}.{pick.time.microsecond // 10_000:02d}"
    rows[-1].set_xlabel(f"seconds from the {pick.phase} pick at {moment} UTC", fontsize=9)
    rows[0].annotate(
        pick.phase,
        (0.0, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0.0, 1.0),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=10,
        fontweight="bold",
        color=PHASE_COLOURS[pick.phase],
    )


def _label_figure(figure: Figure, explanation: PickExplanation, share: float) -> None:
    pick = explanation.pick
    figure.text(
        _LEFT,
        0.985,
        f"{pick.station_code}, {pick.phase}: why {pick.model} states a probability of "
        f"{pick.probability:.2f} (time ± {pick.sigma_s:.2f} s)",
        va="top",
        fontsize=12,
    )
    notes = (
        f"Network output near the pick {explanation.probability:.2f}, for silence "
        f"{explanation.baseline_probability:.2f}; the attributions add up to the difference with "
        f"an error of {explanation.completeness_error:.3f}; {100.0 * share:.0f} % are in the time "
        "shown.\nTraces as the network sees them, each on its own scale; all attributions on one "
        "scale."
    )
    figure.text(_LEFT, 0.957, notes, linespacing=1.35, **_NOTE)
    figure.legend(handles=_legend_handles(), loc="lower center", ncols=5, frameon=False, fontsize=9)


def _legend_handles() -> list[Line2D | Patch]:
    return [
        Patch(color=FOR_COLOUR, label="for the pick"),
        Patch(color=AGAINST_COLOUR, label="against the pick"),
        Line2D([], [], color=PHASE_COLOURS["P"], label="P"),
        Line2D([], [], color=PHASE_COLOURS["S"], linestyle="--", label="S"),
        Patch(color=_QUIET, alpha=0.35, label="± one standard deviation of the pick"),
    ]
