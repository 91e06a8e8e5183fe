"""Kinematic efficiency of a fault map, measured from the displacements of the same frame.

Rows are counted downwards across strike, columns to the right along it; ``u`` is the displacement
to the right, ``v`` the one towards higher rows. Slip is positive where higher rows move to the
right of lower ones (``du/drow > 0``: sinistral seen from above, with row 0 at the top). An
experiment in the other sense is labelled after ``u`` and ``v`` were turned round.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.base import COLUMNS, ROWS

__all__ = [
    "GRID_STEP_MM",
    "STRIDE",
    "KeLabel",
    "WindowName",
    "applied_velocity",
    "curl",
    "curl_width_ratio",
    "first_columns",
    "ke_from_curl",
    "ke_label",
    "slip_along",
    "window_labels",
]

FloatArray = NDArray[np.float64]

# grid step of the laboratory experiments, and the columns from one window to the next
GRID_STEP_MM = 1.14
STRIDE = 50
# columns of a window that may be lost to missing displacements
_MISSING_SHARE = 0.5


class KeLabel(NamedTuple):
    """Median of slip over applied displacement along a map, and its standard deviation."""

    ke: float
    sd: float


def _check_fields(*fields: NDArray[Any]) -> None:
    """Check that arrays are maps of one shape."""
    shapes = [field.shape for field in fields]
    if len(set(shapes)) != 1 or len(shapes[0]) != 2 or min(shapes[0]) < 2:
        raise DataError(
            f"arrays of shapes {shapes}; give maps of one shape (rows, columns), 2 x 2 at least"
        )


def curl(u: NDArray[Any], v: NDArray[Any], dx: float = 1.0) -> FloatArray:
    """Return half the vorticity of a displacement, ``(du/dy - dv/dx) / 2``.

    Parameters
    ----------
    u, v
        Displacement to the right and towards higher rows, shape ``(rows, columns)``, one unit.
    dx
        Grid step in any length; 1 gives the curl per grid step.

    Returns
    -------
    NDArray
        Shape ``(rows, columns)``, in units of ``u`` over units of ``dx``. Missing values (NaN)
        spread to their neighbours.

    Raises
    ------
    DataError
        If the shapes differ.

    Notes
    -----
    The half is that of MATLAB's ``curl``, which returns the angular velocity; hence the 2 in
    :func:`slip_along`. The sign is that of ``du/dy`` with ``y`` along the rows, so that a fault
    whose higher rows move to the right has a positive curl.
    """
    _check_fields(u, v)
    along_rows = np.gradient(np.asarray(u, dtype=float), dx, axis=0)
    along_columns = np.gradient(np.asarray(v, dtype=float), dx, axis=1)
    return np.asarray(0.5 * (along_rows - along_columns), dtype=np.float64)


def applied_velocity(u: NDArray[Any], v: NDArray[Any]) -> float:
    """Return how far the last row moves past the first, in units of ``u`` per frame.

    It is the length of the difference of medians along the first and the last row. Give the full
    width of the frame, not that of a window. Missing values are left out.

    Raises
    ------
    DataError
        If the rows do not move past each other, or hold no values.
    """
    _check_fields(u, v)
    ends = np.stack([np.asarray(one, dtype=float)[[0, -1]] for one in (u, v)])
    if np.isnan(ends).all(axis=2).any():
        raise DataError("no displacements along the first or the last row; cut the map to its data")
    medians = np.nanmedian(ends, axis=2)
    velocity = math.hypot(*(medians[:, 0] - medians[:, 1]))
    if not 0.0 < velocity < math.inf:
        raise DataError(
            f"the last row moves {velocity} past the first; efficiency needs an applied "
            "displacement above 0: leave such frames out"
        )
    return velocity


def slip_along(curl_map: NDArray[Any], fault: NDArray[Any], dx: float = GRID_STEP_MM) -> FloatArray:
    """Return the slip on faults in each column, ``2 * trapz(curl * fault, dx)`` along the rows.

    Parameters
    ----------
    curl_map
        :func:`curl` per length, shape ``(rows, columns)``.
    fault
        True or 1 where a fault is active, same shape.
    dx
        Grid step, in the length of ``curl_map``.

    Returns
    -------
    NDArray
        Shape ``(columns,)``, in units of displacement; NaN where a curl inside the mask is missing.
    """
    _check_fields(curl_map, fault)
    inside = np.where(np.asarray(fault) > 0, np.asarray(curl_map, dtype=float), 0.0)
    return np.asarray(2.0 * np.trapezoid(inside, dx=dx, axis=0), dtype=np.float64)


def ke_from_curl(
    curl_map: NDArray[Any], fault: NDArray[Any], applied: float, dx: float = GRID_STEP_MM
) -> KeLabel:
    """Return the efficiency of a map from its curl and the applied displacement.

    Raises
    ------
    DataError
        If the mask is empty, the applied displacement is not above 0, or more than half of the
        columns miss displacements on faults; fewer are left out.
    """
    if not np.any(fault):
        raise DataError("the fault mask is empty; leave frames without a fault out")
    if not 0.0 < applied < math.inf:
        raise DataError(f"the applied displacement is {applied}; it must be above 0")
    ratio = slip_along(curl_map, fault, dx) / applied
    known = ratio[np.isfinite(ratio)]
    if known.size < (1.0 - _MISSING_SHARE) * ratio.size:
        raise DataError(
            f"displacements on faults are missing (NaN) in {ratio.size - known.size} of "
            f"{ratio.size} columns; at most half may be: fill them, or leave the frame out"
        )
    return KeLabel(float(np.median(known)), float(np.std(known)))


def ke_label(
    u: NDArray[Any], v: NDArray[Any], fault: NDArray[Any], dx: float = GRID_STEP_MM
) -> KeLabel:
    """Return the kinematic efficiency of a whole map and its standard deviation along strike.

    Parameters
    ----------
    u, v
        Displacement of one frame to the right and towards higher rows, shape ``(rows, columns)``.
    fault
        True or 1 where a fault is active, same shape.
    dx
        Grid step. It changes nothing: slip and applied displacement have one unit.

    Returns
    -------
    KeLabel
        Median and standard deviation over columns of slip on faults over applied displacement;
        negative where faults slip against the sense given above. Not clipped: noise may take it
        beyond 1.

    Raises
    ------
    DataError
        If shapes differ, the mask is empty, nothing moves, or too many values are missing.

    Notes
    -----
    ``KE = median_x s(x) / V`` and ``SD = std_x s(x) / V``, ``s`` by :func:`slip_along` and ``V`` by
    :func:`applied_velocity`. Only the curl inside the mask counts, so the threshold and the
    width of the mask are part of the label.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(135.0)[:, None] - 67.0
    >>> u = np.repeat(np.tanh(rows / 3.0), 64, axis=1)
    >>> round(ke_label(u, np.zeros_like(u), np.ones_like(u)).ke, 3)
    1.0
    """
    _check_fields(u, v, fault)
    return ke_from_curl(curl(u, v, dx), fault, applied_velocity(u, v), dx)


def first_columns(width: int, columns: int = COLUMNS, stride: int = STRIDE) -> NDArray[np.int64]:
    """Return the column at which each window of a map begins.

    Raises
    ------
    DataError
        If the map is narrower than a window.

    Examples
    --------
    >>> first_columns(313).tolist()
    [0, 50, 100, 150, 200]
    """
    if width < columns:
        raise DataError(f"the map has {width} columns; a window needs {columns}")
    return np.arange(0, width - columns + 1, stride, dtype=np.int64)


def window_labels(
    curl_map: NDArray[Any], fault: NDArray[Any], applied: float, dx: float = GRID_STEP_MM
) -> list[tuple[int, KeLabel]]:
    """Return first column and efficiency of each window of a frame that holds a fault.

    Windows are the first 128 rows and 64 columns, one every 50 columns; ``applied`` is that of the
    whole frame.

    Raises
    ------
    DataError
        If the map is smaller than a window, or too many values are missing.
    """
    _check_fields(curl_map, fault)
    if fault.shape[0] < ROWS:
        raise DataError(f"the map has {fault.shape[0]} rows; a window needs {ROWS}")
    labels = []
    for first in first_columns(fault.shape[1]).tolist():
        window = (slice(0, ROWS), slice(first, first + COLUMNS))
        if np.any(fault[window]):
            labels.append((first, ke_from_curl(curl_map[window], fault[window], applied, dx)))
    return labels


def curl_width_ratio(u: NDArray[Any], v: NDArray[Any], fault_width_rows: int = 9) -> float:
    """Return the share of shear that the strongest zone of each column carries: no learning.

    Parameters
    ----------
    u, v
        Displacement of one frame, shape ``(rows, columns)``.
    fault_width_rows
        Rows of the zone, odd. The default, about 10 mm of the laboratory grid, holds one fault
        with the blur of image correlation and leaves out the next strand.

    Returns
    -------
    float
        Median over columns of the shear inside the zone that holds most of it, over the shear of
        the whole column. About 1: all on one fault, 0.9 or more counts as no off-fault
        deformation; 0.6 or less as distributed. Columns with missing values are left out.

    Raises
    ------
    DataError
        If shapes differ, the zone is wider than the map, or no column is sheared.

    Notes
    -----
    An index in the manner of the curl-width ratio of Zhou et al. (2018): it needs displacements,
    yet no fault mask, and slip on a second strand counts as off the fault. Hence it is at most the
    efficiency of a map with several strands.
    """
    _check_fields(u, v)
    if not 0 < fault_width_rows <= u.shape[0] or fault_width_rows % 2 == 0:
        raise DataError(
            f"a zone of {fault_width_rows} rows; give an odd number up to the {u.shape[0]} rows"
        )
    shear = curl(u, v)
    shear = shear[:, np.isfinite(shear).all(axis=0)]
    total = shear.sum(axis=0)
    running = np.cumsum(np.pad(shear * np.sign(total), ((1, 0), (0, 0))), axis=0)
    strongest = (running[fault_width_rows:] - running[:-fault_width_rows]).max(axis=0)
    sheared = total != 0.0
    if not sheared.any():
        raise DataError("no column of the map is sheared; leave frames at rest out")
    return float(np.median(strongest[sheared] / np.abs(total[sheared])))


_NAME = re.compile(
    r"(?P<ke>-?\d+(?:\.\d+)?)_(?P<sd>\d+(?:\.\d+)?)_win_(?P<window>\d+)_t_(?P<frame>\d+)_"
    r"(?P<run>.+)_cfuv(?:\.npy)?"
)


@dataclass(frozen=True, slots=True)
class WindowName:
    """What the name of a window's file tells; ``window`` and ``frame`` count from 0."""

    ke: float
    sd: float
    window: int
    frame: int
    run: str

    def text(self, decimals: int = 2) -> str:
        """Return the name without suffix; labels have two decimals, or four in newer folders.

        Examples
        --------
        >>> WindowName(-0.014, 0.2, 12, 7, "EB_050_1").text()
        '-0.01_0.20_win_12_t_007_EB_050_1_cfuv'
        """
        label = f"{self.ke:.{decimals}f}_{self.sd:.{decimals}f}"
        return f"{label}_win_{self.window}_t_{self.frame:03d}_{self.run}_cfuv"

    @classmethod
    def parse(cls, text: str) -> "WindowName":
        """Return what a name tells; any number of decimals, windows and frames.

        Raises
        ------
        DataError
            If the text is no such name.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            raise DataError(
                f"{text!r} names no window; give KE_SD_win_NUMBER_t_FRAME_RUN_cfuv, "
                "such as 0.75_0.07_win_3_t_052_EB_050_1_cfuv"
            )
        return cls(
            float(found["ke"]),
            float(found["sd"]),
            int(found["window"]),
            int(found["frame"]),
            found["run"],
        )
