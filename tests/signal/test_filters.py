"""Filters against ObsPy's, and trends that leave gaps alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.signal.filter import bandpass as obspy_bandpass

from mainshock.core.errors import DataError
from mainshock.signal.filters import bandpass, demean, detrend


@pytest.mark.parametrize("zero_phase", [False, True])
def test_agrees_with_obspy_on_a_transient(rng, zero_phase):
    samples = np.zeros(3000)
    samples[1000:2000] = rng.normal(size=1000) * np.hanning(1000)
    ours = bandpass(samples, 100.0, 1.0, 20.0, zero_phase=zero_phase)
    theirs = obspy_bandpass(samples, 1.0, 20.0, 100.0, corners=4, zerophase=zero_phase)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize(("frequency_hz", "expected"), [(0.1, 0.0), (5.0, 1.0), (45.0, 0.0)])
def test_gain_inside_and_outside_the_band(frequency_hz, expected):
    samples = np.sin(2 * np.pi * frequency_hz * np.arange(6000) / 100.0)
    out = bandpass(samples, 100.0, 1.0, 20.0)
    assert np.abs(out[3000:]).max() == pytest.approx(expected, abs=0.02)


@settings(max_examples=25)
@given(gain=st.floats(1e-6, 1e6), n_shift=st.integers(0, 300), seed=st.integers(0, 2**16))
def test_is_linear_and_knows_no_clock(gain, n_shift, seed):
    noise = np.random.default_rng(seed).normal(size=200)
    early, late = np.zeros(1000), np.zeros(1000)
    early[100:300] = noise
    late[100 + n_shift : 300 + n_shift] = gain * noise
    out_early, out_late = (bandpass(one, 50.0, 1.0, 10.0) for one in (early, late))
    np.testing.assert_allclose(
        out_late[n_shift:], gain * out_early[: 1000 - n_shift], atol=1e-9 * gain
    )


def test_offset_makes_no_step():
    assert np.abs(bandpass(np.full(1000, 1e6), 100.0, 1.0, 20.0)).max() < 1e-3


def test_keeps_shape_and_single_precision(rng):
    samples = rng.normal(size=(2, 3, 500)).astype(np.float32)
    out = bandpass(samples, 100.0, 1.0, 20.0)
    assert out.shape == samples.shape
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[1, 2], bandpass(samples[1, 2], 100.0, 1.0, 20.0), atol=1e-6)


@pytest.mark.parametrize("n_samples", [0, 1, 5])
@pytest.mark.parametrize("zero_phase", [False, True])
def test_short_records_pass(n_samples, zero_phase):
    assert bandpass(np.ones(n_samples), 100.0, 1.0, 20.0, zero_phase=zero_phase).size == n_samples


@pytest.mark.parametrize(("low_hz", "high_hz"), [(0.0, 5.0), (5.0, 1.0), (1.0, 50.0), (1.0, 80.0)])
def test_impossible_band_is_refused_with_its_limit(low_hz, high_hz):
    with pytest.raises(DataError, match="below 50 Hz"):
        bandpass(np.ones(100), 100.0, low_hz, high_hz)


@settings(max_examples=50)
@given(
    offset=st.floats(-1e4, 1e4),
    slope=st.floats(-10, 10),
    gap=st.tuples(st.integers(0, 80), st.integers(1, 19)),
    seed=st.integers(0, 2**16),
)
def test_trend_is_removed_outside_gaps_and_gaps_stay_zero(offset, slope, gap, seed):
    noise = np.random.default_rng(seed).normal(size=100)
    first, past_last = gap[0], gap[0] + gap[1]
    samples = noise + offset + slope * np.arange(100)
    samples[first:past_last] = 0.0
    out = detrend(samples, gaps=[(first, past_last)])
    assert (out[first:past_last] == 0.0).all()
    index = np.r_[0:first, past_last:100]
    expected = noise[index] - np.polyval(np.polyfit(index, noise[index], 1), index)
    np.testing.assert_allclose(out[index], expected, atol=1e-7)


def test_mean_of_each_channel_and_a_gap_of_one_channel_only():
    samples = np.array([[2.0, 4.0, 6.0], [5.0, 0.0, 7.0], [0.0, 0.0, 0.0]])
    out = demean(samples, gaps=[(1, 2)])
    np.testing.assert_allclose(out, [[-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("n_samples", [0, 1, 2])
def test_trend_of_almost_nothing(n_samples):
    assert not detrend(np.ones((3, n_samples)), gaps=[]).any()
