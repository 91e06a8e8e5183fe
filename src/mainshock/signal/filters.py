"""Filters and trends, aware of gaps."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.signal.butterworth import band_sections, run_forward, run_zero_phase

__all__ = ["bandpass", "demean", "detrend"]

FloatArray = NDArray[np.floating]
Gaps = Sequence[tuple[int, int]]


def bandpass(
    samples: FloatArray,
    sampling_rate_hz: float,
    low_hz: float,
    high_hz: float,
    corners: int = 4,
    zero_phase: bool = False,
) -> FloatArray:
    """Return the samples with a Butterworth band-pass applied along the last axis.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``, any unit, no NaN.
    sampling_rate_hz
        Samples a second.
    low_hz, high_hz
        Corner frequencies, where the amplitude falls to 0.71 (0.5 with ``zero_phase``).
    corners
        Order of the filter.
    zero_phase
        Run it forward and backward: no delay, but energy appears before an onset. Leave it off
        before picking.

    Returns
    -------
    ndarray
        Same shape; float32 stays float32, everything else becomes float64.

    Raises
    ------
    DataError
        If the corners are not ``0 < low_hz < high_hz <`` half the sampling rate.

    Notes
    -----
    The causal filter starts in the steady state of the first sample, so an offset makes no step.
    """
    nyquist_hz = 0.5 * sampling_rate_hz
    if not 0.0 < low_hz < high_hz < nyquist_hz:
        raise DataError(
            f"band {low_hz:g} to {high_hz:g} Hz is not possible at {sampling_rate_hz:g} samples a "
            f"second; it must rise and lie above 0 and below {nyquist_hz:g} Hz"
        )
    given = np.asarray(samples)
    values = given.astype(np.float64)
    if values.shape[-1] == 0:
        return values.astype(_result_type(given))
    sections = band_sections(corners, low_hz, high_hz, sampling_rate_hz)
    if zero_phase:
        n_pad = min(3 * (2 * corners + 1), values.shape[-1] - 1)
        filtered = run_zero_phase(sections, values, n_pad)
    else:
        filtered = run_forward(sections, values)
    return np.asarray(filtered, dtype=_result_type(given))


def demean(samples: FloatArray, gaps: Gaps = ()) -> FloatArray:
    """Return the samples of each channel less their mean; gaps count for nothing and stay zero.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``.
    gaps
        Sample ranges ``(first, past_last)`` without data on at least one channel.

    Examples
    --------
    >>> demean(np.array([[3.0, 5.0, 0.0]]), gaps=[(2, 3)])
    array([[-1.,  1.,  0.]])
    """
    return _without_polynomial(samples, gaps, degree=0)


def detrend(samples: FloatArray, gaps: Gaps = ()) -> FloatArray:
    """Return the samples of each channel less their straight line of least squares.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``.
    gaps
        Sample ranges ``(first, past_last)`` without data on at least one channel; they count
        for nothing and stay zero.

    Examples
    --------
    >>> detrend(np.array([[1.0, 3.0, 0.0, 7.0]]), gaps=[(2, 3)]).round(12) + 0.0
    array([[0., 0., 0., 0.]])
    """
    return _without_polynomial(samples, gaps, degree=1)


def _result_type(given: NDArray[np.generic]) -> type[np.float32] | type[np.float64]:
    return np.float32 if given.dtype == np.float32 else np.float64


def _without_polynomial(samples: FloatArray, gaps: Gaps, degree: int) -> FloatArray:
    given = np.asarray(samples)
    n_samples = given.shape[-1]
    channels = given.reshape(math.prod(given.shape[:-1]), n_samples).astype(np.float64)
    for channel in channels:
        is_data = _has_data(channel, gaps)
        if not is_data.any():
            continue
        position = np.flatnonzero(is_data) / n_samples
        position = position - position.mean()
        values = channel[is_data]
        centred = values - values.mean()
        spread = float(position @ position)
        if degree == 1 and spread > 0.0:
            centred = centred - position * float(position @ centred) / spread
        channel[is_data] = centred
    return channels.reshape(given.shape).astype(_result_type(given))


def _has_data(channel: NDArray[np.float64], gaps: Gaps) -> NDArray[np.bool_]:
    """Return which samples of one channel were recorded: a gap it does not share holds data."""
    is_data = np.ones(channel.size, dtype=bool)
    for first, past_last in gaps:
        is_data[first:past_last] = bool(channel[first:past_last].any())
    return is_data
