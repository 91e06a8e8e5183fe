"""Log-likelihood and slopes against the model written out plainly, and chosen pairs against all."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, PlainEtas, events

from mainshock.forecast.etas.events import Places, Sources, Targets, inside_of
from mainshock.forecast.etas.law import LAW_NAMES, TriggeringLaw, Variation
from mainshock.forecast.etas.likelihood import (
    Likelihood,
    Problem,
    Window,
    expectation,
    pair_table,
    triggered,
)

START, END = 200.0, 1000.0
VARIED = Variation(0.2, 0.01, 0.1, 0.5, mean_activity=3.0)


def problem_of(catalogue, activity=0.0, threads=1):
    made = Sources.of(catalogue, BOX, 3.0)
    sources = Sources(made.time_days, made.place, made.above, np.full(len(made), 0.0) + activity)
    rows = np.flatnonzero(catalogue.time_days >= START)
    targets = Targets.of(catalogue.take(rows), BOX, sources)
    window = Window.whole(START, END)
    problem = Problem(sources, targets, inside_of(BOX, catalogue), window, threads=threads)
    return problem, rows


def vary(catalogue, activity, varied):
    above, active = catalogue.magnitude - 3.0, activity - varied.mean_activity
    return (
        varied.productivity_activity * active,
        varied.c_magnitude * above,
        varied.omega_magnitude * above + varied.omega_activity * active,
    )


@pytest.fixture(scope="module")
def catalogue():
    return events(90, seed=2)


def test_the_log_likelihood_is_the_plain_one(catalogue):
    problem, rows = problem_of(catalogue)
    density = np.random.default_rng(0).uniform(0.5, 2.0, len(rows)) / BOX.area_km2
    found = Likelihood(problem, density)(TriggeringLaw(USUAL))
    plain = PlainEtas(USUAL, catalogue)
    expected = plain.log_intensity(rows, density)
    assert found.log_intensity == pytest.approx(expected, abs=1e-5)
    # the rest is from 48 rays instead of 7200
    assert found.expected == pytest.approx(plain.integral(START, END), rel=2e-3)
    assert found.value == pytest.approx(found.log_intensity.sum() - found.expected)


def test_a_law_that_varies_is_the_plain_one_event_by_event(catalogue):
    activity = np.random.default_rng(1).uniform(0, 8, len(catalogue))
    problem, rows = problem_of(catalogue, activity)
    density = np.full(len(rows), 1.0 / BOX.area_km2)
    found = Likelihood(problem, density)(TriggeringLaw(USUAL, VARIED))
    plain = PlainEtas(USUAL, catalogue, vary=vary(catalogue, activity, VARIED))
    assert found.log_intensity == pytest.approx(plain.log_intensity(rows, density), abs=2e-5)
    assert found.expected == pytest.approx(plain.integral(START, END), rel=2e-3)


def test_slopes_are_differences_of_the_value(catalogue):
    activity = np.random.default_rng(1).uniform(0, 8, len(catalogue))
    problem, rows = problem_of(catalogue, activity)
    likelihood = Likelihood(problem, np.full(len(rows), 1.0 / BOX.area_km2))
    law = TriggeringLaw(USUAL, VARIED)
    found = likelihood(law)
    size = np.sqrt(np.diag(found.information))
    for k, name in enumerate(LAW_NAMES):
        step = 2e-3 * (np.arange(len(LAW_NAMES)) == k)
        above, below = (likelihood(law.at(law.vector + s * step)).value for s in (1, -1))
        # single precision leaves some 1e-4 nats in the value
        assert (above - below) / 4e-3 == pytest.approx(
            found.gradient[k], abs=0.02 * size[k] + 0.05
        ), name


def test_information_is_what_targets_tell(catalogue):
    problem, rows = problem_of(catalogue)
    likelihood = Likelihood(problem, np.full(len(rows), 1.0 / BOX.area_km2))
    law, step = TriggeringLaw(USUAL), 1e-2
    slopes = []
    for k in range(9):
        moved = step * (np.arange(13) == k)
        above, below = (likelihood(law.at(law.vector + s * moved)) for s in (1, -1))
        slopes.append((above.log_intensity - below.log_intensity) / (2 * step))
    expected = np.array(slopes) @ np.array(slopes).T
    assert likelihood(law).information[:9, :9] == pytest.approx(
        expected, rel=0.01, abs=2e-3 * expected.max()
    )


def test_chosen_pairs_give_the_value_of_all_pairs_where_they_were_chosen():
    catalogue = events(1500, seed=3)
    problem, rows = problem_of(catalogue)
    density = np.full(len(rows), 1.0 / BOX.area_km2)
    law = TriggeringLaw(USUAL)
    background = USUAL.mu_per_day * density
    pairs = pair_table(law, problem.sources, problem.targets, background, 100)
    whole, chosen = Likelihood(problem, density)(law), Likelihood(problem, density, pairs)(law)
    assert chosen.value == pytest.approx(whole.value, abs=2e-3)
    assert len(pairs.days) < 0.1 * problem.targets.before.sum()


def test_chosen_pairs_are_near_all_pairs_elsewhere_and_more_are_nearer():
    catalogue = events(1500, seed=3)
    problem, rows = problem_of(catalogue)
    density = np.full(len(rows), 1.0 / BOX.area_km2)
    law = TriggeringLaw(USUAL)
    there = law.at(
        law.vector + np.array([0.3, -0.3, 0.2, 0.4, 0.03, 0.5, -0.4, 0.1, 0.1, *[0] * 4])
    )
    whole = Likelihood(problem, density)
    rise = whole(there).value - whole(law).value
    errors = []
    for most in (20, 400):
        pairs = pair_table(law, problem.sources, problem.targets, USUAL.mu_per_day * density, most)
        chosen = Likelihood(problem, density, pairs)
        errors.append(abs(chosen(there).value - chosen(law).value - rise))
    assert errors[1] < 0.01 * abs(rise)
    assert errors[1] < errors[0]


def test_threads_change_nothing(catalogue):
    law = TriggeringLaw(USUAL)
    (one, _), (three, _) = problem_of(catalogue), problem_of(catalogue, threads=3)
    found = [triggered(law, p.sources, p.targets, p.threads) for p in (one, three)]
    assert np.array_equal(*found)


def test_a_window_of_parts_adds_up_and_a_share_scales(catalogue):
    sources = Sources.of(catalogue, BOX, 3.0)
    inside, law = inside_of(BOX, catalogue), TriggeringLaw(USUAL)
    whole = expectation(law, sources, inside, Window.whole(START, END)).number
    halves = Window(np.array([START, 500.0, END]), np.ones(2))
    assert expectation(law, sources, inside, halves).number == pytest.approx(whole, rel=1e-5)
    parts = [
        expectation(law, sources, inside, Window.whole(a, b)).number
        for a, b in ((START, 500.0), (500.0, END))
    ]
    fewer = Window(np.array([START, 500.0, END]), np.array([0.5, 1.0]))
    assert expectation(law, sources, inside, fewer).number == pytest.approx(
        0.5 * parts[0] + parts[1], rel=1e-5
    )


def test_sources_after_the_window_expect_nothing(catalogue):
    sources = Sources.of(catalogue, BOX, 3.0)
    found = expectation(
        TriggeringLaw(USUAL), sources, inside_of(BOX, catalogue), Window.whole(100.0, 300.0)
    )
    assert not found.of_source[catalogue.time_days >= 300.0].any()
    assert (found.of_source[catalogue.time_days < 300.0] > 0).all()


def test_places_of_targets_are_rows():
    assert Places(BOX).of(events(7)).shape == (7, 3)
