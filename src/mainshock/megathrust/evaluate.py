"""Scores of classifiers under a scheme of splits, each beside its baselines and with its spread."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.conformal import ConformalSets
from mainshock.megathrust.registry import BASELINES, SEGMENT_CLASSIFIERS
from mainshock.megathrust.scores import (
    Scores,
    area_under_roc,
    macro_f1,
    rupture_bootstrap,
    score_probabilities,
)
from mainshock.megathrust.splits import ExclusionDistance, Fold, LeaveRegionOut, RuptureDisjoint

__all__ = [
    "DISTANCES_KM",
    "SCHEMES",
    "Evaluation",
    "LabelledSegments",
    "Prediction",
    "evaluate",
    "folds_of",
    "predict_folds",
    "summarise",
]

DISTANCES_KM = (0.0, 50.0, 100.0, 200.0, 400.0, 600.0)
SCHEMES = ("exclusion", "rupture", "region")
_RUPTURE_KM = 100.0
_N_DRAWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSegments:
    """Segments with what is known of them, row by row.

    Parameters
    ----------
    table
        As :mod:`mainshock.megathrust.segments` reads it.
    y
        Classes from 0.
    runs
        Ruptures.
    """

    table: pd.DataFrame
    y: NDArray[np.int64]
    runs: NDArray[np.str_]

    @property
    def n_classes(self) -> int:
        """How many classes occur."""
        return int(self.y.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a classifier said of the test rows of all folds.

    Parameters
    ----------
    rows
        Row numbers, each once.
    fold
        Which fold tested it.
    probability
        Shape ``(n, n_classes)``.
    sets
        Classes in the conformal set, bool, of the same shape; None where none were made.
    """

    rows: NDArray[np.int64]
    fold: NDArray[np.int64]
    probability: NDArray[np.float64]
    sets: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One line of a result: the names are those of the JSON that ``evaluate`` prints.

    ``macro_f1``, ``auc`` and ``brier`` are means over folds, ``macro_f1_sd`` the deviation over
    them; those with ``pooled`` are of all folds together, as are ``ece`` and ``interval95``, the
    interval of the pooled macro-F1 over ruptures drawn anew. ``coverage90`` is the share of
    conformal sets that hold the true class, ``share_of_sets_of_all`` of those that hold every
    class; NaN for baselines, which have none. ``ece_folds`` is the mean over folds,
    which few segments a fold make too high. ``versus_nearest95`` is the interval of the difference
    in pooled macro-F1 to the five nearest along the trench, over the same draws.
    """

    exclusion_km: float | None
    macro_f1: float
    macro_f1_sd: float
    auc: float
    brier: float
    ece: float
    n_test: int
    n_ruptures: int
    n_great_ruptures: int
    interval95: tuple[float, float]
    macro_f1_pooled: float
    auc_pooled: float
    brier_pooled: float
    ece_folds: float
    log_loss: float
    balanced_accuracy: float
    class_f1: tuple[float, ...]
    coverage90: float
    share_of_sets_of_all: float
    versus_nearest95: tuple[float, float]
    folds: tuple[dict[str, float | str], ...]


def folds_of(data: LabelledSegments, scheme: str, exclusion_km: float | None) -> list[Fold]:
    """Return the folds of a scheme.

    Raises
    ------
    SettingsError
        If the scheme is unknown.
    """
    if scheme == "exclusion":
        return list(ExclusionDistance(exclusion_km or 0.0).split(data.table))
    if scheme == "rupture":
        near_km = _RUPTURE_KM if exclusion_km is None else exclusion_km
        return list(RuptureDisjoint(near_km).split(data.table, data.y, data.runs))
    if scheme == "region":
        return list(LeaveRegionOut().split(data.table))
    raise SettingsError(f"scheme {scheme!r} is not known; give one of {', '.join(SCHEMES)}")


def predict_folds(
    make: Callable[[], SegmentClassifier],
    data: LabelledSegments,
    folds: Iterable[Fold],
    *,
    with_sets: bool = True,
) -> Prediction:
    """Return what a classifier, fitted anew in each fold, says of the test rows.

    The sets are calibrated inside the training of each fold.

    Raises
    ------
    DataError
        If a fold has less than two classes to train on.
    """
    rows, numbers, found, sets = [], [], [], []
    for number, (train, test) in enumerate(folds):
        if np.unique(data.y[train]).size < 2:
            raise DataError(
                f"fold {number} leaves {train.size} segments of "
                f"{np.unique(data.y[train]).size} classes to train on; keep a smaller distance "
                "free, or give more regions"
            )
        known, asked = data.table.iloc[train], data.table.iloc[test]
        model = make().fit(known, data.y[train])
        probability = _of_all_classes(model.predict_proba(asked), data.n_classes)
        rows.append(test)
        numbers.append(np.full(test.size, number))
        found.append(probability)
        if with_sets:
            conformal = ConformalSets.calibrated(model, known, data.y[train], data.n_classes)
            sets.append(conformal.sets(asked, probability))
    return Prediction(
        np.concatenate(rows),
        np.concatenate(numbers),
        np.concatenate(found),
        np.concatenate(sets) if sets else None,
    )


def _of_all_classes(probability: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    padded = np.zeros((len(probability), n_classes))
    padded[:, : probability.shape[1]] = probability
    return padded


def evaluate(
    data: LabelledSegments,
    scheme: str,
    model: str,
    distances_km: Sequence[float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Evaluation], dict[str, list[Evaluation]]]:
    """Return the results of a classifier and those of all baselines, a line for each distance.

    Parameters
    ----------
    scheme
        ``exclusion`` at each distance, ``rupture`` (no rupture on both sides, 100 km between), or
        ``region`` (one left out after another).
    model
        Name of a classifier.
    distances_km
        Instead of 0 to 600 km, or of 100 km where no rupture is on both sides.

    Raises
    ------
    SettingsError
        If the scheme is unknown, or distances are given for whole regions.
    """
    if scheme == "region" and distances_km:
        raise SettingsError(
            f"distances {list(distances_km)} km mean nothing where whole regions are left out"
        )
    usual = {"exclusion": DISTANCES_KM, "rupture": (_RUPTURE_KM,)}.get(scheme, (None,))
    steps: list[float | None] = list(distances_km or usual)
    results: list[Evaluation] = []
    baselines: dict[str, list[Evaluation]] = {name: [] for name in BASELINES}
    for distance_km in steps:
        folds = folds_of(data, scheme, distance_km)
        found = {}
        for name in dict.fromkeys((*BASELINES, model)):
            if progress is not None:
                progress(f"{scheme} {'' if distance_km is None else f'{distance_km:g} km '}{name}")
            make = SEGMENT_CLASSIFIERS.load(name)
            found[name] = predict_folds(make, data, folds, with_sets=name not in BASELINES)
        lines = {
            name: summarise(data, one, found["nearest-5"], distance_km)
            for name, one in found.items()
        }
        results.append(lines[model])
        for name in BASELINES:
            baselines[name].append(lines[name])
    return results, baselines


def summarise(
    data: LabelledSegments, found: Prediction, nearest: Prediction, exclusion_km: float | None
) -> Evaluation:
    """Return the scores of the predictions of all folds."""
    y, runs = data.y[found.rows], data.runs[found.rows]
    whole = score_probabilities(y, found.probability)
    folds = [_of_fold(data, found, number) for number in np.unique(found.fold)]
    scores = [one for _, one in folds]
    is_great = y == data.n_classes - 1
    sets = found.sets

    def pooled(rows: NDArray[np.int64]) -> float:
        return macro_f1(y[rows], found.probability[rows])

    def gain(rows: NDArray[np.int64]) -> float:
        return pooled(rows) - macro_f1(y[rows], nearest.probability[rows])

    return Evaluation(
        exclusion_km=exclusion_km,
        macro_f1=float(np.mean([one.macro_f1 for one in scores])),
        macro_f1_sd=float(np.std([one.macro_f1 for one in scores])),
        auc=_mean_known([one.auc for one in scores]),
        brier=float(np.mean([one.brier for one in scores])),
        ece=whole.ece,
        n_test=whole.n,
        n_ruptures=int(np.unique(runs).size),
        n_great_ruptures=int(np.unique(runs[is_great]).size),
        interval95=rupture_bootstrap(runs, pooled, _N_DRAWS),
        macro_f1_pooled=whole.macro_f1,
        auc_pooled=area_under_roc(is_great, found.probability[:, -1]),
        brier_pooled=whole.brier,
        ece_folds=float(np.mean([one.ece for one in scores])),
        log_loss=whole.log_loss,
        balanced_accuracy=whole.balanced_accuracy,
        class_f1=whole.f1,
        coverage90=np.nan if sets is None else float(sets[np.arange(y.size), y].mean()),
        share_of_sets_of_all=np.nan if sets is None else float(sets.all(axis=1).mean()),
        versus_nearest95=rupture_bootstrap(runs, gain, _N_DRAWS),
        folds=tuple({"test": name, **_plain(one)} for name, one in folds),
    )


def _of_fold(data: LabelledSegments, found: Prediction, number: int) -> tuple[str, Scores]:
    own = found.fold == number
    regions = data.table["region"].to_numpy()[found.rows[own]]
    name = str(regions[0]) if np.unique(regions).size == 1 else f"scenario {number}"
    return name, score_probabilities(data.y[found.rows[own]], found.probability[own])


def _plain(scores: Scores) -> dict[str, float]:
    return {name: value for name, value in asdict(scores).items() if name != "f1"}


def _mean_known(values: Sequence[float]) -> float:
    known = [one for one in values if np.isfinite(one)]
    return float(np.mean(known)) if known else float("nan")
