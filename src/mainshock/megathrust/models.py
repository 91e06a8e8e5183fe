"""Classifiers that see the features of a segment and not where it is."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

from mainshock.core.errors import DataError
from mainshock.megathrust.segments import feature_names
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["FeatureClassifier", "boosting", "extra_trees", "feature_matrix", "logistic"]

_MISSING_SHARE = 0.999  # a column that is all but empty says nothing


def feature_matrix(X: pd.DataFrame, names: list[str]) -> NDArray[np.float64]:
    """Return the named features, shape ``(n, n_features)``; NaN where missing, or not a column.

    Raises
    ------
    DataError
        If the table has none of them.
    """
    if not set(names) & set(X.columns):
        raise DataError(f"the table has none of the {len(names)} features, such as {names[:3]}")
    return np.asarray(X.reindex(columns=names), dtype=np.float64)


class FeatureClassifier(TableClassifier):
    """Any classifier of scikit-learn on the features of a table.

    Missing values become the median of the training, and a column beside says so.

    Parameters
    ----------
    estimator
        What learns from the matrix of features.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "FeatureClassifier":
        """Learn from the features that the training holds."""
        names = feature_names(X)
        self.feature_names_ = [one for one in names if X[one].isna().mean() < _MISSING_SHARE]
        self.classes_ = np.arange(int(np.max(y)) + 1)
        imputer = SimpleImputer(strategy="median", add_indicator=True)
        self.pipeline_ = make_pipeline(imputer, clone(self.estimator))
        self.pipeline_.fit(feature_matrix(X, self.feature_names_), np.asarray(y))
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities; 0 for classes that the training did not hold."""
        found = np.zeros((len(X), self.classes_.size))
        matrix = feature_matrix(X, self.feature_names_)
        found[:, self.pipeline_.classes_] = self.pipeline_.predict_proba(matrix)
        return found


def extra_trees(random_state: int = 0, n_estimators: int = 300) -> FeatureClassifier:
    """Return extremely randomised trees (Geurts et al. 2006, 10.1007/s10994-006-6226-1)."""
    return FeatureClassifier(
        ExtraTreesClassifier(n_estimators=n_estimators, random_state=random_state)
    )


def boosting(random_state: int = 0) -> FeatureClassifier:
    """Return gradient boosting on histograms, kept small for few ruptures."""
    return FeatureClassifier(
        HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.05, max_leaf_nodes=8, random_state=random_state
        )
    )


def logistic(random_state: int = 0) -> FeatureClassifier:
    """Return logistic regression with a ridge, on features brought near to normal."""
    model = LogisticRegression(C=0.05, max_iter=2000, random_state=random_state)
    return FeatureClassifier(make_pipeline(PowerTransformer(), model))
