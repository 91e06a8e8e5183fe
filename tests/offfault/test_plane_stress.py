"""Both components of the sheet: against the scalar solution, symmetry, and faults that step."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.offfault.generator.plane_stress import solve_plane_stress
from mainshock.offfault.generator.sheet import base_motion, solve_sheet

FloatArray = NDArray[np.float64]
SHAPE = (135, 90)
STRAIGHT = base_motion(SHAPE[0], np.full(SHAPE[1], 67.0), 5.0)


def stepping_fault(weakness: float = 300.0) -> FloatArray:
    """Return the modulus of a sheet whose fault steps aside half-way."""
    modulus = np.ones(SHAPE)
    modulus[61, :50] = 1.0 / (1.0 + weakness)
    modulus[73, 40:] = 1.0 / (1.0 + weakness)
    return modulus


@pytest.mark.parametrize("weakness", [0.0, 50.0])
def test_a_straight_fault_moves_as_in_the_scalar_sheet(weakness: float):
    modulus = np.ones(SHAPE)
    modulus[67] = 1.0 / (1.0 + weakness)
    u, v = solve_plane_stress(modulus, STRAIGHT, 24.0)
    assert np.abs(u - solve_sheet(modulus, STRAIGHT, 24.0)).max() < 0.003
    assert np.abs(v).max() < 1e-7


def test_a_stepping_fault_moves_the_sheet_across_strike():
    u, v = solve_plane_stress(stepping_fault(), STRAIGHT, 24.0)
    assert np.abs(v).max() > 0.01
    assert np.abs(u).max() < 0.6


def test_turned_by_half_a_turn_the_velocities_turn_with_it():
    modulus = stepping_fault()
    u, v = solve_plane_stress(modulus, STRAIGHT, 24.0)
    turned_u, turned_v = solve_plane_stress(modulus[::-1, ::-1], -STRAIGHT[::-1, ::-1], 24.0)
    np.testing.assert_allclose(turned_u, -u[::-1, ::-1], atol=1e-10)
    np.testing.assert_allclose(turned_v, -v[::-1, ::-1], atol=1e-10)


def test_nothing_but_the_base_pushes_the_sheet():
    """No edge bears a force along strike, so the drag of the base adds up to none."""
    base = STRAIGHT + 0.1
    u, _ = solve_plane_stress(stepping_fault(), base, 24.0)
    shares = np.ones(SHAPE)
    shares[[0, -1]] *= 0.5
    shares[:, [0, -1]] *= 0.5
    assert (shares * (u - base)).sum() == pytest.approx(0.0, abs=1e-8)


def test_free_edges_bear_no_shear_traction():
    """The strain between the outer rows is next to none beside that of the zone."""
    u, v = solve_plane_stress(stepping_fault(), STRAIGHT, 12.0)
    shear = (u[1] - u[0])[1:-1] + 0.5 * (v[0, 2:] - v[0, :-2])
    largest = np.abs(np.gradient(u, axis=0)).max()
    assert np.abs(shear).max() < 0.001 * largest


def test_pulled_along_strike_it_narrows_as_plane_stress_says():
    """Far from the held ends the strain across is minus Poisson's ratio times that along."""
    base = np.broadcast_to(0.01 * (np.arange(400.0) - 199.5), (135, 400))
    u, v = solve_plane_stress(np.ones(base.shape), base, 1e3, poisson=0.25)
    stretch = (u[67, 210] - u[67, 190]) / 20.0
    narrowing = (v[77, 200] - v[57, 200]) / 20.0
    assert narrowing / stretch == pytest.approx(-0.25, abs=0.005)


@pytest.mark.parametrize("poisson", [-0.1, 0.6])
def test_an_impossible_ratio_is_refused(poisson: float):
    with pytest.raises(SettingsError, match=r"give 0 to 0\.5"):
        solve_plane_stress(np.ones(SHAPE), STRAIGHT, 24.0, poisson=poisson)
