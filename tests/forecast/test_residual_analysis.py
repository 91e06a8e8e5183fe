"""Residuals of the right model are even, those of a wrong one are not."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast import residual_analysis as ours
from mainshock.forecast.evaluate import evaluate_model, rows_of, score
from mainshock.forecast.region import Region

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import BOX, Raised, info_of, one_catalogue

DAYS = 600.0


@pytest.fixture(scope="module")
def model():
    return Raised(info_of(), mu=0.5, n=0.6)


@pytest.fixture(scope="module")
def stored(model):
    return one_catalogue(model, -1000.0, 1000.0, seed=1)


@pytest.fixture(scope="module")
def later(model):
    return one_catalogue(model, 0.0, DAYS, seed=2)


@pytest.fixture(scope="module")
def rows(model, stored, later):
    return rows_of(model, stored, later, 0.0, DAYS)


def test_transformed_times_of_the_right_model_are_even(model, rows):
    found = ours.transformed_times(model, rows)
    assert found.step == -(-len(rows.targets) // 400)
    assert found.probability > 0.01
    assert abs(found.correlation) < 0.2
    assert found.total == pytest.approx(model.integral(rows.history, 0.0, DAYS))


def test_a_steady_rate_does_not_explain_clusters(model, rows):
    steady = Raised(model.info, mu=len(rows.targets) / DAYS)
    found = ours.transformed_times(steady, rows)
    assert found.probability < 1e-4
    assert found.as_dict()["expected_n"] == pytest.approx(len(rows.targets))


def test_steps_of_several_events_are_gamma_distributed(model, rows, monkeypatch):
    monkeypatch.setattr(ours, "_MOST_SPANS", 60)
    found = ours.transformed_times(model, rows)
    assert found.step > 5
    assert found.probability > 0.01
    assert found.number[0] == found.step


def test_super_thinned_points_of_the_right_model_are_even(model, rows):
    probabilities = []
    for seed in range(10):
        found = ours.super_thinned(model, rows, score(model, rows), seed=seed)
        probabilities.append(
            [found.number_probability, found.time_probability, found.place_probability]
        )
        assert found.is_event.sum() < len(found.time_days)
    assert (np.median(probabilities, axis=0) > 0.05).all()


def test_super_thinned_points_of_a_wrong_model_are_not(model, rows):
    low = Raised(model.info, mu=0.2)
    found = ours.super_thinned(low, rows, score(low, rows))
    assert found.number_probability < 0.01
    assert found.as_dict()["expected_n"] == found.expected_n


def test_events_in_one_corner_are_no_even_places(model, stored, later):
    from mainshock.sources.seismicity.catalogue import Catalogue

    n = len(later)
    corner = Catalogue(later.time_days, later.magnitude, np.full(n, -117.9), np.full(n, 33.1))
    rows = rows_of(model, stored, corner, 0.0, DAYS)
    found = ours.super_thinned(model, rows, score(model, rows))
    assert found.place_probability < 1e-6


def test_a_model_of_times_alone_has_no_places():
    model = Raised(info_of(None), mu=0.5, n=0.6)
    past, later = (one_catalogue(model, *one) for one in ((-1000.0, 1000.0, 1), (0.0, DAYS, 2)))
    rows = rows_of(model, past, later, 0.0, DAYS)
    found = ours.super_thinned(model, rows, score(model, rows))
    assert np.isnan(found.place_probability)
    assert found.time_probability > 0.01


def test_the_gain_curve_ends_at_the_gain(model, stored, later):
    found = evaluate_model(model, stored, later, 0.0, DAYS, n_boot=10)
    curve = ours.gain_curve(found)
    assert curve.gain[0] == 0.0
    assert curve.gain[-1] / found.n == pytest.approx(found.igpe)
    assert curve.n[-1] == found.n
    assert (np.diff(curve.time_days) > 0).all()


def test_the_gain_over_itself_is_nothing(model, stored, later):
    found = evaluate_model(model, stored, later, 0.0, DAYS, n_boot=10)
    np.testing.assert_allclose(ours.gain_curve(found, found.model).gain, 0.0, atol=1e-9)


def test_two_events_have_no_residuals(model, stored, later):
    rows = rows_of(model, stored, later.between(0.0, later.time_days[2]), 0.0, DAYS)
    with pytest.raises(DataError, match="longer window"):
        ours.transformed_times(model, rows)


def test_places_are_spread_evenly_over_the_area():
    rng = np.random.default_rng(0)
    lon, lat = ours.places_in(Region.box(170.0, 0.0, -170.0, 60.0), 4000, rng)
    assert len(lon) == 4000
    assert (np.abs(lon) >= 170.0).all()
    # half of the area between 0 and 60 degrees lies below the one whose sine is half
    assert (lat < 25.7).mean() == pytest.approx(0.5, abs=0.03)
    inside = BOX.contains(*ours.places_in(BOX, 100, rng))
    assert inside.all()
