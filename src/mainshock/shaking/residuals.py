"""How much smaller residuals get when stations, paths and places have terms of their own.

Terms are fitted to training events and judged on others. Which terms help differs between
regions and measures, so candidates are compared on training events held out in turn; the test
rows play no part in the choice.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

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
    "as_document",
    "choose_terms",
    "predict",
    "score",
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
    ergodic
        From the regression alone, ``(n_rows,)``.
    nonergodic
        With terms of station and path, without the event's, ``(n_rows,)``.
    is_known
        The station has a training value.
    variances
        Of record, of events or stations, and of each block.
    """

    ergodic: FloatArray
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
    terms
        The candidate taken, see :data:`CANDIDATES`.
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
    terms: str
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
        One of :data:`CANDIDATES`; chosen on training events if not given.

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
    chosen, is_centred = choose_terms(train, train_values, (terms,) if terms else ())
    found = predict(train, train_values, test, CANDIDATES[chosen])
    nonergodic = _centred(found.nonergodic, test) if is_centred else found.nonergodic
    of, left = test_values - found.ergodic, test_values - nonergodic
    at = found.is_known
    return ResidualScore(
        sd_ergodic=float(of.std()),
        sd_nonergodic=float(left.std()),
        sd_ergodic_known=float(of[at].std()) if at.any() else float("nan"),
        sd_nonergodic_known=float(left[at].std()) if at.any() else float("nan"),
        bias=float(left.mean()),
        n=len(left),
        n_known=int(at.sum()),
        terms=chosen,
        is_centred=is_centred,
    )


def as_document(found: ResidualScore) -> dict[str, object]:
    """Return a score as plain values."""
    return asdict(found)


def choose_terms(
    train: Scenarios, values: FloatArray, names: Sequence[str] = ()
) -> tuple[str, bool]:
    """Return the candidate with the smallest error on held-out training events, and centring.

    Parameters
    ----------
    train
        Source and site of each row.
    values
        The target, known in all rows.
    names
        Candidates to compare; all by default.

    Returns
    -------
    tuple
        Its name, and whether predictions are better with their mean over an event taken away.
    """
    names = tuple(names) or tuple(CANDIDATES)
    events = np.unique(train.event)
    fold_of = np.random.default_rng(0).permutation(len(events)) % min(_FOLDS, len(events))
    fold = fold_of[np.searchsorted(events, train.event)]
    errors: dict[tuple[str, bool], float] = {}
    for name in names:
        lost, start = np.zeros(2), None
        for one in range(int(fold_of.max()) + 1):
            out = fold == one
            if out.all() or not out.any():
                continue
            found = predict(
                train.take(~out), values[~out], train.take(out), CANDIDATES[name], start
            )
            start = found.variances
            lost += _lost(train.take(out), values[out], found)
        errors[name, False], errors[name, True] = lost.tolist()
    return min(errors, key=lambda one: errors[one])


def _lost(held: Scenarios, values: FloatArray, found: Prediction) -> FloatArray:
    """Return squares of errors at known stations, for predictions as they are and centred."""
    left = np.array([values - found.nonergodic, values - _centred(found.nonergodic, held)])
    return np.asarray(np.square(left[:, found.is_known]).sum(axis=1))


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
        ergodic=_regression(train, values, test),
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
