"""Accelerograms from shapes: noise with sharp arrivals takes on a spectrogram and a spectrum.

Random phases of themselves give the scatter of single bins that real spectrograms show
(Rayleigh-distributed amplitudes), so shapes hold expected power, and nothing has to be made up
for a mean of logarithms being lower than the logarithm of a mean.
"""

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.flow.spectra import SpectralBands, match_spectra
from mainshock.shaking.flow.spectrograms import FrameLayout, on_frame_axis

__all__ = ["accelerograms"]

FloatArray = NDArray[np.float64]

_NOISE, _P, _S = 0, slice(4, 9), slice(13, 17)  # nodes clear of the other arrival


def accelerograms(
    ln_shape: FloatArray,
    p_s: FloatArray,
    s_s: FloatArray,
    ln_fas: FloatArray,
    layout: FrameLayout,
    bands: SpectralBands,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return accelerograms, ``(n, 3, n_samples)``, m/s^2.

    Parameters
    ----------
    ln_shape
        Logarithm of the share of a frequency's power in a frame, at the nodes of the arrival
        axis, ``(n, 3, n_frequencies, NODES)``.
    p_s, s_s
        Arrivals after the origin time, ``(n,)``.
    ln_fas
        Fourier amplitudes wanted, ``(n, 3, n_bands)``.
    """
    ln_f = np.log(np.maximum(layout.frequencies_hz(), 1e-3))
    ln_bands = np.log(bands.centres_hz)
    level = np.apply_along_axis(lambda one: np.interp(ln_f, ln_bands, one), -1, ln_fas)
    ln_power = ln_shape + 2.0 * level[..., None]
    steps = _step_powers(ln_power)
    gain = 0.5 * on_frame_axis(ln_power, p_s, s_s, layout)
    gain -= 0.5 * np.log(_seed_power(steps, p_s, s_s, layout))[:, :, None, :]
    seeds = layout.spectra(_seeds(steps, p_s, s_s, layout, rng))
    made = layout.samples(seeds * np.exp(gain).astype(np.float32))
    return match_spectra(made.astype(np.float64), ln_fas, bands).astype(np.float32)


def _step_powers(ln_power: FloatArray) -> FloatArray:
    """Return the power before P, from P to S, and after S, all frequencies: ``(n, 3, 3)``."""
    power = np.exp(ln_power - ln_power.max(axis=(2, 3), keepdims=True)).sum(axis=2)
    before, p = power[..., _NOISE], power[..., _P].mean(axis=-1)
    return np.stack([before, p, power[..., _S].mean(axis=-1)], axis=-1)


def _seeds(
    steps: FloatArray,
    p_s: FloatArray,
    s_s: FloatArray,
    layout: FrameLayout,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return noise whose power steps up at the arrivals, ``(n, 3, n_samples)``."""
    times = layout.sample_times_s()
    part = (times >= p_s[:, None]).astype(np.int64) + (times >= s_s[:, None])
    powers = np.take_along_axis(steps, part[:, None, :], axis=2)
    noise = rng.standard_normal((*steps.shape[:2], times.size), dtype=np.float32)
    return noise * np.sqrt(powers).astype(np.float32)


def _seed_power(
    steps: FloatArray, p_s: FloatArray, s_s: FloatArray, layout: FrameLayout
) -> FloatArray:
    """Return the expected power of the seeds in frames, ``(n, 3, n_frames)``."""
    window = np.hanning(layout.window + 1)[:-1] ** 2
    reach_s = 0.5 * layout.window / layout.sampling_rate_hz
    offsets = np.linspace(-reach_s, reach_s, window.size)
    earlier = np.cumsum(window) / window.sum()
    before_p, before_s = (
        np.interp(arrival[:, None] - layout.frame_times_s(), offsets, earlier)[:, None]
        for arrival in (p_s, s_s)
    )
    noise, p, s = (steps[..., one, None] for one in range(3))
    power: FloatArray = noise * before_p + p * (before_s - before_p) + s * (1.0 - before_s)
    return power * float(window.sum())
