"""Relevance of features at segments, by networks that were taught nothing of them.

The networks are those of :func:`mainshock.megathrust.explain.explain_folds`: the same folds and
seeds give the same numbers. Here each network's own are kept, so that the spread can be told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.megathrust.attributions import AttributionSettings, attribute
from mainshock.megathrust.explain import Explanation, ExplanationSettings, explain_folds
from mainshock.megathrust.feature_groups import feature_order, group_of
from mainshock.megathrust.importance import aligned
from mainshock.megathrust.network import PublishedNetwork, fit_folds
from mainshock.megathrust.segment_relevance import RelevanceTable
from mainshock.megathrust.segments import feature_names
from mainshock.megathrust.splits import ExclusionDistance, Fold

__all__ = ["held_out_relevance", "relevance_of_segments"]

FloatArray = NDArray[np.float64]
Classes = NDArray[np.int64]
_MODEL = "network"


def relevance_of_segments(
    table: pd.DataFrame,
    y: Classes,
    descriptions: Mapping[str, str],
    *,
    n_seeds: int = 5,
    exclusion_km: float = 100.0,
    progress: Callable[[str], None] = lambda _: None,
) -> RelevanceTable:
    """Return the relevance of all segments, with the stability of the ranking and the scores.

    Parameters
    ----------
    table, y
        Segments, and whether each reached M 8.0.
    descriptions
        What each feature is, its unit first.
    n_seeds
        Networks of each segment.
    exclusion_km
        Nearer than this nothing is trained on.
    progress
        Called with a short text after each fit.

    Raises
    ------
    SettingsError
        If there are not two classes, or a segment is in the training of all folds.
    """
    if y.max() != 1:
        raise SettingsError(f"{y.max() + 1} classes; relevance towards M 8.0 needs two")
    folds = list(ExclusionDistance(exclusion_km).split(table))
    settings = ExplanationSettings(n_seeds=n_seeds)
    ranked = explain_folds(table, y, _MODEL, folds, settings, progress)
    each = [
        held_out_relevance(table, y, folds, seed, settings.attribution) for seed in range(n_seeds)
    ]
    relevance, bias, score = (np.array(parts) for parts in zip(*each, strict=True))
    names = feature_order(feature_names(table))
    return RelevanceTable(
        region=table["region"].to_numpy(str),
        index=table["index"].to_numpy(np.int64),
        values=table[names].to_numpy(np.float64),
        relevance=relevance,
        bias=bias,
        score=score,
        about=_about(ranked, names, descriptions, exclusion_km),
    )


def held_out_relevance(
    table: pd.DataFrame,
    y: Classes,
    folds: Sequence[Fold],
    seed: int,
    settings: AttributionSettings,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return relevance towards the higher of two classes, what biases took, and the score.

    Parameters
    ----------
    table, y
        Segments and their classes, 0 or 1.
    folds
        A row that no fold tests is explained by the last fold that was not taught it.
    seed
        Of the networks.
    settings
        Of relevance that is linear in the output, as the rule epsilon is, and of a difference of
        logits: what speaks for one class then speaks against the other.

    Returns
    -------
    tuple
        Shapes ``(n_segments, n_features)`` in the order of
        :func:`~mainshock.megathrust.feature_groups.feature_order`, ``(n_segments,)`` twice.

    Raises
    ------
    SettingsError
        If the settings are of another kind, or a segment is in the training of all folds.
    """
    if (settings.method, settings.rule, settings.is_difference) != ("lrp", "epsilon", True):
        raise SettingsError(
            f"{settings.method} by {settings.rule} is not linear in a difference of logits; give "
            "lrp, epsilon and a difference"
        )
    names = feature_order(feature_names(table))
    relevance = np.zeros((len(table), len(names)))
    bias, score = np.zeros(len(table)), np.zeros(len(table))
    fitted = fit_folds(PublishedNetwork(random_state=seed), table, y, folds)
    asked = _rows_to_explain(len(table), folds)
    for network, (train, _), rows in zip(fitted, folds, asked, strict=True):
        found = attribute(network, table.iloc[rows], table.iloc[train], settings)
        sign = np.where(found.target == 1, 1.0, -1.0)
        relevance[rows] = sign[:, None] * aligned(found.values, found.names, names)
        bias[rows], score[rows] = sign * found.offset, sign * found.output
    return relevance, bias, score


def _rows_to_explain(n_rows: int, folds: Sequence[Fold]) -> list[NDArray[np.int64]]:
    """Return the rows that each fold explains: its test, and what no fold tests."""
    asked = [test for _, test in folds]
    left = np.setdiff1d(np.arange(n_rows), np.concatenate(asked))
    for number in reversed(range(len(folds))):
        own = np.setdiff1d(left, folds[number][0])
        asked[number] = np.concatenate([asked[number], own])
        left = np.setdiff1d(left, own)
    if left.size:
        raise SettingsError(f"{left.size} segments are in the training of all folds")
    return asked


def _about(
    ranked: Explanation,
    names: Sequence[str],
    descriptions: Mapping[str, str],
    exclusion_km: float,
) -> dict[str, Any]:  # a JSON document
    """Return what stands beside the numbers."""
    ranking = ranked.rankings[0]
    share = {one["name"]: one["synthetic_share"] for one in ranking.records()}
    settings = ranked.settings.attribution
    return {
        "model": ranked.model,
        "method": settings.method,
        "rule": settings.rule,
        "n_seeds": ranked.settings.n_seeds,
        "exclusion_km": exclusion_km,
        "largest_sum_error": ranked.sum_error[0],
        "macro_f1": {name: {"mean": mean, "sd": sd} for name, (mean, sd) in ranked.scores.items()},
        "stability": {name: asdict(one) for name, one in ranking.stabilities().items()},
        "features": [
            {
                "name": name,
                "group": group_of(name).name,
                "kind": group_of(name).kind,
                "description": descriptions.get(name, ""),
                "synthetic_share": share[name],
            }
            for name in names
        ],
    }
