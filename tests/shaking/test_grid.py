"""Sites of maps: grids, squares around an epicentre, tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.shaking.grid import MOST_SITES, box_sites, sites_around, sites_from_text


def test_a_grid_runs_from_the_south_west_row_by_row():
    sites = box_sites((10.0, 11.0, 50.0, 51.0), 3, 2)
    assert sites.shape == (2, 3)
    assert sites.longitude.tolist() == [10.0, 10.5, 11.0] * 2
    assert sites.latitude.tolist() == [50.0] * 3 + [51.0] * 3
    assert np.isnan(sites.vs30_m_s).all()


def test_a_grid_may_span_the_180th_meridian():
    sites = box_sites((179.0, -179.0, -18.0, -16.0), 5, 3)
    assert sites.longitude.min() == 179.0
    assert sites.longitude.max() == 181.0


@given(
    longitude=st.floats(-180.0, 180.0),
    latitude=st.floats(-75.0, 75.0),
    radius_km=st.floats(1.0, 400.0),
)
def test_no_side_of_a_square_lies_nearer_than_its_radius(longitude, latitude, radius_km):
    sites = sites_around(longitude, latitude, radius_km, 21)
    away = geodesic_distance_km(longitude, latitude, sites.longitude, sites.latitude)
    rows, columns = np.divmod(np.arange(len(sites)), 21)
    edge = (rows % 20 == 0) | (columns % 20 == 0)
    assert away[edge].min() > 0.99 * radius_km
    assert away.min() < 0.01 * radius_km + 0.1  # the middle is the epicentre


@pytest.mark.parametrize("text", ["80", "80,11", "-122.6,-121.6,37.3,38.2,12,10"])
def test_a_text_asks_for_a_grid(text):
    sites = sites_from_text(text, -122.0, 37.8)
    assert sites.shape == {"80": (61, 61), "80,11": (11, 11)}.get(text, (10, 12))


def test_a_table_gives_sites_with_names_and_vs30(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("station,lon,lat,vs30\nA,10.1,50.2,760\nB,10.3,50.4,\n")
    sites = sites_from_text(str(path), 0.0, 0.0)
    assert sites.shape is None
    assert sites.names == ("A", "B")
    assert sites.longitude.tolist() == [10.1, 10.3]
    assert sites.vs30_m_s[0] == 760.0
    assert np.isnan(sites.vs30_m_s[1])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nowhere.csv", "neither a grid nor a file"),
        ("1,2,3", "is no grid"),
        ("80,10.5", "is no grid"),
        ("10,11,51,50,4,4", "hold nothing"),
        ("10,11,50,95,4,4", "not on Earth"),
        ("10,11,50,51,1,4", "each side needs 2"),
        (f"10,11,50,51,{MOST_SITES},2", "at most"),
        ("-5", "radius must lie"),
    ],
)
def test_what_is_no_grid_is_refused(text, told):
    with pytest.raises(SettingsError, match=told):
        sites_from_text(text, 10.0, 50.0)


def test_no_square_reaches_a_pole():
    with pytest.raises(SettingsError, match="pole"):
        sites_around(0.0, 88.0, 200.0)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "longitude,latitude\n", "lon,lat\n10,99\n"])
def test_a_table_without_usable_places_is_refused(tmp_path, content):
    path = tmp_path / "sites.csv"
    path.write_text(content)
    with pytest.raises(DataError):
        sites_from_text(str(path), 0.0, 0.0)
