"""Direction to the source from the particle motion of the P wave at one station.

The eigenvector of the largest eigenvalue of the covariance of Z, N, E is the line of motion.
A P wave from below moves up and away from the source, or down and towards it: of the two ends
of the line, the one that points down points to the source. The stated deviation combines the
floor, the spread over windows and half the width of the line, ``atan(sqrt(1 - rectilinearity)
/ horizontal share)``.

References
----------
Jurkevics (1988), https://doi.org/10.1785/BSSA0780051725
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import RecordError
from mainshock.core.records import Waveform
from mainshock.signal.butterworth import band_sections, run_zero_phase

__all__ = ["DEFAULT_BANDS_HZ", "Polarisation", "polarisation_back_azimuth"]

FloatArray = NDArray[np.float64]
DEFAULT_BANDS_HZ = ((1.0, 4.0), (2.0, 8.0), (4.0, 16.0))
DEFAULT_WINDOWS_S = (0.5, 0.8, 1.2)
_NOISE_S = 5.0
_GUARD_S = 0.3
_LEAD_S = 0.05


@dataclass(frozen=True, slots=True)
class Polarisation:
    """Direction from the station to the source, as the P wave's motion shows it.

    Parameters
    ----------
    back_azimuth_deg
        Degrees clockwise from north, 0 to 360.
    sigma_deg
        Standard deviation.
    rectilinearity
        0 for motion in all directions, 1 for motion along a line.
    incidence_deg
        Apparent angle between the motion and the vertical, 0 to 90: the ray's angle, bent and
        doubled by the free surface.
    """

    back_azimuth_deg: float
    sigma_deg: float
    rectilinearity: float
    incidence_deg: float


@dataclass(frozen=True, slots=True)
class _Motion:
    back_azimuth_rad: float
    rectilinearity: float
    horizontal_share: float


def polarisation_back_azimuth(
    waveform: Waveform,
    p_time: datetime,
    *,
    bands_hz: Sequence[tuple[float, float]] = DEFAULT_BANDS_HZ,
    windows_s: Sequence[float] = DEFAULT_WINDOWS_S,
    min_signal_to_noise: float = 3.0,
    min_rectilinearity: float = 0.5,
    floor_deg: float = 15.0,
) -> Polarisation | None:
    """Return the back azimuth of a P wave, or None where the record does not show one.

    Parameters
    ----------
    waveform
        Three components Z, N, E.
    p_time
        Arrival of P, UTC.
    bands_hz
        Pass bands to choose from: the lowest one whose signal stands out is used.
    windows_s
        Lengths of the windows after P; the directions of all are averaged.
    min_signal_to_noise, min_rectilinearity
        Least ratio of amplitudes after and before P; least mean rectilinearity.
    floor_deg
        Least standard deviation stated in the first band, since structure bends rays; twice this
        in the second band, and so on, since it bends shorter waves more.

    Returns
    -------
    Polarisation or None
        None if a component is missing or not geographic, a gap or the record's edge is too close
        to P, the signal is weak or its motion not linear.

    Raises
    ------
    RecordError
        If a band or window is not positive.
    """
    _check(bands_hz, windows_s)
    if not all(waveform.has_component) or "horizontals_not_geographic" in waveform.flags:
        return None
    cut = _around(waveform, p_time, max(windows_s))
    if cut is None:
        return None
    for number, (low, high) in enumerate(bands_hz, start=1):
        filtered = _standing_out(*cut, (low, high), waveform.sampling_rate_hz, min_signal_to_noise)
        if filtered is None:
            continue
        windows = [
            _window(filtered, cut[1], length, waveform.sampling_rate_hz) for length in windows_s
        ]
        found = _combined([_motion(window) for window in windows], number * floor_deg)
        if found is not None and found.rectilinearity >= min_rectilinearity:
            return found
    return None


def _standing_out(
    samples: FloatArray,
    onset: int,
    band_hz: tuple[float, float],
    rate_hz: float,
    min_signal_to_noise: float,
) -> FloatArray | None:
    """Return the samples in a band, or None where P does not stand out in it."""
    if band_hz[1] > 0.45 * rate_hz:
        return None
    filtered = _filtered(samples, *band_hz, rate_hz)
    weak = _signal_to_noise(filtered, onset, rate_hz) < min_signal_to_noise
    return None if weak else filtered


def _check(bands_hz: Sequence[tuple[float, float]], windows_s: Sequence[float]) -> None:
    if min(windows_s) <= 0.0 or any(not 0.0 < low < high for low, high in bands_hz):
        raise RecordError(
            f"windows_s is {tuple(windows_s)} and bands_hz {tuple(bands_hz)}; lengths must be "
            "positive and each band (low, high) with 0 < low < high"
        )


def _around(
    waveform: Waveform, p_time: datetime, longest_s: float
) -> tuple[FloatArray, int] | None:
    """Return samples from the noise before P to past the last window, and P's place in them."""
    rate = waveform.sampling_rate_hz
    onset = round((p_time - waveform.start).total_seconds() * rate)
    first = max(onset - round(_NOISE_S * rate), 0)
    last = onset + int(np.ceil((longest_s + 1.0) * rate))
    last = min(last, waveform.n_samples)
    if onset - first < (1.0 + _GUARD_S) * rate or last - onset < longest_s * rate:
        return None
    if any(start < last and end > first for start, end in waveform.gaps):
        return None
    samples = waveform.samples[:, first:last].astype(np.float64)
    samples -= samples[:, : onset - first].mean(axis=1, keepdims=True)
    if np.any(samples.std(axis=1) == 0.0):
        return None
    return samples, onset - first


def _filtered(samples: FloatArray, low_hz: float, high_hz: float, rate_hz: float) -> FloatArray:
    n_pad = min(samples.shape[1] - 1, round(2.0 * rate_hz / low_hz))
    return run_zero_phase(band_sections(2, low_hz, high_hz, rate_hz), samples, n_pad)


def _window(samples: FloatArray, onset: int, length_s: float, rate_hz: float) -> FloatArray:
    first = onset - round(_LEAD_S * rate_hz)
    return samples[:, first : onset + max(round(length_s * rate_hz), 4)]


def _signal_to_noise(samples: FloatArray, onset: int, rate_hz: float) -> float:
    noise = samples[:, : onset - round(_GUARD_S * rate_hz)]
    signal = _window(samples, onset, 0.8, rate_hz)
    return float(np.sqrt(np.mean(signal**2) / max(float(np.mean(noise**2)), 1e-300)))


def _motion(window: FloatArray) -> _Motion | None:
    """Return the line of motion of a window, or None where it is vertical or nothing moves."""
    values, vectors = np.linalg.eigh(np.cov(window))
    if not values[2] > 0.0:
        return None
    line = vectors[:, 2]
    if line[0] > 0.0:  # take the end that points down: it points to the source
        line = -line
    horizontal = float(np.hypot(line[1], line[2]))
    if horizontal < 0.05:
        return None
    rectilinearity = float(1.0 - (values[0] + values[1]) / (2.0 * values[2]))
    return _Motion(float(np.arctan2(line[2], line[1])), rectilinearity, horizontal)


def _combined(found: Sequence[_Motion | None], floor_deg: float) -> Polarisation | None:
    motions = [motion for motion in found if motion is not None]
    if not motions:
        return None
    angles = np.array([motion.back_azimuth_rad for motion in motions])
    lines = np.array([motion.rectilinearity for motion in motions])
    horizontal = np.array([motion.horizontal_share for motion in motions])
    resultant = np.mean(np.exp(1j * angles))
    length = float(np.clip(np.abs(resultant), 1e-9, 1.0))
    spread = np.sqrt(-2.0 * np.log(length))
    width = np.mean(np.arctan2(np.sqrt(np.maximum(1.0 - lines, 0.0)), horizontal))
    sigma = float(np.degrees(np.sqrt(spread**2 + (0.5 * width) ** 2)))
    return Polarisation(
        back_azimuth_deg=float(np.degrees(np.angle(resultant)) % 360.0),
        sigma_deg=float(min(np.hypot(floor_deg, sigma), 90.0)),
        rectilinearity=float(np.mean(lines)),
        incidence_deg=float(np.degrees(np.median(np.arcsin(np.clip(horizontal, 0.0, 1.0))))),
    )
