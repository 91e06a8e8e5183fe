import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from mainshock.core.errors import DataError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.temporal_etas.coordinates import BranchingCeiling
from mainshock.forecast.temporal_etas.exact import ExactSums
from mainshock.forecast.temporal_etas.fitting import fit_parameters, start_parameters
from mainshock.forecast.temporal_etas.likelihood import (
    PARAMETER_NAMES,
    TemporalData,
    log_likelihood,
)
from mainshock.forecast.temporal_etas.parameters import TemporalParameters

sys.path.insert(0, str(Path(__file__).parent))
from temporal_events import BETA, M_MAX, TRUTH, drawn_events

FIELDS = ("mu_per_day", "k", "alpha", "c_days", "p")


def data_of(days: float = 4000.0, start: float = 0.0) -> TemporalData:
    return TemporalData.of(drawn_events(days), FitSettings(start, days, 3.0))


def test_known_parameters_are_found_within_their_errors() -> None:
    data = data_of()
    fit = fit_parameters(data, start_parameters(data, 3.0))
    assert fit.converged
    assert fit.at_bound == {}
    for name, field in zip(PARAMETER_NAMES, FIELDS, strict=True):
        wrong = getattr(fit.parameters, field) - getattr(TRUTH, field)
        assert abs(wrong) < 3.0 * fit.standard_errors[name], name
        assert fit.standard_errors[name] < abs(getattr(TRUTH, field))
    truth, _ = log_likelihood(data, TRUTH, data.fast_sums())
    assert chi2.sf(2 * (fit.log_likelihood - truth), 5) > 0.01


def test_exact_sums_lead_to_the_same_optimum() -> None:
    data = data_of(800.0)
    start = start_parameters(data, 3.0)
    fast = fit_parameters(data, start)
    exact = fit_parameters(data, start, ExactSums(data.times_days, data.is_target))
    assert fast.log_likelihood == pytest.approx(exact.log_likelihood, abs=1e-4)
    for name, field in zip(PARAMETER_NAMES, FIELDS, strict=True):
        apart = getattr(fast.parameters, field) - getattr(exact.parameters, field)
        assert abs(apart) < 0.01 * exact.standard_errors[name]


def test_the_optimum_does_not_depend_on_the_start() -> None:
    data = data_of(1500.0)
    far = TemporalParameters(5.0, 1e-4, 0.1, 0.5, 2.0, 3.0)
    near, other = (fit_parameters(data, one) for one in (start_parameters(data, 3.0), far))
    assert near.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-3)


def test_held_parameters_stay_and_have_no_error() -> None:
    data = data_of(1500.0)
    start = replace(start_parameters(data, 3.0), alpha=1.0, c_days=0.05)
    fit = fit_parameters(data, start, held=frozenset({"alpha", "c"}))
    assert (fit.parameters.alpha, fit.parameters.c_days) == (1.0, 0.05)
    assert np.isnan(fit.standard_errors["alpha"])
    assert fit.standard_errors["p"] > 0
    free = fit_parameters(data, start)
    assert free.log_likelihood > fit.log_likelihood


def test_a_bound_that_is_hit_is_told() -> None:
    data = data_of(1500.0)
    none_triggers = replace(data, is_source=np.zeros(len(data.above), dtype=bool))
    fit = fit_parameters(none_triggers, start_parameters(data, 3.0))
    rate = data.n_targets / 1500.0  # with nothing to trigger, the rate is constant
    assert fit.parameters.mu_per_day == pytest.approx(rate, rel=1e-6)
    all_early = replace(data, start_days=1499.0, is_target=data.times_days > 1000.0)
    mu_gone = fit_parameters(all_early, start_parameters(data, 3.0))
    assert mu_gone.at_bound


def test_a_ceiling_keeps_the_branching_ratio_down() -> None:
    data = data_of(1500.0)
    free = fit_parameters(data, start_parameters(data, 3.0))
    ratio = free.parameters.branching_ratio(BETA, M_MAX)
    low = fit_parameters(
        data,
        start_parameters(data, 3.0),
        ceiling=BranchingCeiling(0.7 * ratio, BETA, M_MAX - 3.0),
    )
    assert low.parameters.branching_ratio(BETA, M_MAX) == pytest.approx(0.7 * ratio, rel=1e-5)
    assert set(low.at_bound) == {"branching_ratio"}
    assert low.log_likelihood < free.log_likelihood
    high = fit_parameters(
        data, start_parameters(data, 3.0), ceiling=BranchingCeiling(2.0, BETA, M_MAX - 3.0)
    )
    assert high.log_likelihood == pytest.approx(free.log_likelihood, abs=1e-4)
    assert high.standard_errors["k"] == pytest.approx(free.standard_errors["k"], rel=0.02)


def test_too_few_targets_are_refused() -> None:
    data = data_of(1500.0, start=1495.0)
    with pytest.raises(DataError, match="too few"):
        fit_parameters(data, TRUTH)


@pytest.mark.slow
def test_recovery_on_the_published_synthetic_catalogue(data_dir: Path) -> None:
    from mainshock.sources.seismicity.read import read_seismicity

    path = data_dir / "catalogs" / "SYNTHETIC_etas_temporal.parquet"
    if not path.is_file():
        pytest.skip("the synthetic catalogue is not here")
    catalogue = read_seismicity(path)
    data = TemporalData.of(catalogue, FitSettings(0.0, 3e6, 2.0))
    fit = fit_parameters(data, start_parameters(data, 2.0))
    truth = TemporalParameters(0.02, 0.005, 0.8, 0.1, 1.08, 2.0)
    for name, field in zip(PARAMETER_NAMES, FIELDS, strict=True):
        wrong = getattr(fit.parameters, field) - getattr(truth, field)
        assert abs(wrong) < 1.96 * fit.standard_errors[name], name
    value, _ = log_likelihood(data, truth, data.fast_sums())
    assert chi2.sf(2 * (fit.log_likelihood - value), 5) > 0.01
