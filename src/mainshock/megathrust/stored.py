"""Trained classifiers in a folder: the segments they learnt from, and how.

A folder holds ``training.csv`` and ``manifest.json``; loading it fits the classifier again, which
takes seconds and runs nothing but this package's code.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.megathrust.applicability import Applicability
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.conformal import ConformalSets
from mainshock.megathrust.labels import runs_of
from mainshock.megathrust.models import FeatureClassifier, extra_trees
from mainshock.megathrust.registry import SEGMENT_CLASSIFIERS

__all__ = [
    "DEFAULT_FOLDER",
    "StoredModel",
    "fit_model",
    "load_model",
    "read_training",
    "save_model",
]

_TRAINING, _MANIFEST, _FORMAT = "training.csv", "manifest.json", 1
_BESIDE = ("longitude", "latitude", "azimuth", "m_max")
DEFAULT_FOLDER = Path(__file__).parent / "data" / "model"


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A fitted classifier with its sets and its area of applicability.

    Parameters
    ----------
    manifest
        What it was made from, and how.
    classifier, conformal, applicability
        Its parts.
    """

    manifest: dict[str, Any]
    classifier: SegmentClassifier
    conformal: ConformalSets
    applicability: Applicability

    def assess(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return what it says of segments, row by row.

        Columns are ``region, index, probability`` (of the highest class), ``class``,
        ``conformal_set`` (classes joined by ``|``), ``applicability`` (0 to 1), and ``longitude``,
        ``latitude``, ``azimuth``, ``m_max`` where the table has them. Outside its area of
        applicability the set holds all classes: it abstains.

        Raises
        ------
        DataError
            If the table has none of its features.
        """
        probability = self.classifier.predict_proba(table)
        share = self.applicability.share(table)
        sets = self.conformal.sets(table, probability) | (share == 0.0)[:, None]
        found = pd.DataFrame(
            {
                "region": table["region"].to_numpy(),
                "index": table["index"].to_numpy(),
                "probability": probability[:, -1],
                "class": probability.argmax(axis=1),
                "conformal_set": ["|".join(map(str, np.flatnonzero(row))) for row in sets],
                "applicability": share,
            }
        )
        for name in _BESIDE:
            if name in table:
                found[name] = table[name].to_numpy()
        return found


def fit_model(
    table: pd.DataFrame, y: NDArray[np.int64], model: str, seed: int, manifest: dict[str, Any]
) -> StoredModel:
    """Return a classifier fitted to segments."""
    make = SEGMENT_CLASSIFIERS.load(model)
    made = make()
    if "random_state" in made.get_params():
        made = make(random_state=seed)
    classifier = made.fit(table, y)
    trees: FeatureClassifier = extra_trees(seed, 100).fit(table, y)
    conformal = ConformalSets.calibrated(classifier, table, y, int(y.max()) + 1)
    return StoredModel(manifest, classifier, conformal, Applicability.of(table, trees))


def save_model(
    folder: Path,
    table: pd.DataFrame,
    y: NDArray[np.int64],
    *,
    model: str,
    n_classes: int,
    seed: int,
    notes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a folder that :func:`load_model` reads, and return its manifest.

    Parameters
    ----------
    notes
        More for the manifest, such as scores.

    Raises
    ------
    DataError
        If the training does not hold each class.
    SourceError
        If the folder cannot be written.
    """
    counts = np.bincount(y, minlength=n_classes)
    if (counts == 0).any():
        raise DataError(
            f"the training holds {counts.tolist()} segments of classes 0 to {n_classes - 1}; "
            "each class must occur"
        )
    make_folder(folder)
    rows = table.assign(**{"class": y})
    with replacing(folder / _TRAINING) as temporary:
        rows.to_csv(temporary, index=False)
    great = runs_of(table)[y == n_classes - 1] if "m_max" in table else np.array([])
    manifest = {
        "format": _FORMAT,
        "kind": "megathrust",
        "model": model,
        "n_classes": n_classes,
        "seed": seed,
        "n_segments": len(table),
        "class_counts": counts.tolist(),
        "n_runs_of_highest_class": int(np.unique(great).size),
        "regions": sorted(table["region"].unique()),
        "sha256": sha256((folder / _TRAINING).read_bytes()).hexdigest(),
        **(notes or {}),
    }
    with replacing(folder / _MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def load_model(model: Path | str = "default") -> StoredModel:
    """Return a trained classifier: a folder, or ``default`` for the packaged one.

    Raises
    ------
    SourceError
        If there is none.
    DataError
        If the folder is damaged.
    """
    manifest, table, y = read_training(model)
    return fit_model(table, y, manifest["model"], int(manifest["seed"]), manifest)


def read_training(
    model: Path | str = "default",
) -> tuple[dict[str, Any], pd.DataFrame, NDArray[np.int64]]:
    """Return the manifest of a trained classifier, its training segments and their classes.

    Raises
    ------
    SourceError
        If there is none.
    DataError
        If the folder is damaged.
    """
    folder = DEFAULT_FOLDER if str(model) == "default" else Path(model)
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        content = (folder / _TRAINING).read_bytes()
    except OSError as error:
        raise SourceError(
            f"{folder} holds no trained classifier ({error.strerror}); make one by "
            "'mainshock megathrust train', or name 'default'"
        ) from error
    except ValueError as error:
        raise DataError(f"{folder / _MANIFEST} is damaged: {error}") from error
    if manifest.get("format") != _FORMAT or sha256(content).hexdigest() != manifest.get("sha256"):
        raise DataError(f"{folder} is damaged or of another version; train it again")
    table = pd.read_csv(folder / _TRAINING)
    return manifest, table, table.pop("class").to_numpy(dtype=np.int64)
