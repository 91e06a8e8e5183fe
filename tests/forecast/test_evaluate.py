"""Scores of models on later events: the numbers, the rows, and what is refused."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.forecast.evaluate import (
    baseline_of,
    evaluate_model,
    per_event_columns,
    rows_of,
    score,
    window_integrals,
    write_per_event,
)
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from stand_ins import BOX, Raised, info_of, one_catalogue

DAYS = 600.0
PAST, FUTURE = (-1000.0, 1000.0), (0.0, DAYS)


@pytest.fixture(scope="module")
def model():
    return Raised(info_of(), mu=0.5, n=0.5)


@pytest.fixture(scope="module")
def stored(model):
    return one_catalogue(model, *PAST, seed=1)


@pytest.fixture(scope="module")
def later(model):
    return one_catalogue(model, *FUTURE, seed=2)


@pytest.fixture(scope="module")
def found(model, stored, later):
    return evaluate_model(model, stored, later, 0.0, DAYS, n_boot=200)


def test_the_likelihood_is_mean_log_intensity_less_the_integral(found, model, stored, later):
    history = Catalogue.joined([stored, later])
    expected = model.integral(history, 0.0, DAYS)
    logs = model.log_intensity(later, history)
    assert found.n == len(later)
    assert found.expected_n == pytest.approx(expected)
    assert found.model.ll_per_event == pytest.approx((logs.sum() - expected) / len(later))


def test_the_gain_is_the_difference_of_likelihoods_and_lies_in_its_interval(found):
    apart = found.model.ll_per_event - found.baseline.ll_per_event
    assert found.igpe == pytest.approx(apart)
    assert found.interval95[0] < found.igpe < found.interval95[1]
    assert found.interval95[0] > 0  # events raise the rate, and Poisson rates know nothing of it


def test_the_document_has_the_keys_of_the_contract(found):
    told = found.as_dict()
    needed = {"n", "ll_per_event", "expected_n", "igpe_vs_poisson_adaptive", "interval95"}
    assert needed <= set(told)
    assert told["baseline"]["model"] == "poisson-adaptive"
    assert told["issued"] == "retrospective"
    assert told["t_test"]["gain"] == pytest.approx(found.igpe)
    assert told["interval_method"]["blocks"] >= 30


def test_events_at_or_after_the_end_change_nothing(found, model, stored, later):
    end = 400.0
    before = evaluate_model(model, stored, later.between(-np.inf, end), 0.0, end, n_boot=50)
    rest = later.between(end, np.inf)
    moved = Catalogue(rest.time_days + 5, rest.magnitude + 2, rest.longitude, rest.latitude)
    # an event at the very end, and others with other magnitudes
    moved = Catalogue.joined([moved, Catalogue([end], [6.0], [-117.0], [34.0])])
    edited = Catalogue.joined([later.between(-np.inf, end), moved])
    after = evaluate_model(model, stored, edited, 0.0, end, n_boot=50)
    assert after.as_dict() == before.as_dict()


def test_an_event_at_the_start_counts_and_one_at_the_end_does_not(model, stored):
    events = Catalogue([10.0, 15.0, 20.0], [4.0, 4.0, 4.0], [-117.0] * 3, [34.0] * 3)
    assert evaluate_model(model, stored, events, 10.0, 20.0, n_boot=10).n == 2


def test_small_events_and_those_outside_do_not_count(model, stored, later):
    others = Catalogue([5.0, 6.0], [2.9, 5.0], [-117.0, -100.0], [34.0, 34.0])
    found = evaluate_model(model, stored, Catalogue.joined([later, others]), 0.0, DAYS, n_boot=10)
    assert found.n == len(later)


def test_the_baseline_knows_nothing_of_the_test(model, stored, later):
    one = baseline_of(model, stored)
    other = baseline_of(model, Catalogue.joined([stored, later]))
    assert one.info.parameters == other.info.parameters
    assert one.info.settings.end_days == 0.0


def test_the_models_own_events_join_the_history_once(model, stored, later):
    whole = Catalogue.joined([stored, later])
    alone = rows_of(model, stored, later, 0.0, DAYS)
    both = rows_of(model, stored, whole, 0.0, DAYS)
    assert alone.n_stored == len(stored)
    assert both.n_stored == 0
    np.testing.assert_array_equal(alone.history.time_days, both.history.time_days)


def test_a_temporal_model_is_measured_against_a_constant_rate():
    model = Raised(info_of(None), mu=0.5, n=0.5)
    past, later = one_catalogue(model, *PAST, seed=3), one_catalogue(model, *FUTURE, seed=4)
    found = evaluate_model(model, past, later, 0.0, DAYS, n_boot=100)
    rate = len(past) / 1000.0
    assert found.baseline.name == "poisson"
    assert found.baseline.log_intensity == pytest.approx(np.log(rate))
    assert found.as_dict()["unit"] == "nats; intensity per day"


def test_a_temporal_model_of_a_region_has_a_baseline_of_that_region(stored):
    model = Raised(info_of(None))
    half = replace(info_of(BOX), settings=info_of(BOX).settings)

    class Timed(Raised):
        is_spatial = False

    timed = Timed(half)
    outside = Catalogue([-5.0], [4.0], [-100.0], [34.0])
    found = baseline_of(timed, Catalogue.joined([stored, outside]))
    assert found.info.parameters["rate_per_day"] == pytest.approx(len(stored) / 1000.0)
    assert not found.is_spatial
    assert not model.is_spatial


def test_a_model_gains_nothing_over_itself(model, stored, later):
    found = evaluate_model(model, stored, later, 0.0, DAYS, baseline=model, n_boot=50)
    assert found.igpe == 0.0
    assert found.interval95 == (0.0, 0.0)


def test_a_model_may_integrate_many_spans_at_once(model, stored, later):
    class AtOnce(Raised):
        def integrals(self, history, edges_days):
            return np.full(len(edges_days) - 1, 2.0)

    edges = np.array([0.0, 1.0, 5.0])
    assert window_integrals(AtOnce(model.info), later, edges).tolist() == [2.0, 2.0]
    spans = window_integrals(model, later, edges)
    assert spans.sum() == pytest.approx(model.integral(later, 0.0, 5.0))


def test_a_window_of_the_fit_is_refused_or_marked(model, stored):
    with pytest.raises(DataError, match="fitted"):
        evaluate_model(model, stored, stored, -100.0, 0.0)
    found = evaluate_model(model, stored, stored, -100.0, 0.0, n_boot=10, allow_overlap=True)
    told = found.as_dict()
    assert told["in_sample"]
    assert any("in-sample" in one for one in told["warnings"])


def test_an_empty_window_is_refused(model, stored, later):
    with pytest.raises(SettingsError, match="empty"):
        evaluate_model(model, stored, later, 5.0, 5.0)


def test_no_event_is_nothing_found(model, stored, later):
    with pytest.raises(NothingFoundError, match="magnitude 3"):
        evaluate_model(model, stored, later, DAYS + 1, DAYS + 9)
    with pytest.raises(NothingFoundError):
        evaluate_model(model, stored, Catalogue(np.zeros(0), np.zeros(0)), 0.0, 9.0)


def test_events_without_places_are_refused_where_the_model_knows_places(model, stored, later):
    timed = Catalogue(later.time_days, later.magnitude)
    with pytest.raises(DataError, match="etas-temporal"):
        evaluate_model(model, stored, timed, 0.0, DAYS)


def test_a_catalogue_that_begins_above_the_models_completeness_is_refused(model, stored, later):
    with pytest.raises(DataError, match=r"begins at magnitude 3\.4"):
        evaluate_model(model, stored, later.above(3.4), 0.0, DAYS)


def test_a_gap_before_the_catalogue_is_told(model, stored, later):
    late = later.between(200.0, np.inf)
    found = evaluate_model(model, stored, late, 200.0, DAYS, n_boot=10)
    assert any("missing" in one for one in found.as_dict()["warnings"])
    early = evaluate_model(model, stored, later, 200.0, DAYS, n_boot=10)
    assert not early.as_dict()["warnings"]


def test_intensities_that_are_no_numbers_are_refused(model, stored, later):
    class Broken(Raised):
        def log_intensity(self, targets, history):
            return np.full(len(targets), np.nan)

    rows = rows_of(model, stored, later, 0.0, DAYS)
    with pytest.raises(DataError, match="no numbers"):
        score(Broken(model.info), rows)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_per_event_values_add_up_to_the_score(found, tmp_path, suffix):
    import pandas as pd

    path = tmp_path / f"events{suffix}"
    write_per_event(path, found)
    frame = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    gain = (frame["log_intensity"] - frame["log_intensity_baseline"]).sum()
    apart = found.expected_n - found.baseline.expected.sum()
    assert (gain - apart) / len(frame) == pytest.approx(found.igpe)
    assert list(frame.columns) == list(per_event_columns(found))


def test_another_suffix_is_refused(found, tmp_path):
    with pytest.raises(DataError, match="parquet"):
        write_per_event(tmp_path / "events.txt", found)


def test_rows_that_stand_twice_and_older_versions_do_not_count_and_are_told(
    found, model, stored, later
):
    assert not any("left out" in one for one in found.rows.warnings)
    twice = Catalogue.joined([later, later.take(np.arange(3))])
    rows = rows_of(model, stored, twice, 0.0, DAYS)
    assert len(rows.targets) == len(found.rows.targets)
    assert any(one.startswith("3 of ") and "left out" in one for one in rows.warnings)
    ids = np.array([f"e{n}" for n in range(len(later))], dtype=object)
    named = replace(later, event_id=ids, known_days=later.time_days + 1.0)
    old = replace(named.take(np.arange(3)), known_days=later.time_days[:3])
    rows = rows_of(model, stored, Catalogue.joined([old, named]), 0.0, DAYS)
    assert len(rows.targets) == len(found.rows.targets)
    assert any(one.startswith("3 rows are earlier versions") for one in rows.warnings)
