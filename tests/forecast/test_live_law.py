"""Past events with laws of their own: live as in the model's intensity and its simulations."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.simulation import simulate
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.forecast.live_law import LiveLaw, triggered_at
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, PARAMETERS, VARIATION, past, varied_model

NOW = END + 5.0
SETTINGS = LiveSettings(800, 0.0)


@pytest.fixture(scope="module")
def model():
    return varied_model()


@pytest.fixture
def live(model):
    return LiveForecast(model, past(), NOW, SETTINGS)


def test_the_expected_number_soon_is_the_integral_of_the_intensity(model, live):
    days = 1e-4  # too short for aftershocks of aftershocks
    direct = model.integral(live.history, NOW, NOW + days)
    assert live.expected_number(3.0, days=days) == pytest.approx(direct, rel=5e-3)


@pytest.mark.parametrize("days", [1.0, 7.0])
def test_what_past_events_and_the_background_give_is_the_integral_of_the_intensity(model, days):
    rare = replace(model.law.parameters, k0=1e-3 * model.law.parameters.k0)
    few = replace(model, law=TriggeringLaw(rare, VARIATION), parameters=rare)  # and few of theirs
    live = LiveForecast(few, past(), NOW, SETTINGS)
    live.update(LiveEvent("new", NOW + 0.2, -117.38, 34.12, 5.0))
    events = (
        live.history,
        Catalogue(*(np.array([one]) for one in (NOW + 0.2, 5.0, -117.38, 34.12))),
    )
    direct = few.integral(Catalogue.joined(list(events)), live.now_days, live.now_days + days)
    assert live.expected_number(3.0, days=days) == pytest.approx(direct, rel=0.02)


def test_numbers_are_those_of_the_models_own_simulations(model, live):
    n, days = 4000, 3.0
    drawn = simulate(model, live.history, NOW, days, n, seed=4)
    for magnitude in (3.0, 4.0):
        counted = drawn.take(drawn.magnitude >= magnitude).counts()
        row = live.probability(magnitude, None, days)
        assert row.expected == pytest.approx(counted.mean(), abs=4 * counted.std() / np.sqrt(n))
        assert row.probability == pytest.approx((counted > 0).mean(), abs=2 / np.sqrt(n))
    edges = (live.grid.latitude_edges, live.grid.longitude_edges)
    seen = np.histogram2d(drawn.latitude, drawn.longitude, bins=edges)[0] / n
    full = seen > 0.05
    assert full.sum() >= 3
    assert live.expected(days)[full] == pytest.approx(seen[full], rel=0.25)


def test_a_new_event_has_the_activity_that_the_model_gives_it(model, live):
    event = LiveEvent("new", NOW + 0.2, -117.38, 34.12, 4.0)
    live.update(event)
    whole = Catalogue.joined(
        [
            live.history,
            Catalogue(*(np.array([one]) for one in (event.time_days, 4.0, -117.38, 34.12))),
        ]
    )
    told = model.sources(whole).activity[-1]
    assert told > 2.0
    again = LiveForecast(model, whole, NOW + 0.2 + 1e-9, SETTINGS)
    assert live.expected_number(3.0) == pytest.approx(again.expected_number(3.0), rel=2e-3)
    quiet = LiveForecast(model, past(), NOW, SETTINGS)
    quiet.update(event, 0.0)
    assert quiet.expected_number(3.0) < live.expected_number(3.0)


def test_a_snapshot_keeps_activities(model, live):
    for i in range(3):
        live.update(LiveEvent(f"e{i}", NOW + 0.1 * i, -117.38, 34.12, 4.0 - 0.3 * i))
    live.update(LiveEvent("e0", NOW, -117.38, 34.12, 4.8))
    other = LiveForecast(model, past(), NOW, SETTINGS)
    other.restore(live.snapshot())
    assert other.expected() == pytest.approx(live.expected(), rel=2e-5)


def test_decays_are_those_of_each_event(model):
    law, columns = LiveLaw.of(model, past())
    t = np.geomspace(1e-4, 2000.0, 50)
    above, activity = np.array([0.0, 3.0]), np.array([0.0, 3.0])
    made = law.columns(above, activity)
    one, varied = model.law.parameters, VARIATION
    for j in range(2):
        omega = (
            one.omega
            + varied.omega_magnitude * above[j]
            + varied.omega_activity * (activity[j] - 1.0)
        )
        c = one.c_days * np.exp(varied.c_magnitude * above[j])
        factor = one.space_factor(3.0 + above[j]) * np.exp(
            varied.productivity_activity * (activity[j] - 1.0)
        )
        exact = factor * np.exp(-t / one.tau_days) * (t + c) ** (-1.0 - omega)
        assert np.exp(-np.outer(t, law.rates)) @ made.strength[j] == pytest.approx(exact, rel=1e-5)
    assert made.spread_km2 == pytest.approx(one.spread_km2([3.0, 6.0]))
    assert columns.strength.shape == (151, len(law.rates))


def test_the_triggered_intensity_is_the_sum_of_the_kernels():
    events = past()
    place = cartesian_km(-117.0, 34.0)
    there = cartesian_km(events.longitude, events.latitude)
    above = events.magnitude - 3.0
    counts = np.arange(len(events)) % 7 > 0
    found = triggered_at(PARAMETERS, NOW - 1.0, place, (events.time_days, there, above, counts))
    one = PARAMETERS
    passed = NOW - 1.0 - events.time_days
    used = counts & (passed > 0)
    passed = passed[used]
    square = ((there - place) ** 2).sum(axis=1)[used]
    kernel = one.k0 * np.exp(one.a * above[used] - passed / one.tau_days)
    kernel *= (passed + one.c_days) ** (-1 - one.omega)
    kernel *= (square + one.spread_km2(events.magnitude[used])) ** (-1 - one.rho)
    assert found == pytest.approx(kernel.sum(), rel=1e-9)


def test_beside_a_uniform_background_all_events_are_alike_in_activity(model):
    even = replace(model, background=None, background_days=np.zeros(0))
    live = LiveForecast(even, past(), NOW, SETTINGS)
    before = live.expected_number(3.0)
    live.update(LiveEvent("x", NOW, -117.38, 34.12, 5.0))
    assert live.expected_number(3.0) > before
