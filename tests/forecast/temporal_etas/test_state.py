import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mainshock.core.errors import DataError
from mainshock.forecast.temporal_etas.exponential_sum import node_rates, node_weights
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.forecast.temporal_etas.simulation import draw_catalogues, first_generation
from mainshock.forecast.temporal_etas.state import TemporalState

sys.path.insert(0, str(Path(__file__).parent))
import itertools

from temporal_events import BETA, M_MAX, TRUTH, drawn_events, info_of


def state_after(n: int = 300) -> tuple[TemporalState, np.ndarray, np.ndarray]:
    events = drawn_events(1500.0)
    times, sizes = events.time_days[:n], events.magnitude[:n]
    return TemporalState.after(TRUTH, BETA, M_MAX, times, sizes), times, sizes


def plain_rate(times: np.ndarray, sizes: np.ndarray, now: float) -> float:
    passed = now - times[times < now]
    return TRUTH.mu_per_day + float(TRUTH.productivity(sizes[times < now]) @ TRUTH.decay(passed))


def test_rates_are_those_of_all_past_events() -> None:
    state, times, sizes = state_after()
    for ahead in (1e-3, 0.1, 10.0, 1000.0):
        now = times[-1] + ahead
        assert float(state.rate(now)) == pytest.approx(plain_rate(times, sizes, now), rel=1e-5)


def test_event_by_event_gives_the_same_state_as_all_at_once() -> None:
    state, times, sizes = state_after()
    one = TemporalState(TRUTH, BETA, M_MAX, span_days=2000.0)
    for time, size in zip(times, sizes, strict=True):
        one.update(float(time), float(size))
    now = times[-1] + np.array([0.01, 5.0])
    assert np.allclose(one.rate(now), state.rate(now), rtol=1e-6)


def test_an_event_that_comes_late_counts_as_if_in_order() -> None:
    state, times, sizes = state_after()
    late = TemporalState(TRUTH, BETA, M_MAX, span_days=2000.0)
    for i in np.append(np.arange(1, len(times)), 0):
        late.update(float(times[i]), float(sizes[i]))
    assert late.time_days == times[-1]
    assert float(late.rate(times[-1] + 1.0)) == pytest.approx(
        float(state.rate(times[-1] + 1.0)), rel=1e-6
    )


def test_direct_numbers_integrate_the_rate() -> None:
    state, times, sizes = state_after()
    start, end = times[-1] + 0.5, times[-1] + 30.5
    passed = TRUTH.decay_integral(end - times) - TRUTH.decay_integral(start - times)
    expected = 30.0 * TRUTH.mu_per_day + float(TRUTH.productivity(sizes) @ passed)
    assert state.expected(start, end, "direct") == pytest.approx(expected, rel=1e-5)


def test_numbers_of_all_generations_solve_the_equation_of_the_mean() -> None:
    state, times, _ = state_after()
    fed = TRUTH.mean_productivity(BETA, M_MAX)
    rates = node_rates(state.span_days + 36_525.0, TRUTH.c_days)
    weights = node_weights(rates, TRUTH.c_days, TRUTH.p)[0]

    def slope(_: float, x: np.ndarray) -> np.ndarray:
        rate = TRUTH.mu_per_day + weights @ x[:-1]
        return np.append(-rates * x[:-1] + fed * rate, rate)

    found = solve_ivp(
        slope, (0.0, 20.0), np.append(state._sums, 0.0), method="BDF", rtol=1e-8, atol=1e-10
    )
    expected = found.y[-1, -1]
    assert state.expected(times[-1], times[-1] + 20.0) == pytest.approx(expected, rel=1e-5)


def test_numbers_are_the_mean_of_simulations() -> None:
    state, times, sizes = state_after()
    start, days, n = float(times[-1]) + 1e-9, 30.0, 4000
    first = first_generation(TRUTH, times, sizes, start, days)
    counts = draw_catalogues(info_of(), TRUTH, first, start, days, n, seed=5).counts()
    mean = state.expected(start, start + days)
    assert mean > 1.05 * state.expected(start, start + days, "direct")
    assert counts.mean() == pytest.approx(mean, abs=4 * counts.std() / np.sqrt(n))


def test_windows_add_up() -> None:
    state, times, _ = state_after()
    edges = times[-1] + np.array([0.0, 0.1, 3.0, 400.0])
    parts = [state.expected(a, b) for a, b in itertools.pairwise(edges)]
    assert sum(parts) == pytest.approx(state.expected(edges[0], edges[-1]), rel=1e-9)


def test_without_triggering_only_the_background_is_left() -> None:
    quiet = TemporalParameters(0.4, 1e-12, 0.7, 0.01, 1.2, 3.0)
    state = TemporalState(quiet, BETA, M_MAX)
    state.update(0.0, 6.0)
    assert state.expected(10.0, 20.0) == pytest.approx(4.0, rel=1e-6)
    assert TemporalState(quiet, BETA, M_MAX).expected(0.0, 10.0) == pytest.approx(4.0, rel=1e-6)


def test_the_past_is_not_forecast() -> None:
    state, times, _ = state_after()
    with pytest.raises(DataError, match="before the last event"):
        state.rate(times[-1] - 1.0)
    with pytest.raises(DataError, match="need numbers"):
        state.update(np.nan, 4.0)
