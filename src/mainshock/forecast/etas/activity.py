"""The activity of events: how far the intensity exceeded the background when they came."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_ACTIVITY", "activity_of"]

FloatArray = NDArray[np.float64]

LARGEST_ACTIVITY = 8.0
"""Beyond a factor of 3000 over the background more says no more."""


def activity_of(background: FloatArray, triggered: FloatArray) -> FloatArray:
    """Return ln of the intensity over the background, at most 8.

    Parameters
    ----------
    background, triggered
        Parts of the intensity when and where each event came, before it.

    Examples
    --------
    >>> activity_of(np.array([1.0, 1.0]), np.array([0.0, 99.0])).round(2)
    array([0.  , 4.61])
    """
    return np.asarray(np.minimum(np.log1p(triggered / background), LARGEST_ACTIVITY))
