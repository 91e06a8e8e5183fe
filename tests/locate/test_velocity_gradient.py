"""Velocity linear in depth against other formulas."""

import numpy as np
import pytest
from scipy.integrate import quad

from mainshock.core.errors import DataError, GeometryError, SettingsError
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.gradient import GradientVelocity, gradient_from_text

MODEL = GradientVelocity(5.0, 0.05, 2.9, 0.03)


def time_along_circle_s(v0, g, distance, shallow, deep):
    """The time along the ray, a circle around depth -v0/g, by numerical integration."""
    centre = (distance**2 + (deep + v0 / g) ** 2 - (shallow + v0 / g) ** 2) / (2.0 * distance)
    start = np.arctan2(shallow + v0 / g, -centre)
    end = np.arctan2(deep + v0 / g, distance - centre)
    # ds = R dphi and v = g R sin(phi): the radius cancels
    return abs(quad(lambda angle: 1.0 / (g * np.sin(angle)), start, end, epsabs=1e-12)[0])


def test_agrees_with_integration_along_the_ray(rng):
    for _ in range(50):
        distance, shallow, deep = rng.uniform(1, 200), rng.uniform(-3, 5), rng.uniform(0, 60)
        expected = time_along_circle_s(5.0, 0.05, distance, shallow, deep)
        found = float(MODEL.travel_time_s("P", distance, deep, shallow))
        assert found == pytest.approx(expected, abs=1e-9)


def test_vertical_ray_is_a_logarithm():
    expected = np.log((2.9 + 0.03 * 20.0) / (2.9 + 0.03 * -2.0)) / 0.03
    assert MODEL.travel_time_s("S", 0.0, 20.0, -2.0) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("gradient", [0.0, 1e-12, 1e-7])
def test_a_vanishing_gradient_is_a_uniform_medium(gradient, rng):
    model, uniform = GradientVelocity(6.0, gradient, 3.5, gradient), ConstantVelocity(6.0, 3.5)
    paths = rng.uniform(0, 300, 50), rng.uniform(-2, 50, 50), rng.uniform(-2, 50, 50)
    np.testing.assert_allclose(
        model.travel_time_s("P", *paths), uniform.travel_time_s("P", *paths), rtol=1e-6
    )


def test_impossible_models_and_depths_are_refused():
    with pytest.raises(DataError, match="gradient"):
        GradientVelocity(6.0, -0.1, 3.5, 0.0)
    with pytest.raises(DataError, match="as fast as P"):
        GradientVelocity(3.0, 0.1, 3.5, 0.0)
    with pytest.raises(DataError, match="speeds"):
        MODEL.travel_time_s("P", 10.0, 5.0, -100.0)
    with pytest.raises(DataError, match="speeds"):
        MODEL.travel_time_s("P", 10.0, 500.0, 0.0)


def test_the_deepest_source_is_where_a_speed_reaches_the_limit():
    assert MODEL.deepest_source_km == pytest.approx(200.0, abs=1e-3)  # of P; S would reach 403 km
    assert MODEL.travel_time_s("P", 0.0, MODEL.deepest_source_km, 0.0) > 0.0
    assert GradientVelocity(6.0, 0.0, 3.5, 0.0).deepest_source_km == np.inf


def test_a_depth_range_below_the_end_of_the_model_is_refused(munich, rng):
    method = GridLocation(MODEL, depth_range_km=(300.0, 400.0))
    with pytest.raises(GeometryError, match="ends at 200"):
        method.locate(*munich, rng)


def test_text_is_four_numbers():
    assert gradient_from_text("5,0.05,2.9,0.03") == MODEL
    assert MODEL.name == "gradient:5,0.05,2.9,0.03"
    with pytest.raises(SettingsError, match="gradient:VP0,VP_GRADIENT"):
        gradient_from_text("5,0.05")
