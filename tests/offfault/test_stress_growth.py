"""Faults that grow by stress: where they begin, how they turn, and that they take over."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mainshock.offfault.generator.run import simulate_frames, simulate_run
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.generator.sheet import base_motion, solve_sheet
from mainshock.offfault.generator.stress_growth import GrowingFaults, draw_growing_faults
from mainshock.offfault.label import applied_velocity

FloatArray = NDArray[np.float64]
SETTINGS = GeneratorSettings(n_columns=150, growth="stress")
SHAPE = (135, 150)
BASE = base_motion(SHAPE[0], np.full(SHAPE[1], 67.0), 5.0)


def growing(strength: float = 0.006, friction: float = 0.5, seed: int = 0) -> GrowingFaults:
    return GrowingFaults(
        np.ones(SHAPE), BASE, 24.0, strength, friction, 6.0, 2000.0, np.random.default_rng(seed)
    )


def test_a_sheet_of_great_strength_stays_intact():
    faults = growing(strength=1.0)
    faults.advance_to(1.7)
    assert faults.tips == []
    assert faults.weakness().max() == 0.0


def test_faults_begin_once_the_load_exceeds_the_strength():
    """The Coulomb stress of the intact sheet grows with time; its largest value is known."""
    across = np.gradient(solve_sheet(np.ones(SHAPE), BASE, 24.0), axis=0).max()
    # largest over all planes: shear times the square root of 1 + friction squared
    onset = 0.006 / (across * np.hypot(1.0, 0.5))
    before, after = growing(), growing()
    before.advance_to(0.9 * onset)
    after.advance_to(1.2 * onset)
    assert before.tips == []
    assert after.tips
    rows = np.array([tip.row for tip in after.tips])
    assert np.abs(rows - 67.0).max() < 12.0


@pytest.mark.parametrize("friction", [0.3, 0.7])
def test_first_faults_are_riedel_shears(friction: float):
    """They lie at half the angle of friction from the zone, rising to the right."""
    faults = growing(strength=0.008, friction=friction)
    while len(faults.tips) < 6:
        faults.advance_to(faults.time + 0.05)
    faults.advance_to(faults.time + 0.1)
    slopes = []
    for left, right in zip(faults.tips[:6:2], faults.tips[1:6:2], strict=True):
        slopes.append(np.arctan2(right.row - left.row, right.column - left.column))
    assert np.mean(slopes) == pytest.approx(-0.5 * np.arctan(friction), abs=np.radians(5.0))


def test_tips_stop_at_other_faults_and_at_the_edges():
    faults = growing()
    faults.advance_to(1.5)
    stopped = [tip for tip in faults.tips if not tip.is_active]
    assert stopped
    for tip in stopped:
        row, column = round(tip.row), round(tip.column)
        if 0 <= tip.column <= SHAPE[1] - 1:
            near = faults.owner[row - 1 : row + 2, max(0, column - 1) : column + 2]
            assert set(np.unique(near)) - {0, tip.fault}


def test_weakness_follows_slip_within_its_limits():
    faults = growing()
    faults.advance_to(1.5)
    weakness = faults.weakness()
    on_fault = faults.owner > 0
    assert (weakness[~on_fault] == 0.0).all()
    assert weakness[on_fault].min() >= 6.0
    assert weakness.max() == pytest.approx(2000.0)
    most, least = (
        np.argmax(np.where(on_fault, faults.slip, -1)),
        np.argmin(np.where(on_fault, faults.slip, np.inf)),
    )
    assert weakness.flat[most] > 10.0 * weakness.flat[least]


def test_steps_do_not_depend_on_how_often_one_looks():
    once, often = growing(seed=4), growing(seed=4)
    once.advance_to(0.6)
    for time in np.arange(1, 7) * 0.1:
        often.advance_to(float(time))
    np.testing.assert_array_equal(once.owner, often.owner)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_efficiency_grows_from_nothing_to_a_fault_that_goes_through(seed: int):
    windows = simulate_run(SETTINGS, seed)
    first, last = windows.frame.min(), windows.frame.max()
    assert last == SETTINGS.frames_per_run - 1
    assert windows.ke[windows.frame == first].mean() < 0.2
    assert windows.ke[windows.frame == last].mean() >= 0.6
    assert set(np.unique(windows.maps)) == {0, 1}


def test_before_the_first_fault_the_sheet_only_bends():
    early = replace(SETTINGS, time_range=(0.01, 0.1), frames_per_run=2)
    for frame in simulate_frames(early, np.random.default_rng(0), is_split=False):
        assert np.abs(np.gradient(frame.u, axis=0)).max() < 0.06
        assert applied_velocity(frame.u, frame.v) > 0.5


def test_the_same_seed_grows_the_same_faults():
    one, again = simulate_run(SETTINGS, 9), simulate_run(SETTINGS, 9)
    np.testing.assert_array_equal(one.maps, again.maps)
    drawn = [
        draw_growing_faults(np.random.default_rng(seed), np.ones(SHAPE), BASE, 24.0, (6.0, 2000.0))
        for seed in (1, 2)
    ]
    assert drawn[0].strength != drawn[1].strength


def test_growth_by_stress_goes_with_plane_stress():
    both = replace(SETTINGS, physics="plane-stress", frames_per_run=3)
    windows = simulate_run(both, 1)
    assert len(windows) > 0
    assert windows.ke.max() > 0.4
