"""Sums of the triggering kernel over sources, in single precision and many pairs at a time.

Logarithms and exponentials are written out as arithmetic, so that the compiler can work on
several pairs at once: a pair costs about two nanoseconds, slopes included.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = [
    "N_INTEGRALS",
    "N_SUMS",
    "Columns",
    "choose_pairs",
    "integrate_decay",
    "smooth",
    "sum_over_all",
    "sum_over_chosen",
    "sum_over_moments",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

N_SUMS = 12
"""Columns of :func:`sum_over_all`."""

N_INTEGRALS = 4
"""Columns of :func:`integrate_decay`."""

_PIECE = 512  # pairs at a time: their numbers stay in the nearest cache
_GROUP = 64  # small kernels of which none is chosen are passed over together
_N_PANELS = 6
_GAUSS = np.polynomial.legendre.leggauss(8)
_NODES = ((np.arange(_N_PANELS)[:, None] + (_GAUSS[0] + 1) / 2) / _N_PANELS).ravel().astype("f4")
_WEIGHTS = np.tile(_GAUSS[1] / (2 * _N_PANELS), _N_PANELS).astype("f4")

_F = np.float32
_I = np.int32
_LN2 = np.float32(0.6931471805599453)
_PER_LN2 = np.float32(1.4426950408889634)
_HALF_BITS = np.int32(0x3F3504F3)  # of the square root of a half
_MANTISSA = np.int32(23)
_LEAST, _GREATEST = np.float32(-87.0), np.float32(88.0)


class Columns(NamedTuple):
    """What differs between sources; single precision, shape ``(n_sources,)``.

    Parameters
    ----------
    log_weight
        ln of the kernel's factor.
    spread
        In km^2.
    above
        Magnitude above the reference.
    activity
        How far the event's activity is above the mean.
    c_days, exponent
        Of the decay in time, ``(t + c)^-exponent``.
    """

    log_weight: SingleArray
    spread: SingleArray
    above: SingleArray
    activity: SingleArray
    c_days: SingleArray
    exponent: SingleArray


@compiled
def _ln(x: np.float32) -> np.float32:
    bits = _F(x).view(np.int32)
    exponent = (bits - _HALF_BITS) >> _MANTISSA
    f = _I(bits - (exponent << _MANTISSA)).view(np.float32) - _F(1.0)
    s = f / (_F(2.0) + f)
    z = s * s
    series = _F(0.28571430) + z * _F(0.22222222)
    series = _F(2.0) + z * (_F(0.66666667) + z * (_F(0.4) + z * series))
    return _F(_F(exponent) * _LN2 + s * series)


@compiled
def _exp(x: np.float32) -> np.float32:
    x = min(max(x, _LEAST), _GREATEST)
    n = _I(np.floor(x * _PER_LN2 + _F(0.5)))
    r = x - _F(n) * _LN2
    series = _F(0.041666667) + r * (_F(0.0083333333) + r * _F(0.0013888889))
    series = _F(1.0) + r * (_F(1.0) + r * (_F(0.5) + r * (_F(0.16666667) + r * series)))
    return _F(_I(_F(series).view(np.int32) + (n << _MANTISSA)).view(np.float32))


@compiled
def _add_piece(
    days: SingleArray,
    square: SingleArray,
    columns: Columns,
    per_tau: np.float32,
    steepness: np.float32,
    total: FloatArray,
) -> None:
    """Add the sums over one piece to ``total``; ``steepness`` is 1 + rho."""
    log_weight, spread, above, activity, c_days, exponent = columns
    zero = _F(0.0)
    s0, s1, s2, s3, s4, s5 = zero, zero, zero, zero, zero, zero
    s6, s7, s8, s9, s10, s11 = zero, zero, zero, zero, zero, zero
    for k in range(len(days)):
        passed = days[k] + c_days[k]
        wide = square[k] + spread[k]
        ln_t = _ln(passed)
        ln_r = _ln(wide)
        w = _exp(log_weight[k] - days[k] * per_tau - exponent[k] * ln_t - steepness * ln_r)
        late = w * ln_t
        early = w * exponent[k] * c_days[k] / passed
        near = w * spread[k] / wide
        s0 += w
        s1 += w * above[k]
        s2 += w * activity[k]
        s3 += w * days[k]
        s4 += late
        s5 += late * above[k]
        s6 += late * activity[k]
        s7 += early
        s8 += early * above[k]
        s9 += w * ln_r
        s10 += near
        s11 += near * above[k]
    total[0] += s0
    total[1] += s1
    total[2] += s2
    total[3] += s3
    total[4] += s4
    total[5] += s5
    total[6] += s6
    total[7] += s7
    total[8] += s8
    total[9] += s9
    total[10] += s10
    total[11] += s11


@compiled
def _measure(
    time: float,
    place: SingleArray,
    source_time: FloatArray,
    source_x: SingleArray,
    source_y: SingleArray,
    source_z: SingleArray,
    days: SingleArray,
    square: SingleArray,
) -> None:
    for k in range(len(source_time)):
        days[k] = _F(time - source_time[k])
    for k in range(len(source_time)):
        x, y, z = place[0] - source_x[k], place[1] - source_y[k], place[2] - source_z[k]
        square[k] = x * x + y * y + z * z


@compiled
def sum_over_all(
    time: FloatArray,
    place: SingleArray,
    before: IntArray,
    source_time: FloatArray,
    source_place: SingleArray,
    columns: Columns,
    per_tau: np.float32,
    steepness: np.float32,
    total: FloatArray,
) -> None:
    """Fill ``total``, shape ``(n_targets, 12)``, with sums over all sources before each target.

    Places are ``(n_targets, 3)`` and ``(3, n_sources)``. With ``w`` the kernel of a source, ``m``
    its magnitude above the reference, ``y`` its activity, ``L = ln(t + c)``,
    ``e = exponent c / (t + c)``, ``R = ln(r^2 + s)`` and ``v = s / (r^2 + s)`` with the spread
    ``s``, the columns are the sums of ``w``, ``w m``, ``w y``, ``w t``, ``w L``, ``w L m``,
    ``w L y``, ``w e``, ``w e m``, ``w R``, ``w v`` and ``w v m``.
    """
    days, square = np.empty(_PIECE, dtype=np.float32), np.empty(_PIECE, dtype=np.float32)
    log_weight, spread, above, activity, c_days, exponent = columns
    for i in range(len(time)):
        total[i] = 0.0
        for low in range(0, before[i], _PIECE):
            high = min(low + _PIECE, before[i])
            n = high - low
            _measure(
                time[i],
                place[i],
                source_time[low:high],
                source_place[0, low:high],
                source_place[1, low:high],
                source_place[2, low:high],
                days,
                square,
            )
            piece = Columns(
                log_weight[low:high],
                spread[low:high],
                above[low:high],
                activity[low:high],
                c_days[low:high],
                exponent[low:high],
            )
            _add_piece(days[:n], square[:n], piece, per_tau, steepness, total[i])


@compiled
def sum_over_chosen(
    start: IntArray,
    days: SingleArray,
    square: SingleArray,
    source: NDArray[np.int32],
    log_factor: SingleArray,
    columns: Columns,
    per_tau: np.float32,
    steepness: np.float32,
    total: FloatArray,
) -> None:
    """Fill ``total`` as :func:`sum_over_all` does, from chosen pairs with their factors."""
    log_weight, spread, above, activity, c_days, exponent = columns
    own = np.empty((6, _PIECE), dtype=np.float32)
    for i in range(len(start) - 1):
        total[i] = 0.0
        for low in range(start[i], start[i + 1], _PIECE):
            high = min(low + _PIECE, start[i + 1])
            n = high - low
            for k in range(n):
                j = source[low + k]
                own[0, k] = log_weight[j] + log_factor[low + k]
                own[1, k] = spread[j]
                own[2, k] = above[j]
                own[3, k] = activity[j]
                own[4, k] = c_days[j]
                own[5, k] = exponent[j]
            piece = Columns(own[0, :n], own[1, :n], own[2, :n], own[3, :n], own[4, :n], own[5, :n])
            _add_piece(days[low:high], square[low:high], piece, per_tau, steepness, total[i])


@compiled
def _weigh(
    days: SingleArray,
    square: SingleArray,
    columns: Columns,
    per_tau: np.float32,
    steepness: np.float32,
    w: SingleArray,
) -> float:
    """Fill ``w`` with the kernels of sources, and return their sum."""
    log_weight, spread, _, _, c_days, exponent = columns
    n = len(days)
    # loops over few arrays each: the compiler must know that they do not overlap
    for k in range(n):
        w[k] = log_weight[k] - exponent[k] * _ln(days[k] + c_days[k])
    for k in range(n):
        w[k] -= days[k] * per_tau + steepness * _ln(square[k] + spread[k])
    total = 0.0
    for low in range(0, n, _PIECE):
        part = _F(0.0)
        for k in range(low, min(low + _PIECE, n)):
            w[k] = _exp(w[k])
            part += w[k]
        total += float(part)
    return total


@compiled
def _sum_small(
    w: SingleArray, least: np.float32, small: SingleArray, large: NDArray[np.int32]
) -> float:
    """Fill sums of the kernels below a limit and numbers of the others; return the whole sum."""
    total = 0.0
    for group in range(-(-len(w) // _GROUP)):
        part, n_large = _F(0.0), _I(0)
        for k in range(group * _GROUP, min((group + 1) * _GROUP, len(w))):
            part += w[k] if w[k] < least else _F(0.0)
            n_large += _I(0) if w[k] < least else _I(1)
        small[group], large[group] = part, n_large
        total += float(part)
    return total


@compiled
def _pick(
    days: SingleArray,
    square: SingleArray,
    w: SingleArray,
    small: SingleArray,
    large: NDArray[np.int32],
    least: np.float32,
    step: float,
    following: float,
    kept_days: SingleArray,
    kept_square: SingleArray,
    source: NDArray[np.int32],
    log_factor: SingleArray,
    filled: int,
) -> int:
    """Write the chosen pairs of one target from ``filled`` on; return where they end."""
    passed = 0.0
    for group in range(-(-len(w) // _GROUP)):
        if large[group] == 0 and passed + small[group] < following:
            passed += small[group]
            continue
        for k in range(group * _GROUP, min((group + 1) * _GROUP, len(w))):
            stands_for = float(w[k])
            if w[k] < least:
                passed += w[k]
                if passed < following or step <= 0.0:
                    continue
                n_passed = np.floor((passed - following) / step) + 1.0
                following += n_passed * step
                stands_for = n_passed * step
            kept_days[filled], kept_square[filled], source[filled] = days[k], square[k], k
            log_factor[filled] = np.log(stands_for / w[k])
            filled += 1
    return filled


@compiled
def choose_pairs(
    time: FloatArray,
    place: SingleArray,
    before: IntArray,
    rest: FloatArray,
    source_time: FloatArray,
    source_place: SingleArray,
    columns: Columns,
    per_tau: np.float32,
    steepness: np.float32,
    most: int,
    offset: FloatArray,
) -> tuple[IntArray, SingleArray, SingleArray, NDArray[np.int32], SingleArray]:
    """Return, for each target, the pairs that stand for all of its sources.

    A source whose kernel is at least ``1 / most`` of the intensity (``rest`` is the background)
    is chosen. Of the others one is chosen each time that the running sum of their kernels
    passes a step, and stands for that step: its factor is the step over its own kernel. The sum
    over chosen pairs is thus the sum over all. ``offset`` is where in the first step it is passed.
    """
    n = len(time)
    longest = 1
    for i in range(n):
        longest = max(longest, before[i])
    w = np.empty(longest, dtype=np.float32)
    days, square = np.empty(longest, dtype=np.float32), np.empty(longest, dtype=np.float32)
    n_groups = longest // _GROUP + 1
    small, large = np.empty(n_groups, dtype=np.float32), np.empty(n_groups, dtype=np.int32)
    start = np.zeros(n + 1, dtype=np.int64)
    room = n * (most + 2)
    kept_days, kept_square = np.empty(room, dtype=np.float32), np.empty(room, dtype=np.float32)
    source, log_factor = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    filled = 0
    for i in range(n):
        m = before[i]
        x, y, z = source_place[0, :m], source_place[1, :m], source_place[2, :m]
        _measure(time[i], place[i], source_time[:m], x, y, z, days, square)
        total = _weigh(days[:m], square[:m], columns, per_tau, steepness, w)
        least = _F((total + rest[i]) / most)
        rest_of = _sum_small(w[:m], least, small, large)
        step = rest_of / max(1.0, np.ceil(rest_of / least))
        filled = _pick(
            days[:m], square[:m], w[:m], small, large, least, step, offset[i] * step,
            kept_days, kept_square, source, log_factor, filled,
        )  # fmt: skip
        start[i + 1] = filled
    return (
        start,
        kept_days[:filled].copy(),
        kept_square[:filled].copy(),
        source[:filled].copy(),
        log_factor[:filled].copy(),
    )


@compiled
def integrate_decay(
    start: SingleArray,
    end: SingleArray,
    c_days: SingleArray,
    exponent: SingleArray,
    per_tau: np.float32,
    total: SingleArray,
) -> None:
    """Fill ``total``, shape ``(4, n_sources)``, with integrals of the decay from start to end.

    With ``g = exp(-t / tau) (t + c)^-exponent`` they are of ``g``, ``g t``, ``g ln(t + c)`` and
    ``g c / (t + c)``, by Gauss-Legendre in ``ln(t + c)``.
    """
    for j in range(len(start)):
        c, p = c_days[j], exponent[j]
        first = _ln(start[j] + c)
        last = min(end[j], start[j] + _F(40.0) / per_tau)
        reach = _ln(last + c) - first if last > start[j] else _F(0.0)
        s0, s1, s2, s3 = _F(0.0), _F(0.0), _F(0.0), _F(0.0)
        for k in range(len(_NODES)):
            ln_t = first + reach * _NODES[k]
            passed = _exp(ln_t)
            days = passed - c
            g = _WEIGHTS[k] * _exp((_F(1.0) - p) * ln_t - days * per_tau)
            s0 += g
            s1 += g * days
            s2 += g * ln_t
            s3 += g / passed
        total[0, j] = s0 * reach
        total[1, j] = s1 * reach
        total[2, j] = s2 * reach
        total[3, j] = s3 * reach * c


@compiled
def sum_over_moments(
    start: IntArray,
    days: SingleArray,
    weight: SingleArray,
    c_days: SingleArray,
    exponent: SingleArray,
    per_tau: np.float32,
    total: SingleArray,
) -> None:
    """Take from ``total`` of :func:`integrate_decay` the sums over moments after each source.

    Source ``j`` has moments ``start[j]:start[j + 1]``, that long after it and with these weights.
    """
    for j in range(len(start) - 1):
        s0, s1, s2, s3 = _F(0.0), _F(0.0), _F(0.0), _F(0.0)
        for k in range(start[j], start[j + 1]):
            passed = days[k] + c_days[j]
            ln_t = _ln(passed)
            g = weight[k] * _exp(-days[k] * per_tau - exponent[j] * ln_t)
            s0 += g
            s1 += g * days[k]
            s2 += g * ln_t
            s3 += g / passed
        total[0, j] -= s0
        total[1, j] -= s1
        total[2, j] -= s2
        total[3, j] -= s3 * c_days[j]


@compiled
def smooth(
    place: SingleArray,
    first: IntArray,
    second: IntArray,
    last: IntArray,
    source_place: SingleArray,
    strength: SingleArray,
    square_width: SingleArray,
    total: FloatArray,
) -> None:
    """Fill ``total`` with sums of ``strength (r^2 + h^2)^-1.5`` at places.

    Over sources ``0:first`` and ``second:last`` of each place.
    """
    for i in range(len(place)):
        total[i] = 0.0
        for half in range(2):
            begin, end = (0, first[i]) if half == 0 else (second[i], last[i])
            for low in range(begin, end, _PIECE):
                part = _F(0.0)
                for k in range(low, min(low + _PIECE, end)):
                    x = place[i, 0] - source_place[0, k]
                    y = place[i, 1] - source_place[1, k]
                    z = place[i, 2] - source_place[2, k]
                    wide = x * x + y * y + z * z + square_width[k]
                    part += strength[k] / (wide * np.sqrt(wide))
                total[i] += part
