import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.aftershock_sequence import (
    MAGNITUDES,
    WINDOWS_DAYS,
    aftershock_forecast,
    aftershock_posterior,
    aftershocks_of,
)
from mainshock.forecast.generic_aftershocks import SequenceCompleteness, generic_named
from mainshock.sources.seismicity.catalogue import Catalogue

GENERIC = generic_named("ANSR-SHALCON")
ALWAYS = SequenceCompleteness(3.0, share=0.0, offset=0.0, slope=1e-9)


def drawn_sequence(
    rng: np.random.Generator, a: float, p: float, until: float, magnitude: float = 7.0
) -> tuple[np.ndarray, np.ndarray]:
    """Aftershocks of at least 3, by Reasenberg and Jones."""
    c, w = GENERIC.c_days, p - 1.0
    low, high = c**-w, (until + c) ** -w
    n = rng.poisson(10.0 ** (a + magnitude - 3.0) * (low - high) / w)
    times = (low - rng.random(n) * (low - high)) ** (-1.0 / w) - c
    return np.sort(times), 3.0 + rng.exponential(1 / np.log(10), n)


def test_before_any_aftershock_the_generic_parameters_stand() -> None:
    known = aftershock_posterior(GENERIC, 7.0).mean_and_sd()
    assert known["a"] == pytest.approx((GENERIC.a, GENERIC.spread(7.0)), rel=0.01)
    assert known["p"] == pytest.approx((GENERIC.p, 0.15), rel=0.05)


@pytest.mark.parametrize("a", [-3.0, -1.8])
def test_aftershocks_pull_the_parameters_to_their_own(rng: np.random.Generator, a: float) -> None:
    times, sizes = drawn_sequence(rng, a, 1.15, 20.0)
    found = aftershock_posterior(GENERIC, 7.0, times, sizes, 20.0, ALWAYS).mean_and_sd()
    assert abs(found["a"][0] - a) < 3 * found["a"][1]
    assert abs(found["p"][0] - 1.15) < 3 * found["p"][1]
    assert found["a"][1] < 0.25 * GENERIC.spread(7.0)


def test_silence_speaks_too() -> None:
    found = aftershock_posterior(GENERIC, 7.0, [], [], 10.0, ALWAYS).mean_and_sd()
    assert found["a"][0] < GENERIC.a - 2 * GENERIC.spread(7.0)


def test_missing_small_aftershocks_do_not_bias_the_parameters(
    rng: np.random.Generator,
) -> None:
    falling = SequenceCompleteness(3.0, share=1.0, offset=4.5, slope=0.75)
    times, sizes = drawn_sequence(rng, -2.0, 1.15, 2.0)
    seen = sizes >= falling.at(7.0, times)
    assert 0.2 < seen.mean() < 0.8
    aware = aftershock_posterior(GENERIC, 7.0, times[seen], sizes[seen], 2.0, falling)
    naive = aftershock_posterior(GENERIC, 7.0, times[seen], sizes[seen], 2.0, ALWAYS)
    for name, truth in (("a", -2.0), ("p", 1.15)):
        mean, sd = aware.mean_and_sd()[name]
        assert abs(mean - truth) < 3 * sd
    # to whom early aftershocks seem few the decay seems slow
    assert naive.mean_and_sd()["p"][0] < mean - 3 * sd


def test_the_posterior_is_prior_times_likelihood(rng: np.random.Generator) -> None:
    falling = SequenceCompleteness(3.0, share=1.0, offset=4.5, slope=0.75)
    times, sizes = drawn_sequence(rng, -2.4, 1.05, 3.0)
    post = aftershock_posterior(GENERIC, 7.0, times, sizes, 3.0, falling)
    seen = times[sizes >= falling.at(7.0, times)]
    c = GENERIC.c_days

    def log(a: float, p: float) -> float:
        expected = sum(
            quad(
                lambda t: 10.0 ** (a + 7.0 - float(falling.at(7.0, t))) * (t + c) ** -p,
                low,
                high,
                limit=200,
            )[0]
            for low, high in ((0.0, 0.01), (0.01, 0.2154434690031884), (0.2154434690031884, 3.0))
        )
        prior = ((a - GENERIC.a) / GENERIC.spread(7.0)) ** 2 + ((p - GENERIC.p) / 0.15) ** 2
        return float(len(seen) * np.log(10) * a - p * np.log(seen + c).sum() - expected - prior / 2)

    i, j = 40, 120
    for k, m in ((40, 110), (55, 120), (30, 128)):
        expected = log(post.a[m], post.p[k]) - log(post.a[j], post.p[i])
        found = np.log(post.weight[k, m] / post.weight[i, j])
        assert found == pytest.approx(expected, abs=2e-3)


def test_the_table_has_every_magnitude_and_window_and_is_ordered() -> None:
    found = aftershock_forecast(aftershock_posterior(GENERIC, 6.5), 0.1)
    assert len(found.rows) == len(MAGNITUDES) * len(WINDOWS_DAYS)
    for one in found.rows:
        assert one.low95 <= one.expected <= one.high95 or one.expected < 1
        assert one.probability_low95 <= one.probability + 1e-3
        assert one.probability <= one.probability_high95
    for small, large in itertools.pairwise(MAGNITUDES):
        assert found.row(small, "week").expected == pytest.approx(
            10.0 ** (large - small) * found.row(large, "week").expected
        )
    days = [found.row(5.0, name).probability for name in WINDOWS_DAYS]
    assert days == sorted(days)
    with pytest.raises(DataError, match="no line"):
        found.row(5.0, "decade")


def test_expected_numbers_are_those_of_the_law() -> None:
    exact = aftershock_posterior(GENERIC, 6.0, p_sd=0.0)
    row = aftershock_forecast(exact, 1.0, (4.0,), {"week": 7.0}).row(4.0, "week")
    passed, _ = quad(lambda t: (t + GENERIC.c_days) ** -GENERIC.p, 1.0, 8.0)
    spread = GENERIC.spread(6.0) * np.log(10)
    mean = 10.0 ** (GENERIC.a + 2.0) * passed * np.exp(spread**2 / 2)  # lognormal
    assert row.expected == pytest.approx(mean, rel=0.01)


def test_ranges_hold_what_is_not_known_of_the_sequence(rng: np.random.Generator) -> None:
    times, sizes = drawn_sequence(rng, -2.4, 1.05, 30.0)
    before = aftershock_forecast(aftershock_posterior(GENERIC, 7.0), 30.0)
    after = aftershock_forecast(aftershock_posterior(GENERIC, 7.0, times, sizes, 30.0, ALWAYS))
    wide, narrow = (one.row(3.0, "month") for one in (before, after))
    assert narrow.high95 - narrow.low95 < 0.3 * (wide.high95 - wide.low95)
    assert after.n_events == len(times)


def test_sequences_from_elsewhere_are_left_out() -> None:
    catalogue = Catalogue(
        np.array([0.0, 1.0, 2.0, 3.0, 9.0]),
        np.array([4.0, 7.0, 4.0, 4.0, 4.0]),
        longitude=np.array([0.0, 0.0, 0.1, 5.0, 0.0]),
        latitude=np.zeros(5),
    )
    assert aftershocks_of(catalogue, 1, 9.0).time_days.tolist() == [2.0]
    assert aftershocks_of(catalogue, 1, 9.0, radius_km=600.0).time_days.tolist() == [2.0, 3.0]
    nowhere = Catalogue(catalogue.time_days, catalogue.magnitude)
    assert len(aftershocks_of(nowhere, 1, 10.0)) == 3
    with pytest.raises(DataError, match="event 7"):
        aftershocks_of(catalogue, 7, 9.0)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(DataError, match="must lie after"):
        aftershock_posterior(GENERIC, 7.0, [2.0], [4.0], 1.0)
    with pytest.raises(DataError, match="one of each"):
        aftershock_posterior(GENERIC, 7.0, [0.5], [], 1.0)
    known = aftershock_posterior(GENERIC, 7.0, [0.5], [4.0], 1.0)
    with pytest.raises(SettingsError, match="issued when they are known, or later"):
        aftershock_forecast(known, 0.5)
    with pytest.raises(SettingsError, match="above 0 days"):
        aftershock_forecast(known, windows_days={"none": 0.0})
