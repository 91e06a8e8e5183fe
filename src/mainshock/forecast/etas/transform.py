"""Parameters of the model as the vector that is fitted, its bounds and where a fit begins."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.parameters import EtasParameters

__all__ = ["IS_LOG", "NAMES", "Bounds", "bounds_of", "first_guess", "from_vector", "to_vector"]

FloatArray = NDArray[np.float64]

NAMES = ("mu_per_day", "k0", "a", "c_days", "omega", "tau_days", "d_km2", "gamma", "rho")
"""Of the entries of the vector; logarithms where :data:`IS_LOG` says so."""

IS_LOG = np.array([True, True, False, True, False, True, True, False, True])
"""Which entries are natural logarithms."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest value of each entry of the vector."""

    low: FloatArray
    high: FloatArray

    def clip(self, vector: FloatArray) -> FloatArray:
        """Return the nearest vector within the bounds."""
        return np.clip(vector, self.low, self.high)


def to_vector(parameters: EtasParameters) -> FloatArray:
    """Return the vector of parameters, shape ``(9,)``."""
    values = np.array([getattr(parameters, name) for name in NAMES])
    values[IS_LOG] = np.log(values[IS_LOG])
    return values


def from_vector(vector: FloatArray, m_ref: float) -> EtasParameters:
    """Return the parameters of a vector."""
    values = np.where(IS_LOG, np.exp(np.where(IS_LOG, vector, 0.0)), vector)
    named = dict(zip(NAMES, map(float, values), strict=True))
    return EtasParameters.from_dict({**named, "m_ref": m_ref})


def bounds_of(n_targets: int, days: float) -> Bounds:
    """Return what no parameter may leave; wide enough for catalogues of any magnitude."""
    rate = math.log(n_targets / days)
    low = [rate - 12.0, -60.0, 0.0, math.log(1e-6), -0.9, 0.0, math.log(1e-5), 0.0, math.log(0.05)]
    high = [rate + 1.0, 60.0, 6.0, math.log(10.0), 3.0, math.log(1e6), math.log(1e6), 5.0, 2.0]
    return Bounds(np.array(low), np.array(high))


def first_guess(n_targets: int, days: float, m_ref: float, beta: float) -> EtasParameters:
    """Return usual values: half of the events triggered, lengths as ruptures of ``m_ref`` have.

    ``d`` is 0.2 km^2 at magnitude 2.5, tenfold a unit of magnitude.
    """
    a, gamma, rho = 0.5 + 0.5 * beta, 1.0, 0.6
    guess = EtasParameters(
        mu_per_day=0.4 * n_targets / days,
        k0=1.0,
        a=a,
        c_days=0.005,
        omega=0.05,
        tau_days=3000.0,
        d_km2=0.2 * 10.0 ** (m_ref - 2.5),
        gamma=gamma,
        rho=rho,
        m_ref=m_ref,
    )
    vector = to_vector(guess)
    vector[1] = math.log(0.6 / guess.branching_ratio(beta, m_ref + 4.0))
    return from_vector(vector, m_ref)
