"""Intensity of a ground motion in the time domain: peaks, energy and duration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.signal.response_spectrum import rotated_peaks

__all__ = [
    "arias_intensity",
    "cumulative_absolute_velocity",
    "high_passed",
    "husid",
    "integrated",
    "rotd_peak",
    "significant_duration",
]

FloatArray = NDArray[np.float64]

_LEAST_FILTERED = 10


def integrated(samples: ArrayLike, rate_hz: float) -> FloatArray:
    """Return the integral over time, zero at the first sample, of the samples less their mean.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``. Nothing but the mean is taken away: a record with drift asks
        for :func:`high_passed`.
    rate_hz
        Samples a second.

    Returns
    -------
    ndarray
        Same shape, by the trapezoidal rule.

    Raises
    ------
    DataError
        If there are fewer than 2 samples, or the rate is not above 0.

    Examples
    --------
    >>> integrated([2.0, 2.0, -2.0, -2.0], 1.0)
    array([0., 2., 2., 0.])
    """
    channels = _channels(samples)
    if not rate_hz > 0.0:
        raise DataError(f"a rate of {rate_hz:g} Hz must be above 0")
    centred = channels - channels.mean(axis=-1, keepdims=True)
    out = np.zeros(channels.shape)
    np.cumsum(0.5 / rate_hz * (centred[..., 1:] + centred[..., :-1]), axis=-1, out=out[..., 1:])
    return out


def high_passed(samples: ArrayLike, rate_hz: float, corner_hz: float) -> FloatArray:
    """Return samples without what is slower than a corner frequency, with no delay.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``, more than 9 samples.
    rate_hz
        Samples a second.
    corner_hz
        Where the amplitude falls to a half: the lowest frequency that rises above the noise.

    Notes
    -----
    A Butterworth filter of second order, run forward and backward.

    Raises
    ------
    DataError
        If there are too few samples, or the corner is not between 0 and the Nyquist frequency.
    """
    from scipy.signal import butter, sosfiltfilt  # noqa: PLC0415 - slow to load, seldom wanted

    channels = _channels(samples)
    if not 0.0 < corner_hz < 0.5 * rate_hz:
        raise DataError(f"a corner of {corner_hz:g} Hz must lie between 0 and {0.5 * rate_hz:g} Hz")
    if channels.shape[-1] < _LEAST_FILTERED:
        raise DataError(f"{channels.shape[-1]} samples are too few; give {_LEAST_FILTERED} or more")
    sections = butter(2, corner_hz, "highpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sections, channels, axis=-1))


def rotd_peak(horizontals: ArrayLike, percentiles: Sequence[float] = (50.0,)) -> FloatArray:
    """Return percentiles of the peak over 180 horizontal directions, whatever the motion is.

    Parameters
    ----------
    horizontals
        Acceleration, velocity or displacement of two perpendicular components,
        shape ``(2, n_samples)``.
    percentiles
        0 the least, 50 the median, 100 the greatest direction.

    Returns
    -------
    ndarray
        Shape ``(n_percentiles,)``, in the unit of the motion.

    Raises
    ------
    DataError
        If there are not two components, or samples are missing.
    """
    return np.asarray(np.percentile(rotated_peaks(horizontals), list(percentiles)))


def arias_intensity(acceleration: ArrayLike, rate_hz: float) -> FloatArray:
    """Return the Arias intensity of each channel, in m/s for m/s^2.

    Parameters
    ----------
    acceleration
        Shape ``(..., n_samples)``.
    rate_hz
        Samples a second.

    Notes
    -----
    ``pi / (2 g)`` times the integral of the squared acceleration. That of two horizontal
    components together is their sum.

    Raises
    ------
    DataError
        If there are fewer than 2 samples.
    """
    energy = np.sum(_channels(acceleration) ** 2, axis=-1) / rate_hz
    return np.asarray(np.pi / (2.0 * STANDARD_GRAVITY_M_S2) * energy)


def cumulative_absolute_velocity(acceleration: ArrayLike, rate_hz: float) -> FloatArray:
    """Return the integral of the absolute acceleration of each channel, in m/s for m/s^2.

    Parameters
    ----------
    acceleration
        Shape ``(..., n_samples)``.
    rate_hz
        Samples a second.

    Raises
    ------
    DataError
        If there are fewer than 2 samples.
    """
    return np.asarray(np.sum(np.abs(_channels(acceleration)), axis=-1) / rate_hz)


def husid(acceleration: ArrayLike) -> FloatArray:
    """Return the share of the energy that has arrived, from 0 to 1.

    Parameters
    ----------
    acceleration
        Shape ``(n_components, n_samples)``; the components add up. Or ``(n_samples,)``.

    Returns
    -------
    ndarray
        Shape ``(n_samples,)``; NaN throughout for a record of zeros.

    Raises
    ------
    DataError
        If there are fewer than 2 samples.
    """
    channels = _channels(acceleration)
    arrived = np.cumsum(np.sum(channels.reshape(-1, channels.shape[-1]) ** 2, axis=0))
    if arrived[-1] == 0.0:
        return np.full(arrived.shape, np.nan)
    return np.asarray(arrived / arrived[-1])


def significant_duration(
    acceleration: ArrayLike, rate_hz: float, start: float = 0.05, end: float = 0.75
) -> float:
    """Return the time between the arrival of two shares of the energy, in s.

    Parameters
    ----------
    acceleration
        Shape ``(n_components, n_samples)``; the components add up.
    rate_hz
        Samples a second.
    start, end
        Shares of the Husid curve: 0.05 and 0.75 give D5-75, 0.05 and 0.95 D5-95.

    Returns
    -------
    float
        NaN for a record of zeros.

    Raises
    ------
    DataError
        If there are fewer than 2 samples, or the shares are not ``0 <= start < end <= 1``.
    """
    if not 0.0 <= start < end <= 1.0:
        raise DataError(f"shares {start:g} and {end:g} must satisfy 0 <= start < end <= 1")
    curve = husid(acceleration)
    if np.isnan(curve[0]):
        return float("nan")
    first, last = np.searchsorted(curve, [start, end])
    return float((last - first) / rate_hz)


def _channels(samples: ArrayLike) -> FloatArray:
    channels = np.asarray(samples, dtype=np.float64)
    if channels.ndim < 1 or channels.shape[-1] < 2:
        raise DataError(f"samples of shape {channels.shape}; a motion has 2 samples or more")
    return channels
