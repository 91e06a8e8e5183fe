"""Layered travel times against independent references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from mainshock.core.errors import DataError
from mainshock.locate.velocity.constant import ConstantVelocity
from mainshock.locate.velocity.layered import LayeredVelocity

CRUST = LayeredVelocity((0.0, 5.0, 20.0, 35.0), (5.0, 5.8, 6.5, 8.0), (2.9, 3.4, 3.7, 4.5))
WITH_SLOW_LAYER = LayeredVelocity(
    (0.0, 3.0, 6.0, 15.0, 30.0), (5.5, 6.2, 4.8, 6.6, 8.1), (3.1, 3.5, 2.6, 3.8, 4.6)
)


def bisected_direct_s(tops, speeds, distance, shallow, deep):
    """The direct ray by bisection of its ray parameter, written with other formulas."""
    edges = np.unique(np.clip([shallow, *tops, deep], shallow, deep))
    middle, thick = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    v = np.array([speeds[max(np.searchsorted(tops, z, side="right") - 1, 0)] for z in middle])

    def sideways(p):
        return np.sum(thick * p * v / np.sqrt(1.0 - (p * v) ** 2)) - distance

    p = brentq(sideways, 0.0, (1.0 - 1e-14) / v.max(), xtol=1e-16) if distance else 0.0
    return float(np.sum(thick / (v * np.sqrt(1.0 - (p * v) ** 2))))


@pytest.mark.parametrize("model", [CRUST, WITH_SLOW_LAYER], ids=["crust", "slow layer"])
def test_direct_waves_agree_with_bisection(model, rng):
    tops, speeds = np.array(model.top_depth_km), np.array(model.vp_km_s)
    for _ in range(200):
        shallow, deep = -rng.uniform(0, 2), rng.uniform(0.5, 40.0)
        # near enough that no head wave can overtake
        distance = rng.uniform(0.0, 0.6 * (deep - shallow))
        expected = bisected_direct_s(tops, speeds, distance, shallow, deep)
        found = float(model.travel_time_s("P", distance, deep, shallow))
        assert found <= expected + 1e-6
        if deep < 30.0:
            assert found == pytest.approx(expected, abs=1e-6)


def head_waves_s(tops, speeds, distance, shallow, deep):
    """Times along every interface below or above both ends, layer by layer, no shortcuts."""
    top_of = np.array([-100.0, *tops[1:]])
    end_of = np.array([*tops[1:], 1000.0])
    found = []
    for interface in range(1, len(tops)):
        depth = tops[interface]
        for fast, is_below in ((interface, depth >= deep), (interface - 1, depth <= shallow)):
            if not is_below:
                continue
            p, time, away, exists = 1.0 / speeds[fast], 0.0, 0.0, True
            for end in (shallow, deep):
                low, high = min(end, depth), max(end, depth)
                thick = np.clip(np.minimum(end_of, high) - np.maximum(top_of, low), 0.0, None)
                crossed = thick > 0.0
                cosine_square = 1.0 - (p * speeds[crossed]) ** 2
                exists &= bool((cosine_square > 0.0).all())
                if exists:
                    cosine = np.sqrt(cosine_square)
                    time += float(np.sum(thick[crossed] / (speeds[crossed] * cosine)))
                    away += float(np.sum(thick[crossed] * p * speeds[crossed] / cosine))
            if exists and away <= distance:
                found.append(time + (distance - away) * p)
    return found


def test_first_arrivals_in_any_layers_are_the_earliest_of_all_waves(rng):
    for _ in range(300):
        tops = np.concatenate([[-3.0], np.cumsum(rng.uniform(1.0, 10.0, 5))])
        speeds = rng.uniform(3.0, 8.0, tops.size)
        model = LayeredVelocity(tuple(tops), tuple(speeds), tuple(speeds / 1.8))
        shallow, deep = np.sort(rng.uniform(-3.0, 35.0, 2))
        distance = rng.uniform(0.0, 200.0)
        candidates = head_waves_s(tops, speeds, distance, shallow, deep)
        candidates.append(bisected_direct_s(tops, speeds, distance, shallow, deep))
        found = float(model.travel_time_s("P", distance, shallow, deep))
        assert found == pytest.approx(min(candidates), abs=1e-5)


def test_head_wave_of_two_layers_follows_the_textbook():
    model = LayeredVelocity((0.0, 20.0), (6.0, 8.0), (3.5, 4.6))
    distance, depth = np.array([120.0, 200.0, 300.0]), 8.0
    root = np.sqrt(1.0 / 6.0**2 - 1.0 / 8.0**2)
    head = distance / 8.0 + (20.0 + 12.0) * root
    direct = np.hypot(distance, depth) / 6.0
    np.testing.assert_allclose(
        model.travel_time_s("P", distance, depth, 0.0), np.minimum(head, direct), atol=1e-12
    )
    assert (head[1:] < direct[1:]).all()


def test_head_wave_can_run_above_both_ends():
    model = LayeredVelocity((0.0, 2.0), (6.0, 4.0), (3.5, 2.4))
    root = np.sqrt(1.0 / 4.0**2 - 1.0 / 6.0**2)
    expected = 60.0 / 6.0 + (1.0 + 3.0) * root
    assert model.travel_time_s("P", 60.0, 3.0, 5.0) == pytest.approx(expected, abs=1e-12)


def test_many_thin_layers_approach_a_gradient():
    # v = v0 + g z has the closed time acosh(1 + g^2 (x^2 + z^2) / (2 v0 v(z))) / g
    v0, g = 5.0, 0.05
    tops = np.arange(0.0, 40.0, 0.05)
    middle = v0 + g * (tops + 0.025)
    model = LayeredVelocity(tuple(tops), tuple(middle), tuple(middle / 1.75))
    distance = np.linspace(0.0, 60.0, 30)
    depth = 12.0
    expected = np.arccosh(1 + g**2 * (distance**2 + depth**2) / (2 * v0 * (v0 + g * depth))) / g
    np.testing.assert_allclose(model.travel_time_s("P", distance, depth, 0.0), expected, atol=1e-3)


@given(
    st.floats(0.0, 500.0),
    st.floats(-3.0, 80.0),
    st.floats(-3.0, 80.0),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=80)
def test_no_path_is_faster_than_the_fastest_or_slower_than_the_slowest_layer(
    distance, source, receiver, n_layers, seed
):
    rng = np.random.default_rng(seed)
    tops = np.cumsum(rng.uniform(0.5, 15.0, n_layers)) - 1.0
    vp = rng.uniform(2.0, 8.5, n_layers)
    model = LayeredVelocity(tuple(tops), tuple(vp), tuple(vp / 1.8))
    length = np.hypot(distance, source - receiver)
    time = float(model.travel_time_s("P", distance, source, receiver))
    assert length / vp.max() - 1e-9 <= time <= length / vp.min() + 1e-9
    assert time == pytest.approx(
        float(model.travel_time_s("P", distance, receiver, source)), abs=1e-9
    )


def test_layers_of_one_speed_are_a_uniform_medium(rng):
    layers = LayeredVelocity((0.0, 7.0, 19.0), (6.0, 6.0, 6.0), (3.5, 3.5, 3.5))
    uniform = ConstantVelocity(6.0, 3.5)
    paths = rng.uniform(0, 300, 100), rng.uniform(-2, 50, 100), rng.uniform(-2, 50, 100)
    np.testing.assert_allclose(
        layers.travel_time_s("S", *paths), uniform.travel_time_s("S", *paths), atol=1e-9
    )


@pytest.mark.parametrize(
    "layers",
    [
        ((), (), ()),
        ((0.0,), (6.0, 7.0), (3.0,)),
        ((0.0, 0.0), (6.0, 7.0), (3.0, 4.0)),
        ((5.0, 0.0), (6.0, 7.0), (3.0, 4.0)),
        ((0.0,), (3.0,), (6.0,)),
        ((0.0,), (6000.0,), (3500.0,)),
        ((0.0,), (float("nan"),), (3.0,)),
    ],
)
def test_impossible_layers_are_refused(layers):
    with pytest.raises(DataError):
        LayeredVelocity(*layers)
