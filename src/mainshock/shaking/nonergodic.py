"""The linear model behind non-ergodic medians: every term is normal, so one solve gives all.

``y = backbone + event + station + site field + source field + path + record``. Each term is a
block of unknowns with one prior variance; the variances maximise the marginal likelihood.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from mainshock.core.errors import DataError

__all__ = [
    "BACKBONE",
    "Block",
    "Fit",
    "Gram",
    "Products",
    "Variances",
    "fit",
    "group_sums",
    "make_gram",
    "make_products",
    "posterior",
    "solve",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BACKBONE = "backbone"  # the block with a weak, fixed prior
_WEAK = 1e4  # its variance; targets and columns are of order one
_SMALLEST, _LARGEST = 1e-5, 1e2  # of the variances sought


@dataclass(frozen=True, slots=True)
class Block:
    """Unknowns ``start`` to ``stop`` that share a prior variance."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """All that the columns say, however many rows there are.

    The terms of one grouping (events or stations) are no columns: they are integrated out
    exactly, which keeps the solve small.

    Parameters
    ----------
    columns
        Products of columns, shape ``(p, p)``.
    sums
        Sums of rows over each group, ``(n_groups, p)``.
    counts
        Rows of each group, ``(n_groups,)``.
    n_rows
        Number of rows.
    """

    columns: FloatArray
    sums: FloatArray
    counts: FloatArray
    n_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """All that a target says: its products with columns ``(p,)`` and groups, and its square."""

    columns: FloatArray
    sums: FloatArray
    square: float


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """Variance of a record's own term, of the grouping's term and of each block's unknowns."""

    record: float
    group: float
    blocks: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What the unknowns are after the data.

    Parameters
    ----------
    variances
        With which it was solved.
    mean
        Of the unknowns, ``(p,)``.
    group_mean
        Of the grouping's terms, ``(n_groups,)``.
    objective
        Negative logarithm of the marginal likelihood, less a constant.
    """

    variances: Variances
    mean: FloatArray
    group_mean: FloatArray
    objective: float


def group_sums(group: IntArray, n_groups: int) -> sparse.csr_array:
    """Return the operator that sums rows over groups, ``(n_groups, n_rows)``."""
    n = len(group)
    return sparse.csr_array((np.ones(n), (group, np.arange(n))), shape=(n_groups, n))


def make_gram(columns: FloatArray, adds: sparse.csr_array) -> Gram:
    """Return the sums of columns ``(n_rows, p)``, with the operator that sums over groups."""
    counts = np.asarray(adds.sum(axis=1), dtype=np.float64).ravel()
    return Gram(columns.T @ columns, adds @ columns, counts, len(columns))


def make_products(columns: FloatArray, adds: sparse.csr_array, target: FloatArray) -> Products:
    """Return the sums of one target, ``(n_rows,)``."""
    return Products(columns.T @ target, adds @ target, float(target @ target))


def fit(
    gram: Gram,
    products: Products,
    blocks: Sequence[Block],
    start: Variances | None = None,
    *,
    max_steps: int = 40,
) -> Fit:
    """Return the solution with the variances of largest marginal likelihood.

    Parameters
    ----------
    gram, products
        Of columns and target.
    blocks
        They cover all columns; one may be the backbone.
    start
        Variances of a like target, to begin from.
    max_steps
        Limit of the search.

    Raises
    ------
    DataError
        If there are fewer rows than backbone columns.
    """
    free = [one for one in blocks if one.name != BACKBONE]
    fixed = sum(one.stop - one.start for one in blocks if one.name == BACKBONE)
    if gram.n_rows <= fixed:
        raise DataError(f"{gram.n_rows} rows cannot fix {fixed} coefficients; give more records")
    if start is None:
        start = Variances(0.4, 0.2, np.full(len(free), 0.4 / max(len(free), 1)))
    first = np.log(np.concatenate(([start.record, start.group], start.blocks)))

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        value, slope = _objective(gram, products, blocks, _variances(logs))
        return value / gram.n_rows, slope / gram.n_rows

    limits = (np.log(_SMALLEST), np.log(_LARGEST))
    found = minimize(
        objective,
        np.clip(first, *limits),
        jac=True,
        method="L-BFGS-B",
        bounds=[limits] * len(first),
        options={"maxiter": max_steps, "ftol": 1e-6, "gtol": 1e-5},
    )
    return solve(gram, products, blocks, _variances(found.x))


def solve(gram: Gram, products: Products, blocks: Sequence[Block], variances: Variances) -> Fit:
    """Return the solution with given variances."""
    share, factor, mean, square = _normal_equations(gram, products, blocks, variances)
    term = share * (products.sums - gram.sums @ mean)
    return Fit(variances, mean, term, _value(gram, blocks, variances, factor, square))


def posterior(
    gram: Gram, products: Products, blocks: Sequence[Block], variances: Variances
) -> tuple[FloatArray, FloatArray]:
    """Return mean ``(p,)`` of the unknowns, and ``R`` with ``R R^T`` their covariance."""
    _, factor, mean, _ = _normal_equations(gram, products, blocks, variances)
    return mean, np.asarray(np.linalg.inv(factor).T)


def _variances(logs: FloatArray) -> Variances:
    record, group, *others = np.exp(logs)
    return Variances(float(record), float(group), np.array(others))


def _prior(blocks: Sequence[Block], variances: Variances) -> FloatArray:
    """Return the prior variance of each unknown."""
    prior = np.empty(blocks[-1].stop)
    values = iter(variances.blocks)
    for one in blocks:
        prior[one.start : one.stop] = _WEAK if one.name == BACKBONE else next(values)
    return prior


def _normal_equations(
    gram: Gram, products: Products, blocks: Sequence[Block], variances: Variances
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return group shares, factor of the precision, mean, and what the terms leave unexplained."""
    record, group = variances.record, variances.group
    share = group / (record + gram.counts * group)
    precision = gram.columns - gram.sums.T @ (share[:, None] * gram.sums)
    precision /= record
    precision[np.diag_indices_from(precision)] += 1.0 / _prior(blocks, variances)
    right = (products.columns - gram.sums.T @ (share * products.sums)) / record
    factor: FloatArray = np.asarray(np.linalg.cholesky(precision))
    mean = cho_solve((factor, True), right)
    square = (products.square - share @ products.sums**2) / record - right @ mean
    return share, factor, mean, float(square)


def _inverse(factor: FloatArray) -> FloatArray:
    """Return the covariance whose precision has this lower factor."""
    inverse, _ = dpotri(factor, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)


def _group_terms(
    gram: Gram,
    products: Products,
    variances: Variances,
    share: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the terms that were integrated out."""
    term = share * (products.sums - gram.sums @ mean)
    others = ((gram.sums @ covariance) * gram.sums).sum(axis=1)
    return term, variances.record * share + share**2 * others


def _value(
    gram: Gram,
    blocks: Sequence[Block],
    variances: Variances,
    factor: FloatArray,
    square: float,
) -> float:
    logs = gram.n_rows * np.log(variances.record)
    logs += np.log1p(gram.counts * variances.group / variances.record).sum()
    logs += np.log(_prior(blocks, variances)).sum() + 2.0 * np.log(np.diag(factor)).sum()
    return float(0.5 * (logs + square))


def _objective(
    gram: Gram, products: Products, blocks: Sequence[Block], variances: Variances
) -> tuple[float, FloatArray]:
    """Return the objective and its slope in the logarithms of the variances."""
    share, factor, mean, square = _normal_equations(gram, products, blocks, variances)
    covariance = _inverse(factor)
    second = np.diag(covariance) + mean**2
    term, spread = _group_terms(gram, products, variances, share, mean, covariance)
    prior = _prior(blocks, variances)
    each = 0.5 * (1.0 - second / prior)
    of_group = 0.5 * float(np.sum(1.0 - (term**2 + spread) / variances.group))
    of_blocks = np.array(
        [each[one.start : one.stop].sum() for one in blocks if one.name != BACKBONE]
    )
    # scaling every variance together changes the objective by a known amount, which leaves the
    # slope for the record's variance
    of_record = 0.5 * (gram.n_rows - square) - of_group - each.sum()
    slope = np.concatenate(([of_record, of_group], of_blocks))
    return _value(gram, blocks, variances, factor, square), slope
