"""Does the geometry of a rupture tell its kinematic efficiency? A test with honest intervals.

Predictors from nothing to everything: one constant, the mean of each event, and that mean with the
ground, the geometry of the traces, or what a network sees in them. Each window is predicted by a
model that saw neither it nor its neighbours; or each event by the others.

References
----------
Barber et al. (2021), jackknife+, https://doi.org/10.1214/20-AOS1965
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RegistryError
from mainshock.offfault.coseismic_features import GEOLOGY, GEOMETRY, NETWORK

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PREDICTORS",
    "SCHEMES",
    "CoseismicModel",
    "CoseismicPrediction",
    "CoseismicScore",
    "CoseismicTest",
    "predict_coseismic",
    "score_coseismic",
]

FloatArray = NDArray[np.float64]
Rows = list[NDArray[np.bool_]]

PREDICTORS = {
    "constant": (),
    "event": (),
    "geology": GEOLOGY,
    "geometry": GEOMETRY,
    "network": NETWORK,
}
"""What each predictor uses, besides the mean of the event (which ``constant`` does not use)."""

SCHEMES = ("window", "event")
TARGET = "ke_ratio_of_means"

_ALPHA = 0.1
_EVENT_PENALTY = 1.0  # the mean of an event of n windows is drawn to that of all by 1 / (n + 1)
_PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
_N_BOOTSTRAP = 2000
_TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class CoseismicPrediction:
    """Efficiency of windows with the interval that holds nine of ten; each ``(n_windows,)``."""

    ke: FloatArray
    lo90: FloatArray
    hi90: FloatArray


class CoseismicModel:
    """Predicts the efficiency of windows of ruptures, with jackknife+ intervals.

    A ridge regression with one mean per event. Intervals of an event that was fitted come from
    windows left out, those of another event from events left out: they are wider. With one event
    fitted only windows can be left out, and the interval of another event is too narrow.

    Parameters
    ----------
    predictor
        One of :data:`PREDICTORS`.
    """

    def __init__(self, predictor: str = "event") -> None:
        if predictor not in PREDICTORS:
            raise RegistryError(f"no predictor {predictor!r}; there are {', '.join(PREDICTORS)}")
        self.predictor = predictor

    def fit(self, windows: "pd.DataFrame") -> "CoseismicModel":
        """Fit to windows with features and ``ke_ratio_of_means``, three or more.

        Raises
        ------
        DataError
            If there are fewer windows, or a column is missing.
        """
        _check(windows, [TARGET])
        if len(windows) < 3:
            raise DataError(f"{len(windows)} windows; give three or more to fit a model to")
        self.training_ = _Windows.of(windows, self.predictor, windows[TARGET].to_numpy(float))
        self.ridge_ = _Ridge.fit(self.training_)
        return self

    def predict(self, windows: "pd.DataFrame") -> CoseismicPrediction:
        """Return the efficiency of windows with the same features; their own KE is not used."""
        _check(windows, [])
        asked = _Windows.of(windows, self.predictor, np.full(len(windows), np.nan))
        ke = self.ridge_.predict(asked)
        is_known = np.isin(asked.events, self.training_.events)
        low, high = np.empty(ke.size), np.empty(ke.size)
        for chosen, groups in ((is_known, self._one_by_one()), (~is_known, self._by_event())):
            if chosen.any():
                low[chosen], high[chosen] = self._jackknife(asked.take(chosen), groups)
        return CoseismicPrediction(ke, np.maximum(low, 0.0), high)

    def _one_by_one(self) -> Rows:
        return list(np.eye(len(self.training_.events), dtype=bool))

    def _by_event(self) -> Rows:
        names = np.unique(self.training_.events)
        if names.size == 1:
            return self._one_by_one()
        return [self.training_.events == name for name in names]

    def _jackknife(self, asked: "_Windows", groups: Rows) -> tuple[FloatArray, FloatArray]:
        """Return the jackknife+ interval: every fit's prediction, less and plus its residuals."""
        lower, upper = [], []
        for out in groups:
            ridge, left = _Ridge.fit(self.training_.take(~out)), self.training_.take(out)
            sizes = np.abs(left.target - ridge.predict(left))[:, None]
            ke = ridge.predict(asked)
            lower.append(ke - sizes)
            upper.append(ke + sizes)
        low, high = np.sort(np.concatenate(lower), axis=0), np.sort(np.concatenate(upper), axis=0)
        rank = max(int(_ALPHA * (len(low) + 1)), 1)  # with few windows the outermost
        return low[rank - 1], high[len(high) - rank]


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Windows as arrays: names of events, features, efficiency; and whether events have means."""

    events: NDArray[np.str_]
    features: FloatArray
    target: FloatArray
    has_event_means: bool

    @classmethod
    def of(cls, windows: "pd.DataFrame", predictor: str, target: FloatArray) -> "_Windows":
        features = windows[list(PREDICTORS[predictor])].to_numpy(float)
        return cls(windows["eq_name"].to_numpy(str), features, target, predictor != "constant")

    def take(self, chosen: NDArray[np.bool_]) -> "_Windows":
        return _Windows(
            self.events[chosen], self.features[chosen], self.target[chosen], self.has_event_means
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Ridge:
    """A ridge regression on means of events and standardised features."""

    events: NDArray[np.str_]
    centre: FloatArray
    scale: FloatArray
    weights: FloatArray

    @classmethod
    def fit(cls, training: _Windows) -> "_Ridge":
        """Fit; the penalty is the one with the least leave-one-out error."""
        known = np.isfinite(training.features)
        n_known = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, training.features, 0.0).sum(axis=0) / n_known
        spread = np.where(known, training.features - centre, 0.0)
        scale = np.sqrt((spread**2).sum(axis=0) / n_known)
        scale = np.where(scale > _TINY, scale, 1.0)
        events = np.unique(training.events) if training.has_event_means else np.empty(0, str)
        design = cls(events, centre, scale, np.empty(0)).design(training)
        penalties = _PENALTIES if training.features.shape[1] else _PENALTIES[:1]
        tried = [_solve(design, training.target, events.size, one) for one in penalties]
        return cls(events, centre, scale, min(tried, key=lambda one: one[0])[1])

    def design(self, windows: _Windows) -> FloatArray:
        """Return the matrix of one, events and features; a feature not known is at its mean."""
        standard = np.nan_to_num((windows.features - self.centre) / self.scale)
        of_event = windows.events[:, None] == self.events
        return np.concatenate([np.ones((len(standard), 1)), of_event, standard], axis=1)

    def predict(self, windows: _Windows) -> FloatArray:
        """Return the efficiency."""
        return self.design(windows) @ self.weights


def _solve(
    design: FloatArray, target: FloatArray, n_events: int, penalty: float
) -> tuple[float, FloatArray]:
    """Return the mean square leave-one-out error of a ridge regression and its weights."""
    diagonal = np.full(design.shape[1], penalty)
    diagonal[: 1 + n_events] = _EVENT_PENALTY
    diagonal[0] = _TINY  # the mean of all is free
    solved = np.linalg.solve(design.T @ design + np.diag(diagonal), design.T)
    leverage = np.einsum("ij,ji->i", design, solved)
    weights = solved @ target
    residual = (target - design @ weights) / np.maximum(1.0 - leverage, _TINY)
    return float((residual**2).mean()), weights


def _check(windows: "pd.DataFrame", more: list[str]) -> None:
    needed = ["eq_name", "s0_km", "s1_km", *GEOLOGY, *GEOMETRY, *NETWORK, *more]
    lacking = [name for name in needed if name not in windows]
    if lacking:
        raise DataError(
            f"the windows lack {', '.join(lacking)}; window_features adds features, and the "
            f"columns there are {', '.join(map(str, windows.columns))}"
        )
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415 - slow to import

    wrong = [name for name in more if not is_numeric_dtype(windows[name])]
    if wrong:
        raise DataError(f"{', '.join(wrong)} of the windows are no numbers; give efficiencies")


@dataclass(frozen=True, slots=True)
class CoseismicScore:
    """How well a predictor does on windows that it has not seen.

    Parameters
    ----------
    predictor, scheme, n
        Which, how windows were left out, and how many were predicted.
    mae, coverage90, width90
        Mean absolute error, share of windows inside their interval, mean width of it.
    gain, gain95
        Error of the event mean (leave-event-out: of the constant) less this error; and its
        interval when windows are drawn anew, pairwise.
    """

    predictor: str
    scheme: str
    n: int
    mae: float
    coverage90: float
    width90: float
    gain: float
    gain95: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class CoseismicTest:
    """Scores of all predictors, and what they mean.

    Parameters
    ----------
    scores
        Of each predictor and scheme.
    predictions
        ``eq_name, window, scheme, predictor, observed, ke, lo90, hi90``.
    correlations
        ``feature, n, spearman_r, p`` of each feature with the efficiency.
    geometry_adds
        Whether geometry or the network lowers the error of the event mean for certain.
    sentence
        The same in words.
    network_as_is
        ``n, mae, bias`` of what the network says, not fitted to any earthquake; None without one.
    """

    scores: list[CoseismicScore]
    predictions: "pd.DataFrame"
    correlations: list[dict[str, Any]]  # mixed columns of a small table
    geometry_adds: bool
    sentence: str
    network_as_is: dict[str, float] | None = None


def predict_coseismic(
    windows: "pd.DataFrame", predictor: str, scheme: str = "window", buffer_km: float = 1.0
) -> CoseismicPrediction:
    """Return predictions of windows by models that did not see them.

    Parameters
    ----------
    windows
        As :func:`mainshock.offfault.coseismic_features.window_features` returns, with
        ``ke_ratio_of_means``.
    predictor
        One of :data:`PREDICTORS`.
    scheme
        ``window``: without the window and those less than ``buffer_km`` from its ends;
        ``event``: without its event.

    Raises
    ------
    RegistryError
        If there is no such predictor or scheme.
    DataError
        If too few windows remain to fit to.
    """
    if scheme not in SCHEMES:
        raise RegistryError(f"no scheme {scheme!r}; there are {', '.join(SCHEMES)}")
    windows = windows.reset_index(drop=True)
    ke, low, high = (np.empty(len(windows)) for _ in range(3))
    for row in range(len(windows)):
        one = windows.iloc[[row]]
        same = windows["eq_name"] == one["eq_name"].item()
        if scheme == "window":
            near = (windows["s0_km"] < one["s1_km"].item() + buffer_km) & (
                windows["s1_km"] > one["s0_km"].item() - buffer_km
            )
            same &= near
        found = CoseismicModel(predictor).fit(windows[~same]).predict(one)
        ke[row], low[row], high[row] = found.ke[0], found.lo90[0], found.hi90[0]
    return CoseismicPrediction(ke, low, high)


def score_coseismic(
    windows: "pd.DataFrame", *, buffer_km: float = 1.0, seed: int = 0
) -> CoseismicTest:
    """Return how well each predictor does, and whether geometry adds anything.

    Parameters
    ----------
    windows
        As :func:`mainshock.offfault.coseismic_features.window_features` returns, with
        ``ke_ratio_of_means``. Predictors whose features are known in fewer than three windows are
        left out, and so is leaving out events where there is one only.
    buffer_km
        Windows closer to the one predicted are not fitted to.
    seed
        Of the bootstrap.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    _check(windows, [TARGET])
    observed = windows[TARGET].to_numpy(float)
    schemes = SCHEMES if windows["eq_name"].nunique() > 1 else SCHEMES[:1]
    usable = [name for name, used in PREDICTORS.items() if _is_known(windows, used)]
    found = {
        (scheme, name): predict_coseismic(windows, name, scheme, buffer_km)
        for scheme in schemes
        for name in usable
    }
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, observed.size, (_N_BOOTSTRAP, observed.size))
    keys = [one for one in ("eq_name", "window", "s0_km", "s1_km") if one in windows]
    scores, tables = [], []
    for (scheme, name), one in found.items():
        reference = found[scheme, "event" if scheme == "window" else "constant"]
        scores.append(_score(name, scheme, observed, one, reference, drawn))
        tables.append(
            windows[keys].assign(
                scheme=scheme, predictor=name, observed=observed, ke=one.ke, lo90=one.lo90,
                hi90=one.hi90,
            )
        )  # fmt: skip
    adds, sentence = _verdict(scores)
    return CoseismicTest(
        scores,
        pd.concat(tables, ignore_index=True),
        _correlations(windows),
        adds,
        sentence,
        _as_is(windows),
    )


def _score(
    name: str,
    scheme: str,
    observed: FloatArray,
    found: CoseismicPrediction,
    reference: CoseismicPrediction,
    drawn: NDArray[np.int64],
) -> CoseismicScore:
    """Return the score of a predictor and its gain over a reference, ``drawn`` being resamples."""
    errors = np.abs(found.ke - observed)
    gains = np.abs(reference.ke - observed) - errors
    low, high = np.quantile(gains[drawn].mean(axis=1), [0.025, 0.975])
    inside = (found.lo90 <= observed) & (observed <= found.hi90)
    return CoseismicScore(
        name, scheme, observed.size, float(errors.mean()), float(inside.mean()),
        float((found.hi90 - found.lo90).mean()), float(gains.mean()), (float(low), float(high)),
    )  # fmt: skip


def _is_known(windows: "pd.DataFrame", used: tuple[str, ...]) -> bool:
    return not used or bool((windows[list(used)].notna().sum() >= 3).any())


def _as_is(windows: "pd.DataFrame") -> dict[str, float] | None:
    """Return how far the network's own numbers are off."""
    away = (windows["network_ke"] - windows[TARGET]).dropna().to_numpy(float)
    if away.size == 0:
        return None
    return {"n": away.size, "mae": float(np.abs(away).mean()), "bias": float(away.mean())}


def _verdict(scores: list[CoseismicScore]) -> tuple[bool, str]:
    """Return whether geometry adds anything over the mean of the event, and the words."""
    by_name = {one.predictor: one for one in scores if one.scheme == "window"}
    shapes = [by_name[name] for name in ("geometry", "network") if name in by_name]
    if not shapes:
        return False, "Geometry was not tested: no window has a reference line or traces."
    adds = any(one.gain95[0] > 0.0 for one in shapes)
    best = max(shapes, key=lambda one: (one.gain95[0] > 0.0, one.gain))
    low, high = best.gain95
    numbers = (
        f"over {best.n} windows the error of the event mean is {by_name['event'].mae:.3f}, with "
        f"{best.predictor} {best.mae:.3f} (gain {best.gain:+.3f}, 95 % {low:+.3f} to {high:+.3f})"
    )
    if adds:
        return True, f"Geometry adds to the mean of the event: {numbers}."
    return False, f"Geometry adds nothing that these windows can show: {numbers}."


def _correlations(windows: "pd.DataFrame") -> list[dict[str, Any]]:  # a small table, as above
    """Return the rank correlation of each feature with the efficiency."""
    from scipy.stats import spearmanr  # noqa: PLC0415 - slow to import

    lines = []
    for name in (*GEOLOGY, *GEOMETRY, *NETWORK):
        known = windows[windows[name].notna()]
        if len(known) >= 5 and known[name].nunique() > 1:
            r, p = spearmanr(known[name], known[TARGET])
            lines.append({"feature": name, "n": len(known), "spearman_r": float(r), "p": float(p)})
    return lines
