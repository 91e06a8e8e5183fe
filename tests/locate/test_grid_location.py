"""The grid posterior: cases that are easy to get wrong."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import observe
from mainshock.locate.posterior import Draws, draw
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.target import log_target
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.layered import LayeredVelocity

VELOCITY = ConstantVelocity(6.0, 3.464)
START = parse_utc("2020-01-01T00:00:00Z")


def exact_picks(stations, longitude, latitude, depth_km, phases="PS", model=VELOCITY, **more):
    picks = []
    for s in stations:
        away = geodesic_distance_km(longitude, latitude, s.longitude, s.latitude)
        for phase in phases:
            seconds = float(model.travel_time_s(phase, away, depth_km, s.depth_km))
            time = START + timedelta(seconds=seconds)
            with_azimuth = more if phase == "P" else {}
            picks.append(Pick("XX", s.station, "", phase, time, 0.9, 0.05, "m", **with_azimuth))
    return picks


def covers(region, longitude, latitude):
    return any(
        Polygon(rings[0], rings[1:]).covers(Point(longitude, latitude)) for rings in region.polygons
    )


def locate(picks, stations, **fields):
    method = GridLocation(VELOCITY, **{"n_nodes": 40_000, **fields})
    return method.locate(picks, stations, np.random.default_rng(3))[0]


def test_exact_picks_give_the_place_back(network):
    stations = network(6)
    origin = locate(exact_picks(stations, 13.05, 46.03, 9.0), stations)
    assert geodesic_distance_km(origin.longitude, origin.latitude, 13.05, 46.03) < 0.1
    assert abs(origin.depth_km - 9.0) < 0.5
    assert abs((origin.time - START).total_seconds()) < 0.05
    assert set(origin.flags) == {"model_error_not_included"}


@pytest.mark.parametrize("freedom", [None, 4.0])
def test_grid_agrees_with_the_plain_density(munich, munich_velocity, rng, freedom):
    """Ratios of cell masses are ratios of the joint density integrated over time."""
    picks, stations = munich
    picks[4] = replace(picks[4], time=picks[4].time + timedelta(seconds=0.15))
    method = GridLocation(munich_velocity, model_error=0.02, student_freedom=freedom)
    field, observations = method.posterior(picks, stations), observe(picks, stations)
    cells = np.argwhere(field.mass > 0.05 * field.mass.max())
    cells = cells[rng.choice(len(cells), 60)]
    times = np.linspace(-6.0, 2.0, 8001)
    expected = []
    for cell in cells:
        east, north = field.grid.to_east_north(
            field.grid.centres(0)[cell[0]], field.grid.centres(1)[cell[1]]
        )
        place = [np.full(times.size, v) for v in (east, north, field.grid.centres(2)[cell[2]])]
        points = Draws(*place, times)
        log_density = log_target(
            points, observations, munich_velocity, method.problem(*munich).errors
        )
        expected.append(np.logaddexp.reduce(log_density))
    found = np.log(field.mass[tuple(cells.T)].astype(float))
    difference = found - expected - np.median(found - expected)
    # the integral over time by Laplace, single precision, and half a percent of smoothing
    assert np.abs(difference).max() < 0.08


def test_single_station_without_azimuth_keeps_the_whole_ring():
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    origin = locate(exact_picks(stations, 13.4, 46.1, 8.0), stations, depth_range_km=(0.0, 15.0))
    assert {"single_station", "few_picks", "mode_reported"} <= set(origin.flags)
    away = geodesic_distance_km(13.0, 46.0, 13.4, 46.1)
    region = origin.region(0.95)
    for azimuth in np.radians(np.arange(0, 360, 15)):
        lon, lat = LocalFrame(13.0, 46.0).to_geographic(
            away * np.sin(azimuth), away * np.cos(azimuth)
        )
        assert covers(region, float(lon), float(lat))
    assert not covers(region, 13.0, 46.0)


@pytest.mark.parametrize("azimuth_deg", [0.0, 1.0, 90.0, 181.0, 270.0, 359.5])
def test_single_station_with_azimuth_looks_the_right_way(azimuth_deg):
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    radians = np.radians(azimuth_deg)
    place = LocalFrame(13.0, 46.0).to_geographic(30 * np.sin(radians), 30 * np.cos(radians))
    longitude, latitude = (float(v) for v in place)
    picks = exact_picks(
        stations, longitude, latitude, 8.0,
        back_azimuth_deg=azimuth_deg, back_azimuth_sigma_deg=12.0,
    )  # fmt: skip
    origin = locate(picks, stations, depth_range_km=(0.0, 15.0))
    found = float(geodesic_azimuth_deg(13.0, 46.0, origin.longitude, origin.latitude))
    assert abs((found - azimuth_deg + 180) % 360 - 180) < 2.0
    assert covers(origin.region(0.68), longitude, latitude)
    assert "mode_reported" not in origin.flags


def test_azimuths_far_from_the_middle_are_true_ones():
    stations = [Station("XX", "A", 11.0, 60.0), Station("XX", "B", 15.0, 60.0)]
    picks = exact_picks(stations, 13.0, 61.0, 10.0)
    sigma = {"back_azimuth_sigma_deg": 1.0}
    for number in (0, 2):
        s = stations[number // 2]
        azimuth = float(geodesic_azimuth_deg(s.longitude, s.latitude, 13.0, 61.0))
        picks[number] = replace(picks[number], back_azimuth_deg=azimuth, **sigma)
    origin = locate(picks, stations)
    assert geodesic_distance_km(origin.longitude, origin.latitude, 13.0, 61.0) < 1.0
    assert "multimodal" not in origin.flags  # two stations alone leave a mirror image


def test_mirror_image_of_two_stations_is_told():
    stations = [Station("XX", "A", 12.8, 46.0), Station("XX", "B", 13.2, 46.0)]
    # deeper, a half circle below the stations would join the images
    picks = exact_picks(stations, 13.0, 46.2, 10.0)
    origin = locate(picks, stations, depth_range_km=(0.0, 15.0))
    assert {"multimodal", "mode_reported"} <= set(origin.flags)
    assert covers(origin.region(0.68), 13.0, 46.2)
    assert covers(origin.region(0.68), 13.0, 45.8)


def test_event_far_outside_the_network_is_found(network):
    stations = network(6)
    origin = locate(exact_picks(stations, 15.0, 47.5, 12.0), stations)
    assert "outside_network" in origin.flags
    assert covers(origin.region(0.95), 15.0, 47.5)


def test_p_only_network(network):
    stations = network(8)
    origin = locate(exact_picks(stations, 13.02, 46.05, 11.0, phases="P"), stations)
    assert covers(origin.region(0.68), 13.02, 46.05)


def test_limits_that_cut_the_posterior_are_told(network):
    stations = network(5)
    picks = exact_picks(stations, 15.5, 46.0, 12.0)
    assert "at_grid_edge" in locate(picks, stations, max_distance_km=120.0).flags
    assert "at_grid_edge" not in locate(picks, stations).flags


def test_deep_event_is_found_without_being_told(network):
    stations = network(6)
    origin = locate(exact_picks(stations, 13.05, 46.0, 140.0), stations)
    assert abs(origin.depth_km - 140.0) < 5.0


def test_event_across_the_date_line():
    stations = [
        Station("XX", "A", 179.7, -18.0),
        Station("XX", "B", -179.8, -17.8),
        Station("XX", "C", 179.95, -18.3),
        Station("XX", "D", -179.9, -18.2),
    ]
    picks = exact_picks(stations, 180.0, -18.05, 9.0)
    origin = locate([replace(pick, sigma_s=0.3) for pick in picks], stations)
    assert geodesic_distance_km(origin.longitude, origin.latitude, 180.0, -18.05) < 1.0
    region = origin.region(0.95)
    longitudes = np.concatenate([rings[0][:, 0] for rings in region.polygons])
    assert np.abs(longitudes).max() <= 180.0
    assert covers(region, 179.995, -18.05)
    assert covers(region, -179.995, -18.05)
    assert origin.east_sd_km < 5.0


def test_source_beside_a_high_station():
    stations = [
        Station("XX", "TOP", 13.0, 46.0, 3000.0),
        Station("XX", "B", 13.05, 46.0, 1000.0),
        Station("XX", "C", 13.0, 46.05, 900.0),
    ]
    origin = locate(exact_picks(stations, 13.0, 46.0, -2.5), stations)
    assert abs(origin.depth_km + 2.5) < 0.5


def test_interfaces_do_not_blur_the_answer(network):
    model = LayeredVelocity((0.0, 4.0, 15.0, 32.0), (5.0, 5.9, 6.6, 8.0), (2.9, 3.4, 3.8, 4.5))
    stations = network(7)
    picks = exact_picks(stations, 13.1, 46.05, 15.3, model=model)
    origin, _ = GridLocation(model).locate(picks, stations, np.random.default_rng(0))
    assert geodesic_distance_km(origin.longitude, origin.latitude, 13.1, 46.05) < 0.1
    assert covers(origin.region(0.5), 13.1, 46.05)


def test_model_error_widens_the_region(network):
    stations = network(6)
    picks = exact_picks(stations, 13.05, 46.03, 9.0)
    without, with_error = locate(picks, stations), locate(picks, stations, model_error=0.05)
    assert with_error.region(0.68).area_km2 > 2.0 * without.region(0.68).area_km2
    assert "model_error_not_included" not in with_error.flags


def test_prior_chooses_between_mirror_images(frame):
    stations = [Station("XX", "A", 12.8, 46.0), Station("XX", "B", 13.2, 46.0)]
    north = float(frame.to_local(13.0, 46.2)[1])
    prior = GaussianMixturePrior(
        frame, np.ones(1), np.array([[0.0, north, 10.0]]), np.eye(3)[None] * 25.0, 0.01
    )
    origin = locate(exact_picks(stations, 13.0, 46.2, 10.0), stations, prior=prior)
    assert origin.latitude > 46.1
    assert not covers(origin.region(0.68), 13.0, 45.8)


def test_draws_have_the_moments_of_the_field(munich, munich_velocity):
    field = GridLocation(munich_velocity, n_nodes=40_000).posterior(*munich)
    draws = draw(field, 20_000, np.random.default_rng(0))
    origin, _ = GridLocation(munich_velocity, n_nodes=40_000).locate(
        *munich, np.random.default_rng(0)
    )
    rows = np.stack([draws.east_km, draws.north_km, draws.depth_km])
    scale = np.sqrt(np.outer(*2 * [np.diag(origin.covariance_km2)]))
    assert np.abs((np.cov(rows) - origin.covariance_km2) / scale).max() < 0.05


@given(st.floats(-1e6, 1e6), st.integers(0, 2**31))
@settings(max_examples=8)
def test_a_clock_shift_moves_only_the_time(shift_s, seed):
    rng = np.random.default_rng(seed)
    stations = [
        Station("XX", f"S{i}", 13.0 + rng.uniform(-0.3, 0.3), 46.0 + rng.uniform(-0.2, 0.2))
        for i in range(5)
    ]
    picks = exact_picks(stations, 13.0, 46.0, 10.0)
    later = [replace(pick, time=pick.time + timedelta(seconds=shift_s)) for pick in picks]
    one, other = (locate(chosen, stations, n_nodes=5000) for chosen in (picks, later))
    assert other.longitude == pytest.approx(one.longitude, abs=1e-4)
    assert other.depth_km == pytest.approx(one.depth_km, abs=0.02)
    moved = (other.time - one.time).total_seconds()
    assert moved == pytest.approx(shift_s, abs=2e-3)


def test_order_of_picks_and_stations_does_not_matter(munich, munich_velocity):
    picks, stations = munich
    method = GridLocation(munich_velocity, n_nodes=20_000)
    one, _ = method.locate(picks, stations, np.random.default_rng(0))
    other, _ = method.locate(picks[::-1], stations[::-1], np.random.default_rng(0))
    assert (one.longitude, one.depth_km) == (other.longitude, other.depth_km)


@pytest.mark.parametrize(
    "fields",
    [
        {"model_error": -0.1},
        {"model_error": float("nan")},
        {"outlier_probability": 1.0},
        {"outlier_window_s": 0.0},
        {"max_distance_km": 5000.0},
        {"n_nodes": 10},
        {"n_samples": 0},
        {"depth_range_km": (20.0, 10.0)},
    ],
)
def test_senseless_settings_are_refused(fields):
    with pytest.raises(SettingsError):
        GridLocation(VELOCITY, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"weights": np.zeros(1)},
        {"weights": np.ones(2)},
        {"covariances_km2": np.zeros((1, 3, 3))},
        {"background": 2.0},
    ],
)
def test_senseless_priors_are_refused(frame, fields):
    good = {"weights": np.ones(1), "means_km": np.zeros((1, 3)), "covariances_km2": np.eye(3)[None]}
    with pytest.raises(DataError):
        GaussianMixturePrior(frame, **{**good, **fields})
