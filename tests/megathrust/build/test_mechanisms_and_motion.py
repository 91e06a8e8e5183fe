"""Kinds of faulting, plate motion and heat flow against known cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.megathrust.build.geometry import unit_vectors
from mainshock.megathrust.build.kinematics import heat_flow_mw_m2, plate_motion
from mainshock.megathrust.build.mechanisms import axis_sines, is_thrust


def _tensor(strike_deg: float, dip_deg: float, rake_deg: float) -> np.ndarray:
    """Return rr, tt, pp, rt, rp, tp of a double couple (Aki and Richards, 1980, box 4.4)."""
    strike, dip, rake = np.radians([strike_deg, dip_deg, rake_deg])
    normal = np.array([-np.sin(dip) * np.sin(strike), np.sin(dip) * np.cos(strike), -np.cos(dip)])
    slip = np.array(
        [
            np.cos(rake) * np.cos(strike) + np.cos(dip) * np.sin(rake) * np.sin(strike),
            np.cos(rake) * np.sin(strike) - np.cos(dip) * np.sin(rake) * np.cos(strike),
            -np.sin(dip) * np.sin(rake),
        ]
    )
    m = np.outer(slip, normal) + np.outer(normal, slip)  # north, east, down
    return np.array([m[2, 2], m[0, 0], m[1, 1], m[2, 0], -m[2, 1], -m[0, 1]])


@given(st.floats(0.0, 360.0), st.floats(20.0, 70.0))
def test_dip_slip_and_strike_slip_are_told_apart(strike: float, dip: float) -> None:
    tensors = np.stack([_tensor(strike, dip, rake) for rake in (90.0, -90.0)])
    sines = axis_sines(tensors * 1e27)
    # T of a pure thrust plunges by 45 degrees plus or minus the dip's distance from it
    assert sines[0, 0] == pytest.approx(np.sin(np.radians(90.0 - abs(dip - 45.0))) ** 2)
    assert sines.sum(axis=1) == pytest.approx(1.0)
    assert is_thrust(sines).tolist() == [True, False]
    assert not is_thrust(axis_sines(_tensor(strike, 90.0, 0.0)[None]))[0]


def test_a_tensor_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="finite components"):
        axis_sines(np.full((1, 6), np.nan))


def test_head_on_and_sideways_motion() -> None:
    nodes = unit_vectors([0.0, 0.0], [0.0, 0.0])
    landward = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])  # east, north
    pole = np.radians(1.0) * np.array([[0.0, 0.0, 1.0]] * 2)  # 1 degree per million years eastward
    motion = plate_motion(nodes, landward, pole, np.zeros((2, 3)))
    assert motion.convergence_mm_yr == pytest.approx(111.19, abs=0.01)
    assert motion.obliquity_deg == pytest.approx([0.0, 90.0])
    assert motion.lower_mm_yr == pytest.approx([111.19, 0.0], abs=0.01)


def test_heat_flow_of_old_and_young_sea_floor() -> None:
    flow = heat_flow_mw_m2([0.2, 25.0, 100.0, np.nan])
    assert flow[:3] == pytest.approx([510.0, 102.0, 53.95], abs=0.01)
    assert np.isnan(flow[3])
