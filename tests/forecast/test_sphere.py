"""Places on the sphere of equal area."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from mainshock.forecast.sphere import (
    AUTHALIC_RADIUS_KM,
    authalic_latitude,
    cartesian_km,
    geographic,
)

_WGS84 = Geod(ellps="WGS84")


def test_the_sphere_has_the_area_of_the_ellipsoid():
    a, b = _WGS84.a / 1e3, _WGS84.b / 1e3
    e = np.sqrt(1 - b**2 / a**2)
    area = 2 * np.pi * a**2 * (1 + (1 - e**2) / e * np.arctanh(e))
    assert 4 * np.pi * AUTHALIC_RADIUS_KM**2 == pytest.approx(area, rel=1e-9)


def test_latitudes_are_those_of_proj():
    latitude = np.linspace(-90.0, 90.0, 37)
    # on a cylinder of equal area the northing is R sin(authalic latitude)
    cylinder = Transformer.from_crs("EPSG:4326", "+proj=cea +ellps=WGS84", always_xy=True)
    northing_km = np.array([cylinder.transform(0.0, one)[1] for one in latitude]) / 1e3
    # proj divides by the cosine of a standard parallel at the equator, k0 = 1
    scale = AUTHALIC_RADIUS_KM**2 / (_WGS84.a / 1e3)
    assert np.allclose(scale * np.sin(authalic_latitude(latitude)), northing_km, atol=1e-5)


@given(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))
def test_places_come_back(longitude: float, latitude: float):
    lon, lat = geographic(cartesian_km([longitude], [latitude]))
    assert abs(lat[0] - latitude) < 2e-8  # 2 mm
    away = (lon[0] - longitude + 180.0) % 360.0 - 180.0
    assert abs(away) * np.cos(np.radians(latitude)) < 2e-8


def test_points_need_not_lie_on_the_sphere():
    place = cartesian_km([12.0], [34.0])
    assert np.allclose(geographic(3.0 * place), geographic(place))


def test_chords_are_distances_to_the_stated_error(rng: np.random.Generator):
    lon, lat = rng.uniform(-180, 180, 500), np.degrees(np.arcsin(rng.uniform(-0.98, 0.98, 500)))
    for km in (1.0, 100.0, 1000.0):
        lon2, lat2, _ = _WGS84.fwd(lon, lat, rng.uniform(0, 360, 500), np.full(500, km * 1e3))
        chord = np.linalg.norm(cartesian_km(lon, lat) - cartesian_km(lon2, lat2), axis=1)
        assert np.abs(chord / km - 1.0).max() < 0.005
