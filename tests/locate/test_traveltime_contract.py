"""What every registered travel-time model must keep."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.registry import TRAVEL_TIMES, open_velocity_model
from mainshock.locate.velocity.gradient import GradientVelocity
from mainshock.locate.velocity.nonlinloc import write_station_grids
from mainshock.locate.velocity.volume import sample_volume, write_volume

ARGUMENTS = {"constant": "6.0,3.5", "gradient": "5.0,0.05,2.9,0.03", "taup": "prem"}
VOLUMES = ["nonlinloc", "volume in a file", "points in a file"]
FRAME = LocalFrame(13.0, 46.0)
EXACT = GradientVelocity(5.0, 0.05, 2.9, 0.03)
STATION = Station("XX", "A", 13.02, 46.01, 500.0)


def write_layers(folder):
    layers = folder / "layers.csv"
    layers.write_text("depth_km,vp_km_s,vs_km_s\n0,5.5,3.1\n12,6.4,3.7\n31,8.0,4.6\n")
    return layers


def gradient_volume():
    return sample_volume(
        lambda east, north, depth: (5.0 + 0.05 * depth, 2.9 + 0.03 * depth),
        FRAME, (-20, -20, -3), (20, 20, 15), (1.0, 1.0, 1.0),
    )  # fmt: skip


def write_points(folder):
    east, north, depth = np.meshgrid([-20, 0, 20], [-20, 0, 20], [-3, 15], indexing="ij")
    longitude, latitude = FRAME.to_geographic(east.ravel(), north.ravel())
    z = depth.ravel()
    columns = [longitude, latitude, z, 5.0 + 0.05 * z, 2.9 + 0.03 * z]
    path = folder / "points.csv"
    head = "longitude,latitude,depth_km,vp_km_s,vs_km_s"
    np.savetxt(path, np.column_stack(columns), delimiter=",", header=head, comments="")
    return path


def open_by_name(name, folder) -> TravelTimeModel:
    if name == "layers in a file":
        return open_velocity_model(write_layers(folder))
    if name == "volume in a file":
        write_volume(folder / "volume.npz", gradient_volume())
        return open_velocity_model(folder / "volume.npz")
    if name == "points in a file":
        return open_velocity_model(write_points(folder))
    if name == "nonlinloc":
        write_station_grids(gradient_volume(), STATION, folder, "layer")
        return open_velocity_model(f"nonlinloc:{folder}/layer")
    return TRAVEL_TIMES.load(name)(ARGUMENTS.get(name, ""))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Open each model once."""
    models = {}

    def get(name):
        if name not in models:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MAINSHOCK_CACHE", str(tmp_path_factory.mktemp("cache")))
                models[name] = open_by_name(name, tmp_path_factory.mktemp("model"))
        return models[name]

    return get


@pytest.fixture(params=[*TRAVEL_TIMES.names(), "layers in a file", *VOLUMES[1:]])
def model(request, opened) -> TravelTimeModel:
    return opened(request.param)


@pytest.fixture(params=VOLUMES)
def volume(request, opened) -> VolumeTravelTimes:
    return opened(request.param)


def test_is_a_travel_time_model_with_a_name(model):
    assert isinstance(model, TravelTimeModel)
    assert model.name


def test_broadcasts(model):
    distance = np.linspace(0.0, 200.0, 7)[:, None]
    depth = np.array([0.0, 5.0, 40.0])[None, :]
    times = model.travel_time_s("P", distance, depth, -0.5)
    assert times.shape == (7, 3)
    assert np.isfinite(times).all()
    alone = model.travel_time_s("P", distance[4, 0], depth[0, 1], -0.5)
    assert alone.shape == ()
    assert alone == pytest.approx(times[4, 1], abs=1e-9)


def test_order_of_the_paths_does_not_matter(model, rng):
    distance, depth = rng.uniform(0, 300, 50), rng.choice([1.0, 8.0, 30.0], 50)
    times = model.travel_time_s("S", distance, depth, 0.0)
    order = rng.permutation(50)
    np.testing.assert_allclose(
        model.travel_time_s("S", distance[order], depth[order], 0.0), times[order], atol=2e-4
    )


def test_source_and_receiver_may_change_places(model, rng):
    distance = rng.uniform(0.0, 300.0, 60)
    one, other = rng.uniform(-2.0, 60.0, (2, 60))
    for phase in ("P", "S"):
        np.testing.assert_allclose(
            model.travel_time_s(phase, distance, one, other),
            model.travel_time_s(phase, distance, other, one),
            atol=1e-9,
        )


def test_s_is_later_than_p_and_both_grow_with_distance(model):
    distance = np.linspace(0.0, 400.0, 300)
    p = model.travel_time_s("P", distance, 12.0, 0.0)
    s = model.travel_time_s("S", distance, 12.0, 0.0)
    assert (s > p).all()
    assert (np.diff(p) > 0.0).all()
    assert (np.diff(s) > 0.0).all()


def test_nothing_to_travel_takes_no_time(model):
    assert model.travel_time_s("P", 0.0, 3.0, 3.0) == pytest.approx(0.0, abs=1e-9)


def test_station_above_sea_level_is_reached_later(model):
    low = model.travel_time_s("P", 5.0, 10.0, 0.0)
    high = model.travel_time_s("P", 5.0, 10.0, -3.0)
    assert 0.2 < high - low < 3.0 / 3.0


def test_no_paths_give_no_times(model):
    assert model.travel_time_s("P", np.empty(0), np.empty(0), 0.0).size == 0


@pytest.mark.parametrize(
    ("phase", "distance", "depth"),
    [("Pn", 1.0, 1.0), ("P", -1.0, 1.0), ("P", np.nan, 1.0), ("P", 1.0, np.inf)],
)
def test_impossible_paths_are_refused(model, phase, distance, depth):
    with pytest.raises(DataError):
        model.travel_time_s(phase, distance, depth, 0.0)


def test_is_a_volume(volume):
    assert isinstance(volume, VolumeTravelTimes)


def test_uniform_models_are_no_volumes(opened):
    assert not isinstance(opened("constant"), VolumeTravelTimes)


def test_places_of_a_volume_broadcast(volume):
    longitude, latitude = np.linspace(12.9, 13.1, 4)[:, None, None], np.array([45.9, 46.0])[:, None]
    depth = np.array([0.0, 5.0, 9.0])
    times = volume.station_travel_time_s("P", STATION, longitude, latitude, depth)
    assert times.shape == (4, 2, 3)
    alone = volume.station_travel_time_s("P", STATION, longitude[1, 0, 0], 46.0, 5.0)
    assert alone.shape == ()
    assert alone == pytest.approx(times[1, 1, 1], abs=1e-9)
    assert volume.station_travel_time_s("P", STATION, np.empty(0), 46.0, 5.0).size == 0


def test_volume_without_sideways_structure_has_the_times_of_its_depths(volume, rng):
    east, north, depth = rng.uniform((-19, -19, -2.9), (19, 19, 14.9), size=(200, 3)).T
    longitude, latitude = FRAME.to_geographic(east, north)
    station_east, station_north = FRAME.to_local(STATION.longitude, STATION.latitude)
    distance = np.hypot(east - station_east, north - station_north)
    for phase in ("P", "S"):
        found = volume.station_travel_time_s(phase, STATION, longitude, latitude, depth)
        expected = EXACT.travel_time_s(phase, distance, depth, STATION.depth_km)
        assert np.percentile(np.abs(found - expected), 95) < 5e-3
        # flat layers of one velocity each stand for the gradient
        layers = volume.travel_time_s(phase, distance, depth, STATION.depth_km)
        np.testing.assert_allclose(found, layers, atol=0.03)


def test_station_itself_is_reached_at_once_and_nothing_earlier(volume):
    here = (STATION.longitude, STATION.latitude, STATION.depth_km)
    assert 0.0 <= volume.station_travel_time_s("P", STATION, *here) < 1e-4
    longitude = STATION.longitude + np.linspace(-0.02, 0.02, 41)
    for phase in ("P", "S"):
        times = volume.station_travel_time_s(phase, STATION, longitude, *here[1:])
        assert (times >= 0.0).all()


def test_s_is_later_than_p_everywhere_in_a_volume(volume, rng):
    places = rng.uniform((12.8, 45.9, 0.0), (13.2, 46.1, 14.0), size=(100, 3)).T
    p, s = (volume.station_travel_time_s(phase, STATION, *places) for phase in "PS")
    assert (s > p).all()


def test_outside_a_volume_is_not_a_number(volume):
    for place in ((14.0, 46.0, 5.0), (13.0, 45.0, 5.0), (13.0, 46.0, 30.0), (-167.0, 46.0, 5.0)):
        assert np.isnan(volume.station_travel_time_s("P", STATION, *place))


@pytest.mark.parametrize(
    ("phase", "place"),
    [
        ("Pn", (13.0, 46.0, 5.0)),
        ("P", (np.nan, 46.0, 5.0)),
        ("P", (46.0, 113.0, 5.0)),
        ("P", (13.0, 46.0, np.inf)),
    ],
)
def test_impossible_places_in_a_volume_are_refused(volume, phase, place):
    with pytest.raises(DataError):
        volume.station_travel_time_s(phase, STATION, *place)
