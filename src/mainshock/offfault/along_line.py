"""Distance along and across a line, and places in metres."""

import numpy as np
from numpy.typing import NDArray

from mainshock.core.geo import LocalFrame

__all__ = ["along_and_across", "lengths_along", "local_m"]

FloatArray = NDArray[np.float64]


def lengths_along(line: FloatArray) -> FloatArray:
    """Return the distance along a line of each of its corners, ``line`` of shape ``(n, 2)``."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def along_and_across(places: FloatArray, line: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where along a line places lie, and how far from it.

    Parameters
    ----------
    places
        Shape ``(n, 2)``, in the units of the line.
    line
        Shape ``(m, 2)``, two corners or more.

    Returns
    -------
    tuple
        Distance along the line of its nearest point and distance to it, each ``(n,)``. Beyond an
        end the nearest point is the end.

    Examples
    --------
    >>> along, across = along_and_across(np.array([[3.0, 2.0]]), np.array([[0.0, 0.0], [9.0, 0.0]]))
    >>> float(along[0]), float(across[0])
    (3.0, 2.0)
    """
    starts, steps = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((steps**2).sum(axis=1), 1e-300)  # a doubled corner has no length
    before = lengths_along(line)[:-1]
    along, across = np.empty(len(places)), np.empty(len(places))
    for row, place in enumerate(places):
        share = np.clip(((place - starts) * steps).sum(axis=1) / squared, 0.0, 1.0)
        away = np.hypot(*(starts + share[:, None] * steps - place).T)
        nearest = int(away.argmin())
        along[row] = before[nearest] + share[nearest] * np.sqrt(squared[nearest])
        across[row] = away[nearest]
    return along, across


def local_m(places: FloatArray, frame: LocalFrame) -> FloatArray:
    """Return places as metres east and north of a frame's origin.

    Parameters
    ----------
    places
        Longitude and latitude, shape ``(n, 2)``.
    frame
        Where metres are counted from.
    """
    return 1000.0 * np.stack(frame.to_local(places[:, 0], places[:, 1]), axis=1)
