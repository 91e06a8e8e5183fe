"""Response spectra against closed forms, a plain integration in time, and pyrotd."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.signal.response_spectrum import response_spectra, rotated_peaks, rotd

PERIODS_S = np.geomspace(0.05, 5.0, 12)


def burst(seed: int = 1, n_samples: int = 2000, rate_hz: float = 100.0) -> np.ndarray:
    """Two components of noise up to 20 Hz that begins and ends in silence."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=(2, n_samples)))
    frequency = np.fft.rfftfreq(n_samples, 1.0 / rate_hz)
    spectrum *= np.exp(-((frequency / 10.0) ** 4))
    time_s = np.arange(n_samples) / rate_hz
    return np.fft.irfft(spectrum, n_samples) * np.exp(-0.5 * ((time_s - 6.0) / 1.2) ** 2)


def newmark(acceleration: np.ndarray, step_s: float, period_s: float, damping: float) -> float:
    """Pseudo acceleration by Newmark's rule of constant average acceleration, step by step."""
    angular = 2.0 * np.pi / period_s
    stiffness = angular**2 + 4.0 * damping * angular / step_s + 4.0 / step_s**2
    displacement, velocity, top = 0.0, 0.0, 0.0
    relative = -float(acceleration[0])
    for ground in acceleration[1:]:
        load = -ground + 4.0 / step_s**2 * displacement + 4.0 / step_s * velocity + relative
        load += 2.0 * damping * angular * (2.0 / step_s * displacement + velocity)
        new = load / stiffness
        new_velocity = 2.0 / step_s * (new - displacement) - velocity
        relative = 4.0 / step_s**2 * (new - displacement) - 4.0 / step_s * velocity - relative
        displacement, velocity = new, new_velocity
        top = max(top, abs(new))
    return top * angular**2


def test_resonance_grows_to_one_over_twice_the_damping():
    time_s = np.arange(8000) / 100.0
    spectrum = response_spectra(np.sin(2.0 * np.pi * 2.0 * time_s)[None], 100.0, [0.5])
    # 0.5 %: 160 periods are steady; the crest may fall between two of 40 steps
    np.testing.assert_allclose(spectrum, 10.0, rtol=5e-3)


@pytest.mark.parametrize("ratio", [0.2, 0.5, 2.0, 4.0])
def test_steady_sine_follows_the_transfer_function(ratio):
    time_s = np.arange(20_000) / 100.0
    # a slow start, so that nothing rings freely
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.minimum(time_s / 80.0, 1.0))
    sine = ramp * np.sin(2.0 * np.pi * time_s)
    amplitude = 1.0 / np.hypot(1.0 - ratio**2, 0.1 * ratio)
    spectrum = response_spectra(sine[None], 100.0, [ratio])
    np.testing.assert_allclose(spectrum[0, 0], amplitude, rtol=5e-3)


def test_a_step_of_acceleration_overshoots_as_the_damping_allows():
    damping, period_s = 0.1, 2.0
    step = np.ones((1, 4000))
    overshoot = 1.0 + np.exp(-np.pi * damping / np.sqrt(1.0 - damping**2))
    spectrum = response_spectra(step, 200.0, [period_s], damping)
    # 0.5 %: the edge is band-limited to 100 Hz
    np.testing.assert_allclose(spectrum[0, 0], overshoot, rtol=5e-3)


def test_very_short_and_very_long_periods_feel_ground_acceleration_and_displacement():
    acceleration = burst()[:1]
    stiff, soft = response_spectra(acceleration, 100.0, [0.01, 400.0])[0]
    finer = np.fft.irfft(np.fft.rfft(acceleration), 32_000)[0] * 16.0
    np.testing.assert_allclose(stiff, np.abs(finer).max(), rtol=0.03)
    displacement = np.cumsum(np.cumsum(acceleration[0])) / 100.0**2
    angular = 2.0 * np.pi / 400.0
    # 5 %: 400 s is not endless beside a record of 20 s
    np.testing.assert_allclose(soft / angular**2, np.abs(displacement).max(), rtol=0.05)


def test_agrees_with_newmark_on_a_finely_sampled_record():
    acceleration = burst()
    n_fine = 32 * acceleration.shape[1]
    finer = np.fft.irfft(np.fft.rfft(acceleration), n_fine) * 32.0
    spectrum = response_spectra(acceleration, 100.0, [0.07, 0.3, 1.5])
    for row in range(2):
        expected = [newmark(finer[row], 1 / 3200.0, one, 0.05) for one in (0.07, 0.3, 1.5)]
        # 0.5 %: crests between 40 steps a period, and Newmark's own lengthening of the period
        np.testing.assert_allclose(spectrum[row], expected, rtol=5e-3)


def test_rotd_agrees_with_pyrotd():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for pkg_resources
        pyrotd = pytest.importorskip("pyrotd")
    pyrotd.processes = 1
    acceleration = burst()
    # its spectra are those of a record without end: silence keeps one turn from the next
    padded = np.pad(acceleration, ((0, 0), (0, 12_000)))
    table = pyrotd.calc_rotated_spec_accels(
        0.01, padded[0], padded[1], 1.0 / PERIODS_S, 0.05, percentiles=[0, 50, 100],
        max_freq_ratio=20, method="rigorous",
    )  # fmt: skip
    table = np.sort(table, order=["osc_freq", "percentile"])["spec_accel"].reshape(-1, 3)[::-1]
    ours = rotd(acceleration, 100.0, PERIODS_S, (0, 50, 100))
    # 0.6 %: both miss crests between two steps
    np.testing.assert_allclose(ours, table.T, rtol=6e-3)


def test_rotd_agrees_with_rotating_the_record():
    acceleration = burst()
    angles = np.radians(np.arange(180))
    turned = np.cos(angles)[:, None] * acceleration[0] + np.sin(angles)[:, None] * acceleration[1]
    spectra = response_spectra(turned, 100.0, PERIODS_S)
    expected = np.percentile(spectra, [0, 50, 100], axis=0)
    np.testing.assert_allclose(
        rotd(acceleration, 100.0, PERIODS_S, (0, 50, 100)), expected, rtol=1e-9
    )


def test_a_record_does_not_depend_on_how_finely_it_was_sampled():
    acceleration = burst()
    finer = np.fft.irfft(np.fft.rfft(acceleration), 8000) * 4.0
    np.testing.assert_allclose(
        rotd(acceleration, 100.0, PERIODS_S), rotd(finer, 400.0, PERIODS_S), rtol=5e-3
    )


@given(
    kind=st.sampled_from(["noise", "line", "walk", "burst"]),
    seed=st.integers(0, 1000),
    width=st.floats(0.0, 1.0),
)
def test_pruned_peaks_are_those_of_all_points(kind, seed, width):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, 300))
    orbit = {
        "noise": noise,
        "line": np.outer([1.0, 2.0], noise[0]) + width * 1e-3 * noise,
        "walk": np.cumsum(noise, axis=1) * np.array([[1.0], [width]]),
        "burst": noise * np.exp(-np.arange(300) / 30.0),
    }[kind]
    angles = np.radians(np.arange(180))
    plain = np.abs(np.cos(angles)[:, None] * orbit[0] + np.sin(angles)[:, None] * orbit[1])
    np.testing.assert_allclose(rotated_peaks(orbit), plain.max(axis=1), rtol=1e-9, atol=1e-12)


@given(gain=st.floats(1e-9, 1e6), turn=st.integers(0, 179))
def test_rotd_follows_the_gain_and_not_the_orientation(gain, turn):
    acceleration = burst(n_samples=600)
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    spectrum = rotd(acceleration, 100.0, [0.1, 0.5, 2.0], (0, 50, 100))
    turned = rotd(gain * rotation @ acceleration, 100.0, [0.1, 0.5, 2.0], (0, 50, 100))
    np.testing.assert_allclose(turned, gain * spectrum, rtol=1e-6)


def test_silence_gives_zero():
    assert not rotd(np.zeros((2, 100)), 100.0, [0.1, 1.0]).any()


@pytest.mark.parametrize(
    ("samples", "periods", "damping", "said"),
    [
        (np.zeros((3, 100)), [1.0], 0.05, "two components"),
        (np.full((2, 100), np.nan), [1.0], 0.05, "missing samples"),
        (np.zeros((2, 100)), [0.0], 0.05, "above 0"),
        (np.zeros((2, 100)), [1.0], 1.0, "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(samples, periods, damping, said):
    with pytest.raises(DataError, match=said):
        rotd(samples, 100.0, periods, damping=damping)


def test_channels_of_any_number_are_taken_and_a_bare_record_is_not():
    assert response_spectra(np.ones((5, 50)), 10.0, [1.0, 2.0]).shape == (5, 2)
    with pytest.raises(DataError, match="n_channels"):
        response_spectra(np.ones(50), 10.0, [1.0])
