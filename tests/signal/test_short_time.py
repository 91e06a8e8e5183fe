"""Short-time transforms return what they were given; magnitudes alone nearly do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.signal.fourier_amplitude import band_amplitude
from mainshock.signal.short_time import (
    griffin_lim,
    inverse_short_time_fourier,
    short_time_fourier,
)


@given(
    half=st.integers(4, 80),
    share=st.floats(0.05, 1.0),
    n_samples=st.integers(200, 700),
    window=st.sampled_from(["hann", "rectangular"]),
)
def test_a_record_comes_back(half, share, n_samples, window):
    hop = max(1, int(share * half))
    n_frames = 1 + n_samples // hop
    record = np.random.default_rng(half).normal(size=(2, n_samples))
    spectra = short_time_fourier(record, 2 * half, hop, window)
    assert spectra.shape == (2, n_frames, half + 1)
    back = inverse_short_time_fourier(spectra, n_samples, 2 * half, hop, window)
    # the last samples may lie under the foot of the last window alone
    held = min(n_samples, (n_frames - 1) * hop + half // 2)
    np.testing.assert_allclose(back[:, :held], record[:, :held], atol=1e-8)


def test_agrees_with_torch():
    torch = pytest.importorskip("torch")
    record = np.random.default_rng(1).normal(size=(3, 6000))
    window = torch.hann_window(160, dtype=torch.float64)
    theirs = torch.stft(torch.tensor(record), 160, 46, window=window, return_complex=True)
    ours = short_time_fourier(record, 160, 46)
    assert ours.shape == (3, 131, 81)
    np.testing.assert_allclose(ours, theirs.numpy().transpose(0, 2, 1), atol=1e-10)


def test_a_sine_is_where_it_belongs():
    sine = np.cos(2.0 * np.pi * 10.0 / 64.0 * np.arange(1000))
    magnitude = np.abs(short_time_fourier(sine, 64, 16))[5]
    assert magnitude.argmax() == 10
    assert magnitude[10] == pytest.approx(16.0)  # half the sum of the window
    assert magnitude[13:].max() < 1e-9


def test_single_precision_stays_single():
    record = np.random.default_rng(1).normal(size=500).astype(np.float32)
    spectra = short_time_fourier(record, 64, 16)
    assert spectra.dtype == np.complex64
    assert inverse_short_time_fourier(spectra, 500, 64, 16).dtype == np.float32


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_griffin_lim_nears_the_magnitudes_and_momentum_helps(kind):
    record = np.random.default_rng(1).normal(size=(4, 1600)).astype(kind)
    magnitude = np.abs(short_time_fourier(record, 128, 32))
    misfit = {}
    for momentum in (0.0, 0.99):
        rng = np.random.default_rng(2)
        made = griffin_lim(magnitude, 1600, 128, 32, n_iterations=40, rng=rng, momentum=momentum)
        assert made.dtype == kind
        error = np.abs(short_time_fourier(made, 128, 32)) - magnitude
        misfit[momentum] = np.linalg.norm(error) / np.linalg.norm(magnitude)
    assert misfit[0.99] < 0.15
    assert misfit[0.99] < 0.8 * misfit[0.0]


def test_true_phases_give_the_record_at_once():
    record = np.random.default_rng(1).normal(size=1600)
    spectra = short_time_fourier(record, 128, 32)
    made = griffin_lim(
        np.abs(spectra), 1600, 128, 32, n_iterations=3, start_phase=np.angle(spectra)
    )
    np.testing.assert_allclose(made, record, atol=1e-9)


def test_the_same_draws_give_the_same_record():
    magnitude = np.ones((11, 33))
    one, two = (griffin_lim(magnitude, 160, 64, 16, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_other_windows_make_amplitudes_too_high():
    """CGM-GM as released analyses with a rectangular window and rebuilds with Hann's."""
    rng = np.random.default_rng(3)
    record = rng.normal(size=(6, 6000)) * np.exp(-np.arange(6000) / 1500.0)
    before = np.log(band_amplitude(record, 100.0, [5.0, 10.0, 15.0]))
    bias = {}
    for window in ("hann", "rectangular"):
        magnitude = np.abs(short_time_fourier(record, 160, 46, window))
        made = griffin_lim(magnitude, 6000, 160, 46, "hann", 40, rng)
        bias[window] = np.mean(np.log(band_amplitude(made, 100.0, [5.0, 10.0, 15.0])) - before)
    assert abs(bias["hann"]) < 0.05
    assert 0.35 < bias["rectangular"] < 0.75


@pytest.mark.parametrize(
    ("n_fft", "hop", "window", "said"),
    [
        (63, 16, "hann", "even"),
        (64, 0, "hann", "hop 0"),
        (64, 40, "hann", "without weight"),
        (64, 16, "hamming", "no window"),
    ],
)
def test_settings_that_make_no_sense_are_refused(n_fft, hop, window, said):
    with pytest.raises(SettingsError, match=said):
        short_time_fourier(np.zeros(200), n_fft, hop, window)


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="too few"):
        short_time_fourier(np.zeros(32), 64, 16)
    with pytest.raises(DataError, match="must end in"):
        inverse_short_time_fourier(np.zeros((10, 33), dtype=complex), 200, 64, 16)
    with pytest.raises(SettingsError, match="random numbers"):
        griffin_lim(np.ones((13, 33)), 200, 64, 16)
    with pytest.raises(SettingsError, match="momentum"):
        griffin_lim(np.ones((13, 33)), 200, 64, 16, start_phase=np.zeros((13, 33)), momentum=2.0)
