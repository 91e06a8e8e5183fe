"""Trains boosted trees on counts of cells and days: stopped, scaled and spread on later days."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from mainshock.core.errors import DataError
from mainshock.forecast.boosted.daily import (
    AHEAD_DAYS,
    CorrectedRates,
    DailyBlock,
    PlainRate,
    ahead_column,
    bounded,
    daily_blocks,
)
from mainshock.forecast.boosted.trees import TreeSum, codes_of
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.table import FeatureSettings, targets
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Boosting", "Trained", "TrainingRows", "dispersion_of", "train", "training_rows"]

FloatArray = NDArray[np.float64]
_QUIET_KEPT, _ACTIVE_KEPT = 0.04, 0.25  # of rows without an event; the rest weigh more for it
_LATER_SHARE = 0.25
_FEWEST_DAYS = 60
_MONTH = 30
_N_CODES = 64
_SCALE_SD = 0.1  # by how much totals of later years are off when nothing else is known


@dataclass(frozen=True, slots=True)
class Boosting:
    """How trees are grown.

    Parameters
    ----------
    max_trees, learning_rate, leaves, min_rows
        Most trees, the share of each that counts, leaves of one and rows of a leaf.
    shrinkage
        Events that each leaf is taken to have seen as expected, besides its own.
    seed
        Of the draw of rows.
    threads
        Processor threads.
    """

    max_trees: int = 100
    learning_rate: float = 0.08
    leaves: int = 12
    min_rows: int = 200
    shrinkage: float = 100.0
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Rows of cells and days.

    Parameters
    ----------
    features
        Shape ``(n, k)``.
    count
        Events of each.
    climatology, kernel
        As :class:`mainshock.forecast.boosted.daily.DailyBlock` has them.
    weight
        How many rows of the full table each stands for.
    day
        Number of its day of issue.
    """

    features: NDArray[np.float32]
    count: FloatArray
    climatology: FloatArray
    kernel: FloatArray
    weight: FloatArray
    day: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> "TrainingRows":
        """Return some of them."""
        return TrainingRows(*(getattr(self, one.name)[chosen] for one in fields(self)))

    @classmethod
    def joined(cls, parts: "list[TrainingRows]") -> "TrainingRows":
        """Return the rows of several tables."""
        columns = ([getattr(part, one.name) for part in parts] for one in fields(cls))
        return cls(*(np.concatenate(column) for column in columns))

    def log_likelihood(self, expected: FloatArray) -> float:
        """Return that of Poisson counts without the factorials, nats in all."""
        return float((self.weight * (self.count * np.log(expected) - expected)).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Rates of the first day and of later ones, and the spread of counts.

    Parameters
    ----------
    first, later
        Rates, their totals corrected.
    dispersion
        Two numbers: the variance of a count with mean ``m`` is ``m + m^2 / exp(a + b ln m)``.
    scale
        By which the rates of the first day were corrected.
    n_rows
        Of training.
    gain_later
        Of trees of the earlier part over the plain rate on the later part, nats an event.
    """

    first: CorrectedRates
    later: CorrectedRates
    dispersion: FloatArray
    scale: float
    n_rows: int
    gain_later: float


@dataclass(frozen=True, slots=True, eq=False)
class _Stopped:
    """How many trees are right, the correction of the total, and what later rows then expect."""

    n_trees: int
    scale: float
    expected: FloatArray
    gain: float


def train(
    known: Catalogue, issue_days: FloatArray, cells: CellGrid, mc: float, boosting: Boosting
) -> Trained:
    """Return rates fitted to the counts of whole days.

    The last quarter of the days decides how many trees are grown and by how much the total is
    off; then trees are grown on all days.

    Parameters
    ----------
    known
        Events up to the end of the last day.
    issue_days
        Starts of the days, one apart.
    cells, mc, boosting
        The grid, completeness, and how trees are grown.

    Raises
    ------
    DataError
        If there are too few days or events.
    """
    if len(issue_days) < _FEWEST_DAYS:
        raise DataError(
            f"{len(issue_days)} days are too few to grow trees on; give {_FEWEST_DAYS} or more"
        )
    rng = np.random.default_rng(boosting.seed)
    rows, ahead = training_rows(known, issue_days, cells, mc, rng)
    cut = int(len(issue_days) * (1.0 - _LATER_SHARE))
    late = rows.take(rows.day >= cut)
    if rows.count.sum() - late.count.sum() < 50 or late.count.sum() < 10:
        raise DataError(
            f"{int(rows.count.sum())} events on {len(issue_days)} days are too few to grow trees "
            "on; give a longer window, a lower --mc, or another model"
        )
    stopped = _stopped(rows.take(rows.day < cut), late, boosting)
    early_ahead = ahead.take(ahead.day < cut - max(AHEAD_DAYS))  # of which no target is late
    stopped_ahead = _stopped(early_ahead, ahead.take(ahead.day >= cut), boosting)
    return Trained(
        _final(rows, stopped, boosting),
        _final(ahead, stopped_ahead, boosting),
        dispersion_of(late.count, stopped.expected * stopped.scale, late.weight),
        stopped.scale,
        len(rows.count),
        stopped.gain,
    )


def training_rows(
    known: Catalogue,
    issue_days: FloatArray,
    cells: CellGrid,
    mc: float,
    rng: np.random.Generator,
) -> tuple[TrainingRows, TrainingRows]:
    """Return rows of the day after each issue time, and rows of a later day drawn for each.

    Rows without an event are drawn: a quarter of those near recent events, 4 % of the quiet ones.
    """
    first: list[TrainingRows] = []
    ahead: list[TrainingRows] = []
    step = FeatureSettings(cells, mc)
    n_days, at = len(issue_days), 0
    for block in daily_blocks(known, issue_days, cells, mc, AHEAD_DAYS):
        n = len(block.issue_days)
        number = np.arange(at, at + n)
        first.append(_drawn(block, targets(known, block.issue_days, step), number, 0, rng))
        which = rng.integers(0, len(AHEAD_DAYS), n)
        jump = np.asarray(AHEAD_DAYS)[which]
        # days ahead may come in any order, and beyond the end of the fit nothing is counted
        issue, back = np.unique(block.issue_days + jump, return_inverse=True)
        count = targets(known, issue, step)[back]
        rows = _drawn(block, count, number, which + 1, rng)
        rows_jump = jump[rows.day - at]
        extended = ahead_column(rows.features, rows_jump)
        inside = rows.day + rows_jump < n_days
        columns = (rows.count, rows.climatology, rows.kernel, rows.weight, rows.day)
        ahead.append(TrainingRows(extended, *columns).take(inside))
        at += n
    return TrainingRows.joined(first), TrainingRows.joined(ahead)


def _drawn(
    block: DailyBlock,
    count: NDArray[np.int64],
    number: NDArray[np.int64],
    which: NDArray[np.int64] | int,
    rng: np.random.Generator,
) -> TrainingRows:
    """Return rows of a block; ``which`` says which day of the kernel each issue time is for."""
    rows, counts = block.rows(), count.ravel()
    n_issues, n_cells = block.climatology.shape
    active = rows[:, block.names.index("near_count_30d")] > 0
    share = np.where(active, _ACTIVE_KEPT, _QUIET_KEPT)
    share = np.where(counts > 0, 1.0, share)
    kept = rng.random(len(rows)) < share
    kernel = block.kernel[np.broadcast_to(which, n_issues), np.arange(n_issues)]
    return TrainingRows(
        rows[kept],
        counts[kept].astype(np.float64),
        block.climatology.ravel()[kept],
        kernel.ravel()[kept],
        1.0 / share[kept],
        np.repeat(number, n_cells)[kept],
    )


def _plain_rate(rows: TrainingRows) -> PlainRate:
    """Return the plain rate that fits rows best."""

    def loss(vector: FloatArray) -> float:
        share, factor, power = np.exp(np.clip(vector, -10.0, 5.0))
        plain = PlainRate(share, factor, power)
        return -rows.log_likelihood(plain.of(rows.climatology, rows.kernel))

    start = np.log([0.4, 1.0, 1.0])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 150, "xatol": 1e-3})
    share, factor, power = np.exp(np.clip(found.x, -10.0, 5.0))
    return PlainRate(float(share), float(factor), float(power))


def _grown(rows: TrainingRows, plain: PlainRate, n_trees: int, boosting: Boosting) -> TreeSum:
    """Return trees for the ratio of counts to plain rates, weighted by the plain rates.

    That is the Poisson likelihood of counts with the ln of the plain rate as an offset.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - training only
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    estimator: Any = HistGradientBoostingRegressor(  # scikit-learn states no types
        loss="poisson",
        max_iter=n_trees,
        learning_rate=boosting.learning_rate,
        max_leaf_nodes=boosting.leaves,
        min_samples_leaf=boosting.min_rows,
        l2_regularization=boosting.shrinkage,
        max_bins=_N_CODES,
        early_stopping=False,
        random_state=boosting.seed,
    )
    # scikit-learn would look for weighted quantiles, which takes longer than all trees
    codes, edges = codes_of(rows.features, _N_CODES)
    offset = plain.of(rows.climatology, rows.kernel)
    with threadpool_limits(boosting.threads):
        estimator.fit(codes, rows.count / offset, rows.weight * offset)
    return TreeSum.of(estimator, n_trees, edges)


def _stopped(early: TrainingRows, late: TrainingRows, boosting: Boosting) -> _Stopped:
    """Return how many trees of the earlier rows fit the later rows best."""
    plain = _plain_rate(early)
    trees = _grown(early, plain, boosting.max_trees, boosting)
    offset = plain.of(late.climatology, late.kernel)
    without = late.log_likelihood(offset)
    best, n_trees, expected = -np.inf, 1, offset
    for n, said in trees.cumulative(late.features):
        tried = bounded(offset, said)
        score = late.log_likelihood(tried)
        if score > best:
            best, n_trees, expected = score, n, tried
    scale = _scale(late, expected)
    return _Stopped(n_trees, scale, expected, (best - without) / float(late.count.sum()))


def _scale(late: TrainingRows, expected: FloatArray) -> float:
    """Return by how much totals are corrected: the ratio on later days, drawn towards 1.

    The weight of the ratio follows from its scatter over months: a few sequences make most events.
    """
    month = late.day // _MONTH - int(late.day.min()) // _MONTH
    count = np.bincount(month, late.weight * late.count)
    mean = np.bincount(month, late.weight * expected)
    ratio = count.sum() / mean.sum()
    variance = ((count - ratio * mean) ** 2).sum() / count.sum() ** 2
    return float(ratio ** (_SCALE_SD**2 / (_SCALE_SD**2 + variance)))


def _final(rows: TrainingRows, stopped: _Stopped, boosting: Boosting) -> CorrectedRates:
    """Return rates fitted to all rows, with the number of trees and the scale found."""
    plain = _plain_rate(rows)
    trees = _grown(rows, plain, stopped.n_trees, boosting)
    scaled = PlainRate(
        plain.climatology_share * stopped.scale,
        plain.kernel_factor * stopped.scale,
        plain.kernel_power,
    )
    return CorrectedRates(scaled, trees)


def dispersion_of(count: FloatArray, expected: FloatArray, weight: FloatArray) -> FloatArray:
    """Return ``a`` and ``b`` of the negative binomial's size ``exp(a + b ln mean)``."""

    def loss(vector: FloatArray) -> float:
        size = np.exp(np.clip(vector[0] + vector[1] * np.log(expected), -12.0, 12.0))
        share = expected / (size + expected)
        logs = gammaln(count + size) - gammaln(size) + size * np.log1p(-share)
        logs = logs + count * np.log(share)
        return -float((weight * logs).sum())

    found = minimize(loss, np.array([-1.0, 0.3]), method="Nelder-Mead", options={"maxiter": 120})
    return np.asarray(found.x, dtype=np.float64)
