"""The temporal ETAS model between events: what a live forecast carries along."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.temporal_etas.exponential_sum import node_rates, node_weights
from mainshock.forecast.temporal_etas.parameters import TemporalParameters

__all__ = ["Generations", "TemporalState"]

FloatArray = NDArray[np.float64]
Generations = Literal["all", "direct"]
_HORIZON_DAYS = 36_525.0
_CHUNK = 8192


@dataclass(slots=True)
class TemporalState:
    """All that past events mean for the future, in some fifty numbers.

    Parameters
    ----------
    parameters
        Of the model.
    beta, m_max
        Of its magnitudes.
    time_days
        Up to when events are known, days after 1970-01-01; moves on with :meth:`update`.
    span_days
        Oldest event that counts, before ``time_days``.

    Notes
    -----
    With ``x_j`` the sum of ``k 10^(alpha (m_i - m_ref)) exp(-s_j (t - t_i))`` over past events, the
    rate is ``mu + sum(w_j x_j)``. The mean over all futures obeys ``x' = -s x + q rate``
    with ``q`` the mean productivity of an event: a linear system whose matrix is symmetric when
    scaled with the roots of the weights, so that the mean number of events in any window, those
    triggered within it included, follows from its eigenvectors without simulation.

    Examples
    --------
    >>> state = TemporalState(TemporalParameters(0.1, 0.02, 0.8, 0.01, 1.2, 3.0), 2.3, 7.5)
    >>> state.update(10.0, 6.0)
    >>> round(state.expected(10.0, 11.0, "direct"), 2), round(state.expected(10.0, 11.0), 2)
    (38.13, 98.36)
    """

    parameters: TemporalParameters
    beta: float
    m_max: float
    time_days: float = -np.inf
    span_days: float = _HORIZON_DAYS
    _rates: FloatArray = field(init=False, repr=False)
    _weights: FloatArray = field(init=False, repr=False)
    _sums: FloatArray = field(init=False, repr=False)
    _modes: tuple[FloatArray, FloatArray] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        one = self.parameters
        self._rates = node_rates(self.span_days + _HORIZON_DAYS, one.c_days)
        self._weights = node_weights(self._rates, one.c_days, one.p)[0]
        self._sums = np.zeros(len(self._rates))

    @classmethod
    def after(
        cls,
        parameters: TemporalParameters,
        beta: float,
        m_max: float,
        times_days: FloatArray,
        magnitude: FloatArray,
    ) -> "TemporalState":
        """Return the state after a series of events, in any order."""
        if len(times_days) == 0:
            return cls(parameters, beta, m_max)
        last = float(np.max(times_days))
        state = cls(parameters, beta, m_max, last, last - float(np.min(times_days)))
        productivity = parameters.productivity(magnitude)
        for first in range(0, len(times_days), _CHUNK):
            rows = slice(first, first + _CHUNK)
            passed = last - np.asarray(times_days)[rows]
            state._sums += productivity[rows] @ np.exp(-passed[:, None] * state._rates)
        return state

    def update(self, time_days: float, magnitude: float) -> None:
        """Take in an event; one that comes late, with an earlier time, counts as it should."""
        if not (np.isfinite(time_days) and np.isfinite(magnitude)):
            raise DataError(f"an event of magnitude {magnitude} at {time_days} days; need numbers")
        self.advance(time_days)
        productivity = float(self.parameters.productivity(magnitude))
        passed = self.time_days - time_days
        self._sums += productivity * np.exp(-passed * self._rates) if passed > 0 else productivity

    def advance(self, time_days: float) -> None:
        """Move on to a time up to which there was no other event; never back."""
        if time_days > self.time_days:
            if np.isfinite(self.time_days):
                self._sums *= np.exp((self.time_days - time_days) * self._rates)
            self.time_days = time_days

    def rate(self, time_days: ArrayLike) -> FloatArray:
        """Return the rate a day at moments, if no event comes before them.

        Raises
        ------
        DataError
            If a moment lies before the last event.
        """
        ahead = self._ahead(time_days)
        decayed = np.exp(-ahead[..., None] * self._rates)
        return np.asarray(self.parameters.mu_per_day + decayed @ (self._weights * self._sums))

    def expected(
        self, start_days: float, end_days: float, generations: Generations = "all"
    ) -> float:
        """Return the expected number of events in a window.

        Parameters
        ----------
        start_days, end_days
            The window, not before the last event.
        generations
            ``all``: with what events to come will trigger, also before the window; ``direct``:
            background and direct aftershocks of past events alone.

        Raises
        ------
        DataError
            If the window begins before the last event.
        """
        number = self._direct if generations == "direct" else self._all
        first, last = self._ahead([start_days, end_days])
        return number(float(last)) - number(float(first))

    def _ahead(self, time_days: ArrayLike) -> FloatArray:
        ahead = np.asarray(time_days, dtype=np.float64) - self.time_days
        if np.isinf(self.time_days):
            return np.zeros_like(ahead) + np.asarray(time_days, dtype=np.float64)
        if not (ahead >= 0).all():
            raise DataError(
                f"{-float(ahead.min()):g} days before the last event, at {self.time_days:g} days; "
                "ask for later times"
            )
        return ahead

    def _direct(self, days: float) -> float:
        """Return the number of events up to so many days ahead, without later generations."""
        triggered = self._weights * self._sums * days * _mean_decay(-self._rates * days)
        return self.parameters.mu_per_day * days + float(triggered.sum())

    def _all(self, days: float) -> float:
        """Return the mean number of events up to so many days ahead."""
        if self._modes is None:
            self._modes = self._solved()
        growth, vectors = self._modes
        root = np.sqrt(self._weights)
        along = vectors.T @ root  # of the rate, and of what an event adds
        begin = vectors.T @ (root * self._sums)
        fed = along * self._fed * self.parameters.mu_per_day
        x = growth * days
        passed = begin * days * _mean_decay(x) + fed * days**2 * _mean_ramp(x)
        return self.parameters.mu_per_day * days + float(along @ passed)

    @property
    def _fed(self) -> float:
        return self.parameters.mean_productivity(self.beta, self.m_max)

    def _solved(self) -> tuple[FloatArray, FloatArray]:
        """Return growth rates and vectors of the mean of all futures."""
        root = np.sqrt(self._weights)
        values, vectors = np.linalg.eigh(self._fed * np.outer(root, root) - np.diag(self._rates))
        return values, vectors


def _mean_decay(x: FloatArray) -> FloatArray:
    """Return ``(exp(x) - 1) / x``."""
    safe = np.where(np.abs(x) < 1e-8, 1.0, x)
    return np.where(np.abs(x) < 1e-8, 1.0 + x / 2, np.expm1(safe) / safe)


def _mean_ramp(x: FloatArray) -> FloatArray:
    """Return ``(exp(x) - 1 - x) / x^2``."""
    near = np.abs(x) < 1e-3
    safe = np.where(near, 1.0, x)
    series = 1 / 2 + x * (1 / 6 + x * (1 / 24 + x / 120))
    return np.where(near, series, (np.expm1(safe) - safe) / safe**2)
