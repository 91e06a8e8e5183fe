"""Fourier amplitudes of pulses with known transforms, smoothing, and the tables of real records."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.signal.fourier_amplitude import (
    band_amplitude,
    effective_amplitude_spectrum,
    fourier_amplitude,
    konno_ohmachi,
)
from mainshock.signal.response_spectrum import response_spectra

RATE_HZ = 100.0


def test_a_gaussian_pulse_has_a_gaussian_spectrum():
    time_s = np.arange(4000) / RATE_HZ - 20.0
    width_s = 0.1
    pulse = np.exp(-0.5 * (time_s / width_s) ** 2)
    frequency, amplitude = fourier_amplitude(pulse, RATE_HZ)
    area = width_s * np.sqrt(2.0 * np.pi)
    expected = area * np.exp(-0.5 * (2.0 * np.pi * frequency * width_s) ** 2)
    np.testing.assert_allclose(amplitude, expected, atol=1e-12)
    # the root mean square over the band, by quadrature
    band = np.linspace(2.0 / 1.12, 2.24, 2001)
    power = (area * np.exp(-0.5 * (2.0 * np.pi * band * width_s) ** 2)) ** 2
    np.testing.assert_allclose(
        band_amplitude(pulse, RATE_HZ, [2.0]), np.sqrt(power.mean()), rtol=0.02
    )


def test_band_amplitude_is_a_plain_root_mean_square():
    record = np.random.default_rng(1).normal(size=(3, 1001))
    frequency = np.fft.rfftfreq(1001, 1.0 / RATE_HZ)
    amplitude = np.abs(np.fft.rfft(record)) / RATE_HZ
    for row in range(3):
        inside = (frequency >= 5.0 / 1.12) & (frequency <= 5.0 * 1.12)
        expected = np.sqrt(np.mean(amplitude[row][inside] ** 2))
        assert band_amplitude(record, RATE_HZ, [5.0])[row, 0] == pytest.approx(expected)


def test_bands_that_a_record_cannot_carry_are_missing():
    values = band_amplitude(np.ones(200), RATE_HZ, [0.1, 5.0, 44.0, 45.0])
    np.testing.assert_array_equal(np.isnan(values), [True, False, False, True])


def test_smoothing_keeps_a_flat_spectrum_and_spreads_a_line():
    frequency = np.linspace(0.0, 50.0, 5001)
    flat = konno_ohmachi(np.full((2, 5001), 3.0), frequency, [0.5, 5.0, 40.0])
    np.testing.assert_allclose(flat, 3.0)
    line = np.zeros(5001)
    line[500] = 1.0  # 5 Hz
    wide, narrow = (konno_ohmachi(line, frequency, [5.0], one)[0] for one in (20.0, 40.0))
    assert narrow == pytest.approx(2.0 * wide, rel=0.01)


def test_smoothing_agrees_with_the_formula_written_out():
    frequency = np.linspace(0.0, 25.0, 401)
    amplitude = np.random.default_rng(1).uniform(1.0, 2.0, 401)
    total = weights = 0.0
    for one, value in zip(frequency[1:], amplitude[1:], strict=True):
        x = 20.0 * np.log10(one / 5.0)
        if abs(x) <= 3.0:
            weight = 1.0 if x == 0.0 else (np.sin(x) / x) ** 4
            total, weights = total + weight * value, weights + weight
    smoothed = konno_ohmachi(amplitude, frequency, [5.0], 20.0)
    np.testing.assert_allclose(smoothed, total / weights)


def test_smoothing_agrees_with_obspy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ObsPy asks for pkg_resources
        from obspy.signal.konnoohmachismoothing import konno_ohmachi_smoothing

    frequency = np.linspace(0.05, 25.0, 300)
    amplitude = np.random.default_rng(1).uniform(1.0, 2.0, 300)
    theirs = konno_ohmachi_smoothing(amplitude, frequency, 40, normalize=True)
    ours = konno_ohmachi(amplitude, frequency, frequency[50:], 40.0, cut=40.0)
    # 1 %: theirs weighs all frequencies, and smooths in log frequency
    np.testing.assert_allclose(ours, theirs[50:], rtol=1e-2)


@given(turn=st.floats(0.0, np.pi), gain=st.floats(1e-9, 1e6))
def test_the_effective_spectrum_follows_the_gain_and_not_the_orientation(turn, gain):
    record = np.random.default_rng(2).normal(size=(2, 512))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    np.testing.assert_allclose(
        effective_amplitude_spectrum(gain * rotation @ record, RATE_HZ, [2.0, 10.0]),
        gain * effective_amplitude_spectrum(record, RATE_HZ, [2.0, 10.0]),
        rtol=1e-9,
    )


def test_spectrum_and_response_agree_with_random_vibration_theory():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyrvt = pytest.importorskip("pyrvt")
    rng = np.random.default_rng(4)
    duration_s, periods = 20.0, np.array([0.2, 0.5])
    records = rng.normal(size=(60, int(duration_s * RATE_HZ)))
    records = np.fft.irfft(
        np.fft.rfft(records) * np.exp(-((np.fft.rfftfreq(2000, 0.01) / 20.0) ** 4)), 2000
    )
    measured = np.exp(np.log(response_spectra(records, RATE_HZ, periods)).mean(axis=0))
    frequency = np.geomspace(0.5, 40.0, 200)
    amplitude = np.sqrt(np.mean(band_amplitude(records, RATE_HZ, frequency) ** 2, axis=0))
    motion = pyrvt.motions.RvtMotion(frequency, amplitude, duration_s, "V75")
    theory = motion.calc_osc_accels(1.0 / periods, 0.05)
    # 7 %: theory of stationary noise, and 60 draws
    np.testing.assert_allclose(measured, theory, rtol=0.07)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DataError, match="2 samples"):
        fourier_amplitude([1.0], RATE_HZ)
    with pytest.raises(DataError, match="rate above 0"):
        fourier_amplitude([1.0, 2.0], 0.0)
    with pytest.raises(DataError, match="two components"):
        effective_amplitude_spectrum(np.ones((3, 64)), RATE_HZ, [5.0])
    with pytest.raises(DataError, match="above 0"):
        konno_ohmachi(np.ones(5), np.arange(5.0), [0.0])
    with pytest.raises(DataError, match="share their last"):
        konno_ohmachi(np.ones(5), np.arange(6.0), [1.0])


def test_real_records_have_the_spectra_of_their_table(data_dir: Path):
    from mainshock.shaking.records import open_records

    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5")
    records = records.take(np.arange(0, len(records), 6))
    frequencies = [1.0, 2.0, 5.0, 10.0]
    rows = [
        effective_amplitude_spectrum(one.acceleration[:2], one.sampling_rate_hz, frequencies)
        for one in records
    ]
    table = records.table[[f"eas_{one:g}hz" for one in frequencies]].to_numpy()
    difference = np.abs(np.log(np.array(rows) / table))
    # their window is not cut, which shows where few frequencies lie within it
    assert difference[:, 1:].max() < 0.02
    assert difference[:, 0].max() < 0.05
    assert np.median(difference) < 1e-3
