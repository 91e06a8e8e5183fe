"""How much smaller residuals get when stations, paths and places have terms of their own.

Terms are fitted to training events and judged on others. Which terms help differs between
regions and measures, so the candidates' predictions are added with weights that fit training
events held out in turn; the test rows play no part in this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mainshock.core.errors import DataError
from mainshock.shaking.design import DesignSettings, backbone_columns, make_design
from mainshock.shaking.nonergodic import (
    Block,
    Variances,
    fit,
    group_sums,
    make_gram,
    make_products,
)
from mainshock.shaking.scenarios import Scenarios

__all__ = [
    "CANDIDATES",
    "Prediction",
    "ResidualScore",
    "predict",
    "score",
    "weigh_terms",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_FOLDS = 3
_FEWEST_ROWS = 50
_MOST_STEPS = 15  # of the search for variances: the error on new events is flat near the best

_NO_FIELDS = DesignSettings(site_lengths=(), source_lengths=(), path_lengths=())
CANDIDATES = {
    "station": _NO_FIELDS,
    "pairs": DesignSettings((), (), (), pair_lengths=(0.3,), max_pairs=350),
    "fields": DesignSettings((), (0.5,), (0.35,), pair_lengths=(0.4,), max_rank=80, max_pairs=250),
}


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What training rows say of other rows.

    Parameters
    ----------
    nonergodic
        With terms of station and path, without the event's, ``(n_rows,)``.
    is_known
        The station has a training value.
    variances
        Of record, of events or stations, and of each block.
    """

    nonergodic: FloatArray
    is_known: BoolArray
    variances: Variances


@dataclass(frozen=True, slots=True)
class ResidualScore:
    """Standard deviations of residuals on test rows.

    Parameters
    ----------
    sd_ergodic, sd_ergodic_known
        About the regression: of all rows, and of those whose station has a training value.
    sd_nonergodic, sd_nonergodic_known
        The same with the terms.
    bias
        Mean of observed minus predicted, all rows.
    n, n_known
        Rows.
    weights
        Of each of :data:`CANDIDATES` in the prediction.
    is_centred
        Predictions had their mean over each event taken away, as within-event residuals have.
    """

    sd_ergodic: float
    sd_nonergodic: float
    sd_ergodic_known: float
    sd_nonergodic_known: float
    bias: float
    n: int
    n_known: int
    weights: dict[str, float]
    is_centred: bool


def score(
    train: Scenarios,
    train_values: FloatArray,
    test: Scenarios,
    test_values: FloatArray,
    *,
    terms: str | None = None,
) -> ResidualScore:
    """Return how residuals of one target shrink on test rows.

    Parameters
    ----------
    train, test
        Source and site of each row.
    train_values, test_values
        The target; NaN where it is not known.
    terms
        Only this one of :data:`CANDIDATES`.

    Raises
    ------
    DataError
        If too few rows have the target.
    """
    known = np.isfinite(train_values)
    train, train_values = train.take(known), train_values[known]
    known = np.isfinite(test_values)
    test, test_values = test.take(known), test_values[known]
    if len(train) < _FEWEST_ROWS or len(test) == 0:
        raise DataError(
            f"{len(train)} training and {len(test)} test rows have the target; at least "
            f"{_FEWEST_ROWS} and 1 are needed"
        )
    weights, is_centred = weigh_terms(train, train_values, (terms,) if terms else ())
    middle = 0.0 if is_centred else float(train_values.mean())
    nonergodic = np.full(len(test), middle)
    for name in [one for one in weights if weights[one] > 0.0]:
        found = predict(train, train_values, test, CANDIDATES[name])
        nonergodic += weights[name] * _about(found.nonergodic, test, middle, is_centred)
    of, left = test_values - _regression(train, train_values, test), test_values - nonergodic
    at = np.isin(test.station, train.station)
    return ResidualScore(
        sd_ergodic=float(of.std()),
        sd_nonergodic=float(left.std()),
        sd_ergodic_known=float(of[at].std()) if at.any() else float("nan"),
        sd_nonergodic_known=float(left[at].std()) if at.any() else float("nan"),
        bias=float(left.mean()),
        n=len(left),
        n_known=int(at.sum()),
        weights=weights,
        is_centred=is_centred,
    )


def weigh_terms(
    train: Scenarios, values: FloatArray, names: Sequence[str] = ()
) -> tuple[dict[str, float], bool]:
    """Return the weights of candidates that best predict held-out training events.

    Parameters
    ----------
    train
        Source and site of each row.
    values
        The target, known in all rows.
    names
        Candidates; all by default. One alone has weight 1.

    Returns
    -------
    tuple
        Weight of each candidate, none negative, and whether predictions are better with their
        mean over an event taken away, as it is from within-event residuals.
    """
    names = tuple(names) or tuple(CANDIDATES)
    held, is_known = _held_out(train, values, names)
    best: tuple[float, dict[str, float], bool] = (np.inf, {}, False)
    for is_centred in (False, True):
        middle = 0.0 if is_centred else float(values.mean())
        told = np.column_stack([_about(one, train, middle, is_centred) for one in held])
        told, wanted = told[is_known], values[is_known] - middle
        weights = nnls(told, wanted)[0] if len(names) > 1 else np.ones(1)
        lost = float(np.sum((wanted - told @ weights) ** 2))
        if lost < best[0]:
            best = lost, dict(zip(names, weights.tolist(), strict=True)), is_centred
    return best[1:]


def _held_out(
    train: Scenarios, values: FloatArray, names: Sequence[str]
) -> tuple[list[FloatArray], BoolArray]:
    """Return each candidate's predictions of training rows from other events, and known rows."""
    events = np.unique(train.event)
    if len(events) < _FOLDS:
        raise DataError(
            f"the training rows are of {len(events)} events; at least {_FOLDS} are needed"
        )
    fold_of = np.random.default_rng(0).permutation(len(events)) % _FOLDS
    fold = fold_of[np.searchsorted(events, train.event)]
    held = [np.empty(len(train)) for _ in names]
    is_known = np.zeros(len(train), dtype=np.bool_)
    for predicted, name in zip(held, names, strict=True):
        start = None
        for one in range(_FOLDS):
            out = fold == one
            found = predict(
                train.take(~out), values[~out], train.take(out), CANDIDATES[name], start
            )
            predicted[out], is_known[out] = found.nonergodic, found.is_known
            start = found.variances
    return held, is_known


def _about(
    predicted: FloatArray, scenarios: Scenarios, middle: float, is_centred: bool
) -> FloatArray:
    return (_centred(predicted, scenarios) if is_centred else predicted) - middle


def predict(
    train: Scenarios,
    values: FloatArray,
    test: Scenarios,
    settings: DesignSettings,
    start: Variances | None = None,
) -> Prediction:
    """Return predictions for test rows from training rows that all have the target.

    The search for variances begins at ``start``, that of like rows.
    """
    design = make_design(train, settings)
    is_known = np.isin(test.station, train.station)
    scale = max(float(values.std()), 1e-9)
    target = (values - values.mean()) / scale
    events, event = np.unique(train.event, return_inverse=True)
    stations, station = np.unique(train.station, return_inverse=True)
    at = np.clip(np.searchsorted(stations, test.station), 0, len(stations) - 1)
    # the grouping with more members is integrated out, the other has columns
    columns, columns_test = design.columns(train), design.columns(test)
    stop, stations_apart = columns.shape[1], len(stations) > len(events)
    size = len(events) if stations_apart else len(stations)
    own = np.eye(size)[event if stations_apart else station]
    own_test = np.zeros((len(test), size))
    if not stations_apart:
        own_test[is_known, at[is_known]] = 1.0
    columns, columns_test = np.hstack((columns, own)), np.hstack((columns_test, own_test))
    group, n_groups = (station, len(stations)) if stations_apart else (event, len(events))
    adds = group_sums(group, n_groups)
    gram = make_gram(columns, adds)
    products = make_products(columns, adds, target)
    blocks = (*design.blocks(), Block("own", stop, stop + size))
    found = fit(gram, products, blocks, start, max_steps=_MOST_STEPS)
    mean = columns_test @ found.mean
    if stations_apart:
        mean += np.where(is_known, found.group_mean[at], 0.0)
    return Prediction(
        nonergodic=values.mean() + scale * mean,
        is_known=is_known,
        variances=found.variances,
    )


def _regression(train: Scenarios, values: FloatArray, test: Scenarios) -> FloatArray:
    """Return the ergodic prediction: least squares in 1, M, ln R, R and depth."""
    here = backbone_columns(train, uses_vs30=False)
    coefficients, *_ = np.linalg.lstsq(here, values, rcond=None)
    return np.asarray(backbone_columns(test, uses_vs30=False) @ coefficients)


def _centred(values: FloatArray, scenarios: Scenarios) -> FloatArray:
    """Return values with their mean over each event taken away."""
    number = np.unique(scenarios.event, return_inverse=True)[1].ravel()
    mean = np.bincount(number, weights=values) / np.bincount(number)
    return np.asarray(values - mean[number])
