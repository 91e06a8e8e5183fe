"""What every classifier of segments does: the interface of scikit-learn, on tables."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["SegmentClassifier"]


@runtime_checkable
class SegmentClassifier(Protocol):
    """A classifier that scikit-learn can clone, fit and ask.

    ``X`` is a table of :mod:`mainshock.megathrust.segments`: ``region``, ``s_km`` and features,
    some of them missing. It must look at nothing but what ``fit`` is given.
    """

    classes_: NDArray[np.int64]

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "SegmentClassifier":
        """Learn from segments and their classes, numbered from 0."""
        ...

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities, shape ``(n_segments, n_classes)``."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings, as scikit-learn's estimators do."""
        ...
