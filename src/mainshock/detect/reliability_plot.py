"""How far a picker's probabilities can be believed: stated against found, and how many picks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mainshock.detect.plots import PHASE_COLOURS

__all__ = ["plot_reliability"]

_MARKERS = {"P": "o", "S": "s"}
_GREY = "#767676"


def plot_reliability(found: Mapping[str, Mapping[str, Any]], title: str) -> Figure:
    """Return a reliability diagram of P and S.

    Parameters
    ----------
    found
        Phase to what ``mainshock.detect.calibrate.reliability`` returned, as in a manifest's
        ``metrics["reliability"]``.
    title
        Which picker, on which records.
    """
    figure = Figure(figsize=(5.2, 5.0), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    axes.plot([0.0, 1.0], [0.0, 1.0], color=_GREY, linewidth=1.0, zorder=1)
    axes.annotate("as stated", (0.62, 0.62), rotation=45, color=_GREY, va="bottom", ha="center")
    for phase, one in found.items():
        if one["bins"]:
            _draw(axes, phase, one)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", title=title)
    axes.set_xlabel("stated probability")
    axes.set_ylabel("share of picks that are right (within 0.5 s)")
    axes.legend(loc="lower right", frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw(axes: Axes, phase: str, one: Mapping[str, Any]) -> None:
    stated = np.array([row["stated"] for row in one["bins"]])
    right = np.array([row["right"] for row in one["bins"]])
    count = np.array([row["n"] for row in one["bins"]])
    low, high = _interval(right * count, count)
    axes.errorbar(
        stated,
        right,
        yerr=[right - low, high - right],
        fmt=_MARKERS[phase] + "-",
        color=PHASE_COLOURS[phase],
        markersize=5.0,
        linewidth=1.2,
        elinewidth=1.0,
        capsize=2.5,
        label=f"{phase}: {one['n']} peaks, calibration error {one['ece']:.3f} (bars: 95 %)",
        zorder=2,
    )


def _interval(hits: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % Wilson interval of each share."""
    z = 1.96
    share = hits / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    # rounding may put a bound a hair on the wrong side of a share of 0 or 1
    return np.minimum(centre - half, share), np.maximum(centre + half, share)
