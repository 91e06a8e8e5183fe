import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.signal.characteristic import recursive_sta_lta
from mainshock.signal.onset import aic_curve, find_onset


def step(onset: int, ratio: float, seed: int, n: int = 300) -> np.ndarray:
    """Synthetic noise whose amplitude grows by ``ratio`` at a sample."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) * np.where(np.arange(n) < onset, 1.0, ratio)


@given(onset=st.integers(60, 240), seed=st.integers(0, 1000))
def test_onset_is_found_and_sigma_covers_it(onset, seed):
    found = find_onset(step(onset, 8.0, seed))
    assert abs(found.sample - onset) <= max(8.0, 4.0 * found.sigma_samples)


def test_clear_onsets_are_sharper_than_weak_ones():
    clear = np.mean([find_onset(step(150, 20.0, seed)).sigma_samples for seed in range(20)])
    weak = np.mean([find_onset(step(150, 1.6, seed)).sigma_samples for seed in range(20)])
    assert clear < weak


def test_curve_agrees_with_the_plain_formula():
    x = step(100, 5.0, 1)
    curve = aic_curve(x)
    for k in (20, 100, 250):
        plain = k * np.log(x[:k].var()) + (x.size - k) * np.log(x[k:].var())
        assert curve[k] == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("samples", [np.zeros(100), np.ones(5)])
def test_flat_and_short_windows_are_refused(samples):
    with pytest.raises(DataError, match="onset"):
        find_onset(samples)


def test_sta_lta_agrees_with_obspy():
    from obspy.signal.trigger import recursive_sta_lta as reference

    x = step(2500, 6.0, 3, n=4000)
    ours = recursive_sta_lta(x, 100.0, 0.5, 10.0)
    theirs = reference(x, 50, 1000)
    # ObsPy starts its averages at 1e-99 and 0, we with the first sample; both have forgotten it
    np.testing.assert_allclose(ours[3000:], theirs[3000:], rtol=0.02)


def test_sta_must_be_shorter_than_lta():
    with pytest.raises(DataError, match="lta_s"):
        recursive_sta_lta(np.ones(100), 100.0, 10.0, 1.0)
