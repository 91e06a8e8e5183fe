"""Coordinates that samplers walk in: the place, and the origin time measured from what it asks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.posterior import Draws
from mainshock.locate.problem import LocationProblem

__all__ = ["StandardStates", "expected_time"]

FloatArray = NDArray[np.float64]
_ROBUST_STEPS = 4


@dataclass(frozen=True, slots=True, eq=False)
class StandardStates:
    """The posterior of one event over ``(east, north, depth, u)``.

    The origin time is ``c(x) + s(x) u``, where ``c`` and ``s`` are what the picks say of it if
    the hypocentre is ``x``. So ``u`` is nearly standard normal wherever the event is, while the
    time itself follows the place like a shadow.
    """

    problem: LocationProblem

    def draws(self, states: FloatArray) -> tuple[Draws, FloatArray]:
        """Return points of space and time, and the logarithm of ``s``, shape ``(n,)``.

        Parameters
        ----------
        states
            Shape ``(n, 4)``; places inside the limits of the problem.
        """
        _, _, centre, scale = self._timing(states)
        return self._points(states, centre, scale), np.log(scale)

    def log_density(self, states: FloatArray) -> FloatArray:
        """Return the logarithm of the posterior density, minus infinity outside the limits."""
        return self.evaluated(states)[0]

    def evaluated(self, states: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the log-density, the residuals of the picks and their standard deviations.

        Returns
        -------
        Shapes ``(n,)``, ``(n, n_picks)`` and ``(n, n_picks)``, the latter in s; minus infinity
        and NaN outside the limits.
        """
        inside = self.inside(states)
        value = np.full(len(states), -np.inf)
        shape = (len(states), len(self.problem.observations.picks))
        residual_s, sd_s = np.full(shape, np.nan), np.full(shape, np.nan)
        if inside.any():
            asked, sd, centre, scale = self._timing(states[inside])
            points = self._points(states[inside], centre, scale)
            residual_s[inside], sd_s[inside] = (asked - points.time_s).T, sd.T
            value[inside] = self.problem.log_density(points) + np.log(scale)
        return np.where(np.isnan(value), -np.inf, value), residual_s, sd_s

    def inside(self, states: FloatArray) -> NDArray[np.bool_]:
        """Return which places lie within the limits of the problem, shape ``(n,)``."""
        top, bottom = self.problem.depth_range_km
        reach = self.problem.limits.max_distance_km
        within = (np.abs(states[:, :2]) <= reach).all(axis=1)
        return np.asarray(within & (states[:, 2] >= top) & (states[:, 2] <= bottom))

    def _timing(self, states: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the origin times that picks ask for, their errors, and ``c`` and ``s``."""
        east, north, depth = np.ascontiguousarray(states[:, :3].T)
        observations, errors = self.problem.observations, self.problem.errors
        travel = np.stack(
            [
                self.problem.travel_time_s(number, east, north, depth)
                for number in range(len(observations.picks))
            ]
        )
        sd = np.stack([errors.sd_s(observations, i, time) for i, time in enumerate(travel)])
        asked = observations.observed_s[:, None] - travel
        n = len(observations.picks)
        robust = errors.doubt(n) > 0.0 or errors.freedom(n) is not None
        return asked, sd, *expected_time(np, asked, sd, np.ones_like(sd), robust)

    def _points(self, states: FloatArray, centre: FloatArray, scale: FloatArray) -> Draws:
        east, north, depth, u = np.ascontiguousarray(states.T)
        return Draws(east, north, depth, centre + scale * u)


def expected_time(
    xp: Any,  # NumPy, or JAX's copy of it
    asked_s: Any,
    sd_s: Any,
    kept: Any,
    robust: bool,
) -> tuple[Any, Any]:
    """Return centre and spread of the origin time that picks ask for.

    Parameters
    ----------
    asked_s, sd_s
        Arrival times less travel times, and their standard deviations, picks first.
    kept
        1 for picks that count, 0 for those that fill an array up.
    robust
        Whether a pick far from the others loses its say (weights of Cauchy's distribution).

    Notes
    -----
    Smooth in its arguments. Without outliers this is the distribution of the origin time given
    the place; otherwise close to it.
    """
    precision = kept / sd_s**2
    weight = precision
    centre = (weight * asked_s).sum(axis=0) / weight.sum(axis=0)
    for _ in range(_ROBUST_STEPS if robust else 0):
        weight = precision / (1.0 + ((asked_s - centre) / (2.0 * sd_s)) ** 2)
        centre = (weight * asked_s).sum(axis=0) / weight.sum(axis=0)
    return centre, 1.0 / xp.sqrt(weight.sum(axis=0))
