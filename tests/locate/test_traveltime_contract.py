"""What every registered travel-time model must keep."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.registry import TRAVEL_TIMES, open_velocity_model

ARGUMENTS = {"constant": "6.0,3.5"}


@pytest.fixture(params=[*TRAVEL_TIMES.names(), "layers in a file"])
def model(request, tmp_path) -> TravelTimeModel:
    if request.param == "layers in a file":
        layers = tmp_path / "layers.csv"
        layers.write_text("depth_km,vp_km_s,vs_km_s\n0,5.5,3.1\n12,6.4,3.7\n31,8.0,4.6\n")
        return open_velocity_model(layers)
    return TRAVEL_TIMES.load(request.param)(ARGUMENTS.get(request.param, ""))


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
