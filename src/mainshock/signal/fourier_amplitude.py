"""Fourier amplitudes of ground motion, as they are and smoothed along frequency."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import rfft

from mainshock.core.errors import DataError

__all__ = [
    "band_amplitude",
    "effective_amplitude_spectrum",
    "fourier_amplitude",
    "konno_ohmachi",
]

FloatArray = NDArray[np.float64]


def fourier_amplitude(samples: ArrayLike, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return the amplitude of the continuous Fourier transform of a record.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``; used as they are, neither demeaned nor tapered.
    rate_hz
        Samples a second.

    Returns
    -------
    frequency_hz, amplitude
        Of shapes ``(n_samples // 2 + 1,)`` and ``(..., n_samples // 2 + 1)``; the unit of the
        samples times seconds.

    Raises
    ------
    DataError
        If there are no samples, or the rate is not above 0.

    Examples
    --------
    A single sample of 3 at 10 Hz has the same amplitude everywhere.

    >>> fourier_amplitude([3.0, 0.0, 0.0, 0.0], 10.0)[1].round(6)
    array([0.3, 0.3, 0.3])
    """
    record = np.asarray(samples, dtype=np.float64)
    if record.ndim < 1 or record.shape[-1] < 2 or not rate_hz > 0.0:
        raise DataError(
            f"samples of shape {record.shape} at {rate_hz:g} Hz have no spectrum; "
            "give 2 samples or more at a rate above 0"
        )
    frequency = np.arange(record.shape[-1] // 2 + 1) * (rate_hz / record.shape[-1])
    return frequency, np.abs(rfft(record, axis=-1)) / rate_hz


def band_amplitude(
    samples: ArrayLike, rate_hz: float, frequencies_hz: ArrayLike, factor: float = 1.12
) -> FloatArray:
    """Return the root mean square Fourier amplitude in narrow bands.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``, the whole record.
    rate_hz
        Samples a second.
    frequencies_hz
        Centres of the bands, shape ``(n_frequencies,)``.
    factor
        A band reaches from the centre divided by it to the centre times it.

    Returns
    -------
    ndarray
        Shape ``(..., n_frequencies)``, the unit of the samples times seconds; NaN where a band
        holds no frequency of the transform or reaches beyond the Nyquist frequency.

    Raises
    ------
    DataError
        As in :func:`fourier_amplitude`.
    """
    frequency, amplitude = fourier_amplitude(samples, rate_hz)
    centres = np.atleast_1d(np.asarray(frequencies_hz, dtype=np.float64))
    out = np.full((*amplitude.shape[:-1], centres.size), np.nan)
    first = np.searchsorted(frequency, centres / factor, side="left")
    beyond = np.searchsorted(frequency, centres * factor, side="right")
    is_held = (beyond > first) & (centres * factor <= 0.5 * rate_hz)
    for k in np.flatnonzero(is_held):
        band = amplitude[..., first[k] : beyond[k]]
        out[..., k] = np.sqrt(np.mean(band**2, axis=-1))
    return out


def konno_ohmachi(
    amplitude: ArrayLike,
    frequency_hz: ArrayLike,
    centres_hz: ArrayLike,
    bandwidth: float = 40.0,
    cut: float = 3.0,
) -> FloatArray:
    """Return a spectrum smoothed with a window of constant width in log frequency.

    Parameters
    ----------
    amplitude
        Shape ``(..., n_frequencies)``.
    frequency_hz
        Of ``amplitude``, shape ``(n_frequencies,)``; zero has no weight.
    centres_hz
        Where the smoothed spectrum is wanted, above 0, shape ``(n_centres,)``.
    bandwidth
        The larger, the narrower: 40 is usual, CGM-GM takes 20.
    cut
        Frequencies farther than ``cut / bandwidth`` decades from a centre have no weight.

    Returns
    -------
    ndarray
        Shape ``(..., n_centres)``; NaN where no frequency has weight.

    Raises
    ------
    DataError
        If shapes disagree, or a centre is not above 0.

    Notes
    -----
    The weight is ``(sin x / x)^4`` with ``x = bandwidth * log10(f / centre)`` [1]_.

    References
    ----------
    .. [1] K. Konno and T. Ohmachi (1998), Bull. Seism. Soc. Am. 88, 228-241.
    """
    spectrum = np.asarray(amplitude, dtype=np.float64)
    frequency = np.asarray(frequency_hz, dtype=np.float64)
    centres = np.atleast_1d(np.asarray(centres_hz, dtype=np.float64))
    if spectrum.shape[-1:] != frequency.shape or not (centres > 0.0).all():
        raise DataError(
            f"amplitude {spectrum.shape} and frequency {frequency.shape} must share their last "
            f"axis, and centres {centres} lie above 0"
        )
    out = np.full((*spectrum.shape[:-1], centres.size), np.nan)
    reach = 10.0 ** (cut / bandwidth)
    for k, centre in enumerate(centres):
        near = slice(*np.searchsorted(frequency, [centre / reach, centre * reach]))
        octave = frequency[near]
        with np.errstate(divide="ignore"):  # zero frequency is infinitely far: no weight
            decades = np.log10(octave / centre)
        weight = np.where(octave > 0.0, np.sinc(bandwidth * decades / np.pi) ** 4, 0.0)
        if weight.sum() > 0.0:
            out[..., k] = spectrum[..., near] @ (weight / weight.sum())
    return out


def effective_amplitude_spectrum(
    horizontals: ArrayLike, rate_hz: float, centres_hz: ArrayLike, bandwidth: float = 40.0
) -> FloatArray:
    """Return the effective amplitude spectrum of two horizontal components.

    Parameters
    ----------
    horizontals
        Shape ``(..., 2, n_samples)``, perpendicular components.
    rate_hz
        Samples a second.
    centres_hz
        Where it is wanted, shape ``(n_centres,)``.
    bandwidth
        Of :func:`konno_ohmachi`.

    Returns
    -------
    ndarray
        Root of the smoothed ``(E^2 + N^2) / 2``, the same for every orientation of the sensor,
        shape ``(..., n_centres)``.

    Raises
    ------
    DataError
        If there are not two components, or as in :func:`konno_ohmachi`.

    References
    ----------
    .. [1] J. Bayless and N. A. Abrahamson (2019), Bull. Seism. Soc. Am. 109, 2088-2105,
       doi:10.1785/0120190077.
    """
    frequency, amplitude = fourier_amplitude(horizontals, rate_hz)
    if amplitude.ndim < 2 or amplitude.shape[-2] != 2:
        raise DataError(f"horizontals give spectra {amplitude.shape}; give two components")
    power = 0.5 * np.sum(amplitude**2, axis=-2)
    return np.sqrt(konno_ohmachi(power, frequency, centres_hz, bandwidth))
