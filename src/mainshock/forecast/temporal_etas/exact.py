"""Sums over all pairs of events, as they are defined: the yardstick of the fast sums."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["ExactSums"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ExactSums:
    """Sums over earlier events pair by pair; the time grows with the square of their number.

    Called as :class:`~mainshock.forecast.temporal_etas.exponential_sum.EarlierSums` is, and with
    the same result.

    Parameters
    ----------
    times_days
        Sorted, shape ``(n,)``.
    is_target
        Where sums are wanted, ``(n,)``.
    """

    times_days: FloatArray
    is_target: NDArray[np.bool_]

    def __call__(
        self, productivity: FloatArray, above: FloatArray, c_days: float, p: float
    ) -> FloatArray:
        """Return sums over the events before each target, shape ``(n_targets, 4)``."""
        targets = np.flatnonzero(self.is_target)
        return _pairs(self.times_days, targets, productivity, above, c_days, p)


@compiled
def _pairs(
    times: FloatArray,
    targets: NDArray[np.int64],
    productivity: FloatArray,
    above: FloatArray,
    c_days: float,
    p: float,
) -> FloatArray:
    found = np.zeros((len(targets), 4))
    for row in range(len(targets)):
        now = times[targets[row]]
        for j in range(targets[row]):
            if times[j] >= now:
                break
            passed = now - times[j] + c_days
            length = np.log(passed)
            one = productivity[j] * np.exp(-p * length)
            found[row, 0] += one
            found[row, 1] += one * above[j]
            found[row, 2] -= one * p / passed
            found[row, 3] -= one * length
    return found
