"""Baselines of kinematic efficiency: the mean, and two models of thirteen geometry descriptors.

Any score of a network stands beside theirs. Their intervals are split conformal: the residuals of
windows whose run was left out.

References
----------
Lei et al. (2018), https://doi.org/10.1080/01621459.2017.1307116
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RegistryError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.descriptors import DESCRIPTORS, THICKNESS_FREE, descriptors
from mainshock.offfault.registry import BASELINES
from mainshock.offfault.windows import LabelledWindows

__all__ = ["Baseline", "fit_baseline", "residual_quantile"]

FloatArray = NDArray[np.float64]
LEVEL = 0.9
_FOLDS = 5
_CHOSEN = [DESCRIPTORS.index(name) for name in THICKNESS_FREE]


class _Regressor(Protocol):
    """What scikit-learn's estimators do."""

    def fit(self, inputs: FloatArray, target: FloatArray) -> Any: ...  # itself, which is not used
    def predict(self, inputs: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A fitted baseline; it does what every model of kinematic efficiency does.

    Parameters
    ----------
    name
        ``mean``, ``descriptors`` or ``ridge``.
    regressor
        Takes the thickness-free descriptors.
    sd, half_width
        Of residuals of windows whose run was left out: root mean square, and the bound that nine
        of ten keep.
    """

    name: str
    regressor: _Regressor
    sd: float
    half_width: float

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``."""
        ke = np.clip(self.regressor.predict(descriptors(maps)[:, _CHOSEN]), 0.0, 1.0)
        return Efficiency(
            ke=ke,
            sd=np.full(ke.shape, self.sd),
            lo90=np.clip(ke - self.half_width, 0.0, 1.0),
            hi90=np.clip(ke + self.half_width, 0.0, 1.0),
            epistemic_sd=np.zeros(ke.shape),
        )


def fit_baseline(name: str, windows: LabelledWindows, *, seed: int = 0) -> Baseline:
    """Return a baseline fitted to windows.

    Parameters
    ----------
    name
        ``mean``; ``descriptors``, boosted trees on the thickness-free descriptors; or ``ridge``,
        a linear model of the same.
    windows
        Of two or more runs.
    seed
        Of the trees.

    Raises
    ------
    RegistryError
        If there is no such baseline.
    DataError
        If the windows are of fewer than two runs, so that no run can be left out.
    """
    if name not in BASELINES:
        raise RegistryError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    n_runs = np.unique(windows.run).size
    if n_runs < 2:
        raise DataError(
            f"{len(windows)} windows of {n_runs} run(s); an interval needs residuals of runs left "
            "out: give windows of two runs or more"
        )
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 - slow to import

    inputs, target = descriptors(windows.maps)[:, _CHOSEN], windows.ke
    residuals = np.empty(len(windows))
    folds = GroupKFold(min(_FOLDS, n_runs)).split(inputs, target, windows.run)
    for train, test in folds:
        fitted = _regressor(name, seed)
        fitted.fit(inputs[train], target[train])
        residuals[test] = target[test] - np.clip(fitted.predict(inputs[test]), 0.0, 1.0)
    regressor = _regressor(name, seed)
    regressor.fit(inputs, target)
    return Baseline(
        name,
        regressor,
        float(np.sqrt(np.mean(residuals**2))),
        residual_quantile(np.abs(residuals), LEVEL),
    )


def residual_quantile(sizes: FloatArray, level: float) -> float:
    """Return the bound that a new residual keeps with probability ``level`` or more.

    With too few residuals for the level it is the largest of them.
    """
    rank = int(np.ceil((sizes.size + 1) * level))
    return float(np.sort(sizes)[min(rank, sizes.size) - 1])


def _regressor(name: str, seed: int) -> _Regressor:
    """Return a regressor to fit."""
    if name == "mean":
        from sklearn.dummy import DummyRegressor  # noqa: PLC0415 - slow to import

        mean: _Regressor = DummyRegressor()
        return mean
    if name == "ridge":
        from sklearn.linear_model import RidgeCV  # noqa: PLC0415 - the same
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - the same
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - the same

        ridge: _Regressor = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2.0, 4.0, 13)))
        return ridge
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - the same

    trees: _Regressor = HistGradientBoostingRegressor(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=12, early_stopping=False, random_state=seed
    )
    return trees
