"""Scores of residuals: against made-up data whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, MEASURES
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.scores import (
    correlation_error,
    frequency_correlation,
    map_correlation,
    score_measure,
    variance_recovered,
    within_event,
)


def rows_of(event, station=None):
    n = event.size
    return Scenarios(
        magnitude=np.full(n, 3.0),
        depth_km=np.full(n, 8.0),
        source_longitude=np.full(n, -122.0),
        source_latitude=np.full(n, 37.7),
        site_longitude=np.full(n, -122.2),
        site_latitude=np.full(n, 37.9),
        vs30_m_s=np.full(n, np.nan),
        event=event.astype(str),
        station=(np.arange(n) % 20 if station is None else station).astype(str),
    )


def test_a_calibrated_model_scores_as_one(rng):
    event = np.repeat(np.arange(300), 10)
    sd = rng.uniform(0.3, 0.9, event.size)
    found = score_measure(sd * rng.standard_normal(event.size), sd, rows_of(event))
    assert found.calibration == pytest.approx(1.0, abs=0.05)
    assert found.calibration95[0] < 1.0 < found.calibration95[1]
    assert found.coverage68 == pytest.approx(0.683, abs=0.03)
    assert found.coverage95 == pytest.approx(0.95, abs=0.015)
    assert found.pit_distance < 0.03
    assert found.split.tau < 0.1


def test_a_model_that_is_too_sure_or_off_is_told_so(rng):
    event = np.repeat(np.arange(300), 10)
    values = 0.4 + 0.8 * rng.standard_normal(event.size)
    found = score_measure(values, np.full(event.size, 0.4), rows_of(event))
    assert found.bias == pytest.approx(0.4, abs=0.05)
    assert found.calibration == pytest.approx(2.0, abs=0.1)
    assert found.coverage95 < 0.75
    assert found.pit_distance > 0.2


def test_the_interval_is_that_of_events_not_of_records(rng):
    event = np.repeat(np.arange(50), 40)
    shared = 0.5 * rng.standard_normal(50)[event]
    values = shared + 0.1 * rng.standard_normal(event.size)
    found = score_measure(values, None, rows_of(event), n_draws=2000)
    half_width = 0.5 * (found.bias95[1] - found.bias95[0])
    assert half_width == pytest.approx(1.96 * shared[::40].std() / np.sqrt(50), rel=0.15)
    assert np.isnan(found.calibration)
    assert np.isnan(found.coverage95)


def test_missing_values_are_left_out_and_too_few_refused(rng):
    event = np.repeat(np.arange(20), 5)
    values = rng.standard_normal(100)
    some = values.copy()
    some[::2] = np.nan
    kept = np.isfinite(some)
    whole = score_measure(values[kept], None, rows_of(event).take(kept))
    found = score_measure(some, None, rows_of(event))
    assert (found.n, found.bias, found.sd) == (50, whole.bias, whole.sd)
    some[2:] = np.nan
    with pytest.raises(DataError, match="finite residuals"):
        score_measure(some, None, rows_of(event))


def test_event_terms_raise_the_total_but_not_the_within_correlation(rng):
    event = np.repeat(np.arange(100), 12)
    n_frequencies = len(FAS_FREQUENCIES_HZ)
    within = rng.standard_normal((event.size, n_frequencies))
    residuals = within + 1.5 * rng.standard_normal(100)[event][:, None]
    names = MEASURES[:n_frequencies]
    total = frequency_correlation(residuals, names)
    inside = frequency_correlation(residuals, names, rows_of(event))
    above = np.triu_indices(n_frequencies, 1)
    assert total[above].min() > 0.6
    assert np.abs(inside[above]).max() < 0.15
    np.testing.assert_allclose(np.diag(total), 1.0)
    error = correlation_error(total, inside)
    assert 0.5 < error["mean_absolute"] <= error["largest"]
    assert error["pairs"]["2-15hz"]["observed"] == total[1, 6]


def test_a_missing_frequency_is_not_a_number(rng):
    matrix = frequency_correlation(rng.standard_normal((30, 2)), ["ln_fas_2hz", "ln_pga"])
    assert matrix[1, 1] == 1.0
    assert np.isnan(matrix[0]).all()
    assert np.isnan(correlation_error(matrix, matrix)["mean_absolute"])


def test_within_event_residuals_have_no_event_left(rng):
    event = np.repeat(np.arange(40), 30)
    values = rng.standard_normal(40)[event] + 0.2 * rng.standard_normal(event.size)
    values[3] = np.nan
    within = within_event(values, rows_of(event))
    assert np.isnan(within[3])
    means = [np.nanmean(within[event == one]) for one in range(40)]
    assert np.abs(means).max() < 0.01


@given(st.floats(-1.0, 1.5), st.integers(0, 1000))
def test_share_of_variance_is_one_for_the_truth_and_nought_for_the_ergodic(weight, seed):
    rng = np.random.default_rng(seed)
    truth, ergodic = rng.standard_normal((2, 200))
    mixed = weight * truth + (1.0 - weight) * ergodic
    found = variance_recovered(mixed, truth, ergodic)
    assert found == pytest.approx(1.0 - (1.0 - weight) ** 2)
    assert variance_recovered(mixed + 3.0, truth, ergodic) == pytest.approx(found)
    if abs(weight) > 1e-3:
        assert map_correlation(mixed, truth, ergodic) == pytest.approx(np.sign(weight))
    assert np.isnan(map_correlation(ergodic, truth, ergodic))
