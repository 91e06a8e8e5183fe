"""Uniform and Poisson random numbers for compiled code: a stream is a state of four words."""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["poisson", "uniform"]

StateArray = NDArray[np.uint64]

_R11, _L17, _L23, _R41 = np.uint64(11), np.uint64(17), np.uint64(23), np.uint64(41)
_L45, _R19 = np.uint64(45), np.uint64(19)


@compiled
def uniform(state: StateArray) -> float:
    """Return a number above 0, at most 1.

    xoshiro256++ by Blackman & Vigna (2021), https://doi.org/10.1145/3460772
    """
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    mixed = s0 + s3
    drawn = ((mixed << _L23) | (mixed >> _R41)) + s0
    shifted = s1 << _L17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    state[0], state[1], state[2] = s0, s1, s2
    state[3] = (s3 << _L45) | (s3 >> _R19)
    return float((np.int64(drawn >> _R11) + 1) * (1.0 / 9007199254740992.0))


@compiled
def poisson(state: StateArray, mean: float) -> int:
    """Return a Poisson number: inversion, or Hoermann's PTRS (1993) for means of 10 or more."""
    if mean < 10.0:
        u = uniform(state)
        if u <= 1.0 - mean:  # below exp(-mean)
            return 0
        chance = np.exp(-mean)
        total = chance
        k = 0
        while u > total and k < 200:
            k += 1
            chance *= mean / k
            total += chance
        return k
    b = 0.931 + 2.53 * np.sqrt(mean)
    a = -0.059 + 0.02483 * b
    edge = np.log(1.1239 + 1.1328 / (b - 3.4))
    while True:
        u = uniform(state) - 0.5
        v = uniform(state)
        inner = 0.5 - abs(u)
        if inner <= 0.0:
            continue
        k = int(np.floor((2.0 * a / inner + b) * u + mean + 0.43))
        if inner >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2.0):
            return k
        if k < 0 or (inner < 0.013 and v > inner):
            continue
        left = np.log(v) + edge - np.log(a / (inner * inner) + b)
        if left <= -mean + k * np.log(mean) - _log_factorial(k):
            return k


@compiled
def _log_factorial(k: int) -> float:
    total = 0.0
    if k < 10:
        for i in range(2, k + 1):
            total += np.log(i)
        return total
    x = k + 1.0  # Stirling
    square = 1.0 / (x * x)
    series = (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0)) / x
    return float((x - 0.5) * np.log(x) - x + 0.9189385332046727 + series)
