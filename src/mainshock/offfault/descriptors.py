"""Thirteen numbers on the geometry of the faults in a window.

They are measured on the skeleton of the map, one pixel wide, and no number depends on where across
strike the faults lie. Thirteen numbers are what a network has to beat.
"""

import numpy as np
from numpy.typing import NDArray

from mainshock.offfault.windows import check_maps

__all__ = ["DESCRIPTORS", "THICKNESS_FREE", "descriptors"]

FloatArray = NDArray[np.float64]

DESCRIPTORS = (
    "covered_share",
    "strands_per_column",
    "share_of_two_strands",
    "share_of_three_strands",
    "length_per_column",
    "zone_width_px",
    "row_spread_px",
    "largest_component_share",
    "n_components",
    "angle_deg",
    "mean_gap_px",
    "step_px",
    "thickness_px",
)
"""Names of the descriptors, in the order of the columns."""

THICKNESS_FREE = tuple(name for name in DESCRIPTORS if name != "thickness_px")
"""Those that a drawing with broader lines leaves (nearly) as they are."""

_EIGHT = np.ones((3, 3), dtype=np.int64)  # pixels that touch by a corner are of one fault


def descriptors(maps: NDArray[np.uint8]) -> FloatArray:
    """Return the geometry of windows of fault maps.

    Parameters
    ----------
    maps
        Shape ``(n_windows, 128, 64)``, 1 where a fault is active.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_windows, 13)``, columns as in :data:`DESCRIPTORS`; lengths in pixels. A window
        without faults has zeros, and a gap as long as the window.

    Raises
    ------
    DataError
        If the maps have another shape or other values.
    """
    check_maps(maps)
    rows = [_describe(one) for one in np.asarray(maps, dtype=bool)]
    return np.array(rows, dtype=np.float64).reshape(len(maps), len(DESCRIPTORS))


def _describe(fault: NDArray[np.bool_]) -> list[float]:
    """Return the descriptors of one window."""
    from scipy.ndimage import label  # noqa: PLC0415 - only on use
    from skimage.morphology import skeletonize  # noqa: PLC0415 - slow to import

    n_columns = fault.shape[1]
    if not fault.any():
        return [0.0] * 10 + [float(n_columns), 0.0, 0.0]
    skeleton: NDArray[np.bool_] = skeletonize(fault)
    strands = _runs_per_column(skeleton)
    rows, columns = np.nonzero(skeleton)
    # columns at the ends of a broad line have no skeleton though they have a fault: take the map's
    covered: NDArray[np.bool_] = np.asarray(fault.any(axis=0))
    components, n_components = label(skeleton, structure=_EIGHT)
    labels = components[rows, columns]
    reach = [np.unique(columns[labels == one]).size for one in range(1, n_components + 1)]
    length = _length_px(skeleton)
    width, step = _zone(skeleton)
    return [
        float(covered.mean()),
        float(strands.mean()),
        float((strands >= 2).mean()),
        float((strands >= 3).mean()),
        length / n_columns,
        width,
        float(rows.std()),
        max(reach) / n_columns,
        float(n_components),
        _angle_deg(rows, columns, labels, n_components),
        _mean_gap_px(covered),
        step,
        float(fault.sum()) / max(length, 1.0),
    ]


def _runs_per_column(skeleton: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many strands each column crosses."""
    padded = np.pad(skeleton, ((1, 0), (0, 0)))
    runs: NDArray[np.int64] = (padded[1:] & ~padded[:-1]).sum(axis=0)
    return runs


def _length_px(skeleton: NDArray[np.bool_]) -> float:
    """Return the length of all lines: pixel to pixel, a corner counts the root of two."""
    straight = (skeleton[1:] & skeleton[:-1]).sum() + (skeleton[:, 1:] & skeleton[:, :-1]).sum()
    # a corner step counts only where no straight way joins the two pixels
    down = skeleton[1:, 1:] & skeleton[:-1, :-1] & ~skeleton[1:, :-1] & ~skeleton[:-1, 1:]
    up = skeleton[:-1, 1:] & skeleton[1:, :-1] & ~skeleton[1:, 1:] & ~skeleton[:-1, :-1]
    return float(straight + np.sqrt(2.0) * (down.sum() + up.sum()))


def _zone(skeleton: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean width from outer to outer strand, and the mean jump of their middle."""
    crossed = np.flatnonzero(skeleton.any(axis=0))
    top = skeleton[:, crossed].argmax(axis=0)
    bottom = len(skeleton) - 1 - skeleton[::-1, crossed].argmax(axis=0)
    middle = 0.5 * (top + bottom)
    step = float(np.abs(np.diff(middle)).mean()) if crossed.size > 1 else 0.0
    return float((bottom - top).mean()), step


def _angle_deg(
    rows: NDArray[np.int64], columns: NDArray[np.int64], labels: NDArray[np.int64], n: int
) -> float:
    """Return the mean angle of the components to the strike, each weighted by its pixels."""
    total = 0.0
    for one in range(1, n + 1):
        own = labels == one
        if own.sum() > 1:
            centred = np.stack([columns[own], rows[own]]) - [
                [columns[own].mean()],
                [rows[own].mean()],
            ]
            xx, yy, xy = (centred[0] ** 2).sum(), (centred[1] ** 2).sum(), centred.prod(0).sum()
            total += own.sum() * abs(0.5 * np.degrees(np.arctan2(2.0 * xy, xx - yy)))
    return float(total / rows.size)


def _mean_gap_px(covered: NDArray[np.bool_]) -> float:
    """Return the mean length of runs of columns without a fault; 0 where there are none."""
    free = np.concatenate([[False], ~covered])
    n_gaps = int((free[1:] & ~free[:-1]).sum())
    return float((~covered).sum()) / n_gaps if n_gaps else 0.0
