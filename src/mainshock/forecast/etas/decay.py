"""The integral of the decay in time, with slopes in its parameters, for many spans at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DecayTable"]

FloatArray = NDArray[np.float64]
_STEP = 0.1  # of ln(1 + t / c)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


@dataclass(frozen=True, slots=True, eq=False)
class DecayTable:
    """Integrals from 0 to ``t`` of ``g = exp(-t / tau) (t + c)^-(1 + omega)``.

    Tabulated in ``ln(1 + t / c)`` and interpolated by cubic polynomials that have the integrand as
    slope: relative error below 1e-6.

    Parameters
    ----------
    c_days
        Of the decay.
    value
        At steps of the table: integrals of ``g``, ``g ln(t + c)``, ``g / (t + c)`` and ``g t``,
        shape ``(n, 4)``.
    slope
        Of ``value`` in ``ln(1 + t / c)``, a step being 1.
    """

    c_days: float
    value: FloatArray
    slope: FloatArray

    @classmethod
    def of(cls, c_days: float, omega: float, tau_days: float, longest_days: float) -> "DecayTable":
        """Return the table up to the longest span."""

        def integrands(u: FloatArray) -> FloatArray:
            passed = c_days * np.expm1(u)
            # the integrand in u has the factor dt/du = t + c
            g = np.exp(-passed / tau_days - omega * (u + np.log(c_days)))
            log = u + np.log(c_days)
            return np.stack([g, g * log, g * np.exp(-log), g * passed], axis=-1)

        n = int(np.ceil(np.log1p(longest_days / c_days) / _STEP)) + 1
        left = _STEP * np.arange(n)
        inside = integrands(left[:, None] + _STEP * (1 + _NODES) / 2)
        parts = (inside * _WEIGHTS[:, None]).sum(axis=1) * _STEP / 2
        value = np.vstack([np.zeros(4), np.cumsum(parts, axis=0)])
        return cls(c_days, value, _STEP * integrands(np.append(left, _STEP * n)))

    def integral(self, days: FloatArray) -> FloatArray:
        """Return the four integrals from 0 to spans of 0 or more, shape ``(n, 4)``."""
        position = np.log1p(np.asarray(days) / self.c_days) / _STEP
        k = np.minimum(position.astype(np.int64), len(self.value) - 2)
        s = (position - k)[:, None]
        rise = self.value[k + 1] - self.value[k]
        here, there = self.slope[k], self.slope[k + 1]
        curved = (here - rise) * (1.0 - s) + (rise - there) * s
        return np.asarray(self.value[k] + s * rise + s * (1.0 - s) * curved)
