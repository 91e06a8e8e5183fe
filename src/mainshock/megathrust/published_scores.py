"""The published scores, as read off their figure and recomputed from the published weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError

__all__ = ["agreement_of", "published_means", "read_published"]


def read_published(path: Path) -> pd.DataFrame:
    """Return the published F1 of classes: ``n_classes, scenario, exclusion_km, class, f1``.

    Raises
    ------
    DataError
        If the file is another table.
    """
    needed = ["n_classes", "scenario", "exclusion_km", "class", "f1"]
    try:
        figure = pd.read_csv(path)
        figure[needed] = figure[needed].apply(pd.to_numeric)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} is no table of published F1 ({error}); it needs {', '.join(needed)}"
        ) from error
    return figure


def published_means(figure: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return macro-F1 as published, one entry a distance, with all scenarios."""
    if figure is None:
        return []
    entries = []
    for n_classes in sorted(figure["n_classes"].unique()):
        for exclusion_km in sorted(figure["exclusion_km"].unique()):
            is_here = (figure["n_classes"] == n_classes) & (figure["exclusion_km"] == exclusion_km)
            scores = figure[is_here].groupby("scenario")["f1"].mean().to_numpy()
            if scores.size:
                entries.append(
                    {
                        "n_classes": int(n_classes),
                        "exclusion_km": int(exclusion_km),
                        "macro_f1": float(scores.mean()),
                        "macro_f1_sd": float(scores.std()),
                        "scenarios": scores.tolist(),
                    }
                )
    return entries


def agreement_of(
    entries: Sequence[Mapping[str, Any]], figure: pd.DataFrame | None, column: str
) -> dict[str, float] | None:
    """Return how far the F1 of classes are from the published ones; None where none is known.

    Parameters
    ----------
    entries
        Scores of one model, one for each scenario, with ``f1`` by class.
    column
        ``f1`` as read off the figure, or ``f1_recomputed``, exact scores of the published weights.
    """
    if figure is None or column not in figure:
        return None
    read = figure.set_index(["n_classes", "exclusion_km", "scenario", "class"])
    known = read[column].dropna().to_dict()
    differences = [
        value - known[key]
        for one in entries
        for number, value in enumerate(one["f1"])
        if (key := (one["n_classes"], one["exclusion_km"], one["scenario"], number)) in known
    ]
    if not differences:
        return None
    return {
        "n": len(differences),
        "mean_difference": float(np.mean(differences)),
        "max_difference": float(np.max(np.abs(differences))),
    }
