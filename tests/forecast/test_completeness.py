"""From which magnitude on a catalogue is complete."""

import contextlib
import io
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.completeness import (
    ShortTermCompleteness,
    mc_b_stability,
    mc_kolmogorov_smirnov,
    mc_maximum_curvature,
    refuse_below_completeness,
    rolling_completeness,
)
from mainshock.forecast.magnitudes import b_tinti
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import read_table

sys.path.insert(0, str(Path(__file__).parent))
from seismostats_oracle import ks_test_gr, seismostats

_ADVISED = {
    "socal_scedc_m30_train": 3.0,
    "socal_scedc_m20_temporal_train": 2.0,
    "sanjacinto_white_m06_temporal_train": 0.6,
    "saltonsea_qtm_m10_temporal_train": 1.0,
    "SYNTHETIC_etas_temporal": 2.0,
    "california_m30_1968_2012_train": 3.0,
    "global_gcmt_train": 5.5,
    "global_usgs_m50_2013_2023_train": 5.0,
    "global_iscgem_1900_2012_train": 5.6,
    "italy_ingv_m21_train": 2.5,
    "nz_geonet_m30_train": 3.0,
    "switzerland_sed_train": 0.0,
    "sanjacinto_qtm_m10_train": 1.0,
    "japan_comcat_deprecated_train": 4.7,
    "japan_jma_m45_1926_2007_train": 4.5,
    "iran_m40_1973_2015_train": 4.0,
}


def _read(data_dir: Path, stem: str) -> Catalogue:
    return read_table(data_dir / "catalogs" / f"{stem}.parquet")


def _tenths(m: np.ndarray) -> np.ndarray:
    return np.round(np.floor(m / 0.1 + 0.5 + 1e-9) * 0.1, 1)


def _drawn(rng: np.random.Generator, n: int, b: float = 1.0) -> np.ndarray:
    return _tenths(1.95 + rng.exponential(1 / (b * np.log(10)), n))


def _shock(magnitude: float, at: float = 100.0) -> Catalogue:
    return Catalogue(np.array([at]), np.array([magnitude]))


def test_completeness_falls_as_published_after_a_large_event():
    wake = ShortTermCompleteness(mc=3.0)
    for passed in (0.001, 0.01, 0.1):
        expected = 7.1 - 4.5 - 0.75 * np.log10(passed)
        assert wake.at(100.0 + passed, _shock(7.1))[0] == pytest.approx(expected, abs=1e-9)


def test_completeness_is_the_usual_one_before_after_and_at_the_event_itself():
    wake = ShortTermCompleteness(mc=3.0)
    end = float(wake.duration_days(7.1))
    times = np.array([99.0, 100.0, 100.0 + 1.01 * end, 200.0])
    assert list(wake.at(times, _shock(7.1))) == [3.0] * 4
    assert wake.at(100.0 + 0.99 * end, _shock(7.1))[0] > 3.0


def test_completeness_never_exceeds_the_large_event():
    assert ShortTermCompleteness(mc=3.0).at(100.0 + 1e-9, _shock(7.1))[0] == 7.1


def test_of_several_large_events_the_highest_value_counts_whatever_the_order_of_moments():
    wake = ShortTermCompleteness(mc=2.0, min_magnitude=5.0)
    history = Catalogue(np.array([100.0, 100.2, 100.3, 100.35]), np.array([6.0, 7.0, 5.5, 4.9]))
    rng = np.random.default_rng(3)
    moments = rng.uniform(99.9, 101.0, 300)
    expected = np.full(300, 2.0)
    for t, m in ((100.0, 6.0), (100.2, 7.0), (100.3, 5.5)):
        for i in np.flatnonzero(moments > t):
            limit = m - 4.5 - 0.75 * np.log10(moments[i] - t)
            expected[i] = max(expected[i], min(limit, m))
    assert np.allclose(wake.at(moments, history), expected, rtol=0, atol=1e-7)


def test_later_events_of_the_history_change_nothing():
    wake = ShortTermCompleteness(mc=2.0)
    early = _shock(6.0)
    later = Catalogue.joined([early, _shock(8.0, at=100.5)])
    assert wake.at(100.5, early)[0] == wake.at(100.5, later)[0]


def test_the_share_that_is_seen_is_that_of_the_exponential_law():
    wake, beta = ShortTermCompleteness(mc=3.0), 2.3
    moments = np.array([99.0, 100.01, 100.1])
    share = wake.detected(moments, _shock(7.1), beta)
    assert share[0] == 1.0
    assert np.allclose(share, np.exp(-beta * (wake.at(moments, _shock(7.1)) - 3.0)))


def test_steps_integrate_to_what_fine_sampling_gives():
    wake, beta = ShortTermCompleteness(mc=2.0), 2.2
    history = Catalogue(np.array([10.0, 10.5, 11.0]), np.array([6.5, 5.0, 6.0]))
    edges, share = wake.steps(history, 9.0, 15.0, beta)
    assert (edges[0], edges[-1]) == (9.0, 15.0)
    assert (np.diff(edges) > 0).all()
    assert len(share) == len(edges) - 1
    fine = np.linspace(9.0, 15.0, 600_001)[:-1] + 5e-6
    expected = np.mean(1.0 - wake.detected(fine, history, beta)) * 6.0
    assert ((1.0 - share) * np.diff(edges)).sum() == pytest.approx(expected, rel=2e-3)
    inside = (edges[1:] > 9.0) & (edges[1:] <= 10.0)
    assert (share[inside] == 1.0).all()


def test_steps_follow_the_share_within_a_decaying_rate():
    wake, beta = ShortTermCompleteness(mc=3.0), 2.3
    edges, share = wake.steps(_shock(7.1, at=0.0), 0.0, 1.0, beta)

    def omori(t: np.ndarray) -> np.ndarray:  # integral of 1 / (t + c)
        return np.log(t + 0.01)

    found = (share * np.diff(omori(edges))).sum()
    fine = np.logspace(-7, 0, 400_001)
    middle = np.sqrt(fine[1:] * fine[:-1])
    expected = (wake.detected(middle, _shock(7.1, at=0.0), beta) * np.diff(omori(fine))).sum()
    assert found == pytest.approx(expected, rel=5e-3)


def test_steps_of_quiet_times_are_one_window():
    edges, share = ShortTermCompleteness(mc=3.0).steps(_shock(4.9), 0.0, 200.0, 2.3)
    assert list(edges) == [0.0, 200.0]
    assert list(share) == [1.0]


def test_a_large_event_before_the_window_still_counts_and_one_after_it_does_not():
    wake = ShortTermCompleteness(mc=2.0)
    _, share = wake.steps(_shock(7.0, at=100.0), 100.5, 101.0, 2.3)
    assert (share < 1.0).all()
    _, share = wake.steps(_shock(7.0, at=101.0), 100.5, 101.0, 2.3)
    assert list(share) == [1.0]


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="slope"):
        ShortTermCompleteness(3.0, slope=0.0)
    with pytest.raises(SettingsError, match="below the completeness"):
        ShortTermCompleteness(3.0, min_magnitude=2.0)


def test_the_events_after_landers_are_incomplete_as_the_formula_says(data_dir: Path):
    """Aftershocks seen in the first hours are larger than those of later days."""
    whole = _read(data_dir, "socal_scedc_m20_temporal_train")
    shock = whole.take([int(np.argmax(whole.magnitude))])
    assert shock.magnitude[0] == 7.3
    t0 = float(shock.time_days[0])
    early = whole.between(t0 + 1e-9, t0 + 0.1)
    limit = ShortTermCompleteness(mc=2.0).at(early.time_days, shock)
    late = whole.between(t0 + 30.0, t0 + 60.0)
    assert np.median(early.magnitude) > np.median(late.magnitude) + 0.5
    # most of what is seen lies above the limit; without loss a hundredth would
    assert np.mean(early.magnitude >= limit - 0.5) > 0.5


@pytest.mark.parametrize("stem", sorted(set(_ADVISED) - {"switzerland_sed_train"}))
def test_real_catalogues_have_the_most_frequent_magnitude_of_seismostats(data_dir: Path, stem: str):
    m = _read(data_dir, stem).magnitude
    assert mc_maximum_curvature(m) == pytest.approx(seismostats.estimate_mc_maxc(m, 0.1)[0])
    plain = mc_maximum_curvature(m, correction=0.0)
    assert plain == pytest.approx(mc_maximum_curvature(m) - 0.2)


@pytest.mark.parametrize(
    "stem", ["nz_geonet_m30_train", "iran_m40_1973_2015_train", "italy_ingv_m21_train"]
)
def test_stable_b_values_give_the_completeness_of_seismostats(data_dir: Path, stem: str):
    m = _tenths(_read(data_dir, stem).magnitude)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, told = seismostats.estimate_mc_b_stability(m, 0.1)
    found = mc_b_stability(m)
    assert found.mc == pytest.approx(expected)
    n = len(told["b_values_tested"])
    assert np.allclose(found.b[:n], told["b_values_tested"], rtol=1e-9)


def test_the_distance_from_the_law_gives_the_completeness_of_seismostats(data_dir: Path):
    m = _tenths(_read(data_dir, "italy_ingv_m21_train").magnitude)[:4000]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, told = seismostats.estimate_mc_ks(m, 0.1, n=400)
    found = mc_kolmogorov_smirnov(m, np.random.default_rng(0))
    assert found.mc == pytest.approx(expected)
    assert np.allclose(found.b, told["b_values_tested"], rtol=1e-9)
    # two draws of 400 and 1000 catalogues
    assert found.statistic[-1] == pytest.approx(told["p_values"][-1], abs=0.12)


def test_the_p_value_is_that_of_seismostats(rng: np.random.Generator):
    from mainshock.forecast.completeness import _p_value

    m = _drawn(rng, 500)
    b = b_tinti(m, 2.0, 0.1).b + 0.05
    counts = np.bincount(np.round((m - 2.0) / 0.1).astype(int))
    theirs = ks_test_gr(m, 2.0, 0.1, b, n=1500)[0]
    assert _p_value(counts, b, 0.1, 4000, rng) == pytest.approx(theirs, abs=0.06)


def test_every_method_finds_where_events_begin_to_be_missed(rng: np.random.Generator):
    m = _drawn(rng, 60_000)
    seen = m[rng.random(len(m)) < np.clip((m - 1.9) / 1.1, 0.0, 1.0)]  # complete from 3.0 on
    assert 2.4 <= mc_maximum_curvature(seen) <= 3.0
    assert 2.5 <= mc_b_stability(seen).mc <= 3.2
    assert 2.7 <= mc_kolmogorov_smirnov(seen, rng).mc <= 3.1


def test_a_complete_catalogue_passes_at_its_smallest_magnitude(rng: np.random.Generator):
    passed = []
    for _ in range(20):
        m = _drawn(rng, 3000)
        assert mc_maximum_curvature(m, correction=0.0) == 2.0
        assert mc_b_stability(m).mc <= 2.3
        passed.append(mc_kolmogorov_smirnov(m, rng, n=200).mc == 2.0)
    assert sum(passed) >= 17  # b is of the same events: fewer than one in ten fail


def test_no_magnitude_passes_where_there_is_no_law(rng: np.random.Generator):
    flat = _tenths(rng.uniform(2.0, 4.0, 20_000))
    found = mc_kolmogorov_smirnov(flat, rng, p_pass=2.0)
    assert np.isnan(found.mc)
    assert len(found.tested) == len(found.statistic) == len(found.b)


def test_nothing_too_little_and_no_width_are_refused(rng: np.random.Generator):
    with pytest.raises(DataError, match="no magnitudes"):
        mc_maximum_curvature([])
    with pytest.raises(DataError, match="less than"):
        mc_b_stability([2.0, 2.1, 2.2])
    with pytest.raises(SettingsError, match="width"):
        mc_maximum_curvature([2.0], bin_width=0.0)


def test_windows_follow_a_network_that_improves(rng: np.random.Generator):
    m = _drawn(rng, 40_000)
    time = np.sort(rng.uniform(0.0, 1000.0, len(m)))
    seen = (m >= 3.0) | (time > 500.0)
    found = rolling_completeness(Catalogue(time[seen], m[seen]), 400)
    assert np.median(found.mc[found.end_days < 500.0]) == 3.2
    assert np.median(found.mc[found.start_days > 500.0]) == 2.2
    assert set(found.mc[found.start_days > 500.0]) <= {2.2, 2.3}
    assert (found.start_days < found.end_days).all()


def test_windows_need_events():
    one = Catalogue(np.array([1.0]), np.array([2.0]))
    with pytest.raises(DataError, match="1 events, fewer than the 500"):
        rolling_completeness(one)
    with pytest.raises(SettingsError, match="not possible"):
        rolling_completeness(one, n_events=0)


@pytest.mark.parametrize("stem", sorted(_ADVISED))
def test_the_advised_completeness_of_real_catalogues_is_accepted(data_dir: Path, stem: str):
    refuse_below_completeness(_read(data_dir, stem), _ADVISED[stem])


@pytest.mark.parametrize("mc", [2.5, 3.0, 3.5])
def test_a_catalogue_that_is_not_complete_is_refused_with_a_remedy(data_dir: Path, mc: float):
    whole = _read(data_dir, "japan_comcat_deprecated_train")
    with pytest.raises(DataError, match=rf"mc {mc:g} lies below .* 4\.4.* give mc 4\.6"):
        refuse_below_completeness(whole, mc)


def test_only_the_stated_completeness_makes_the_swiss_catalogue_fit(data_dir: Path):
    whole = _read(data_dir, "switzerland_sed_train")
    refuse_below_completeness(whole, 0.0)
    bare = replace(whole, completeness=np.full(len(whole), np.nan))
    with pytest.raises(DataError, match="column mc"):
        refuse_below_completeness(bare, 0.0)


def test_few_events_prove_nothing_and_pass():
    few = Catalogue(np.arange(50.0), np.full(50, 5.0))
    refuse_below_completeness(few, 2.0)
    refuse_below_completeness(few.take([]), 2.0)


def test_many_events_of_one_magnitude_far_above_mc_are_refused_all_the_same():
    alike = Catalogue(np.arange(200.0), np.full(200, 5.0))
    with pytest.raises(DataError, match=r"5\.0"):
        refuse_below_completeness(alike, 2.0)
