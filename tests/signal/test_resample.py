"""Resampling keeps time, amplitude and gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.signal.resample import raise_rate, resample_waveform

RATES_HZ = (20.0, 25.0, 40.0, 50.0, 62.5, 75.0, 80.0, 100.0, 120.0, 125.0, 200.0, 250.0)
START = parse_utc("2020-01-01T00:00:00Z")


def _record(samples: np.ndarray, rate_hz: float, **fields) -> Waveform:
    stacked = np.vstack([samples] * 3).astype(np.float32)
    return Waveform("XX", "ABC", "", "HH", START, rate_hz, stacked, **fields)


def _sine(frequency_hz: float, rate_hz: float, n_samples: int) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / rate_hz + 0.3)


@pytest.mark.parametrize("old_hz", RATES_HZ)
@pytest.mark.parametrize("new_hz", [50.0, 100.0])
def test_sinusoid_below_both_nyquist_frequencies_is_preserved(old_hz, new_hz):
    frequency_hz = 0.3 * min(old_hz, new_hz)
    out = resample_waveform(
        _record(_sine(frequency_hz, old_hz, round(20 * old_hz)), old_hz), new_hz
    )
    expected = _sine(frequency_hz, new_hz, out.n_samples)
    middle = slice(round(2 * new_hz), -round(2 * new_hz))
    # 0.5 %: ripple of the filter at 60 % of its corner
    assert np.abs(out.samples[0] - expected)[middle].max() < 5e-3
    assert out.start == START
    assert out.sampling_rate_hz == new_hz
    assert abs(out.n_samples / new_hz - 20.0) <= 1 / new_hz


def test_frequencies_above_the_new_nyquist_are_removed():
    out = resample_waveform(_record(_sine(70.0, 200.0, 4000), 200.0), 100.0)
    assert np.abs(out.samples[0, 200:-200]).max() < 0.01


def test_same_rate_gives_the_same_object():
    record = _record(np.arange(100.0), 100.0)
    assert resample_waveform(record, 100.0) is record


@settings(max_examples=25)
@given(
    gain=st.floats(0.01, 100.0),
    old_hz=st.sampled_from(RATES_HZ),
    new_hz=st.sampled_from(RATES_HZ),
    seed=st.integers(0, 2**16),
)
def test_gain_passes_through(gain, old_hz, new_hz, seed):
    samples = np.random.default_rng(seed).normal(size=300)
    plain = resample_waveform(_record(samples, old_hz), new_hz).samples
    scaled = resample_waveform(_record(gain * samples, old_hz), new_hz).samples
    np.testing.assert_allclose(scaled, gain * plain, rtol=1e-4, atol=1e-4 * gain)


@settings(max_examples=25)
@given(n_shift=st.integers(1, 40), old_hz=st.sampled_from((25.0, 50.0, 200.0)))
def test_delay_of_the_clock_delays_the_result(n_shift, old_hz):
    new_hz, n_samples = 100.0, 800
    pulse = np.exp(-(((np.arange(n_samples) - 400) / 6.0) ** 2))
    moved = np.roll(pulse, n_shift)
    times = [
        np.argmax(resample_waveform(_record(one, old_hz), 4 * new_hz).samples[0]) / (4 * new_hz)
        for one in (pulse, moved)
    ]
    assert times[1] - times[0] == pytest.approx(n_shift / old_hz, abs=1 / (4 * new_hz))


def test_constant_offset_stays_constant_across_gaps_and_edges():
    samples = np.full(1000, 5000.0)
    samples[300:400] = 0.0
    out = resample_waveform(_record(samples, 50.0, gaps=((300, 400),)), 100.0)
    assert out.gaps == ((600, 800),)
    assert (out.samples[:, 600:800] == 0).all()
    outside = np.r_[out.samples[0, :600], out.samples[0, 800:]]
    np.testing.assert_allclose(outside, 5000.0, rtol=1e-5)


def test_component_recorded_inside_the_gap_of_another_one_is_kept():
    samples = np.vstack([_sine(2.0, 50.0, 1000)] * 3).astype(np.float32)
    samples[1, 300:400] = 0.0
    record = Waveform("XX", "ABC", "", "HH", START, 50.0, samples, gaps=((300, 400),))
    out = resample_waveform(record, 100.0)
    assert (out.samples[1, 600:800] == 0).all()
    np.testing.assert_allclose(out.samples[0, 600:800], _sine(2.0, 100.0, 2000)[600:800], atol=5e-3)


def test_touching_gaps_are_joined_when_the_rate_falls():
    record = _record(np.ones(100), 200.0, gaps=((10, 11), (12, 13)))
    assert resample_waveform(record, 50.0).gaps == ((2, 4),)


def test_missing_component_stays_zero():
    samples = np.zeros((3, 50), dtype=np.float32)
    samples[0] = 1.0
    has = (True, False, False)
    record = Waveform("XX", "ABC", "", "HH", START, 50.0, samples, has_component=has)
    out = resample_waveform(record, 100.0)
    assert not out.samples[1:].any()
    assert out.has_component == (True, False, False)


def test_odd_rate_does_not_drift_over_an_hour():
    rate_hz, frequency_hz = 99.97, 0.5
    n_samples = round(3600 * rate_hz)
    out = resample_waveform(_record(_sine(frequency_hz, rate_hz, n_samples), rate_hz), 100.0)
    late = slice(350_000, 351_000)
    expected = _sine(frequency_hz, 100.0, out.n_samples)
    # half an interval, 5 ms, is the promise: 0.016 of the phase of this sinusoid
    assert np.abs(out.samples[0, late] - expected[late]).max() < 0.02


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_shortest_records_survive(n_samples):
    assert resample_waveform(_record(np.ones(n_samples), 50.0), 100.0).n_samples == 2 * n_samples


@pytest.mark.parametrize("rate_hz", [0.0, -100.0, float("nan"), float("inf")])
def test_impossible_rate_is_refused(rate_hz):
    with pytest.raises(DataError, match="sampling_rate_hz"):
        resample_waveform(_record(np.ones(10), 50.0), rate_hz)


@pytest.mark.parametrize(("old_hz", "new_hz"), [(100.0, 200.0), (50.0, 100.0), (200.0, 100.0)])
def test_part_of_a_record_gives_the_same_samples_as_the_whole(old_hz, new_hz, rng):
    """A large offset that the line through the ends leaves must not become a ripple."""
    samples = (5000.0 + rng.normal(size=(3, 4000))).astype(np.float32)
    samples[:, -1] += 20_000.0  # the line of the whole record is far from its samples
    start = parse_utc("2020-01-01")
    whole = resample_waveform(Waveform("XX", "A", "", "HH", start, old_hz, samples), new_hz)
    part = resample_waveform(
        Waveform("XX", "A", "", "HH", start, old_hz, samples[:, :2000]), new_hz
    )
    inside = slice(100, part.n_samples - 100)
    np.testing.assert_allclose(part.samples[:, inside], whole.samples[:, inside], atol=2e-3)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_raising_the_rate_of_arrays_is_resampling(factor, rng):
    samples = rng.normal(size=(3, 500)).astype(np.float32)
    record = Waveform("XX", "A", "", "HH", parse_utc("2020-01-01"), 100.0, samples)
    expected = resample_waveform(record, 100.0 * factor).samples
    np.testing.assert_allclose(raise_rate(samples, factor), expected, atol=1e-5)
