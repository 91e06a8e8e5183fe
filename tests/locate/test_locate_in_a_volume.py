"""Location in a velocity that varies sideways."""

import numpy as np
import pytest

from mainshock.core.records import Pick
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.registry import LOCATION_METHODS
from mainshock.locate.velocity.gradient import GradientVelocity
from mainshock.locate.velocity.volume import sample_volume

BOX = {"first_km": (-60.0, -60.0, -2.0), "last_km": (60.0, 60.0, 40.0), "spacing_km": (1.5,) * 3}


def fast_in_the_east(east, north, depth):
    vp = 5.0 + 0.03 * depth + 0.01 * east + 0.0 * north
    return vp, vp / 1.73


def picks_of(model, stations, frame, place):
    longitude, latitude = frame.to_geographic(*place[:2])
    times = [
        (s, phase, float(model.station_travel_time_s(phase, s, longitude, latitude, place[2])))
        for s in stations
        for phase in ("P", "S")
    ]
    return [
        Pick(s.network, s.station, "", phase, utc_from_posix(1.6e9 + time), 0.9, 0.05, "exact")
        for s, phase, time in times
    ]


@pytest.fixture
def volume(frame):
    return sample_volume(fast_in_the_east, frame, **BOX)


def test_finds_an_event_that_a_radial_model_misplaces(volume, frame, network, rng):
    stations = network(7)
    picks = picks_of(volume, stations, frame, (12.0, -8.0, 9.0))
    origin, arrivals = GridLocation(volume, n_nodes=60_000).locate(picks, stations, rng)
    east, north = frame.to_local(origin.longitude, origin.latitude)
    assert np.hypot(east - 12.0, north + 8.0) < 0.3
    assert abs(origin.depth_km - 9.0) < 0.7
    assert abs(to_posix_s(origin.time) - 1.6e9) < 0.05
    assert max(abs(arrival.residual_s) for arrival in arrivals) < 0.05
    radial = GradientVelocity(5.0, 0.03, 5.0 / 1.73, 0.03 / 1.73)
    origin, _ = GridLocation(radial, n_nodes=60_000).locate(picks, stations, rng)
    east, north = frame.to_local(origin.longitude, origin.latitude)
    assert np.hypot(east - 12.0, north + 8.0) > 0.4


def test_nothing_lies_outside_the_volume(volume, frame, network, rng):
    stations = network(5)
    picks = picks_of(volume, stations, frame, (55.0, 0.0, 10.0))
    origin, _ = GridLocation(volume, n_nodes=40_000).locate(picks, stations, rng)
    east, _ = frame.to_local(origin.samples.longitude, origin.samples.latitude)
    assert east.max() < 60.5


@pytest.mark.parametrize("name", ["grid", "importance"])
def test_samplers_agree_in_a_volume(volume, frame, network, rng, name):
    stations = network(5)
    picks = picks_of(volume, stations, frame, (5.0, 10.0, 12.0))
    method = LOCATION_METHODS.load(name)(travel_times=volume, model_error=0.0)
    origin, _ = method.locate(picks, stations, rng)
    east, north = frame.to_local(origin.longitude, origin.latitude)
    assert np.hypot(east - 5.0, north - 10.0) < 0.4
