"""Sets of classes that hold the true one in nine cases of ten, class by class.

Split conformal prediction with scores from folds inside the training (Vovk et al. 2005; Barber et
al. 2021, 10.1214/20-AOS1965). Each class has a threshold of its own, so that the few great segments
are covered as well as the many others. Segments of one rupture, and of one region, are not
exchangeable with others: a region that the training did not hold takes what held when whole regions
were left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from mainshock.megathrust.base import SegmentClassifier
from mainshock.megathrust.splits import ExclusionDistance, LeaveRegionOut

__all__ = ["ConformalSets"]

Probabilities = NDArray[np.float64]
_INNER_KM = 100.0
_LEVEL = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class ConformalSets:
    """Thresholds of the probability above which a class is in the set.

    Parameters
    ----------
    known
        Threshold of each class in regions of the training, shape ``(n_classes,)``.
    elsewhere
        The same in regions that it does not hold.
    regions
        Names of the regions of the training.
    """

    known: Probabilities
    elsewhere: Probabilities
    regions: frozenset[str]

    @classmethod
    def calibrated(
        cls,
        model: SegmentClassifier,
        X: pd.DataFrame,
        y: NDArray[np.int64],
        n_classes: int,
        level: float = _LEVEL,
    ) -> "ConformalSets":
        """Return thresholds for a fitted classifier, from folds inside its training."""
        inner = getattr(model, "held_out_probability", None)
        if inner is None:
            found = _held_out(model, X, y, n_classes, ExclusionDistance(_INNER_KM))
        else:
            found = inner()
        far = found
        if X["region"].nunique() > 2:
            alone = getattr(model, "features_alone", lambda: model)()
            far = _held_out(alone, X, y, n_classes, LeaveRegionOut())
        near = _by_class(found, y, level)
        regions = frozenset(str(name) for name in X["region"].unique())
        return cls(near, np.minimum(_by_class(far, y, level), near), regions)

    def sets(self, X: pd.DataFrame, probability: Probabilities) -> NDArray[np.bool_]:
        """Return which classes are in the set of each row; the likeliest one always is."""
        is_known = X["region"].isin(self.regions).to_numpy()
        inside = probability >= np.where(is_known[:, None], self.known, self.elsewhere)
        inside[np.arange(len(X)), probability.argmax(axis=1)] = True
        return np.asarray(inside)


def _held_out(
    model: SegmentClassifier,
    X: pd.DataFrame,
    y: NDArray[np.int64],
    n_classes: int,
    splitter: ExclusionDistance | LeaveRegionOut,
) -> Probabilities:
    """Return what each row was given by such a classifier while held out; NaN where never."""
    found = np.full((len(X), n_classes), np.nan)
    for train, test in splitter.split(X):
        if test.size and np.unique(y[train]).size > 1:
            asked = clone(model).fit(X.iloc[train], y[train]).predict_proba(X.iloc[test])
            found[test] = 0.0
            found[test, : asked.shape[1]] = asked
    return found


def _by_class(found: Probabilities, y: NDArray[np.int64], level: float) -> Probabilities:
    """Return what all but ``1 - level`` of the segments of each class were given of it."""
    classes = range(found.shape[1])
    return np.array([_lower_quantile(found[y == one, one], level) for one in classes])


def _lower_quantile(own: NDArray[np.float64], level: float) -> float:
    """Return what all but ``1 - level`` of the values reach, with the correction for few."""
    known = np.sort(own[np.isfinite(own)])
    place = int(np.floor((known.size + 1) * (1.0 - level))) - 1
    return float(known[place]) if place >= 0 else 0.0
