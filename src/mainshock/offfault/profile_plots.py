"""Pictures of kinematic efficiency along a fault."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.offfault.base import COLUMNS
from mainshock.offfault.profile import CAVEATS, EfficiencyProfile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EFFICIENCY_COLOURS", "plot_band", "plot_profile", "plot_traces", "profile_png"]

FloatArray = NDArray[np.float64]

EFFICIENCY_COLOURS = ("#f5b041", "#c2457a", "#2a186c")
"""At efficiency 0, 0.5 and 1; safe for colour-blind readers."""

_INK, _FAINT, _PAPER = "#222222", "#8b979e", "#f7f5f0"
_WIDTH_IN, _BAND_IN, _LEAST_MAP_IN, _MOST_MAP_IN = 11.0, 3.0, 1.4, 6.5


def plot_profile(profile: EfficiencyProfile, *, title: str = "", model: str = "") -> "Figure":
    """Draw the traces with the profile below them.

    Parameters
    ----------
    profile
        What is drawn.
    title
        Name of the fault.
    model
        Name of what estimated it.

    Returns
    -------
    Figure
        Above, the traces turned so that the mean strike runs to the right, each in the colour of
        the nearest window; below, efficiency along the fault with its band.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    turned = _turned(profile, np.concatenate(profile.fault_map.lines))
    span = np.ptp(turned, axis=0)
    share = float(np.clip(1.15 * span[1] / span[0], 0.0, 1.0))
    map_in = float(np.clip(share * _WIDTH_IN, _LEAST_MAP_IN, _MOST_MAP_IN))
    figure = Figure(figsize=(_WIDTH_IN, map_in + _BAND_IN + 1.6), dpi=130, layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[map_in, _BAND_IN])
    plot_traces(profile, ax=above)
    plot_band(profile, ax=below)
    named = f"{title}: " if title else ""
    figure.suptitle(f"{named}kinematic efficiency along the fault", fontsize=14, weight="bold")
    by = f"Model: {model}. " if model else ""
    figure.supxlabel(f"{by}{CAVEATS[0]}\n{CAVEATS[1]}", fontsize=8, color="#444444")
    return figure


def profile_png(profile: EfficiencyProfile, *, title: str = "", model: str = "") -> bytes:
    """Return what :func:`plot_profile` draws as a PNG file."""
    picture = BytesIO()
    plot_profile(profile, title=title, model=model).savefig(picture, format="png")
    return picture.getvalue()


def plot_traces(profile: EfficiencyProfile, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the traces in the colours of their windows, mean strike to the right.

    Parameters
    ----------
    profile
        What is drawn.
    ax
        Axes to draw into; None makes a figure.
    """
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - slow to load
    from matplotlib.collections import LineCollection  # noqa: PLC0415
    from matplotlib.colors import Normalize  # noqa: PLC0415

    axes = _axes(ax)
    axes.set_facecolor(_PAPER)
    starts = np.concatenate([line[:-1] for line in profile.fault_map.lines])
    ends = np.concatenate([line[1:] for line in profile.fault_map.lines])
    is_main = np.repeat(
        [kind == "main" for kind in profile.fault_map.kinds],
        [len(line) - 1 for line in profile.fault_map.lines],
    )
    ramp = _ramp()
    colours = ramp(profile.efficiency.ke[_nearest(profile.centre, 0.5 * (starts + ends))])
    pieces = np.stack([_turned(profile, starts), _turned(profile, ends)], axis=1)
    for rows, width in ((~is_main, 0.8), (is_main, 2.4)):
        axes.add_collection(
            LineCollection(
                list(pieces[rows]), colors=colours[rows], linewidths=width, capstyle="round"
            )
        )
    centres = _turned(profile, profile.centre)
    axes.plot(*centres.T, "|", color=_FAINT, markersize=5, zorder=0.9)
    axes.margins(x=0.02, y=0.12)
    axes.autoscale_view()
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"along the mean strike, {profile.strike_deg:.0f}° (km)")
    axes.set_ylabel("across (km)")
    _add_north(axes, profile)
    bar = axes.figure.colorbar(
        ScalarMappable(Normalize(0.0, 1.0), ramp), ax=axes, pad=0.01, aspect=12, fraction=0.04
    )
    bar.set_label("efficiency")
    return axes


def plot_band(profile: EfficiencyProfile, *, ax: "Axes | None" = None) -> "Axes":
    """Draw efficiency along the fault with the band of nine in ten and the part from scale.

    Parameters
    ----------
    profile
        What is drawn.
    ax
        Axes to draw into; None makes a figure.
    """
    axes = _axes(ax)
    along, found = profile.distance_along_km, profile.efficiency
    half_km = 0.5 * COLUMNS * profile.pixel_m / 1000.0
    edges = np.concatenate([[along[0] - half_km], 0.5 * (along[:-1] + along[1:])])
    edges = np.append(edges, along[-1] + half_km)
    low = np.maximum(found.ke - found.epistemic_sd, found.lo90)
    high = np.minimum(found.ke + found.epistemic_sd, found.hi90)
    axes.stairs(found.hi90, edges, baseline=found.lo90, fill=True, color="#d9d4e6",
                label="nine in ten")  # fmt: skip
    axes.stairs(high, edges, baseline=low, fill=True, color="#b3a6d0",
                label="± 1 SD of scales, line widths and networks")  # fmt: skip
    axes.plot(along, found.ke, color=_INK, linewidth=1.0, zorder=3)
    axes.scatter(along, found.ke, c=_ramp()(found.ke), edgecolors=_INK, linewidths=0.7, s=36,
                 zorder=4, label="window")  # fmt: skip
    axes.set_ylim(0.0, max(1.0, 1.03 * float(found.hi90.max())))
    axes.margins(x=0.01)
    axes.grid(axis="y", color="#d5d5d5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("distance along the fault (km)")
    axes.set_ylabel("kinematic efficiency")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=8, frameon=False)
    return axes


def _axes(ax: "Axes | None") -> "Axes":
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load

    if ax is not None:
        return ax
    return Figure(figsize=(_WIDTH_IN, _BAND_IN), layout="constrained").add_subplot()


def _ramp() -> Any:  # a matplotlib Colormap
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415 - slow to load

    return LinearSegmentedColormap.from_list("efficiency", EFFICIENCY_COLOURS)


def _turned(profile: EfficiencyProfile, places: FloatArray) -> FloatArray:
    """Return km along and across the mean strike, from the first window's centre."""
    strike = np.radians(profile.strike_deg)
    along = np.array([np.sin(strike), np.cos(strike)])
    axes = np.stack([along, [-along[1], along[0]]], axis=1)
    shift = np.array([profile.distance_along_km[0], 0.0])
    return np.asarray((places - profile.centre[0]) @ axes / 1000.0 + shift)


def _nearest(centres: FloatArray, places: FloatArray) -> NDArray[np.int64]:
    from scipy.spatial import KDTree  # noqa: PLC0415 - slow to load

    return np.asarray(KDTree(centres).query(places)[1])


def _add_north(axes: "Axes", profile: EfficiencyProfile) -> None:
    """Draw an arrow to the north, or along y where the map has no place on Earth."""
    strike = np.radians(profile.strike_deg)
    north = np.array([np.cos(strike), np.sin(strike)])
    name = "y" if profile.fault_map.frame is None else "N"
    axes.annotate(
        name, xy=(0.965, 0.5), xycoords="axes fraction", xytext=tuple(22.0 * north),
        textcoords="offset points", ha="center", va="center", fontsize=9, color=_INK,
        arrowprops={"arrowstyle": "<|-", "color": _INK, "shrinkA": 1.0},
    )  # fmt: skip
