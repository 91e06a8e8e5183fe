"""What a model makes of past events depends on none after them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, events

from mainshock.forecast.etas.background import BackgroundKernels, KernelSettings
from mainshock.forecast.etas.events import Places, Sources, Targets, inside_of
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.past import LEARNING_STEP_DAYS, FittedBackground, Past

END = 500.0
PLAIN = TriggeringLaw(USUAL)


@pytest.fixture(scope="module")
def catalogue():
    return events(400, seed=20)


@pytest.fixture(scope="module")
def fitted(catalogue):
    known = catalogue.between(-np.inf, END)
    place = Sources.of(known, BOX, 3.0).place
    settings = KernelSettings(apart_days=20.0)
    kernels = BackgroundKernels.at(BOX, known, place, inside_of(BOX, known), settings)
    return FittedBackground(kernels, known.time_days, END)


@pytest.fixture(scope="module")
def past(catalogue, fitted):
    return Past.of(catalogue, BOX, PLAIN, fitted)


def test_the_past_of_fewer_events_is_the_beginning_of_that_of_all(catalogue, fitted, past):
    for n in (150, 260, 399):
        alone = Past.of(catalogue.take(np.arange(n)), BOX, PLAIN, fitted)
        cut = past.before(n)
        assert alone.sources.activity == pytest.approx(cut.sources.activity, abs=1e-6)
        assert np.array_equal(alone.kernels.weight, cut.kernels.weight)
        targets = Targets.of(catalogue.take(np.arange(n - 5, 400)), BOX, alone.sources)
        assert alone.density(targets, BOX.area_km2) == pytest.approx(
            cut.density(targets, BOX.area_km2), rel=1e-6
        )


def test_the_background_learns_events_a_step_later(catalogue, fitted, past):
    n_fitted = len(fitted.kernels)
    after = catalogue.between(END, np.inf)
    assert len(past.kernels) == n_fitted + len(after)
    assert np.array_equal(past.kernels.place[:, n_fitted:].T, Places(BOX).of(after))
    for step in (0, 1, 2, 5):
        edge = END + max(step - 1, 0) * LEARNING_STEP_DAYS
        expected = n_fitted + (catalogue.between(END, edge).time_days >= END).sum()
        assert past.known[step] == expected


def test_nothing_is_known_of_a_target_s_own_step(catalogue, past):
    targets = Targets.of(catalogue.between(END + 31.0, END + 59.0), BOX, past.sources)
    known = past.known[2]
    every = np.full(len(targets), known)
    expected = past.kernels.density(targets.place, every, every, every)
    assert past.density(targets, BOX.area_km2) == pytest.approx(expected)


def test_weights_of_new_kernels_are_probabilities_of_no_trigger(catalogue, fitted, past):
    n_fitted = len(fitted.kernels)
    activity = past.sources.activity[catalogue.time_days >= END]
    weight = past.kernels.weight[n_fitted:]
    not_cut = activity < 8.0
    assert weight[not_cut] == pytest.approx(np.exp(-activity[not_cut]))
    assert ((weight > 0) & (weight <= 1)).all()


def test_a_uniform_background_has_no_activities(catalogue):
    past = Past.of(catalogue, BOX, PLAIN, None)
    assert not past.sources.activity.any()
    targets = Targets.of(catalogue.take(np.arange(3)), BOX, past.sources)
    assert past.density(targets, 50.0) == pytest.approx(np.full(3, 0.02))


def test_no_events_are_a_past_too(catalogue, fitted):
    nobody = catalogue.take(np.arange(0))
    past = Past.of(nobody, BOX, PLAIN, fitted)
    targets = Targets.of(catalogue.between(END, np.inf), BOX, past.sources)
    assert (past.density(targets, BOX.area_km2) > 0).all()
