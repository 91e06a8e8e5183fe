"""What every registered location method must keep."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from shapely import Point, Polygon

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.base import LocationMethod
from mainshock.locate.modes import find_modes
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.regions import credible_regions
from mainshock.locate.registry import LOCATION_METHODS
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.gradient import GradientVelocity

NONLINLOC = (11.64554, 48.04707, 4.58)
TWO_MODE_VELOCITY = ConstantVelocity(6.0, 3.464)
# another program's model, repeated for comparison: it solves a different density
LEGACY = {"eqnemix"}
NEEDED = {"hamiltonian": "blackjax"}  # of the extra [bayes]
SLOW = {"hamiltonian"}  # compiles for some ten seconds
NAMES = [
    pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
    for name in LOCATION_METHODS.names()
    if name not in LEGACY
]


@pytest.fixture(params=NAMES)
def name(request) -> str:
    if request.param in NEEDED:
        reason = f"{NEEDED[request.param]} is not installed: pip install 'mainshock[bayes]'"
        pytest.importorskip(NEEDED[request.param], reason=reason)
    return request.param


@pytest.fixture
def method(name, munich_velocity) -> LocationMethod:
    return LOCATION_METHODS.load(name)(travel_times=munich_velocity, model_error=0.0)


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


def test_a_velocity_model_that_ends_ends_the_search(name, munich, rng):
    """Above 73 km the gradient gives possible speeds; samplers would look down to 700 km."""
    model = GradientVelocity(4.0, 0.15, 2.3, 0.087)
    assert model.deepest_source_km == pytest.approx(11.0 / 0.15, abs=1e-3)
    origin, _ = LOCATION_METHODS.load(name)(travel_times=model).locate(*munich, rng)
    longitude, latitude, _ = NONLINLOC
    assert geodesic_distance_km(origin.longitude, origin.latitude, longitude, latitude) < 1.5
    assert origin.samples.depth_km.max() <= model.deepest_source_km


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


def two_modes(case):
    """Picks, stations, settings and the line north of which the first mode lies."""
    if case == "mirror":  # two stations: the event and its image
        stations = [Station("XX", "A", 12.8, 46.0), Station("XX", "B", 13.2, 46.0)]
        place, fields = (13.0, 46.2, 10.0), {"depth_range_km": (0.0, 15.0)}
    else:  # one station, no azimuth, and two clusters at the same distance
        stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
        prior = GaussianMixturePrior(
            LocalFrame(13.0, 46.0),
            np.array([0.6, 0.4]),
            np.array([[0.0, 25.0, 8.0], [20.0, -15.0, 8.0]]),
            np.repeat(np.diag([9.0, 9.0, 4.0])[None], 2, axis=0),
            background=0.01,
        )
        place = (13.0, 46.225, 8.0)
        fields = {"depth_range_km": (0.0, 30.0), "prior": prior}
    picks = []
    for station in stations:
        away = geodesic_distance_km(*place[:2], station.longitude, station.latitude)
        for phase in "PS":
            seconds = float(TWO_MODE_VELOCITY.travel_time_s(phase, away, place[2], 0.0))
            time = parse_utc("2020-01-01T00:00:00Z") + timedelta(seconds=seconds)
            picks.append(Pick("XX", station.station, "", phase, time, 0.9, 0.2, "m"))
    return picks, stations, fields


@pytest.fixture(params=["mirror", "clusters"])
def ambiguous(request, name):
    """The same ambiguous event as solved by a method and by the grid."""
    picks, stations, fields = two_modes(request.param)
    solved = []
    for chosen in (name, "grid"):
        found = LOCATION_METHODS.load(chosen)(travel_times=TWO_MODE_VELOCITY, **fields)
        problem = found.problem(picks, stations)
        solved.append(found.summarise(problem, np.random.default_rng(2)))
    return solved


def test_two_modes_are_kept_with_their_shares(ambiguous):
    modes, expected = (find_modes(summary.marginal, summary.draws) for summary in ambiguous)
    assert len(modes) == len(expected) == 2
    by_north = [sorted(found, key=lambda mode: mode.latitude) for found in (modes, expected)]
    for one, other in zip(*by_north, strict=True):
        assert abs(one.share - other.share) < 0.1  # 4000 draws: sd 0.008; 32 chains: 0.03
        away = geodesic_distance_km(one.longitude, one.latitude, other.longitude, other.latitude)
        assert away < 0.5 * max(other.east_sd_km, other.north_sd_km)
        assert abs(one.depth_km - other.depth_km) < 0.25 * other.depth_sd_km
        for sd in ("east_sd_km", "north_sd_km", "depth_sd_km"):
            assert getattr(one, sd) == pytest.approx(getattr(other, sd), rel=0.2)


def test_two_modes_have_the_moments_and_area_of_the_grid(ambiguous):
    require_alike(*ambiguous)


def require_alike(summary, expected):
    areas = [credible_regions(found.marginal, (0.68,))[0].area_km2 for found in (summary, expected)]
    assert areas[0] == pytest.approx(areas[1], rel=0.15)
    covariances = [found.moments.covariance_km2 for found in (summary, expected)]
    sd, expected_sd = (np.sqrt(np.diag(found)) for found in covariances)
    np.testing.assert_allclose(sd, expected_sd, rtol=0.12)
    means = [
        np.array([mean.east_km, mean.north_km, mean.depth_km])
        for mean in (summary.moments.mean, expected.moments.mean)
    ]
    assert np.all(np.abs(means[0] - means[1]) < 0.15 * expected_sd)


def test_one_mode_has_the_moments_and_area_of_the_grid(method, munich, munich_velocity):
    problem = method.problem(*munich)
    grid = LOCATION_METHODS.load("grid")(travel_times=munich_velocity)
    require_alike(
        method.summarise(problem, np.random.default_rng(4)),
        grid.summarise(problem, np.random.default_rng(4)),
    )
