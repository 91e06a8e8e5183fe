"""Chooses among models of a user's own table, in order of time."""

import math
import time as clocks
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.selection.calibrators import Calibrator, chosen_calibrator
from mainshock.forecast.selection.encoding import TableEncoding
from mainshock.forecast.selection.leakage import leakage_signs
from mainshock.forecast.selection.predictors import Predictor
from mainshock.forecast.selection.search_space import Trial, search
from mainshock.forecast.selection.series import SeriesMeans
from mainshock.forecast.selection.tabular_baselines import Baseline, climatology, persistence
from mainshock.forecast.selection.tabular_folder import TabularModel
from mainshock.forecast.selection.tabular_models import (
    FitContext,
    TabularKind,
    TrainingRows,
    model_kinds,
)
from mainshock.forecast.selection.tabular_scores import Spread, fit_spread, row_scores
from mainshock.forecast.selection.thinning import thinned
from mainshock.forecast.selection.time_splits import TimeSplit, expanding_splits, last_part
from mainshock.forecast.selection.user_table import CLASSIFY, REGRESS, TimedTable

__all__ = [
    "FoldData",
    "ModelOutcome",
    "TabularSelection",
    "TabularSettings",
    "select_on_table",
]

FloatArray = NDArray[np.float64]
_MOST_ROWS_A_TRIAL, _MOST_ROWS = 20_000, 100_000  # of a fit; above, quiet rows are thinned


@dataclass(frozen=True, slots=True)
class TabularSettings:
    """How models are compared.

    Parameters
    ----------
    gap
        How far ahead the target looks, in the unit of the table's times.
    n_splits
        Blocks of time that are forecast one after the other to choose options.
    test_share, test_start
        Last part of the rows, or time from which on they are kept apart from every choice.
    models
        Names of kinds; None for all.
    n_trials, budget_s
        Sets of options tried for each model at most, and seconds for all searches together. Each
        model has at least one trial.
    seed, threads
        Of all that is drawn; processor threads that may be used.
    is_refitted
        Whether the chosen model is fitted once more to all rows, the judged ones too.
    """

    gap: float = 0.0
    n_splits: int = 5
    test_share: float = 0.2
    test_start: float | None = None
    models: tuple[str, ...] | None = None
    n_trials: int = 20
    budget_s: float = 300.0
    seed: int = 0
    threads: int = 1
    is_refitted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutcome:
    """What became of one kind of model.

    Parameters
    ----------
    name, title
        Of the kind.
    options
        The best ones.
    validation
        Score by which models are chosen, the lower the better: log score of later blocks after
        calibration (nats a row), or mean squared error.
    said
        Of the judged rows, ``(n, n_outputs)``.
    model
        Fitted to the rows before them.
    trials
        All that was tried.
    calibration
        Validation score of each kind of calibration.
    """

    name: str
    title: str
    options: Mapping[str, Any]
    validation: float
    said: FloatArray
    model: TabularModel
    trials: tuple[Trial, ...]
    calibration: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TabularSelection:
    """What a selection found.

    Parameters
    ----------
    table, settings, split
        What was compared, how, and which rows were judged.
    outcomes
        Models, the best of the validation first.
    baselines
        Name to what each says of the judged rows.
    model
        To be saved: the first of ``outcomes``, refitted if asked for.
    leakage
        Feature to the share of the target that it explains alone.
    warnings
        What the user must know.
    seconds
        Of all.
    """

    table: TimedTable
    settings: TabularSettings
    split: TimeSplit
    outcomes: tuple[ModelOutcome, ...]
    baselines: Mapping[str, Baseline]
    model: TabularModel
    leakage: Mapping[str, float]
    warnings: tuple[str, ...]
    seconds: float

    @property
    def chosen(self) -> ModelOutcome:
        """Return the model that was best on validation."""
        return self.outcomes[0]


@dataclass(frozen=True, slots=True, eq=False)
class FoldData:
    """Rows of one split as numbers.

    Parameters
    ----------
    learnt
        Rows to fit to, thinned where there are very many.
    judged, judged_target
        Shapes ``(n, k)`` and ``(n,)``.
    """

    learnt: TrainingRows
    judged: FloatArray
    judged_target: FloatArray

    @classmethod
    def of(
        cls, table: TimedTable, split: TimeSplit, settings: TabularSettings, most_rows: int
    ) -> tuple["FoldData", TableEncoding]:
        """Return the rows of a split; nothing of the judged ones enters the encoding."""
        encoding = TableEncoding.learnt(table.features.iloc[split.learnt])
        target = table.target[split.learnt]
        rng = np.random.default_rng(settings.seed)
        kept, weight = thinned(target, table.task, most_rows, rng)
        learnt = encoding.plain(table.features.iloc[split.learnt[kept]])
        series = None
        if table.group is not None:
            means, past = SeriesMeans.learnt(table, split.learnt, settings.gap)
            encoding = replace(encoding, series=means)
            learnt = np.column_stack([learnt, past[kept]])
            series = np.array(table.group_names)[table.group[split.judged]]
        judged = encoding.matrix(table.features.iloc[split.judged], series)
        training = TrainingRows(learnt, target[kept], weight)
        return cls(training, judged, table.target[split.judged]), encoding


def select_on_table(
    table: TimedTable, settings: TabularSettings, tell: Callable[[str], None] = lambda _: None
) -> TabularSelection:
    """Return the best of several kinds of models, and what each says of the last rows.

    Options, calibration and the choice among models use the rows before the judged ones alone,
    and of those, each block is forecast from the blocks before it.

    Parameters
    ----------
    table
        Rows in order of time.
    settings
        How to compare.
    tell
        Is called with a line after each model.

    Raises
    ------
    DataError
        If there are too few rows, or a class is not among the rows learnt from.
    SettingsError
        If a model is unknown.
    """
    started = clocks.monotonic()
    kinds = model_kinds(settings.models)
    split = last_part(table.time, settings.gap, settings.test_share, settings.test_start)
    _check_classes(table, split)
    final, encoding = FoldData.of(table, split, settings, _MOST_ROWS)
    folds = _folds(table, split, settings)
    explained, warnings = leakage_signs(
        final.learnt.matrix, encoding.names(), final.learnt.target, table.task
    )
    final_rows = (final, encoding, split)
    outcomes = _outcomes(kinds, folds, final_rows, table, settings, tell)
    outcomes.sort(key=lambda one: one.validation)
    normal = climatology(table, split)
    baselines = {"persistence": persistence(table, split, settings.gap, normal)}
    if table.group is not None:
        baselines["climatology"] = normal
    model = outcomes[0].model
    if settings.is_refitted:
        model = _refitted(kinds[outcomes[0].name], outcomes[0], table, settings)
    return TabularSelection(
        table=table,
        settings=settings,
        split=split,
        outcomes=tuple(outcomes),
        baselines=baselines,
        model=model,
        leakage=explained,
        warnings=(*table.notes, *warnings, *_cautions(table, split, settings, outcomes)),
        seconds=clocks.monotonic() - started,
    )


def _outcomes(
    kinds: Mapping[str, TabularKind],
    folds: list[FoldData],
    final: tuple[FoldData, TableEncoding, TimeSplit],
    table: TimedTable,
    settings: TabularSettings,
    tell: Callable[[str], None],
) -> list[ModelOutcome]:
    """Return what became of each kind; what one leaves of its share of time goes to the others."""
    outcomes, left = [], float(settings.budget_s)
    for i, (name, kind) in enumerate(kinds.items()):
        begun = clocks.monotonic()
        share = left / (len(kinds) - i)
        one = _outcome(name, kind, folds, final, (table, settings, share))
        left = max(0.0, left - (clocks.monotonic() - begun))
        outcomes.append(one)
        tell(f"{name}: {len(one.trials)} trials, validation {one.validation:.4f}")
    return outcomes


def _context(table: TimedTable, settings: TabularSettings) -> FitContext:
    return FitContext(table.task, len(table.classes), settings.seed, settings.threads)


def _check_classes(table: TimedTable, split: TimeSplit) -> None:
    if table.task != CLASSIFY:
        return
    counts = np.bincount(table.target[split.learnt].astype(np.int64), minlength=len(table.classes))
    if (counts == 0).any():
        missing = ", ".join(np.array(table.classes)[counts == 0])
        raise DataError(
            f"class {missing} of {table.names[0]!r} does not occur before the judged rows; give "
            "more rows, another --test-share, or another target"
        )


def _folds(table: TimedTable, split: TimeSplit, settings: TabularSettings) -> list[FoldData]:
    """Return the blocks by which options are chosen, all before the judged rows."""
    splits = expanding_splits(table.time[split.learnt], settings.n_splits, settings.gap)
    n_classes = max(1, len(table.classes))
    kept = []
    for one in splits:
        rows = table.target[split.learnt][one.learnt]
        if table.task == CLASSIFY and len(np.unique(rows)) < n_classes:
            continue  # a class that was not seen yet cannot be learnt
        # rows of the split are rows of the table: the learnt ones come first in it
        kept.append(FoldData.of(table, one, settings, _MOST_ROWS_A_TRIAL)[0])
    if not kept:
        raise DataError(
            "no block of the training has all classes before it; give more rows, fewer "
            "--n-splits, or a target that is less rare"
        )
    return kept


def _outcome(
    name: str,
    kind: TabularKind,
    folds: list[FoldData],
    final: tuple[FoldData, TableEncoding, TimeSplit],
    rest: tuple[TimedTable, TabularSettings, float],
) -> ModelOutcome:
    """Search options of one kind, calibrate it, fit it, and let it speak of the judged rows."""
    table, settings, budget_s = rest
    context = _context(table, settings)
    best: dict[str, Any] = {"score": math.inf}

    def objective(options: Mapping[str, Any]) -> float:
        said = [kind.fit(options, fold.learnt, context).predict(fold.judged) for fold in folds]
        score = _pooled_loss(said, folds, context.task)
        if score < best["score"]:
            best.update(score=score, said=said, options=dict(options))
        return score

    trials = search(
        kind.space,
        objective,
        n_trials=settings.n_trials,
        budget_s=budget_s,
        seed=settings.seed,
        first=kind.first,
    )
    if "options" not in best:
        raise DataError(f"no trial of model {name!r} succeeded: {trials[0].error}")
    calibrator, spread, scores = _calibration(best["said"], folds, context.task)
    data, encoding, split = final
    predictor = kind.fit(best["options"], data.learnt, context)
    model = _model(table, settings.gap, split.learnt, (encoding, predictor, calibrator, spread))
    said = predictor.predict(data.judged)
    said = calibrator(said) if context.task == CLASSIFY else said
    validation = min(scores.values()) if scores else float(best["score"])
    return ModelOutcome(
        name, kind.title, best["options"], validation, said, model, tuple(trials), scores
    )


def _pooled_loss(said: list[FloatArray], folds: list[FoldData], task: str) -> float:
    name = "squared_error" if task == REGRESS else "log_score"
    losses = [
        row_scores(one, fold.judged_target, task)[name]
        for one, fold in zip(said, folds, strict=True)
    ]
    return float(np.concatenate(losses).mean())


def _calibration(
    said: list[FloatArray], folds: list[FoldData], task: str
) -> tuple[Calibrator, Spread, dict[str, float]]:
    """Return how probabilities are calibrated, how values scatter, and scores of calibrations."""
    pooled = np.concatenate(said)
    target = np.concatenate([fold.judged_target for fold in folds])
    if task != CLASSIFY:
        return Calibrator(), fit_spread(pooled[:, 0], target, task), {}
    block = np.repeat(np.arange(len(folds)), [len(one) for one in said])
    calibrator, scores = chosen_calibrator(pooled, target, block)
    return calibrator, Spread(), scores


def _model(
    table: TimedTable,
    gap: float,
    learnt: NDArray[np.int64],
    parts: tuple[TableEncoding, Predictor, Calibrator, Spread],
) -> TabularModel:
    target = table.target[learnt]
    if table.task == CLASSIFY:
        counts = np.bincount(target.astype(np.int64), minlength=len(table.classes))
        reference = counts / counts.sum()
    else:
        reference = np.array([target.mean()])
    return TabularModel(
        task=table.task,
        classes=table.classes,
        encoding=parts[0],
        predictor=parts[1],
        calibrator=parts[2],
        spread=parts[3],
        reference=reference,
        target=table.names[0],
        time=table.names[1],
        group=table.names[2],
        gap=gap,
        trained_until=float(table.time[learnt[-1]]),
    )


def _refitted(
    kind: TabularKind,
    outcome: ModelOutcome,
    table: TimedTable,
    settings: TabularSettings,
) -> TabularModel:
    """Return the chosen model fitted to all rows; calibration stays as it was."""
    rows = np.arange(len(table), dtype=np.int64)
    data, encoding = FoldData.of(
        table, TimeSplit(rows, rows[:0], math.inf, 0), settings, _MOST_ROWS
    )
    predictor = kind.fit(outcome.options, data.learnt, _context(table, settings))
    old = outcome.model
    return _model(table, settings.gap, rows, (encoding, predictor, old.calibrator, old.spread))


def _cautions(
    table: TimedTable, split: TimeSplit, settings: TabularSettings, outcomes: list[ModelOutcome]
) -> list[str]:
    told = []
    if settings.gap == 0:
        told.append(
            "no gap was kept: if the target looks ahead over some time, give that time by --gap, "
            "else the end of the training overlaps what is judged"
        )
    if table.task == CLASSIFY:
        counts = np.bincount(table.target[split.judged].astype(np.int64), minlength=2)
        if counts.min() < 10:
            told.append(
                f"only {counts.min()} judged rows are of the rarest class: scores are uncertain"
            )
    if outcomes[0].name == "dummy":
        told.append("no model was better than the mean of the training; nothing is forecast by it")
    return told
