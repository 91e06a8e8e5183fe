"""Evaluates any model of shaking on records, each score beside the ergodic regression's.

The regression is fitted to training records that are named, never to those it is scored on; events
and stations that both hold are counted and told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.base import Motions
from mainshock.shaking.ergodic import ErgodicMotion, fit_ergodic
from mainshock.shaking.generated import WaveformEvaluation, evaluate_waveforms
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.record_measures import measure_records
from mainshock.shaking.records import Accelerogram, GroundMotionRecords
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.scores import (
    MeasureScores,
    correlation_error,
    frequency_correlation,
    map_correlation,
    score_measure,
    variance_recovered,
)
from mainshock.shaking.training import ShakingModel
from mainshock.shaking.waveform_scores import FURTHER_MEASURES, measure_further

__all__ = [
    "ALL_MEASURES",
    "Baseline",
    "Evaluation",
    "EvaluationSettings",
    "Measured",
    "evaluate",
    "evaluate_measured",
    "fit_baseline",
    "measure",
]

FloatArray = NDArray[np.float64]
ALL_MEASURES = (*MEASURES, *FURTHER_MEASURES)
_TRUTH = "true_"  # columns of the table that hold a generator's own medians
_MIN_RECORDS = 8


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How a model is evaluated.

    Parameters
    ----------
    seed
        Of everything drawn.
    n
        Realisations a record.
    max_waveforms
        Records at most for which waveforms or correlated samples are drawn, chosen at random by
        whole events; medians are scored on all.
    path_cell_km
        Size of a source cell for the part of repeated paths; None leaves it in the rest.
    picker
        Gives the times of phases after origin, in s, ``{"P": 3.2, "S": 5.5}``, of a record.
    """

    seed: int = 0
    n: int = 5
    max_waveforms: int = 200
    path_cell_km: float | None = None
    picker: Callable[[Accelerogram], Mapping[str, float]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Records with all their measures, ``values`` of shape ``(n_records, n_all_measures)``."""

    records: GroundMotionRecords
    values: FloatArray

    @property
    def scenarios(self) -> Scenarios:
        """Source and site of each record."""
        return self.records.scenarios


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The ergodic regression, and the records it was fitted to."""

    motion: ErgodicMotion
    records: GroundMotionRecords

    def told(self, tested: Scenarios) -> dict[str, Any]:
        """Return what a reader must know: where it comes from, what the tested rows share."""
        trained = self.records.scenarios
        return {
            "name": "ergodic regression",
            "train": self.records.path.name,
            "n_records": len(trained),
            "n_shared_events": _shared(_sources(trained), _sources(tested)),
            "n_shared_stations": _shared(_sites(trained), _sites(tested)),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How well a model predicts records.

    Parameters
    ----------
    name
        Of the model.
    is_synthetic
        Model or records were made up.
    measured
        The records.
    motions
        What the model predicts for them.
    residuals
        Observed minus predicted, ``(n_records, n_measures)`` in the order of the motions.
    scores
        By measure.
    correlation_observed, correlation_observed_within
        Of total residuals and of those within events, between frequencies, ``(8, 8)``.
    correlation_model, correlation_model_within
        The same of what the model samples.
    waveforms
        Scores of its accelerograms; None for a model that makes none.
    truth
        By measure, where the table has ``true_`` columns: share of spatial variance recovered
        and correlation with the true map.
    baseline
        The ergodic regression on the same records; None where no training records were given.
    baseline_told
        What :meth:`Baseline.told` says.
    settings
        How it was evaluated.
    """

    name: str
    is_synthetic: bool
    measured: Measured
    motions: Motions
    residuals: FloatArray
    scores: dict[str, MeasureScores]
    correlation_observed: FloatArray
    correlation_observed_within: FloatArray
    correlation_model: FloatArray
    correlation_model_within: FloatArray
    waveforms: WaveformEvaluation | None = None
    truth: dict[str, dict[str, float]] = field(default_factory=dict)
    baseline: "Evaluation | None" = None
    baseline_told: dict[str, Any] | None = None
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)

    def residual(self, measure_name: str) -> FloatArray:
        """Return the residuals of a measure."""
        return self.residuals[:, self.motions.column(measure_name)]

    def residuals_of(self, rows: NDArray[np.intp]) -> Callable[[str], FloatArray | None]:
        """Return a function from a measure to its residuals in rows; None where it has none."""
        return lambda name: self.residual(name)[rows] if name in self.motions.measures else None

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold, each score beside the regression's."""
        other = self.baseline
        scenarios = self.measured.scenarios
        return {
            "model": self.name,
            "data": self.measured.records.path.name,
            "is_synthetic": self.is_synthetic,
            "seed": self.settings.seed,
            "n_records": len(scenarios),
            "n_events": int(np.unique(scenarios.event).size),
            "n_stations": int(np.unique(scenarios.station).size),
            "n_extrapolated": int(self.motions.is_extrapolated.sum()),
            "residual": "observed minus predicted, natural logarithms",
            "baseline": self.baseline_told,
            "motions": {
                name: {"model": one.as_dict(), "ergodic": _score_of(other, name)}
                for name, one in self.scores.items()
            },
            "correlation": {
                "model": self.correlation_dict(),
                "ergodic": None if other is None else other.correlation_dict(),
            },
            "truth": self.truth or None,
            "waveforms": None if self.waveforms is None else self.waveforms.as_dict(),
        }

    def correlation_dict(self) -> dict[str, Any]:
        """Return the errors of the correlation between frequencies."""
        return {
            "total": correlation_error(self.correlation_observed, self.correlation_model),
            "within_event": correlation_error(
                self.correlation_observed_within, self.correlation_model_within
            ),
        }


def measure(records: GroundMotionRecords) -> Measured:
    """Return records with all their measures, those of :data:`ALL_MEASURES`; 10 ms a record."""
    further = [measure_further(one) for one in records]
    table = np.array(further).reshape(len(records), len(FURTHER_MEASURES))
    return Measured(records, np.hstack([measure_records(records), table]))


def fit_baseline(train: Measured) -> Baseline:
    """Return the ergodic regression of training records, durations and onsets included."""
    return Baseline(fit_ergodic(train.scenarios, train.values, ALL_MEASURES), train.records)


def evaluate(
    model: ShakingModel,
    records: GroundMotionRecords,
    seed: int = 0,
    n: int = 5,
    *,
    train: GroundMotionRecords | None = None,
    picker: Callable[[Accelerogram], Mapping[str, float]] | None = None,
) -> Evaluation:
    """Return how well a model predicts records it was not trained on.

    Parameters
    ----------
    model
        Any model of shaking.
    records
        Of events or stations, or both, that were kept apart.
    seed, n
        Of all that is drawn, and realisations a record.
    train
        Records that the ergodic regression is fitted to; None leaves it out.
    picker
        See :class:`EvaluationSettings`.

    Raises
    ------
    DataError
        If there are fewer than 8 records, or the records of training are among those tested.
    """
    settings = EvaluationSettings(seed=seed, n=n, picker=picker)
    baseline = None if train is None else fit_baseline(measure(train))
    return evaluate_measured(model, measure(records), baseline, settings)


def evaluate_measured(
    model: ShakingModel,
    tested: Measured,
    baseline: Baseline | None = None,
    settings: EvaluationSettings | None = None,
) -> Evaluation:
    """Return how well a model predicts records that are measured already; see :func:`evaluate`."""
    settings = settings or EvaluationSettings()
    scenarios = tested.scenarios
    if len(scenarios) < _MIN_RECORDS:
        raise DataError(f"{len(scenarios)} records tell little; give {_MIN_RECORDS} or more")
    regression = None if baseline is None else _evaluate_baseline(baseline, tested, settings)
    chosen = [one for one in model.motions.measures if one in ALL_MEASURES]
    motions = model.motions.predict(scenarios, chosen)
    residuals = tested.values[:, [ALL_MEASURES.index(one) for one in chosen]] - motions.mean
    rows = _rows_to_draw(scenarios, settings)
    waveforms = None
    if model.waveforms is not None:
        waveforms = evaluate_waveforms(
            model.waveforms,
            tested.records.take(rows),
            tested.values[rows],
            ALL_MEASURES,
            None if regression is None else regression.residuals_of(rows),
            n=settings.n,
            seed=settings.seed,
            picker=settings.picker,
        )
    return Evaluation(
        name=model.name,
        is_synthetic=model.is_synthetic or tested.records.is_synthetic,
        measured=tested,
        motions=motions,
        residuals=residuals,
        scores=_scores(motions, residuals, scenarios, settings),
        waveforms=waveforms,
        truth=_truth_scores(tested, motions, regression),
        baseline=regression,
        baseline_told=None if baseline is None else baseline.told(scenarios),
        settings=settings,
        **_correlations(model, scenarios, motions, residuals, rows, settings),
    )


def _evaluate_baseline(
    baseline: Baseline, tested: Measured, settings: EvaluationSettings
) -> Evaluation:
    """Return the scores of the regression, which must not have seen the tested rows."""
    _refuse_same(baseline, tested.scenarios)
    model = ShakingModel("ergodic", baseline.motion, None, is_synthetic=False)
    return evaluate_measured(model, tested, None, settings)


def _scores(
    motions: Motions, residuals: FloatArray, scenarios: Scenarios, settings: EvaluationSettings
) -> dict[str, MeasureScores]:
    """Return the scores of each measure that enough records give."""
    return {
        name: score_measure(
            residuals[:, column],
            motions.sd[:, column],
            scenarios,
            path_cell_km=settings.path_cell_km,
            seed=settings.seed,
        )
        for column, name in enumerate(motions.measures)
        if np.isfinite(residuals[:, column]).sum() >= _MIN_RECORDS
    }


def _rows_to_draw(scenarios: Scenarios, settings: EvaluationSettings) -> NDArray[np.intp]:
    """Return rows of whole events chosen at random, as many as are wanted, events together."""
    names = np.unique(scenarios.event)
    np.random.default_rng(settings.seed).shuffle(names)
    rows = np.concatenate([np.flatnonzero(scenarios.event == one) for one in names])
    return rows[: settings.max_waveforms]


def _correlations(
    model: ShakingModel,
    scenarios: Scenarios,
    motions: Motions,
    residuals: FloatArray,
    rows: NDArray[np.intp],
    settings: EvaluationSettings,
) -> dict[str, FloatArray]:
    """Return the correlation between frequencies of residuals and of what the model samples."""
    names = [one for one in motions.measures if one.startswith("ln_fas")]
    columns = [motions.column(one) for one in names]
    observed = residuals[:, columns]
    some = scenarios.take(rows)
    drawn = np.zeros((rows.size, 1, 0))
    if names:
        rng = np.random.default_rng(settings.seed)
        drawn = model.motions.sample(some, settings.n, rng, names)
        drawn -= motions.mean[rows][:, columns][:, None]
    flat = drawn.reshape(drawn.shape[0] * drawn.shape[1], len(names))
    return {
        "correlation_observed": frequency_correlation(observed, names),
        "correlation_observed_within": frequency_correlation(observed, names, scenarios),
        "correlation_model": frequency_correlation(flat, names),
        "correlation_model_within": frequency_correlation(drawn[:, 0], names, some),
    }


def _truth_scores(
    tested: Measured, motions: Motions, regression: Evaluation | None
) -> dict[str, dict[str, float]]:
    """Return scores against a generator's own medians, where the table has them."""
    table = tested.records.table
    names = [one for one in motions.measures if _TRUTH + one in table.columns]
    if regression is None or not names:
        return {}
    ergodic = regression.motions
    scores = {}
    for name in names:
        truth = table[_TRUTH + name].to_numpy(dtype=np.float64)
        maps = motions.mean[:, motions.column(name)], truth, ergodic.mean[:, ergodic.column(name)]
        scores[name] = {
            "variance_recovered": variance_recovered(*maps),
            "map_correlation": map_correlation(*maps),
        }
    return scores


def _score_of(evaluation: Evaluation | None, name: str) -> dict[str, Any] | None:
    known = evaluation is not None and name in evaluation.scores
    return evaluation.scores[name].as_dict() if known and evaluation is not None else None


def _sources(scenarios: Scenarios) -> set[tuple[float, ...]]:
    columns = (
        scenarios.source_longitude,
        scenarios.source_latitude,
        scenarios.depth_km,
        scenarios.magnitude,
    )
    return _rounded(columns)


def _sites(scenarios: Scenarios) -> set[tuple[float, ...]]:
    return _rounded((scenarios.site_longitude, scenarios.site_latitude))


def _rounded(columns: Sequence[FloatArray]) -> set[tuple[float, ...]]:
    return set(map(tuple, np.round(np.column_stack(columns), 4).tolist()))


def _shared(first: set[tuple[float, ...]], second: set[tuple[float, ...]]) -> int:
    return len(first & second)


def _refuse_same(baseline: Baseline, tested: Scenarios) -> None:
    """Refuse a regression fitted to the very rows it would be scored on."""
    trained = baseline.records.scenarios
    places = [
        _rounded(
            (
                one.source_longitude, one.source_latitude, one.depth_km, one.magnitude,
                one.site_longitude, one.site_latitude,
            )
        )
        for one in (trained, tested)
    ]  # fmt: skip
    n = _shared(*places)
    if n:
        raise DataError(
            f"{n} records of {baseline.records.path.name} are also tested; split by event, by "
            "station or by both, and give one part to --train"
        )
