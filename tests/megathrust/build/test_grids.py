"""Reading fields at any place."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SourceError
from mainshock.megathrust.build.geometry import unit_vectors
from mainshock.megathrust.build.grids import NodeField, RegularGrid, read_grid

LONGITUDE = np.arange(170.0, 191.0)
LATITUDE = np.arange(-10.0, 11.0)
PLANE = 2.0 * LONGITUDE[None, :] - LATITUDE[:, None]


@given(st.floats(170.0, 190.0), st.floats(-10.0, 10.0), st.sampled_from([-360.0, 0.0]))
def test_a_plane_is_read_exactly_on_either_count_of_longitude(
    longitude: float, latitude: float, turn: float
) -> None:
    grid = RegularGrid(LONGITUDE, LATITUDE, PLANE)
    assert grid(longitude + turn, latitude) == pytest.approx(2.0 * longitude - latitude)


def test_outside_is_missing() -> None:
    grid = RegularGrid(LONGITUDE, LATITUDE, PLANE)
    assert np.isnan(grid([160.0, 180.0, -160.0], [0.0, 20.0, 0.0])).all()


@pytest.mark.parametrize("last", [359.0, 360.0])
def test_a_global_grid_closes(last: float) -> None:
    longitude = np.arange(0.0, last + 1.0)
    values = np.repeat(np.cos(np.radians(longitude))[None, :], 3, axis=0)
    grid = RegularGrid(longitude, np.array([-1.0, 0.0, 1.0]), values)
    assert grid([-0.5, 359.5], [0.0, 0.0]) == pytest.approx(1.0, abs=1e-4)


def test_a_missing_corner_is_left_out_and_a_missing_field_stays_missing() -> None:
    values = np.full((2, 2), 7.0)
    values[0, 0] = np.nan
    grid = RegularGrid(np.array([0.0, 1.0]), np.array([0.0, 1.0]), values)
    assert grid(0.5, 0.5) == pytest.approx(7.0)
    assert np.isnan(grid(0.05, 0.05))


def test_unequal_steps_are_refused() -> None:
    with pytest.raises(DataError, match="equal steps"):
        RegularGrid(np.array([0.0, 1.0, 3.0]), LATITUDE, np.zeros((21, 3)))


def test_nodes_are_weighted_by_distance() -> None:
    nodes = unit_vectors([0.0, 2.0, 90.0, 180.0], [0.0, 0.0, 0.0, 0.0])
    field = NodeField(nodes, {"a": np.array([1.0, 3.0, 50.0, 50.0])})
    assert field([0.0, 1.0], [0.0, 0.0])["a"] == pytest.approx([1.0, 2.0], abs=0.05)


def test_xyz_text_and_netcdf_hold_the_same(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    lat, lon = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")
    rows = np.stack([lon.ravel(), lat.ravel(), PLANE.ravel()], axis=1)
    np.savetxt(tmp_path / "grid.xyz", rows, delimiter=",", fmt="%.6f")
    array = xarray.DataArray(PLANE[::-1], {"y": LATITUDE[::-1], "x": LONGITUDE}, ("y", "x"))
    array.to_dataset(name="z").to_netcdf(tmp_path / "grid.grd", engine="h5netcdf")
    places = [175.3, -171.2], [3.3, -8.8]
    expected = [2.0 * 175.3 - 3.3, 2.0 * 188.8 + 8.8]
    for name in ("grid.xyz", "grid.grd"):
        assert read_grid(tmp_path / name)(*places) == pytest.approx(expected)


def test_what_is_no_grid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.xyz").write_text("one two three\n")
    with pytest.raises(DataError, match="XYZ text"):
        read_grid(tmp_path / "words.xyz")
    with pytest.raises(SourceError, match="no grid"):
        read_grid(tmp_path / "absent.nc")
