"""Thinned rows stand for all rows."""

import numpy as np
import pytest

from mainshock.forecast.selection.thinning import thinned


@pytest.mark.parametrize("task", ["classify", "count", "regress"])
def test_weighted_sums_are_those_of_all_rows(rng, task):
    target = rng.poisson(0.02, 20_000).astype(float)
    if task == "classify":
        target = (target > 0).astype(float)
    rows, weight = thinned(target, task, 2_000, rng)
    assert len(rows) <= 2_000
    assert (np.diff(rows) > 0).all()
    assert weight.sum() == pytest.approx(20_000)
    if task != "regress":  # all rare rows stayed
        assert target[rows].sum() == target.sum()
        assert (weight[target[rows] > 0] == 1.0).all()


def test_few_rows_all_stay(rng):
    rows, weight = thinned(np.arange(50.0), "regress", 50, rng)
    assert rows.tolist() == list(range(50))
    assert (weight == 1.0).all()


def test_where_both_are_many_both_are_thinned(rng):
    target = (rng.random(10_000) < 0.4).astype(float)
    rows, weight = thinned(target, "classify", 1_000, rng)
    assert len(rows) == 1_000
    assert (weight * target[rows]).sum() == pytest.approx(target.sum())
