"""Peaks, energy and duration of motions whose values are known, and of real records."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.signal.intensity import (
    arias_intensity,
    cumulative_absolute_velocity,
    high_passed,
    husid,
    integrated,
    rotd_peak,
    significant_duration,
)

RATE_HZ = 200.0


def whole_sine(frequency_hz: float = 2.0, amplitude: float = 3.0) -> np.ndarray:
    """20 s of a cosine of acceleration, whose velocity starts from rest."""
    time_s = np.arange(4000) / RATE_HZ
    return amplitude * np.cos(2.0 * np.pi * frequency_hz * time_s)


def test_integrals_of_a_sine():
    velocity, angular = integrated(whole_sine(), RATE_HZ), 4.0 * np.pi
    # 1 %: the trapezoidal rule at 100 samples a period
    assert np.abs(velocity).max() == pytest.approx(3.0 / angular, rel=0.01)
    # it starts from rest at one end of its swing
    expected = 2.0 * 3.0 / angular**2
    assert np.abs(integrated(velocity, RATE_HZ)).max() == pytest.approx(expected, rel=0.02)


def test_energy_of_a_sine():
    acceleration = np.stack([whole_sine(), whole_sine()])
    # half of the squared amplitude, over 20 s
    expected = np.pi / (2.0 * STANDARD_GRAVITY_M_S2) * 4.5 * 20.0
    np.testing.assert_allclose(arias_intensity(acceleration, RATE_HZ), expected, rtol=1e-3)
    cav = cumulative_absolute_velocity(acceleration, RATE_HZ)
    np.testing.assert_allclose(cav, 2.0 / np.pi * 3.0 * 20.0, rtol=2e-3)


def test_the_integral_starts_at_zero_and_undoes_the_derivative():
    time_s = np.arange(2001) / RATE_HZ
    pulse = np.exp(-0.5 * ((time_s - 5.0) / 0.4) ** 2)
    slope = -(time_s - 5.0) / 0.16 * pulse
    velocity = integrated(slope, RATE_HZ)
    assert velocity[0] == 0.0
    np.testing.assert_allclose(velocity, pulse, atol=2e-4)


def test_duration_of_even_energy_is_the_share_of_the_record():
    acceleration = np.ones((2, 1001))
    assert significant_duration(acceleration, 100.0) == pytest.approx(7.0, abs=0.02)
    assert significant_duration(acceleration, 100.0, end=0.95) == pytest.approx(9.0, abs=0.02)


def test_components_add_up_in_the_duration():
    early, late = np.zeros(1000), np.zeros(1000)
    early[100:110], late[600:610] = 1.0, 1.0
    assert significant_duration(np.stack([early, late]), 100.0) == pytest.approx(5.04, abs=0.02)


def test_a_record_of_zeros_has_no_duration():
    assert np.isnan(husid(np.zeros((2, 10)))).all()
    assert np.isnan(significant_duration(np.zeros((2, 10)), 100.0))


def test_high_pass_takes_half_at_the_corner_and_drift_altogether():
    time_s = np.arange(40_000) / RATE_HZ
    sine = np.sin(2.0 * np.pi * 0.5 * time_s)
    passed = high_passed(sine + 1.0 + 0.01 * time_s, RATE_HZ, 0.5)
    middle = slice(10_000, 30_000)
    np.testing.assert_allclose(passed[middle], 0.5 * sine[middle], atol=1e-3)


@given(st.floats(1e-9, 1e6))
def test_measures_follow_the_gain(gain):
    record = np.random.default_rng(1).normal(size=(2, 400))
    for measure, power in (
        (integrated, 1),
        (cumulative_absolute_velocity, 1),
        (arias_intensity, 2),
    ):
        expected = gain**power * measure(record, 50.0)
        np.testing.assert_allclose(measure(gain * record, 50.0), expected, rtol=1e-9)
    assert significant_duration(gain * record, 50.0) == significant_duration(record, 50.0)
    np.testing.assert_allclose(rotd_peak(gain * record), gain * rotd_peak(record), rtol=1e-9)


@given(st.integers(0, 1000))
def test_the_husid_curve_rises_from_zero_to_one(seed):
    curve = husid(np.random.default_rng(seed).normal(size=(3, 50)))
    assert (np.diff(curve) >= 0.0).all()
    assert 0.0 <= curve[0] <= curve[-1] == pytest.approx(1.0)


def test_the_median_direction_lies_between_least_and_greatest():
    least, median, greatest = rotd_peak(np.diag([1.0, 2.0]), (0, 50, 100))
    assert least < median < greatest == pytest.approx(2.0)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DataError, match="2 samples"):
        husid([1.0])
    with pytest.raises(DataError, match="above 0"):
        integrated([1.0, 2.0], 0.0)
    with pytest.raises(DataError, match="shares"):
        significant_duration(np.ones((2, 9)), 10.0, 0.8, 0.2)
    with pytest.raises(DataError, match="corner"):
        high_passed(np.ones(100), 10.0, 6.0)
    with pytest.raises(DataError, match="too few"):
        high_passed(np.ones(5), 10.0, 1.0)


def test_real_records_have_the_values_of_their_table(data_dir: Path):
    from mainshock.shaking.records import open_records

    records = open_records(data_dir / "groundmotion" / "real_waveforms.h5")
    records = records.take(np.arange(0, len(records), 6))
    rows = []
    for record in records:
        pair, rate_hz = record.acceleration[:2].astype(float), record.sampling_rate_hz
        rows.append(
            [
                rotd_peak(pair)[0],
                arias_intensity(pair, rate_hz).sum(),
                significant_duration(pair, rate_hz),
                significant_duration(pair, rate_hz, end=0.95),
            ]
        )
    table = records.table[["pga_rotd50", "arias_h", "d5_75", "d5_95"]].to_numpy()
    # the table has six digits; at most one sample of duration
    np.testing.assert_allclose(np.array(rows), table, rtol=5e-5, atol=0.033)
    np.testing.assert_allclose(np.array(rows)[:, :2], table[:, :2], rtol=5e-5)
