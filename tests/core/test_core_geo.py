"""Geodesics and local frames against PROJ, and what must hold of them everywhere."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from mainshock.core.errors import GeometryError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km

WGS84 = Geod(ellps="WGS84")
LONGITUDES = st.floats(-180.0, 180.0)
LATITUDES = st.floats(-90.0, 90.0)


def is_nearly_antipodal(lon1: float, lat1: float, lon2: float, lat2: float) -> bool:
    """Whether two places lie where Vincenty's iteration is documented to be weak."""
    return WGS84.inv(lon1, lat1, lon2, lat2)[2] > 19_800e3


def mercator(longitude: float, latitude: float) -> Transformer:
    """PROJ's transverse Mercator through a place, km."""
    projection = f"+proj=tmerc +lon_0={longitude} +lat_0={latitude} +k=1 +ellps=WGS84 +units=km"
    return Transformer.from_crs("EPSG:4326", projection, always_xy=True)


@pytest.mark.parametrize(
    ("place1", "place2"),
    [
        ((11.636, 48.0815), (11.682, 48.0579)),  # two stations in Bavaria
        ((179.9, -17.0), (-179.8, -17.4)),  # across the dateline
        ((-70.0, -20.0), (142.4, 38.3)),  # Chile to Japan
        ((0.0, 90.0), (30.0, 60.0)),  # from the north pole
        ((12.0, -89.999), (-100.0, -89.998)),  # near the south pole
        ((5.0, 0.0), (6.0, 0.0)),  # along the equator
        ((8.0, 47.0), (8.0, 47.0)),  # the same place
        ((8.0, 47.0), (8.0 + 1e-8, 47.0)),  # a millimetre apart
    ],
)
def test_distance_and_azimuth_equal_geographiclib(place1, place2):
    azimuth, _, metres = WGS84.inv(*place1, *place2)
    distance = geodesic_distance_km(*place1, *place2)
    # 0.1 mm is what the docstring promises
    assert distance == pytest.approx(metres * 1e-3, abs=1e-7)
    if metres > 1.0:
        difference = (geodesic_azimuth_deg(*place1, *place2) - azimuth + 180.0) % 360.0 - 180.0
        assert difference == pytest.approx(0.0, abs=1e-6)


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_distance_equals_geographiclib_anywhere(lon1, lat1, lon2, lat2):
    assume(not is_nearly_antipodal(lon1, lat1, lon2, lat2))
    metres = WGS84.inv(lon1, lat1, lon2, lat2)[2]
    assert float(geodesic_distance_km(lon1, lat1, lon2, lat2)) == pytest.approx(
        metres * 1e-3, abs=1e-6
    )


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_distance_is_symmetric_and_never_negative(lon1, lat1, lon2, lat2):
    assume(not is_nearly_antipodal(lon1, lat1, lon2, lat2))
    there = float(geodesic_distance_km(lon1, lat1, lon2, lat2))
    back = float(geodesic_distance_km(lon2, lat2, lon1, lat1))
    assert there == pytest.approx(back, abs=1e-6)
    assert there >= 0.0


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_a_full_turn_of_longitude_changes_nothing(lon1, lat1, lon2, lat2):
    assume(not is_nearly_antipodal(lon1, lat1, lon2, lat2))
    distance = float(geodesic_distance_km(lon1, lat1, lon2, lat2))
    turned = float(geodesic_distance_km(lon1 + 360.0, lat1, lon2 - 360.0, lat2))
    assert turned == pytest.approx(distance, abs=1e-6)


def test_nearly_antipodal_places_stay_finite_and_close():
    # documented: off by up to 100 km there, never NaN
    distance = geodesic_distance_km(0.0, 0.0, [180.0, 179.7, 179.5], [0.0, 0.0, 0.1])
    truth = np.array(
        [WGS84.inv(0, 0, lon, lat)[2] for lon, lat in ((180, 0), (179.7, 0), (179.5, 0.1))]
    )
    assert np.isfinite(distance).all()
    assert np.abs(distance - truth * 1e-3).max() < 101.0


@given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
def test_azimuth_lies_between_0_and_360(lon1, lat1, lon2, lat2):
    assert 0.0 <= float(geodesic_azimuth_deg(lon1, lat1, lon2, lat2)) < 360.0


def test_arrays_broadcast():
    distance = geodesic_distance_km(0.0, 0.0, np.arange(3.0), np.zeros((2, 1)))
    assert distance.shape == (2, 3)
    assert distance[0, 0] == 0.0


@given(
    st.floats(-180.0, 180.0),
    st.floats(-80.0, 80.0),
    st.floats(-3.0, 3.0),
    st.floats(-3.0, 3.0),
)
def test_local_frame_equals_proj(longitude, latitude, east_deg, north_deg):
    frame = LocalFrame(longitude, latitude)
    place = (longitude + east_deg, latitude + north_deg)
    east, north = frame.to_local(*place)
    reference = mercator(longitude, latitude).transform(*place)
    # 10 cm: third-order series against PROJ's sixth order
    assert (float(east), float(north)) == pytest.approx(reference, abs=1e-4)


@given(
    st.floats(-180.0, 180.0),
    st.floats(-75.0, 75.0),
    st.floats(-800.0, 800.0),
    st.floats(-800.0, 800.0),
)
def test_local_frame_there_and_back(longitude, latitude, east_km, north_km):
    frame = LocalFrame(longitude, latitude)
    east, north = frame.to_local(*frame.to_geographic(east_km, north_km))
    assert (float(east), float(north)) == pytest.approx((east_km, north_km), abs=1e-4)


def test_local_frame_crosses_the_dateline_without_a_jump():
    frame = LocalFrame(179.95, -17.0)
    east, _ = frame.to_local([179.9, 180.0, -180.0, -179.9], -17.0)
    assert east[1] == pytest.approx(east[2], abs=1e-9)
    assert (np.diff(east)[[0, 2]] > 0).all()
    longitude, _ = frame.to_geographic([-20.0, 20.0], [0.0, 0.0])
    assert longitude[0] > 179.0
    assert longitude[1] < -179.0


def test_local_distance_is_the_geodesic_near_the_origin():
    frame = LocalFrame(11.6, 48.05)
    east, north = frame.to_local([11.60, 11.69], [48.02, 48.09])
    local = np.hypot(*(np.diff(v)[0] for v in (east, north)))
    assert local == pytest.approx(float(geodesic_distance_km(11.60, 48.02, 11.69, 48.09)), rel=2e-6)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [(0.0, 86.0), (0.0, -89.9), (181.0, 0.0), (float("nan"), 0.0), (0.0, float("inf"))],
)
def test_a_frame_at_a_pole_or_nowhere_is_refused(longitude, latitude):
    with pytest.raises(GeometryError, match=r"latitude within 85 degrees"):
        LocalFrame(longitude, latitude)


def test_places_far_from_the_frame_are_refused_with_a_remedy():
    frame = LocalFrame(0.0, 0.0)
    with pytest.raises(GeometryError, match=r"geodesic_distance_km"):
        frame.to_local(61.0, 0.0)
    with pytest.raises(GeometryError, match=r"3500 km east"):
        frame.to_geographic(-3500.0, 0.0)
