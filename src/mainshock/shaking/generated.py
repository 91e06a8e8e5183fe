"""Evaluates generated accelerograms: made for the scenarios of records, measured, compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.base import WaveformModel
from mainshock.shaking.record_measures import measure_waveforms
from mainshock.shaking.records import Accelerogram, GroundMotionRecords
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.scores import correlation_error, frequency_correlation
from mainshock.shaking.waveform_scores import (
    ANDERSON_CRITERIA,
    anderson_scores,
    discriminative_score,
    fit_pairs,
    frechet_distance,
    log_spectrum,
    measure_further,
    score_samples,
    texture,
    tsne_coordinates,
)

__all__ = ["WaveformEvaluation", "evaluate_waveforms"]

FloatArray = NDArray[np.float64]
_ROWS_AT_ONCE = 32
_LEAST_SPAN_S = 4.0
_LEAST_EVENTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class WaveformEvaluation:
    """How generated accelerograms compare with recorded ones.

    Parameters
    ----------
    n_rows, n
        Records, and realisations of each.
    measures
        By measure: what :func:`~mainshock.shaking.waveform_scores.score_samples` gives, with the
        ergodic regression's residuals under ``ergodic``.
    correlation
        Error of the correlation between frequencies, sampled against observed residuals.
    anderson
        Mean of each criterion, of all, and ``if_model_were_true``: one realisation against
        another, which is what a perfect model of these motions would reach.
    olsen_mayhew
        By kind of measure, in the same way.
    frechet
        Squared distance of ln spectra to the recorded ones, and between two realisations.
    discriminative
        See :func:`~mainshock.shaking.waveform_scores.discriminative_score`; None where records
        share no time base or there are too few events.
    picks
        Rate and error of picked phases; None without a picker.
    observed, sampled
        All measures, ``(n_rows, n_measures)`` and ``(n_rows, n, n_measures)``.
    pair
        A recorded and a generated accelerogram of the median magnitude, to look at.
    coordinates
        t-SNE of recorded, then generated, ``(2 n_rows, 2)``; empty where there is no texture.
    """

    n_rows: int
    n: int
    measures: dict[str, dict[str, Any]]
    correlation: dict[str, Any]
    anderson: dict[str, Any]
    olsen_mayhew: dict[str, Any]
    frechet: dict[str, float]
    discriminative: dict[str, float] | None
    picks: dict[str, Any] | None
    observed: FloatArray
    sampled: FloatArray
    pair: tuple[Accelerogram, Accelerogram]
    coordinates: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: all scores."""
        left_out = ("observed", "sampled", "pair", "coordinates")
        return {name: getattr(self, name) for name in self.__slots__ if name not in left_out}


def evaluate_waveforms(
    model: WaveformModel,
    records: GroundMotionRecords,
    observed: FloatArray,
    names: Sequence[str],
    ergodic: Callable[[str], FloatArray | None] | None,
    *,
    n: int,
    seed: int,
    picker: Callable[[Accelerogram], Mapping[str, float]] | None = None,
) -> WaveformEvaluation:
    """Return how accelerograms of a model compare with recorded ones.

    Parameters
    ----------
    model, records
        Makes accelerograms; recorded ones, rows of an event together.
    observed, names
        Their measures, ``(n_rows, n_measures)``: ``MEASURES`` and ``FURTHER_MEASURES``.
    ergodic
        Gives residuals of the regression by measure.
    n, seed
        Realisations a record, and their randomness.
    picker
        Gives times of phases after origin of a record.

    Raises
    ------
    DataError
        If ``n`` is below 2: a spread needs two.
    """
    if n < 2:
        raise DataError(f"{n} realisations have no spread; ask for 2 or more")
    first, second, sampled = _generate(model, records.scenarios, n, seed)
    recorded = list(records)
    event = records.scenarios.event
    measures = {
        name: score_samples(observed[:, column], sampled[:, :, column], event, seed=seed)
        | {"ergodic": _spread(None if ergodic is None else ergodic(name))}
        for column, name in enumerate(names)
    }
    features = _textures(recorded, first)
    middle = int(np.argsort(records.scenarios.magnitude)[len(records) // 2])
    return WaveformEvaluation(
        n_rows=len(records),
        n=n,
        measures=measures,
        correlation=_correlation(observed, sampled, names),
        anderson=_anderson(recorded, first, second),
        olsen_mayhew=fit_pairs(observed, sampled[:, 0], names)
        | {"if_model_were_true": fit_pairs(sampled[:, 1], sampled[:, 0], names)["mean"]},
        frechet=_frechet(recorded, first, second),
        discriminative=_told_apart(features, event, seed),
        picks=None if picker is None else _picks(picker, records, recorded, first),
        observed=observed,
        sampled=sampled,
        pair=(recorded[middle], first[middle]),
        coordinates=tsne_coordinates(*features, seed) if features is not None else np.zeros((0, 2)),
    )


def _generate(
    model: WaveformModel, scenarios: Scenarios, n: int, seed: int
) -> tuple[list[Accelerogram], list[Accelerogram], FloatArray]:
    """Return two realisations of each row, and the measures of all, ``(n_rows, n, n_measures)``."""
    rng = np.random.default_rng(seed)
    first, second, sampled = [], [], []
    for rows in _portions(scenarios):
        made = model.simulate(scenarios.take(rows), n, rng)
        for of_row in made.acceleration:
            records = [
                Accelerogram(one, made.sampling_rate_hz, made.start_rel_origin_s) for one in of_row
            ]
            further = np.stack([measure_further(one) for one in records])
            sampled.append(np.hstack([measure_waveforms(of_row, made.sampling_rate_hz), further]))
            first.append(records[0])
            second.append(records[1])
    return first, second, np.stack(sampled)


def _portions(scenarios: Scenarios) -> Iterator[NDArray[np.intp]]:
    """Yield rows in order, some 32 at a time but never half an event: its term is drawn once."""
    rows = np.arange(len(scenarios))
    changes = np.flatnonzero(scenarios.event[1:] != scenarios.event[:-1]) + 1
    start = 0
    for change in [*changes.tolist(), len(scenarios)]:
        if change - start >= _ROWS_AT_ONCE or change == len(scenarios):
            yield rows[start:change]
            start = change


def _spread(residual: FloatArray | None) -> dict[str, float] | None:
    if residual is None or np.isfinite(residual).sum() < 3:
        return None
    return {"bias": float(np.nanmean(residual)), "sd": float(np.nanstd(residual, ddof=1))}


def _correlation(observed: FloatArray, sampled: FloatArray, names: Sequence[str]) -> dict[str, Any]:
    mean = sampled.mean(axis=1)
    spread = (sampled - mean[:, None]).transpose(1, 0, 2).reshape(-1, len(names))
    return correlation_error(
        frequency_correlation(observed - mean, names), frequency_correlation(spread, names)
    )


def _anderson(
    recorded: Sequence[Accelerogram],
    first: Sequence[Accelerogram],
    second: Sequence[Accelerogram],
) -> dict[str, Any]:
    scores = np.mean([anderson_scores(*pair) for pair in zip(recorded, first, strict=True)], axis=0)
    own = np.mean([anderson_scores(*pair) for pair in zip(second, first, strict=True)], axis=0)
    return {
        "criteria": dict(zip(ANDERSON_CRITERIA, scores.tolist(), strict=True)),
        "mean": float(scores.mean()),
        "mean_without_correlation": float(scores[:-1].mean()),
        "if_model_were_true": float(own.mean()),
    }


def _frechet(
    recorded: Sequence[Accelerogram],
    first: Sequence[Accelerogram],
    second: Sequence[Accelerogram],
) -> dict[str, float]:
    """Return the distance of spectra to the recorded ones, and between two realisations."""
    real, made, again = (
        np.stack([log_spectrum(one) for one in part]) for part in (recorded, first, second)
    )
    kept = np.isfinite(real).all(axis=0) & np.isfinite(made).all(axis=0)
    return {
        "generated": frechet_distance(real[:, kept], made[:, kept]),
        "if_model_were_true": frechet_distance(again[:, kept], made[:, kept]),
    }


def _textures(
    recorded: Sequence[Accelerogram], generated: Sequence[Accelerogram]
) -> tuple[FloatArray, FloatArray] | None:
    """Return features of recorded and generated over the time that all cover, else None."""
    everything = [*recorded, *generated]
    start_s = max(one.start_rel_origin_s for one in everything)
    end_s = min(
        one.start_rel_origin_s + one.acceleration.shape[1] / one.sampling_rate_hz
        for one in everything
    )
    if not all(np.isfinite(one.start_rel_origin_s) for one in everything):
        return None
    if end_s - start_s < _LEAST_SPAN_S:
        return None
    real, made = (
        np.stack([texture(one, start_s, end_s) for one in part]) for part in (recorded, generated)
    )
    return real, made


def _told_apart(
    features: tuple[FloatArray, FloatArray] | None, event: NDArray[Any], seed: int
) -> dict[str, float] | None:
    if features is None or np.unique(event).size < _LEAST_EVENTS:
        return None
    return discriminative_score(*features, event, seed)


def _picks(
    picker: Callable[[Accelerogram], Mapping[str, float]],
    records: GroundMotionRecords,
    recorded: Sequence[Accelerogram],
    generated: Sequence[Accelerogram],
) -> dict[str, Any]:
    """Return how often phases are picked and how far from travel times, else from real picks."""
    has_times = {"tp_s", "ts_s"} <= set(records.table.columns)
    found: dict[str, Any] = {
        "reference": "travel times" if has_times else "picks on the recorded waveforms"
    }
    made = [picker(one) for one in generated]
    real = [] if has_times else [picker(one) for one in recorded]
    for phase in ("P", "S"):
        expected = (
            records.table[f"t{phase.lower()}_s"].to_numpy(dtype=np.float64)
            if has_times
            else np.array([one.get(phase, np.nan) for one in real])
        )
        error = np.array([one.get(phase, np.nan) for one in made]) - expected
        known = error[np.isfinite(error)]
        found[phase] = {
            "rate": float(np.mean([phase in one for one in made])),
            "median_absolute_s": float(np.median(np.abs(known))) if known.size else np.nan,
            "median_s": float(np.median(known)) if known.size else np.nan,
        }
    return found
