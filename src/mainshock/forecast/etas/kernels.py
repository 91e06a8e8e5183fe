"""Sums of the triggering kernel over sources, in single precision and many pairs at a time.

Logarithms and exponentials are written out as arithmetic, so that the compiler can work on
several pairs at once: a pair costs about a nanosecond, slopes included.
"""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["N_SUMS", "choose_pairs", "sum_over_all", "sum_over_chosen"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
N_SUMS = 8
_PIECE = 512  # pairs at a time: their numbers stay in the nearest cache

_F = np.float32
_I = np.int32
_LN2 = np.float32(0.6931471805599453)
_PER_LN2 = np.float32(1.4426950408889634)
_HALF_BITS = np.int32(0x3F3504F3)  # of the square root of a half
_MANTISSA = np.int32(23)
_LEAST = np.float32(-87.0)


@compiled
def _ln(x):  # type: ignore[no-untyped-def]  # numba finds the types
    bits = _F(x).view(np.int32)
    exponent = (bits - _HALF_BITS) >> _MANTISSA
    f = _I(bits - (exponent << _MANTISSA)).view(np.float32) - _F(1.0)
    s = f / (_F(2.0) + f)
    z = s * s
    series = _F(0.28571430) + z * _F(0.22222222)
    series = _F(2.0) + z * (_F(0.66666667) + z * (_F(0.4) + z * series))
    return _F(exponent) * _LN2 + s * series


@compiled
def _exp(x):  # type: ignore[no-untyped-def]  # numba finds the types
    x = max(x, _LEAST)
    n = _I(np.floor(x * _PER_LN2 + _F(0.5)))
    r = x - _F(n) * _LN2
    series = _F(0.041666667) + r * (_F(0.0083333333) + r * _F(0.0013888889))
    series = _F(1.0) + r * (_F(1.0) + r * (_F(0.5) + r * (_F(0.16666667) + r * series)))
    return _I(_F(series).view(np.int32) + (n << _MANTISSA)).view(np.float32)


@compiled
def _add_piece(
    days: SingleArray,
    square: SingleArray,
    log_weight: SingleArray,
    spread: SingleArray,
    above: SingleArray,
    shape: SingleArray,
    total: FloatArray,
) -> None:
    """Add the sums over one piece to ``total``; ``shape`` is c, 1 + omega, 1 / tau, 1 + rho."""
    c, p, per_tau, q = shape[0], shape[1], shape[2], shape[3]
    s0, s1, s2, s3 = _F(0.0), _F(0.0), _F(0.0), _F(0.0)
    s4, s5, s6, s7 = _F(0.0), _F(0.0), _F(0.0), _F(0.0)
    for k in range(len(days)):
        passed = days[k] + c
        wide = square[k] + spread[k]
        ln_t = _ln(passed)
        ln_r = _ln(wide)
        w = _exp(log_weight[k] - days[k] * per_tau - p * ln_t - q * ln_r)
        share = w * spread[k] / wide
        s0 += w
        s1 += w * above[k]
        s2 += w * days[k]
        s3 += w * ln_t
        s4 += w / passed
        s5 += w * ln_r
        s6 += share
        s7 += share * above[k]
    total[0] += s0
    total[1] += s1
    total[2] += s2
    total[3] += s3
    total[4] += s4
    total[5] += s5
    total[6] += s6
    total[7] += s7


@compiled
def _measure(
    time: float,
    place: SingleArray,
    source_time: FloatArray,
    source_place: SingleArray,
    days: SingleArray,
    square: SingleArray,
) -> None:
    for k in range(len(source_time)):
        days[k] = _F(time - source_time[k])
    for k in range(len(source_time)):
        x = place[0] - source_place[0, k]
        y = place[1] - source_place[1, k]
        z = place[2] - source_place[2, k]
        square[k] = x * x + y * y + z * z


@compiled
def sum_over_all(
    time: FloatArray,
    place: SingleArray,
    before: IntArray,
    source_time: FloatArray,
    source_place: SingleArray,
    log_weight: SingleArray,
    spread: SingleArray,
    above: SingleArray,
    shape: SingleArray,
    total: FloatArray,
) -> None:
    """Fill ``total``, shape ``(n_targets, 8)``, with sums over all sources before each target.

    Places are ``(n_targets, 3)`` and ``(3, n_sources)``. With ``w`` the kernel of a source, the
    columns are the sums of ``w``, ``w m``, ``w t``, ``w ln(t + c)``, ``w / (t + c)``,
    ``w ln(r^2 + s)``, ``w s / (r^2 + s)`` and ``w m s / (r^2 + s)``; ``m`` is the magnitude above
    the reference and ``s`` the spread.
    """
    days, square = np.empty(_PIECE, dtype=np.float32), np.empty(_PIECE, dtype=np.float32)
    for i in range(len(time)):
        total[i] = 0.0
        for low in range(0, before[i], _PIECE):
            high = min(low + _PIECE, before[i])
            n = high - low
            _measure(
                time[i], place[i], source_time[low:high], source_place[:, low:high], days, square
            )
            _add_piece(
                days[:n],
                square[:n],
                log_weight[low:high],
                spread[low:high],
                above[low:high],
                shape,
                total[i],
            )


@compiled
def sum_over_chosen(
    start: IntArray,
    days: SingleArray,
    square: SingleArray,
    source: NDArray[np.int32],
    log_factor: SingleArray,
    log_weight: SingleArray,
    spread: SingleArray,
    above: SingleArray,
    shape: SingleArray,
    total: FloatArray,
) -> None:
    """Fill ``total`` as :func:`sum_over_all` does, from chosen pairs with their factors."""
    weight, wide = np.empty(_PIECE, dtype=np.float32), np.empty(_PIECE, dtype=np.float32)
    size = np.empty(_PIECE, dtype=np.float32)
    for i in range(len(start) - 1):
        total[i] = 0.0
        for low in range(start[i], start[i + 1], _PIECE):
            high = min(low + _PIECE, start[i + 1])
            n = high - low
            for k in range(n):
                j = source[low + k]
                weight[k] = log_weight[j] + log_factor[low + k]
                wide[k] = spread[j]
                size[k] = above[j]
            _add_piece(
                days[low:high], square[low:high], weight[:n], wide[:n], size[:n], shape, total[i]
            )


@compiled
def choose_pairs(
    time: FloatArray,
    place: SingleArray,
    before: IntArray,
    rest: FloatArray,
    source_time: FloatArray,
    source_place: SingleArray,
    log_weight: SingleArray,
    spread: SingleArray,
    shape: SingleArray,
    most: int,
    offset: FloatArray,
) -> tuple[IntArray, SingleArray, SingleArray, NDArray[np.int32], SingleArray]:
    """Return, for each target, the pairs that stand for all of its sources.

    A source whose kernel is at least ``1 / most`` of the intensity (``rest`` is the background)
    is chosen. Of the others one is chosen each time that the running sum of their kernels
    passes a step, and stands for that step: its factor is the step over its own kernel. The sum
    over chosen pairs is thus the sum over all.
    """
    n = len(time)
    c, p, per_tau, q = shape[0], shape[1], shape[2], shape[3]
    longest = 1
    for i in range(n):
        longest = max(longest, before[i])
    w = np.empty(longest, dtype=np.float32)
    days, square = np.empty(longest, dtype=np.float32), np.empty(longest, dtype=np.float32)
    start = np.zeros(n + 1, dtype=np.int64)
    room = n * (most + 2)
    kept_days, kept_square = np.empty(room, dtype=np.float32), np.empty(room, dtype=np.float32)
    source, log_factor = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    filled = 0
    for i in range(n):
        m = before[i]
        _measure(time[i], place[i], source_time[:m], source_place[:, :m], days, square)
        total = 0.0
        for low in range(0, m, _PIECE):
            part = _F(0.0)
            for k in range(low, min(low + _PIECE, m)):
                ln_t, ln_r = _ln(days[k] + c), _ln(square[k] + spread[k])
                w[k] = _exp(log_weight[k] - days[k] * per_tau - p * ln_t - q * ln_r)
                part += w[k]
            total += part
        least = _F((total + rest[i]) / most)
        small = 0.0
        for low in range(0, m, _PIECE):
            part = _F(0.0)
            for k in range(low, min(low + _PIECE, m)):
                part += w[k] if w[k] < least else _F(0.0)
            small += part
        n_steps = max(1.0, np.ceil(small / least))
        step = small / n_steps
        passed, following = 0.0, offset[i] * step
        for k in range(m):
            stands_for = w[k]
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
        start[i + 1] = filled
    return (
        start,
        kept_days[:filled].copy(),
        kept_square[:filled].copy(),
        source[:filled].copy(),
        log_factor[:filled].copy(),
    )
