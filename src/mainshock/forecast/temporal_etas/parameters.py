"""Parameters of the temporal ETAS model, its decay in time, and what follows from them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LN10", "TemporalParameters", "omori_integral", "omori_integral_slopes"]

FloatArray = NDArray[np.float64]
LN10 = math.log(10.0)
_SMALL = 0.02  # below it closed forms lose digits and their series are exact


@dataclass(frozen=True, slots=True)
class TemporalParameters:
    """Background rate and triggering.

    The rate of events a day is, with the sum over all earlier events, ::

        mu_per_day + sum k 10^(alpha (m_i - m_ref)) (t - t_i + c_days)^-p

    Parameters
    ----------
    mu_per_day
        Background events a day.
    k
        Productivity of an event of the reference magnitude, days^(p - 1).
    alpha
        Growth of productivity with magnitude, in powers of ten.
    c_days, p
        Of the Omori-Utsu decay.
    m_ref
        Reference magnitude; the magnitude of completeness.

    References
    ----------
    Ogata (1988), https://doi.org/10.1080/01621459.1988.10478560

    Examples
    --------
    >>> truth = TemporalParameters(0.02, 0.005, 0.8, 0.1, 1.08, 2.0)
    >>> round(truth.branching_ratio(beta=2.3026, m_max=7.0), 3)
    0.338
    """

    mu_per_day: float
    k: float
    alpha: float
    c_days: float
    p: float
    m_ref: float

    def productivity(self, magnitude: ArrayLike) -> FloatArray:
        """Return ``k 10^(alpha (m - m_ref))``."""
        above = np.asarray(magnitude, dtype=np.float64) - self.m_ref
        return np.asarray(self.k * np.exp(LN10 * self.alpha * above))

    def decay(self, days: ArrayLike) -> FloatArray:
        """Return ``(t + c)^-p``."""
        return np.asarray((np.asarray(days, dtype=np.float64) + self.c_days) ** -self.p)

    def decay_integral(self, days: ArrayLike) -> FloatArray:
        """Return the integral of the decay from 0 to ``days``."""
        return omori_integral(days, self.c_days, self.p)

    def mean_productivity(self, beta: float, m_max: float) -> float:
        """Return the mean productivity of an event of random magnitude.

        Magnitudes are exponential with ``beta`` between ``m_ref`` and ``m_max``.
        """
        slope, span = self.alpha * LN10 - beta, m_max - self.m_ref
        mean = span if abs(slope * span) < 1e-9 else math.expm1(slope * span) / slope
        return self.k * mean * beta / -math.expm1(-beta * span)

    def branching_ratio(self, beta: float, m_max: float, days: float = math.inf) -> float:
        """Return the mean number of direct aftershocks of an event, within ``days`` if given.

        Infinite without a limit of time if ``p`` is 1 or less. At 1 or above sequences never end.
        """
        if math.isinf(days) and self.p <= 1.0:
            return math.inf
        return self.mean_productivity(beta, m_max) * float(self.decay_integral(days))


def omori_integral(days: ArrayLike, c_days: float, p: float) -> FloatArray:
    """Return the integral of ``(t + c)^-p`` from 0 to ``days``.

    Examples
    --------
    >>> float(omori_integral(1.0, 0.01, 1.0).round(6))  # ln(1.01 / 0.01)
    4.615121
    """
    omega = p - 1.0
    t = np.asarray(days, dtype=np.float64)
    endless = np.isinf(t)
    length = np.log1p(np.where(endless, 0.0, t) / c_days)
    found = c_days**-omega * length * _mean(omega * length)
    limit = c_days**-omega / omega if omega > 0 else np.inf
    return np.where(endless, limit, found)


def omori_integral_slopes(
    days: ArrayLike, c_days: float, p: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the integral from 0 to ``days``, and its derivatives with respect to c and p."""
    omega = p - 1.0
    t = np.asarray(days, dtype=np.float64)
    length = np.log1p(t / c_days)
    left = np.exp(-omega * length)
    scale = c_days**-omega
    whole = scale * length * _mean(omega * length, left)
    by_c = scale / c_days * (left / (1.0 + t / c_days) - 1.0)
    by_p = -math.log(c_days) * whole - scale * length**2 * _first_moment(omega * length, left)
    return whole, by_c, by_p


def _mean(z: FloatArray, left: FloatArray | None = None) -> FloatArray:
    """Return the mean of ``exp(-z u)`` over u from 0 to 1."""
    near = np.abs(z) < _SMALL
    series = 1.0 - z / 2 * (1.0 - z / 3 * (1.0 - z / 4 * (1.0 - z / 5)))
    safe = np.where(near, 1.0, z)
    lost = -np.expm1(-z) if left is None else 1.0 - left
    return np.where(near, series, lost / safe)


def _first_moment(z: FloatArray, left: FloatArray) -> FloatArray:
    """Return the mean of ``u exp(-z u)`` over u from 0 to 1; ``left`` is ``exp(-z)``."""
    near = np.abs(z) < _SMALL
    series = 1 / 2 - z * (1 / 3 - z * (1 / 8 - z * (1 / 30 - z * (1 / 144 - z / 840))))
    safe = np.where(near, 1.0, z)
    return np.where(near, series, (1.0 - (1.0 + z) * left) / safe**2)
