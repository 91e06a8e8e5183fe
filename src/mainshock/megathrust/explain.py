"""Why a kind of classifier says what it says: explained fold by fold, on segments it did not see.

A classifier is fitted to the training of each fold with several seeds and explained on the fold's
test. Rankings come with their stability over folds and seeds, with the share of synthetic features
that do as well, and with the sets of features that no ranking can tell apart. Beside all stands the
classifier's score next to those of baselines that know only the place: what explains a classifier
without skill explains nothing else.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.megathrust.attributions import (
    LOCATION,
    AttributionSettings,
    attribute,
    permutation_losses,
)
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.feature_groups import (
    correlated_groups,
    feature_order,
    group_members,
)
from mainshock.megathrust.importance import (
    ExplainedFold,
    aligned,
    class_values,
    item_importance,
    stack,
    synthetic_importance,
    synthetic_share,
)
from mainshock.megathrust.network import PublishedNetwork, fit_folds
from mainshock.megathrust.rankings import Ranking, rank_items, stability_of
from mainshock.megathrust.registry import SEGMENT_CLASSIFIERS
from mainshock.megathrust.scores import macro_f1
from mainshock.megathrust.segments import feature_names
from mainshock.megathrust.splits import Fold
from mainshock.megathrust.synthetic_features import SYNTHETIC, synthetic_features

__all__ = ["Explanation", "ExplanationSettings", "explain_folds"]

FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]
_BASELINES = ("region-prior", "nearest-5")


@dataclass(frozen=True, slots=True)
class ExplanationSettings:
    """How a classifier is explained.

    Parameters
    ----------
    attribution
        The method.
    n_seeds
        Fits of each fold.
    n_null
        Of these, how many are fitted again with synthetic features beside the real ones.
    n_top
        How many features are "the first" of a ranking.
    seed
        Of the first fit, the synthetic features, the shuffles and the bootstrap.
    """

    attribution: AttributionSettings = field(default_factory=AttributionSettings)
    n_seeds: int = 3
    n_null: int = 1
    n_top: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_seeds < 1 or not 0 <= self.n_null <= self.n_seeds or self.n_top < 1:
            raise SettingsError(
                f"n_seeds is {self.n_seeds}, n_null {self.n_null} and n_top {self.n_top}; they "
                "must be 1 or more, n_null from 0 to n_seeds"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What a kind of classifier uses.

    Parameters
    ----------
    model
        Its registered name.
    settings
        How it was explained.
    rankings
        Of features, groups and sets of correlated features, then of features for each class.
    heat_map
        Of each class the median over its true positives, after scaling each segment's values to
        median 0 and interquartile range 1; mean over folds and seeds. For permutation the loss of
        probability. Rows are features (or groups) by type, columns ``class_0`` and so on.
    segments
        Per segment and fold: ``region, index, fold, class, explained_class`` and what each feature
        adds, mean over the seeds that explain the same class. Empty for permutation.
    sum_error
        Largest distance of values and offset from the output, and the mean size of outputs.
    scores
        Macro-F1 of the model and of location-only baselines: mean and sd over folds.
    n_true_positives
        Of each class, mean over seeds of the sum over folds.
    """

    model: str
    settings: ExplanationSettings
    rankings: tuple[Ranking, ...]
    heat_map: pd.DataFrame
    segments: pd.DataFrame
    sum_error: tuple[float, float]
    scores: Mapping[str, tuple[float, float]]
    n_true_positives: tuple[float, ...]


def explain_folds(
    table: pd.DataFrame,
    y: Classes,
    model: str,
    folds: Sequence[Fold],
    settings: ExplanationSettings,
    progress: Callable[[str], None] = lambda _: None,
) -> Explanation:
    """Return why classifiers of a name say what they say of segments they were not trained on.

    Parameters
    ----------
    table, y
        Segments and their classes.
    model
        Registered name.
    folds
        Training and test rows, as :mod:`mainshock.megathrust.splits` gives them.
    settings
        The method, seeds and null.
    progress
        Called with a short text after each fit.

    Raises
    ------
    SettingsError
        If the method does not suit the model, or fewer than two folds can be explained.
    """
    n_classes = int(y.max()) + 1
    _require_all_classes(y, folds, n_classes)
    seeds = range(settings.seed, settings.seed + settings.n_seeds)

    def explain(seed: int, features: pd.DataFrame) -> list[ExplainedFold]:
        return _explain_all(_build(model, seed), features, y, folds, seed, settings, progress)

    found = [explain(seed, table) for seed in seeds]
    null = [explain(seed, _with_synthetic(table, seed)) for seed in seeds[: settings.n_null]]
    by_fold = [list(row) for row in zip(*found, strict=True)]
    beside = [list(row) for row in zip(*null, strict=True)]
    rankings = _rankings(table, by_fold, beside, settings)
    everyone = [one for row in by_fold for one in row]
    return Explanation(
        model=model,
        settings=settings,
        rankings=tuple(rankings),
        heat_map=_heat_map(by_fold, n_classes, settings),
        segments=_segments(table, by_fold, settings),
        sum_error=(
            max(one.sum_error for one in everyone),
            float(np.mean([one.output for one in everyone])),
        ),
        scores=_scores(model, table, y, folds, by_fold),
        n_true_positives=_true_positives(everyone, n_classes, settings.n_seeds),
    )


def _require_all_classes(y: Classes, folds: Sequence[Fold], n_classes: int) -> None:
    if any(np.unique(y[train]).size < n_classes for train, _ in folds):
        raise SettingsError(
            f"the training of a fold lacks one of {n_classes} classes; exclude less, or give more"
        )


def _true_positives(
    everyone: Sequence[ExplainedFold], n_classes: int, n_seeds: int
) -> tuple[float, ...]:
    """Return how many segments of each class were given it, mean over seeds."""
    hits = np.concatenate([one.y[one.target == one.y] for one in everyone])
    return tuple((np.bincount(hits, minlength=n_classes) / n_seeds).tolist())


def _build(model: str, seed: int) -> SegmentClassifier:
    """Return a classifier, with the seed where it draws anything."""
    build = SEGMENT_CLASSIFIERS.load(model)
    has_seed = "random_state" in inspect.signature(build).parameters
    return build(random_state=seed) if has_seed else build()


def _with_synthetic(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a table with as many synthetic features beside the real ones."""
    rng = np.random.default_rng([seed, 1])
    return table.join(synthetic_features(table, len(feature_names(table)), rng))


def _explain_all(
    classifier: SegmentClassifier,
    table: pd.DataFrame,
    y: Classes,
    folds: Sequence[Fold],
    seed: int,
    settings: ExplanationSettings,
    progress: Callable[[str], None],
) -> list[ExplainedFold]:
    """Return each fold's explanation for one seed."""
    if isinstance(classifier, PublishedNetwork):  # many small networks are trained at once
        fitted: Iterable[SegmentClassifier] = fit_folds(classifier, table, y, folds)
    else:
        from sklearn.base import clone  # noqa: PLC0415 - slow to import

        fitted = (clone(classifier).fit(table.iloc[train], y[train]) for train, _ in folds)
    explained = []
    for number, (one, fold) in enumerate(zip(fitted, folds, strict=True)):
        explained.append(_explain(one, table, y, fold, seed, settings))
        progress(f"seed {seed} fold {number + 1}")
    return explained


def _explain(
    classifier: SegmentClassifier,
    table: pd.DataFrame,
    y: Classes,
    fold: Fold,
    seed: int,
    settings: ExplanationSettings,
) -> ExplainedFold:
    train, test = fold
    asked, method = table.iloc[test], settings.attribution
    probability = classifier.predict_proba(asked)
    if method.method != "permutation":
        found = attribute(classifier, asked, table.iloc[train], method)
        error, size = float(found.sum_error.max()), float(np.abs(found.output).mean())
        return ExplainedFold(found.values, found.names, y[test], probability, test, error, size)
    groups = _permuted_groups(table)
    rng = np.random.default_rng([seed, 2])
    values = permutation_losses(classifier, asked, y[test], groups, method.n_repeats, rng)
    return ExplainedFold(values, tuple(groups), y[test], probability, test, 0.0, 0.0)


def _permuted_groups(table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return what is shuffled together; synthetic features in groups as large as the real ones."""
    names = feature_names(table)
    real = [name for name in names if not name.startswith(SYNTHETIC)]
    made = iter(name for name in names if name.startswith(SYNTHETIC))
    groups = group_members(real)
    beside = {
        SYNTHETIC + name: tuple(one for _, one in zip(own, made, strict=False))
        for name, own in groups.items()
    }
    return {**groups, **{k: v for k, v in beside.items() if v}, LOCATION: ("region", "s_km")}


def _rankings(
    table: pd.DataFrame,
    by_fold: Sequence[Sequence[ExplainedFold]],
    beside: Sequence[Sequence[ExplainedFold]],
    settings: ExplanationSettings,
) -> list[Ranking]:
    """Return the rankings of all levels, each with its stability."""
    rng = np.random.default_rng([settings.seed, 3])
    features = feature_names(table)
    if settings.attribution.method == "permutation":
        groups = _permuted_groups(table)
        levels = {"groups": groups}
        measure = "probability of the observed class that is lost when the group is shuffled"
    else:
        levels = {
            "features": {name: (name,) for name in feature_order(features)},
            "groups": group_members(features),
            "correlated features": correlated_groups(table, features),
        }
        measure = "mean absolute value, as a share of all features' absolute values"
    is_permutation = settings.attribution.method == "permutation"
    made = stack(beside, synthetic_importance, is_permutation) if beside else None
    singles = next(iter(levels))
    found = []
    for level, members in levels.items():
        share = synthetic_share(beside, members, is_permutation, rng) if beside else None
        synthetic = None
        if made is not None and level == singles:  # as many synthetic items, of the same size
            synthetic = stability_of(made, "folds", rng, n_top=settings.n_top)
        importance = stack(by_fold, item_importance, members, is_permutation)
        found.append(
            rank_items(
                level,
                measure,
                members,
                importance,
                rng,
                n_top=settings.n_top,
                synthetic_share=share,
                synthetic=synthetic,
            )
        )
    return found + _class_rankings(by_fold, levels[singles], singles, settings, rng)


def _class_rankings(
    by_fold: Sequence[Sequence[ExplainedFold]],
    members: Mapping[str, tuple[str, ...]],
    level: str,
    settings: ExplanationSettings,
    rng: np.random.Generator,
) -> list[Ranking]:
    """Return the ranking of each class that two folds have true positives of."""
    is_permutation = settings.attribution.method == "permutation"
    measure = (
        "the same, of this class"
        if is_permutation
        else "median of values scaled to median 0 and interquartile range 1 for each segment"
    )
    found = []
    for label in range(by_fold[0][0].probability.shape[1]):
        importance = stack(by_fold, class_values, list(members), label, is_permutation)
        n_known = np.count_nonzero(np.any(np.all(np.isfinite(importance), axis=2), axis=1))
        if n_known < 2:
            continue
        name = f"{level} of class {label}"
        found.append(rank_items(name, measure, members, importance, rng, n_top=settings.n_top))
    return found


def _heat_map(
    by_fold: Sequence[Sequence[ExplainedFold]], n_classes: int, settings: ExplanationSettings
) -> pd.DataFrame:
    names = by_fold[0][0].names
    is_permutation = settings.attribution.method == "permutation"
    if not is_permutation:
        names = tuple(
            feature_order(list(dict.fromkeys(m for row in by_fold for m in row[0].names)))
        )
    columns = {}
    for label in range(n_classes):
        rows = stack(by_fold, class_values, names, label, is_permutation).reshape(-1, len(names))
        known = rows[np.isfinite(rows).all(axis=1)]
        columns[f"class_{label}"] = (
            known.mean(axis=0) if len(known) else np.full(len(names), np.nan)
        )
    return pd.DataFrame(columns, index=pd.Index(names, name="feature"))


def _segments(
    table: pd.DataFrame, by_fold: Sequence[Sequence[ExplainedFold]], settings: ExplanationSettings
) -> pd.DataFrame:
    """Return what each feature adds to each segment, mean over seeds of one opinion."""
    if settings.attribution.method == "permutation":
        return pd.DataFrame()
    features = feature_order(feature_names(table))
    parts = []
    for number, row in enumerate(by_fold):
        for one in row:
            part = table.iloc[one.rows][["region", "index"]].reset_index(drop=True)
            part = part.assign(fold=number, **{"class": one.y}, explained_class=one.target)
            values = pd.DataFrame(aligned(one.values, one.names, features), columns=features)
            parts.append(pd.concat([part, values], axis=1))
    keys = ["region", "index", "fold", "class", "explained_class"]
    return pd.concat(parts).groupby(keys, as_index=False).mean()


def _scores(
    model: str,
    table: pd.DataFrame,
    y: Classes,
    folds: Sequence[Fold],
    by_fold: Sequence[Sequence[ExplainedFold]],
) -> dict[str, tuple[float, float]]:
    """Return macro-F1, mean and sd over folds, of the model and of location-only baselines."""
    own = [float(np.mean([macro_f1(one.y, one.probability) for one in row])) for row in by_fold]
    found = {model: own}
    for name in _BASELINES:
        found[name] = []
        for train, test in folds:
            known = SEGMENT_CLASSIFIERS.load(name)().fit(table.iloc[train], y[train])
            found[name].append(macro_f1(y[test], known.predict_proba(table.iloc[test])))
    return {name: (float(np.mean(each)), float(np.std(each))) for name, each in found.items()}
