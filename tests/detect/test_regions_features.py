"""What a window is said to show: the same wherever P lies, and turned with the source."""

import numpy as np
import pytest

from mainshock.detect.regions.features import BANDS_HZ, DIRECTION, FEATURES, measure, measure_peaks
from mainshock.detect.regions.folds import time_folds
from mainshock.detect.regions.region_recipe import RegionRecipe
from mainshock.detect.regions.sampling import ArrivalSampler, joint_normalised

RATE_HZ = 20.0


def record(back_azimuth_deg: float, p: int = 200, s: int = 440, n: int = 1200) -> np.ndarray:
    """A P that moves up and away from the source, in weak noise."""
    rng = np.random.default_rng(5)
    samples = rng.normal(scale=0.01, size=(3, n))
    time = np.arange(60) / RATE_HZ
    pulse = np.sin(2 * np.pi * 2.0 * time) * np.exp(-time)
    angle = np.radians(back_azimuth_deg)
    line = np.array([0.8, -0.6 * np.cos(angle), -0.6 * np.sin(angle)])
    samples[:, p : p + 60] += line[:, None] * pulse
    samples[1:, s : s + 60] += 2.0 * pulse
    return samples.astype(np.float32)


def curves(p: int = 200, s: int = 440, n: int = 1200) -> np.ndarray:
    place = np.arange(n)
    return np.stack([0.9 * np.exp(-0.5 * ((place - at) / 4.0) ** 2) for at in (p, s)]).astype(
        np.float32
    )


@pytest.mark.parametrize("azimuth", [5.0, 120.0, 250.0])
def test_direction_and_time_are_those_of_the_source(azimuth):
    seen = dict(zip(FEATURES, measure(record(azimuth), curves(), RATE_HZ).values, strict=True))
    for band in range(len(BANDS_HZ)):
        found = np.degrees(np.arctan2(seen[f"east_{band}"], seen[f"north_{band}"]))
        assert abs((found - azimuth + 180) % 360 - 180) < 5.0
        assert seen[f"horizontal_share_{band}"] == pytest.approx(0.6, abs=0.05)
        assert seen[f"rectilinearity_{band}"] > 0.95
    assert seen["sp_s"] == pytest.approx(12.0, abs=0.05)


def test_measurements_do_not_depend_on_where_p_lies_nor_on_gain():
    early = measure(record(40.0), curves(), RATE_HZ).values
    late = measure(1e4 * record(40.0, 500, 740), curves(500, 740), RATE_HZ).values
    np.testing.assert_allclose(early, late, atol=0.03)


def test_a_record_without_motion_has_no_direction():
    seen = measure(np.zeros((3, 1200), np.float32), curves(), RATE_HZ).values
    assert np.isfinite(seen).all()
    assert not seen[3:].any()


def test_each_peak_is_measured():
    both = curves() + curves(800, 1000)
    found = measure_peaks(record(10.0), both, RATE_HZ)
    assert [one.p_sample for one in found] == [200, 800]


def test_the_baseline_sees_direction_alone():
    kinds = {name.rpartition("_")[0] for name in DIRECTION}
    assert kinds == {"north", "east", "rectilinearity"}
    assert len(DIRECTION) == 3 * len(BANDS_HZ)
    assert set(DIRECTION) < set(FEATURES)


def test_joint_scaling_keeps_the_ratios_of_components(rng):
    window = rng.normal(size=(3, 500)).astype(np.float32) * np.array([[1.0], [2.0], [5.0]])
    scaled = joint_normalised(window.astype(np.float32))
    ratio = scaled.std(axis=1) / window.std(axis=1)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_windows_are_moved_at_random_and_repeat_with_the_seed():
    recipe = RegionRecipe(batch_size=24)

    def sampler(seed):
        arrivals = np.array([[200.0, 440.0]])
        rng = np.random.default_rng(seed)
        return ArrivalSampler([record(30.0)], arrivals, [], recipe, rng)

    windows, labels = sampler(1).batch()
    again, _ = sampler(1).batch()
    np.testing.assert_array_equal(windows, again)
    assert windows.shape == labels.shape == (24, 3, 1200)
    assert np.isfinite(windows).all()
    has_p = labels[:, 0].max(axis=1) > 0.5
    places = labels[has_p, 0].argmax(axis=1)
    assert places.std() > 100
    np.testing.assert_allclose(labels.sum(axis=1).min(), 1.0, atol=1e-5)


def test_folds_are_blocks_of_time(rng):
    times = rng.permutation(50).astype(float)
    folds = time_folds(times, 5)
    assert (np.diff(folds[np.argsort(times)]) >= 0).all()
    assert np.bincount(folds).tolist() == [10] * 5
