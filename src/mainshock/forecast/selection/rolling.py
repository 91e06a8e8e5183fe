"""Chooses among models of a catalogue: each window is forecast from all that came before it."""

import math
import time as clocks
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from mainshock.core.errors import DataError, MainshockError, SettingsError
from mainshock.forecast.base import RateModel
from mainshock.forecast.evaluate import Rows, Scored, rows_of, score
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.scores import BlockGains, gain_interval
from mainshock.forecast.selection.fitting import PreparedFit
from mainshock.forecast.selection.search_space import Dimension, search

__all__ = [
    "Candidate",
    "FoldScore",
    "RollingSelection",
    "RollingSettings",
    "RollingTrial",
    "RollingWindow",
    "rolling_windows",
    "select_rolling",
]


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """A model is fitted up to ``start_days`` and scored from there to ``end_days``."""

    start_days: float
    end_days: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kind of model with what may be chosen of it.

    Parameters
    ----------
    name
        In the registry.
    options
        Fixed ones.
    space
        Options that are searched.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Dimension] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RollingSettings:
    """How models are compared.

    Parameters
    ----------
    n_folds
        Windows of equal length that are forecast one after the other.
    first_share
        Part of the whole window before the first of them.
    n_trials, budget_s
        Sets of options tried for each candidate with a space at most, and seconds for all. Each
        candidate has at least one trial.
    n_boot, seed
        Draws of the block bootstrap, and of the search.
    """

    n_folds: int = 4
    first_share: float = 0.5
    n_trials: int = 20
    budget_s: float = 300.0
    n_boot: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FoldScore:
    """What one fit says of the window after it.

    Parameters
    ----------
    window
        Which.
    scored
        ln intensity of its events and expected numbers of its blocks.
    rows
        The events.
    n_fitted
        Targets of the fit.
    """

    window: RollingWindow
    scored: Scored
    rows: Rows
    n_fitted: int


@dataclass(frozen=True, slots=True, eq=False)
class RollingTrial:
    """One kind of model with one set of options, on all windows.

    Parameters
    ----------
    name, options
        What it is.
    folds
        Scores of the windows; empty where it failed.
    seconds
        What it took.
    error
        Why it failed.
    is_spatial
        Whether it knows places; where there is a region, others count as uniform over it.
    """

    name: str
    options: Mapping[str, Any]
    folds: tuple[FoldScore, ...]
    seconds: float
    error: str = ""
    is_spatial: bool = False

    def ll_per_event(self, folds: slice = slice(None)) -> float:
        """Return the log-likelihood per event of some windows, nats; NaN where it failed."""
        chosen = self.folds[folds]
        n = sum(len(one.rows.targets) for one in chosen)
        total = sum(
            float(one.scored.log_intensity.sum() - one.scored.expected.sum()) for one in chosen
        )
        return total / n if n else math.nan

    def gains_over(self, other: "RollingTrial", folds: slice = slice(None)) -> BlockGains:
        """Return the gain over another trial on the same windows, by block of time."""
        parts = [
            mine.scored.gains_over(theirs.scored, mine.rows)
            for mine, theirs in zip(self.folds[folds], other.folds[folds], strict=True)
        ]
        return BlockGains(
            np.concatenate([one.log_ratio for one in parts]),
            np.concatenate([one.expected_difference for one in parts]),
            np.concatenate([one.n for one in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class RollingSelection:
    """What a selection found.

    Parameters
    ----------
    trials
        All, in the order in which they ran; the first is the reference.
    chosen
        The best on the windows of the choice.
    windows
        All windows; the last one is kept from the choice where there are two or more.
    settings
        How they were compared.
    model
        The chosen one, fitted to everything.
    seconds
        Of all.
    """

    trials: tuple[RollingTrial, ...]
    chosen: RollingTrial
    windows: tuple[RollingWindow, ...]
    settings: RollingSettings
    model: RateModel
    seconds: float

    @property
    def reference(self) -> RollingTrial:
        """Return the trial that gains are over: Poisson rates."""
        return self.trials[0]

    @property
    def of_choice(self) -> slice:
        """Return which windows decided."""
        return slice(None, -1) if len(self.windows) > 1 else slice(None)

    @property
    def kept_apart(self) -> slice | None:
        """Return which window no choice saw; None where there is none."""
        return slice(-1, None) if len(self.windows) > 1 else None

    def gain(self, trial: RollingTrial, folds: slice) -> dict[str, Any]:
        """Return gain per event over the reference with its 95 % interval, and what it is of."""
        gains = trial.gains_over(self.reference, folds)
        low, high = gain_interval(gains, self.settings.n_boot, self.settings.seed)
        return {
            "n": int(gains.n.sum()),
            "ll_per_event": trial.ll_per_event(folds),
            "igpe": gains.per_event,
            "interval95": [low, high],
            "n_blocks": len(gains.n),
        }


def rolling_windows(
    start_days: float, end_days: float, n: int, first_share: float = 0.5
) -> tuple[RollingWindow, ...]:
    """Return windows of equal length that follow each other up to the end.

    Parameters
    ----------
    start_days, end_days
        Of all targets.
    n
        Number of windows.
    first_share
        Part of the span before the first of them.

    Raises
    ------
    SettingsError
        If the number or the share makes no sense.

    Examples
    --------
    >>> [(one.start_days, one.end_days) for one in rolling_windows(0.0, 100.0, 2)]
    [(50.0, 75.0), (75.0, 100.0)]
    """
    if n < 1 or not 0 < first_share < 1:
        raise SettingsError(
            f"{n} windows after a share of {first_share:g}: give 1 or more, and a share between "
            "0 and 1"
        )
    edges = np.linspace(start_days + first_share * (end_days - start_days), end_days, n + 1)
    return tuple(RollingWindow(float(a), float(b)) for a, b in pairwise(edges))


def select_rolling(
    prepared: PreparedFit,
    candidates: Sequence[Candidate],
    settings: RollingSettings,
    tell: Callable[[str], None] = lambda _: None,
) -> RollingSelection:
    """Return the best of several models, refitted to the whole window.

    Each is fitted anew before each window, to all events from the start on. Windows but the last
    decide; the last one tells what the choice is worth. Gains are over Poisson rates: with
    adaptive kernels, or constant ones where no model knows places. With a region a model of times
    alone counts as uniform over it.

    Parameters
    ----------
    prepared
        Catalogue, region and completeness; its window is that of all targets.
    candidates
        Models; options that fail are told of and passed over.
    settings
        How to compare.
    tell
        Is called with a line after each trial.

    Raises
    ------
    DataError
        If no candidate can be fitted, or the reference cannot.
    """
    started = clocks.monotonic()
    whole = prepared.settings
    windows = rolling_windows(
        whole.start_days, whole.end_days, settings.n_folds, settings.first_share
    )
    trials: list[RollingTrial] = []
    work = _Work(prepared, windows, {}, tell)
    left = settings.budget_s
    for i, candidate in enumerate(candidates):
        begun = clocks.monotonic()
        share = left / (len(candidates) - i)
        trials += _searched(work, candidate, settings, share)
        left = max(0.0, left - (clocks.monotonic() - begun))
    if all(one.error for one in trials):
        raise DataError("; ".join(f"{one.name}: {one.error}" for one in trials) or "no model given")
    trials = _with_reference(work, trials)
    of_choice = slice(None, -1) if len(windows) > 1 else slice(None)
    good = [one for one in trials if not one.error]
    best = max(good, key=lambda one: one.ll_per_event(of_choice))
    final = replace(whole, options=dict(best.options))
    model = RATE_MODELS.load(best.name).fit(prepared.catalogue, final)
    seconds = clocks.monotonic() - started
    return RollingSelection(tuple(trials), best, windows, settings, model, seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What every trial needs; ``rows`` fills up with the events of each window."""

    prepared: PreparedFit
    windows: Sequence[RollingWindow]
    rows: dict[RollingWindow, Rows]
    tell: Callable[[str], None]


def _with_reference(work: _Work, trials: list[RollingTrial]) -> list[RollingTrial]:
    """Return the trials with the reference before all others."""
    knows_places = any(one.is_spatial and one.name != "poisson" for one in trials)
    name = "poisson-adaptive" if knows_places else "poisson"
    for one in trials:
        if one.name == name and not one.options and not one.error:
            return [one, *(other for other in trials if other is not one)]
    reference = _trial(work, name, {})
    work.tell(_line(reference, work.windows))
    if reference.error:
        raise DataError(
            f"{name}, over which gains are told, cannot be scored: {reference.error}; give fewer "
            "--folds or a longer window"
        )
    return [reference, *trials]


def _searched(
    work: _Work, candidate: Candidate, settings: RollingSettings, budget_s: float
) -> list[RollingTrial]:
    """Return all trials of a candidate."""
    found: list[RollingTrial] = []
    of_choice = slice(None, -1) if len(work.windows) > 1 else slice(None)

    def objective(options: Mapping[str, Any]) -> float:
        one = _trial(work, candidate.name, {**candidate.options, **options})
        found.append(one)
        work.tell(_line(one, work.windows))
        if one.error:
            raise DataError(one.error)
        return -one.ll_per_event(of_choice)

    n = settings.n_trials if candidate.space else 1
    search(candidate.space, objective, n_trials=n, budget_s=budget_s, seed=settings.seed)
    return found


def _trial(work: _Work, name: str, options: Mapping[str, Any]) -> RollingTrial:
    """Fit one set of options before each window and score it there."""
    begun = clocks.monotonic()
    folds, is_spatial = [], False
    try:
        kind = RATE_MODELS.load(name)
        for window in work.windows:
            settings = replace(
                work.prepared.settings, end_days=window.start_days, options=dict(options)
            )
            # nothing of the window itself is within reach of the fit
            past = work.prepared.catalogue.between(-math.inf, window.start_days)
            model = kind.fit(past, settings)
            is_spatial = model.is_spatial
            folds.append(_fold(work, model, window))
    except MainshockError as error:
        return RollingTrial(name, dict(options), (), clocks.monotonic() - begun, str(error))
    seconds = clocks.monotonic() - begun
    return RollingTrial(name, dict(options), tuple(folds), seconds, is_spatial=is_spatial)


def _fold(work: _Work, model: RateModel, window: RollingWindow) -> FoldScore:
    settings = model.info.settings
    if window not in work.rows:
        known = work.prepared.catalogue.between(settings.history_start_days, window.end_days)
        nothing = known.between(math.inf, math.inf)
        work.rows[window] = rows_of(model, nothing, known, window.start_days, window.end_days)
    rows = work.rows[window]
    scored = score(model, rows)
    if settings.region is not None and not model.is_spatial:
        uniform = scored.log_intensity - math.log(settings.region.area_km2)
        scored = Scored(scored.name, uniform, scored.expected)
    return FoldScore(window, scored, rows, model.info.n_events)


def _line(trial: RollingTrial, windows: Sequence[RollingWindow]) -> str:
    options = ", ".join(f"{name}={value}" for name, value in trial.options.items())
    label = f"{trial.name} {options}".strip()
    if trial.error:
        return f"{label}: failed: {trial.error}"
    of_choice = slice(None, -1) if len(windows) > 1 else slice(None)
    return f"{label}: {trial.ll_per_event(of_choice):.4f} nats an event, {trial.seconds:.1f} s"
