"""Tells which records can be used, in which band, and why the others cannot."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.shaking.records import Accelerogram
from mainshock.signal.filters import detrend
from mainshock.signal.spectrum import cosine_taper

__all__ = [
    "QualityLimits",
    "SignalToNoise",
    "has_spike",
    "is_clipped",
    "record_problems",
    "signal_to_noise",
]

FloatArray = NDArray[np.float64]

_BANDS_AN_OCTAVE = 4
_LEAST_BINS = 2  # of the spectrum of the noise, in a band
_FLAT_TOP = 0.98  # of the peak: samples above it that do not change are clipped
_NEAR, _FAR = 2, 25  # samples around a spike


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a record must be to be kept.

    Parameters
    ----------
    min_length_s
        Shortest record.
    max_gap_share
        Largest share of samples that were bridged.
    max_flat_s
        Longest stretch of equal samples within the strong part (5 to 95 % of the energy).
    clipped_samples
        So many equal samples in a row at the peak are clipping.
    spike_ratio
        A sample that stands out of its surroundings by so much more than anything near it.
    min_snr
        Ratio of the spectra of signal and noise within the usable band.
    band_hz
        The usable band must cover this; (0, 0) asks for none.
    min_noise_s
        Noise before P that a spectrum needs; with less the band is not known.
    needs_noise
        Turn a record away whose band is not known.
    """

    min_length_s: float = 10.0
    max_gap_share: float = 0.05
    max_flat_s: float = 1.0
    clipped_samples: int = 5
    spike_ratio: float = 8.0
    min_snr: float = 3.0
    band_hz: tuple[float, float] = (1.0, 10.0)
    min_noise_s: float = 1.0
    needs_noise: bool = False

    def __post_init__(self) -> None:
        """Check that the band rises."""
        low, high = self.band_hz
        if not (0.0 <= low < high or low == high == 0.0):
            raise SettingsError(f"band is {low:g} to {high:g} Hz; it must rise, or be 0 to 0")


@dataclass(frozen=True, slots=True, eq=False)
class SignalToNoise:
    """Ratio of spectra by frequency, and the band in which it suffices.

    Parameters
    ----------
    frequency_hz
        Centres of the bands, a quarter of an octave apart.
    ratio
        Of the horizontal that is noisier; NaN where the noise is too short to tell.
    low_hz, high_hz
        Widest stretch of bands above the limit; NaN where there is none.
    """

    frequency_hz: FloatArray
    ratio: FloatArray
    low_hz: float
    high_hz: float


_NO_BAND = SignalToNoise(np.empty(0), np.empty(0), float("nan"), float("nan"))


def signal_to_noise(record: Accelerogram, p_s: float, limits: QualityLimits) -> SignalToNoise:
    """Return the ratio of the horizontals' spectra after and before P.

    Parameters
    ----------
    record
        Unfiltered.
    p_s
        P arrival, seconds after the first sample.
    limits
        ``min_snr`` and ``min_noise_s``.

    Returns
    -------
    SignalToNoise
        Without bands where there is less noise than ``min_noise_s`` or no signal.

    Notes
    -----
    Power is averaged in bands of a quarter octave and taken per second, so that windows of unlike
    length compare. A band counts where the noise spectrum has two frequencies in it or more.
    """
    rate_hz = record.sampling_rate_hz
    onset = round(p_s * rate_hz) if np.isfinite(p_s) else -1
    horizontals = record.acceleration[:2].astype(np.float64)
    n_guard = round(0.2 * rate_hz)  # P may begin a little before its time
    noise, signal = horizontals[:, : max(onset - n_guard, 0)], horizontals[:, max(onset, 0) :]
    if noise.shape[1] < limits.min_noise_s * rate_hz or signal.shape[1] < rate_hz:
        return _NO_BAND
    lowest, highest = 2.0 * rate_hz / noise.shape[1], 0.4 * rate_hz
    n_bands = max(int(np.log2(highest / lowest) * _BANDS_AN_OCTAVE), 0)
    centres = lowest * 2.0 ** (np.arange(n_bands) / _BANDS_AN_OCTAVE)
    below, above = _power(noise, rate_hz, centres), _power(signal, rate_hz, centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.sqrt((above / below).min(axis=0))
    low_hz, high_hz = _widest(centres, ratio >= limits.min_snr)
    return SignalToNoise(centres, ratio, low_hz, high_hz)


def record_problems(
    record: Accelerogram, limits: QualityLimits, *, p_s: float, gap_share: float = 0.0
) -> tuple[list[str], SignalToNoise]:
    """Return why a record cannot be used, nothing if it can, and its usable band.

    Parameters
    ----------
    record
        As recorded, before any filter: a filter hides clipping and spikes.
    limits
        What it must be.
    p_s
        P arrival, seconds after the first sample; NaN where it is not known.
    gap_share
        Share of the samples that were bridged.
    """
    samples = record.acceleration
    if not np.isfinite(samples).all():
        return ["samples are not finite"], _NO_BAND
    band = signal_to_noise(record, p_s, limits)
    length_s = samples.shape[1] / record.sampling_rate_hz
    problems = [
        f"component {one} has no signal"
        for one, channel in zip("ENZ", samples, strict=True)
        if np.ptp(channel) == 0.0
    ]
    if length_s < limits.min_length_s:
        problems.append(f"{length_s:.1f} s long, below {limits.min_length_s:g} s")
    if gap_share > limits.max_gap_share:
        problems.append(f"gaps are {gap_share:.0%} of it, above {limits.max_gap_share:.0%}")
    if problems:
        return problems, band
    flat_s = max(_longest_flat(one) for one in samples) / record.sampling_rate_hz
    if flat_s > limits.max_flat_s:
        problems.append(f"{flat_s:.1f} s of equal samples in its strong part")
    if any(is_clipped(one, limits.clipped_samples) for one in samples):
        problems.append(f"clipped: {limits.clipped_samples} or more equal samples at the peak")
    if any(has_spike(one, limits.spike_ratio) for one in samples):
        problems.append("a spike of one sample")
    return problems + _band_problems(band, limits), band


def is_clipped(samples: FloatArray | NDArray[np.float32], n_equal: int = 5) -> bool:
    """Return whether samples ``(n,)`` stay at one of their extremes for ``n_equal`` in a row."""
    centred = samples - np.median(samples)
    for sign in (1.0, -1.0):
        extreme = sign * centred
        at_top = extreme >= _FLAT_TOP * extreme.max()
        is_same = np.r_[False, (np.diff(samples) == 0.0) & at_top[1:] & at_top[:-1]]
        if extreme.max() > 0.5 * np.abs(centred).max() and _longest_run(is_same) + 1 >= n_equal:
            return True
    return False


def has_spike(samples: FloatArray | NDArray[np.float32], ratio: float = 8.0) -> bool:
    """Return whether one of the samples ``(n,)`` stands alone, far off both its neighbours.

    An onset is sharp too, but what follows it is as sharp, so only what stands ``ratio`` times
    above everything within 25 samples counts.
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.size < 2 * _FAR:
        return False
    bend = np.abs(values[1:-1] - 0.5 * (values[:-2] + values[2:]))
    top = int(np.argmax(bend))
    around = np.r_[
        bend[max(top - _FAR, 0) : max(top - _NEAR, 0)], bend[top + _NEAR + 1 : top + _FAR + 1]
    ]
    return bool(around.size and bend[top] > ratio * around.max())


def _band_problems(band: SignalToNoise, limits: QualityLimits) -> list[str]:
    low, high = limits.band_hz
    if not band.frequency_hz.size:
        reason = f"less than {limits.min_noise_s:g} s of noise before P, so its band is not known"
        return [reason] if limits.needs_noise else []
    if high == 0.0 or (band.low_hz <= low and band.high_hz >= high):
        return []
    lowest = float(band.frequency_hz[0])
    is_short = lowest > low and band.low_hz == lowest and band.high_hz >= high
    if is_short and not limits.needs_noise:
        return []  # the noise is too short to tell of the lowest frequencies
    if not np.isfinite(band.low_hz):
        return [f"signal-to-noise ratio nowhere above {limits.min_snr:g}"]
    reach = f"from {band.low_hz:.2g} to {band.high_hz:.2g} Hz, not {low:g} to {high:g} Hz"
    return [f"signal-to-noise ratio above {limits.min_snr:g} only {reach}"]


def _power(samples: FloatArray, rate_hz: float, centres: FloatArray) -> FloatArray:
    """Return the mean power per second in each band, ``(n_channels, n_bands)``."""
    n = samples.shape[1]
    taper = cosine_taper(n)
    spectrum = np.abs(np.fft.rfft(detrend(samples) * taper, axis=1)) ** 2 / n
    frequency_hz = np.fft.rfftfreq(n, 1.0 / rate_hz)
    half = 2.0 ** (0.5 / _BANDS_AN_OCTAVE)
    first = np.searchsorted(frequency_hz, centres / half)
    past = np.maximum(np.searchsorted(frequency_hz, centres * half), first + _LEAST_BINS)
    total = np.concatenate([np.zeros((len(samples), 1)), np.cumsum(spectrum, axis=1)], axis=1)
    past = np.minimum(past, frequency_hz.size)
    return np.asarray((total[:, past] - total[:, first]) / np.maximum(past - first, 1))


def _widest(centres: FloatArray, is_above: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the ends of the longest run of bands that are above the limit."""
    if not is_above.any():
        return float("nan"), float("nan")
    edges = np.flatnonzero(np.diff(np.r_[False, is_above, False]))
    first, past = edges[::2], edges[1::2]
    best = int(np.argmax(past - first))
    return float(centres[first[best]]), float(centres[past[best] - 1])


def _longest_flat(samples: NDArray[np.float32]) -> int:
    """Return the longest run of equal samples between 5 and 95 % of the energy."""
    energy = np.cumsum((samples.astype(np.float64) - np.median(samples)) ** 2)
    first, last = np.searchsorted(energy, [0.05 * energy[-1], 0.95 * energy[-1]])
    return _longest_run(np.diff(samples[first : last + 1]) == 0.0)


def _longest_run(is_true: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.r_[False, is_true, False]))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0
