import numpy as np
import pytest

from mainshock.core.records import Waveform
from mainshock.core.times import parse_utc
from mainshock.detect.base import ProbabilityCurves
from mainshock.detect.peaks import PeakRule, curve_picks
from mainshock.detect.windowing import normalise_windows, stack_windows, window_starts

START = parse_utc("2020-01-01T00:00:00Z")


def curves(*peaks: tuple[float, float, float]) -> ProbabilityCurves:
    """P curve with Gaussian peaks (second, height, sd in s); S is zero."""
    time = np.arange(3000) / 100.0
    p = sum(h * np.exp(-0.5 * ((time - t) / sd) ** 2) for t, h, sd in peaks)
    return ProbabilityCurves(START, 100.0, ("P", "S"), np.stack([p, 0 * p]).astype(np.float32))


def picks(curve: ProbabilityCurves, **rule: float):
    waveform = Waveform("XX", "A", "", "HH", START, 100.0, np.ones((3, 3000), np.float32))
    return curve_picks(curve, waveform, {"P": PeakRule(0.3, **rule), "S": PeakRule(0.3)}, "m")


def test_peak_time_is_finer_than_a_sample():
    (pick,) = picks(curves((10.0034, 0.8, 0.2)))
    assert (pick.time - START).total_seconds() == pytest.approx(10.0034, abs=5e-4)
    assert pick.probability == pytest.approx(0.8, abs=1e-3)


def test_bias_is_removed():
    (pick,) = picks(curves((10.0, 0.8, 0.2)), bias_s=0.03)
    assert (pick.time - START).total_seconds() == pytest.approx(9.97, abs=1e-3)


def test_wider_peaks_have_larger_sigma():
    (narrow,) = picks(curves((10.0, 0.8, 0.1)))
    (wide,) = picks(curves((10.0, 0.8, 0.5)))
    assert wide.sigma_s > narrow.sigma_s > 0.0


def test_peaks_below_the_threshold_and_too_close_are_left():
    found = picks(curves((5.0, 0.2, 0.2), (10.0, 0.9, 0.2), (10.6, 0.5, 0.1), (15.0, 0.6, 0.2)))
    assert [round((pick.time - START).total_seconds()) for pick in found] == [10, 15]


def test_pick_never_leaves_the_record():
    (pick,) = picks(curves((0.05, 0.9, 0.2)), bias_s=0.5)
    assert pick.time == START


def test_windows_cover_every_sample_and_end_with_the_record():
    for n_samples in (1, 3000, 3001, 3002, 10_000):
        starts = window_starts(n_samples, 3001, 0.5)
        covered = np.zeros(max(n_samples, 3001), dtype=bool)
        for start in starts:
            covered[start : start + 3001] = True
        assert covered.all()
        assert starts[-1] == max(0, n_samples - 3001)


def test_stacking_agrees_where_windows_agree():
    starts = window_starts(10_000, 3001, 0.5)
    truth = np.random.default_rng(0).random((2, 10_000)).astype(np.float32)
    blocks = np.stack([truth[:, start : start + 3001] for start in starts])
    np.testing.assert_allclose(stack_windows(blocks, starts, 10_000), truth, rtol=1e-5)


def test_normalised_windows_have_zero_mean_and_unit_spread():
    samples = np.random.default_rng(0).normal(50.0, 7.0, (3, 5000)).astype(np.float32)
    samples[2] = 0.0
    window = normalise_windows(samples, np.array([100]), 3001)[0]
    np.testing.assert_allclose(window[:2].mean(axis=1), 0.0, atol=1e-4)
    np.testing.assert_allclose(window[:2].std(axis=1), 1.0, rtol=1e-4)
    assert not window[2].any()
