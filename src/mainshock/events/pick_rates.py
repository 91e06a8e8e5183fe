"""How many picks there are around a time."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["pick_rate_hz", "sum_around"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_RATE_SPAN_S = 120.0
_STEPS = 2.0**20  # sums of multiples of 1 / 2^20 are exact, wherever they start


def pick_rate_hz(time_s: FloatArray, slot: IntArray, probability: FloatArray) -> FloatArray:
    """Return how many picks a second the slot of each pick had around that time.

    ``slot`` is twice the number of the station, plus 1 for S; all of shape ``(n,)``, in order of
    time. A pick counts with its probability, to a millionth. Half of the rate is the mean over all
    slots, so that the first pick of a quiet station is no wonder.
    """
    probability = np.round(probability * _STEPS) / _STEPS
    n_slots = 2 * (int(slot.max()) // 2 + 1)
    count = sum_around(time_s, probability, _RATE_SPAN_S) / n_slots
    for number in range(n_slots):
        own = np.flatnonzero(slot == number)
        count[own] = 0.5 * (count[own] + sum_around(time_s[own], probability[own], _RATE_SPAN_S))
    return np.asarray(count / (2.0 * _RATE_SPAN_S))


def sum_around(time_s: FloatArray, value: FloatArray, span_s: float) -> FloatArray:
    """Return the sum of what lies within a span before and after each time."""
    total = np.concatenate([[0.0], np.cumsum(value)])
    first, past_last = np.searchsorted(time_s, np.stack([time_s - span_s, time_s + span_s]))
    return np.asarray(total[past_last] - total[first])
