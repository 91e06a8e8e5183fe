"""Moment magnitude of one record, from the spectrum of its S or P waves.

References
----------
Hanks and Kanamori (1979), https://doi.org/10.1029/JB084iB05p02348, with the constant of IASPEI
(2013); Boore and Boatwright (1984), https://doi.org/10.1785/BSSA0740051615 (average radiation);
Brune (1970), https://doi.org/10.1029/JB075i026p04997.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory

from mainshock.core.errors import DataError
from mainshock.events.magnitude_settings import MagnitudeSettings
from mainshock.events.magnitude_spectrum import SourceFit, SourcePrior, fit_source_spectrum
from mainshock.events.magnitude_windows import StationRecord
from mainshock.signal.response import ground_velocity_m_s
from mainshock.signal.spectrum import displacement_spectrum

__all__ = ["MomentMeasurement", "measure_moment_magnitude", "moment_magnitude"]

FloatArray = NDArray[np.float64]
_RADIATION = {"P": 0.52, "S": 0.63}  # root mean square over the focal sphere
_FREE_SURFACE = 2.0
_P_TO_S_QUALITY = 2.25
_CORNER_FACTOR = 0.37  # Brune: fc = 0.37 s_speed / radius
_LOW_HZ = 0.2
_SHORTEST_S = 1.0
_LEAST_BINS = 6
_LEAST_BAND = 4.0  # two octaves
_LARGEST_MISFIT = 1.0


@dataclass(frozen=True, slots=True)
class MomentMeasurement:
    """Mw of one record.

    Parameters
    ----------
    phase
        ``"S"``, or ``"P"`` where S could not be used.
    value, sd
        Mw, and its standard deviation from the fit of the spectrum.
    moment_n_m
        Seismic moment in N m.
    fit
        The fitted spectrum.
    """

    phase: str
    value: float
    sd: float
    moment_n_m: float
    fit: SourceFit


def moment_magnitude(moment_n_m: float) -> float:
    """Return Mw of a seismic moment in N m: ``(log10 M0 - 9.1) / 1.5``.

    Examples
    --------
    >>> round(moment_magnitude(3.98e15), 2)
    4.33
    """
    return (math.log10(moment_n_m) - 9.1) / 1.5


def measure_moment_magnitude(
    record: StationRecord, inventory: Inventory, settings: MagnitudeSettings
) -> MomentMeasurement:
    """Return Mw from the spectrum of S, or of P where S was not picked or cannot be used.

    Raises
    ------
    DataError
        If neither phase gives a spectrum that stands out of the noise in two octaves.

    Notes
    -----
    ``M0 = 4 pi density speed^3 R plateau / (2 radiation)`` with geometrical spreading 1/R, a
    free-surface factor of 2 and the mean radiation, 0.63 for S and 0.52 for P; the plateau is of
    the vector sum of all components.
    """
    waveform = record.waveform
    if "clipped" in waveform.flags:
        raise DataError("the record is clipped")
    velocity = ground_velocity_m_s(waveform, inventory, _LOW_HZ)
    reasons: list[str] = []
    for phase in ("S", "P"):
        if phase not in record.picked_phases:
            reasons.append(f"{phase} was not picked")
            continue
        try:
            return _measure(record, velocity, phase, settings)
        except DataError as error:
            reasons.append(f"{phase}: {error}")
    raise DataError("; ".join(reasons))


def _measure(
    record: StationRecord, velocity: FloatArray, phase: str, settings: MagnitudeSettings
) -> MomentMeasurement:
    frequency, amplitude = _signal_spectrum(record, velocity, phase, settings.signal_to_noise)
    is_s = phase == "S"
    speed_m_s = 1e3 * (settings.s_speed_km_s if is_s else settings.p_speed_km_s)
    radiated = _FREE_SURFACE * _RADIATION[phase]
    moment_of_plateau = (
        4.0 * math.pi * settings.density_kg_m3 * speed_m_s**3 * 1e3 * record.hypocentral_km
    ) / radiated
    radius_at_one_m_s = (7.0 * moment_of_plateau / (16e6 * settings.stress_drop_mpa)) ** (1.0 / 3.0)
    time = record.s_time if is_s else record.p_time
    travel_s = max((time - record.origin_time).total_seconds(), 0.0)
    quality = settings.s_quality * (1.0 if is_s else _P_TO_S_QUALITY)
    kappa_s = settings.site_kappa_s / (1.0 if is_s else _P_TO_S_QUALITY)
    prior = SourcePrior(
        _CORNER_FACTOR * 1e3 * settings.s_speed_km_s / radius_at_one_m_s,
        travel_s / quality + kappa_s,
    )
    fit = fit_source_spectrum(frequency, amplitude, prior)
    if fit.misfit > _LARGEST_MISFIT:
        raise DataError(
            f"its spectrum is not that of a source: the misfit, {fit.misfit:.1f}, is above "
            f"{_LARGEST_MISFIT:g}"
        )
    moment = moment_of_plateau * fit.plateau_m_s
    sd = fit.log_plateau_sd / math.log(10.0) / 1.5
    return MomentMeasurement(phase, moment_magnitude(moment), sd, moment, fit)


def _signal_spectrum(
    record: StationRecord, velocity: FloatArray, phase: str, signal_to_noise: float
) -> tuple[FloatArray, FloatArray]:
    """Return frequency and displacement amplitude, noise taken off, where the signal is clear."""
    waveform = record.waveform
    is_recorded = np.asarray(np.isfinite(velocity).all(axis=1))
    if phase == "S" and not is_recorded[1:].all():
        raise DataError("a horizontal was not recorded")
    if phase == "P" and not is_recorded[0]:
        raise DataError("the vertical was not recorded")
    rate_hz = waveform.sampling_rate_hz
    n_taper = waveform.n_samples // 20  # of the removal of the response
    start, end = record.phase_window(phase)
    first, past_last = np.clip(record.samples(start, end), n_taper, waveform.n_samples - n_taper)
    duration_s = (past_last - first) / rate_hz
    wanted_s = (end - start).total_seconds()
    if wanted_s < _SHORTEST_S:
        raise DataError(f"S follows P too soon: {wanted_s:.1f} s are left for its spectrum")
    if duration_s < 0.9 * wanted_s:
        raise DataError("the record does not hold the whole phase")
    if any(low < past_last and high > first for low, high in waveform.gaps):
        raise DataError("a gap lies in the signal")
    before, _ = record.samples(record.first_signal, record.first_signal)
    noise_first = max(n_taper, before - (past_last - first))
    if before - noise_first < _SHORTEST_S * rate_hz:
        raise DataError(f"the record holds less than {_SHORTEST_S:g} s of noise before P")
    moving = velocity[is_recorded]
    frequency, signal = displacement_spectrum(moving[:, first:past_last], rate_hz, duration_s)
    _, noise = displacement_spectrum(moving[:, noise_first:before], rate_hz, duration_s)
    is_clear = (signal > signal_to_noise * noise) & (noise > 0.0)
    is_clear &= (frequency >= max(_LOW_HZ, 1.0 / duration_s)) & (frequency <= 0.4 * rate_hz)
    clear = _longest_run(is_clear)
    if clear.size < _LEAST_BINS or frequency[clear[-1]] < _LEAST_BAND * frequency[clear[0]]:
        raise DataError(
            f"its spectrum is not {signal_to_noise:g} times the noise before P over two octaves"
        )
    return frequency[clear], np.sqrt(signal[clear] ** 2 - noise[clear] ** 2)


def _longest_run(is_true: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the positions of the longest run of true values; single ones are chance."""
    runs = np.split(np.arange(is_true.size), np.flatnonzero(np.diff(is_true)) + 1)
    return max((run[is_true[run]] for run in runs), key=len)
