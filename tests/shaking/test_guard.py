"""The guard knows its training conditions and what lies far from them."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.shaking.guard import make_guard

sys.path.insert(0, str(Path(__file__).parent))
from made_regions import made_region

SCENARIOS, *_ = made_region()
GUARD = make_guard(SCENARIOS)


def _shifted(**changes: float):
    """Return the first row with some fields moved."""
    row = SCENARIOS.take(np.arange(1))
    return replace(row, **{name: getattr(row, name) + by for name, by in changes.items()})


def test_training_rows_are_at_no_distance():
    assert GUARD.remoteness(SCENARIOS) == pytest.approx(np.zeros(len(SCENARIOS)), abs=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"magnitude": 4.0},
        {"depth_km": 60.0},
        {"site_longitude": 2.0},
        {"source_latitude": 2.0},
    ],
)
def test_far_conditions_are_flagged(changes):
    assert GUARD.remoteness(_shifted(**changes))[0] > 1.0


def test_held_out_events_and_stations_are_mostly_inside():
    is_out = SCENARIOS.event > "e5"
    guard = make_guard(SCENARIOS.take(~is_out))
    assert np.mean(guard.remoteness(SCENARIOS.take(is_out)) > 1.0) < 0.25


@given(st.floats(0.5, 3.0), st.floats(0.1, 2.0))
def test_farther_is_never_nearer(first, more):
    near, far = (GUARD.remoteness(_shifted(magnitude=one))[0] for one in (first, first + more))
    # the nearest training magnitude may lie between the two only inside the training range
    assert far >= near or far <= 1.0
