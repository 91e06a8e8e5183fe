"""The six sets of conditions, and their scaling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.shaking.cgm_gm.conditions import CONDITION_SETS, Range, condition_values
from mainshock.shaking.scenarios import Scenarios


def _scenario() -> Scenarios:
    # 0.1 degrees of latitude north, 0.2 of longitude east
    values = (3.0, 8.0, -122.0, 37.5, -121.8, 37.6, 400.0)
    return Scenarios(*(np.array([one]) for one in values), np.array(["e"]), np.array(["s"]))


def test_values_of_each_set() -> None:
    row = _scenario()
    epicentral, azimuth = 20.87, np.arctan2(0.2, 0.1)
    rupture = np.hypot(epicentral, 8.0)
    expected = {
        0: [3.0, rupture, azimuth],
        1: [3.0, rupture, azimuth, 8.0],
        2: [3.0, 37.5, -122.0, 37.6, -121.8, 8.0],
        3: [3.0, 8.0],
        4: [3.0, rupture, 8.0],
        5: [3.0, epicentral, 8.0],
    }
    assert expected.keys() == CONDITION_SETS.keys()
    for number, values in expected.items():
        np.testing.assert_allclose(condition_values(row, number), [values], atol=0.02)


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(SettingsError, match="no set of conditions 6"):
        condition_values(_scenario(), 6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_what_a_range_was_fitted_to_lies_in_0_to_1(values: list[float]) -> None:
    column = np.array(values)[:, None]
    bounds = Range.of(column)
    scaled = bounds.scaled(column)
    assert (scaled >= 0.0).all()
    assert (scaled <= 1.0).all()
    assert not bounds.is_outside(column).any()
    assert bounds.is_outside(column.max(axis=0, keepdims=True) + 1.0).all()
