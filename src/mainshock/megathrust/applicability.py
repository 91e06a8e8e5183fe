"""How like a segment is to those that a classifier learnt from.

The distance to the nearest training segment, in features scaled by their spread and weighed by how
much the trees use them (Meyer and Pebesma 2021, 10.1111/2041-210X.13650), is compared with the
distances of training segments to those of other regions.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.megathrust.models import FeatureClassifier, feature_matrix

__all__ = ["Applicability"]

FloatArray = NDArray[np.float64]
_MOST_MISSING = 0.5  # of the weight of the features


@dataclass(frozen=True, slots=True, eq=False)
class Applicability:
    """Compares segments with a training.

    Parameters
    ----------
    names
        Features.
    weight
        Share of each in what the trees go by, shape ``(n_features,)``.
    middle, scale
        Median and weighed scale of each, shape ``(n_features,)``.
    known
        The training, scaled, shape ``(n, n_features)``; missing values lie at the middle.
    usual
        Sorted distances of training segments to the nearest of another region.
    """

    names: list[str]
    weight: FloatArray
    middle: FloatArray
    scale: FloatArray
    known: FloatArray
    usual: FloatArray

    @classmethod
    def of(cls, X: pd.DataFrame, trees: FeatureClassifier) -> "Applicability":
        """Return it for a training and trees fitted to it."""
        names = trees.feature_names_
        matrix = feature_matrix(X, names)
        forest = trees.pipeline_.steps[-1][1]
        weight = np.asarray(forest.feature_importances_)[: len(names)]
        middle = np.nanmedian(matrix, axis=0)
        spread = np.nanpercentile(matrix, 75, axis=0) - np.nanpercentile(matrix, 25, axis=0)
        scale = np.sqrt(weight) / np.where(spread > 0.0, spread, 1.0)
        known = np.nan_to_num((matrix - middle) * scale)
        region = X["region"].to_numpy()
        apart = np.linalg.norm(known[:, None] - known, axis=2)
        apart[region[:, None] == region] = np.inf
        nearest = apart.min(axis=1)
        usual = np.sort(nearest[np.isfinite(nearest)])
        return cls(names, weight / weight.sum(), middle, scale, known, usual)

    def share(self, X: pd.DataFrame) -> FloatArray:
        """Return the share of training segments that are as unlike other regions, 0 to 1.

        0: farther from all that was learnt than any of them, or without most of what the trees
        go by; the classifier does not apply.
        """
        matrix = feature_matrix(X, self.names)
        asked = np.nan_to_num((matrix - self.middle) * self.scale)
        is_blind = np.isnan(matrix) @ self.weight > _MOST_MISSING
        nearest = np.linalg.norm(asked[:, None] - self.known, axis=2).min(axis=1)
        if self.usual.size == 0:
            return np.where((nearest > 0.0) | is_blind, 0.0, 1.0)
        share = 1.0 - np.searchsorted(self.usual, nearest, "left") / self.usual.size
        return np.where(is_blind, 0.0, share)
