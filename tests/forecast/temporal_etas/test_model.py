import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.region import Region
from mainshock.forecast.temporal_etas.model import TEMPORAL_ETAS, TemporalEtas
from mainshock.forecast.temporal_etas.simulation import draw_catalogues, first_generation
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
import itertools

from temporal_events import TRUTH, drawn_events, info_of

SETTINGS = FitSettings(200.0, 1300.0, 3.0)


@pytest.fixture(scope="module")
def events() -> Catalogue:
    return drawn_events(1500.0)


@pytest.fixture(scope="module")
def model(events: Catalogue) -> TemporalEtas:
    return TEMPORAL_ETAS.fit(events, SETTINGS)


def test_log_likelihood_is_that_of_its_own_rates(model: TemporalEtas, events: Catalogue) -> None:
    targets = events.between(200.0, 1300.0)
    found = model.log_intensity(targets, events).sum() - model.integral(events, 200.0, 1300.0)
    assert found == pytest.approx(model.info.log_likelihood, abs=1e-4)
    assert model.info.n_events == len(targets)


def test_rates_are_those_of_the_definition(model: TemporalEtas, events: Catalogue) -> None:
    one = model.parameters
    now = events.time_days[400] + 1e-4
    past = events.between(-np.inf, now)
    passed = now - past.time_days
    expected = one.mu_per_day + one.productivity(past.magnitude) @ one.decay(passed)
    target = Catalogue(np.array([now]), np.array([3.5]))
    assert model.log_intensity(target, events)[0] == pytest.approx(np.log(expected), abs=1e-5)


def test_the_integral_is_that_of_the_rate(model: TemporalEtas, events: Catalogue) -> None:
    edges = np.concatenate([events.between(500.0, 520.0).time_days, [500.0, 520.0]])
    edges = np.sort(edges)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    total = 0.0
    for low, high in itertools.pairwise(edges):  # smooth between events
        u = np.log(model.parameters.c_days) + (nodes + 1) / 2 * np.log1p(
            (high - low) / model.parameters.c_days
        )
        t = low + np.exp(u) - model.parameters.c_days
        rate = np.exp(model.log_intensity(Catalogue(t, np.full(40, 3.0)), events))
        total += (rate * np.exp(u)) @ weights * np.log1p((high - low) / model.parameters.c_days) / 2
    assert model.integral(events, 500.0, 520.0) == pytest.approx(total, rel=1e-4)


def test_integrals_of_many_windows_are_those_of_each(
    model: TemporalEtas, events: Catalogue
) -> None:
    edges = [1300.0, 1310.0, 1311.0, 1400.0]
    each = [model.integral(events, a, b) for a, b in itertools.pairwise(edges)]
    assert np.allclose(model.integrals(events, edges), each, rtol=1e-9)


def test_a_region_restricts_targets_and_sources(rng: np.random.Generator) -> None:
    events = drawn_events(1500.0)
    box = Region.box(0.0, 0.0, 1.0, 1.0)
    inside = rng.random(len(events)) < 0.6
    place = np.where(inside, 0.5, 1.2)
    placed = replace(events, longitude=place, latitude=np.full(len(events), 0.5))
    alone = events.take(inside)
    with_region = TEMPORAL_ETAS.fit(placed, replace(SETTINGS, region=box))
    without = TEMPORAL_ETAS.fit(alone, SETTINGS)
    assert with_region.info.parameters == without.info.parameters
    assert with_region.integral(placed, 1300.0, 1400.0) == without.integral(alone, 1300.0, 1400.0)


def test_history_before_a_date_does_not_count(events: Catalogue) -> None:
    short = replace(SETTINGS, history_start_days=190.0)
    late = events.between(190.0, np.inf)
    found, expected = TEMPORAL_ETAS.fit(events, short), TEMPORAL_ETAS.fit(late, SETTINGS)
    assert found.info.parameters == expected.info.parameters
    assert found.integral(events, 1300.0, 1310.0) == expected.integral(late, 1300.0, 1310.0)


def test_the_state_tells_the_same_rates(model: TemporalEtas, events: Catalogue) -> None:
    state = model.state(events, 1300.0)
    target = Catalogue(np.array([1300.5]), np.array([3.0]))
    past = events.between(-np.inf, 1300.0)
    assert np.log(state.rate(1300.5)) == pytest.approx(
        model.log_intensity(target, past)[0], abs=1e-5
    )
    assert state.expected(1300.0, 1301.0, "direct") == pytest.approx(
        model.integral(past, 1300.0, 1301.0), rel=1e-5
    )


def test_endless_sequences_are_not_simulated(events: Catalogue) -> None:
    endless = TemporalEtas(info_of(replace(TRUTH, k=0.08)))
    with pytest.raises(DataError, match="max_branching_ratio=0"):
        endless.simulate(events, 1500.0, 1.0, 10, seed=1)


def test_a_ceiling_makes_an_endless_model_end(events: Catalogue) -> None:
    capped = TEMPORAL_ETAS.fit(events, replace(SETTINGS, options={"max_branching_ratio": 0.3}))
    assert capped.info.parameters["endless_branching_ratio"] == pytest.approx(0.3, rel=1e-4)
    assert any("branching_ratio stands at its bound" in one for one in capped.info.warnings)


def test_a_background_that_vanishes_is_told() -> None:
    alone = replace(TRUTH, mu_per_day=1e-9)
    first = first_generation(alone, np.array([0.0]), np.array([7.0]), 0.1, 500.0)
    drawn = draw_catalogues(info_of(alone), alone, first, 0.1, 500.0, 1, seed=2)
    main = Catalogue(np.array([0.0]), np.array([7.0]))
    burst = Catalogue(0.1 + drawn.time_days, drawn.magnitude.astype(np.float64))
    model = TEMPORAL_ETAS.fit(Catalogue.joined([main, burst]), FitSettings(0.1, 500.1, 3.0))
    assert any(one.startswith("mu stands at its bound") for one in model.info.warnings)
    assert np.isnan(model.info.standard_errors["mu"])


def test_an_unknown_option_is_refused(events: Catalogue) -> None:
    with pytest.raises(SettingsError, match="no option nodes"):
        TEMPORAL_ETAS.fit(events, replace(SETTINGS, options={"nodes": 12}))


def test_varying_completeness_is_told(events: Catalogue) -> None:
    varying = replace(events, completeness=np.full(len(events), 3.2))
    assert any("completeness" in one for one in TEMPORAL_ETAS.fit(varying, SETTINGS).info.warnings)
