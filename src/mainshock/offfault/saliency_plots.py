"""Figure of a saliency: the fault map, and what each pixel does to the efficiency."""

import numpy as np
from matplotlib.figure import Figure

from mainshock.core.errors import DataError
from mainshock.offfault.base import ROWS
from mainshock.offfault.saliency import TOLERANCE, Saliency

__all__ = ["plot_saliency"]

_MARGIN_PX = 24
_UNITS = {
    "integrated-gradients": "share of the efficiency",
    "grad-cam": "attention, no unit",
    "occlusion": "fall of the efficiency when wiped out",
}


def plot_saliency(saliency: Saliency, index: int = 0) -> Figure:
    """Return the map of one window beside its attribution; red raises the efficiency, blue lowers.

    Parameters
    ----------
    saliency
        Of one window or more.
    index
        Which window.

    Raises
    ------
    DataError
        If there is no such window.
    """
    if not 0 <= index < len(saliency.maps):
        raise DataError(f"there is no window {index}; {len(saliency.maps)} are explained, from 0")
    fault, values = saliency.maps[index], saliency.attribution[index]
    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.imshow(fault, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    left.set_title(f"Faults: KE {saliency.ke[index]:.2f}", fontsize=10)
    limit = float(np.abs(values).max()) or 1.0
    image = right.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    if fault.any():
        right.contour(fault, levels=[0.5], colors="#555555", linewidths=0.4)
    right.set_title(_title(saliency, index), fontsize=10)
    bar = figure.colorbar(image, ax=right, shrink=0.7)
    bar.set_label(f"{_UNITS.get(saliency.method, 'attribution')} (+ raises it)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    for axes in (left, right):
        axes.set_xlabel("along strike (px)")
    left.set_ylabel("across strike (px)")
    if fault.any():  # most of the window is empty
        rows = np.flatnonzero(fault.any(axis=1))
        left.set_ylim(min(rows[-1] + _MARGIN_PX, ROWS) - 0.5, max(rows[0] - _MARGIN_PX, 0) - 0.5)
    return figure


def _title(saliency: Saliency, index: int) -> str:
    error = saliency.completeness_error[index]
    if not np.isfinite(error):
        return saliency.method
    warning = "" if error <= TOLERANCE else ": not complete"
    return f"{saliency.method}\nsum off by {error:.2%}{warning}"
