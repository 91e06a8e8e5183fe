"""Lines, cells and coordinates on the sphere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import GeometryError, SettingsError
from mainshock.megathrust.build.geometry import (
    EARTH_RADIUS_KM,
    moved_km,
    places,
    resampled,
    trench_line,
    unit_vectors,
)

ONE_DEGREE_KM = EARTH_RADIUS_KM * np.pi / 180.0


def _meridian(longitude: float) -> np.ndarray:
    """A trench along a meridian from 10 degrees south to 10 north."""
    return unit_vectors(np.full(5, longitude), np.linspace(-10.0, 10.0, 5))


@given(st.floats(-180.0, 180.0), st.floats(-89.0, 89.0))
def test_places_undo_unit_vectors(longitude: float, latitude: float) -> None:
    lon, lat = places(unit_vectors(longitude, latitude))
    assert lat == pytest.approx(latitude, abs=1e-9)
    assert np.mod(lon - longitude + 180.0, 360.0) == pytest.approx(180.0, abs=1e-9)


def test_places_along_a_line_are_as_far_as_asked() -> None:
    line, arcs = resampled(_meridian(180.0), np.array([0.0, ONE_DEGREE_KM, 6.0 * ONE_DEGREE_KM]))
    _, latitude = places(line)
    assert latitude == pytest.approx([-10.0, -9.0, -4.0])
    assert arcs.tolist() == [0, 0, 1]


def test_places_beyond_an_end_are_the_end() -> None:
    line, _ = resampled(_meridian(0.0), np.array([-50.0, 1e6]))
    assert places(line)[1] == pytest.approx([-10.0, 10.0])


@given(st.floats(-180.0, 180.0), st.sampled_from([25.0, 50.0, 100.0]))
def test_segments_do_not_depend_on_longitude(longitude: float, spacing_km: float) -> None:
    line = trench_line(_meridian(longitude), "right", spacing_km=spacing_km)
    assert line.n_segments == int(20.0 * ONE_DEGREE_KM // spacing_km)
    lon, lat = line.cell(0.0, 300.0)
    east = np.mod(lon - longitude + 180.0, 360.0) - 180.0
    assert (east > 0.0).all()
    assert (east * np.cos(np.radians(lat)) < 300.0 / ONE_DEGREE_KM).all()


def test_a_cell_fills_its_width_on_the_named_side() -> None:
    line = trench_line(_meridian(179.9), "left", spacing_km=50.0)
    lon, lat = line.cell(-300.0, 0.0)
    assert lon.shape == (line.n_segments, 5 * 30)
    _, across = line.coordinates_km(lon.ravel(), lat.ravel())
    assert across.min() == pytest.approx(-295.0, abs=0.5)
    assert across.max() == pytest.approx(-5.0, abs=0.5)


@given(st.floats(200.0, 2000.0), st.floats(-290.0, 290.0))
def test_coordinates_undo_a_move(along_km: float, across_km: float) -> None:
    line = trench_line(_meridian(180.0), "left", spacing_km=50.0)
    node = int(along_km // 10.0)
    there = moved_km(line.nodes[node], line.landward[node], across_km)
    along, across = line.coordinates_km(*places(there))
    assert across[0] == pytest.approx(across_km, abs=0.1)
    assert along[0] == pytest.approx(line.along_km[node], abs=10.0)


@pytest.mark.parametrize("spacing_km", [5.0, 600.0])
def test_a_spacing_out_of_range_is_refused(spacing_km: float) -> None:
    with pytest.raises(SettingsError, match="between 10 and 500 km"):
        trench_line(_meridian(0.0), "left", spacing_km=spacing_km)


def test_a_short_trench_is_refused() -> None:
    with pytest.raises(GeometryError, match="smaller spacing"):
        trench_line(unit_vectors([0.0, 0.5], [0.0, 0.0]), "left", spacing_km=50.0)
