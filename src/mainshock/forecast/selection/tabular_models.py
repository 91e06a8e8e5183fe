"""Kinds of models for a user's own table, and what may be chosen of each.

No class is weighted, however rare: weights would spoil the probabilities.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.forecast.selection.predictors import (
    EXP,
    IDENTITY,
    LOGISTIC,
    SHARES,
    SOFTMAX,
    ConstantPredictor,
    LinearPredictor,
    Predictor,
    TreesPredictor,
    transformed,
)
from mainshock.forecast.selection.search_space import Choices, Dimension, Span
from mainshock.forecast.selection.user_table import CLASSIFY, COUNT

__all__ = ["MODELS", "FitContext", "TabularKind", "TrainingRows", "model_kinds"]

FloatArray = NDArray[np.float64]
_MOST_ROWS_A_TREE = 10_000


@dataclass(frozen=True, slots=True)
class FitContext:
    """What a fit needs to know besides the rows.

    Parameters
    ----------
    task
        ``classify``, ``count`` or ``regress``.
    n_classes
        0 unless ``task`` is ``classify``.
    seed, threads
        Of what is drawn; processor threads that may be used.
    """

    task: str
    n_classes: int
    seed: int
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Rows to fit to.

    Parameters
    ----------
    matrix
        Numbers, ``(n, k)``.
    target, weight
        Shape ``(n,)`` each.
    """

    matrix: FloatArray
    target: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class TabularKind:
    """One kind of model.

    Parameters
    ----------
    title
        What it is, for people.
    fit
        Of options and rows a predictor.
    space
        Options that may be searched.
    first
        Options to begin with.
    """

    title: str
    fit: Callable[[Mapping[str, Any], "TrainingRows", FitContext], Predictor]
    space: Mapping[str, Dimension]
    first: Mapping[str, Any]


def _fit_constant(
    _options: Mapping[str, Any], rows: TrainingRows, context: FitContext
) -> Predictor:
    """Return the mean of the training; of classes their shares, none of them zero."""
    if context.task == CLASSIFY:
        number = rows.target.astype(np.int64)
        counts = np.bincount(number, rows.weight, minlength=context.n_classes) + 0.5
        return ConstantPredictor(counts / counts.sum())
    mean = float(np.average(rows.target, weights=rows.weight))
    if context.task == COUNT:
        mean = max(mean, 0.5 / float(rows.weight.sum()))
    return ConstantPredictor(np.array([mean]))


def _fit_linear(options: Mapping[str, Any], rows: TrainingRows, context: FitContext) -> Predictor:
    from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge  # noqa: PLC0415

    is_log, matrix, weight = bool(options["is_log"]), rows.matrix, rows.weight
    flat = np.sign(matrix) * np.log1p(np.abs(matrix)) if is_log else matrix
    centre = np.average(flat, axis=0, weights=weight)
    scale = np.sqrt(np.average((flat - centre) ** 2, axis=0, weights=weight))
    scale = np.where(scale > 1e-12 * np.maximum(np.abs(centre), 1.0), scale, 1.0)
    columns = transformed(matrix, centre, scale, is_log)
    strength = float(options["strength"])
    made: Any  # scikit-learn states no types
    if context.task == CLASSIFY:
        made = LogisticRegression(C=1.0 / (strength * float(weight.sum())), max_iter=500)
        link = LOGISTIC if context.n_classes == 2 else SOFTMAX
    elif context.task == COUNT:
        made, link = PoissonRegressor(alpha=strength, max_iter=500), EXP
    else:
        made, link = Ridge(alpha=strength * float(weight.sum())), IDENTITY
    made.fit(columns, rows.target, sample_weight=weight)
    weights = np.atleast_2d(np.asarray(made.coef_, dtype=np.float64))
    intercept = np.atleast_1d(np.asarray(made.intercept_, dtype=np.float64))
    return LinearPredictor(centre, scale, weights, intercept, link, is_log)


def _fit_forest(options: Mapping[str, Any], rows: TrainingRows, context: FitContext) -> Predictor:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415

    kind: Any = RandomForestClassifier if context.task == CLASSIFY else RandomForestRegressor
    n = len(rows.target)
    made = kind(
        n_estimators=int(options["n_trees"]),
        max_leaf_nodes=int(options["max_leaves"]),
        min_samples_leaf=int(options["min_leaf"]),
        max_features=float(options["feature_share"]),
        max_samples=_MOST_ROWS_A_TREE if n > _MOST_ROWS_A_TREE else None,
        n_jobs=context.threads,
        random_state=context.seed,
    ).fit(rows.matrix, rows.target, sample_weight=rows.weight)
    parts = [
        (
            np.where(tree.children_left < 0, -1, tree.feature),
            tree.threshold,
            tree.children_left,
            tree.children_right,
            np.asarray(tree.value[:, 0, :]) / len(made.estimators_),
        )
        for tree in (one.tree_ for one in made.estimators_)
    ]
    link = SHARES if context.task == CLASSIFY else IDENTITY
    n_scores = context.n_classes if context.task == CLASSIFY else 1
    return _joined(parts, np.zeros(n_scores), link, is_single=True)


def _fit_boosting(options: Mapping[str, Any], rows: TrainingRows, context: FitContext) -> Predictor:
    from sklearn.ensemble import (  # noqa: PLC0415
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    given = {
        "max_iter": int(options["n_trees"]),
        "learning_rate": float(options["learning_rate"]),
        "max_leaf_nodes": int(options["max_leaves"]),
        "min_samples_leaf": int(options["min_leaf"]),
        "l2_regularization": float(options["strength"]),
        "early_stopping": False,  # its rows would be drawn at random, not later in time
        "random_state": context.seed,
    }
    made: Any
    if context.task == CLASSIFY:
        made = HistGradientBoostingClassifier(**given)
        link = LOGISTIC if context.n_classes == 2 else SOFTMAX
    elif context.task == COUNT:
        made, link = HistGradientBoostingRegressor(loss="poisson", **given), EXP
    else:
        made, link = HistGradientBoostingRegressor(**given), IDENTITY
    made.fit(rows.matrix, rows.target, sample_weight=rows.weight)
    n_scores = np.size(made._baseline_prediction)
    parts = []
    for rounds in made._predictors:
        for j, tree in enumerate(rounds):
            nodes = tree.nodes
            is_leaf = nodes["is_leaf"].astype(bool)
            value = np.zeros((len(nodes), n_scores))
            value[:, j] = np.where(is_leaf, nodes["value"], 0.0)
            feature = np.where(is_leaf, -1, nodes["feature_idx"])
            parts.append((feature, nodes["num_threshold"], nodes["left"], nodes["right"], value))
    base = np.ravel(made._baseline_prediction).astype(np.float64)
    return _joined(parts, base, link, is_single=False)


def _joined(
    trees: Sequence[tuple[NDArray[Any], ...]], base: FloatArray, link: str, *, is_single: bool
) -> TreesPredictor:
    """Return trees as one row of nodes."""
    root = np.cumsum([0, *(len(one[0]) for one in trees)])[:-1]
    shifted = [
        (
            np.where(one[0] < 0, 0, one[2].astype(np.int64) + first),
            np.where(one[0] < 0, 0, one[3].astype(np.int64) + first),
        )
        for first, one in zip(root, trees, strict=True)
    ]
    return TreesPredictor(
        root=root.astype(np.int32),
        feature=np.concatenate([one[0] for one in trees]).astype(np.int32),
        threshold=np.concatenate([one[1] for one in trees]).astype(np.float64),
        left=np.concatenate([one[0] for one in shifted]).astype(np.int32),
        right=np.concatenate([one[1] for one in shifted]).astype(np.int32),
        value=np.ascontiguousarray(np.concatenate([one[4] for one in trees]), dtype=np.float64),
        base=base,
        link=link,
        is_single=is_single,
    )


MODELS: dict[str, TabularKind] = {
    "dummy": TabularKind("mean of the training", _fit_constant, {}, {}),
    "linear": TabularKind(
        "logistic, Poisson or ridge regression",
        _fit_linear,
        {"strength": Span(1e-6, 1.0, is_log=True), "is_log": Choices((True, False))},
        {"strength": 1e-3, "is_log": True},
    ),
    "forest": TabularKind(
        "random forest",
        _fit_forest,
        {
            "n_trees": Choices((100,)),
            "max_leaves": Span(8, 512, is_log=True, is_whole=True),
            "min_leaf": Span(2, 100, is_log=True, is_whole=True),
            "feature_share": Span(0.1, 1.0),
        },
        {"n_trees": 100, "max_leaves": 128, "min_leaf": 10, "feature_share": 0.3},
    ),
    "boosting": TabularKind(
        "gradient boosting of histograms",
        _fit_boosting,
        {
            "n_trees": Span(20, 400, is_log=True, is_whole=True),
            "learning_rate": Span(0.01, 0.3, is_log=True),
            "max_leaves": Span(4, 64, is_log=True, is_whole=True),
            "min_leaf": Span(5, 200, is_log=True, is_whole=True),
            "strength": Span(1e-3, 100.0, is_log=True),
        },
        {"n_trees": 100, "learning_rate": 0.05, "max_leaves": 16, "min_leaf": 20, "strength": 1.0},
    ),
}
"""Kinds of models by name; the dummy is always among them."""


def model_kinds(names: tuple[str, ...] | None = None) -> dict[str, TabularKind]:
    """Return the kinds that are named, and the dummy.

    Raises
    ------
    SettingsError
        If one is unknown.
    """
    wanted = tuple(MODELS) if names is None else names
    unknown = [name for name in wanted if name not in MODELS]
    if unknown:
        raise SettingsError(
            f"no model for tables is called {', '.join(unknown)}; known: {', '.join(MODELS)}"
        )
    return {name: kind for name, kind in MODELS.items() if name in {*wanted, "dummy"}}
