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
from mainshock.core.geo import geodesic_distance_km
from mainshock.megathrust.applicability import Applicability
from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.conformal import ConformalSets
from mainshock.megathrust.labels import runs_of
from mainshock.megathrust.models import FeatureClassifier, extra_trees
from mainshock.megathrust.registry import SEGMENT_CLASSIFIERS
from mainshock.megathrust.segments import read_table

__all__ = [
    "DEFAULT_FOLDER",
    "StoredModel",
    "fit_model",
    "load_model",
    "read_training",
    "save_model",
]

_TRAINING, _MANIFEST, _FORMAT = "training.csv", "manifest.json", 1
_SAME_PLACE_KM = 100.0
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
    places
        ``region``, ``index``, ``longitude`` and ``latitude`` of the training; None where it stated
        none.
    """

    manifest: dict[str, Any]
    classifier: SegmentClassifier
    conformal: ConformalSets
    applicability: Applicability
    places: pd.DataFrame | None = None

    def assess(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return what it says of segments, row by row.

        Columns are ``region, index, probability`` (of the highest class), ``class``,
        ``conformal_set`` (classes joined by ``|``), ``applicability`` (0 to 1), and ``longitude``,
        ``latitude``, ``azimuth``, ``m_max`` where the table has them. Outside its area of
        applicability the set holds all classes: it abstains.

        A region counts as trained on where its name and, if the training stated places, its
        places are those of the training.

        Raises
        ------
        DataError
            If the table has none of its features, or it knows more than two classes.
        """
        n_classes = self.manifest.get("n_classes", 2)
        if n_classes != 2:
            raise DataError(
                f"the classifier knows {n_classes} classes and states no probability of M 8.0; "
                "train it with --classes 2"
            )
        known = table.assign(region=self._known_names(table))
        probability = self.classifier.predict_proba(known)
        share = self.applicability.share(known)
        sets = self.conformal.sets(known, probability) | (share == 0.0)[:, None]
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

    def is_trained_on(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which segments lie in a region of the training."""
        return np.isin(self._known_names(table), self.manifest.get("regions", []))

    def _known_names(self, table: pd.DataFrame) -> NDArray[np.object_]:
        """Return the regions, another name for one that lies elsewhere than in the training.

        A segment that was left out of the training lies where its region does.
        """
        names = table["region"].to_numpy(dtype=object).copy()
        if self.places is None:
            return names
        if not {"longitude", "latitude"} <= set(table):
            return np.array([f"{name}, places unknown" for name in names], dtype=object)
        joined = table[["region", "index", "longitude", "latitude"]].merge(
            self.places, on=["region", "index"], how="left", suffixes=("", "_trained")
        )
        away_km = geodesic_distance_km(
            *(joined[name].to_numpy() for name in ("longitude", "latitude")),
            *(joined[f"{name}_trained"].to_numpy() for name in ("longitude", "latitude")),
        )
        is_near = pd.Series(np.where(np.isnan(away_km), np.nan, away_km < _SAME_PLACE_KM))
        share_near = is_near.groupby(pd.Series(names)).transform("mean")  # of those trained on
        is_elsewhere = (is_near.fillna(share_near) < 1.0).to_numpy() | share_near.isna().to_numpy()
        names[is_elsewhere] = [f"{name}, elsewhere" for name in names[is_elsewhere]]
        return names


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
    columns = ["region", "index", "longitude", "latitude"]
    places = table[columns].dropna() if set(columns) <= set(table) else None
    return StoredModel(manifest, classifier, conformal, Applicability.of(table, trees), places)


def save_model(
    folder: Path,
    table: pd.DataFrame,
    y: NDArray[np.int64],
    *,
    model: str,
    n_classes: int,
    seed: int,
    runs: NDArray[np.str_] | None = None,
) -> dict[str, Any]:
    """Write a folder that :func:`load_model` reads, and return its manifest.

    Parameters
    ----------
    runs
        Rupture of each segment; without, runs of equal ``m_max``.

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
    if runs is None:
        runs = runs_of(table) if "m_max" in table else np.array([], dtype=str)
    great = runs[y == n_classes - 1] if runs.size else runs
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
    table = read_table(folder / _TRAINING)
    return manifest, table, table.pop("class").to_numpy(dtype=np.int64)
