"""From a user's words to a fit: windows, regions, completeness, refusals."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, RegistryError, SettingsError
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.selection.fitting import (
    FitRequest,
    fit_document,
    fit_prepared,
    prepare_fit,
    with_info,
)
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from made_tables import made_catalogue

WHOLE = FitRequest(start="0", end="1500")


def without_places(catalogue: Catalogue) -> Catalogue:
    return Catalogue(catalogue.time_days, catalogue.magnitude)


def test_a_box_around_the_events_is_the_default_region():
    catalogue = made_catalogue()
    prepared = prepare_fit(catalogue, WHOLE)
    assert prepared.settings.mc == 3.0
    assert prepared.settings.region.contains(catalogue.longitude, catalogue.latitude).all()
    assert prepared.settings.region.bounds == pytest.approx((10.1, 42.9, 11.9, 44.1), abs=0.15)
    assert prepared.catalogue.time_days.max() < 1500.0


def test_later_events_decide_nothing():
    catalogue = made_catalogue()
    far = Catalogue([1600.0], [1.0], longitude=[-60.0], latitude=[-20.0])
    first = prepare_fit(catalogue, WHOLE).settings
    assert prepare_fit(Catalogue.joined([catalogue, far]), WHOLE).settings == first


def test_without_places_there_is_no_region():
    catalogue = without_places(made_catalogue())
    prepared = prepare_fit(catalogue, WHOLE)
    assert prepared.settings.region is None
    with pytest.raises(DataError, match="no longitude or latitude"):
        prepare_fit(catalogue, FitRequest(start="0", end="1500", region="10,42,12,44"))
    with pytest.raises(DataError, match="use poisson"):
        fit_prepared("poisson-adaptive", prepared)


def test_windows_that_make_no_sense_are_refused():
    catalogue = made_catalogue()
    with pytest.raises(SettingsError, match="not before --to"):
        prepare_fit(catalogue, FitRequest(start="900", end="100"))
    with pytest.raises(SettingsError, match="--history-from"):
        prepare_fit(catalogue, FitRequest(start="0", end="1500", history="20"))
    with pytest.raises(SettingsError, match="write 1985-01-01"):
        prepare_fit(catalogue, FitRequest(start="1985", end="2005-01-01"))
    with pytest.raises(DataError, match="no event before"):
        prepare_fit(catalogue, FitRequest(start="-200", end="-100"))


def incomplete(rng) -> Catalogue:
    """Complete from 3.0 on; below, ever fewer events were seen."""
    magnitude = np.round(1.0 + rng.exponential(1 / np.log(10.0), 60_000), 2)
    seen = rng.random(len(magnitude)) < 1 / (1 + np.exp(-(magnitude - 2.5) / 0.1))
    magnitude = magnitude[seen]
    return Catalogue(np.sort(rng.uniform(0, 1000, len(magnitude))), magnitude)


def test_a_fit_below_completeness_is_refused_unless_it_is_wanted(rng):
    catalogue = incomplete(rng)
    with pytest.raises(DataError, match="--allow-incomplete"):
        prepare_fit(catalogue, FitRequest(mc=1.2))
    allowed = prepare_fit(catalogue, FitRequest(mc=1.2, allow_incomplete=True))
    assert "below completeness" in allowed.warnings[0]
    assert allowed.settings.mc == 1.2


def test_completeness_is_measured_where_the_file_is_not_complete(rng):
    prepared = prepare_fit(incomplete(rng), FitRequest())
    assert 2.5 <= prepared.settings.mc <= 3.1
    assert "was measured" in prepared.warnings[0]


def test_a_fitted_model_knows_its_catalogue_and_can_be_opened(tmp_path):
    prepared = prepare_fit(made_catalogue(), WHOLE)
    model = fit_prepared(
        "poisson-adaptive", prepared, catalogue_name="mine.csv", catalogue_sha256="ab"
    )
    assert (model.info.catalogue, model.info.catalogue_sha256) == ("mine.csv", "ab")
    save_model(tmp_path, model, prepared.catalogue)
    assert open_model(tmp_path).info.catalogue == "mine.csv"
    changed = with_info(model, validated={"igpe": 1.0})
    assert changed.info.validated == {"igpe": 1.0}
    assert changed.integral(prepared.catalogue, 0.0, 10.0) == model.integral(
        prepared.catalogue, 0.0, 10.0
    )


def test_the_document_has_every_key_of_the_contract():
    document = fit_document(fit_prepared("poisson", prepare_fit(made_catalogue(), WHOLE)))
    assert {
        "model", "parameters", "standard_errors", "log_likelihood", "log_likelihood_per_event",
        "n", "seconds", "cpu_s", "warnings", "region", "mc", "b", "branching_ratio",
    } <= set(document)  # fmt: skip
    n = document["n"]
    rate = document["parameters"]["rate_per_day"]
    assert rate == pytest.approx(n / 1500.0)
    assert document["log_likelihood_per_event"] == pytest.approx(
        math.log(rate / document["area_km2"]) - 1.0
    )
    assert document["b"] == pytest.approx(1.0, abs=0.15)
    assert document["branching_ratio"] is None


def test_an_unknown_model_is_told():
    with pytest.raises(RegistryError, match="no forecast model is called 'oracle'"):
        fit_prepared("oracle", prepare_fit(made_catalogue(), WHOLE))


def test_completeness_that_the_catalogue_states_is_the_default_and_not_what_lies_below_it(rng):
    n = 4000
    magnitude = np.round(1.0 + rng.exponential(1 / np.log(10.0), n), 1)
    level = np.where(np.arange(n) < n // 2, 2.7, 2.3)
    stated = Catalogue(np.sort(rng.uniform(0, 1000, n)), magnitude, completeness=level)
    assert prepare_fit(stated, FitRequest()).settings.mc == pytest.approx(2.3)


def test_a_completeness_that_is_no_number_is_wrong_usage():
    with pytest.raises(SettingsError, match="--mc nan is no magnitude"):
        prepare_fit(made_catalogue(), FitRequest(start="0", end="1500", mc=math.nan))


def test_rows_that_stand_twice_are_left_out_and_told():
    catalogue = made_catalogue().between(0.0, 1500.0)
    twice = Catalogue.joined([catalogue, catalogue.take(np.arange(5))])
    prepared = prepare_fit(twice, WHOLE)
    n = len(catalogue)
    assert f"5 of {n + 5} rows are the same as another one" in prepared.warnings[0]
    np.testing.assert_array_equal(prepared.catalogue.time_days, catalogue.time_days)
    assert prepared.settings == prepare_fit(catalogue, WHOLE).settings
    assert not any("same" in one for one in prepare_fit(catalogue, WHOLE).warnings)


def test_of_two_versions_of_an_event_the_newest_counts_and_the_other_is_told():
    catalogue = made_catalogue().between(0.0, 1500.0)
    ids = np.array([f"e{n}" for n in range(len(catalogue))], dtype=object)
    named = replace(catalogue, event_id=ids)
    old = replace(
        named.take(np.arange(3)),
        magnitude=named.magnitude[:3] + 0.5,
        time_days=named.time_days[:3] + 0.001,  # later in the file, and known earlier
        known_days=named.time_days[:3] + 0.002,
    )
    new = replace(named, known_days=named.time_days + 1.0)
    prepared = prepare_fit(Catalogue.joined([new, old]), WHOLE)
    assert prepared.warnings[0].startswith("3 rows are earlier versions of events")
    np.testing.assert_array_equal(prepared.catalogue.magnitude, catalogue.magnitude)


def test_events_of_other_names_at_one_moment_and_place_are_told_and_count():
    catalogue = made_catalogue().between(0.0, 1500.0)
    ids = np.array([f"e{n}" for n in range(len(catalogue))], dtype=object)
    named = replace(catalogue, event_id=ids)
    others = replace(named.take(np.arange(5)), event_id=np.array(list("vwxyz"), dtype=object))
    prepared = prepare_fit(Catalogue.joined([named, others]), WHOLE)
    assert len(prepared.catalogue) == len(catalogue) + 5
    assert any(one.startswith("5 of ") and "repeat" in one for one in prepared.warnings)
