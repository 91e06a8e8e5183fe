"""What every registered location method must keep."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from shapely import Point, Polygon

from mainshock.core.errors import DataError
from mainshock.core.geo import geodesic_distance_km
from mainshock.locate.base import LocationMethod
from mainshock.locate.registry import LOCATION_METHODS

NONLINLOC = (11.64554, 48.04707, 4.58)


@pytest.fixture(params=LOCATION_METHODS.names())
def method(request, munich_velocity) -> LocationMethod:
    return LOCATION_METHODS.load(request.param)(travel_times=munich_velocity, model_error=0.0)


def covers(region, longitude, latitude):
    return any(
        Polygon(rings[0], rings[1:]).covers(Point(longitude, latitude)) for rings in region.polygons
    )


def test_is_a_location_method_with_a_name(method):
    assert isinstance(method, LocationMethod)
    assert method.name in LOCATION_METHODS.names()


def test_agrees_with_nonlinloc(method, munich, rng):
    origin, arrivals = method.locate(*munich, rng)
    longitude, latitude, depth_km = NONLINLOC
    away = geodesic_distance_km(origin.longitude, origin.latitude, longitude, latitude)
    assert away < 0.5
    assert abs(origin.depth_km - depth_km) < 1.0
    assert covers(origin.region(0.95), longitude, latitude)
    assert len(arrivals) == 8


def test_result_is_complete_and_consistent(method, munich, rng):
    origin, arrivals = method.locate(*munich, rng)
    assert [region.level for region in origin.regions] == [0.5, 0.68, 0.95]
    areas = [region.area_km2 for region in origin.regions]
    assert 0.0 < areas[0] < areas[1] < areas[2]
    samples = origin.samples
    assert samples.longitude.size >= 1000
    inside = [
        covers(origin.region(0.68), lon, lat)
        for lon, lat in zip(samples.longitude, samples.latitude, strict=True)
    ]
    assert 0.61 < np.mean(inside) < 0.75  # 1000 draws: sd 0.015, and outlines are smooth
    assert abs(samples.depth_km.std() - origin.depth_sd_km) < 0.15 * origin.depth_sd_km
    assert abs(samples.time_s.mean()) < 0.2 * origin.time_sd_s
    assert abs(samples.time_s.std() - origin.time_sd_s) < 0.2 * origin.time_sd_s
    np.testing.assert_allclose(
        np.sqrt(np.diag(origin.covariance_km2)),
        [origin.east_sd_km, origin.north_sd_km, origin.depth_sd_km],
    )
    assert origin.velocity_model == "constant:4.35,2.38"
    assert "model_error_not_included" in origin.flags
    for arrival in arrivals:
        assert abs(arrival.residual_s) < 0.2
        assert arrival.inlier_probability > 0.9


def test_same_seed_same_draws(method, munich):
    one, _ = method.locate(*munich, np.random.default_rng(1))
    again, _ = method.locate(*munich, np.random.default_rng(1))
    np.testing.assert_array_equal(one.samples.longitude, again.samples.longitude)


def test_a_gross_outlier_is_found_and_does_not_move_the_event(method, munich, rng):
    picks, stations = munich
    clean, _ = method.locate(picks, stations, rng)
    picks[2] = replace(picks[2], time=picks[2].time - timedelta(seconds=3))
    origin, arrivals = method.locate(picks, stations, rng)
    moved = geodesic_distance_km(origin.longitude, origin.latitude, clean.longitude, clean.latitude)
    assert moved < 0.3
    by_inlier = sorted(arrivals, key=lambda arrival: arrival.inlier_probability)
    assert (by_inlier[0].pick.station, by_inlier[0].pick.phase) == ("UH2", "P")
    assert by_inlier[0].inlier_probability < 0.05
    assert by_inlier[1].inlier_probability > 0.8


@pytest.mark.parametrize("chosen", [[], [0], [1], [0, 2]])
def test_too_few_picks_are_refused(method, munich, rng, chosen):
    picks, stations = munich
    with pytest.raises(DataError, match="needs"):
        method.locate([picks[i] for i in chosen], stations, rng)


def test_unknown_station_is_named(method, munich, rng):
    picks, stations = munich
    with pytest.raises(DataError, match=r"BW\.UH4"):
        method.locate(picks, stations[:3], rng)
