"""Counts in windows: right models are calibrated, wrong ones are found out."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast import count_calibration as ours
from mainshock.forecast.evaluate import rows_of

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import BOX, Raised, info_of, one_catalogue

DAYS = 1400.0


@pytest.fixture(scope="module")
def model():
    return Raised(info_of(None), mu=1.0, n=0.6)


@pytest.fixture(scope="module")
def rows(model):
    past = one_catalogue(model, -1000.0, 1000.0, seed=1)
    return rows_of(model, past, one_catalogue(model, 0.0, DAYS, seed=2), 0.0, DAYS)


@pytest.fixture(scope="module")
def right(model, rows):
    return ours.count_calibration(ours.window_forecasts(model, rows, n_simulations=100))


def test_the_right_model_is_calibrated(right):
    assert len(right.observed) == 200
    assert 0.92 <= right.share_inside() <= 0.98
    assert right.share_in_interval(0.8) >= 0.75
    assert right.share_passed() >= right.share_inside() - 0.02
    assert right.as_dict()["pit_kolmogorov"]["probability"] > 0.01


def test_negative_binomial_counts_are_told_beside_poissonian_ones(right):
    told = right.as_dict()
    assert 0.9 <= told["negative_binomial"]["pit_inside_95"] <= 0.99
    assert told["negative_binomial"]["log_score"] > told["poisson"]["log_score"]


def test_a_model_that_expects_too_few_is_found_out(model, rows):
    low = Raised(model.info, mu=1.0, n=0.6, wrong=0.6)
    found = ours.count_calibration(ours.window_forecasts(low, rows, n_simulations=100))
    told = found.as_dict()
    assert found.share_inside() < 0.85
    assert told["pit_above_0.975"] > 0.1
    assert told["expected_n"] < 0.8 * told["observed_n"]


def test_windows_see_only_the_events_before_them(model, rows):
    seen = []

    class Watched(Raised):
        def simulate(self, history, start_days, days, n, seed):
            seen.append((history.time_days.max(), start_days))
            return super().simulate(history, start_days, days, n, seed)

    ours.window_forecasts(Watched(model.info), rows, days=100.0, n_simulations=20)
    assert len(seen) == 14
    assert all(last < start for last, start in seen)


def test_every_event_of_a_whole_window_is_counted(right, rows):
    assert right.observed.sum() == len(rows.targets)
    assert np.nanmax(right.largest) == rows.targets.magnitude.max()


def test_the_worst_windows_come_first(right):
    worst = right.worst(5)
    away = [abs(one["pit"] - 0.5) for one in worst]
    assert away == sorted(away, reverse=True)
    assert away[0] == np.abs(right.pit - 0.5).max()


def test_the_pit_of_a_discrete_forecast_is_even():
    rng = np.random.default_rng(0)
    mean = rng.gamma(1.0, 1.0, 3000)
    simulated, observed = rng.poisson(mean[:, None], (3000, 50)), rng.poisson(mean)
    for pit in (ours.simulated_pit, ours.negative_binomial_pit):
        found = pit(simulated, observed)
        assert stats.kstest(found, "uniform")[1] > 0.001
        assert 0.0 <= found.min() <= found.max() <= 1.0


def test_the_randomised_pit_lies_between_its_ends():
    found = ours.randomised_pit([0.0, 0.5], [0.2, 0.5])
    assert 0.0 <= found[0] <= 0.2
    assert found[1] == 0.5


def test_a_negative_binomial_pit_is_smooth_beyond_the_simulations():
    simulated = np.random.default_rng(0).poisson(5.0, (1, 20))
    first, second = (ours.negative_binomial_pit(simulated, [n])[0] for n in (20, 40))
    assert 0.99 < first < second <= 1.0


def test_a_window_too_long_or_too_few_simulations_are_refused(model, rows):
    with pytest.raises(SettingsError, match="do not fit"):
        ours.window_forecasts(model, rows, days=DAYS + 1)
    with pytest.raises(SettingsError, match="simulations"):
        ours.window_forecasts(model, rows, n_simulations=5)


def test_no_window_is_refused():
    with pytest.raises(DataError):
        ours.count_calibration([])


@pytest.mark.parametrize("region", [None, BOX])
def test_what_is_simulated_is_what_is_integrated(region):
    model = Raised(info_of(region), mu=1.0, n=0.6)
    past = one_catalogue(model, -200.0, 200.0, seed=1)
    mean, error = ours.consistency(model, past, 0.0, 10.0, 300)
    assert abs(mean) < 3.5 * error
    low = Raised(model.info, mu=1.0, n=0.6, wrong=0.7)
    mean, error = ours.consistency(low, past, 0.0, 10.0, 300)
    assert mean < -5 * error
