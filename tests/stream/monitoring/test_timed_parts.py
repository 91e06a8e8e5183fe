"""Association and location are timed, and are otherwise what they were."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from mainshock.core.records import Station
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.registry import open_velocity_model
from mainshock.pipeline.locating import EventBuilder
from mainshock.sources.stations import StationList
from mainshock.stream.monitoring.parts import TimedAssociator, TimedBuilder


@pytest.fixture
def told():
    return []


@pytest.fixture
def builder():
    stations = StationList([Station("XX", "A", 10.0, 48.0, 500.0)])
    return EventBuilder(GridLocation(open_velocity_model("constant:5.0,2.9")), stations)


@pytest.fixture
def observe(told):
    return lambda part, seconds: told.append((part, seconds))


def test_an_association_is_timed_and_keeps_its_name_and_settings(told, observe):
    associator = ASSOCIATORS.load("grid")()
    timed = TimedAssociator(associator, observe)
    result = timed.associate([], [], open_velocity_model("constant:5.0,2.9"))
    assert result.groups == []
    assert [part for part, _ in told] == ["associate"]
    assert told[0][1] > 0.0
    assert (timed.name, timed.n_horizontal) == (associator.name, associator.n_horizontal)
    coarser = timed.around(lambda one: replace(one, n_horizontal=4))
    assert isinstance(coarser, TimedAssociator)
    assert coarser.n_horizontal == 4


def test_a_location_that_fails_is_timed_too(told, observe, builder):
    timed = TimedBuilder.of(builder, observe)
    with pytest.raises(ValueError, match="pick"):
        timed.build([], "id", np.random.default_rng(1))
    assert [part for part, _ in told] == ["locate"]
    assert replace(timed, amplitudes=None).observe is observe


def test_other_processes_get_the_parts_without_the_clock(observe, builder):
    made = pickle.loads(pickle.dumps(TimedBuilder.of(builder, observe)))
    assert type(made) is EventBuilder
    timed = TimedAssociator(ASSOCIATORS.load("grid")(), observe)
    assert type(pickle.loads(pickle.dumps(timed))) is type(ASSOCIATORS.load("grid")())
