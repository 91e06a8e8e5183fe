"""Bands of the geoid and gravity against single harmonics."""

import numpy as np
import pytest
from scipy.special import sph_harm_y

from mainshock.core.errors import DataError
from mainshock.megathrust.build.gravity import (
    depth_degree,
    filtered,
    free_air_factor,
    geoid_band,
)
from mainshock.megathrust.build.grids import RegularGrid

STEP_DEG = 2.0
LAST_DEGREE = 45


def _harmonic(degree: int, order: int) -> RegularGrid:
    longitude = np.arange(0.0, 360.0 + STEP_DEG / 2, STEP_DEG)
    latitude = np.arange(-90.0, 90.0 + STEP_DEG / 2, STEP_DEG)
    colatitude = np.radians(90.0 - latitude)[:, None]
    values = sph_harm_y(degree, order, colatitude, np.radians(longitude)[None, :])
    return RegularGrid(longitude, latitude, np.real(values))


@pytest.mark.parametrize(("degree", "order"), [(2, 0), (7, 3), (20, 20), (45, 1), (0, 0)])
def test_a_harmonic_comes_back_with_its_degree_s_factor(degree: int, order: int) -> None:
    grid = _harmonic(degree, order)
    factors = {"all": np.ones_like, "FRE": free_air_factor}
    result = filtered(grid, factors, last_degree=LAST_DEGREE)
    assert result["all"].values == pytest.approx(grid.values, abs=1e-10)
    gravity = 0.0 if degree < 2 else 979_800.0 * (degree - 1) / 6_378_136.3
    assert result["FRE"].values == pytest.approx(gravity * grid.values, abs=1e-9)


def test_bands_of_all_depths_share_every_degree() -> None:
    degrees = np.arange(2, 400)
    shallow, deep = geoid_band(0.0, 100.0)(degrees), geoid_band(100.0, 1e9)(degrees)
    assert shallow + deep == pytest.approx(1.0)
    assert shallow.min() >= 0.0
    half = round(depth_degree(100.0)) - 2
    assert shallow[half] == pytest.approx(0.5, abs=0.02)


def test_gravity_fades_out_where_the_grid_ends() -> None:
    factor = free_air_factor(np.array([1, 300, 360]))
    assert factor[[0, 2]] == pytest.approx([0.0, 0.0])
    assert factor[1] == pytest.approx(45.93, abs=0.01)


def test_a_grid_with_gaps_or_too_coarse_is_refused() -> None:
    grid = _harmonic(2, 1)
    with pytest.raises(DataError, match="degree 60 needs"):
        filtered(grid, {"all": np.ones_like}, last_degree=60)
    grid.values[3, 3] = np.nan
    with pytest.raises(DataError, match="without gaps"):
        filtered(grid, {"all": np.ones_like}, last_degree=10)
