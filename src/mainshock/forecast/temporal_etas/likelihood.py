"""The log-likelihood of times, given magnitudes, and its gradient, for either way of summing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.base import FitSettings
from mainshock.forecast.temporal_etas.exponential_sum import EarlierSums
from mainshock.forecast.temporal_etas.parameters import (
    LN10,
    TemporalParameters,
    omori_integral_slopes,
)
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["PARAMETER_NAMES", "Sums", "TemporalData", "log_likelihood"]

FloatArray = NDArray[np.float64]
Sums = Callable[[FloatArray, FloatArray, float, float], FloatArray]
"""What :class:`EarlierSums` does when called, exactly or not."""

PARAMETER_NAMES = ("mu", "k", "alpha", "c", "p")
"""In the order of gradients; c in days, mu a day."""


@dataclass(frozen=True, slots=True, eq=False)
class TemporalData:
    """Events of a fit and the window of the targets.

    Parameters
    ----------
    times_days
        Sorted; sources and targets together, shape ``(n,)``.
    above
        Magnitude above the reference, ``(n,)``.
    is_source, is_target
        Masks, ``(n,)``.
    start_days, end_days
        Targets are all events with ``start <= time < end``.
    """

    times_days: FloatArray
    above: FloatArray
    is_source: NDArray[np.bool_]
    is_target: NDArray[np.bool_]
    start_days: float
    end_days: float

    @classmethod
    def of(
        cls,
        sources: Catalogue,
        settings: FitSettings,
        is_source: NDArray[np.bool_] | None = None,
    ) -> "TemporalData":
        """Return the data of a fit: events before the window's end, of which all may trigger."""
        return cls(
            times_days=sources.time_days,
            above=sources.magnitude - settings.mc,
            is_source=np.ones(len(sources), dtype=np.bool_) if is_source is None else is_source,
            is_target=sources.time_days >= settings.start_days,
            start_days=settings.start_days,
            end_days=settings.end_days,
        )

    @property
    def n_targets(self) -> int:
        """Return the number of targets."""
        return int(self.is_target.sum())

    def fast_sums(self) -> EarlierSums:
        """Return the sums over earlier events by exponentials."""
        return EarlierSums.of(self.times_days, self.is_target)


def log_likelihood(
    data: TemporalData, parameters: TemporalParameters, sums: Sums
) -> tuple[float, FloatArray]:
    """Return the log-likelihood in nats and its gradient.

    The sum over targets of ln rate, minus the rate's integral over the window. The gradient is
    with respect to ``PARAMETER_NAMES`` as they stand, shape ``(5,)``.
    """
    one = parameters
    productivity = np.where(data.is_source, one.k * np.exp(LN10 * one.alpha * data.above), 0.0)
    triggered = sums(productivity, data.above, one.c_days, one.p)
    per_rate = 1.0 / (one.mu_per_day + triggered[:, 0])
    gradient = np.empty(5)
    gradient[0] = per_rate.sum()
    gradient[1] = per_rate @ triggered[:, 0] / one.k
    gradient[2] = LN10 * (per_rate @ triggered[:, 1])
    gradient[3] = per_rate @ triggered[:, 2]
    gradient[4] = per_rate @ triggered[:, 3]
    expected, slope = _integral(data, productivity, one)
    value = -float(np.log(per_rate).sum()) - expected
    return value, gradient - slope


def _integral(
    data: TemporalData, productivity: FloatArray, one: TemporalParameters
) -> tuple[float, FloatArray]:
    """Return the integral of the rate over the window, and its gradient."""
    days = data.end_days - data.start_days
    last = int(np.searchsorted(data.times_days, data.end_days))
    first = int(np.searchsorted(data.times_days, data.start_days))
    weight = productivity[:last]
    parts = list(omori_integral_slopes(data.end_days - data.times_days[:last], one.c_days, one.p))
    for part, early in zip(
        parts,
        omori_integral_slopes(data.start_days - data.times_days[:first], one.c_days, one.p),
        strict=True,
    ):
        part[:first] -= early
    n = float(weight @ parts[0])
    slope = np.array(
        [
            days,
            n / one.k,
            LN10 * float((weight * data.above[:last]) @ parts[0]),
            float(weight @ parts[1]),
            float(weight @ parts[2]),
        ]
    )
    return one.mu_per_day * days + n, slope
