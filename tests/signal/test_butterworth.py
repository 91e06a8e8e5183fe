import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt, sosfilt_zi, sosfiltfilt

from mainshock.signal.butterworth import band_sections, run_forward, run_zero_phase

BANDS = st.tuples(st.integers(1, 5), st.floats(0.01, 0.4), st.floats(0.05, 0.8))


def _reference(order: int, low_hz: float, high_hz: float) -> np.ndarray:
    return np.asarray(butter(order, (low_hz, high_hz), "bandpass", fs=100.0, output="sos"))


def _noise(n_channels: int = 3, n_samples: int = 900) -> np.ndarray:
    return 50.0 + np.random.default_rng(0).normal(size=(n_channels, n_samples))


@given(BANDS)
def test_forward_filter_is_scipys(band: tuple[int, float, float]) -> None:
    order, low, width = band
    low_hz, high_hz = 50.0 * low, 50.0 * min(low + width, 0.98)
    sections = _reference(order, low_hz, high_hz)
    samples = _noise()
    state = sosfilt_zi(sections)[:, None, :] * samples[:, :1]
    expected, _ = sosfilt(sections, samples, zi=state)
    found = run_forward(band_sections(order, low_hz, high_hz, 100.0), samples)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("n_pad", [0, 30, 899])
def test_zero_phase_filter_is_scipys(n_pad: int) -> None:
    samples = _noise()
    expected = sosfiltfilt(_reference(4, 1.0, 20.0), samples, padlen=n_pad)
    found = run_zero_phase(band_sections(4, 1.0, 20.0, 100.0), samples, n_pad)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_band_passes_its_middle_and_stops_the_rest() -> None:
    time_s = np.arange(0, 40, 0.01)
    tones = np.stack([np.sin(2 * np.pi * f * time_s) for f in (0.1, 4.0, 45.0)])
    filtered = run_forward(band_sections(4, 2.0, 8.0, 100.0), tones)[:, 2000:]
    assert np.abs(filtered).max(axis=1) == pytest.approx([0.0, 1.0, 0.0], abs=2e-3)


def test_offset_makes_no_step() -> None:
    assert (
        np.abs(run_forward(band_sections(3, 1.0, 9.0, 50.0), np.full((1, 200), 7.0))).max() < 1e-9
    )


def test_shape_stays() -> None:
    assert run_forward(band_sections(2, 1.0, 9.0, 50.0), np.zeros((2, 3, 40))).shape == (2, 3, 40)
