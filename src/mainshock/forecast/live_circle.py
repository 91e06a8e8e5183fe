"""What past events send into a circle, each by its own kernel."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["FadedStrengths", "circle_masses"]

FloatArray = NDArray[np.float64]
_ROUND, _ROUND_WEIGHTS = np.polynomial.legendre.leggauss(24)
_EVEN_COSINES = np.cos(np.pi * (np.arange(8) + 0.5) / 8)
_MORE_COSINES = np.cos(np.pi * (np.arange(16) + 0.5) / 16)
_FAR_ENOUGH, _FAR = 0.6, 0.35  # of the smaller to the larger one of distance and radius
_GONE = 40.0  # ln of what is left
_MOST_LATE = 128  # sources whose decay is worked out anew each time


@dataclass(slots=True, eq=False)
class FadedStrengths:
    """Strengths of sources as they were at one moment: later ones follow by one factor a rate.

    Parameters
    ----------
    rates
        Of the exponentials of the decay, growing, per day.
    """

    rates: FloatArray
    _moment_days: float = 0.0
    _faded: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self._faded = np.zeros((0, len(self.rates)))

    def forget(self, number: int) -> None:
        """Take a source out."""
        if number < len(self._faded):
            self._faded[number] = 0.0

    def sums(
        self, mass: FloatArray, strength: FloatArray, time_days: FloatArray, now_days: float
    ) -> FloatArray:
        """Return for each exponential what all sources send out now, shape ``(n_rates,)``.

        Parameters
        ----------
        mass
            Factor of each source, shape ``(n,)``.
        strength
            Of each exponential at the time of the source, shape ``(n, n_rates)``; those that were
            asked for before are as they were then.
        time_days, now_days
            Of the sources, and the moment, which never goes back.
        """
        if len(time_days) - len(self._faded) > _MOST_LATE:
            self._move_on(strength, time_days, now_days)
        n = len(self._faded)
        passed = np.minimum((now_days - self._moment_days) * self.rates, 700.0)
        found = _weighted_rows(mass, self._faded) * np.exp(-passed)
        age = np.maximum(now_days - time_days[n:], 0.0)
        return np.asarray(found + _faded_sums(mass[n:], strength[n:], age, self.rates))

    def _move_on(self, strength: FloatArray, time_days: FloatArray, now_days: float) -> None:
        n = len(self._faded)
        passed = np.minimum((now_days - self._moment_days) * self.rates, 700.0)
        known = self._faded * np.exp(-passed)
        known[known < 1e-100] = 0.0  # smaller numbers would slow the processor down
        age = np.maximum(now_days - time_days[n:], 0.0)[:, None]
        passed = age * self.rates
        late = np.where(passed < _GONE, strength[n:] * np.exp(-np.minimum(passed, _GONE)), 0.0)
        self._faded, self._moment_days = np.vstack([known, late]), now_days


@compiled
def _weighted_rows(weight: FloatArray, rows: FloatArray) -> FloatArray:
    found = np.zeros(rows.shape[1])
    for j in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            found[k] += weight[j] * rows[j, k]
    return found


@compiled
def _faded_sums(
    mass: FloatArray, strength: FloatArray, age: FloatArray, rates: FloatArray
) -> FloatArray:
    found = np.zeros(len(rates))
    for j in range(len(age)):
        for k in range(len(rates)):
            passed = rates[k] * age[j]
            if passed > _GONE:
                break
            found[k] += mass[j] * strength[j, k] * np.exp(-passed)
    return found


@compiled
def circle_masses(
    place: FloatArray, spread: FloatArray, circle: tuple[FloatArray, float], rho: float
) -> FloatArray:
    """Return the part of kernels in a circle, shape ``(n,)``.

    Parameters
    ----------
    place, spread
        Of the sources, in km and km^2; shapes ``(n, 3)`` and ``(n,)``.
    circle
        Its middle in km, shape ``(3,)``, and its radius in km.
    rho
        Exponent of the kernels.
    """
    middle, radius = circle
    found = np.empty(len(spread))
    for j in range(len(spread)):
        dx, dy = place[j, 0] - middle[0], place[j, 1] - middle[1]
        dz = place[j, 2] - middle[2]
        distance = np.sqrt(dx * dx + dy * dy + dz * dz)
        found[j] = _mass_in_circle(distance, radius, spread[j], rho)
    return found


@compiled
def _mass_in_circle(distance: float, radius: float, spread: float, rho: float) -> float:
    """Flux through a circle of the field whose divergence is the kernel."""
    if distance > 8.0 * radius:
        square = distance * distance + spread
        bend = 1.0 + radius * radius / 2.0 * (1.0 + rho) / square * (
            (2.0 + rho) * distance * distance / square - 1.0
        )
        return float(rho * spread**rho * square ** -(1.0 + rho) * radius * radius * bend)
    sum_of_squares, product = distance * distance + radius * radius, distance * radius
    total = 0.0
    away = distance / radius if distance < radius else radius / distance
    if away < _FAR_ENOUGH:
        cosines = _EVEN_COSINES if away < _FAR else _MORE_COSINES
        for cosine in cosines:
            square = sum_of_squares + 2.0 * product * cosine
            within = 1.0 - np.exp(-rho * np.log(1.0 + square / spread))
            total += within / square * (radius * radius + product * cosine)
        return float(max(total / len(cosines), 0.0))
    # nodes are dense where the circle comes near to the source
    scale = np.sqrt((distance - radius) ** 2 + spread) / (distance + radius)
    top = np.arcsinh(np.pi / 2 / scale)
    for i in range(len(_ROUND)):
        grown = np.exp(top * (_ROUND[i] + 1) / 2)
        sinh, cosh = (grown - 1.0 / grown) / 2, (grown + 1.0 / grown) / 2
        cosine = -np.cos(2.0 * scale * sinh)
        ratio = (sum_of_squares + 2.0 * product * cosine) / spread
        within = 1.0 - np.exp(-rho * np.log(1.0 + ratio)) if ratio > 1e-4 else rho * ratio
        density = within / (ratio * spread) if ratio > 1e-12 else rho / spread
        total += _ROUND_WEIGHTS[i] * density * (radius * radius + product * cosine) * cosh
    return float(max(total * scale * top / np.pi, 0.0))
