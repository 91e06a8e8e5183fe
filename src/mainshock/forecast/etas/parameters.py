"""Parameters of the space-time ETAS model, and what follows from them."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SourceError

__all__ = ["EtasParameters", "decay_integral", "published_parameters"]

FloatArray = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True, slots=True)
class EtasParameters:
    """Background rate and triggering kernel.

    An event of magnitude ``m`` triggers, ``t`` days later and ``r`` km away, ::

        k0 exp(a (m - m_ref)) exp(-t / tau) (t + c)^-(1 + omega)
            (r^2 + d exp(gamma (m - m_ref)))^-(1 + rho)

    events a day and km^2.

    Parameters
    ----------
    mu_per_day
        Background events a day in the whole region.
    k0, a, c_days, omega, tau_days, d_km2, gamma, rho
        As above; ``tau_days`` may be infinite where ``omega`` is positive.
    m_ref
        Reference magnitude; the magnitude of completeness.

    References
    ----------
    Ogata (1998), https://doi.org/10.1023/A:1003403601725; with the taper ``tau``: Mizrahi et al.
    (2021), https://doi.org/10.1785/0220200231
    """

    mu_per_day: float
    k0: float
    a: float
    c_days: float
    omega: float
    tau_days: float
    d_km2: float
    gamma: float
    rho: float
    m_ref: float

    def spread_km2(self, magnitude: ArrayLike) -> FloatArray:
        """Return ``d exp(gamma (m - m_ref))``."""
        above = np.asarray(magnitude, dtype=np.float64) - self.m_ref
        return np.asarray(self.d_km2 * np.exp(self.gamma * above))

    def space_factor(self, magnitude: ArrayLike) -> FloatArray:
        """Return the kernel's integral over the plane and its productivity, without time.

        ``k0 exp(a (m - m_ref)) pi / (rho spread^rho)``: times :func:`decay_integral` it is the
        number of direct aftershocks in a span of time.
        """
        above = np.asarray(magnitude, dtype=np.float64) - self.m_ref
        spread = self.spread_km2(magnitude)
        return np.asarray(self.k0 * np.exp(self.a * above) * np.pi / (self.rho * spread**self.rho))

    def n_direct(self, magnitude: ArrayLike, days: float = np.inf) -> FloatArray:
        """Return the expected number of direct aftershocks within ``days``."""
        return np.asarray(self.space_factor(magnitude) * self.integral_to(days))

    def integral_to(self, days: ArrayLike) -> FloatArray:
        """Return the integral of the decay in time from 0 to ``days``."""
        return decay_integral(days, self.c_days, self.omega, self.tau_days)

    def branching_ratio(self, beta: float, m_max: float) -> float:
        """Return the mean number of direct aftershocks of an event of random magnitude.

        Magnitudes are exponential with ``beta`` between ``m_ref`` and ``m_max``. At 1 or above
        sequences never end.
        """
        slope = self.a - self.rho * self.gamma - beta
        span = m_max - self.m_ref
        mean = span if abs(slope) < 1e-9 else np.expm1(slope * span) / slope
        mean *= beta / -np.expm1(-beta * span)
        return float(mean * self.n_direct(self.m_ref))

    def as_dict(self) -> dict[str, float]:
        """Return the parameters by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, float]) -> "EtasParameters":
        """Return the parameters of :meth:`as_dict`; other names are ignored."""
        return cls(**{one.name: float(values[one.name]) for one in fields(cls)})


def decay_integral(days: ArrayLike, c_days: float, omega: float, tau_days: float) -> FloatArray:
    """Return the integral of ``exp(-t / tau) (t + c)^-(1 + omega)`` from 0 to ``days``.

    Gauss-Legendre in ``ln(t + c)``, to a relative error of about 1e-9; beyond 40 ``tau`` nothing
    is left. Without a taper (``tau`` infinite) the closed form.

    Examples
    --------
    >>> float(decay_integral(1.0, 0.01, 0.0, np.inf).round(6))  # ln(1.01 / 0.01)
    4.615121
    """
    t = np.asarray(days, dtype=np.float64)
    if np.isinf(tau_days):
        if omega == 0.0:
            return np.asarray(np.log1p(t / c_days))
        return np.asarray(c_days**-omega * -np.expm1(-omega * np.log1p(t / c_days)) / omega)
    high = np.log1p(np.minimum(t, 40.0 * tau_days) / c_days)
    n_pieces = 4
    total = np.zeros_like(high)
    for piece in range(n_pieces):
        nodes = (piece + (_NODES + 1) / 2) / n_pieces
        u = high[..., None] * nodes
        passed = c_days * np.expm1(u)
        value = np.exp(-passed / tau_days - omega * u)
        total = total + (value * _WEIGHTS).sum(axis=-1) * high / (2 * n_pieces)
    return np.asarray(c_days**-omega * total)


def published_parameters(path: Path) -> tuple[EtasParameters, dict[str, Any]]:
    """Return the parameters of a file in the published form, and the file's content.

    The form has ``m_ref``, ``beta``, ``area`` (km^2) and ``final_parameters`` with ``log10_mu``
    (a day and km^2), ``log10_k0``, ``a``, ``log10_c``, ``omega``, ``log10_tau``, ``log10_d``,
    ``gamma``, ``rho``.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it has another form.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as JSON: {error}") from error
    try:
        final = content["final_parameters"]
        found = EtasParameters(
            mu_per_day=10.0 ** final["log10_mu"] * content["area"],
            k0=10.0 ** final["log10_k0"],
            a=final["a"],
            c_days=10.0 ** final["log10_c"],
            omega=final["omega"],
            tau_days=10.0 ** final["log10_tau"],
            d_km2=10.0 ** final["log10_d"],
            gamma=final["gamma"],
            rho=final["rho"],
            m_ref=content["m_ref"],
        )
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path} holds no ETAS parameters in the published form: {error}"
        ) from error
    return found, content
