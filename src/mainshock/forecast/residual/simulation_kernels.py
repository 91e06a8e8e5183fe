"""Draws catalogues event by event: proposed at the largest intensity, kept by the correction."""

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.activity import LARGEST_ACTIVITY
from mainshock.forecast.residual.evidence_kernels import (
    PastEvents,
    Tally,
    absorb,
    describe,
    grow,
    weigh,
)
from mainshock.forecast.residual.network import Correction, correct_row
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM
from mainshock.signal.compiled import compiled_in_order

__all__ = ["BackgroundPlaces", "Law", "draw"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
_F = np.float32


class BackgroundPlaces(NamedTuple):
    """Kernels of the background: places ``(3, n)``, strengths, squared widths, and its floor."""

    place: SingleArray
    strength: SingleArray
    square: SingleArray
    floor: float


class Law(NamedTuple):
    """The triggering law, and how magnitudes are drawn.

    Parameters
    ----------
    mu, k0, a, c, omega, per_tau, d, gamma, rho, m_ref
        As in :class:`mainshock.forecast.etas.parameters.EtasParameters`.
    productivity_activity, omega_activity, omega_magnitude, c_magnitude, mean_activity
        As in :class:`mainshock.forecast.etas.law.Variation`.
    mc, beta, cut
        Magnitudes are ``mc - ln(1 - u cut) / beta``.
    end_days
        End of the window.
    centre
        From which places count, km from the Earth's centre, shape ``(3,)``.
    background
        Where background events come.
    """

    mu: float
    k0: float
    a: float
    c: float
    omega: float
    per_tau: float
    d: float
    gamma: float
    rho: float
    m_ref: float
    productivity_activity: float
    omega_activity: float
    omega_magnitude: float
    c_magnitude: float
    mean_activity: float
    mc: float
    beta: float
    cut: float
    end_days: float
    centre: FloatArray
    background: BackgroundPlaces


@compiled_in_order
def _background_density(place: SingleArray, background: BackgroundPlaces) -> float:
    total = _F(0.0)
    for k in range(len(background.strength)):
        dx = place[0] - background.place[0, k]
        dy = place[1] - background.place[1, k]
        dz = place[2] - background.place[2, k]
        s = dx * dx + dy * dy + dz * dz + background.square[k]
        total += background.strength[k] / (s * np.sqrt(s))
    return float(total) + background.floor


@compiled_in_order
def _add(
    n: int,
    time: float,
    place: SingleArray,
    magnitude: float,
    ratio: float,
    law: Law,
    past: PastEvents,
) -> float:
    """Add an event as number ``n``; return its aftershocks for an integral of 1 of its decay.

    ``ratio`` is the triggered intensity over the background's when it came.
    """
    above = magnitude - law.m_ref
    active = min(np.log1p(ratio), LARGEST_ACTIVITY) - law.mean_activity
    log_weight = np.log(law.k0) + law.a * above + law.productivity_activity * active
    spread = law.d * np.exp(law.gamma * above)
    omega = law.omega + law.omega_magnitude * above + law.omega_activity * active
    past.time_days[n] = time
    past.x[n], past.y[n], past.z[n] = place[0], place[1], place[2]
    past.log_weight[n], past.spread[n] = log_weight, spread
    past.c_days[n] = law.c * np.exp(law.c_magnitude * above)
    past.exponent[n], past.magnitude[n] = 1.0 + omega, magnitude
    past.triggered_share[n] = ratio / (1.0 + ratio)
    factor = np.exp(log_weight) * np.pi / (law.rho * spread**law.rho)
    grow(n, factor, law.per_tau, past)
    return float(factor)


@compiled_in_order
def _delays(
    n: int, factor: float, inflation: float, law: Law, past: PastEvents, rng: np.random.Generator
) -> FloatArray:
    """Return delays of aftershocks proposed for event ``n`` until the end of the window."""
    c, omega = float(past.c_days[n]), float(past.exponent[n]) - 1.0
    if abs(omega) < 1e-6:
        omega = 1e-6
    longest = law.end_days - past.time_days[n]
    low, high = c**-omega, (longest + c) ** -omega
    delays = np.empty(rng.poisson(inflation * factor * (low - high) / omega))
    kept = 0
    for _ in range(len(delays)):
        delay = (low + rng.random() * (high - low)) ** (-1.0 / omega) - c
        if 0.0 <= delay < longest and rng.random() < np.exp(-delay * law.per_tau):
            delays[kept] = delay
            kept += 1
    return delays[:kept]


@compiled_in_order
def _place_near(n: int, law: Law, past: PastEvents, rng: np.random.Generator) -> SingleArray:
    """Return a place around event ``n``, relative to the centre."""
    r = np.sqrt(past.spread[n] * ((1.0 - rng.random()) ** (-1.0 / law.rho) - 1.0))
    angle = 2.0 * np.arcsin(min(r / (2.0 * AUTHALIC_RADIUS_KM), 1.0))
    up = (law.centre + np.array([past.x[n], past.y[n], past.z[n]])) / AUTHALIC_RADIUS_KM
    aside = rng.standard_normal(3)
    aside -= (aside * up).sum() * up
    unit = np.cos(angle) * up + np.sin(angle) * aside / np.sqrt((aside * aside).sum())
    found: SingleArray = (unit * AUTHALIC_RADIUS_KM - law.centre).astype(np.float32)
    return found


@compiled_in_order
def draw(
    time_days: FloatArray,
    place: SingleArray,
    n_past: int,
    past: PastEvents,
    tally: Tally,
    correction: Correction,
    law: Law,
    rng: np.random.Generator,
) -> int:
    """Draw a catalogue behind the past; return the number of all events, -1 if room is short.

    Parameters
    ----------
    time_days, place
        Background events and direct aftershocks of the past, proposed at ``exp(bound)`` times
        the intensity of the ETAS model; shapes ``(m,)`` and ``(m, 3)``.
    n_past
        Number of past events.
    past, tally
        With room for more; ``tally`` is changed.
    correction, law
        The model.
    rng
        Random numbers.
    """
    n_room, inflation = len(past.time_days), np.exp(correction.bound)
    square, w = np.empty(n_room, dtype=np.float32), np.empty(n_room, dtype=np.float32)
    waiting = [(time_days[k], k) for k in range(len(time_days))]
    heapq.heapify(waiting)
    there = [place[k] for k in range(len(time_days))]
    n = n_past
    while len(waiting) > 0:
        time, k = heapq.heappop(waiting)
        triggered = weigh(time, there[k], n, past, law.per_tau, law.rho, square, w)
        rate = law.mu * _background_density(there[k], law.background)
        total = rate + triggered
        row = describe(time, n, np.log(total), rate / total, past, tally, square, w)
        if not rng.random() < np.exp(correct_row(row, correction) - correction.bound):
            continue
        if n == n_room:
            return -1
        magnitude = law.mc - np.log(1.0 - rng.random() * law.cut) / law.beta
        factor = _add(n, time, there[k], magnitude, triggered / rate, law, past)
        absorb(n, triggered, n, past, w, tally)
        for delay in _delays(n, factor, inflation, law, past, rng):
            there.append(_place_near(n, law, past, rng))
            heapq.heappush(waiting, (time + delay, len(there) - 1))
        n += 1
    return n
