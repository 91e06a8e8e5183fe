"""Spectrograms have the published sizes, and the released window mismatch its published bias."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mainshock.core.errors import DataError, SettingsError
from mainshock.shaking.cgm_gm.fas_comparison import compare_fas, smoothed_ln_fas
from mainshock.shaking.cgm_gm.preparation import read_component
from mainshock.shaking.cgm_gm.spectrogram import Transform
from mainshock.shaking.records import open_records


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
        bias[is_legacy] = compare_fas(recorded, made[:, None], rate_hz).bias
    assert (np.abs(bias[False]) < 0.1).all()
    assert (bias[True] > 0.4).all()
    # 0.7 but for the scatter of its mean over 100 records
    assert (bias[True] < 0.75).all()


def test_comparison_sees_a_factor_and_a_spread(rng: np.random.Generator) -> None:
    recorded = rng.normal(size=(5, 500)).astype(np.float32)
    factors = np.exp([0.8, 1.2]).astype(np.float32)
    found = compare_fas(recorded, recorded[:, None] * factors[:, None], 50.0)
    np.testing.assert_allclose(found.bias, 1.0, atol=1e-4)
    np.testing.assert_allclose(found.sd, 0.0, atol=1e-4)
    np.testing.assert_allclose(found.sampled_sd, np.std([0.8, 1.2], ddof=1), atol=1e-4)
    assert found.frequencies_hz == (2.0, 5.0, 10.0, 15.0)
    assert smoothed_ln_fas(recorded, 50.0).shape == (5, 4)
    with pytest.raises(DataError, match="generated waveforms have shape"):
        compare_fas(recorded, recorded, 50.0)
