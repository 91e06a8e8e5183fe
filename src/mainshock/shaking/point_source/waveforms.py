"""Accelerograms of a point source: noise under the envelopes of P and S, shaped to a spectrum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft, rfftfreq

from mainshock.shaking.point_source.hidden_fields import HiddenFields
from mainshock.shaking.point_source.settings import PointSourceSettings
from mainshock.shaking.point_source.spectra import Rays, corner_frequency_hz, median_spectrum

__all__ = ["arrival_times_s", "simulate"]

FloatArray = NDArray[np.float64]

_PEAK_AT, _LEFT_AT_END = 0.2, 0.05  # of an envelope: time of its crest, height at its end
_ENVELOPE_LENGTH = 2.0  # an envelope's length to the duration of the phase
_SITE_DURATION_S = 0.5
_PATH_DURATION_S_KM = 0.07
_DURATION_LN_SD = 0.2
_P_DURATION = 0.6  # to that of S
_OCTAVES = np.arange(-5.0, 6.0, 1.0 / 3.0)  # where record terms are drawn, about 1 Hz


def arrival_times_s(settings: PointSourceSettings, rays: Rays) -> tuple[FloatArray, FloatArray]:
    """Return the times of P and S after the origin, shape ``(n_rows,)`` each."""
    distance_km = rays.distance_km()
    return distance_km / settings.p_speed_km_s, distance_km / settings.s_speed_km_s


def simulate(
    settings: PointSourceSettings, fields: HiddenFields, rays: Rays, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return accelerograms of rays.

    Parameters
    ----------
    settings, fields, rays
        As in :func:`~mainshock.shaking.point_source.spectra.median_spectrum`.
    rng
        Draws the noise, the durations and the record terms.

    Returns
    -------
    ndarray
        m/s^2, shape ``(n_rows, 3, n_samples)``, components E, N, Z.

    Notes
    -----
    The expected squared Fourier amplitude is the squared spectrum, component by component.
    """
    n_samples, rate_hz = settings.n_samples, settings.sampling_rate_hz
    frequency = rfftfreq(n_samples, 1.0 / rate_hz)
    record_factor = np.exp(_record_terms(settings, frequency, len(rays), rng))
    corner_hz = corner_frequency_hz(settings, fields, rays)
    duration_s = 0.5 / corner_hz + _PATH_DURATION_S_KM * rays.distance_km() + _SITE_DURATION_S
    duration_s *= np.exp(_DURATION_LN_SD * rng.standard_normal(len(rays)))
    p_s, s_s = arrival_times_s(settings, rays)
    shares = {
        "P": (p_s, _P_DURATION, (settings.horizontal_p_share,) * 2 + (1.0,)),
        "S": (s_s, 1.0, (1.0, 1.0, settings.vertical_s_share)),
    }
    total: NDArray[Any] = np.zeros((len(rays), 3, frequency.size), dtype=np.complex64)
    for phase in ("P", "S"):
        onset_s, longer, share = shares[phase]
        envelope = _envelope(settings, onset_s, longer * duration_s)
        noise = rng.standard_normal((len(rays), 3, n_samples), dtype=np.float32)
        noise *= envelope[:, None, :] * np.array(share, dtype=np.float32)[:, None]
        spectrum = median_spectrum(settings, fields, rays, frequency, phase)
        shape = (rate_hz * spectrum * record_factor).astype(np.float32)
        total += rfft(noise, axis=-1) * shape[:, None, :]
    motion = irfft(total, n_samples, axis=-1)
    floor = rng.standard_normal(motion.shape, dtype=np.float32)
    return np.asarray(motion + np.float32(settings.noise_m_s2) * floor, dtype=np.float32)


def _envelope(
    settings: PointSourceSettings, onset_s: FloatArray, duration_s: FloatArray
) -> NDArray[np.float32]:
    """Return windows whose squares sum to 1, shape ``(n_rows, n_samples)``.

    References
    ----------
    .. [1] G. R. Saragoni and G. C. Hart (1974), Earthq. Eng. Struct. Dyn. 2, 249-267,
       doi:10.1002/eqe.4290020305.
    """
    time_s = settings.start_rel_origin_s + np.arange(settings.n_samples) / settings.sampling_rate_hz
    passed = (time_s - onset_s[:, None]) / (_ENVELOPE_LENGTH * duration_s[:, None])
    crest = np.maximum(passed, 1e-9).astype(np.float32) / np.float32(_PEAK_AT)
    power = -_PEAK_AT * np.log(_LEFT_AT_END) / (1.0 + _PEAK_AT * (np.log(_PEAK_AT) - 1.0))
    window = np.exp(np.float32(power) * (np.log(crest) + 1.0 - crest))
    window[passed <= 0.0] = 0.0
    window /= np.sqrt(np.sum(window**2, axis=1, keepdims=True))
    return np.asarray(window, dtype=np.float32)


def _record_terms(
    settings: PointSourceSettings, frequency_hz: FloatArray, n_rows: int, rng: np.random.Generator
) -> FloatArray:
    """Return ln terms of records, whose correlation falls with the octaves between frequencies."""
    apart = np.abs(_OCTAVES[:, None] - _OCTAVES)
    root = np.linalg.cholesky(np.exp(-apart / settings.record_octaves))
    nodes = settings.record_ln_sd * rng.standard_normal((n_rows, _OCTAVES.size)) @ root.T
    octave = np.clip(np.log2(np.maximum(frequency_hz, 1e-3)), _OCTAVES[0], _OCTAVES[-1])
    place = np.searchsorted(_OCTAVES, octave).clip(1, _OCTAVES.size - 1)
    share = (octave - _OCTAVES[place - 1]) / (_OCTAVES[place] - _OCTAVES[place - 1])
    return np.asarray((1.0 - share) * nodes[:, place - 1] + share * nodes[:, place])
