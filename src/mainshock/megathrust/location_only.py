"""Baselines that know where a segment is and nothing else: what every score is measured against."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["Majority", "NearestAlongTrench", "RegionPrior", "nearest_1", "nearest_5"]

Probabilities = NDArray[np.float64]


def _shares(y: NDArray[np.int64], n_classes: int) -> Probabilities:
    return np.bincount(y, minlength=n_classes) / max(y.size, 1)


class Majority(TableClassifier):
    """Gives every segment the share of the classes in the training."""

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "Majority":
        """Count the classes."""
        del X
        self.classes_ = np.arange(int(np.max(y)) + 1)
        self.shares_ = _shares(np.asarray(y), self.classes_.size)
        return self

    def predict_proba(self, X: pd.DataFrame) -> Probabilities:
        """Return the shares for each segment."""
        return np.tile(self.shares_, (len(X), 1))


class RegionPrior(TableClassifier):
    """Gives a segment the share of the classes in its region; elsewhere that of all."""

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "RegionPrior":
        """Count the classes of each region."""
        y = np.asarray(y)
        self.classes_ = np.arange(int(np.max(y)) + 1)
        self.shares_ = _shares(y, self.classes_.size)
        region = X["region"].to_numpy()
        self.regions_ = {
            name: _shares(y[region == name], self.classes_.size) for name in np.unique(region)
        }
        return self

    def predict_proba(self, X: pd.DataFrame) -> Probabilities:
        """Return the shares of each segment's region."""
        return np.array([self.regions_.get(name, self.shares_) for name in X["region"]])


class NearestAlongTrench(TableClassifier):
    """Gives a segment the classes of the nearest ones along its trench; elsewhere those of all.

    Parameters
    ----------
    n_neighbours
        How many count, each alike.
    """

    def __init__(self, n_neighbours: int = 5) -> None:
        self.n_neighbours = n_neighbours

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "NearestAlongTrench":
        """Remember where the classes are."""
        self.y_ = np.asarray(y)
        self.classes_ = np.arange(int(np.max(y)) + 1)
        self.shares_ = _shares(self.y_, self.classes_.size)
        self.region_, self.s_km_ = X["region"].to_numpy(), X["s_km"].to_numpy()
        return self

    def predict_proba(self, X: pd.DataFrame) -> Probabilities:
        """Return the shares of the classes among the nearest segments."""
        found = np.tile(self.shares_, (len(X), 1))
        region, s_km = X["region"].to_numpy(), X["s_km"].to_numpy()
        for name in np.unique(region):
            known = np.flatnonzero(self.region_ == name)
            if known.size:
                asked = np.flatnonzero(region == name)
                apart = np.abs(s_km[asked, None] - self.s_km_[known])
                near = known[np.argsort(apart, axis=1, kind="stable")[:, : self.n_neighbours]]
                found[asked] = [_shares(self.y_[rows], self.classes_.size) for rows in near]
        return found


def nearest_1(**_: Any) -> NearestAlongTrench:
    """Return the classifier by the nearest segment."""
    return NearestAlongTrench(1)


def nearest_5(**_: Any) -> NearestAlongTrench:
    """Return the classifier by the five nearest segments."""
    return NearestAlongTrench(5)
