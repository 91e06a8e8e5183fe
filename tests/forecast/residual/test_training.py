"""Networks learn a ratio of densities where there is one, and nothing where there is none."""

import numpy as np
import pytest

from mainshock.forecast.residual.training import LearningSettings, Rows, gain_of, learn, learn_all

SETTINGS = LearningSettings(networks=2, hidden=8, most_steps=400, batch=1000, seed=2)


def rows(slope: float, n: int = 1500, seed: int = 0, days: float = 100.0) -> Rows:
    """Evidence of three numbers; events favour a large first one by ``exp(slope x)``."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(4 * n, 3))
    events = rng.normal(size=(n, 3))
    events[:, 0] += slope  # a normal density tilted by exp(slope x) is shifted
    weight = np.full(4 * n, n / (4 * n))
    return Rows(events, drawn, weight, rng.uniform(0, days, n), rng.uniform(0, days, 4 * n))


def test_a_tilt_of_the_density_is_found() -> None:
    learnt = learn(rows(0.5), rows(0.5, seed=1), SETTINGS)
    best = 0.5 * 0.5 - 0.125  # mean of ln ratio, slope x - slope^2 / 2, over the events
    assert learnt.gain_later == pytest.approx(best, rel=0.25)
    low, high = learnt.correction(np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    assert high - low == pytest.approx(1.0, abs=0.3)


def test_where_later_rows_gain_nothing_there_is_no_correction() -> None:
    learnt = learn(rows(0.8), rows(-0.8, seed=1), SETTINGS)
    assert learnt.steps == 0
    assert learnt.correction.is_none
    assert (learnt.gain, learnt.gain_later) == (0.0, 0.0)


def test_few_events_teach_nothing() -> None:
    assert learn(rows(0.5, n=10), rows(0.5, seed=1), SETTINGS).correction.is_none


def test_all_rows_are_used_in_the_end_with_the_same_numbers_each_time() -> None:
    first, again = (learn_all(rows(0.5), 75.0, SETTINGS) for _ in range(2))
    assert first.steps > 0
    assert np.array_equal(first.correction.last, again.correction.last)
    assert first.gain == gain_of(first.correction, rows(0.5))
    early = learn(rows(0.5).between(0.0, 75.0), rows(0.5).between(75.0, 100.0), SETTINGS)
    assert not np.array_equal(early.correction.last, first.correction.last)
