"""Ascent within bounds."""

import numpy as np
import pytest

from mainshock.forecast.etas.likelihood import Evaluation
from mainshock.forecast.etas.scoring import ascend
from mainshock.forecast.etas.transform import Bounds

TOP = np.array([1.0, -2.0, 3.0])
CURVATURE = np.array([[40.0, 30.0, 0.0], [30.0, 50.0, 5.0], [0.0, 5.0, 10.0]])
WIDE = Bounds(np.full(3, -10.0), np.full(3, 10.0))


def hill(vector, scale=1.0):
    """A bent hill with its top at ``TOP``; its information is right to ``scale`` only."""
    off = vector - TOP
    value = -0.5 * off @ CURVATURE @ off - 0.3 * (off**4).sum()
    gradient = -CURVATURE @ off - 1.2 * off**3
    return Evaluation(value, gradient, scale * CURVATURE, np.zeros(1), 0.0, np.zeros(1))


@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0])
def test_the_top_is_found_though_the_information_is_not_exact(scale):
    found = ascend(
        lambda v: hill(v, scale), np.array([6.0, 5.0, -8.0]), WIDE, np.zeros(3, bool), 1e-8
    )
    assert found.has_converged
    assert found.vector == pytest.approx(TOP, abs=1e-3)


def test_bounds_hold_and_the_others_go_to_their_top():
    bounds = Bounds(np.array([-10.0, -1.0, -10.0]), np.full(3, 10.0))
    found = ascend(hill, np.zeros(3), bounds, np.zeros(3, bool), 1e-8)
    assert found.vector[1] == -1.0
    free = [0, 2]
    assert hill(found.vector).gradient[free] == pytest.approx([0.0, 0.0], abs=1e-2)
    assert hill(found.vector).gradient[1] < 0


def test_fixed_entries_stay():
    found = ascend(hill, np.zeros(3), WIDE, np.array([True, False, False]), 1e-8)
    assert found.vector[0] == 0.0
    assert hill(found.vector).gradient[1:] == pytest.approx([0.0, 0.0], abs=1e-2)


def test_steps_into_nothing_are_taken_back():
    def cliff(vector):
        found = hill(vector)
        value = found.value if vector[0] < 1.2 else np.nan
        return Evaluation(value, found.gradient, 0.05 * CURVATURE, np.zeros(1), 0.0, np.zeros(1))

    found = ascend(cliff, np.array([0.0, 0.0, 0.0]), WIDE, np.zeros(3, bool), 1e-6)
    assert found.vector == pytest.approx(TOP, abs=0.01)


def test_running_out_of_evaluations_is_told():
    found = ascend(hill, np.array([9.0, 9.0, -9.0]), WIDE, np.zeros(3, bool), 1e-12, most=3)
    assert not found.has_converged
    assert found.n_evaluations == 3
