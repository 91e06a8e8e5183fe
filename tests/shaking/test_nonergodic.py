"""The linear solve against dense algebra and finite differences, and the bases of its fields."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking import nonergodic
from mainshock.shaking.coherent import draw_field, draw_remainder
from mainshock.shaking.fields import correlation, earth_points_km, make_field_basis
from mainshock.shaking.nonergodic import BACKBONE, Block, Variances
from mainshock.shaking.path_cells import make_pair_basis, make_ray_basis

sys.path.insert(0, str(Path(__file__).parent))
from made_regions import made_region

BLOCKS = (Block(BACKBONE, 0, 2), Block("a", 2, 6), Block("b", 6, 9))
VARIANCES = Variances(0.3, 0.5, np.array([0.7, 0.2]))


def _problem(rng):
    n, groups = 60, 7
    columns = rng.standard_normal((n, 9))
    columns[:, 0] = 1.0
    group = rng.integers(0, groups, n)
    target = columns @ rng.standard_normal(9) + rng.standard_normal(groups)[group]
    target += 0.5 * rng.standard_normal(n)
    adds = nonergodic.group_sums(group, groups)
    gram = nonergodic.make_gram(columns, adds)
    return columns, group, target, gram, nonergodic.make_products(columns, adds, target)


def _dense(columns, group, target, variances):
    """Mean, covariance and likelihood by the covariance of all rows."""
    prior = np.repeat([1e4, *variances.blocks], [2, 4, 3])
    same = group[:, None] == group
    total = (columns * prior) @ columns.T + variances.group * same
    total += variances.record * np.eye(len(target))
    gain = (columns * prior).T @ np.linalg.inv(total)
    covariance = np.diag(prior) - gain @ (columns * prior)
    _, size = np.linalg.slogdet(total)
    term = variances.group * np.eye(group.max() + 1)[:, group] @ np.linalg.solve(total, target)
    value = 0.5 * (size + target @ np.linalg.solve(total, target))
    return gain @ target, covariance, term, value


def test_the_solve_is_that_of_the_dense_covariance(rng):
    columns, group, target, gram, products = _problem(rng)
    found = nonergodic.solve(gram, products, BLOCKS, VARIANCES)
    mean, covariance, term, value = _dense(columns, group, target, VARIANCES)
    unknowns, root = nonergodic.posterior(gram, products, BLOCKS, VARIANCES)
    np.testing.assert_array_equal(unknowns, found.mean)
    assert found.mean == pytest.approx(mean, rel=1e-5, abs=1e-6)
    # the weak prior of 1e4 costs the dense way four digits
    assert root @ root.T == pytest.approx(covariance, rel=1e-3, abs=1e-5)
    assert found.group_mean == pytest.approx(term, rel=1e-5, abs=1e-6)
    assert found.objective == pytest.approx(value, rel=1e-6)


def test_the_slope_is_that_of_finite_differences(rng):
    *_, gram, products = _problem(rng)
    logs = np.log([0.3, 0.5, 0.7, 0.2])

    def value(at):
        return nonergodic._objective(gram, products, BLOCKS, nonergodic._variances(at))

    steps = 1e-5 * np.eye(4)
    expected = [(value(logs + one)[0] - value(logs - one)[0]) / 2e-5 for one in steps]
    assert value(logs)[1] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_variances_that_made_the_data_are_found(rng):
    groups, n = 300, 6000
    columns = rng.standard_normal((n, 202))
    columns[:, 0] = 1.0
    group = rng.integers(0, groups, n)
    unknown = np.concatenate(([1.0, 2.0], 0.5 * rng.standard_normal(200)))
    target = columns @ unknown + 0.6 * rng.standard_normal(groups)[group]
    target += 0.8 * rng.standard_normal(n)
    adds = nonergodic.group_sums(group, groups)
    gram = nonergodic.make_gram(columns, adds)
    products = nonergodic.make_products(columns, adds, target)
    found = nonergodic.fit(gram, products, (Block(BACKBONE, 0, 2), Block("a", 2, 202)))
    # sampling errors of a variance from 6000 rows, 300 groups and 200 unknowns: 2, 8 and 10 %
    assert found.variances.record == pytest.approx(0.64, rel=0.06)
    assert found.variances.group == pytest.approx(0.36, rel=0.25)
    assert found.variances.blocks[0] == pytest.approx(0.25, rel=0.3)


def test_too_few_rows_are_refused(rng):
    columns = rng.standard_normal((2, 9))
    adds = nonergodic.group_sums(np.zeros(2, dtype=np.int64), 1)
    gram = nonergodic.make_gram(columns, adds)
    with pytest.raises(DataError, match="2 rows cannot fix 2"):
        nonergodic.fit(gram, nonergodic.make_products(columns, adds, np.ones(2)), BLOCKS)


def test_a_basis_keeps_the_correlation_of_its_field(rng):
    points = earth_points_km(rng.uniform(10.0, 11.0, 80), rng.uniform(44.0, 45.0, 80))
    basis = make_field_basis(points, 40.0, tolerance=1e-4)
    told = basis.features(points)
    assert told @ told.T == pytest.approx(correlation(points, points, 40.0), abs=0.02)
    far = earth_points_km(np.array([100.0]), np.array([0.0]))
    assert np.abs(basis.features(far)).max() < 1e-6


def test_points_in_space_keep_distances():
    points = earth_points_km(np.array([0.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    assert np.linalg.norm(points[1] - points[0]) == pytest.approx(6371.0 * np.pi / 180.0, rel=1e-4)


def test_drawn_fields_have_the_correlation(rng):
    points = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 30.0, 0.0]])
    root = np.linalg.cholesky(np.array([[1.0, 0.6], [0.6, 1.0]]))
    drawn = np.concatenate([draw_field(points, 20.0, 50, root, rng) for _ in range(60)], axis=1)
    between = np.einsum("pnk,qnk->pq", drawn, drawn) / (2 * drawn.shape[1])
    # 3000 draws in 60 sets of waves
    assert between == pytest.approx(correlation(points, points, 20.0), abs=0.1)
    assert np.mean(drawn[..., 0] * drawn[..., 1]) == pytest.approx(0.6, abs=0.06)


def test_nothing_is_left_open_at_pivots_and_all_far_away(rng):
    points = rng.uniform(0.0, 50.0, (20, 3))
    basis = make_field_basis(points, 20.0, tolerance=1e-6)
    both = np.vstack((basis.pivots[:5], [[1e4, 0.0, 0.0]]))
    drawn = draw_remainder(basis, both, 400, np.eye(1), rng)[:, :, 0]
    assert np.abs(drawn[:5]).max() < 0.02
    assert drawn[5].std() == pytest.approx(1.0, abs=0.15)


def test_ray_and_pair_features_reach_variance_one():
    scenarios, *_ = made_region()
    rays = make_ray_basis(scenarios, 15.0, tolerance=0.01)
    variance = np.square(rays.features(scenarios)).sum(axis=1)
    far = scenarios.hypocentral_km() > 60.0
    near = scenarios.hypocentral_km() < 20.0
    assert variance[far].mean() > 2.0 * variance[near].mean()
    ends = earth_points_km(scenarios.source_longitude, scenarios.source_latitude)
    sites = earth_points_km(scenarios.site_longitude, scenarios.site_latitude)
    pairs = make_pair_basis(ends[:100], sites[:100], 20.0, max_rank=100)
    told = pairs.features(ends[:100], sites[:100])
    assert np.square(told).sum(axis=1) == pytest.approx(np.ones(100), abs=0.01)
