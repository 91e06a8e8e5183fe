"""What the classifiers of this package share: scikit-learn's ways, and the likeliest class."""

from abc import ABC, abstractmethod

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

__all__ = ["TableClassifier"]


class TableClassifier(ClassifierMixin, BaseEstimator, ABC):
    """A classifier of tables that states probabilities."""

    classes_: NDArray[np.int64]

    @abstractmethod
    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities, shape ``(n_segments, n_classes)``."""

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Return the likeliest class of each segment."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])
