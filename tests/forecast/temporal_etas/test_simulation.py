import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.temporal_etas import simulation
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.forecast.temporal_etas.simulation import draw_catalogues, first_generation

sys.path.insert(0, str(Path(__file__).parent))
from temporal_events import BETA, TRUTH, info_of


def drawn(
    n: int = 1200,
    days: float = 5.0,
    seed: int = 2,
    threads: int = 1,
    triggers: bool = True,
    parameters: TemporalParameters = TRUTH,
) -> SimulatedCatalogues:
    """Catalogues that begin a tenth of a day after a magnitude 6."""
    info = info_of(parameters)
    info = replace(info, settings=replace(info.settings, threads=threads))
    first = first_generation(parameters, np.array([0.0]), np.array([6.0]), 0.1, days)
    return draw_catalogues(info, parameters, first, 0.1, days, n, seed, triggers)


def test_direct_aftershocks_are_poisson_and_decay_as_they_should() -> None:
    found = drawn(triggers=False)
    first = first_generation(TRUTH, np.array([0.0]), np.array([6.0]), 0.1, 5.0)
    counts = found.counts()
    assert counts.mean() == pytest.approx(first.expected, abs=4 * np.sqrt(first.expected / 1200))
    assert counts.var() == pytest.approx(counts.mean(), rel=0.2)

    def share(t: np.ndarray) -> np.ndarray:
        triggered = TRUTH.decay_integral(0.1 + t) - TRUTH.decay_integral(0.1)
        productivity = float(TRUTH.productivity(6.0))
        return (TRUTH.mu_per_day * t + productivity * triggered) / first.expected

    assert kstest(found.time_days, share).pvalue > 0.001


def test_magnitudes_are_exponential_up_to_the_largest() -> None:
    low = replace(info_of(), m_max=4.0)
    first = first_generation(TRUTH, np.array([0.0]), np.array([6.5]), 0.1, 5.0)
    found = draw_catalogues(low, TRUTH, first, 0.1, 5.0, 1000, 3)
    assert 3.0 <= found.magnitude.min() < 3.001
    assert 3.99 < found.magnitude.max() <= 4.0
    norm = -np.expm1(-BETA)
    assert kstest(found.magnitude, lambda m: -np.expm1(-BETA * (m - 3.0)) / norm).pvalue > 0.001


def test_catalogues_are_sorted_within_the_window() -> None:
    found = drawn()
    same = np.diff(found.catalogue) == 0
    assert (np.diff(found.catalogue) >= 0).all()
    assert (np.diff(found.time_days)[same] >= 0).all()
    assert found.time_days.min() >= 0.0
    assert found.time_days.max() < 5.0
    assert found.n_catalogues == 1200


def test_seeds_repeat_and_threads_and_numbers_change_nothing() -> None:
    one, two, more = drawn(), drawn(threads=3), drawn(n=1700)
    assert np.array_equal(one.time_days, two.time_days)
    assert np.array_equal(one.magnitude, two.magnitude)
    whole = more.catalogue < 1000  # blocks of 500
    assert np.array_equal(more.time_days[whole], one.time_days[one.catalogue < 1000])
    assert len(drawn(seed=9)) != len(one)


def test_aftershocks_of_aftershocks_come_on_top() -> None:
    assert drawn().counts().mean() > 1.1 * drawn(triggers=False).counts().mean()


@pytest.mark.parametrize("p", [0.9, 1.0, 1.3])
def test_any_p_gives_delays_of_its_decay(p: float) -> None:
    one = replace(TRUTH, p=p, mu_per_day=1e-9, k=0.002)
    found = drawn(parameters=one, triggers=False, n=3000)
    whole = one.decay_integral(5.1) - one.decay_integral(0.1)
    spread = kstest(
        found.time_days,
        lambda t: (one.decay_integral(t + 0.1) - one.decay_integral(0.1)) / whole,
    )
    assert spread.pvalue > 0.001


def test_events_after_the_start_are_no_past() -> None:
    times, sizes = np.array([0.0, 1.0]), np.array([5.0, 7.0])
    with_later = first_generation(TRUTH, times, sizes, 0.5, 2.0)
    assert with_later.expected == first_generation(TRUTH, times[:1], sizes[:1], 0.5, 2.0).expected


def test_without_a_past_there_is_background() -> None:
    nothing = first_generation(TRUTH, np.zeros(0), np.zeros(0), 0.0, 10.0)
    assert nothing.expected == pytest.approx(3.0)
    found = draw_catalogues(info_of(), TRUTH, nothing, 0.0, 10.0, 50, 1)
    assert len(found) > 50


def test_windows_and_numbers_must_make_sense() -> None:
    with pytest.raises(SettingsError, match="-1 days"):
        drawn(days=-1.0)
    with pytest.raises(SettingsError, match="0 catalogues"):
        drawn(n=0)


def test_what_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = replace(TRUTH, k=1.0)
    monkeypatch.setattr(simulation, "_branches", _too_many)
    with pytest.raises(DataError, match="more than 20000000 events"):
        drawn(parameters=endless, n=10)


def _too_many(*_: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(10, dtype=np.int64), np.empty(20_000_001), np.zeros(0)
