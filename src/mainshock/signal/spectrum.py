"""Tapers and smoothed amplitude spectra of short windows."""

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["cosine_taper", "displacement_spectrum"]

FloatArray = NDArray[np.float64]


def cosine_taper(n_samples: int, share: float = 0.05) -> FloatArray:
    """Return a window of ones whose ends fall to zero along half a cosine.

    Parameters
    ----------
    n_samples
        Length of the window.
    share
        Part of the window that each end takes, 0 to 0.5.

    Examples
    --------
    >>> cosine_taper(8, 0.25).round(3)
    array([0. , 0.5, 1. , 1. , 1. , 1. , 0.5, 0. ])
    """
    n_ramp = max(1, int(n_samples * share))
    ramp = 0.5 * (1.0 - np.cos(np.pi * np.arange(n_ramp) / n_ramp))
    taper = np.ones(n_samples)
    taper[:n_ramp] = ramp
    taper[n_samples - n_ramp :] = np.minimum(taper[n_samples - n_ramp :], ramp[::-1])
    return taper


def displacement_spectrum(
    velocity_m_s: FloatArray,
    sampling_rate_hz: float,
    duration_s: float | None = None,
    bins_per_decade: int = 15,
) -> tuple[FloatArray, FloatArray]:
    """Return the smoothed displacement amplitude spectrum of a window of ground velocity.

    Parameters
    ----------
    velocity_m_s
        Shape ``(n_components, n_samples)``; the components add up as vectors.
    sampling_rate_hz
        Samples a second.
    duration_s
        Report the spectrum as of stationary noise of this duration, at the frequencies of a
        window this long; the window's own duration by default.
    bins_per_decade
        Number of bins, evenly spaced in the logarithm of frequency, over which power is averaged.

    Returns
    -------
    frequency_hz, amplitude_m_s
        Both of shape ``(n_bins,)``: centre of each bin that holds a frequency of the discrete
        Fourier transform, and the root mean square amplitude of ground displacement there, in
        metre seconds (as of the continuous Fourier transform).

    Raises
    ------
    DataError
        If the window holds fewer than 8 samples, or is longer than ``duration_s``.

    Notes
    -----
    The window is demeaned and 5 % of each end tapered. Velocity is transformed rather than
    displacement, whose strong long periods would leak into the short ones.
    """
    n_given = velocity_m_s.shape[-1]
    n_samples = n_given if duration_s is None else round(duration_s * sampling_rate_hz)
    if not 8 <= n_given <= n_samples:
        raise DataError(
            f"a window of {n_given} samples gives no spectrum; it needs 8 to {n_samples}"
        )
    centred = velocity_m_s - velocity_m_s.mean(axis=-1, keepdims=True)
    transformed = np.fft.rfft(centred * cosine_taper(n_given), n_samples) / sampling_rate_hz
    frequency = np.arange(1, transformed.shape[-1]) * (sampling_rate_hz / n_samples)
    power = (np.abs(transformed[:, 1:]) ** 2).sum(axis=0) * (n_samples / n_given)
    power /= (2.0 * np.pi * frequency) ** 2
    _, owner, count = np.unique(
        np.floor(np.log10(frequency) * bins_per_decade), return_inverse=True, return_counts=True
    )
    centre = np.exp(np.bincount(owner, np.log(frequency)) / count)
    return centre, np.sqrt(np.bincount(owner, power) / count)
