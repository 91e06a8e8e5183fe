"""Largest magnitude as ordered classes, what was not yet seen being censored.

A short catalogue shows a lower bound of what a segment may host. The likelihood of a segment is the
probability of its class for one that broke, and the probability of its class or a higher one for
one whose largest earthquake says no more than "at least this": those below the highest class, by a
share that is stated. A cumulative logistic model (McCullagh 1980,
10.1111/j.2517-6161.1980.tb01109.x) with a ridge.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

from mainshock.megathrust.models import feature_matrix
from mainshock.megathrust.segments import feature_names
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["CensoredOrdinal"]

FloatArray = NDArray[np.float64]
_LEAST = 1e-12


class CensoredOrdinal(TableClassifier):
    """Cumulative logistic regression with censoring.

    Parameters
    ----------
    censored_share
        Part of the likelihood of a segment below the highest class that is "at least this class";
        0: what was seen is all there is, 1: nothing is known from above.
    ridge
        Penalty on the squared weights, for each training segment.
    """

    def __init__(self, censored_share: float = 0.2, ridge: float = 0.03) -> None:
        self.censored_share = censored_share
        self.ridge = ridge

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "CensoredOrdinal":
        """Learn weights of features and cuts between classes."""
        y = np.asarray(y)
        self.classes_ = np.arange(int(y.max()) + 1)
        self.feature_names_ = [one for one in feature_names(X) if X[one].notna().any()]
        imputer = SimpleImputer(strategy="median", add_indicator=True)
        self.pipeline_ = make_pipeline(imputer, PowerTransformer())
        inputs = self.pipeline_.fit_transform(feature_matrix(X, self.feature_names_))
        n_cuts = self.classes_.size - 1
        start = np.zeros(inputs.shape[1] + n_cuts)
        self.parameters_ = minimize(self._loss, start, args=(inputs, y), method="L-BFGS-B").x
        return self

    def _loss(self, parameters: FloatArray, inputs: FloatArray, y: NDArray[np.int64]) -> float:
        found = self._probability(parameters, inputs)
        rows = np.arange(y.size)
        exact = found[rows, y]
        at_least = np.cumsum(found[:, ::-1], axis=1)[:, ::-1][rows, y]
        share = np.where(y == self.classes_[-1], 0.0, self.censored_share)
        likelihood = (1.0 - share) * exact + share * at_least
        weights = parameters[: inputs.shape[1]]
        penalty = self.ridge * y.size * float(weights @ weights)
        return float(penalty - np.log(np.maximum(likelihood, _LEAST)).sum())

    def _probability(self, parameters: FloatArray, inputs: FloatArray) -> FloatArray:
        """Return class probabilities; steps between cuts are exponentials, so cuts ascend."""
        n_inputs = inputs.shape[1]
        steps = parameters[n_inputs:].copy()
        steps[1:] = np.exp(np.clip(steps[1:], -20.0, 20.0))
        score = inputs @ parameters[:n_inputs]
        below = expit(np.cumsum(steps) - score[:, None])
        edges = np.column_stack([np.zeros(len(score)), below, np.ones(len(score))])
        return np.diff(edges, axis=1)

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities, shape ``(n, n_classes)``."""
        inputs = self.pipeline_.transform(feature_matrix(X, self.feature_names_))
        return self._probability(self.parameters_, inputs)
