"""Tells whether a table's features say more than where its segments are.

Three questions: how much do folds leak, what do location-only baselines reach, and does the score
survive labels that were shifted along the trench? The shift keeps all structure of labels and
features and breaks only what ties one to the other (a toroidal permutation).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.megathrust.evaluate import (
    LabelledSegments,
    Prediction,
    folds_of,
    predict_folds,
)
from mainshock.megathrust.registry import BASELINES, SEGMENT_CLASSIFIERS
from mainshock.megathrust.scores import macro_f1, rupture_bootstrap, score_probabilities
from mainshock.megathrust.splits import FoldAudit, audit_fold

__all__ = ["Audit", "Leakage", "audit", "shifted_labels"]

_LEVEL = 0.05
_DEVIATIONS = 3.0  # above shifted labels: by chance once in some hundred audits


@dataclass(frozen=True, slots=True)
class Leakage:
    """What the folds at one distance share, and what is reached there.

    Parameters
    ----------
    exclusion_km
        Between training and test along the trench.
    folds
        What each fold shares.
    macro_f1, baselines
        Pooled over folds, of the model and of each baseline.
    """

    exclusion_km: float
    folds: tuple[FoldAudit, ...]
    macro_f1: float
    baselines: dict[str, float]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Parameters
    ----------
    model
        Name.
    leakage
        At each distance.
    permutation_p
        Share of shifted labels that the model scores as well on, at the distance of the verdict.
    permutation_mean, observed
        Macro-F1 on shifted labels, mean, and on the true ones.
    gain95
        Interval over ruptures of the gain over the best location-only baseline.
    brier, ece
        Of the highest class, all folds together.
    has_skill
        Whether features clearly say more than labels shifted along the trench would: by three
        standard deviations, or by p and more than every location-only baseline.
    verdict
        The same in words.
    """

    model: str
    leakage: tuple[Leakage, ...]
    permutation_p: float
    permutation_mean: float
    observed: float
    gain95: tuple[float, float]
    brier: float
    ece: float
    has_skill: bool
    verdict: str


def shifted_labels(
    table: pd.DataFrame, y: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the labels of each region, rolled along the trench by chance, some in reverse."""
    shifted = y.copy()
    region = table["region"].to_numpy()
    for name in np.unique(region):
        rows = np.flatnonzero(region == name)
        rows = rows[np.argsort(table["s_km"].to_numpy()[rows], kind="stable")]
        values = y[rows][::-1] if rng.random() < 0.5 else y[rows]
        shifted[rows] = np.roll(values, rng.integers(rows.size))
    return shifted


def audit(
    data: LabelledSegments,
    model: str = "extra-trees",
    distances_km: tuple[float, ...] = (0.0, 100.0, 400.0),
    *,
    verdict_km: float = 100.0,
    n_permutations: int = 40,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Return what a table's features say beyond location.

    Parameters
    ----------
    model
        A classifier that sees features alone: one that knows places would answer by them.
    verdict_km
        Exclusion distance of permutations and verdict.
    """
    tell = progress or (lambda _: None)
    predictions: dict[float, dict[str, Prediction]] = {}
    for distance_km in sorted({*distances_km, verdict_km}):
        tell(f"folds {distance_km:g} km apart")
        folds = folds_of(data, "exclusion", distance_km)
        predictions[distance_km] = {
            name: predict_folds(SEGMENT_CLASSIFIERS.load(name), data, folds, with_sets=False)
            for name in (model, *BASELINES)
        }
    leakage = [_leakage(data, model, one, predictions[one]) for one in distances_km]
    found = predictions[verdict_km][model]
    best = max(
        (predictions[verdict_km][name] for name in BASELINES),
        key=lambda one: macro_f1(data.y[one.rows], one.probability),
    )
    y = data.y[found.rows]
    whole = score_probabilities(y, found.probability)
    gain95 = rupture_bootstrap(
        data.runs[found.rows],
        lambda rows: (
            macro_f1(y[rows], found.probability[rows]) - macro_f1(y[rows], best.probability[rows])
        ),
    )
    chance = _on_shifted_labels(data, model, verdict_km, n_permutations, seed, tell)
    p = (1.0 + np.count_nonzero(chance >= whole.macro_f1)) / (n_permutations + 1.0)
    mean = float(np.mean(chance))
    deviations = (whole.macro_f1 - mean) / max(float(np.std(chance)), 1e-3)
    has_skill = bool(p <= _LEVEL and (deviations >= _DEVIATIONS or gain95[0] > 0.0))
    return Audit(
        model, tuple(leakage), float(p), mean, whole.macro_f1, gain95, whole.brier, whole.ece,
        has_skill, _in_words(has_skill, float(p), gain95),
    )  # fmt: skip


def _on_shifted_labels(
    data: LabelledSegments,
    model: str,
    exclusion_km: float,
    n_permutations: int,
    seed: int,
    tell: Callable[[str], None],
) -> NDArray[np.float64]:
    """Return the macro-F1 of a model that learns and is tested on shifted labels."""
    rng = np.random.default_rng(seed)
    folds = folds_of(data, "exclusion", exclusion_km)
    make = SEGMENT_CLASSIFIERS.load(model)
    scores = np.empty(n_permutations)
    for number in range(n_permutations):
        tell(f"shifted labels {number + 1} of {n_permutations}")
        labels = shifted_labels(data.table, data.y, rng)
        shifted = LabelledSegments(data.table, labels, data.runs)
        found = predict_folds(make, shifted, folds, with_sets=False)
        scores[number] = macro_f1(labels[found.rows], found.probability)
    return scores


def _leakage(
    data: LabelledSegments, model: str, distance_km: float, found: Mapping[str, Prediction]
) -> Leakage:
    scores = {name: macro_f1(data.y[one.rows], one.probability) for name, one in found.items()}
    folds = folds_of(data, "exclusion", distance_km)
    shared = tuple(audit_fold(data.table, data.y, data.runs, fold) for fold in folds)
    return Leakage(distance_km, shared, scores[model], {name: scores[name] for name in BASELINES})


def _in_words(has_skill: bool, p: float, gain95: tuple[float, float]) -> str:
    if not has_skill:
        return (
            "no skill beyond location: the score is not clearly above that on labels shifted along "
            f"the trench (p = {p:.3f})"
        )
    said = f"the features say more than shifted labels would (p = {p:.3f})"
    if gain95[0] > 0.0:
        return f"skill beyond location: {said}, and more than any location-only baseline"
    if gain95[1] < 0.0:
        return f"some skill: {said}, yet a location-only baseline does better"
    return f"some skill: {said}, but a location-only baseline does as well"
