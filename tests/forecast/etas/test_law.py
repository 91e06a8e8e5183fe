"""The law of each event, and its vector."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, events

from mainshock.forecast.etas.events import Sources
from mainshock.forecast.etas.law import LAW_NAMES, TriggeringLaw, Variation, law_bounds

VARIED = Variation(0.2, 0.01, 0.1, 0.5, mean_activity=3.0)


@pytest.fixture
def sources():
    rng = np.random.default_rng(0)
    made = Sources.of(events(50), BOX, 3.0)
    return Sources(made.time_days, made.place, made.above, rng.uniform(0, 8, 50))


def test_a_vector_makes_its_law_again():
    law = TriggeringLaw(USUAL, VARIED)
    assert len(law.vector) == len(LAW_NAMES)
    again = law.at(law.vector)
    assert again.variation == VARIED
    assert again.parameters.as_dict() == pytest.approx(USUAL.as_dict())


def test_a_plain_law_is_that_of_its_parameters(sources):
    law = TriggeringLaw(USUAL)
    assert law.variation.is_none
    assert law.factor(sources) == pytest.approx(USUAL.space_factor(sources.above + 3.0))
    assert (law.c_days(sources) == USUAL.c_days).all()
    assert (law.omega(sources) == USUAL.omega).all()


def test_parameters_apply_to_an_event_of_mean_activity_and_reference_magnitude(sources):
    law = TriggeringLaw(USUAL, VARIED)
    mean = Sources(sources.time_days, sources.place, 0.0 * sources.above, np.full(50, 3.0))
    assert law.c_days(mean) == pytest.approx(USUAL.c_days)
    assert law.omega(mean) == pytest.approx(USUAL.omega)
    assert law.factor(mean) == pytest.approx(np.full(50, USUAL.space_factor(3.0)))


def test_active_and_large_events_differ_as_the_numbers_say():
    law = TriggeringLaw(USUAL, VARIED)
    one = Sources(np.zeros(1), np.zeros((3, 1), np.float32), np.array([2.0]), np.array([5.0]))
    assert law.factor(one) == pytest.approx(USUAL.space_factor(5.0) * np.exp(0.2 * 2.0))
    assert law.c_days(one) == pytest.approx(USUAL.c_days * np.exp(0.5 * 2.0))
    assert law.omega(one) == pytest.approx(USUAL.omega + 0.1 * 2.0 + 0.01 * 2.0)


def test_another_mean_activity_writes_the_same_law(sources):
    law = TriggeringLaw(USUAL, VARIED)
    moved = law.recentred(5.5)
    assert moved.variation.mean_activity == 5.5
    for name in ("factor", "omega", "c_days"):
        assert getattr(moved, name)(sources) == pytest.approx(getattr(law, name)(sources))


def test_a_variation_comes_back_from_its_numbers():
    assert Variation.from_dict(VARIED.as_dict()) == VARIED
    assert Variation.from_dict({}) == Variation()


def test_the_taper_is_no_longer_than_the_history():
    bounds = law_bounds(100, 500.0, 800.0)
    assert np.exp(bounds.high[LAW_NAMES.index("tau_days")]) == pytest.approx(800.0)
    assert (bounds.low < bounds.high).all()
    assert bounds.clip(np.full(13, 1e9)) == pytest.approx(bounds.high)
