"""Scores of predicted shaking against what was recorded: bias, spread, calibration, correlation.

A residual is observed minus predicted, in natural logarithms. Records of one earthquake are not
independent, so intervals come from events drawn anew, never from records.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mainshock.core.errors import DataError
from mainshock.shaking.aleatory import shared_correlation
from mainshock.shaking.measures import FAS_FREQUENCIES_HZ, fas_name
from mainshock.shaking.mixed_effects import ResidualSplit, fit_mixed_effects, split_residuals
from mainshock.shaking.scenarios import Scenarios

__all__ = [
    "FREQUENCY_PAIRS_HZ",
    "MeasureScores",
    "correlation_error",
    "frequency_correlation",
    "map_correlation",
    "pit",
    "score_measure",
    "variance_recovered",
    "within_event",
]

FloatArray = NDArray[np.float64]

FREQUENCY_PAIRS_HZ = ((2.0, 5.0), (5.0, 10.0), (2.0, 15.0))
"""Pairs of frequencies whose correlation is told by name."""

_LEAST_PAIRS = 8


@dataclass(frozen=True, slots=True)
class MeasureScores:
    """How well one measure is predicted.

    Parameters
    ----------
    n, n_events
        Records that give the measure, and their events.
    bias, sd
        Mean of the residuals, and their standard deviation about it.
    bias95, sd95
        95 % intervals over events drawn anew.
    predicted_sd
        Root mean square of the predicted standard deviations; NaN where none are given.
    calibration, calibration95
        ``sd / predicted_sd``, 1 where the model knows its own error, above 1 where it is too
        sure; and its interval.
    coverage68, coverage95
        Share of records inside the central 68.3 % and 95 % of the predicted distribution.
    pit_distance
        Largest distance between the distribution of PIT values and the uniform one
        (Kolmogorov-Smirnov), 0 for a calibrated model.
    split
        Parts between events, stations, paths, and single records.
    """

    n: int
    n_events: int
    bias: float
    bias95: tuple[float, float]
    sd: float
    sd95: tuple[float, float]
    predicted_sd: float
    calibration: float
    calibration95: tuple[float, float]
    coverage68: float
    coverage95: float
    pit_distance: float
    split: ResidualSplit

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def score_measure(
    residual: FloatArray,
    predicted_sd: FloatArray | None,
    scenarios: Scenarios,
    *,
    path_cell_km: float | None = None,
    n_draws: int = 500,
    seed: int = 0,
) -> MeasureScores:
    """Return the scores of one measure.

    Parameters
    ----------
    residual
        Observed minus predicted, ``(n,)``; NaN where the record does not give it.
    predicted_sd
        ``(n,)``; None where the model gives none.
    scenarios
        Events and stations of the rows.
    path_cell_km
        Size of a source cell for the part of repeated paths; None leaves it in the rest.
    n_draws, seed
        Draws of events with replacement, and their randomness.

    Raises
    ------
    DataError
        If fewer than three residuals are finite.
    """
    kept = np.isfinite(residual)
    if kept.sum() < 3:
        raise DataError(f"{int(kept.sum())} finite residuals tell nothing; give 3 or more")
    values, rows = residual[kept], scenarios.take(kept)
    sd = np.full(values.size, np.nan) if predicted_sd is None else predicted_sd[kept]
    names, event = np.unique(rows.event, return_inverse=True)
    counts = np.ones((1, names.size))
    sums = _sums_by_event(values, sd, event, names.size)
    bias, spread, given, ratio = _statistics(counts, sums)[0].tolist()
    drawn = np.random.default_rng(seed).multinomial(
        names.size, np.full(names.size, 1.0 / names.size), size=n_draws
    )
    bias95, sd95, _, ratio95 = _intervals(_statistics(drawn.astype(np.float64), sums))
    position = pit(values, sd)
    has_sd = bool(np.isfinite(position).all())
    return MeasureScores(
        n=values.size,
        n_events=int(names.size),
        bias=bias,
        bias95=bias95,
        sd=spread,
        sd95=sd95,
        predicted_sd=given,
        calibration=ratio,
        calibration95=ratio95,
        coverage68=float((np.abs(values) <= sd).mean()) if has_sd else np.nan,
        coverage95=float((np.abs(values) <= 1.959964 * sd).mean()) if has_sd else np.nan,
        pit_distance=_distance_from_uniform(position) if has_sd else np.nan,
        split=split_residuals(values, rows, path_cell_km),
    )


def pit(residual: FloatArray, predicted_sd: FloatArray) -> FloatArray:
    """Return where observations lie in their predicted normal distributions, 0 to 1."""
    return np.asarray(special.ndtr(residual / predicted_sd))


def within_event(residual: FloatArray, scenarios: Scenarios) -> FloatArray:
    """Return residuals less their event's term, the best linear unbiased one, and the bias.

    NaN stays NaN.
    """
    within = np.full(residual.shape, np.nan)
    kept = np.isfinite(residual)
    event = scenarios.event[kept]
    factors = {"event": event} if 1 < np.unique(event).size < event.size else {}
    fit = fit_mixed_effects(residual[kept], factors)
    within[kept] = fit.residual
    return within


def frequency_correlation(
    residuals: FloatArray, measures: Sequence[str], scenarios: Scenarios | None = None
) -> FloatArray:
    """Return the correlation of residuals between frequencies of the Fourier amplitude.

    Parameters
    ----------
    residuals
        ``(n_rows, n_measures)``.
    measures
        Their names; those of Fourier amplitudes are used.
    scenarios
        Given, residuals within events are correlated; else total ones.

    Returns
    -------
    ndarray
        ``(8, 8)``, in the order of ``FAS_FREQUENCIES_HZ``; NaN where a frequency is missing or
        fewer than 8 records have both.
    """
    n = len(FAS_FREQUENCIES_HZ)
    columns = np.full((len(residuals), n), np.nan)
    for number, frequency_hz in enumerate(FAS_FREQUENCIES_HZ):
        if (name := fas_name(frequency_hz)) in measures:
            one = residuals[:, measures.index(name)]
            enough = np.isfinite(one).sum() >= _LEAST_PAIRS
            columns[:, number] = one if scenarios is None or not enough else within_event(
                one, scenarios
            )  # fmt: skip
    return shared_correlation(columns, _LEAST_PAIRS)


def correlation_error(observed: FloatArray, modelled: FloatArray) -> dict[str, Any]:
    """Return how far a model's correlation between frequencies is from the observed.

    Returns
    -------
    dict
        ``mean_absolute`` and ``largest`` difference over all pairs, and ``pairs``: for 2-5, 5-10
        and 2-15 Hz the two values.
    """
    above = np.triu_indices(len(observed), 1)
    difference = np.abs(observed - modelled)[above]
    difference = difference[np.isfinite(difference)]
    pairs = {}
    for low, high in FREQUENCY_PAIRS_HZ:
        place = FAS_FREQUENCIES_HZ.index(low), FAS_FREQUENCIES_HZ.index(high)
        pairs[f"{low:g}-{high:g}hz"] = {
            "observed": float(observed[place]),
            "model": float(modelled[place]),
        }
    return {
        "mean_absolute": float(difference.mean()) if difference.size else np.nan,
        "largest": float(difference.max()) if difference.size else np.nan,
        "pairs": pairs,
    }


def variance_recovered(predicted: FloatArray, truth: FloatArray, ergodic: FloatArray) -> float:
    """Return the share of the spatial variance that the ergodic model misses and this one finds.

    ``1 - var(predicted - truth) / var(ergodic - truth)`` over rows that have a truth: 1 for the
    truth itself, 0 for the ergodic model, below 0 for a worse one.
    """
    kept = np.isfinite(predicted) & np.isfinite(truth) & np.isfinite(ergodic)
    missed = np.var((ergodic - truth)[kept])
    return float(1.0 - np.var((predicted - truth)[kept]) / missed) if missed > 0.0 else np.nan


def map_correlation(predicted: FloatArray, truth: FloatArray, ergodic: FloatArray) -> float:
    """Return the correlation of two maps after taking the ergodic map from both.

    NaN where one of them is the ergodic map itself.
    """
    kept = np.isfinite(predicted) & np.isfinite(truth) & np.isfinite(ergodic)
    pair = np.stack([(predicted - ergodic)[kept], (truth - ergodic)[kept]])
    if pair.shape[1] < 3 or pair.std(axis=1).min() < 1e-12:
        return np.nan
    return float(np.corrcoef(*pair)[0, 1])


def _sums_by_event(
    values: FloatArray, sd: FloatArray, event: NDArray[np.intp], n_events: int
) -> FloatArray:
    """Return per event the number, sum, sum of squares and sum of predicted variances."""
    columns = (np.ones(values.size), values, values**2, sd**2)
    return np.stack([np.bincount(event, one, n_events) for one in columns], axis=1)


def _statistics(counts: FloatArray, sums: FloatArray) -> FloatArray:
    """Return bias, sd, predicted sd and their ratio for how often each event is drawn."""
    n, first, second, variance = (counts @ sums).T
    bias = first / n
    spread = np.sqrt(np.maximum(second / n - bias**2, 0.0) * n / np.maximum(n - 1.0, 1.0))
    predicted = np.sqrt(variance / n)
    return np.stack([bias, spread, predicted, spread / predicted], axis=1)


def _intervals(drawn: FloatArray) -> list[tuple[float, float]]:
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _distance_from_uniform(position: FloatArray) -> float:
    ordered = np.sort(position)
    steps = np.arange(position.size + 1) / position.size
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))
