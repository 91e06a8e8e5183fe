import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.network import NetworkPicker
from mainshock.detect.windowing import (
    WindowStack,
    normalise_windows,
    sliding_curves,
    stack_windows,
    window_starts,
)

START = parse_utc("2020-01-01T00:00:00Z")


def _plain_window(samples: np.ndarray, start: int, n_window: int) -> np.ndarray:
    """The same by the formula, one window and one component at a time."""
    window = np.zeros((len(samples), n_window))
    for row, component in zip(window, samples.astype(float), strict=True):
        piece = component[start : start + n_window]
        piece = piece - piece.mean()
        spread = np.sqrt((piece**2).sum() / n_window)
        row[: len(piece)] = piece / spread if spread > 0.0 else 0.0
    return window


@given(
    n_samples=st.integers(1, 400),
    n_window=st.integers(2, 120),
    overlap=st.floats(0.0, 0.9),
    offset=st.floats(-1e6, 1e6),
    seed=st.integers(0, 9),
)
@settings(max_examples=60)
def test_windows_follow_the_formula(n_samples, n_window, overlap, offset, seed):
    rng = np.random.default_rng(seed)
    samples = (rng.standard_normal((3, n_samples)) + offset).astype(np.float32)
    samples[1] = 0.0
    starts = window_starts(n_samples, n_window, overlap)
    windows = normalise_windows(samples, starts, n_window)
    assert windows.dtype == np.float32
    assert windows.flags.c_contiguous
    for window, start in zip(windows, starts, strict=True):
        # single precision of a normalised window: values up to the square root of its length
        np.testing.assert_allclose(window, _plain_window(samples, start, n_window), atol=1e-5)


@given(
    n_samples=st.integers(1, 500),
    overlap=st.floats(0.0, 0.9),
    stacking=st.sampled_from(["ramp", "mean", "max"]),
)
@settings(max_examples=60)
def test_network_that_always_says_the_same_draws_a_level_line(n_samples, overlap, stacking):
    def network(windows):
        return np.full((len(windows), 3, windows.shape[-1]), 0.25, dtype=np.float32)

    samples = np.ones((3, n_samples), dtype=np.float32)
    curves = sliding_curves(network, samples, 100, overlap, stacking=stacking)
    assert curves.shape == (2, n_samples)
    np.testing.assert_allclose(curves, 0.25, rtol=1e-5)


@pytest.mark.parametrize("stacking", ["ramp", "mean", "max"])
def test_windows_one_by_one_and_all_at_once_give_the_same(rng, stacking):
    starts = window_starts(5_000, 300, 0.5)
    curves = rng.random((len(starts), 2, 300)).astype(np.float32)
    stack = WindowStack(2, 5_000, 300, stacking, (20, 30))
    for curve, start in zip(curves, starts, strict=True):
        stack.add(curve[np.newaxis], np.array([start]))
    together = stack_windows(curves, starts, 5_000, stacking=stacking, blinding=(20, 30))
    np.testing.assert_array_equal(stack.curves(), together)
    np.testing.assert_array_equal(stack.curves(), together)  # asking changes nothing


def test_average_and_highest_are_what_they_say():
    curves = np.array([[[0.1, 0.2, 0.3, 0.4]], [[0.9, 0.1, 0.5, 0.6]]], dtype=np.float32)
    starts = np.array([0, 2])
    mean = stack_windows(curves, starts, 6, stacking="mean")[0]
    highest = stack_windows(curves, starts, 6, stacking="max")[0]
    np.testing.assert_allclose(mean, [0.1, 0.2, 0.6, 0.25, 0.5, 0.6], rtol=1e-6)
    np.testing.assert_allclose(highest, [0.1, 0.2, 0.9, 0.4, 0.5, 0.6], rtol=1e-6)


@pytest.mark.parametrize("stacking", ["ramp", "mean", "max"])
def test_blinded_ends_of_a_record_are_not_a_number(stacking):
    starts = window_starts(1_000, 100, 0.5)
    curves = np.full((len(starts), 1, 100), 0.5, dtype=np.float32)
    curve = stack_windows(curves, starts, 1_000, stacking=stacking, blinding=(10, 20))[0]
    assert np.isnan(curve[:10]).all()
    assert np.isnan(curve[-20:]).all()
    np.testing.assert_allclose(curve[10:-20], 0.5, rtol=1e-6)


def test_stacking_that_makes_no_sense_is_refused():
    with pytest.raises(SettingsError, match="median"):
        WindowStack(2, 1_000, 100, "median")  # type: ignore[arg-type]
    for blinding in ((-1, 0), (50, 50)):
        with pytest.raises(SettingsError, match="blinding"):
            WindowStack(2, 1_000, 100, "mean", blinding)


@pytest.mark.parametrize(
    "rate_hz", [20.0, 31.25, 40.0, 50.0, 62.5, 80.0, 100.0, 125.0, 200.0, 250.0]
)
def test_curves_span_records_of_every_usual_rate(rate_hz, rng):
    """Synthetic noise: what is tested is the span of the curves, not what they say."""
    samples = rng.standard_normal((3, round(47.0 * rate_hz))).astype(np.float32)
    record = Waveform("XX", "ABC", "", "HH", START, rate_hz, samples)
    curves = NetworkPicker().annotate(record)
    assert curves.start == record.start
    n_expected = record.n_samples * curves.sampling_rate_hz / rate_hz
    assert abs(curves.probability.shape[1] - n_expected) <= 1.0
    assert np.isfinite(curves.probability).all()
    assert curves.probability.min() >= 0.0
    assert curves.probability.max() <= 1.0
