"""The default classifier: features, region and neighbours along the trench, weighed together.

Trees on the features and two Gaussian processes along the trench each give log odds; a logistic
regression weighs them. Its weights come from folds inside the training that leave out distances of
the same kind as the splits it is judged by, so they know how far either can be trusted. In a region
that the training did not hold, the trees speak alone.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from mainshock.megathrust.along_trench import AlongTrenchProcess
from mainshock.megathrust.models import extra_trees
from mainshock.megathrust.splits import ExclusionDistance
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["CombinedClassifier"]

FloatArray = NDArray[np.float64]
_INNER_KM = (50.0, 200.0, 400.0)
_INNER_TREES = 100
_MOST = 1e-3  # no part is surer than this of anything
_RUPTURE_SHARES = (0.0, 0.2)  # smooth along the trench, and rough
# intercept, and weights of the two processes, whose approximation is less sure than it should be,
# and of the trees; what the folds say draws them from here
_START = np.array([0.0, 1.0, 1.0, 0.5])
_RIDGE = 15.0


class CombinedClassifier(TableClassifier):
    """Features, region prior and an along-trench kernel in one; three classes as ordered cuts.

    Parameters
    ----------
    n_estimators
        Trees.
    random_state
        Of the trees.
    """

    def __init__(self, n_estimators: int = 300, random_state: int = 0) -> None:
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "CombinedClassifier":
        """Learn each cut between classes."""
        y = np.asarray(y)
        self.classes_ = np.arange(int(np.max(y)) + 1)
        self.regions_ = frozenset(X["region"])
        self.cuts_ = [
            _Cut(self.n_estimators, self.random_state).fit(X, (y >= cut).astype(np.int64))
            for cut in self.classes_[1:]
        ]
        return self

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities, shape ``(n, n_classes)``."""
        is_known = X["region"].isin(self.regions_).to_numpy()
        return _between_cuts([cut.probability(X, is_known) for cut in self.cuts_])

    def held_out_probability(self) -> FloatArray:
        """Return what each row of the training was given while it was held out; NaN where never."""
        return _between_cuts([cut.held_out for cut in self.cuts_])

    def features_alone(self) -> TableClassifier:
        """Return a new classifier of the kind that speaks where the training holds no segment."""
        return extra_trees(self.random_state, self.n_estimators)


def _between_cuts(above: list[FloatArray]) -> FloatArray:
    """Return the probabilities of classes from those of passing each cut."""
    passed = np.minimum.accumulate(np.column_stack(above), axis=1)  # a higher cut no more often
    edges = np.column_stack([np.ones(len(passed)), passed, np.zeros(len(passed))])
    return np.asarray(edges[:, :-1] - edges[:, 1:])


class _Cut:
    """One cut between classes."""

    def __init__(self, n_estimators: int, random_state: int) -> None:
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, is_above: NDArray[np.int64]) -> "_Cut":
        self.processes = [
            AlongTrenchProcess(rupture_share=share).fit(X, is_above) for share in _RUPTURE_SHARES
        ]
        self.trees = extra_trees(self.random_state, self.n_estimators).fit(X, is_above)
        self.weights = self._weigh(X, is_above)
        return self

    def _weigh(self, X: pd.DataFrame, is_above: NDArray[np.int64]) -> FloatArray:
        """Return intercept and weights from folds inside the training."""
        rows, odds = [], []
        processes = [AlongTrenchProcess(one.kernel_) for one in self.processes]
        for distance_km in _INNER_KM:
            for train, test in ExclusionDistance(distance_km).split(X):
                if not test.size or np.unique(is_above[train]).size < 2:
                    continue
                known, asked = X.iloc[train], X.iloc[test]
                trees = extra_trees(self.random_state, _INNER_TREES).fit(known, is_above[train])
                places = [one.fit(known, is_above[train]) for one in processes]
                odds.append(_columns([*places, trees], asked))
                rows.append(test)
        self.held_out = np.full(len(X), np.nan)
        if not rows:
            return _START.copy()
        row, found = np.concatenate(rows), np.concatenate(odds)
        weights = _fitted_weights(found, is_above[row])
        joint = expit(weights[0] + found @ weights[1:])
        times = np.bincount(row, minlength=len(X))
        summed = np.bincount(row, weights=joint, minlength=len(X))
        self.held_out[times > 0] = summed[times > 0] / times[times > 0]
        return weights

    def probability(self, X: pd.DataFrame, is_known: NDArray[np.bool_]) -> FloatArray:
        odds = _columns([*self.processes, self.trees], X)
        joint = self.weights[0] + odds @ self.weights[1:]
        return np.asarray(expit(np.where(is_known, joint, odds[:, -1])))


def _columns(models: Sequence[TableClassifier], X: pd.DataFrame) -> FloatArray:
    return np.column_stack([_log_odds(model, X) for model in models])


def _log_odds(model: TableClassifier, X: pd.DataFrame) -> FloatArray:
    found = model.predict_proba(X)
    above = found[:, 1] if found.shape[1] > 1 else np.zeros(len(X))
    return np.asarray(logit(np.clip(above, _MOST, 1.0 - _MOST)))


def _fitted_weights(odds: FloatArray, is_above: NDArray[np.int64]) -> FloatArray:
    """Return the weights of least loss, none negative, drawn to those to begin with."""
    signs = 2.0 * is_above - 1.0

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        margin = signs * (weights[0] + odds @ weights[1:])
        pull = weights - _START
        slope = -signs * expit(-margin)
        gradient = np.concatenate([[slope.sum()], odds.T @ slope]) + 2.0 * _RIDGE * pull
        return float(np.logaddexp(0.0, -margin).sum() + _RIDGE * pull @ pull), gradient

    found = minimize(
        loss,
        _START,
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *[(0.0, None)] * odds.shape[1]],
    )
    return np.asarray(found.x)
