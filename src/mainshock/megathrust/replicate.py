"""Repeats the published experiment: ten exclusion distances, five scenarios, two and three classes.

Every network is kept in a file and not trained again as long as data and settings are the same.
Beside our networks stand the published scores, baselines that know the location alone, and, where
a user has them, the published weights, scored with the published preprocessing.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import ModelError
from mainshock.core.files import replacing
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.labels import classes_of, read_labels
from mainshock.megathrust.network import PUBLISHED, PublishedNetwork, fit_folds
from mainshock.megathrust.network_folder import NetworkFolder
from mainshock.megathrust.network_inputs import fit_inputs
from mainshock.megathrust.published_layout import find_state_dicts, read_state_dict
from mainshock.megathrust.published_scores import agreement_of, published_means, read_published
from mainshock.megathrust.registry import BASELINES, SEGMENT_CLASSIFIERS
from mainshock.megathrust.scores import macro_f1, rupture_bootstrap, score_probabilities
from mainshock.megathrust.segments import feature_names, read_segments
from mainshock.megathrust.splits import ExclusionDistance, Fold

__all__ = ["DISTANCES_KM", "OURS", "WEIGHTS", "ReplicateSettings", "replicate"]

DISTANCES_KM = (0, 50, 100, 150, 200, 250, 300, 400, 500, 600)
OURS, WEIGHTS = "network", "published-weights"
# The counts of tested segments that the authors' weights were scored on follow if the table read
# last, whose last segment alone is tested, is none of the other seven regions.
_LAST_REGION = "ryu"
_LEAST_SHARE = 0.9
_TOLERANCE = 0.02  # of F1: the same weights and segments give the same classes
FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ReplicateSettings:
    """What is repeated, and how.

    Parameters
    ----------
    classes
        2, 3 or both.
    distances_km
        Exclusion distances, whole numbers.
    faithful
        Train by the published protocol: the preprocessing sees the test rows, the validation is of
        neighbours, the learning rate hardly rises and never falls. Otherwise everything is learnt
        inside the fold.
    n_members
        Networks of an ensemble; 1 is the published network.
    n_draws
        Draws of the rupture bootstrap.
    last_region
        The region whose last segment is tested.
    random_state
        Seed.
    """

    classes: tuple[int, ...] = (2, 3)
    distances_km: tuple[int, ...] = DISTANCES_KM
    faithful: bool = False
    n_members: int = 1
    n_draws: int = 500
    last_region: str = _LAST_REGION
    random_state: int = 0

    def network(self) -> PublishedNetwork:
        """Return the network as it will be trained."""
        return PublishedNetwork(
            n_members=self.n_members,
            random_state=self.random_state,
            **(PUBLISHED if self.faithful else {}),
        )


class _Study(NamedTuple):
    """Complete rows with their labels, and how they are used."""

    table: pd.DataFrame
    m_max: FloatArray
    runs: NDArray[np.str_]
    settings: ReplicateSettings
    say: Callable[[str], None]

    def folds(self, exclusion_km: int) -> list[Fold]:
        splitter = ExclusionDistance(exclusion_km, self.settings.last_region)
        return list(splitter.split(self.table))


def replicate(
    segments: Path,
    labels: Path,
    out: Path,
    settings: ReplicateSettings | None = None,
    state_dicts: Path | None = None,
    published: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return scores of all models by distance, after writing them and the networks to a folder.

    Parameters
    ----------
    segments
        Folder of tables as published; only rows with all values are used, as there.
    labels
        Labels of their segments, with the ruptures.
    out
        Gets networks, ``manifest.json``, ``results.csv``, ``folds.csv`` and ``results.json``;
        networks that it holds already are used.
    state_dicts
        Folder with the published checkpoints; needs the tables of all published regions.
    published
        Table of the published F1.
    say
        Called with a line of progress.

    Returns
    -------
    dict
        ``results`` (one entry for each model, number of classes and distance), ``folds`` (one for
        each scenario), ``published``, ``agreement`` with it, ``cpu_s`` and what was used.

    Raises
    ------
    SettingsError
        If the folder holds networks of other data or settings.
    """
    started = time.process_time()
    study = _open_study(segments, labels, settings or ReplicateSettings(), say)
    kept = _open_folder(study, segments, labels, out)
    figure = None if published is None else read_published(published)
    folds, results = _score_all(study, kept, state_dicts)
    document = {
        "settings": asdict(study.settings),
        "data": kept.data,
        "n_segments": len(study.table),
        "n_ruptures": int(np.unique(study.runs).size),
        "regions": sorted(study.table["region"].unique()),
        "cpu_s": time.process_time() - started,
        "n_trained": kept.n_trained,
        "n_reused": kept.n_reused,
        "results": results,
        "published": published_means(figure),
        "agreement": _agreement(folds, figure),
        "folds": folds,
    }
    _write(document, out)
    return document


def _open_study(
    segments: Path, labels: Path, settings: ReplicateSettings, say: Callable[[str], None]
) -> _Study:
    table = read_segments(segments)
    known = read_labels(labels, table)
    rows = np.flatnonzero(_is_usable(table))
    return _Study(
        table.iloc[rows].reset_index(drop=True),
        known["m_max"].to_numpy(dtype=np.float64)[rows],
        known["run_id"].to_numpy(dtype=np.str_)[rows],
        settings,
        say,
    )


def _open_folder(study: _Study, segments: Path, labels: Path, out: Path) -> NetworkFolder:
    files = sorted(segments.glob("*.csv")) if segments.is_dir() else [segments]
    network = study.settings.network().get_params()
    same = {"last_region": study.settings.last_region, "network": network}
    return NetworkFolder.open(out, [*files, labels], same)


def _score_all(
    study: _Study, kept: NetworkFolder, state_dicts: Path | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the scores of each scenario, and those of each distance."""
    folds, results = [], []
    for n_classes in study.settings.classes:
        for found in _all_folds(study, n_classes, kept, state_dicts):
            folds += [entry for entry, _ in found]
            summaries = _summaries(study, n_classes, found)
            results += summaries
            ours = next(one for one in summaries if one["model"] == OURS)
            study.say(
                f"{n_classes} classes, {ours['exclusion_km']} km: "
                f"macro-F1 {ours['macro_f1']:.3f} ± {ours['macro_f1_sd']:.3f}"
            )
    return folds, results


def _agreement(
    folds: Sequence[Mapping[str, Any]], figure: pd.DataFrame | None
) -> dict[str, dict[str, Any]]:
    """Return how far networks and published weights are from the published F1 of classes."""
    found: dict[str, dict[str, Any]] = {}
    for model, column in ((OURS, "f1"), (WEIGHTS, "f1_recomputed")):
        differences = agreement_of([one for one in folds if one["model"] == model], figure, column)
        if differences is not None:
            found[model] = dict(differences)
    if WEIGHTS in found:
        found[WEIGHTS]["is_repeated"] = found[WEIGHTS]["max_difference"] <= _TOLERANCE
    return found


def _is_usable(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows have all values of the columns that are not mostly empty."""
    values = table[feature_names(table)]
    kept = values.loc[:, values.notna().mean() >= _LEAST_SHARE]
    return kept.notna().all(axis=1).to_numpy(dtype=bool)


class _Scored(NamedTuple):
    """What one model gave one fold: test rows and their probabilities."""

    model: str
    rows: NDArray[np.int64]
    probability: FloatArray


def _all_folds(
    study: _Study, n_classes: int, kept: NetworkFolder, state_dicts: Path | None
) -> Iterator[list[tuple[dict[str, Any], _Scored]]]:
    """Yield, distance after distance, the scores of each scenario and model."""
    y = classes_of(study.m_max, n_classes)
    weights = {} if state_dicts is None else _published_networks(study, n_classes, state_dicts)
    for exclusion_km in study.settings.distances_km:
        folds = study.folds(exclusion_km)
        networks = _networks(study, y, n_classes, exclusion_km, kept)
        found = []
        for scenario, (train, test) in enumerate(folds):
            models = {OURS: networks[scenario], **_baselines(study, y, train)}
            if (exclusion_km, scenario) in weights:
                models[WEIGHTS] = weights[exclusion_km, scenario]
            for name, model in models.items():
                probability = model.predict_proba(study.table.iloc[test])
                entry = {
                    "model": name,
                    "n_classes": n_classes,
                    "exclusion_km": exclusion_km,
                    "scenario": scenario,
                    "n_train": int(train.size),
                    **_scores(y[test], probability),
                }
                found.append((entry, _Scored(name, test, probability)))
        yield found


def _scores(y: Classes, probability: FloatArray) -> dict[str, Any]:
    scores = score_probabilities(y, probability)
    n_classes = probability.shape[1]
    pairs = n_classes * y + probability.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    return {
        "n_test": scores.n,
        "macro_f1": scores.macro_f1,
        "f1": list(scores.f1),
        "auc": _mean([scores.auc]),
        "brier": scores.brier,
        "ece": scores.ece,
        "confusion": confusion.tolist(),  # a row is a true class
    }


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of those that are numbers; None, as JSON knows it, where none is."""
    numbers = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(numbers)) if numbers else None


def _networks(
    study: _Study, y: Classes, n_classes: int, exclusion_km: int, kept: NetworkFolder
) -> list[PublishedNetwork]:
    """Return the networks of a distance: those kept, and the others trained together and kept."""
    folder = f"checkpoints/ncls{n_classes}-dex{exclusion_km}"
    names = [f"{folder}/scenario{number}.safetensors" for number in range(5)]
    networks = [kept.read(name) for name in names]
    missing = [number for number, network in enumerate(networks) if network is None]
    if missing:
        folds = study.folds(exclusion_km)
        faithful = study.settings.faithful
        trained = fit_folds(
            study.settings.network(),
            study.table,
            y,
            [folds[number] for number in missing],
            fit_inputs(study.table, as_published=True) if faithful else None,
        )
        for number, network in zip(missing, trained, strict=True):
            about = {"n_classes": n_classes, "exclusion_km": exclusion_km, "scenario": number}
            kept.write(names[number], network, about)
            networks[number] = network
    return [network for network in networks if network is not None]


def _baselines(study: _Study, y: Classes, train: NDArray[np.int64]) -> dict[str, SegmentClassifier]:
    table = study.table.iloc[train]
    return {name: SEGMENT_CLASSIFIERS.load(name)().fit(table, y[train]) for name in BASELINES}


def _published_networks(
    study: _Study, n_classes: int, folder: Path
) -> dict[tuple[int, int], PublishedNetwork]:
    """Return the published weights by distance and scenario, with the published preprocessing."""
    inputs = fit_inputs(study.table, as_published=True)
    found = {}
    for (classes, exclusion_km, scenario), path in find_state_dicts(folder).items():
        if classes != n_classes:
            continue
        layers = read_state_dict(path)
        if layers[-1][1].size != n_classes:
            raise ModelError(f"{path} has {layers[-1][1].size} outputs for {n_classes} classes")
        hidden = tuple(bias.size for _, bias in layers[:-1])
        network = PublishedNetwork(hidden=hidden, **PUBLISHED)
        found[exclusion_km, scenario] = network.set_fitted(inputs, [layers])
    study.say(f"{n_classes} classes: {len(found)} published checkpoints")
    return found


def _summaries(
    study: _Study, n_classes: int, found: list[tuple[dict[str, Any], _Scored]]
) -> list[dict[str, Any]]:
    """Return one entry for each model of a distance: means over scenarios, and the pooled score."""
    y = classes_of(study.m_max, n_classes)
    entries = []
    for model in dict.fromkeys(scored.model for _, scored in found):
        scores = [entry for entry, scored in found if scored.model == model]
        rows = np.concatenate([scored.rows for _, scored in found if scored.model == model])
        probability = np.concatenate([one.probability for _, one in found if one.model == model])
        pooled = _scores(y[rows], probability)

        def score(
            drawn: NDArray[np.int64],
            truth: Classes = y[rows],
            probability: FloatArray = probability,
        ) -> float:
            return macro_f1(truth[drawn], probability[drawn])

        is_top = y[rows] == n_classes - 1
        entries.append(
            {
                "model": model,
                "n_classes": n_classes,
                "exclusion_km": scores[0]["exclusion_km"],
                "n_scenarios": len(scores),
                "macro_f1": float(np.mean([one["macro_f1"] for one in scores])),
                "macro_f1_sd": float(np.std([one["macro_f1"] for one in scores])),
                "f1": np.mean([one["f1"] for one in scores], axis=0).tolist(),
                "auc": _mean([one["auc"] for one in scores]),
                "brier": float(np.mean([one["brier"] for one in scores])),
                "pooled_macro_f1": pooled["macro_f1"],
                "interval95": rupture_bootstrap(study.runs[rows], score, study.settings.n_draws),
                "n_test": int(rows.size),
                "n_ruptures": int(np.unique(study.runs[rows]).size),
                "n_great_ruptures": int(np.unique(study.runs[rows][is_top]).size),
            }
        )
    return entries


def _write(document: Mapping[str, Any], out: Path) -> None:
    for name, entries in (("results", document["results"]), ("folds", document["folds"])):
        rows = [
            {key: value for key, value in entry.items() if not isinstance(value, list | tuple)}
            | {f"f1_class{number}": value for number, value in enumerate(entry["f1"])}
            | dict(zip(("low95", "high95"), entry.get("interval95", ()), strict=False))
            for entry in entries
        ]
        with replacing(out / f"{name}.csv") as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6g")
    with replacing(out / "results.json") as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
