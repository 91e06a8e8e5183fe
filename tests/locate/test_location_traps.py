"""Inputs that locate silently wrong in other programs: each is right here, or refused."""

import inspect
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from cartopy.crs import Mercator, PlateCarree
from matplotlib.figure import Figure

import mainshock
from mainshock.core.errors import DataError, GeometryError, RecordError
from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Event, Pick, Station
from mainshock.core.times import parse_utc
from mainshock.locate.event_figure import plot_event
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.plots import plot_map
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.velocity.constant import ConstantVelocity

VELOCITY = ConstantVelocity(6.0, 3.464)
START = parse_utc("2020-01-01T00:00:00Z")


def exact_picks(stations, longitude, latitude, depth_km, phases="PS", **azimuth):
    picks = []
    for s in stations:
        away = geodesic_distance_km(longitude, latitude, s.longitude, s.latitude)
        for phase in phases:
            seconds = float(VELOCITY.travel_time_s(phase, away, depth_km, s.depth_km))
            time = START + timedelta(seconds=seconds)
            more = azimuth if phase == "P" else {}
            picks.append(Pick("XX", s.station, "", phase, time, 0.9, 0.05, "m", **more))
    return picks


def locate(picks, stations, **fields):
    method = GridLocation(VELOCITY, **{"n_nodes": 20_000, **fields})
    return method.locate(picks, stations, np.random.default_rng(3))


def network_at(longitude, latitude, elevation_m=500.0):
    """Five stations within 25 km of a place."""
    angle = 1.3 * np.arange(5)
    places = LocalFrame(longitude, latitude).to_geographic(
        np.array([12.0, 25.0, 18.0, 22.0, 9.0]) * np.sin(angle),
        np.array([12.0, 25.0, 18.0, 22.0, 9.0]) * np.cos(angle),
    )
    return [
        Station("XX", f"S{i}", float(lon), float(lat), elevation_m)
        for i, (lon, lat) in enumerate(zip(*places, strict=True))
    ]


def apart_km(origin, longitude, latitude):
    return float(geodesic_distance_km(origin.longitude, origin.latitude, longitude, latitude))


# --- places ---------------------------------------------------------------------------------


def test_swapped_coordinates_that_are_impossible_are_named():
    with pytest.raises(RecordError, match="swapped"):
        Station("CI", "CLC", 35.8157, -117.5975)


def test_one_swapped_station_is_voted_down_and_told(network):
    stations = network(6)
    picks = exact_picks(stations, 13.05, 46.03, 9.0)
    first = stations[0]
    swapped = [replace(first, longitude=first.latitude, latitude=first.longitude), *stations[1:]]
    origin, arrivals = locate(picks, swapped)
    assert apart_km(origin, 13.05, 46.03) < 0.3
    doubted = {a.pick.station for a in arrivals if a.inlier_probability < 0.05}
    assert doubted == {first.station}


def test_a_swapped_station_beyond_any_frame_is_refused():
    stations = network_at(-117.6, 35.8)
    far = [Station("XX", "S0", 35.8, -80.0), *stations[1:]]
    with pytest.raises(GeometryError, match="degrees of longitude"):
        locate(exact_picks(stations, -117.55, 35.82, 8.0), far)


@pytest.mark.parametrize(
    "longitude",
    [12.0, 6.0, -180.0, 180.0, 0.0, -117.0],
    ids=["UTM 32|33", "UTM 31|32", "date line W", "date line E", "Greenwich", "UTM 11 middle"],
)
def test_the_answer_does_not_depend_on_the_meridian(longitude):
    """Shifted by a longitude, also onto the edge of a UTM zone, the location shifts with it."""
    found = []
    for middle in (9.0, longitude):
        stations = network_at(middle, 46.0)
        true = ((middle + 0.05 + 180.0) % 360.0 - 180.0, 46.03)
        origin, _ = locate(exact_picks(stations, *true, 9.0), stations)
        assert apart_km(origin, *true) < 0.2
        east = (origin.longitude - middle + 180.0) % 360.0 - 180.0
        found.append([east, origin.latitude, origin.depth_km, origin.region(0.95).area_km2])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("latitude", [72.0, -78.0, 84.0])
def test_high_latitudes_are_true_to_scale(latitude):
    stations = network_at(25.0, latitude)
    longitude = 25.0 + 5.0 / (111.3 * np.cos(np.radians(latitude)))
    origin, _ = locate(exact_picks(stations, longitude, latitude + 0.03, 9.0), stations)
    assert apart_km(origin, longitude, latitude + 0.03) < 0.2
    near_equator = network_at(25.0, 5.0)
    other, _ = locate(
        exact_picks(near_equator, 25.0 + 5.0 / (111.3 * np.cos(np.radians(5.0))), 5.03, 9.0),
        near_equator,
    )
    assert origin.region(0.95).area_km2 == pytest.approx(other.region(0.95).area_km2, rel=0.05)


def test_a_pole_is_refused_with_the_limit():
    stations = [replace(s, latitude=88.0) for s in network_at(25.0, 80.0)]
    with pytest.raises(GeometryError, match="85 degrees"):
        locate(exact_picks(stations, 25.0, 87.9, 9.0), stations)


def test_no_metric_frame_can_be_chosen_by_a_code():
    """Web Mercator's metre is 0.7 m on the ground at 46 degrees: nothing takes a CRS."""
    doors = {"crs", "epsg", "srs", "proj", "utm_zone", "zone"}
    root = Path(mainshock.__file__).parent
    modules = [*(root / "locate").rglob("*.py"), root / "core" / "geo.py"]
    found = []
    for path in modules:
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        module = import_module(name.removesuffix(".__init__"))
        for exported in getattr(module, "__all__", ()):
            value = getattr(module, exported)
            if callable(value) and getattr(value, "__module__", "").startswith("mainshock"):
                found += [(exported, p) for p in inspect.signature(value).parameters if p in doors]
    assert found == []


@pytest.mark.parametrize("projection", [Mercator.GOOGLE, PlateCarree()])
def test_maps_refuse_what_is_not_true_to_scale(network, projection):
    stations = network(5)
    origin, arrivals = locate(exact_picks(stations, 13.05, 46.03, 9.0), stations)
    event = Event("one", origin, tuple(arrivals))
    with pytest.raises(GeometryError, match="true to scale"):
        plot_map(event, stations, ax=Figure().add_subplot(projection=projection))


# --- picks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("one_deg", "other_deg"), [(359.5, -0.5), (360.0, 0.0), (-90.0, 270.0)])
def test_azimuths_are_alike_a_turn_apart(one_deg, other_deg):
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    found = [
        locate(
            exact_picks(stations, 13.0, 46.3, 8.0, back_azimuth_deg=azimuth_deg,
                        back_azimuth_sigma_deg=12.0),
            stations,
            depth_range_km=(0.0, 15.0),
        )[0]
        for azimuth_deg in (one_deg, other_deg)
    ]  # fmt: skip
    assert (found[0].longitude, found[0].latitude) == (found[1].longitude, found[1].latitude)


def test_regions_stay_whole_across_north():
    stations = [Station("XX", "A", 13.0, 46.0, 500.0)]
    direction = {"back_azimuth_deg": 359.0, "back_azimuth_sigma_deg": 12.0}
    origin, _ = locate(
        exact_picks(stations, 13.0, 46.3, 8.0, **direction), stations, depth_range_km=(0.0, 15.0)
    )
    (polygon,) = origin.region(0.95).polygons
    east = polygon[0][:, 0] - 13.0
    assert east.min() < -0.1
    assert east.max() > 0.1


@pytest.mark.parametrize("after_s", [0.005, 0.05])
def test_s_hardly_after_p_is_an_event_at_the_station(after_s):
    stations = [Station("XX", "A", 13.0, 46.0, 0.0)]
    picks = [
        Pick("XX", "A", "", phase, START + timedelta(seconds=seconds), 0.9, 0.05, "m")
        for phase, seconds in (("P", 0.0), ("S", after_s))
    ]
    origin, _ = locate(picks, stations)
    assert apart_km(origin, 13.0, 46.0) < 0.5
    # the sd of S minus P, 0.07 s, is 0.6 km
    assert 0.0 <= origin.depth_km < 2.0
    assert np.isfinite(origin.covariance_km2).all()
    assert "single_station" in origin.flags


@pytest.mark.parametrize("before_s", [0.0, 1.0])
def test_s_with_or_before_p_is_refused_for_one_station(before_s):
    stations = [Station("XX", "A", 13.0, 46.0, 0.0)]
    picks = [
        Pick("XX", "A", "", phase, START - timedelta(seconds=seconds), 0.9, 0.05, "m")
        for phase, seconds in (("P", 0.0), ("S", before_s))
    ]
    with pytest.raises(DataError, match="S before P"):
        locate(picks, stations)


def test_s_before_p_in_a_network_is_an_outlier(network):
    stations = network(6)
    picks = exact_picks(stations, 13.05, 46.03, 9.0)
    picks[1] = replace(picks[1], time=picks[0].time - timedelta(seconds=1.0))
    origin, arrivals = locate(picks, stations)
    assert "s_before_p" in origin.flags
    assert apart_km(origin, 13.05, 46.03) < 0.3
    (doubted,) = (a for a in arrivals if a.inlier_probability < 0.5)
    assert (doubted.pick.station, doubted.pick.phase) == (stations[0].station, "S")


def test_missing_s_picks_only_widen_the_answer(network):
    stations = network(6)
    picks = exact_picks(stations, 13.05, 46.03, 9.0)
    fewer = [pick for i, pick in enumerate(picks) if pick.phase == "P" or i < 4]
    full, part = (locate(chosen, stations)[0] for chosen in (picks, fewer))
    assert apart_km(part, 13.05, 46.03) < 0.5
    assert part.depth_sd_km > full.depth_sd_km


def test_p_of_one_station_says_that_the_distance_is_open():
    """A vertical record has neither S nor azimuth: without a prior nothing can be said."""
    stations = [Station("XX", "A", 13.0, 46.0, 0.0)]
    (pick,) = exact_picks(stations, 13.2, 46.1, 8.0, phases="P")
    with pytest.raises(DataError, match="needs"):
        locate([pick], stations)


def test_p_alone_takes_its_distance_from_the_prior(frame):
    stations = [Station("XX", "A", 13.0, 46.0, 0.0)]
    prior = GaussianMixturePrior(
        frame, np.ones(1), np.array([[20.0, 10.0, 8.0]]), 9.0 * np.eye(3)[None], 0.0
    )
    (pick,) = exact_picks(stations, *frame.to_geographic(20.0, 10.0), 8.0, phases="P")
    origin, _ = locate([pick], stations, prior=prior, depth_range_km=(0.0, 30.0))
    assert apart_km(origin, *frame.to_geographic(20.0, 10.0)) < 1.0
    assert origin.east_sd_km == pytest.approx(3.0, rel=0.15)
    assert "distance_from_prior" in origin.flags


# --- stations and walls ---------------------------------------------------------------------


def test_a_station_on_the_wall_of_the_search_is_a_station():
    stations = [Station("XX", "A", 13.0, 46.0), Station("XX", "B", 14.0, 46.0)]
    half_km = 0.5 * float(geodesic_distance_km(13.0, 46.0, 14.0, 46.0))
    picks = exact_picks(stations, 13.6, 46.2, 8.0)
    origin, _ = locate(picks, stations, max_distance_km=half_km, depth_range_km=(0.0, 20.0))
    samples = origin.samples
    nearest = geodesic_distance_km(13.6, 46.2, samples.longitude, samples.latitude).min()
    assert nearest < 2.0  # the mirror image in the south is as good
    assert "at_grid_edge" not in origin.flags


@pytest.mark.parametrize("depth_km", [-2.5, 3.0])
def test_stations_high_above_the_sea_see_events_above_and_below_it(depth_km):
    stations = network_at(13.0, 46.0, elevation_m=4500.0)
    origin, _ = locate(exact_picks(stations, 13.05, 46.02, depth_km), stations)
    assert abs(origin.depth_km - depth_km) < 0.5
    assert origin.samples.depth_km.min() >= -4.5


def test_an_event_beyond_the_search_is_flagged_by_one_station_too():
    stations = [Station("XX", "A", 13.0, 46.0)]
    picks = exact_picks(stations, 15.0, 46.5, 10.0)  # 165 km away
    near, _ = locate(picks, stations, max_distance_km=100.0)
    far, _ = locate(picks, stations)
    assert "at_grid_edge" in near.flags
    assert "at_grid_edge" not in far.flags


# --- priors ---------------------------------------------------------------------------------


def mixture(frame, weights, background=0.03):
    means = np.array([[20.0, 0.0, 8.0], [-20.0, 0.0, 8.0]])
    return GaussianMixturePrior(
        frame, np.array(weights), means, np.stack([16.0 * np.eye(3)] * 2), background
    )


def test_only_ratios_of_prior_weights_count(frame):
    stations = [Station("XX", "A", 13.0, 46.0)]
    picks = exact_picks(stations, *frame.to_geographic(20.0, 0.0), 8.0)
    scaled, whole = (
        locate(picks, stations, prior=mixture(frame, weights))[0]
        for weights in ([0.6, 0.14], [0.6 / 0.74, 0.14 / 0.74])  # classes without that of noise
    )
    assert (scaled.longitude, scaled.latitude) == (whole.longitude, whole.latitude)
    assert scaled.region(0.68).area_km2 == whole.region(0.68).area_km2


def test_weights_of_noise_alone_leave_the_floor(frame):
    """Where a classifier saw only noise, the prior tells nothing: the ring is whole again."""
    stations = [Station("XX", "A", 13.0, 46.0)]
    picks = exact_picks(stations, *frame.to_geographic(20.0, 0.0), 8.0)
    limits = {"depth_range_km": (0.0, 20.0), "max_distance_km": 60.0}
    floor, _ = locate(picks, stations, prior=mixture(frame, [0.5, 0.5], 1.0), **limits)
    none, _ = locate(picks, stations, **limits)
    assert floor.region(0.95).area_km2 == pytest.approx(none.region(0.95).area_km2, rel=0.02)
    with pytest.raises(DataError, match="not all zero"):
        mixture(frame, [0.0, 0.0])


# --- two modes ------------------------------------------------------------------------------


@pytest.fixture
def two_modes(frame):
    """One station between two clusters that S minus P cannot tell apart; weights 2 to 1."""
    stations = [Station("XX", "A", 13.0, 46.0)]
    picks = exact_picks(stations, *frame.to_geographic(20.0, 0.0), 8.0)
    origin, arrivals = locate(
        picks, stations, prior=mixture(frame, [2.0, 1.0], 0.0), depth_range_km=(0.0, 20.0),
        n_nodes=100_000,
    )  # fmt: skip
    return Event("two", origin, tuple(arrivals), flags=origin.flags), stations


def test_two_modes_are_reported_as_two(two_modes, frame):
    origin = two_modes[0].origin
    assert {"multimodal", "mode_reported"} <= set(origin.flags)
    assert apart_km(origin, *frame.to_geographic(20.0, 0.0)) < 6.0  # in the likelier, not between
    east, _ = frame.to_local(origin.samples.longitude, origin.samples.latitude)
    assert (np.abs(east) > 8.0).all()
    assert (east > 0.0).mean() == pytest.approx(2 / 3, abs=0.06)
    sides = {ring[0][:, 0].mean() > 13.0 for ring in origin.region(0.95).polygons}
    assert sides == {True, False}
    assert origin.east_sd_km > 15.0


def test_the_figure_shows_both_modes(two_modes):
    event, stations = two_modes
    figure = plot_event(event, stations, title="two modes")
    ground = next(axes for axes in figure.axes if hasattr(axes, "projection"))
    west, east = ground.get_xlim()
    regions = [patch for patch in ground.patches if patch.get_zorder() == 3.0]
    middles = np.array([patch.get_path().vertices[:, 0].mean() for patch in regions])
    assert ((middles > west) & (middles < east)).all()
    assert np.ptp(middles) > 30_000.0
    figure.canvas.draw()
