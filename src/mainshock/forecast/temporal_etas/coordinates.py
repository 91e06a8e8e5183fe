"""In which numbers the temporal ETAS model is searched for, and their bounds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.temporal_etas.exponential_sum import MIN_C_DAYS
from mainshock.forecast.temporal_etas.likelihood import PARAMETER_NAMES, TemporalData
from mainshock.forecast.temporal_etas.parameters import TemporalParameters

__all__ = ["BranchingCeiling", "Coordinates"]

FloatArray = NDArray[np.float64]
_FIELDS = ("mu_per_day", "k", "alpha", "c_days", "p")
_MU, _K, _ALPHA, _C, _P = range(5)
_IS_LOG = np.array([True, True, False, True, False])
_LOW = (1e-12, 0.0, MIN_C_DAYS, 0.5)  # of all but mu
_HIGH = (1e12, 3.0, 100.0, 3.0)
_MU_SHARES = (1e-6, 10.0)  # of the mean rate
_LOWEST_P = 1.01  # where sequences must end
_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class BranchingCeiling:
    """The branching ratio may not pass a limit; k is searched for through the ratio.

    Parameters
    ----------
    ratio
        The limit.
    beta, span
        Magnitudes are exponential with ``beta`` up to ``span`` above the reference.
    """

    ratio: float
    beta: float
    span: float

    def log_ratio(self, alpha: float, c_days: float, p: float) -> float:
        """Return ln of the branching ratio where k is 1."""
        one = TemporalParameters(1.0, 1.0, alpha, c_days, p, 0.0)
        mean = one.mean_productivity(self.beta, self.span)
        return math.log(mean) - (p - 1.0) * math.log(c_days) - math.log(p - 1.0)

    def slopes(self, alpha: float, c_days: float, p: float) -> tuple[float, float, float]:
        """Return the derivatives of :meth:`log_ratio` with respect to alpha, c and p."""
        above = self.log_ratio(alpha + _STEP, c_days, p)
        by_alpha = (above - self.log_ratio(alpha - _STEP, c_days, p)) / (2 * _STEP)
        return by_alpha, -(p - 1.0) / c_days, -math.log(c_days) - 1.0 / (p - 1.0)


class Coordinates:
    """Logarithms of mu, k and c, and alpha and p themselves; only those that are free.

    With a ceiling, the logarithm of the branching ratio stands in the place of that of k.
    """

    def __init__(
        self,
        data: TemporalData,
        start: TemporalParameters,
        held: frozenset[str],
        ceiling: BranchingCeiling | None,
    ) -> None:
        self.start, self.ceiling = start, ceiling
        self.free = np.array([name not in held for name in PARAMETER_NAMES])
        rate = data.n_targets / (data.end_days - data.start_days)
        low = np.array([_MU_SHARES[0] * rate, *_LOW])
        high = np.array([_MU_SHARES[1] * rate, *_HIGH])
        if ceiling is not None:
            low[_K], high[_K], low[_P] = 1e-6, ceiling.ratio, _LOWEST_P
        self.low, self.high = _logs(low)[self.free], _logs(high)[self.free]

    @property
    def names(self) -> list[str]:
        """Return what each coordinate stands for."""
        names = list(PARAMETER_NAMES)
        if self.ceiling is not None:
            names[_K] = "branching_ratio"
        return [name for name, free in zip(names, self.free, strict=True) if free]

    def begin(self) -> FloatArray:
        """Return the coordinates of the start, within the bounds."""
        values = np.array([getattr(self.start, name) for name in _FIELDS], dtype=np.float64)
        if self.ceiling is not None:
            values[_P] = max(values[_P], _LOWEST_P)
            values[_K] *= math.exp(self.ceiling.log_ratio(*values[_ALPHA:]))
        return np.asarray(np.clip(_logs(values)[self.free], self.low, self.high))

    def values(self, x: FloatArray) -> FloatArray:
        """Return all parameters at a point, in the order of their names."""
        found = np.array([getattr(self.start, name) for name in _FIELDS], dtype=np.float64)
        found[self.free] = np.where(_IS_LOG[self.free], np.exp(x * _IS_LOG[self.free]), x)
        if self.ceiling is not None:
            found[_K] /= math.exp(self.ceiling.log_ratio(*found[_ALPHA:]))
        return found

    def jacobian(self, x: FloatArray) -> FloatArray:
        """Return the derivatives of all parameters with respect to the free coordinates."""
        values = self.values(x)
        found = np.diag(np.where(_IS_LOG, values, 1.0))
        if self.ceiling is not None:
            by_alpha, by_c, by_p = self.ceiling.slopes(*values[_ALPHA:])
            found[_K, _ALPHA:] = -values[_K] * np.array([by_alpha, by_c * values[_C], by_p])
        return np.asarray(found[:, self.free])

    def bounds_at(self, x: FloatArray) -> FloatArray:
        """Return of each coordinate the nearer bound, as the value that it stands for."""
        nearer = np.where(x - self.low < self.high - x, self.low, self.high)
        is_log = _IS_LOG[self.free]
        return np.asarray(np.where(is_log, np.exp(nearer * is_log), nearer))

    def parameters(self, x: FloatArray) -> TemporalParameters:
        """Return the parameters at a point."""
        mu, k, alpha, c_days, p = (float(one) for one in self.values(x))
        return TemporalParameters(mu, k, alpha, c_days, p, self.start.m_ref)


def _logs(values: FloatArray) -> FloatArray:
    return np.where(_IS_LOG, np.log(np.where(_IS_LOG, values, 1.0)), values)
