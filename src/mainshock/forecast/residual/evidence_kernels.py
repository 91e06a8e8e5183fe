"""Compiled loops over past events: what each has triggered so far, and what that says elsewhere.

Sources are walked through in order of time. Each new event shares itself out among its possible
parents; what parents have gathered until a moment is the evidence at it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.kernels import _exp, _ln
from mainshock.signal.compiled import compiled

__all__ = [
    "DENSITY_AT",
    "GROWTH_STEP",
    "MEMORIES",
    "MEMORY_AT",
    "N_EVIDENCE",
    "PastEvents",
    "Tally",
    "absorb",
    "describe",
    "describe_all",
    "gather",
    "look",
    "weigh",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

MEMORIES = (0.0, 1.0)
"""An aftershock at a delay ``d`` counts ``((d + c) / (t + c))^memory`` at the age ``t``."""

DENSITY_AT, MEMORY_AT = 15, 24
"""First columns of densities around a place, and of ratios of observed to expected aftershocks."""

N_EVIDENCE = MEMORY_AT + 3 * len(MEMORIES)
"""Numbers that :func:`gather` gives for each moment and place."""

GROWTH_STEP = 0.35
"""Step of ``ln(1 + t / c)`` in the table of expected aftershocks."""

_F = np.float32
_LEAST_SHARE = 1e-4  # of the triggered intensity: a source with less is left out of means
_LEAST_PARENT = 1e-3  # of the probability to be the parent
_KDE_SQUARE = 10_000.0  # km^2, a hundred km around
_WAKE_SQUARE = 40_000.0


class PastEvents(NamedTuple):
    """Events in order of time.

    Parameters
    ----------
    time_days
        Shape ``(n,)``.
    x, y, z
        Places, km, single precision.
    east, north
        Unit vectors at each place, shape ``(n, 3)``.
    log_weight, spread, c_days, exponent
        Of the kernel of each.
    magnitude
        Of each.
    growth
        Aftershocks expected up to steps of ``ln(1 + t / c)`` as each memory counts them, shape
        ``(n_memories, n, n_steps)``.
    triggered_share
        Probability that a past event triggered it.
    large
        Numbers of the events that hide others for a while.
    """

    time_days: FloatArray
    x: SingleArray
    y: SingleArray
    z: SingleArray
    east: SingleArray
    north: SingleArray
    log_weight: SingleArray
    spread: SingleArray
    c_days: SingleArray
    exponent: SingleArray
    magnitude: SingleArray
    growth: SingleArray
    triggered_share: SingleArray
    large: IntArray


class Tally(NamedTuple):
    """What past events have gathered: aftershocks by probability, and where those lie.

    Parameters
    ----------
    number
        Aftershocks, sums of probabilities, as each memory counted them when the last one came,
        shape ``(n_memories, n)``.
    last_days
        When that was, shape ``(n,)``.
    xx, xy, yy
        Sums of the squares and product of the unit vector towards them, east and north.
    """

    number: FloatArray
    last_days: FloatArray
    xx: FloatArray
    xy: FloatArray
    yy: FloatArray


@compiled
def weigh(
    time: float,
    place: SingleArray,
    n: int,
    past: PastEvents,
    per_tau: np.float32,
    steepness: np.float32,
    square: SingleArray,
    w: SingleArray,
) -> float:
    """Fill squared distances and kernels of the first ``n`` events; return the kernels' sum."""
    total = 0.0
    for low in range(0, n, 512):
        part = _F(0.0)
        for k in range(low, min(low + 512, n)):
            dx, dy, dz = place[0] - past.x[k], place[1] - past.y[k], place[2] - past.z[k]
            square[k] = dx * dx + dy * dy + dz * dz
            days = _F(time - past.time_days[k])
            ln_t, ln_r = _ln(days + past.c_days[k]), _ln(square[k] + past.spread[k])
            argument = past.log_weight[k] - days * per_tau - past.exponent[k] * ln_t
            w[k] = _exp(argument - steepness * ln_r)
            part += w[k]
        total += part
    return total


@compiled
def _direction(place: SingleArray, past: PastEvents, j: int) -> tuple[float, float]:
    """Return the unit vector from an event towards a place, east and north; short within 1 km."""
    dx, dy, dz = place[0] - past.x[j], place[1] - past.y[j], place[2] - past.z[j]
    e = dx * past.east[j, 0] + dy * past.east[j, 1] + dz * past.east[j, 2]
    n = dx * past.north[j, 0] + dy * past.north[j, 1] + dz * past.north[j, 2]
    size = np.sqrt(e * e + n * n + _F(0.5))
    return float(e / size), float(n / size)


@compiled
def _remembered(time: float, j: int, memory: int, past: PastEvents, tally: Tally) -> float:
    """Return the aftershocks of event ``j`` as a memory counts them at a moment."""
    before = tally.last_days[j] - past.time_days[j] + past.c_days[j]
    share = before / (time - past.time_days[j] + past.c_days[j])
    return float(tally.number[memory, j] * share ** MEMORIES[memory])


@compiled
def absorb(i: int, total: float, n: int, past: PastEvents, w: SingleArray, tally: Tally) -> None:
    """Share event ``i`` out among the first ``n`` events by their kernels at it."""
    if total <= 0.0:
        return
    factor = past.triggered_share[i] / total
    least = _F(_LEAST_PARENT / factor) if factor > 0 else _F(np.inf)
    place = np.array([past.x[i], past.y[i], past.z[i]], dtype=np.float32)
    for j in range(n):
        if w[j] > least:
            p = w[j] * factor
            e, north = _direction(place, past, j)
            for m in range(len(MEMORIES)):
                tally.number[m, j] = _remembered(past.time_days[i], j, m, past, tally) + p
            tally.last_days[j] = past.time_days[i]
            tally.xx[j] += p * e * e
            tally.xy[j] += p * e * north
            tally.yy[j] += p * north * north


@compiled
def _expected(age: float, j: int, memory: int, past: PastEvents) -> float:
    """Return the aftershocks that event ``j`` should have had by an age, as a memory counts."""
    at = np.log(1.0 + age / past.c_days[j]) / GROWTH_STEP
    k = min(int(at), past.growth.shape[2] - 2)
    low, high = past.growth[memory, j, k], past.growth[memory, j, k + 1]
    return float(low + (at - k) * (high - low))


@compiled
def _of_sources(
    time: float,
    place: SingleArray,
    n: int,
    total: float,
    past: PastEvents,
    w: SingleArray,
    square: SingleArray,
    tally: Tally,
    out: FloatArray,
) -> None:
    """Fill means over sources by their part in the intensity, and the largest: 0 to 11, 24 on."""
    least = _F(_LEAST_SHARE * total)
    seen, squares, top, top_j = 0.0, 0.0, _F(-1.0), -1
    for j in range(n):
        if w[j] <= least:
            continue
        seen += w[j]
        squares += w[j] * w[j]
        if w[j] > top:
            top, top_j = w[j], j
        age = time - past.time_days[j]
        log_length = 0.59 * past.magnitude[j] - 2.44  # of the rupture in km
        log_distance = 0.5 * np.log10(square[j] + _F(0.09)) - log_length
        out[0] += w[j] * np.log10(age + 1e-4)
        out[1] += w[j] * past.magnitude[j]
        out[2] += w[j] * log_distance
        for m in range(len(MEMORIES)):
            number = _remembered(time, j, m, past, tally)
            expected = _expected(age, j, m, past)
            out[MEMORY_AT + 3 * m] += w[j] * np.log((number + 0.5) / (expected + 0.5))
            out[MEMORY_AT + 1 + 3 * m] += w[j] * (number + 0.1) / (expected + 0.1)
            out[MEMORY_AT + 2 + 3 * m] += w[j] * (number + 1.0) / (expected + 1.0)
            if m == 0:
                out[3] += w[j] * np.log(expected + 1.0)
        size = tally.xx[j] + tally.yy[j]
        if size > 0.5:
            e, north = _direction(place, past, j)
            along = e * e * tally.xx[j] + 2 * e * north * tally.xy[j] + north * north * tally.yy[j]
            out[4] += w[j] * np.log((2.0 * along + 2.0) / (size + 2.0))
    for k in range(5):
        out[k] /= max(seen, 1e-30)
    for k in range(MEMORY_AT, N_EVIDENCE):
        out[k] /= max(seen, 1e-30)
    out[5] = squares / max(seen * seen, 1e-30)
    if top_j >= 0:
        age = time - past.time_days[top_j]
        number = _remembered(time, top_j, 1, past, tally)
        log_length = 0.59 * past.magnitude[top_j] - 2.44
        out[6] = top
        out[7] = np.log10(age + 1e-4)
        out[8] = past.magnitude[top_j]
        out[9] = 0.5 * np.log10(square[top_j] + _F(0.09)) - log_length
        out[10] = (number + 0.3) / (_expected(age, top_j, 1, past) + 0.3)
    out[11] = total


@compiled
def _of_places(time: float, n: int, past: PastEvents, square: SingleArray, out: FloatArray) -> None:
    """Fill counts and completeness, 12 to 14, and densities of recent events around a place."""
    year = np.searchsorted(past.time_days[:n], time - 365.0)
    month = np.searchsorted(past.time_days[:n], time - 30.0)
    day = np.searchsorted(past.time_days[:n], time - 1.0)
    hour = np.searchsorted(past.time_days[:n], time - 0.05)
    edges = (year, month, day, n)
    for part in range(3):
        near, middle, far = _F(0.0), _F(0.0), _F(0.0)
        for k in range(edges[part], edges[part + 1]):
            s = square[k]
            if s < _F(_KDE_SQUARE):
                one, four, wide = s + _F(1.0), s + _F(16.0), s + _F(256.0)
                near += _F(1.0) / (one * np.sqrt(one))
                middle += _F(4.0) / (four * np.sqrt(four))
                far += _F(16.0) / (wide * np.sqrt(wide))
        for later in range(part + 1):  # what is a day old is a month and a year old too
            out[DENSITY_AT + 3 * later] += near
            out[DENSITY_AT + 1 + 3 * later] += middle
            out[DENSITY_AT + 2 + 3 * later] += far
    out[12], out[13] = n - hour, n - day
    for j in past.large:
        if j >= n:
            break
        if square[j] < _F(_WAKE_SQUARE):
            age = time - past.time_days[j]
            hidden = past.magnitude[j] - 4.5 - 0.75 * np.log10(age)
            out[14] = max(out[14], min(hidden, past.magnitude[j]))


@compiled
def describe(
    found: FloatArray, log_intensity: float, background_share: float, mc: float, row: FloatArray
) -> None:
    """Fill a row of evidence, in the order of ``EVIDENCE_NAMES``, from what was gathered.

    Parameters
    ----------
    found
        A row of :func:`gather`.
    log_intensity, background_share
        What the model says there.
    mc
        Magnitude of completeness.
    row
        To be filled, shape ``(26 + 3 n_memories,)``.
    """
    share = min(max(background_share, 1e-9), 1.0)
    row[0] = log_intensity
    row[1] = log_intensity + np.log(share)
    row[2] = np.log(share)
    row[3] = found[6] / max(found[11], 1e-300) * (1.0 - share)
    row[4], row[5], row[6] = found[7], found[8], found[9]
    row[7] = np.log(max(found[10], 1e-2))
    for k in range(5):
        row[8 + k] = found[k]
    row[13] = np.log(max(found[5], 1e-6))
    at = 14
    for m in range(len(MEMORIES)):
        row[at] = found[MEMORY_AT + 3 * m]
        for k in (1, 2):
            adjusted = share + (1.0 - share) * found[MEMORY_AT + 3 * m + k]
            row[at + k] = np.log(max(adjusted, 1e-3))
        at += 3
    for k in range(DENSITY_AT, MEMORY_AT):
        row[at] = np.log(found[k] + 1e-5)
        at += 1
    row[at], row[at + 1] = np.log(1.0 + found[12]), np.log(1.0 + found[13])
    row[at + 2] = max(found[14] - mc, 0.0)


@compiled
def describe_all(
    found: FloatArray, log_intensity: FloatArray, background_share: FloatArray, mc: float, n: int
) -> FloatArray:
    """Return rows of ``n`` numbers by :func:`describe`."""
    rows = np.zeros((len(found), n))
    for i in range(len(found)):
        describe(found[i], log_intensity[i], background_share[i], mc, rows[i])
    return rows


@compiled
def look(
    time: float,
    place: SingleArray,
    n: int,
    past: PastEvents,
    per_tau: np.float32,
    steepness: np.float32,
    tally: Tally,
    square: SingleArray,
    w: SingleArray,
    out: FloatArray,
) -> float:
    """Fill the evidence of the first ``n`` events; return the triggered intensity.

    ``square`` and ``w`` are filled too: squared distances and kernels of the events.
    """
    out[:] = 0.0
    total = weigh(time, place, n, past, per_tau, steepness, square, w)
    if total > 0.0:
        _of_sources(time, place, n, total, past, w, square, tally, out)
    _of_places(time, n, past, square, out)
    return total


@compiled
def gather(
    time: FloatArray,
    place: SingleArray,
    past: PastEvents,
    per_tau: np.float32,
    steepness: np.float32,
    first: int,
    tally: Tally,
) -> FloatArray:
    """Return the evidence at moments and places, in order of time, shape ``(n, N_EVIDENCE)``.

    Parameters
    ----------
    time, place
        Moments, ascending, and places ``(n, 3)``, km. Events before a moment count for it.
    past
        Events.
    per_tau, steepness
        ``1 / tau`` and ``1 + rho`` of the kernel.
    first
        The first event that ``tally`` has not absorbed yet; earlier ones are done.
    tally
        Changed: all events before the last moment are absorbed.
    """
    out = np.zeros((len(time), N_EVIDENCE))
    n_past = len(past.time_days)
    square, w = np.empty(n_past, dtype=np.float32), np.empty(n_past, dtype=np.float32)
    seen = first
    for i in range(len(time)):
        while seen < n_past and past.time_days[seen] < time[i]:
            n = np.searchsorted(past.time_days[:seen], past.time_days[seen])
            here = np.array([past.x[seen], past.y[seen], past.z[seen]], dtype=np.float32)
            moment = past.time_days[seen]
            total = weigh(moment, here, n, past, per_tau, steepness, square, w)
            absorb(seen, total, n, past, w, tally)
            seen += 1
        look(time[i], place[i], seen, past, per_tau, steepness, tally, square, w, out[i])
    return out
