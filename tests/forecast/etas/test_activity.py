"""The activity of events."""

import numpy as np
import pytest

from mainshock.forecast.etas.activity import LARGEST_ACTIVITY, activity_of


def test_activity_is_the_ln_of_intensity_over_background():
    background, triggered = np.array([1e-6, 2e-6, 1e-9]), np.array([0.0, 6e-6, 1.0])
    found = activity_of(background, triggered)
    assert found == pytest.approx([0.0, np.log(4.0), LARGEST_ACTIVITY])
