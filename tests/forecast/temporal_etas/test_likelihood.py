import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.forecast.base import FitSettings
from mainshock.forecast.temporal_etas.exact import ExactSums
from mainshock.forecast.temporal_etas.likelihood import TemporalData, log_likelihood

sys.path.insert(0, str(Path(__file__).parent))
from temporal_events import TRUTH, drawn_events

FIELDS = ("mu_per_day", "k", "alpha", "c_days", "p")


@pytest.fixture(scope="module")
def data() -> TemporalData:
    return TemporalData.of(drawn_events(1500.0), FitSettings(300.0, 1400.0, 3.0))


def plain_log_likelihood(data: TemporalData) -> float:
    """The definition, event by event."""
    one, total = TRUTH, 0.0
    k = one.k * 10.0 ** (one.alpha * data.above)
    for i in np.flatnonzero(data.is_target):
        passed = data.times_days[i] - data.times_days[:i]
        total += np.log(one.mu_per_day + (k[:i] * (passed + one.c_days) ** -one.p).sum())
    w = one.p - 1.0
    for i, time in enumerate(data.times_days):
        if time < data.end_days:
            low = max(data.start_days - time, 0.0) + one.c_days
            high = data.end_days - time + one.c_days
            total -= k[i] * (low**-w - high**-w) / w
    return total - one.mu_per_day * (data.end_days - data.start_days)


def test_log_likelihood_is_that_of_the_definition(data: TemporalData) -> None:
    expected = plain_log_likelihood(data)
    exact, _ = log_likelihood(data, TRUTH, ExactSums(data.times_days, data.is_target))
    fast, _ = log_likelihood(data, TRUTH, data.fast_sums())
    assert exact == pytest.approx(expected, abs=1e-7)
    assert abs(fast - exact) / data.n_targets < 1e-6


@pytest.mark.parametrize("way", ["fast", "exact"])
@pytest.mark.parametrize("i", range(5))
def test_gradient_is_the_derivative(data: TemporalData, i: int, way: str) -> None:
    sums = data.fast_sums() if way == "fast" else ExactSums(data.times_days, data.is_target)
    value = getattr(TRUTH, FIELDS[i])
    step = 1e-5 * value
    ahead, back = (
        log_likelihood(data, replace(TRUTH, **{FIELDS[i]: value + change}), sums)[0]
        for change in (step, -step)
    )
    _, gradient = log_likelihood(data, TRUTH, sums)
    assert gradient[i] == pytest.approx((ahead - back) / (2 * step), rel=1e-5)


def test_events_before_the_window_are_sources_only(data: TemporalData) -> None:
    assert (data.times_days[~data.is_target] < 300.0).all()
    assert data.is_source.all()
    without = replace(data, is_source=data.is_target)
    with_past, _ = log_likelihood(data, TRUTH, data.fast_sums())
    alone, _ = log_likelihood(without, TRUTH, without.fast_sums())
    assert with_past > alone


def test_exact_and_fast_agree_on_a_real_catalogue(data_dir: Path) -> None:
    from mainshock.sources.seismicity.read import read_seismicity

    path = data_dir / "catalogs" / "socal_scedc_m20_temporal_train.parquet"
    if not path.is_file():
        pytest.skip("the catalogue of southern California is not here")
    catalogue = read_seismicity(path).take(np.arange(4000))
    start, end = catalogue.time_days[500], catalogue.time_days[-1]
    data = TemporalData.of(catalogue.between(-np.inf, end), FitSettings(start, end, 2.0))
    fitted = replace(TRUTH, k=0.05, alpha=0.43, c_days=0.0015, p=1.0, m_ref=2.0)
    exact, _ = log_likelihood(data, fitted, ExactSums(data.times_days, data.is_target))
    fast, _ = log_likelihood(data, fitted, data.fast_sums())
    assert abs(fast - exact) / data.n_targets < 1e-6
