"""Fits: what they find, say and refuse, and models that come of them."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, PlainEtas, grid_of

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.base import FitSettings, ModelInfo, as_history, targets_of
from mainshock.forecast.completeness import ShortTermCompleteness
from mainshock.forecast.etas.kinds import ETAS, HOMOGENEOUS_ETAS
from mainshock.forecast.etas.law import VARIATION_NAMES, TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.transform import NAMES, to_vector
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.sources.seismicity.catalogue import Catalogue

TRUE = EtasParameters(
    mu_per_day=0.5, k0=0.009, a=1.9, c_days=0.01, omega=0.15, tau_days=2000.0,
    d_km2=1.0, gamma=1.2, rho=0.8, m_ref=3.0,
)  # fmt: skip
BETA, DAYS = 2.3, 2500.0
SETTINGS = FitSettings(500.0, DAYS, 3.0, BOX)


@cache
def simulated(days: float = DAYS, seed: int = 4) -> Catalogue:
    """Events of the true model with a uniform background."""
    info = ModelInfo("etas", FitSettings(0.0, 1.0, 3.0, BOX), BETA, 7.0, 1, 0.0, {}, {})
    true = SpaceTimeEtas(
        info, TRUE, None, None, np.full((9, 9), np.nan), TriggeringLaw(TRUE), np.zeros(0)
    )
    none = np.zeros(0)
    found = true.simulate(Catalogue(none, none, none, none), 0.0, days, 1, seed)
    assert found.longitude is not None
    assert found.latitude is not None
    return Catalogue(
        found.time_days,
        found.magnitude.astype(float),
        found.longitude.astype(float),
        found.latitude.astype(float),
        is_synthetic=True,
    )


@cache
def fitted(kind: str = "etas", **options: str) -> SpaceTimeEtas:
    """A fit to the simulated events."""
    settings = replace(SETTINGS, options=options)
    return (ETAS if kind == "etas" else HOMOGENEOUS_ETAS).fit(simulated(), settings)


def scored(model: SpaceTimeEtas) -> float:
    """The log-likelihood of the targets of the fit, from the model's own rates."""
    history = as_history(simulated(), SETTINGS, DAYS)
    targets = targets_of(simulated(), SETTINGS)
    log_intensity = model.log_intensity(targets, history)
    return float(log_intensity.sum() - model.integral(history, 500.0, DAYS))


def test_true_parameters_lie_within_their_errors():
    model = fitted("homogeneous")
    info = model.info
    off = to_vector(model.parameters) - to_vector(TRUE)
    sd = np.sqrt(np.diag(model.covariance))
    assert info.n_events > 1500
    assert np.abs(off / sd).max() < 3.5, dict(zip(NAMES, off / sd, strict=True))
    assert info.standard_errors["c_days"] == pytest.approx(sd[3] * model.parameters.c_days)
    assert info.standard_errors["omega"] == pytest.approx(sd[4])
    assert not info.warnings
    assert info.is_synthetic


def test_no_other_parameters_are_more_likely():
    model = fitted("homogeneous")
    history = as_history(simulated(), SETTINGS, DAYS)
    best = scored(model)
    assert best == pytest.approx(model.info.log_likelihood, abs=0.05)
    true = replace(model, law=TriggeringLaw(TRUE))
    assert best > scored(true)
    sd = np.sqrt(np.diag(model.covariance))
    for k in range(len(NAMES)):
        for sign in (-1, 1):
            step = np.zeros(13)
            step[k] = sign * sd[k]
            moved = replace(model, law=model.law.at(model.law.vector + step))
            assert scored(moved) < best
    assert len(history) == len(simulated())


def test_the_expected_number_is_the_observed_one():
    for kind in ("etas", "homogeneous"):
        model = fitted(kind)
        history = as_history(simulated(), SETTINGS, DAYS)
        expected = model.integral(history, 500.0, DAYS)
        assert expected == pytest.approx(model.info.n_events, rel=2e-3)


def test_the_log_likelihood_is_that_of_the_model_s_own_rates():
    for model in (fitted(), fitted(refined="off"), fitted(short_term="on", offset="4.0")):
        assert scored(model) == pytest.approx(model.info.log_likelihood, abs=0.1)


def test_intensities_are_the_plain_ones():
    model = fitted("homogeneous")
    history = as_history(simulated(), SETTINGS, DAYS)
    rows = np.arange(len(history) - 20, len(history))
    found = model.log_intensity(history.take(rows), history)
    plain = PlainEtas(model.parameters, history)
    expected = plain.log_intensity(rows, np.full(20, 1.0 / BOX.area_km2))
    assert found == pytest.approx(expected, abs=1e-4)


def test_intensities_over_the_region_add_up_to_the_slope_of_the_integral():
    model = fitted()
    history = as_history(simulated(), SETTINGS, DAYS)
    now = float(history.time_days[-50]) + 0.5
    known = history.between(-np.inf, now)
    lon, lat, area = grid_of(BOX, 0.01)
    n = len(lon)
    grid = Catalogue(np.full(n, now), np.full(n, 3.0), lon, lat)
    rate = np.exp(model.log_intensity(grid, known)) @ area
    step = 1e-3
    assert model.integral(known, now, now + step) / step == pytest.approx(rate, rel=0.02)


def test_probabilities_of_background_count_its_events():
    model = fitted()
    history = as_history(simulated(), SETTINGS, DAYS)
    targets = targets_of(simulated(), SETTINGS)
    found = model.background_probability(targets, history)
    assert (found > 0).all()
    assert (found <= 1).all()
    expected = model.law.parameters.mu_per_day * (DAYS - 500.0)
    assert found.sum() == pytest.approx(expected, rel=0.01)


def test_the_refined_law_is_not_less_likely_than_the_plain_one():
    refined, plain = fitted(), fitted(refined="off")
    assert refined.info.log_likelihood > plain.info.log_likelihood - 0.1
    assert refined.parameters == plain.parameters
    assert plain.law.variation.is_none
    assert set(VARIATION_NAMES) <= set(refined.info.parameters)
    # the true law is one for all events
    for name in ("omega_magnitude", "omega_activity"):
        error = refined.info.standard_errors[name]
        assert abs(refined.info.parameters[name]) < 4 * error


def test_a_start_from_another_model_ends_at_the_same_maximum(tmp_path):
    model = fitted("homogeneous")
    save_model(tmp_path / "before", model, simulated())
    again = HOMOGENEOUS_ETAS.fit(
        simulated(), replace(SETTINGS, options={"start_from": str(tmp_path / "before")})
    )
    assert again.info.log_likelihood == pytest.approx(model.info.log_likelihood, abs=0.02)
    assert to_vector(again.parameters) == pytest.approx(to_vector(model.parameters), abs=0.02)
    with pytest.raises(SettingsError, match="same mc"):
        HOMOGENEOUS_ETAS.fit(
            simulated(),
            replace(SETTINGS, mc=3.2, options={"start_from": str(tmp_path / "before")}),
        )


def test_few_pairs_end_where_all_pairs_do():
    few, many = fitted("homogeneous", pairs="15"), fitted("homogeneous")
    assert few.info.log_likelihood == pytest.approx(many.info.log_likelihood, abs=0.05)


def test_chosen_pairs_alone_are_near_and_told():
    alone = fitted("homogeneous", exact_to="0")
    assert alone.info.log_likelihood == pytest.approx(
        fitted("homogeneous").info.log_likelihood, abs=1.0
    )
    assert any("chosen pairs" in one for one in alone.info.warnings)


def test_threads_do_not_change_a_fit():
    one = fitted()
    two = ETAS.fit(simulated(), replace(SETTINGS, threads=2))
    assert two.info.log_likelihood == pytest.approx(one.info.log_likelihood, abs=1e-3)
    assert to_vector(two.parameters) == pytest.approx(to_vector(one.parameters), abs=1e-4)


def test_events_after_large_ones_that_are_missed_are_made_up_for():
    wake = ShortTermCompleteness(3.0, 4.5, offset=3.0)
    whole = simulated()
    seen = whole.magnitude >= wake.at(whole.time_days, whole)
    seen |= whole.magnitude >= 4.5
    assert (~seen).sum() > 50
    options = {"short_term": "on", "offset": "3.0", "min_magnitude": "4.5"}
    cut = whole.take(seen)
    aware = HOMOGENEOUS_ETAS.fit(cut, replace(SETTINGS, options=options))
    blind = HOMOGENEOUS_ETAS.fit(cut, SETTINGS)
    assert aware.completeness == wake
    assert aware.info.log_likelihood > blind.info.log_likelihood + 10.0
    assert abs(np.log(aware.parameters.c_days / 0.01)) < abs(np.log(blind.parameters.c_days / 0.01))
    before = cut.between(-np.inf, DAYS)
    assert aware.integral(before, 500.0, DAYS) == pytest.approx(aware.info.n_events, rel=5e-3)


def test_completeness_that_changes_over_the_years_is_followed(tmp_path):
    whole = simulated()
    level = np.where(whole.time_days < 1500.0, 3.5, 3.0)
    stated = replace(whole, completeness=level)
    model = HOMOGENEOUS_ETAS.fit(stated, SETTINGS)
    assert model.coverage.level == (3.5, 3.0)
    n = len(targets_of(stated, SETTINGS))
    assert model.info.n_events == n < len(targets_of(whole, SETTINGS))
    history = as_history(stated, SETTINGS, DAYS)
    early, late = (model.integral(history, a, b) for a, b in ((500.0, 1500.0), (1500.0, DAYS)))
    n_early = len(history.between(500.0, 1500.0))
    assert early + late == pytest.approx(n, rel=2e-3)
    # small events before 1500 trigger too, but are not there
    assert 0.6 * n_early < early < 1.2 * n_early
    silent = HOMOGENEOUS_ETAS.fit(replace(stated.above(3.0), completeness=np.zeros(0)), SETTINGS)
    assert silent.coverage.is_full
    assert model.info.log_likelihood > silent.info.log_likelihood + 20.0
    save_model(tmp_path, model, history)
    assert open_model(tmp_path).integral(history, 500.0, 1500.0) == early


def test_a_region_that_is_not_given_is_drawn_around_the_events():
    model = HOMOGENEOUS_ETAS.fit(simulated(), replace(SETTINGS, region=None))
    west, _, _, north = model.region.bounds
    assert west == pytest.approx(-118.0, abs=0.11)
    assert north == pytest.approx(35.0, abs=0.11)
    assert model.info.n_events == len(simulated().between(500.0, DAYS))


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        (replace(SETTINGS, mc=6.0), DataError, "needs 30: lower --mc"),
        (replace(SETTINGS, options={"neighbor": 3}), SettingsError, "no option neighbor"),
        (replace(SETTINGS, options={"refined": "maybe"}), SettingsError, "on or off"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_remedy(settings, error, match):
    with pytest.raises(error, match=match):
        ETAS.fit(simulated(), settings)


def test_events_without_places_are_for_a_temporal_model():
    whole = simulated()
    bare = Catalogue(whole.time_days, whole.magnitude)
    for region in (BOX, None):
        with pytest.raises(DataError, match="temporal model"):
            ETAS.fit(bare, replace(SETTINGS, region=region))


def test_parameters_at_bounds_and_sequences_without_end_are_told():
    rng = np.random.default_rng(0)
    time = 1000.0 + 10.0 ** rng.uniform(-2, 3, 300)  # one long sequence, no background
    swarm = Catalogue(
        np.append(999.0, time),
        np.append(6.0, 3.0 + rng.exponential(0.3, 300)),
        rng.normal(-117.0, 0.02, 301),
        rng.normal(34.0, 0.02, 301),
    )
    model = HOMOGENEOUS_ETAS.fit(swarm, FitSettings(999.5, 2100.0, 3.0, BOX))
    at_bound = [one for one in model.info.warnings if "stopped at a bound" in one]
    assert at_bound
    name = at_bound[0].split()[0]
    assert np.isnan(model.info.standard_errors[name])
    told = {one.split()[0]: one for one in at_bound}
    for name, one in told.items():  # the value itself, not the logarithm that is searched
        assert f"({model.info.parameters[name]:.4g})" in one


def test_a_folder_without_numbers_is_refused(tmp_path):
    save_model(tmp_path, fitted("homogeneous"), simulated())
    (tmp_path / "etas.json").unlink()
    with pytest.raises(ModelError, match="fit it again"):
        open_model(tmp_path)
