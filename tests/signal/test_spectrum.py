"""Spectra of pulses whose transform is known, and tapers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.signal.spectrum import cosine_taper, displacement_spectrum

RATE_HZ = 200.0


def velocity_of_gaussian(area_m_s: float, width_s: float, n_components: int = 1) -> np.ndarray:
    """Velocity of a displacement pulse of Gaussian shape in the middle of 10 s."""
    time_s = np.arange(2000) / RATE_HZ - 5.0
    pulse = area_m_s * np.exp(-0.5 * (time_s / width_s) ** 2) / (width_s * np.sqrt(2.0 * np.pi))
    return np.tile(-time_s / width_s**2 * pulse, (n_components, 1))


def test_the_plateau_is_the_area_of_the_displacement_pulse():
    frequency, amplitude = displacement_spectrum(velocity_of_gaussian(3e-6, 0.05), RATE_HZ)
    expected = 3e-6 * np.exp(-0.5 * (2.0 * np.pi * frequency * 0.05) ** 2)
    # 3 %: bins of a fifteenth of a decade average a falling curve
    is_low = frequency < 6.0
    np.testing.assert_allclose(amplitude[is_low], expected[is_low], rtol=0.03)


def test_components_add_as_vectors():
    _, one = displacement_spectrum(velocity_of_gaussian(1e-6, 0.05), RATE_HZ)
    _, three = displacement_spectrum(velocity_of_gaussian(1e-6, 0.05, 3), RATE_HZ)
    np.testing.assert_allclose(three, np.sqrt(3.0) * one)


def test_noise_of_a_short_window_stands_for_a_long_one():
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(200, 3, 2000))
    long, short = (
        np.mean([displacement_spectrum(one, RATE_HZ, 10.0)[1] ** 2 for one in part], axis=0)
        for part in (noise, noise[..., :600])
    )
    frequency, _ = displacement_spectrum(noise[0], RATE_HZ)
    # 15 %: 200 draws; below 1 Hz the short window holds too few periods
    np.testing.assert_allclose(short[frequency > 1.0], long[frequency > 1.0], rtol=0.15)


@given(st.floats(1e-3, 1e3))
def test_amplitude_follows_the_gain(gain):
    velocity = np.random.default_rng(1).normal(size=(2, 300))
    _, one = displacement_spectrum(velocity, RATE_HZ)
    _, louder = displacement_spectrum(gain * velocity, RATE_HZ)
    np.testing.assert_allclose(louder, gain * one)


def test_a_window_of_a_few_samples_is_refused():
    with pytest.raises(DataError, match="7 samples"):
        displacement_spectrum(np.zeros((1, 7)), RATE_HZ)


@given(st.integers(1, 500), st.floats(0.0, 0.5))
def test_a_taper_is_symmetric_and_within_0_and_1(n_samples, share):
    taper = cosine_taper(n_samples, share)
    assert taper.shape == (n_samples,)
    np.testing.assert_array_equal(taper, taper[::-1])
    assert taper.min() >= 0.0
    assert taper.max() <= 1.0
