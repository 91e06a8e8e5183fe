"""Spectra in bands, and records scaled to given ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.shaking.flow.spectra import bands_of, match_spectra
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ
from mainshock.signal.fourier_amplitude import band_amplitude

RATE_HZ, N = 50.0, 1600
BANDS = bands_of(RATE_HZ, N)


def test_amplitudes_are_those_that_records_are_measured_by(rng):
    records = rng.standard_normal((2, 3, N))
    measured = np.log(band_amplitude(records, RATE_HZ, BANDS.centres_hz))
    np.testing.assert_allclose(BANDS.ln_fas(records), measured, atol=1e-9)


def test_all_frequencies_of_the_measures_are_bands():
    assert set(FAS_FREQUENCIES_HZ) <= set(BANDS.centres_hz)


@pytest.mark.parametrize(("rate_hz", "n"), [(31.25, 900), (100.0, 6000), (200.0, 3000)])
def test_bands_of_other_records_hold_something(rate_hz, n):
    bands = bands_of(rate_hz, n)
    assert bands.centres_hz.size > 8
    assert np.isfinite(bands.members()).all()
    assert bands.centres_hz.max() * 1.12 <= 0.5 * rate_hz


@given(st.floats(-8.0, 8.0))
def test_a_gain_moves_all_bands_alike(ln_gain):
    record = np.random.default_rng(1).standard_normal(N)
    moved = BANDS.ln_fas(np.exp(ln_gain) * record) - BANDS.ln_fas(record)
    np.testing.assert_allclose(moved, ln_gain, atol=1e-9)


def test_a_matched_record_has_the_spectrum_asked_for(rng):
    ln_f = np.log(BANDS.centres_hz)
    wanted = -5.0 - 0.7 * np.abs(ln_f - 1.4) + 0.5 * np.sin(rng.uniform(0, 6, (20, 1)) + ln_f)
    envelope = np.exp(-np.arange(N) / 200.0)
    matched = match_spectra(envelope * rng.standard_normal((20, N)), wanted, BANDS)
    error = BANDS.ln_fas(matched) - wanted
    # the gain is smooth and bands lie close, so one band may give way to its neighbours
    assert np.abs(error.mean(axis=0)).max() < 0.05
    assert error[:, BANDS.centres_hz >= 1.0].std() < 0.06


def test_matching_moves_nothing_to_before_the_onset(rng):
    record = np.zeros(N)
    record[600:] = rng.standard_normal(N - 600) * np.exp(-np.arange(N - 600) / 150.0)
    wanted = BANDS.ln_fas(record) + 2.0 * np.sin(np.arange(BANDS.centres_hz.size))
    matched = match_spectra(record, wanted, BANDS)
    assert np.abs(matched[:590]).max() < 0.02 * np.abs(matched).max()
