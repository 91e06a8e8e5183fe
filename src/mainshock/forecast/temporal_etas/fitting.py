"""Maximum likelihood of the temporal ETAS model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mainshock.core.errors import DataError
from mainshock.forecast.temporal_etas.coordinates import BranchingCeiling, Coordinates
from mainshock.forecast.temporal_etas.likelihood import (
    PARAMETER_NAMES,
    Sums,
    TemporalData,
    log_likelihood,
)
from mainshock.forecast.temporal_etas.parameters import TemporalParameters, omori_integral

__all__ = ["MIN_TARGETS", "TemporalFit", "fit_parameters", "start_parameters"]

FloatArray = NDArray[np.float64]
MIN_TARGETS = 20
"""Fewer events than these do not bear five parameters."""

_STEP = 1e-4
_POLISHES = 6
_LEFT_NATS = 1e-6  # what a Newton step may still promise at the end


@dataclass(frozen=True, slots=True)
class TemporalFit:
    """The most likely parameters and how well they are known.

    Parameters
    ----------
    parameters
        The optimum within the bounds.
    log_likelihood
        There, nats in all.
    standard_errors
        By name of ``PARAMETER_NAMES``; NaN for a parameter that was held or stands at a bound.
    at_bound
        What stands at a bound, and the bound.
    n_evaluations
        Of the log-likelihood and its gradient.
    converged
        Whether the gradient vanishes within the bounds.
    """

    parameters: TemporalParameters
    log_likelihood: float
    standard_errors: Mapping[str, float]
    at_bound: Mapping[str, float]
    n_evaluations: int
    converged: bool


def start_parameters(data: TemporalData, m_ref: float) -> TemporalParameters:
    """Return where a search may begin: half of the events triggered, with usual decay."""
    half = data.n_targets / 2
    first = TemporalParameters(half / (data.end_days - data.start_days), 1.0, 0.7, 0.01, 1.1, m_ref)
    sources = data.is_source & (data.times_days < data.end_days)
    times = data.times_days[sources]
    passed = omori_integral(data.end_days - times, first.c_days, first.p)
    passed -= omori_integral(np.maximum(data.start_days - times, 0.0), first.c_days, first.p)
    triggered = float(first.productivity(data.above[sources] + m_ref) @ passed)
    return replace(first, k=half / max(triggered, 1e-300))


def fit_parameters(
    data: TemporalData,
    start: TemporalParameters,
    sums: Sums | None = None,
    held: frozenset[str] = frozenset(),
    ceiling: BranchingCeiling | None = None,
) -> TemporalFit:
    """Return the parameters that make the targets most likely.

    L-BFGS within bounds in the logarithms of mu, k and c, and in alpha and p; then Newton steps
    with finite differences of the analytic gradient, whose matrix also gives standard errors.

    Parameters
    ----------
    data
        Events and window.
    start
        Where to begin.
    sums
        Over earlier events; by default by exponentials.
    held
        Names of parameters that stay as they are in ``start``.
    ceiling
        Limit of the branching ratio, if any.

    Raises
    ------
    DataError
        If there are fewer than 20 targets.
    """
    if data.n_targets < MIN_TARGETS:
        raise DataError(
            f"{data.n_targets} targets are too few to fit the model; {MIN_TARGETS} are needed: "
            "lower mc or widen the window"
        )
    search = _Search(data, Coordinates(data, start, held, ceiling), sums or data.fast_sums())
    x, hessian = search.polish(search.descend())
    return search.result(x, hessian)


class _Search:
    """The search in coordinates; each call of the likelihood counts."""

    def __init__(self, data: TemporalData, coordinates: Coordinates, sums: Sums) -> None:
        self.data, self.coordinates, self.sums = data, coordinates, sums
        self.low, self.high = coordinates.low, coordinates.high
        self.n_evaluations = 0

    def loss(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the negative log-likelihood a target and its gradient."""
        self.n_evaluations += 1
        value, slope = log_likelihood(self.data, self.coordinates.parameters(x), self.sums)
        n = self.data.n_targets
        return -value / n, -(slope @ self.coordinates.jacobian(x)) / n

    def descend(self) -> FloatArray:
        """Return the end of a quasi-Newton search."""
        found = minimize(
            self.loss,
            self.coordinates.begin(),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(self.low, self.high, strict=True)),
            options={"maxiter": 300, "maxcor": 15, "ftol": 1e-10, "gtol": 1e-7},
        )
        return np.asarray(np.clip(found.x, self.low, self.high))

    def inside(self, x: FloatArray, slope: FloatArray) -> NDArray[np.bool_]:
        """Return which coordinates are not held by a bound."""
        near = 1e-6 * (1.0 + np.abs(x))
        held = (x - self.low < near) & (slope > 0)
        return np.asarray(~(held | ((self.high - x < near) & (slope < 0))))

    def polish(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the point after Newton steps, and the matrix of second derivatives there."""
        value, slope = self.loss(x)
        hessian = self.hessian(x)
        for _ in range(_POLISHES):
            kept = self.inside(x, slope)
            step = np.zeros(len(x))
            step[kept] = -np.linalg.lstsq(hessian[np.ix_(kept, kept)], slope[kept], rcond=None)[0]
            if -step @ slope * self.data.n_targets < _LEFT_NATS:
                break
            there = np.clip(x + step * min(1.0, 1.0 / np.abs(step).max()), self.low, self.high)
            better, new_slope = self.loss(there)
            if not better < value:
                break
            x, value, slope = there, better, new_slope
            hessian = self.hessian(x)
        return x, hessian

    def hessian(self, x: FloatArray) -> FloatArray:
        """Return second derivatives of the loss by central differences of the gradient."""
        found = np.empty((len(x), len(x)))
        for i in range(len(x)):
            step = np.zeros(len(x))
            step[i] = _STEP
            found[i] = (self.loss(x + step)[1] - self.loss(x - step)[1]) / (2 * _STEP)
        return (found + found.T) / 2

    def result(self, x: FloatArray, hessian: FloatArray) -> TemporalFit:
        """Return the fit that ends at a point."""
        value, slope = self.loss(x)
        kept = self.inside(x, slope)
        return TemporalFit(
            parameters=self.coordinates.parameters(x),
            log_likelihood=-value * self.data.n_targets,
            standard_errors=dict(
                zip(PARAMETER_NAMES, self.errors(x, hessian, kept).tolist(), strict=True)
            ),
            at_bound={
                name: float(bound)
                for name, bound, inside in zip(
                    self.coordinates.names, self.coordinates.bounds_at(x), kept, strict=True
                )
                if not inside
            },
            n_evaluations=self.n_evaluations,
            converged=bool(np.abs(slope[kept]).max(initial=0.0) < 1e-4),
        )

    def errors(self, x: FloatArray, hessian: FloatArray, kept: NDArray[np.bool_]) -> FloatArray:
        """Return the standard error of each parameter from the observed information."""
        information = hessian[np.ix_(kept, kept)] * self.data.n_targets
        if not kept.any() or np.linalg.eigvalsh(information).min() <= 0:
            return np.full(len(PARAMETER_NAMES), np.nan)
        jacobian = self.coordinates.jacobian(x)[:, kept]
        variance = np.einsum("ij,jk,ik->i", jacobian, np.linalg.inv(information), jacobian)
        return np.where(variance > 0, np.sqrt(variance), np.nan)
