"""Fourier amplitudes of records at a few frequencies, and records scaled to have given ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

__all__ = ["SpectralBands", "bands_of", "match_spectra"]

FloatArray = NDArray[np.float64]

_CANDIDATES_HZ = (  # those of the measures, and others about a band apart
    *(0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 8.5, 10.0),
    *(12.0, 15.0, 20.0, 25.0, 32.0, 40.0),
)
_HALF_WIDTH = 1.12  # a band reaches from f / 1.12 to f * 1.12
_ITERATIONS = 6
_LARGEST_STEP = 3.0  # natural logarithm


@dataclass(frozen=True, slots=True, eq=False)
class SpectralBands:
    """Frequency bands of records of one length.

    Parameters
    ----------
    centres_hz
        Shape ``(n_bands,)``.
    sampling_rate_hz, n_samples
        Of the records.
    """

    centres_hz: FloatArray
    sampling_rate_hz: float
    n_samples: int

    def members(self) -> FloatArray:
        """Return the share of each frequency of the record in each band, ``(n_bands, n)``."""
        frequencies = np.fft.rfftfreq(self.n_samples, 1.0 / self.sampling_rate_hz)
        low, high = self.centres_hz[:, None] / _HALF_WIDTH, self.centres_hz[:, None] * _HALF_WIDTH
        inside = ((frequencies >= low) & (frequencies <= high)).astype(np.float64)
        return np.asarray(inside / inside.sum(axis=1, keepdims=True))

    def ln_fas(self, acceleration: NDArray[np.floating]) -> FloatArray:
        """Return ln of the root mean square of ``|FFT| dt`` in each band, m/s.

        Parameters
        ----------
        acceleration
            m/s^2, shape ``(..., n_samples)``.

        Returns
        -------
        ndarray
            Shape ``(..., n_bands)``.
        """
        power = np.abs(rfft(np.asarray(acceleration, dtype=np.float64))) ** 2
        return self.ln_of_power(power / self.sampling_rate_hz**2)

    def ln_of_power(self, power: FloatArray) -> FloatArray:
        """Return the same of ``|FFT dt|^2`` at all frequencies of the record, ``(..., n)``."""
        floor = np.finfo(np.float64).tiny
        return 0.5 * np.log(np.maximum(power @ self.members().T, floor))


def bands_of(sampling_rate_hz: float, n_samples: int) -> SpectralBands:
    """Return the bands in which records of this rate and length can be measured."""
    frequencies = np.fft.rfftfreq(n_samples, 1.0 / sampling_rate_hz)
    highest = 0.5 * sampling_rate_hz / _HALF_WIDTH

    def has_some(centre: float) -> bool:
        low, high = centre / _HALF_WIDTH, centre * _HALF_WIDTH
        return bool(((frequencies >= low) & (frequencies <= high)).any())

    centres = [one for one in _CANDIDATES_HZ if one <= highest and has_some(one)]
    return SpectralBands(np.array(centres), sampling_rate_hz, n_samples)


def match_spectra(acceleration: FloatArray, ln_fas: FloatArray, bands: SpectralBands) -> FloatArray:
    """Return records whose Fourier amplitudes in bands are the given ones.

    Parameters
    ----------
    acceleration
        Shape ``(..., n_samples)``.
    ln_fas
        Shape ``(..., n_bands)``.

    Notes
    -----
    The gain is smooth in frequency and of minimum phase: it only delays, so nothing moves to
    before the P arrival, which a gain of zero phase would do.
    """
    n = bands.n_samples
    long = next_fast_len(2 * n)
    power = np.abs(rfft(acceleration)) ** 2 / bands.sampling_rate_hz**2
    spread = _spread(bands, np.fft.rfftfreq(n, 1.0 / bands.sampling_rate_hz))
    nodes = np.zeros(ln_fas.shape)
    for _ in range(_ITERATIONS):
        now = bands.ln_of_power(power * np.exp(2.0 * (nodes @ spread)))
        nodes += np.clip(ln_fas - now, -_LARGEST_STEP, _LARGEST_STEP)
    gain = nodes @ _spread(bands, np.fft.rfftfreq(long, 1.0 / bands.sampling_rate_hz))
    matched = irfft(rfft(acceleration, long) * _minimum_phase(gain, long), long)
    return np.asarray(matched[..., :n])


def _spread(bands: SpectralBands, frequencies_hz: NDArray[np.floating]) -> FloatArray:
    """Return the weights of bands at frequencies, straight in ln f, ``(n_bands, n)``."""
    ln_f = np.log(np.maximum(frequencies_hz, 1e-3))
    each = np.eye(bands.centres_hz.size)
    return np.stack([np.interp(ln_f, np.log(bands.centres_hz), one) for one in each])


def _minimum_phase(ln_gain: FloatArray, n: int) -> NDArray[np.complex128]:
    """Return the causal response whose amplitude is ``exp(ln_gain)``: folded cepstrum."""
    cepstrum = irfft(ln_gain, n)
    fold = np.zeros(n)
    fold[0] = 1.0
    fold[1 : (n + 1) // 2] = 2.0
    if n % 2 == 0:
        fold[n // 2] = 1.0
    response: NDArray[np.complex128] = np.exp(rfft(cepstrum * fold, n))
    return response
