"""Some seconds of one channel in a few numbers."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mainshock.sources.channel_quality import is_clipped, is_flat

__all__ = ["BANDS", "Block", "block_of"]

BANDS = ((0.02, 0.08), (0.08, 0.2), (0.2, 0.4), (0.4, 0.8))
"""Bands whose levels are told, as shares of the Nyquist frequency."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Block:
    """What is known of a stretch of a channel.

    Parameters
    ----------
    start_ns
        Time of its first sample, nanoseconds since 1970.
    offset
        Mean, counts.
    level
        Decimal logarithm of the rms about a straight line, counts.
    bands
        Decimal logarithms of the rms in ``BANDS``.
    slope
        Decades of power in a decade of frequency, fitted to the bands.
    is_flat, is_clipped
        As :mod:`mainshock.sources.channel_quality` says; of a flat one there are no other figures.
    """

    start_ns: int
    offset: float
    level: float
    bands: tuple[float, ...]
    slope: float
    is_flat: bool = False
    is_clipped: bool = False


@cache
def _taper(n: int) -> NDArray[np.float64]:
    return np.hanning(n)


@cache
def _edges(n: int) -> tuple[tuple[int, int], ...]:
    last = n // 2
    return tuple((max(1, round(a * last)), max(2, round(b * last))) for a, b in BANDS)


@cache
def _line(n: int) -> NDArray[np.float64]:
    """Return a straight line of unit length and no mean."""
    line = np.arange(n) - 0.5 * (n - 1)
    return line / np.linalg.norm(line)


@cache
def _fit() -> NDArray[np.float64]:
    """Return what gives the slope of a straight line through the bands."""
    frequency = np.array([0.5 * (np.log10(a) + np.log10(b)) for a, b in BANDS])
    centred = frequency - frequency.mean()
    weights: NDArray[np.float64] = centred / (centred @ centred)
    return weights


def block_of(samples: NDArray[np.number], start_ns: int) -> Block:
    """Return the figures of some samples.

    Parameters
    ----------
    samples
        Shape ``(n_samples,)``, at least 50.
    start_ns
        Time of the first one.
    """
    if is_flat(samples):
        return Block(start_ns, float(samples[0]), 0.0, (0.0,) * len(BANDS), 0.0, is_flat=True)
    values = samples.astype(np.float64)
    n = values.size
    offset = float(values.mean())
    values -= offset
    line = _line(n)
    values -= (values @ line) * line
    level = math.log10(math.sqrt(values @ values / n) + _TINY)
    spectrum = np.fft.rfft(values * _taper(n))
    power = spectrum.real**2 + spectrum.imag**2
    # as density, so that white noise is level over the bands
    density = [math.log10(float(power[a:b].sum()) / ((b - a) * n) + _TINY) for a, b in _edges(n)]
    return Block(
        start_ns,
        offset,
        level,
        tuple(0.5 * one for one in density),
        float(np.asarray(density) @ _fit()),
        is_clipped=is_clipped(samples),
    )
