"""Local magnitude of one record: its largest amplitude on a Wood-Anderson seismometer."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory

from mainshock.core.errors import DataError
from mainshock.events.distance_corrections import find_distance_correction
from mainshock.events.magnitude_settings import AmplitudeMeasure, MagnitudeSettings
from mainshock.events.magnitude_windows import StationRecord
from mainshock.signal.response import wood_anderson_displacement_nm

__all__ = ["measure_local_magnitude"]

FloatArray = NDArray[np.float64]


def measure_local_magnitude(
    record: StationRecord, inventory: Inventory, settings: MagnitudeSettings
) -> tuple[float, float]:
    """Return ML and the amplitude in nm behind it, the larger of the horizontals.

    Raises
    ------
    DataError
        If the record allows no amplitude: no horizontal, no response, clipped, cut off, a gap,
        too much noise, or too far away.
    """
    waveform = record.waveform
    if not (waveform.has_component[1] or waveform.has_component[2]):
        raise DataError("only the vertical was recorded; ML needs a horizontal")
    if "clipped" in waveform.flags:
        raise DataError("the record is clipped")
    end = record.s_time + max(2 * (record.s_time - record.p_time), timedelta(seconds=5.0))
    first, past_last = record.samples(record.first_signal, end)
    if waveform.end < record.s_time + timedelta(seconds=1.0):
        raise DataError("the record ends before the largest S waves")
    if any(start < past_last and stop > first for start, stop in waveform.gaps):
        raise DataError("a gap lies in the signal")
    displacement = wood_anderson_displacement_nm(waveform, inventory)
    recorded = displacement[np.isfinite(displacement).all(axis=1)]
    signal = _largest(recorded[:, first:past_last], settings.amplitude)
    before = recorded[:, max(0, first - (past_last - first)) : max(first, 2)]
    noise = _largest(before, settings.amplitude)
    if not signal > settings.signal_to_noise * noise:
        raise DataError(
            f"the amplitude, {signal:.3g} nm, is not {settings.signal_to_noise:g} times the noise "
            f"before P, {noise:.3g} nm"
        )
    correction = find_distance_correction(settings.distance_correction)
    value = correction.magnitude(signal, record.epicentral_km, record.hypocentral_km)
    return value, signal


def _largest(displacement: FloatArray, measure: AmplitudeMeasure) -> float:
    """Return the largest amplitude over components, shape ``(n_components, n_samples)``."""
    if measure == "zero-to-peak":
        return float(np.abs(displacement).max())
    return max(_half_peak_to_peak(component) for component in displacement)


def _half_peak_to_peak(displacement: FloatArray) -> float:
    """Return half the largest difference between neighbouring extremes."""
    slope = np.diff(displacement)
    is_turn = np.r_[True, slope[1:] * slope[:-1] < 0.0, True]
    return 0.5 * float(np.abs(np.diff(displacement[is_turn])).max())
