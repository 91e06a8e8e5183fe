"""Rankings that cannot be had without their stability.

The importance of each item is known for several folds and seeds. How well two rankings agree is
measured by the rank correlation (Spearman) of all items, and by how many of the first are the same
(Jaccard: shared over all that are first in either). Intervals draw folds with replacement. Folds
share most of their training, so rankings of independent data would agree less than this says.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from mainshock.core.errors import SettingsError

__all__ = ["Ranking", "Stability", "rank_items", "robust_scaled", "stability_of"]

FloatArray = NDArray[np.float64]
N_BOOTSTRAP = 1000
_OUTER = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Stability:
    """How well rankings agree, 1 best.

    Parameters
    ----------
    over
        What differs between two rankings: ``"folds"`` or ``"seeds"``.
    n_pairs
        Pairs of rankings.
    spearman, spearman_interval95
        Mean rank correlation of all items; 0 by chance.
    jaccard, jaccard_interval95
        Mean overlap of the first ``n_top``.
    jaccard_by_chance
        What random rankings give.
    n_top
        How many are first.
    """

    over: str
    n_pairs: int
    spearman: float
    spearman_interval95: tuple[float, float]
    jaccard: float
    jaccard_interval95: tuple[float, float]
    jaccard_by_chance: float
    n_top: int

    def __str__(self) -> str:
        """Return one line for people."""
        low, high = self.spearman_interval95
        least, most = self.jaccard_interval95
        return (
            f"between {self.over}: rank correlation {self.spearman:.2f} [{low:.2f}, {high:.2f}], "
            f"first {self.n_top} shared {self.jaccard:.2f} [{least:.2f}, {most:.2f}] "
            f"(by chance {self.jaccard_by_chance:.2f})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Items by falling importance, and how far that order can be trusted.

    Parameters
    ----------
    level
        What the items are.
    measure
        What importance means.
    names, members
        Items, and the features of each.
    importance, interval95
        Mean over folds and seeds, shape ``(n_items,)``, and its bootstrap interval over folds,
        ``(n_items, 2)``.
    folds, seeds
        Stability; ``seeds`` is None where there was one seed.
    synthetic_share
        For each item, how often synthetic features that stood beside the real ones got at least as
        much: near 0 the item means more than knowing the place does. None where not computed.
    synthetic
        How well the ranking of the synthetic features among themselves agrees between folds: the
        agreement that smoothness along the trench gives alone.
    """

    level: str
    measure: str
    names: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    importance: FloatArray
    interval95: FloatArray
    folds: Stability
    seeds: Stability | None = None
    synthetic_share: FloatArray | None = None
    synthetic: Stability | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return one record an item, the first first."""
        share = self.synthetic_share
        return [
            {
                "rank": place + 1,
                "name": name,
                "importance": float(self.importance[place]),
                "interval95": [float(value) for value in self.interval95[place]],
                "synthetic_share": None if share is None else float(share[place]),
                "members": list(self.members[place]),
            }
            for place, name in enumerate(self.names)
        ]

    def stabilities(self) -> dict[str, Stability]:
        """Return what is known of the ranking's stability, by kind."""
        known = {"folds": self.folds, "seeds": self.seeds, "synthetic_features": self.synthetic}
        return {name: one for name, one in known.items() if one is not None}


def rank_items(
    level: str,
    measure: str,
    members: Mapping[str, Sequence[str]],
    importance: FloatArray,
    rng: np.random.Generator,
    *,
    n_top: int = 10,
    synthetic_share: FloatArray | None = None,
    synthetic: Stability | None = None,
) -> Ranking:
    """Return the ranking of items by their mean importance.

    Parameters
    ----------
    members
        Features of each item, in the order of the items.
    importance
        Shape ``(n_folds, n_seeds, n_items)``; NaN for folds that tell nothing.
    rng
        Of the bootstrap.
    n_top
        How many are "the first"; at most a third of the items.

    Raises
    ------
    SettingsError
        If there are fewer than two folds that tell anything: no ranking without its stability.
    """
    mean = _mean_of_known(importance, 1)
    known = mean[np.isfinite(mean).all(axis=1)]
    if len(known) < 2:
        raise SettingsError(
            f"the ranking of {level} has {len(known)} fold with true positives; two are needed to "
            "tell its stability, and none is given without"
        )
    drawn = rng.integers(len(known), size=(N_BOOTSTRAP, len(known)))
    interval = np.percentile(known[drawn].mean(axis=1), _OUTER, axis=0).T
    total = known.mean(axis=0)
    order = np.argsort(-total, kind="stable")
    names, own = list(members), [tuple(one) for one in members.values()]
    return Ranking(
        level,
        measure,
        tuple(names[item] for item in order),
        tuple(own[item] for item in order),
        total[order],
        interval[order],
        stability_of(importance, "folds", rng, n_top=n_top),
        stability_of(importance, "seeds", rng, n_top=n_top) if importance.shape[1] > 1 else None,
        None if synthetic_share is None else synthetic_share[order],
        synthetic,
    )


def stability_of(
    importance: FloatArray, over: str, rng: np.random.Generator, *, n_top: int = 10
) -> Stability:
    """Return how well rankings agree between folds of one seed, or between seeds of one fold.

    Parameters
    ----------
    importance
        Shape ``(n_folds, n_seeds, n_items)``; folds with NaN are left out.
    over
        ``"folds"`` or ``"seeds"``.
    rng
        Of the bootstrap.
    n_top
        How many are "the first"; at most a third of the items.
    """
    n_items = importance.shape[2]
    n_top = max(1, min(n_top, n_items // 3))
    n_folds = importance.shape[0]
    drawn = rng.integers(n_folds, size=(N_BOOTSTRAP, n_folds))
    if over == "folds":
        pairs = _pairs_of_folds(importance, n_top)
        # a fold that is drawn twice makes no pair with itself
        again = pairs[:, drawn[:, :, None], drawn[:, None, :]].reshape(2, N_BOOTSTRAP, -1)
    else:
        pairs = _pairs_of_seeds(importance, n_top)
        again = pairs[:, drawn]
    mean = [float(value) for value in _mean_of_known(pairs.reshape(2, -1), 1)]
    intervals = [_interval(row) for row in _mean_of_known(again, 2)]
    by_chance = n_top**2 / n_items
    return Stability(
        over=over,
        n_pairs=_n_pairs(importance, over),
        spearman=mean[0],
        spearman_interval95=intervals[0],
        jaccard=mean[1],
        jaccard_interval95=intervals[1],
        jaccard_by_chance=by_chance / (2 * n_top - by_chance),
        n_top=n_top,
    )


def robust_scaled(values: FloatArray) -> FloatArray:
    """Return each row less its median, over its interquartile range, as the published maps do."""
    low, median, high = np.percentile(values, (25.0, 50.0, 75.0), axis=1, keepdims=True)
    spread = high - low
    return np.asarray((values - median) / np.where(spread > 0.0, spread, 1.0))


def _agreement(first: FloatArray, second: FloatArray, n_top: int) -> tuple[float, float]:
    """Return rank correlation and overlap of the first; NaN where a ranking says nothing."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.nan, np.nan
    ranks = rankdata(first), rankdata(second)
    is_flat = min(np.ptp(one) for one in ranks) == 0.0
    spearman = np.nan if is_flat else float(np.corrcoef(*ranks)[0, 1])
    tops = [set(np.argsort(-one, kind="stable")[:n_top].tolist()) for one in (first, second)]
    return spearman, len(tops[0] & tops[1]) / len(tops[0] | tops[1])


def _pairs_of_folds(importance: FloatArray, n_top: int) -> FloatArray:
    """Return agreements between folds, shape ``(2, n_folds, n_folds)``, NaN on the diagonal."""
    n_folds, n_seeds, _ = importance.shape
    found = np.full((2, n_folds, n_folds, n_seeds), np.nan)
    for one, other in itertools.combinations(range(n_folds), 2):
        for seed in range(n_seeds):
            agreed = _agreement(importance[one, seed], importance[other, seed], n_top)
            found[:, one, other, seed] = found[:, other, one, seed] = agreed
    return _mean_of_known(found, 3)


def _pairs_of_seeds(importance: FloatArray, n_top: int) -> FloatArray:
    """Return mean agreements between seeds of each fold, shape ``(2, n_folds)``."""
    seeds = range(importance.shape[1])
    found = [
        [
            _agreement(fold[one], fold[other], n_top)
            for one, other in itertools.combinations(seeds, 2)
        ]
        for fold in importance
    ]
    return _mean_of_known(np.array(found), 1).T


def _interval(values: FloatArray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, _OUTER) if known.size else (np.nan, np.nan)
    return float(low), float(high)


def _mean_of_known(values: FloatArray, axis: int) -> FloatArray:
    """Return the mean of what is not NaN; NaN where nothing is known."""
    count = np.isfinite(values).sum(axis=axis)
    total = np.nansum(values, axis=axis)
    mean: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _n_pairs(importance: FloatArray, over: str) -> int:
    is_known = np.isfinite(importance).all(axis=2)
    counts = is_known.sum(axis=0 if over == "folds" else 1)
    return int(sum(count * (count - 1) // 2 for count in counts.tolist()))
