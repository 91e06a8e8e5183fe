"""Baselines of kinematic efficiency: the mean, and two models of thirteen geometry descriptors.

Any score of a network stands beside theirs. Their intervals are split conformal: the residuals of
windows whose run was left out.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.conformal import residual_quantile
from mainshock.offfault.descriptors import DESCRIPTORS, THICKNESS_FREE, descriptors
from mainshock.offfault.registry import EFFICIENCY_BASELINES
from mainshock.offfault.windows import LabelledWindows

__all__ = [
    "Baseline",
    "Regressor",
    "baseline_inputs",
    "boosted_trees",
    "fit_baseline",
    "mean",
    "ridge",
]

FloatArray = NDArray[np.float64]
_FOLDS = 5
_CHOSEN = [DESCRIPTORS.index(name) for name in THICKNESS_FREE]


class Regressor(Protocol):
    """What scikit-learn's estimators do."""

    def fit(self, inputs: FloatArray, target: FloatArray) -> Any:  # itself, which is not used
        """Learn from inputs ``(n, n_descriptors)`` and labels ``(n,)``."""
        ...

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the efficiency, ``(n,)``."""
        ...


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
    regressor: Regressor
    sd: float
    half_width: float

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``."""
        return self.estimate(baseline_inputs(maps))

    def estimate(self, inputs: FloatArray) -> Efficiency:
        """Return the efficiency of windows from what :func:`baseline_inputs` makes of them."""
        ke = np.clip(self.regressor.predict(inputs), 0.0, 1.0)
        return Efficiency(
            ke=ke,
            sd=np.full(ke.shape, self.sd),
            lo90=np.clip(ke - self.half_width, 0.0, 1.0),
            hi90=np.clip(ke + self.half_width, 0.0, 1.0),
            epistemic_sd=np.zeros(ke.shape),
        )


def baseline_inputs(maps: NDArray[np.uint8]) -> FloatArray:
    """Return the thickness-free descriptors of maps, shape ``(n_windows, n_descriptors)``."""
    return descriptors(maps)[:, _CHOSEN]


def fit_baseline(
    name: str, windows: LabelledWindows, *, inputs: FloatArray | None = None, seed: int = 0
) -> Baseline:
    """Return a baseline fitted to windows.

    Parameters
    ----------
    name
        ``mean``; ``descriptors``, boosted trees on the thickness-free descriptors; ``ridge``, a
        linear model of the same; or another that is registered.
    windows
        Of two or more runs.
    inputs
        What :func:`baseline_inputs` makes of them, where it is known already.
    seed
        Of the trees.

    Raises
    ------
    RegistryError
        If there is no such baseline.
    DataError
        If the windows are of fewer than two runs, so that no run can be left out.
    """
    make = EFFICIENCY_BASELINES.load(name)
    n_runs = np.unique(windows.run).size
    if n_runs < 2:
        raise DataError(
            f"{len(windows)} windows of {n_runs} run(s); an interval needs residuals of runs left "
            "out: give windows of two runs or more"
        )
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415 - slow to import

    known = baseline_inputs(windows.maps) if inputs is None else inputs
    target = windows.ke
    residuals = np.empty(len(windows))
    for train, test in GroupKFold(min(_FOLDS, n_runs)).split(known, target, windows.run):
        fitted = make(len(train), seed)
        fitted.fit(known[train], target[train])
        residuals[test] = target[test] - np.clip(fitted.predict(known[test]), 0.0, 1.0)
    regressor = make(len(windows), seed)
    regressor.fit(known, target)
    return Baseline(
        name,
        regressor,
        float(np.sqrt(np.mean(residuals**2))),
        residual_quantile(np.abs(residuals)),
    )


def mean(_n_windows: int, _seed: int) -> Regressor:
    """Return the mean of the labels, whatever the map."""
    from sklearn.dummy import DummyRegressor  # noqa: PLC0415 - slow to import

    regressor: Regressor = DummyRegressor()
    return regressor


def ridge(_n_windows: int, _seed: int) -> Regressor:
    """Return a linear model whose penalty is chosen by leaving windows out."""
    from sklearn.linear_model import RidgeCV  # noqa: PLC0415 - slow to import
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - the same
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - the same

    regressor: Regressor = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2.0, 4.0, 13)))
    return regressor


def boosted_trees(n_windows: int, seed: int) -> Regressor:
    """Return boosted trees; with fewer than 200 windows their leaves hold a tenth of them.

    Leaves of 20 windows, the rule, could not split a few dozen: the trees would equal the mean.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - slow to import

    regressor: Regressor = HistGradientBoostingRegressor(
        max_iter=150,
        learning_rate=0.06,
        max_leaf_nodes=12,
        min_samples_leaf=max(2, min(20, n_windows // 10)),
        early_stopping=False,
        random_state=seed,
    )
    return regressor
