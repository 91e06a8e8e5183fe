"""Compiled loops over past events: what each has triggered so far, and what that says elsewhere.

Sources are walked through in order of time. Each new event shares itself out among its possible
parents; what parents have gathered until a moment is the evidence at it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.kernels import _exp, _ln
from mainshock.forecast.rupture import rupture_length_km
from mainshock.signal.compiled import compiled_in_order

__all__ = [
    "EVIDENCE_NAMES",
    "N_GROWTH_STEPS",
    "PastEvents",
    "Tally",
    "absorb",
    "describe",
    "gather",
    "grow",
    "weigh",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

EVIDENCE_NAMES: tuple[str, ...] = (
    "ln_intensity",
    "ln_background_share",
    "top_share",
    "top_log10_age",
    "top_magnitude",
    "top_log10_distance",
    "top_ln_productivity",
    "mean_log10_age",
    "mean_magnitude",
    "mean_log10_distance",
    "mean_ln_expected",
    "mean_ln_productivity",
    "ln_adjusted",
    "ln_concentration",
    *(f"ln_density_{km}km_{days}d" for days in (365, 30) for km in (1, 4, 16)),
)
"""Of the columns of :func:`gather`.

``top`` is the largest source, ``mean`` over all by their part in the intensity; distances are in
rupture lengths, productivity is observed over expected aftershocks, and the adjusted intensity
takes each source times that.
"""

N_GROWTH_STEPS = 64
"""Steps of the table of expected aftershocks, up to 5e9 times ``c``."""

_F = np.float32
_GROWTH_STEP = 0.35  # of ln(1 + t / c)
_PER_STEP = 4
_DENSITY_AT = 14
_LEAST_SHARE = 1e-4  # of the triggered intensity: a source with less is left out of means
_LEAST_PARENT = 1e-3  # of the probability to be the parent
_FARTHEST_SQUARE = 10_000.0  # km^2, of the events in densities


class PastEvents(NamedTuple):
    """Events in order of time, shapes ``(n,)``.

    Parameters
    ----------
    time_days
        Days after 1970-01-01.
    x, y, z
        Places, km, single precision.
    log_weight, spread, c_days, exponent
        Of the kernel of each.
    magnitude
        Of each.
    growth
        Aftershocks expected up to steps of ``ln(1 + t / c)``, shape ``(n, N_GROWTH_STEPS + 1)``.
    triggered_share
        Probability that a past event triggered it.
    """

    time_days: FloatArray
    x: SingleArray
    y: SingleArray
    z: SingleArray
    log_weight: SingleArray
    spread: SingleArray
    c_days: SingleArray
    exponent: SingleArray
    magnitude: SingleArray
    growth: SingleArray
    triggered_share: SingleArray


class Tally(NamedTuple):
    """Aftershocks that past events have gathered, sums of probabilities, shapes ``(n,)``.

    An aftershock that came at a delay ``d`` counts ``(d + c) / (t + c)`` at the age ``t``: old ones
    are forgotten as the sequence slows down.

    Parameters
    ----------
    number
        As counted when the last one came.
    last_days
        When that was.
    """

    number: FloatArray
    last_days: FloatArray


@compiled_in_order
def grow(n: int, factor: float, per_tau: float, past: PastEvents) -> None:
    """Fill the table of aftershocks expected of event ``n``, by trapezoids in ``ln(1 + t / c)``.

    Parameters
    ----------
    n
        Number of the event.
    factor
        Aftershocks for an integral of 1 of its decay.
    per_tau
        1 over the taper, a day.
    past
        Whose ``growth`` is filled.
    """
    c, p = float(past.c_days[n]), float(past.exponent[n])
    fine = _GROWTH_STEP / _PER_STEP
    total, before = 0.0, c ** (1.0 - p)
    past.growth[n, 0] = 0.0
    for k in range(1, N_GROWTH_STEPS + 1):
        for part in range(1, _PER_STEP + 1):
            u = ((k - 1) * _PER_STEP + part) * fine
            # an aftershock at u counts exp(u) as much as one at the event itself
            value = np.exp(-c * np.expm1(u) * per_tau + (1.0 - p) * (u + np.log(c)) + u)
            total += (before + value) * fine / 2
            before = value
        past.growth[n, k] = factor * total * np.exp(-_GROWTH_STEP * k)


@compiled_in_order
def weigh(
    time: float,
    place: SingleArray,
    n: int,
    past: PastEvents,
    per_tau: float,
    rho: float,
    square: SingleArray,
    w: SingleArray,
) -> float:
    """Fill squared distances and kernels of the first ``n`` events; return the kernels' sum."""
    total = 0.0
    slow, steepness = _F(per_tau), _F(1.0 + rho)
    for low in range(0, n, 512):
        part = _F(0.0)
        for k in range(low, min(low + 512, n)):
            dx, dy, dz = place[0] - past.x[k], place[1] - past.y[k], place[2] - past.z[k]
            square[k] = dx * dx + dy * dy + dz * dz
            days = _F(time - past.time_days[k])
            ln_t, ln_r = _ln(days + past.c_days[k]), _ln(square[k] + past.spread[k])
            argument = past.log_weight[k] - days * slow - past.exponent[k] * ln_t
            w[k] = _exp(argument - steepness * ln_r)
        # summed apart: where arrays lie in memory must not change the order of the sum
        for k in range(low, min(low + 512, n)):
            part += w[k]
        total += float(part)
    return total


@compiled_in_order
def _remembered(time: float, j: int, past: PastEvents, tally: Tally) -> float:
    """Return the aftershocks of event ``j`` as they count at a moment."""
    if tally.number[j] <= 0.0:
        return 0.0
    begun = past.time_days[j] - past.c_days[j]
    return float(tally.number[j] * (tally.last_days[j] - begun) / (time - begun))


@compiled_in_order
def _expected(age: float, j: int, past: PastEvents) -> float:
    """Return the aftershocks that event ``j`` should have had by an age, as they count then."""
    at = np.log1p(age / past.c_days[j]) / _GROWTH_STEP
    k = min(int(at), N_GROWTH_STEPS - 1)
    low, high = past.growth[j, k], past.growth[j, k + 1]
    return float(low + (at - k) * (high - low))


@compiled_in_order
def absorb(i: int, total: float, n: int, past: PastEvents, w: SingleArray, tally: Tally) -> None:
    """Share event ``i`` out among the first ``n`` events by their kernels at it."""
    tally.number[i], tally.last_days[i] = 0.0, past.time_days[i]
    if total <= 0.0 or past.triggered_share[i] <= 0.0:
        return
    factor = past.triggered_share[i] / total
    least = _F(_LEAST_PARENT / factor)
    for j in range(n):
        if w[j] > least:
            tally.number[j] = _remembered(past.time_days[i], j, past, tally) + w[j] * factor
            tally.last_days[j] = past.time_days[i]


@compiled_in_order
def _log_distance(square: float, magnitude: float) -> float:
    """Return log10 of a distance over the length of a rupture."""
    return float(0.5 * np.log10(square + 0.09) - np.log10(rupture_length_km(magnitude)))


@compiled_in_order
def _of_sources(
    time: float,
    n: int,
    total: float,
    past: PastEvents,
    tally: Tally,
    square: SingleArray,
    w: SingleArray,
    row: FloatArray,
) -> float:
    """Fill what sources say, from the third number on; return the adjusted triggered part."""
    least = _F(_LEAST_SHARE * total)
    seen, squares, adjusted, top = 0.0, 0.0, 0.0, -1
    for j in range(n):
        if w[j] <= least:
            continue
        weight, age = float(w[j]), time - past.time_days[j]
        seen += weight
        squares += weight * weight
        if top < 0 or w[j] > w[top]:
            top = j
        number, expected = _remembered(time, j, past, tally), _expected(age, j, past)
        row[7] += weight * np.log10(age + 1e-4)
        row[8] += weight * past.magnitude[j]
        row[9] += weight * _log_distance(square[j], past.magnitude[j])
        row[10] += weight * np.log(expected + 1.0)
        row[11] += weight * np.log((number + 0.5) / (expected + 0.5))
        adjusted += weight * (number + 0.1) / (expected + 0.1)
    if top < 0:
        return 1.0
    for k in range(7, 12):
        row[k] /= seen
    row[13] = np.log(squares / (seen * seen))
    age = time - past.time_days[top]
    row[2] = w[top] / total
    row[3] = np.log10(age + 1e-4)
    row[4] = past.magnitude[top]
    row[5] = _log_distance(square[top], past.magnitude[top])
    row[6] = np.log((_remembered(time, top, past, tally) + 0.3) / (_expected(age, top, past) + 0.3))
    return float(adjusted / seen)


@compiled_in_order
def _of_places(time: float, n: int, past: PastEvents, square: SingleArray, row: FloatArray) -> None:
    """Fill ln densities of the events of the last year and month around a place."""
    year = np.searchsorted(past.time_days[:n], time - 365.0)
    month = np.searchsorted(past.time_days[:n], time - 30.0)
    for k in range(year, n):
        s = float(square[k])
        if s < _FARTHEST_SQUARE:
            for width in range(3):
                h = 4.0**width
                wide = s + h * h
                density = h / (wide * np.sqrt(wide))
                row[_DENSITY_AT + width] += density
                if k >= month:
                    row[_DENSITY_AT + 3 + width] += density
    for k in range(_DENSITY_AT, _DENSITY_AT + 6):
        row[k] = np.log(row[k] + 1e-5)


@compiled_in_order
def describe(
    time: float,
    n: int,
    log_intensity: float,
    background_share: float,
    past: PastEvents,
    tally: Tally,
    square: SingleArray,
    w: SingleArray,
) -> FloatArray:
    """Return a row of evidence, in the order of ``EVIDENCE_NAMES``.

    Parameters
    ----------
    time
        The moment; the first ``n`` events came before it.
    n
        Number of those.
    log_intensity, background_share
        What the ETAS model says.
    past, tally
        Events and what they have gathered.
    square, w
        Of :func:`weigh` at the place.
    """
    row = np.zeros(len(EVIDENCE_NAMES))
    share = min(max(background_share, 1e-9), 1.0)
    row[0], row[1] = log_intensity, np.log(share)
    total = 0.0
    for j in range(n):
        total += float(w[j])
    adjusted = 1.0
    if total > 0.0:
        adjusted = _of_sources(time, n, total, past, tally, square, w, row)
    row[12] = np.log(max(share + (1.0 - share) * adjusted, 1e-3))
    _of_places(time, n, past, square, row)
    return row


@compiled_in_order
def gather(
    time: FloatArray,
    place: SingleArray,
    log_intensity: FloatArray,
    background_share: FloatArray,
    past: PastEvents,
    per_tau: float,
    rho: float,
    tally: Tally,
) -> FloatArray:
    """Return the evidence at moments and places, in order of time, shape ``(n, n_names)``.

    Parameters
    ----------
    time, place
        Moments, ascending, and places ``(n, 3)``, km. Events before a moment count for it.
    log_intensity, background_share
        What the ETAS model says there.
    past
        Events.
    per_tau, rho
        Of the kernel.
    tally
        Filled: all events before the last moment are absorbed.
    """
    rows = np.zeros((len(time), len(EVIDENCE_NAMES)))
    n_past = len(past.time_days)
    square, w = np.empty(n_past, dtype=np.float32), np.empty(n_past, dtype=np.float32)
    here = np.empty(3, dtype=np.float32)
    seen = 0
    for i in range(len(time)):
        while seen < n_past and past.time_days[seen] < time[i]:
            moment = past.time_days[seen]
            n = np.searchsorted(past.time_days[:seen], moment)
            here[0], here[1], here[2] = past.x[seen], past.y[seen], past.z[seen]
            total = weigh(moment, here, n, past, per_tau, rho, square, w)
            absorb(seen, total, n, past, w, tally)
            seen += 1
        weigh(time[i], place[i], seen, past, per_tau, rho, square, w)
        rows[i] = describe(
            time[i], seen, log_intensity[i], background_share[i], past, tally, square, w
        )
    return rows
