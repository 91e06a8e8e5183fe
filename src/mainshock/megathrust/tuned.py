"""Trees whose settings are searched for inside the training, by the kind of split that judges them.

Needs the extra ``train`` (Optuna).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from mainshock.core.errors import MissingDependencyError
from mainshock.megathrust.models import FeatureClassifier
from mainshock.megathrust.splits import ExclusionDistance
from mainshock.megathrust.table_classifier import TableClassifier

__all__ = ["TunedTrees"]

_SEARCH_TREES = 60


class TunedTrees(TableClassifier):
    """Extremely randomised trees with settings of random search over folds inside the training.

    Parameters
    ----------
    n_trials
        Settings tried.
    exclusion_km
        Of the folds inside.
    random_state
        Of search and trees.
    """

    def __init__(
        self, n_trials: int = 12, exclusion_km: float = 100.0, random_state: int = 0
    ) -> None:
        self.n_trials = n_trials
        self.exclusion_km = exclusion_km
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64]) -> "TunedTrees":
        """Search, then learn from all with the best settings.

        Raises
        ------
        MissingDependencyError
            If Optuna is not installed.
        """
        try:
            import optuna  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingDependencyError(
                "the classifier 'tuned-trees' needs Optuna; pip install 'mainshock[train]'"
            ) from error
        y = np.asarray(y)
        self.classes_ = np.arange(int(y.max()) + 1)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.RandomSampler(seed=self.random_state)
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: self._loss(_suggested(trial), X, y), n_trials=self.n_trials)
        self.settings_ = dict(study.best_params)
        self.model_ = self._trees(self.settings_, 300).fit(X, y)
        return self

    def _trees(self, settings: dict[str, Any], n_trees: int) -> FeatureClassifier:
        return FeatureClassifier(
            ExtraTreesClassifier(n_trees, random_state=self.random_state, **settings)
        )

    def _loss(self, settings: dict[str, Any], X: pd.DataFrame, y: NDArray[np.int64]) -> float:
        """Return the log loss over folds inside the training."""
        total, n = 0.0, 0
        for train, test in ExclusionDistance(self.exclusion_km).split(X):
            if test.size and np.unique(y[train]).size == self.classes_.size:
                model = self._trees(settings, _SEARCH_TREES).fit(X.iloc[train], y[train])
                found = model.predict_proba(X.iloc[test])[np.arange(test.size), y[test]]
                total -= float(np.log(np.clip(found, 1e-3, 1.0)).sum())
                n += test.size
        return total / max(n, 1)

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return probabilities, shape ``(n, n_classes)``."""
        return self.model_.predict_proba(X)


def _suggested(trial: Any) -> dict[str, Any]:  # an Optuna trial
    return {
        "max_features": trial.suggest_float("max_features", 0.1, 0.8),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 8),
        "class_weight": trial.suggest_categorical("class_weight", [None, "balanced"]),
    }
