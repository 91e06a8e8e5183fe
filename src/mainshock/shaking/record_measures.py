"""Measures of shaking of records, in the names and units of :mod:`mainshock.shaking.measures`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, MEASURES, PSA_PERIODS_S
from mainshock.shaking.records import GroundMotionRecords
from mainshock.signal.fourier_amplitude import band_amplitude, effective_amplitude_spectrum
from mainshock.signal.intensity import high_passed, integrated, rotd_peak
from mainshock.signal.response_spectrum import rotd

__all__ = ["carried_eas", "carried_rotd", "measure_records", "measure_waveforms"]

FloatArray = NDArray[np.float64]

_HIGHEST = 0.45  # of the sampling rate: beyond it anti-alias filters take the amplitude
_SHORTEST = 4.0  # samples a period of an oscillator that the record can still drive


def measure_records(records: GroundMotionRecords) -> FloatArray:
    """Return the measures of each record of a file.

    Parameters
    ----------
    records
        Accelerograms. Where their table has a column ``hp_hz``, velocity is high-passed at that
        corner, below which the record was noise.

    Returns
    -------
    ndarray
        Natural logarithms in the order of :data:`~mainshock.shaking.measures.MEASURES`, shape
        ``(n_records, n_measures)``. NaN where a record cannot carry a measure: a frequency above
        0.45 of the sampling rate, a period below 4 samples or beyond the record, a record of zeros
        or with missing samples.

    Raises
    ------
    DataError
        If a record has not three components.
    """
    rows = np.full((len(records), len(MEASURES)), np.nan)
    corners = records.table["hp_hz"] if "hp_hz" in records.table else [np.nan] * len(records)
    for row, (record, corner_hz) in enumerate(zip(records, corners, strict=True)):
        rows[row] = _measured(record.acceleration, record.sampling_rate_hz, float(corner_hz))
    return rows


def measure_waveforms(acceleration: NDArray[Any], sampling_rate_hz: float) -> FloatArray:
    """Return the measures of accelerograms of one length.

    Parameters
    ----------
    acceleration
        m/s^2, shape ``(n_records, 3, n_samples)``, components E, N, Z.
    sampling_rate_hz
        Samples a second.

    Returns
    -------
    ndarray
        As of :func:`measure_records`, shape ``(n_records, n_measures)``.

    Raises
    ------
    DataError
        If the shape is another.
    """
    if acceleration.ndim != 3:
        raise DataError(f"acceleration has shape {acceleration.shape}; give (n_records, 3, n)")
    rows = np.full((len(acceleration), len(MEASURES)), np.nan)
    for row, record in enumerate(acceleration):
        rows[row] = _measured(record, sampling_rate_hz)
    return rows


def carried_rotd(
    horizontals: FloatArray, rate_hz: float, periods_s: Sequence[float], percentile: float = 50.0
) -> FloatArray:
    """Return RotD at periods from 4 samples to the record's length; NaN at others.

    Parameters
    ----------
    horizontals
        m/s^2, shape ``(2, n_samples)``.
    rate_hz
        Samples a second.
    periods_s, percentile
        As in :func:`~mainshock.signal.response_spectrum.rotd`.
    """
    periods = np.asarray(periods_s, dtype=np.float64)
    is_carried = (periods >= _SHORTEST / rate_hz) & (periods <= horizontals.shape[1] / rate_hz)
    spectrum = np.full(periods.size, np.nan)
    if is_carried.any():
        spectrum[is_carried] = rotd(horizontals, rate_hz, periods[is_carried], (percentile,))[0]
    return spectrum


def carried_eas(
    horizontals: FloatArray, rate_hz: float, frequencies_hz: Sequence[float]
) -> FloatArray:
    """Return the effective amplitude spectrum; NaN above 0.45 of the sampling rate.

    Parameters
    ----------
    horizontals
        m/s^2, shape ``(2, n_samples)``.
    rate_hz
        Samples a second.
    frequencies_hz
        Where it is wanted.
    """
    frequencies = np.asarray(frequencies_hz, dtype=np.float64)
    spectrum = effective_amplitude_spectrum(horizontals, rate_hz, frequencies)
    return np.where(frequencies > _HIGHEST * rate_hz, np.nan, spectrum)


def _measured(
    record: NDArray[Any], rate_hz: float, corner_hz: float = float("nan")
) -> Sequence[float] | FloatArray:
    """Return the measures of one record."""
    if record.ndim != 2 or record.shape[0] != 3:
        raise DataError(f"a record has shape {record.shape}; give three components (3, n_samples)")
    horizontals = record[:2].astype(np.float64)
    if not np.isfinite(horizontals).all():
        return np.full(len(MEASURES), np.nan)
    frequencies = np.array(FAS_FREQUENCIES_HZ)
    amplitudes = band_amplitude(horizontals[0], rate_hz, frequencies)
    amplitudes[frequencies > _HIGHEST * rate_hz] = np.nan
    velocity = integrated(horizontals, rate_hz)
    if corner_hz > 0.0:
        velocity = high_passed(velocity, rate_hz, corner_hz)
    accelerations = carried_rotd(horizontals, rate_hz, PSA_PERIODS_S)
    peaks = [*rotd_peak(horizontals), *rotd_peak(velocity)]
    values = np.array([*amplitudes, *peaks, *accelerations])
    return np.log(np.where(values > 0.0, values, np.nan))
