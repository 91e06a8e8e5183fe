"""b-values, their errors and the law of magnitudes."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.magnitudes import (
    BValue,
    MagnitudeLaw,
    b_aki,
    b_more_positive,
    b_positive,
    b_tinti,
    b_utsu,
    b_weichert,
    bootstrap_error,
    levelled_magnitudes,
    magnitude_law,
    rounding_of,
)
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import read_table

sys.path.insert(0, str(Path(__file__).parent))
from seismostats_oracle import estimate_b_weichert, find_next_larger, seismostats

_FILES = [
    ("nz_geonet_m30_train", 3.0, 0.1),
    ("italy_ingv_m21_train", 2.5, 0.1),
    ("socal_scedc_m30_train", 3.0, 0.01),
    ("japan_jma_m45_1926_2007_train", 4.5, 0.1),
]


def _magnitudes(data_dir: Path, stem: str) -> np.ndarray:
    return read_table(data_dir / "catalogs" / f"{stem}.parquet").magnitude


def _binned(rng: np.random.Generator, n: int, b: float, mc: float, delta_m: float) -> np.ndarray:
    drawn = mc - delta_m / 2 + rng.exponential(1 / (b * np.log(10)), n)
    return np.round(np.round(drawn / delta_m) * delta_m, 6)


@pytest.mark.parametrize(("stem", "mc", "delta_m"), _FILES)
def test_real_catalogues_give_the_b_values_and_errors_of_seismostats(
    data_dir: Path, stem: str, mc: float, delta_m: float
):
    m = _magnitudes(data_dir, stem)
    assert rounding_of(m) == delta_m
    for theirs, ours in (
        (seismostats.ClassicBValueEstimator(), b_tinti(m, mc, delta_m)),
        (seismostats.UtsuBValueEstimator(), b_utsu(m, mc, delta_m)),
        (seismostats.BPositiveBValueEstimator(), b_positive(m, delta_m, mc)),
    ):
        theirs.calculate(m, mc, delta_m)
        assert ours.b == pytest.approx(theirs.b_value, rel=1e-12), ours.method
        assert ours.se == pytest.approx(theirs.std, rel=1e-10)
        assert ours.n == theirs.n
        assert ours.beta == pytest.approx(theirs.beta, rel=1e-12)
        assert ours.beta_se == pytest.approx(theirs.std_beta, rel=1e-10)


def test_steps_to_the_next_larger_event_give_the_b_value_of_seismostats(data_dir: Path):
    m = _magnitudes(data_dir, "italy_ingv_m21_train")[:2000]
    theirs = seismostats.BMorePositiveBValueEstimator()
    for least in (0.1, 0.2):
        theirs.calculate(m, 2.5, 0.1, dmc=least)
        ours = b_more_positive(m, 0.1, 2.5, least, n_bootstrap=0)
        assert ours.b == pytest.approx(theirs.b_value, rel=1e-12)
        assert np.isnan(ours.se)


def test_the_bootstrap_error_is_that_of_seismostats(data_dir: Path):
    m = _magnitudes(data_dir, "nz_geonet_m30_train")[:400]
    theirs = seismostats.BMorePositiveBValueEstimator()
    theirs.calculate(m, 3.0, 0.1)
    expected = theirs._std_bootstrap(n=150, random_state=1)
    # each of two standard deviations of 150 and 300 draws has its own error of 6 and 4 %
    assert b_more_positive(m, 0.1, 3.0, n_bootstrap=300).se == pytest.approx(expected, rel=0.3)


@given(st.lists(st.integers(0, 12), min_size=2, max_size=40), st.integers(1, 3))
def test_the_next_larger_event_is_found_as_by_looking_at_each(levels: list[int], least: int):
    from mainshock.forecast.magnitudes import _next_larger

    m = np.array(levels) / 10.0
    found = _next_larger(m, least / 10.0 - 0.05)
    expected = find_next_larger(m, 0.1, least / 10.0)  # 0 means none
    assert list(np.where(found < 0, 0, found)) == list(expected)


def test_unrounded_magnitudes_need_no_correction(rng: np.random.Generator):
    m = 2.0 + rng.exponential(1 / np.log(10), 5000)
    theirs = seismostats.ClassicBValueEstimator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no magnitude is exactly 2
        theirs.calculate(m, 2.0, 0.0)
    assert b_aki(m, 2.0).b == pytest.approx(theirs.b_value, rel=1e-12)
    assert b_tinti(m, 2.0, 0.0) == b_aki(m, 2.0)


def test_wide_bins_bias_no_estimate_but_utsus(rng: np.random.Generator):
    m = _binned(rng, 200_000, 1.0, 3.0, 0.5)
    assert b_tinti(m, 3.0, 0.5).b == pytest.approx(1.0, abs=0.01)
    assert b_positive(m, 0.5).b == pytest.approx(1.0, abs=0.02)
    assert b_utsu(m, 3.0, 0.5).b < 0.93


def test_a_limit_between_bins_means_the_next_bin():
    m = np.array([2.9, 3.0, 3.1, 3.4])
    assert b_tinti(m, 2.95, 0.1) == b_tinti(m, 3.0, 0.1)


def test_errors_are_how_far_estimates_scatter(rng: np.random.Generator):
    found = [b_tinti(_binned(rng, 300, 1.0, 3.0, 0.1), 3.0, 0.1) for _ in range(400)]
    scatter = np.std([one.b for one in found])
    assert np.mean([one.se for one in found]) == pytest.approx(scatter, rel=0.12)
    one = _binned(rng, 300, 1.0, 3.0, 0.1)
    by_bootstrap = bootstrap_error(lambda m: b_tinti(m, 3.0, 0.1), one, rng, 400)
    assert by_bootstrap == pytest.approx(b_tinti(one, 3.0, 0.1).se, rel=0.2)


def test_events_hidden_after_large_ones_hardly_move_b_positive(rng: np.random.Generator):
    m = _binned(rng, 60_000, 1.0, 2.0, 0.1)
    seen = np.ones(len(m), dtype=bool)
    for i in np.flatnonzero(m > 4.0):  # the fifty events after a large one are seen from 3 on
        seen[i + 1 : i + 51] &= m[i + 1 : i + 51] > 3.0
    assert b_tinti(m[seen], 2.0, 0.1).b < 0.93
    assert b_positive(m[seen], 0.1).b == pytest.approx(1.0, abs=0.03)
    assert b_more_positive(m[seen], 0.1, n_bootstrap=0).b == pytest.approx(1.0, abs=0.03)


def test_unequal_periods_give_the_b_value_of_seismostats_and_of_the_law(rng: np.random.Generator):
    years = 1900 + 100 * rng.random(60_000)
    m = _binned(rng, 60_000, 1.0, 3.0, 0.1)
    m, years = m[m < 6.15], years[m < 6.15]  # seismostats passes over bins without events
    table = [(3.0, 1980), (4.0, 1950), (5.0, 1900)]
    seen = np.zeros(len(m), dtype=bool)
    for least, since in table:
        seen |= (m >= least - 0.01) & (years >= since)
    days = (years - 1970.0) * 365.25
    rows = [(least, (since - 1970.0) * 365.25) for least, since in table]
    ours = b_weichert(m[seen], days[seen], rows, (2000 - 1970) * 365.25, m_max=6.1)
    assert ours.b == pytest.approx(1.0, abs=3 * ours.se)
    assert 0.002 < ours.se < 0.01
    edges = np.array([(least - 0.05, since) for least, since in table])
    dates = np.array([f"{int(year)}-06-01" for year in years[seen]], dtype="datetime64[D]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        b, error, *_ = estimate_b_weichert(m[seen] + 1e-9, dates, edges, 6.15, 2000, 0.1)
    assert ours.b == pytest.approx(b, abs=2e-4)
    assert ours.se == pytest.approx(error, rel=0.01)


def test_a_table_of_completeness_must_be_in_order():
    with pytest.raises(SettingsError, match="rising magnitudes"):
        b_weichert([3.0, 4.0], [0.0, 1.0], [(4.0, 0.0), (3.0, 0.0)], 2.0, 6.0)
    with pytest.raises(SettingsError, match="rising magnitudes"):
        b_weichert([3.0, 4.0], [0.0, 1.0], [(3.0, 3.0)], 2.0, 6.0)


@pytest.mark.parametrize("m", [[], [3.0], [3.0, 3.0, 3.0], [1.0, 2.0]])
def test_too_few_different_magnitudes_are_refused(m: list[float]):
    with pytest.raises(DataError, match="give no b-value"):
        b_tinti(m, 3.0, 0.1)


@pytest.mark.parametrize(
    ("m", "step"),
    [
        ([3.1, 4.25], 0.05),
        ([3.1, 4.2], 0.1),
        ([5.0, 5.5, 6.0], 0.1),
        ([5.0, 5.5, 6.0, 6.5] * 10, 0.5),
        ([3.123, 3.5], 0.001),
        ([3.12345, 3.5], 0.0),
    ],
)
def test_the_rounding_of_magnitudes_is_found(m: list[float], step: float):
    assert rounding_of(m) == step
    assert rounding_of(np.float32(m)) == step


def test_a_law_of_a_catalogue_knows_its_error_and_its_largest_magnitude(data_dir: Path):
    m = _magnitudes(data_dir, "italy_ingv_m21_train")
    law = magnitude_law(m, 2.5)
    assert (law.method, law.delta_m, law.n) == ("tinti", 0.1, int((m >= 2.5).sum()))
    assert law.b == pytest.approx(1.094, abs=0.0006)  # as the catalogue's description has it
    assert law.beta == pytest.approx(law.b * np.log(10))
    assert law.b_se == b_tinti(m, 2.5, 0.1).se
    assert law.m_max == 8.0
    assert magnitude_law(m, 2.5, m_max=7.0).m_max == 7.0
    assert magnitude_law(np.array([6.0, 7.0, 8.8]), 5.0).m_max == pytest.approx(9.3)
    assert magnitude_law(np.array([6.0, 7.0, 9.2]), 5.0).m_max == 9.5


def test_random_magnitudes_follow_the_law(rng: np.random.Generator):
    law = MagnitudeLaw(mc=3.0, m_max=5.0, beta=1.5)
    drawn = law.sample(200_000, rng)
    assert drawn.min() >= 3.0
    assert drawn.max() <= 5.0
    for m in (3.5, 4.0, 4.9):
        share = float(law.survival(m))
        assert np.mean(drawn >= m) == pytest.approx(share, abs=4 * np.sqrt(share / 200_000))
    assert list(law.survival([2.0, 3.0, 5.0, 6.0])) == [1.0, 1.0, 0.0, 0.0]


def test_a_law_must_fall_and_have_room():
    with pytest.raises(DataError, match="beta"):
        MagnitudeLaw(mc=3.0, m_max=8.0, beta=0.0)
    with pytest.raises(DataError, match="largest magnitude"):
        MagnitudeLaw(mc=3.0, m_max=3.0, beta=2.0)


def test_magnitudes_of_changing_completeness_are_pooled_without_bias(rng: np.random.Generator):
    m = _binned(rng, 40_000, 1.0, 2.0, 0.1)
    own = np.where(np.arange(len(m)) % 2 == 0, 3.0, 2.0)
    whole = Catalogue(np.arange(float(len(m))), m, completeness=own)
    level = levelled_magnitudes(whole, 2.0)
    assert len(level) == int((m >= own - 1e-6).sum())
    assert level.min() == 2.0
    assert b_tinti(level, 2.0, 0.1).b == pytest.approx(1.0, abs=0.03)
    assert b_tinti(whole.above(2.0).magnitude, 2.0, 0.1).b < 0.95


def test_no_selection_that_gives_a_b_value_is_an_error(rng: np.random.Generator):
    def refuse(m: np.ndarray) -> BValue:
        raise DataError("never")

    with pytest.raises(DataError, match="fewer than 2"):
        bootstrap_error(refuse, [3.0, 4.0], rng, 5)
