"""Trees as plain arrays say what scikit-learn's own say."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from mainshock.forecast.boosted.trees import TreeSum, codes_of


def made_rows(n: int = 900, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Features, one of them often unknown and one constant, and counts that follow them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 4)).astype(np.float32)
    rows[:, 2] = np.round(rows[:, 2])
    rows[:, 3] = 5.0
    mean = np.exp(0.7 * rows[:, 0] + 0.4 * (rows[:, 2] > 0))
    rows[rng.random(n) < 0.25, 1] = np.nan
    mean = np.where(np.isnan(rows[:, 1]), 2.0, 1.0) * mean
    return rows, rng.poisson(mean).astype(np.float64)


def fitted(
    n_trees: int = 12,
) -> tuple[HistGradientBoostingRegressor, TreeSum, np.ndarray, np.ndarray]:
    rows, count = made_rows()
    codes, edges = codes_of(rows, 32)
    estimator = HistGradientBoostingRegressor(
        loss="poisson", max_iter=n_trees, max_leaf_nodes=6, max_bins=32, early_stopping=False
    )
    estimator.fit(codes, count)
    return estimator, TreeSum.of(estimator, n_trees, edges), rows, codes


def test_the_sum_of_trees_is_that_of_scikit_learn():
    estimator, trees, rows, codes = fitted()
    assert np.isnan(rows).any()
    assert np.log(estimator.predict(codes)) == pytest.approx(trees.predict(rows), abs=1e-9)
    assert len(trees) == 12


def test_the_first_trees_are_a_sum_of_their_own():
    _, trees, rows, _ = fitted()
    parts = dict(trees.cumulative(rows, every=5))
    assert list(parts) == [5, 10, 12]
    for n, said in parts.items():
        assert said == pytest.approx(trees.first(n).predict(rows), abs=1e-12)
    assert parts[12] == pytest.approx(trees.predict(rows), abs=1e-12)
    assert trees.shifted(0.5).predict(rows) == pytest.approx(trees.predict(rows) + 0.5)


def test_trees_come_back_from_arrays():
    _, trees, rows, _ = fitted()
    back = TreeSum.from_arrays(trees.arrays("some_"), "some_")
    assert np.array_equal(back.predict(rows), trees.predict(rows))
    with pytest.raises(KeyError):
        TreeSum.from_arrays(trees.arrays("some_"), "other_")


def test_a_code_says_on_which_side_of_each_edge_a_value_lies():
    rows, _ = made_rows()
    codes, edges = codes_of(rows, 16)
    for k in range(rows.shape[1]):
        known = np.isfinite(rows[:, k])
        assert np.isnan(codes[~known, k]).all()
        assert codes[known, k].max() <= 15
        for at, edge in enumerate(edges[k]):
            assert np.array_equal(codes[known, k] <= at, rows[known, k] <= edge)
    assert len(edges[3]) == 0  # one value needs no edge
    assert not codes_of(np.full((5, 1), np.nan, dtype=np.float32), 8)[0].any()
