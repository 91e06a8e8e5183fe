"""Spectrograms have the published sizes, and the released window mismatch its published bias."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mainshock.core.errors import SettingsError
from mainshock.shaking.cgm_gm.preparation import read_component
from mainshock.shaking.cgm_gm.spectrogram import Transform
from mainshock.shaking.records import open_records
from mainshock.signal.fourier_amplitude import fourier_amplitude, konno_ohmachi


def smoothed_ln_fas(waveforms: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return amplitudes as they were published: smoothed with a bandwidth of 20."""
    frequency, amplitude = fourier_amplitude(waveforms, rate_hz)
    return np.log(konno_ohmachi(amplitude, frequency, [2.0, 5.0, 10.0, 15.0], 20.0))


def test_sizes_are_the_published_ones_and_their_like() -> None:
    published = Transform.of(100.0, 6000)
    assert (published.n_window, published.hop) == (160, 46)
    assert (published.n_frames, published.n_bins) == (131, 81)
    slower = Transform.of(50.0, 1600)
    assert (slower.n_window, slower.hop, slower.n_frames, slower.n_bins) == (80, 23, 70, 41)


def test_frames_longer_than_the_record_are_refused() -> None:
    with pytest.raises(SettingsError, match="frames of 160"):
        Transform.of(100.0, 150)


@pytest.mark.parametrize("is_legacy", [False, True])
def test_analysis_is_torchs_and_known_phase_gives_the_record_back(
    rng: np.random.Generator, *, is_legacy: bool
) -> None:
    transform = Transform.of(50.0, 400, is_legacy=is_legacy)
    waveforms = rng.normal(size=(3, 400)).astype(np.float32)
    logarithms, phase = transform.analyse(waveforms)
    window = torch.ones(80) if is_legacy else torch.hann_window(80)
    expected = torch.stft(torch.from_numpy(waveforms), 80, 23, window=window, return_complex=True)
    np.testing.assert_allclose(
        10.0**logarithms, expected.abs().transpose(1, 2).numpy(), rtol=1e-3, atol=1e-4
    )
    # past the last whole hop a Hann window has little weight
    np.testing.assert_allclose(
        transform.with_phase(logarithms, phase)[:, :391], waveforms[:, :391], atol=1e-3
    )


def test_released_windows_bias_amplitudes_and_equal_ones_do_not(data_dir: Path) -> None:
    records = open_records(data_dir / "groundmotion" / "synthetic_sfba_like.h5")
    component = read_component(records.take(np.arange(0, 3600, 36)))
    recorded, rate_hz = component.waveforms, component.sampling_rate_hz
    bias = {}
    for is_legacy in (False, True):
        transform = Transform.of(rate_hz, recorded.shape[1], is_legacy=is_legacy)
        logarithms, _ = transform.analyse(recorded)
        made = transform.without_phase(logarithms, np.random.default_rng(0), 32)
        difference = smoothed_ln_fas(made, rate_hz) - smoothed_ln_fas(recorded, rate_hz)
        bias[is_legacy] = difference.mean(axis=0)
    assert (np.abs(bias[False]) < 0.1).all()
    assert (bias[True] > 0.4).all()
    # 0.7 but for the scatter of its mean over 100 records
    assert (bias[True] < 0.75).all()
