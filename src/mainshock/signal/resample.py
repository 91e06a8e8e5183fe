"""Changes the sampling rate of a waveform."""

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.records import Waveform
from mainshock.signal.compiled import compiled

__all__ = ["bridge_gaps", "raise_rate", "resample_waveform"]

_SAME = 1e-9
_SIDE = 10  # samples on each side of the one that is raised that the filter takes
_BLOCK = 64
_HIGHEST_FACTORS = (1_000, 100_000)


def resample_waveform(waveform: Waveform, sampling_rate_hz: float) -> Waveform:
    """Return the waveform at another sampling rate; the same object if it has that rate already.

    Parameters
    ----------
    waveform
        Any rate.
    sampling_rate_hz
        The rate wanted, samples a second.

    Returns
    -------
    Waveform
        With the same start. Gaps are mapped outward to whole samples and stay zero.

    Raises
    ------
    DataError
        If the rate is not a positive number.

    Notes
    -----
    A finite impulse response filter of zero phase (Kaiser window) removes what lies above the
    lower of the two Nyquist frequencies. Before it, gaps are bridged by straight lines, so that
    an offset of the channel does not ring at their edges. The ratio of the rates is taken as the
    simplest fraction that moves the last sample by less than half an interval.

    Examples
    --------
    >>> import numpy as np
    >>> from mainshock.core.times import parse_utc
    >>> samples = np.ones((3, 200), dtype=np.float32)
    >>> record = Waveform("XX", "ABC", "", "SH", parse_utc("2020-01-01"), 50.0, samples)
    >>> resample_waveform(record, 100.0).samples.shape
    (3, 400)
    """
    if not (math.isfinite(sampling_rate_hz) and sampling_rate_hz > 0.0):
        raise DataError(
            f"sampling_rate_hz is {sampling_rate_hz!r}; it must be a positive number, such as 100"
        )
    ratio = sampling_rate_hz / waveform.sampling_rate_hz
    if abs(ratio - 1.0) < _SAME:
        return waveform
    fraction = _simplest_fraction(ratio, waveform.n_samples)
    n_out = -(-waveform.n_samples * fraction.numerator // fraction.denominator)
    gaps = _mapped_gaps(waveform.gaps, ratio, n_out)
    samples = np.zeros((3, n_out), dtype=np.float32)
    for index in range(3):
        if waveform.has_component[index]:
            samples[index] = _resample(waveform, index, fraction)
            for old, new in zip(waveform.gaps, gaps, strict=True):
                if not waveform.samples[index, slice(*old)].any():
                    samples[index, slice(*new)] = 0.0
    return replace(
        waveform,
        sampling_rate_hz=float(sampling_rate_hz),
        samples=samples,
        gaps=_joined(gaps),
    )


def _simplest_fraction(ratio: float, n_samples: int) -> Fraction:
    for highest in _HIGHEST_FACTORS:
        fraction = Fraction(ratio).limit_denominator(highest)
        if fraction and abs(float(fraction) / ratio - 1.0) * n_samples < 0.5:
            break
    return fraction


def _mapped_gaps(
    gaps: tuple[tuple[int, int], ...], ratio: float, n_out: int
) -> list[tuple[int, int]]:
    """Return gaps on the new grid, rounded outward; at least one sample each."""
    mapped: list[tuple[int, int]] = []
    for first, past_last in gaps:
        begin = min(math.floor(first * ratio + 1e-6), n_out - 1)
        end = min(max(math.ceil(past_last * ratio - 1e-6), begin + 1), n_out)
        mapped.append((begin, end))
    return mapped


def _joined(gaps: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return sorted gaps with those joined that now touch or overlap."""
    joined: list[tuple[int, int]] = []
    for first, past_last in sorted(gaps):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], past_last))
        else:
            joined.append((first, past_last))
    return tuple(joined)


def _resample(waveform: Waveform, index: int, fraction: Fraction) -> NDArray[np.float64]:
    """Return one component at the new rate, bridged over its gaps."""
    return _without_ripple(_bridged(waveform, index), fraction)


def bridge_gaps(waveform: Waveform) -> Waveform:
    """Return the waveform with straight lines in place of the zeros in its gaps.

    Where a channel has an offset, zeros are steps, which look like onsets and rule the scale of a
    window. The gaps stay listed. The same object where there is none.
    """
    if not waveform.gaps:
        return waveform
    samples = np.stack([_bridged(waveform, index) for index in range(3)])
    return replace(waveform, samples=samples.astype(np.float32))


def _bridged(waveform: Waveform, index: int) -> NDArray[np.float64]:
    """Return one component, with a line from edge to edge of each gap in it."""
    samples = waveform.samples[index].astype(np.float64)
    missing = np.zeros(samples.size, dtype=bool)
    for first, past_last in waveform.gaps:
        missing[first:past_last] = not samples[first:past_last].any()
    if missing.any() and not missing.all():
        position = np.arange(samples.size)
        samples[missing] = np.interp(position[missing], position[~missing], samples[~missing])
    return np.asarray(samples, dtype=np.float64)


def raise_rate(samples: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Return samples at ``factor`` times the rate: ``(..., n * factor)`` from ``(..., n)``.

    The same filter as that of :func:`resample_waveform`, for arrays without gaps. Its middle phase
    passes the samples as they are; the others are products with a matrix, block by block.
    """
    if factor == 1:
        return samples
    n_samples = samples.shape[-1]
    first = samples[..., :1].astype(np.float64)
    slope = (samples[..., -1:] - first) / max(n_samples - 1, 1)
    level = (samples - (first + slope * np.arange(n_samples))).astype(np.float32)
    raised = np.empty((*samples.shape[:-1], n_samples, factor), dtype=np.float32)
    raised[..., 0] = samples
    n_padded = math.ceil(n_samples / _BLOCK) * _BLOCK + 2 * _SIDE
    padded = np.zeros((*samples.shape[:-1], n_padded), dtype=np.float32)
    padded[..., _SIDE : _SIDE + n_samples] = level
    blocks = sliding_window_view(padded, _BLOCK + 2 * _SIDE, axis=-1)[..., ::_BLOCK, :]
    between = np.ascontiguousarray(blocks) @ _between(factor)
    line = first + slope * np.arange(n_samples)
    for phase in range(1, factor):
        filtered = between[..., (phase - 1) * _BLOCK : phase * _BLOCK]
        flat = filtered.reshape(*samples.shape[:-1], -1)[..., :n_samples]
        raised[..., phase] = flat + (line + slope * (phase / factor))
    return raised.reshape(*samples.shape[:-1], n_samples * factor)


@cache
def _between(factor: int) -> NDArray[np.float32]:
    """Return the matrix from a block with its sides to all phases but the first, one by one."""
    taps = _taps(factor, 1) * factor
    matrix = np.zeros((_BLOCK + 2 * _SIDE, (factor - 1) * _BLOCK), dtype=np.float32)
    for phase in range(1, factor):
        of_phase = taps[phase::factor][::-1]  # sample n lies _SIDE - 1 before the last one it takes
        for column in range(_BLOCK):
            begin = column + 1
            matrix[begin : begin + of_phase.size, (phase - 1) * _BLOCK + column] = of_phase
    return matrix


@cache
def _taps(up: int, down: int) -> NDArray[np.float64]:
    """Return the filter, each of whose phases passes a constant unchanged.

    Without that an offset becomes a ripple, which changes with the offset that is left after the
    line is taken off: a record and a part of it would not give the same samples.
    """
    widest = max(up, down)
    place = np.arange(-_SIDE * widest, _SIDE * widest + 1)
    taps: NDArray[np.float64] = np.sinc(place / widest) * np.kaiser(place.size, 5.0)
    for phase in range(up):
        taps[phase::up] /= up * taps[phase::up].sum()
    return taps


def _without_ripple(samples: NDArray[np.float64], fraction: Fraction) -> NDArray[np.float64]:
    """Return the samples at the new rate.

    The line from the first to the last sample bypasses the filter, which sees zeros beyond them.
    """
    slope = (samples[-1] - samples[0]) / max(samples.size - 1, 1)
    line = samples[0] + slope * np.arange(samples.size)
    up, down = fraction.numerator, fraction.denominator
    resampled = _filtered(samples - line, _taps(up, down), up, down)
    resampled += samples[0] + slope * np.arange(resampled.size) / float(fraction)
    return resampled


@compiled
def _filtered(
    samples: NDArray[np.float64], taps: NDArray[np.float64], up: int, down: int
) -> NDArray[np.float64]:
    """Return every ``down``-th sample of the filter's answer to samples with zeros between them.

    The same as SciPy's ``resample_poly``, without the statistics and splines that it imports.
    """
    resampled = np.empty(-(-samples.size * up // down))
    for out in range(resampled.size):
        place = out * down + taps.size // 2
        n = place // up
        total = 0.0
        for tap in range(place - n * up, taps.size, up):
            if 0 <= n < samples.size:
                total += taps[tap] * samples[n]
            n -= 1
        resampled[out] = total * up
    return resampled
