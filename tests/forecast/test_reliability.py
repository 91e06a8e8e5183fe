"""Reliability: right forecasts are consistent, and parts of the Brier score add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import DataError
from mainshock.forecast import reliability as ours


def outcomes(n=4000, wrong=1.0, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 3.0, n)
    return p, rng.random(n) < np.clip(p * wrong, 0, 1)


def test_right_forecasts_lie_inside_their_bars():
    shares = [
        ours.reliability_diagram(*outcomes(seed=k), seed=k).share_consistent for k in range(30)
    ]
    assert 0.88 < np.mean(shares) <= 1.0


def test_forecasts_that_are_twice_too_high_lie_outside():
    assert ours.reliability_diagram(*outcomes(wrong=0.5)).share_consistent < 0.3


def test_bins_hold_every_forecast_once():
    p, seen = outcomes()
    found = ours.reliability_diagram(p, seen, 8)
    assert found.n.sum() == len(p)
    assert len(found.n) <= 8
    assert (found.n * found.forecast).sum() == pytest.approx(p.sum())
    assert (found.n * found.observed).sum() == pytest.approx(seen.sum())
    assert (np.diff(found.forecast) > 0).all()


def test_one_probability_makes_one_bin():
    found = ours.reliability_diagram(np.full(50, 0.2), np.arange(50) < 10)
    assert found.n.tolist() == [50]
    assert found.observed[0] == pytest.approx(0.2)


def test_impossible_and_certain_forecasts_have_bins():
    found = ours.reliability_diagram([0.0, 0.0, 1.0], [False, False, True])
    assert found.n.sum() == 3
    assert ours.reliability_diagram(np.zeros(4), np.zeros(4)).n.tolist() == [4]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_parts_of_the_brier_score_add_up_and_are_not_negative(rows):
    p, seen = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = ours.brier_parts(p, seen)
    total = found.miscalibration - found.discrimination + found.uncertainty
    assert total == pytest.approx(found.score)
    assert found.miscalibration >= -1e-9
    assert found.discrimination >= -1e-9


def test_the_base_rate_neither_discriminates_nor_errs():
    seen = np.arange(100) < 20
    found = ours.brier_parts(np.full(100, 0.2), seen)
    assert found.score == pytest.approx(0.16)
    assert found.miscalibration == pytest.approx(0.0, abs=1e-12)
    assert found.discrimination == pytest.approx(0.0, abs=1e-12)


def test_too_high_forecasts_are_miscalibrated():
    p, seen = outcomes(wrong=0.5)
    assert (
        ours.brier_parts(p, seen).miscalibration
        > 3 * ours.brier_parts(p * 0.5, seen).miscalibration
    )


def test_the_area_under_a_roc_curve_is_the_share_of_ordered_pairs():
    p, seen = outcomes(300)
    p = np.round(p, 1)  # with ties
    yes, no = p[seen], p[~seen]
    pairs = (yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean()
    found = ours.roc_curve(p, seen)
    assert found.area == pytest.approx(pairs)
    assert found.area_95[0] < found.area < found.area_95[1]
    assert (found.false_rate[0], found.hit_rate[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("probability", "happened"),
    [([], []), ([0.5], [True, False]), ([1.2], [True]), ([0.5], [2]), ([np.nan], [True])],
)
def test_what_is_no_forecast_is_refused(probability, happened):
    with pytest.raises(DataError):
        ours.reliability_diagram(probability, happened)


def test_a_roc_curve_needs_both_outcomes():
    with pytest.raises(DataError, match="did not"):
        ours.roc_curve([0.2, 0.4], [True, True])
