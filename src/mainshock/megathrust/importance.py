"""How important features and sets of them are to one fit, and to a class of its segments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.megathrust.rankings import robust_scaled
from mainshock.megathrust.synthetic_features import SYNTHETIC

__all__ = [
    "ExplainedFold",
    "aligned",
    "class_values",
    "item_importance",
    "stack",
    "synthetic_importance",
    "synthetic_share",
]

FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]
_SETS = 200  # random sets of synthetic features that a set of real ones is compared with


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedFold:
    """One fit, explained on the test of its fold.

    Parameters
    ----------
    values, names
        Shape ``(n_rows, n_names)``: what each feature adds, or for permutation each group.
    y, probability
        Classes, and what the fit gives each: shapes ``(n_rows,)``, ``(n_rows, n_classes)``.
    rows
        Of the table.
    sum_error, output
        Largest distance of values and offset from the output, and the mean size of outputs.
    """

    values: FloatArray
    names: tuple[str, ...]
    y: Classes
    probability: FloatArray
    rows: NDArray[np.int64]
    sum_error: float
    output: float

    @property
    def target(self) -> Classes:
        """The likeliest class of each row."""
        return np.asarray(self.probability.argmax(axis=1), dtype=np.int64)

    def of_class(self, one: int | None, *, is_any: bool) -> FloatArray:
        """Return values of true positives, or of all segments, of one class or of any."""
        chosen = np.ones(self.y.size, dtype=bool) if is_any else self.target == self.y
        return self.values[chosen & ((self.y == one) if one is not None else True)]


def stack(
    by_fold: Sequence[Sequence[ExplainedFold]],
    of: Callable[..., FloatArray],
    *arguments: object,
) -> FloatArray:
    """Return ``of(fit, *arguments)`` of each fit, shape ``(n_folds, n_seeds, n_items)``."""
    return np.array([[of(one, *arguments) for one in row] for row in by_fold])


def item_importance(
    one: ExplainedFold, members: Mapping[str, Sequence[str]], is_permutation: bool
) -> FloatArray:
    """Return the importance of items, NaN where the fold has no segment to tell it by."""
    if is_permutation:
        return np.asarray(aligned(one.values, one.names, list(members)).mean(axis=0))
    values = one.of_class(None, is_any=False)
    if not len(values):
        return np.full(len(members), np.nan)
    sums = [aligned(values, one.names, own).sum(axis=1) for own in members.values()]
    return np.asarray(np.abs(sums).mean(axis=1) / _total(values))


def synthetic_importance(one: ExplainedFold, is_permutation: bool) -> FloatArray:
    """Return the importance of each synthetic feature or group."""
    names = [one.names[column] for column in _synthetic_columns(one)]
    return item_importance(one, {name: (name,) for name in names}, is_permutation)


def synthetic_share(
    beside: Sequence[Sequence[ExplainedFold]],
    members: Mapping[str, Sequence[str]],
    is_permutation: bool,
    rng: np.random.Generator,
) -> FloatArray:
    """Return how often as many synthetic features get at least as much as an item does.

    For permutation a group is compared with one synthetic group of its size, NaN for the location,
    which has none; otherwise with each synthetic feature, or with random sets of them.
    """
    shares = []
    for one in (fit for row in beside for fit in row):
        real = item_importance(one, members, is_permutation)
        if not np.isfinite(real).all():
            continue
        if is_permutation:
            twins = [SYNTHETIC + name for name in members]
            made = aligned(one.values, one.names, twins).mean(axis=0)
            is_known = np.isin(twins, one.names)
            shares.append(np.where(is_known, made >= real, np.nan))
            continue
        values = one.of_class(None, is_any=False)
        fields = values[:, _synthetic_columns(one)]
        rows = [
            np.mean(_set_importance(fields, len(own), rng) / _total(values) >= importance)
            for own, importance in zip(members.values(), real, strict=True)
        ]
        shares.append(np.array(rows))
    return np.asarray(np.mean(shares, axis=0))


def _set_importance(made: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """Return the mean absolute sums of random sets of synthetic features, or of each one."""
    if size == 1:
        return np.asarray(np.abs(made).mean(axis=0))
    sets = rng.random((_SETS, made.shape[1])).argsort(axis=1)[:, :size]
    return np.asarray(np.abs(made[:, sets].sum(axis=2)).mean(axis=0))


def class_values(
    one: ExplainedFold, names: Sequence[str], label: int, is_permutation: bool
) -> FloatArray:
    """Return a class's row of the heat map for one fit, NaN where the fold tells nothing."""
    values = aligned(one.of_class(label, is_any=is_permutation), one.names, names)
    if not len(values):
        return np.full(len(names), np.nan)
    if is_permutation:
        return np.asarray(values.mean(axis=0))
    return np.asarray(np.median(robust_scaled(values), axis=0))


def aligned(values: FloatArray, names: Sequence[str], wanted: Sequence[str]) -> FloatArray:
    """Return the columns of wanted names, zero where the classifier does not look at one."""
    columns = {name: column for column, name in enumerate(names)}
    found = np.zeros((values.shape[0], len(wanted)))
    for place, name in enumerate(wanted):
        if name in columns:
            found[:, place] = values[:, columns[name]]
    return found


def _total(values: FloatArray) -> float:
    """Return the mean absolute value of all features together, never 0."""
    return max(float(np.abs(values).mean(axis=0).sum()), np.finfo(np.float64).tiny)


def _synthetic_columns(one: ExplainedFold) -> NDArray[np.intp]:
    return np.flatnonzero([name.startswith(SYNTHETIC) for name in one.names])
