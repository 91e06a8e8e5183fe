"""Fourier amplitudes of recorded and generated waveforms, compared as CGM-GM compares them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.signal.fourier_amplitude import fourier_amplitude, konno_ohmachi

__all__ = ["FREQUENCIES_HZ", "FasComparison", "compare_fas", "smoothed_ln_fas"]

FloatArray = NDArray[np.float64]

FREQUENCIES_HZ = (2.0, 5.0, 10.0, 15.0)
_BANDWIDTH = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class FasComparison:
    """Natural logarithms of Fourier amplitude, each of shape ``(n_frequencies,)``.

    Parameters
    ----------
    frequencies_hz
        Where spectra are read.
    bias
        Mean of generated minus recorded: above 0 the generated are too large.
    sd
        Of recorded minus the mean of the generated.
    sampled_sd
        Spread of the generated of one row, root mean square; as large as ``sd`` where the model
        knows how uncertain it is. NaN of one realisation a row.
    """

    frequencies_hz: tuple[float, ...]
    bias: FloatArray
    sd: FloatArray
    sampled_sd: FloatArray


def smoothed_ln_fas(
    waveforms: NDArray[np.float32],
    sampling_rate_hz: float,
    frequencies_hz: Sequence[float] = FREQUENCIES_HZ,
) -> FloatArray:
    """Return ln of the Fourier amplitude, Konno and Ohmachi's smoothing of bandwidth 20.

    Parameters
    ----------
    waveforms
        Shape ``(..., n_samples)``; the amplitude has their unit times seconds.
    """
    frequency, amplitude = fourier_amplitude(waveforms, sampling_rate_hz)
    return np.log(konno_ohmachi(amplitude, frequency, list(frequencies_hz), _BANDWIDTH))


def compare_fas(
    recorded: NDArray[np.float32],
    generated: NDArray[np.float32],
    sampling_rate_hz: float,
    frequencies_hz: Sequence[float] = FREQUENCIES_HZ,
) -> FasComparison:
    """Return how generated waveforms differ from the records of the same source and site.

    Parameters
    ----------
    recorded
        Shape ``(n_rows, n_samples)``.
    generated
        Shape ``(n_rows, n_realisations, n_samples)``.

    Raises
    ------
    DataError
        If shapes do not fit.
    """
    n_rows, n_samples = recorded.shape
    if generated.ndim != 3 or generated.shape[::2] != (n_rows, n_samples):
        raise DataError(
            f"generated waveforms have shape {generated.shape}; give ({n_rows}, n, {n_samples})"
        )
    expected = smoothed_ln_fas(recorded, sampling_rate_hz, frequencies_hz)
    found = smoothed_ln_fas(generated, sampling_rate_hz, frequencies_hz)
    residual = found.mean(axis=1) - expected
    if found.shape[1] > 1:
        sampled_sd = np.sqrt(found.var(axis=1, ddof=1).mean(axis=0))
    else:
        sampled_sd = np.full(len(frequencies_hz), np.nan)
    return FasComparison(
        tuple(frequencies_hz), residual.mean(axis=0), residual.std(axis=0), sampled_sd
    )
