"""QuakeML is valid, keeps every number, and describes the posterior's ellipsoid."""

import io
import math

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.io.quakeml.core import _validate

from mainshock.events.quakeml import to_catalogue, write_quakeml


@pytest.fixture
def read_back(make_event, tmp_path):
    path = tmp_path / "events.xml"
    write_quakeml(path, [make_event(), make_event(event_id="strange id: ü/2", magnitude=None)])
    return path, obspy.read_events(str(path))


def test_it_validates_against_the_schema(read_back):
    path, _ = read_back
    assert _validate(io.BytesIO(path.read_bytes()), verbose=True)


def test_it_reads_back(read_back, make_event):
    event, (first, second) = make_event(), read_back[1]
    origin = first.preferred_origin()
    assert origin.time == obspy.UTCDateTime(2010, 5, 27, 16, 24, 33, 250_000)
    assert (origin.longitude, origin.latitude, origin.depth) == (11.64, 48.05, 4500.0)
    assert origin.depth_errors.uncertainty == pytest.approx(900.0)
    assert origin.latitude_errors.uncertainty * 111.2 == pytest.approx(0.4, rel=0.01)
    assert origin.quality.azimuthal_gap == pytest.approx(90.0)
    assert (origin.quality.used_phase_count, origin.quality.used_station_count) == (8, 4)
    assert first.preferred_magnitude().mag == pytest.approx(1.23)
    assert second.magnitudes == []
    for written, arrival in zip(origin.arrivals, event.arrivals, strict=True):
        pick = written.pick_id.get_referred_object()
        assert pick.time == obspy.UTCDateTime(arrival.pick.time.replace(tzinfo=None))
        assert pick.phase_hint == written.phase == arrival.pick.phase
        assert pick.waveform_id.get_seed_string().startswith(arrival.pick.station_code)
        assert pick.time_errors.uncertainty == arrival.pick.sigma_s
        assert written.distance == pytest.approx(arrival.distance_km / 111.195, rel=1e-4)
        assert written.azimuth == arrival.azimuth_deg
        assert written.time_residual == arrival.residual_s


def test_ids_are_valid_deterministic_and_unique(make_event):
    one, two = (to_catalogue([make_event()])[0] for _ in range(2))
    assert one.resource_id == two.resource_id
    assert [pick.resource_id for pick in one.picks] == [pick.resource_id for pick in two.picks]
    assert len({pick.resource_id.id for pick in one.picks}) == len(one.picks)


def rotation(azimuth_deg: float, plunge_deg: float, roll_deg: float) -> np.ndarray:
    """Columns are major, intermediate, minor axis in east, north, down, from QuakeML's angles."""
    azimuth, plunge, roll = (math.radians(v) for v in (azimuth_deg, plunge_deg, roll_deg))
    major = np.array(
        [
            math.cos(plunge) * math.sin(azimuth),
            math.cos(plunge) * math.cos(azimuth),
            math.sin(plunge),
        ]
    )
    upright = np.array(
        [
            -math.sin(plunge) * math.sin(azimuth),
            -math.sin(plunge) * math.cos(azimuth),
            math.cos(plunge),
        ]
    )
    sideward = np.cross(major, upright)
    middle = math.cos(roll) * upright + math.sin(roll) * sideward
    return np.stack([major, middle, np.cross(major, middle)], axis=1)


@given(st.lists(st.floats(-3.0, 3.0), min_size=9, max_size=9))
def test_the_ellipsoid_gives_the_covariance_back(make_event, numbers):
    root = np.array(numbers).reshape(3, 3)
    covariance = root @ root.T + 0.01 * np.eye(3)
    origin = to_catalogue([make_event(covariance_km2=covariance)])[0].origins[0]
    ellipsoid = origin.origin_uncertainty.confidence_ellipsoid
    axes = rotation(
        ellipsoid.major_axis_azimuth,
        ellipsoid.major_axis_plunge,
        ellipsoid.major_axis_rotation,
    )
    semi_km = 1e-3 * np.array(
        [
            ellipsoid.semi_major_axis_length,
            ellipsoid.semi_intermediate_axis_length,
            ellipsoid.semi_minor_axis_length,
        ]
    )
    # 3.50588 = the 68 % quantile of chi-squared with three degrees of freedom
    again = axes @ np.diag(semi_km**2 / 3.50588) @ axes.T
    np.testing.assert_allclose(again, covariance, rtol=1e-3, atol=1e-4)


def test_the_horizontal_ellipse_points_along_the_longer_axis(make_event):
    covariance = np.diag([4.0, 1.0, 9.0])  # longer towards the east
    origin = to_catalogue([make_event(covariance_km2=covariance)])[0].origins[0]
    uncertainty = origin.origin_uncertainty
    quantile = math.sqrt(-2.0 * math.log(0.32))
    assert uncertainty.azimuth_max_horizontal_uncertainty == pytest.approx(90.0)
    assert uncertainty.max_horizontal_uncertainty == pytest.approx(2000.0 * quantile)
    assert uncertainty.min_horizontal_uncertainty == pytest.approx(1000.0 * quantile)
    assert uncertainty.confidence_level == 68.0
