"""CSEP's tests over many windows, pooled ones, and probabilities."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast import window_tests as ours
from mainshock.forecast.count_calibration import window_forecasts
from mainshock.forecast.evaluate import rows_of
from mainshock.forecast.region import Region
from mainshock.forecast.reliability import reliability_diagram

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import Raised, info_of, one_catalogue

DAYS = 420.0


@pytest.fixture(scope="module")
def model():
    return Raised(info_of(), mu=1.0, n=0.4)


@pytest.fixture(scope="module")
def rows(model):
    past = one_catalogue(model, -1000.0, 1000.0, seed=1)
    return rows_of(model, past, one_catalogue(model, 0.0, DAYS, seed=2), 0.0, DAYS)


@pytest.fixture(scope="module")
def forecasts(model, rows):
    return window_forecasts(model, rows, n_simulations=200)


@pytest.fixture(scope="module")
def grid(model):
    return ours.grid_for(model.info.region)


def test_the_right_model_passes_as_often_as_it_should(forecasts, model, grid):
    found = ours.window_tests(forecasts, model.info, grid)
    assert [one.name for one in found] == ["N", "M resampled", "S", "PL"]
    for one in found:
        assert one.share_passed() > 0.85
        assert one.as_dict()["calibration"]["probability"] > 0.001


def test_other_magnitudes_are_found_out(forecasts, model, grid):
    steep = [
        type(one)(one.start_days, one.end_days, one.simulated, _larger(one.observed))
        for one in forecasts
    ]
    found = {one.name: one for one in ours.window_tests(steep, model.info, grid)}
    assert found["M resampled"].share_passed() < 0.6


def _larger(events):
    from mainshock.sources.seismicity.catalogue import Catalogue

    wider = 3.0 + 2.5 * (events.magnitude - 3.0)
    return Catalogue(events.time_days, wider, events.longitude, events.latitude)


def test_models_of_times_alone_are_tested_without_places():
    model = Raised(info_of(None), mu=1.0, n=0.4)
    past, later = one_catalogue(model, -1000.0, 1000.0), one_catalogue(model, 0.0, 70.0, 2)
    rows = rows_of(model, past, later, 0.0, 70.0)
    forecasts = window_forecasts(model, rows, n_simulations=50)
    tests = ours.window_tests(forecasts, model.info, None)
    assert [one.name for one in tests] == ["N", "M resampled"]
    pooled = ours.pooled_rates(forecasts, model.info, None)
    names = [row["test"] for row in ours.pooled_tests(pooled)]
    assert names == ["N (Poisson)", "N (negative binomial)", "M"]
    assert len(ours.window_probabilities(forecasts, model.info, None)) == 1


def test_pooled_rates_add_up(forecasts, model, grid, rows):
    found = ours.pooled_rates(forecasts, model.info, grid)
    assert found.counts.sum() == len(rows.targets)
    assert found.window_counts.sum() == len(rows.targets)
    expected = sum(one.simulated.counts().mean() for one in forecasts)
    assert found.rates.sum() == pytest.approx(expected)
    assert found.window_rates.sum() == pytest.approx(expected)
    assert found.variance > expected


def test_pooled_tests_of_the_right_model_pass(forecasts, model, grid):
    found = ours.pooled_tests(ours.pooled_rates(forecasts, model.info, grid), 200)
    passed = {row["test"]: row["passed_95"] for row in found}
    assert passed["N (negative binomial)"]
    assert passed["S"]
    assert passed["M"]
    assert set(passed) > {"CL", "L", "binary S", "N (Poisson)"}


def test_probabilities_of_the_right_model_are_reliable(forecasts, model, grid):
    whole, cells = ours.window_probabilities(forecasts, model.info, grid)
    assert len(whole.probability) == 5 * len(forecasts)
    assert len(cells.probability) == len(grid) * len(forecasts)
    for one in (whole, cells):
        assert ((one.probability > 0) & (one.probability < 1)).all()
        assert reliability_diagram(one.probability, one.happened).share_consistent > 0.7
        assert one.probability.sum() == pytest.approx(one.happened.sum(), rel=0.2)


def test_grids_have_few_cells():
    assert ours.grid_for(Region.box(-122.0, 32.0, -114.0, 37.0)).cell_deg == 0.5
    assert len(ours.grid_for(Region.globe())) <= 800
    assert ours.grid_for(Region.box(0.0, 0.0, 1.0, 1.0)).cell_deg == 0.1


def test_no_window_is_refused(model):
    with pytest.raises(DataError):
        ours.pooled_rates([], model.info, None)


def test_a_test_that_says_nothing_has_no_share():
    nan = np.nan
    nothing = ours.ensembles.EnsembleTest("S", nan, nan, nan, np.zeros(0), "not-valid")
    found = ours.WindowTests("S", (nothing,))
    assert np.isnan(found.share_passed())
    assert "calibration" not in found.as_dict()
