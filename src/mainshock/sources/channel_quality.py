"""What is wrong with a channel's samples: nothing recorded, or more than the digitiser can hold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_clipped", "is_flat"]

_SHORTEST_PLATEAU = 3
_FEWEST_CLIPPED = 6
_SHARPEST_SMOOTH_STEP = 0.002
_FEWEST_VALUES = 50


def is_flat(samples: NDArray[Any]) -> bool:
    """Return whether all samples have the same value: a dead channel.

    Examples
    --------
    >>> is_flat(np.zeros(10)), is_flat(np.arange(10))
    (True, False)
    """
    return bool(samples.size == 0 or np.ptp(samples) == 0)


def is_clipped(samples: NDArray[Any]) -> bool:
    """Return whether the signal was cut off at its highest or lowest value.

    Parameters
    ----------
    samples
        Shape ``(n_samples,)``, finite.

    Notes
    -----
    Clipped are at least six samples that lie on the extreme value in runs of three or more, if
    the signal enters these runs with a step of more than 0.2 % of its range. The step tells
    a plateau from the rounded crest of a slow wave; a signal with fewer than 50 different values
    is too coarse to tell.
    """
    if samples.size < _FEWEST_CLIPPED:
        return False
    low, high = float(samples.min()), float(samples.max())
    extent = high - low
    if not extent > 0.0 or _has_few_values(samples):
        return False
    return any(_has_plateaus(samples, extreme, extent) for extreme in (low, high))


def _has_few_values(samples: NDArray[Any]) -> bool:
    step = max(1, samples.size // 100_000)
    return bool(np.unique(samples[::step]).size < min(_FEWEST_VALUES, samples.size // 2))


def _has_plateaus(samples: NDArray[Any], extreme: float, extent: float) -> bool:
    at_extreme = np.flatnonzero(samples == extreme)
    if at_extreme.size < _FEWEST_CLIPPED:
        return False
    breaks = np.flatnonzero(np.diff(at_extreme) > 1)
    firsts = at_extreme[np.r_[0, breaks + 1]]
    lasts = at_extreme[np.r_[breaks, at_extreme.size - 1]]
    lengths = lasts - firsts + 1
    is_long = lengths >= _SHORTEST_PLATEAU
    if int(lengths[is_long].sum()) < _FEWEST_CLIPPED:
        return False
    entries = firsts[is_long & (firsts > 0)]
    if entries.size == 0:
        return True
    steps = np.abs(samples[entries - 1].astype(np.float64) - extreme)
    return bool(np.median(steps) > _SHARPEST_SMOOTH_STEP * extent)
