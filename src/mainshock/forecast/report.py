"""Every test of any forecast models on the same events, gathered for one page and one document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.provenance import file_sha256
from mainshock.core.times import format_utc
from mainshock.forecast.base import RateModel
from mainshock.forecast.count_calibration import (
    CountCalibration,
    count_calibration,
    window_forecasts,
)
from mainshock.forecast.csep_comparisons import rate_comparison, signed_rank_comparison
from mainshock.forecast.evaluate import Evaluation, baseline_of, evaluate_model
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.model_folder import info_document, open_model, stored_events
from mainshock.forecast.reliability import (
    brier_parts,
    recalibrated,
    reliability_diagram,
    roc_curve,
)
from mainshock.forecast.residual_analysis import (
    Residuals,
    TransformedTimes,
    super_thinned,
    transformed_times,
)
from mainshock.forecast.scores import ErrorDiagram, error_diagram, gain_interval, log_score
from mainshock.forecast.window_tests import (
    PooledRates,
    Probabilities,
    WindowTests,
    grid_for,
    pooled_rates,
    pooled_tests,
    window_probabilities,
    window_tests,
)
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = [
    "Candidate",
    "ForecastReport",
    "ModelReport",
    "ReportSettings",
    "candidates_from",
    "make_report",
    "reliability_of",
]

_AGENCY = "the national agency responsible for earthquakes"
_FEWEST_EVENTS = 3  # from which on residuals say anything


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How models are tested.

    Parameters
    ----------
    days
        Length of the windows that are simulated.
    n_simulations
        Catalogues a window, and simulations of each gridded test.
    n_boot
        Draws of the block bootstrap.
    seed
        Of everything drawn.
    agency
        Source of official advice.
    allow_overlap
        Whether the test window may overlap that of a fit.
    """

    days: float = 7.0
    n_simulations: int = 1000
    n_boot: int = 1000
    seed: int = 0
    agency: str = _AGENCY
    allow_overlap: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A fitted model under test.

    Parameters
    ----------
    name
        As the page has it.
    model
        Fitted.
    events
        The events that it knows.
    checksums
        SHA-256 of the files of its folder, by name.
    """

    name: str
    model: RateModel
    events: Catalogue
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ModelReport:
    """Everything measured of one model.

    Parameters
    ----------
    candidate
        The model.
    evaluation
        Its scores.
    counts
        Numbers of events in windows.
    tests
        CSEP's tests over windows.
    pooled, pooled_rows
        Rates of all windows together, and their gridded tests.
    probabilities
        Of at least one event.
    alarms
        Molchan's diagram over cells and windows, weighed by area and time; None without places.
    times, residuals
        Residual analysis; None of fewer than three events.
    """

    candidate: Candidate
    evaluation: Evaluation
    counts: CountCalibration
    tests: list[WindowTests]
    pooled: PooledRates
    pooled_rows: list[dict[str, Any]]
    probabilities: list[Probabilities]
    alarms: ErrorDiagram | None
    times: TransformedTimes | None
    residuals: Residuals | None

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self.candidate.name

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        alarms = self.alarms
        return {
            "fitted": info_document(self.candidate.model.info),
            "checksums": dict(self.candidate.checksums),
            "scores": self.evaluation.as_dict(),
            "counts": self.counts.as_dict(),
            "csep_windows": [one.as_dict() for one in self.tests],
            "csep_pooled": self.pooled_rows,
            "reliability": [reliability_of(one) for one in self.probabilities],
            "error_diagram": None
            if alarms is None
            else {"area_skill": alarms.area_skill, "without_skill_95": list(alarms.area_skill_95)},
            "transformed_times": None if self.times is None else self.times.as_dict(),
            "super_thinned": None if self.residuals is None else self.residuals.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ForecastReport:
    """Models tested on the same events.

    Parameters
    ----------
    models
        In the order they were given; the baseline last.
    catalogue
        Up to the end of the test, for its portrait.
    catalogue_name, catalogue_sha256
        Of its file.
    settings
        How they were tested.
    grid
        Cells of the tests with places; None for times alone.
    created
        When.
    """

    models: list[ModelReport]
    catalogue: Catalogue
    catalogue_name: str
    catalogue_sha256: str
    settings: ReportSettings
    grid: CellGrid | None
    created: datetime

    @property
    def is_synthetic(self) -> bool:
        """Return whether models or events were made by a model."""
        first = self.models[0]
        return self.catalogue.is_synthetic or first.evaluation.info.is_synthetic

    def comparisons(self) -> list[dict[str, Any]]:
        """Return gains of every model over the baseline, and of others over the first model."""
        first, *others, baseline = self.models
        pairs = [(one, baseline) for one in (first, *others)] + [(one, first) for one in others]
        return [_comparison(one, other, self.settings) for one, other in pairs]

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        rows = self.models[0].evaluation.rows
        times = self.catalogue.time_days
        return {
            "issued": "retrospective",
            "is_synthetic": self.is_synthetic,
            "agency": self.settings.agency,
            "created": format_utc(self.created),
            "software": f"mainshock {__version__}",
            "catalogue": {
                "name": self.catalogue_name,
                "sha256": self.catalogue_sha256,
                "n": len(self.catalogue),
                "first": text_from_days(float(times[0])),
                "last": text_from_days(float(times[-1])),
            },
            "from": text_from_days(rows.start_days),
            "to": text_from_days(rows.end_days),
            "n": len(rows.targets),
            "windows": {"days": self.settings.days, "simulations": self.settings.n_simulations},
            "seed": self.settings.seed,
            "cell_deg": None if self.grid is None else self.grid.cell_deg,
            "baseline": self.models[-1].name,
            "models": {one.name: one.as_dict() for one in self.models},
            "comparisons": self.comparisons(),
        }


def candidates_from(folders: Sequence[Path]) -> list[Candidate]:
    """Return the models of folders, named after them; with a number where two are called alike.

    Raises
    ------
    ModelError
        If a folder holds no model.
    """
    found: list[Candidate] = []
    for folder in folders:
        names = [one.name for one in found]
        plain = folder.resolve().name
        number, name = 2, plain
        while name in names:
            number, name = number + 1, f"{plain} {number}"
        sums = {path.name: file_sha256(path) for path in sorted(folder.glob("*")) if path.is_file()}
        found.append(Candidate(name, open_model(folder), stored_events(folder), sums))
    return found


def make_report(
    candidates: Sequence[Candidate],
    catalogue: Catalogue,
    start_days: float,
    end_days: float,
    settings: ReportSettings | None = None,
    *,
    catalogue_name: str = "",
    catalogue_sha256: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> ForecastReport:
    """Return every test of models on the events of ``start <= time < end``.

    Parameters
    ----------
    candidates
        At least one; all of the same region and magnitude of completeness, so that they are
        tested on the same events.
    catalogue
        Events of the window, with or without those before it.
    start_days, end_days
        Days after 1970-01-01.
    settings
        How they are tested.
    catalogue_name, catalogue_sha256
        For the record.
    say
        Called with a line of progress.

    Raises
    ------
    DataError
        If there is no model, or they forecast different things; else as of
        :func:`~mainshock.forecast.evaluate.evaluate_model`.
    """
    settings = settings or ReportSettings()
    first = _alike(candidates)
    baseline = _baseline(first, candidates)
    region = first.model.info.region if first.model.is_spatial else None
    grid = None if region is None else grid_for(region)
    reports = []
    for one in (*candidates, baseline):
        say(f"testing {one.name}")
        found = _evaluated(one, baseline, catalogue, (start_days, end_days), settings)
        reports.append(_model_report(one, found, grid, settings, say))
    known = catalogue.between(-np.inf, end_days)
    now = datetime.now(UTC)
    return ForecastReport(reports, known, catalogue_name, catalogue_sha256, settings, grid, now)


def reliability_of(one: Probabilities, n_bins: int = 10) -> dict[str, Any]:
    """Return scores of probabilities, with the reliability diagram, as JSON can hold them."""
    diagram = reliability_diagram(one.probability, one.happened, n_bins)
    parts = brier_parts(one.probability, one.happened)
    both = bool(one.happened.any() and not one.happened.all())
    area = roc_curve(one.probability, one.happened) if both else None
    best = np.clip(recalibrated(one.probability, one.happened), 1e-12, 1 - 1e-12)
    return {
        "what": one.what,
        "n": len(one.probability),
        "happened": int(one.happened.sum()),
        "expected": float(one.probability.sum()),
        "brier": parts.score,
        "brier_miscalibration": parts.miscalibration,
        "brier_discrimination": parts.discrimination,
        "brier_uncertainty": parts.uncertainty,
        "log_score": log_score(one.probability, one.happened),
        "log_score_recalibrated": log_score(best, one.happened),
        "roc_area": None if area is None else {"area": area.area, "interval95": area.area_95},
        "share_of_bins_consistent": diagram.share_consistent,
        "bins": [
            {"forecast": p, "observed": o, "n": n, "low95": low, "high95": high}
            for p, o, n, low, high in zip(
                diagram.forecast.tolist(),
                diagram.observed.tolist(),
                diagram.n.tolist(),
                diagram.low_95.tolist(),
                diagram.high_95.tolist(),
                strict=True,
            )
        ],
    }


def _alike(candidates: Sequence[Candidate]) -> Candidate:
    """Return the first model, if all forecast the same events."""
    if not candidates:
        raise DataError("no model to report on; give one or more with --model")
    first = candidates[0]
    for one in candidates[1:]:
        ours, theirs = first.model.info, one.model.info
        same = (
            abs(ours.mc - theirs.mc) < 1e-9
            and ours.region == theirs.region
            and first.model.is_spatial == one.model.is_spatial
        )
        if not same:
            raise DataError(
                f"{first.name} (mc {ours.mc:g}) and {one.name} (mc {theirs.mc:g}) differ in "
                "magnitude of completeness, region, or whether they know places; models are "
                "compared on the same events: report on them apart"
            )
    return first


def _baseline(first: Candidate, candidates: Sequence[Candidate]) -> Candidate:
    name = "poisson-adaptive" if first.model.is_spatial else "poisson"
    while name in [one.name for one in candidates]:
        name += " (baseline)"
    return Candidate(name, baseline_of(first.model, first.events), first.events)


def _evaluated(
    one: Candidate,
    baseline: Candidate,
    catalogue: Catalogue,
    window: tuple[float, float],
    settings: ReportSettings,
) -> Evaluation:
    found = evaluate_model(
        one.model,
        one.events,
        catalogue,
        *window,
        baseline=baseline.model,
        n_boot=settings.n_boot,
        seed=settings.seed,
        allow_overlap=settings.allow_overlap,
    )
    return replace(
        found,
        model=replace(found.model, name=one.name),
        baseline=replace(found.baseline, name=baseline.name),
    )


def _model_report(
    candidate: Candidate,
    evaluation: Evaluation,
    grid: CellGrid | None,
    settings: ReportSettings,
    say: Callable[[str], None],
) -> ModelReport:
    model, rows, seed = candidate.model, evaluation.rows, settings.seed
    forecasts = window_forecasts(
        model, rows, days=settings.days, n_simulations=settings.n_simulations, seed=seed, say=say
    )
    info = model.info
    pooled = pooled_rates(forecasts, info, grid)
    enough = len(rows.targets) >= _FEWEST_EVENTS
    return ModelReport(
        candidate,
        evaluation,
        count_calibration(forecasts, seed),
        window_tests(forecasts, info, grid),
        pooled,
        pooled_tests(pooled, settings.n_simulations, seed),
        window_probabilities(forecasts, info, grid),
        _alarms(pooled, grid),
        transformed_times(model, rows) if enough else None,
        super_thinned(model, rows, evaluation.model, seed=seed) if enough else None,
    )


def _alarms(pooled: PooledRates, grid: CellGrid | None) -> ErrorDiagram | None:
    if grid is None or not pooled.window_counts.any():
        return None
    measure = np.broadcast_to(grid.area_km2, pooled.window_rates.shape)
    return error_diagram(pooled.window_rates, measure, pooled.window_counts)


def _comparison(one: ModelReport, other: ModelReport, settings: ReportSettings) -> dict[str, Any]:
    ours, theirs, rows = one.evaluation.model, other.evaluation.model, one.evaluation.rows
    gains = ours.gains_over(theirs, rows)
    told: dict[str, Any] = {
        "model": one.name,
        "over": other.name,
        "gain": gains.per_event,
        "interval95": list(gain_interval(gains, settings.n_boot, settings.seed)),
        "blocks": len(rows.blocks),
    }
    if len(ours.log_intensity) > 1:
        logs = ours.log_intensity, theirs.log_intensity
        sums = float(ours.expected.sum()), float(theirs.expected.sum())
        t, w = rate_comparison(*logs, *sums), signed_rank_comparison(*logs, *sums)
        told |= {"t_interval95": [t.lower, t.upper], "w_probability": w.probability}
    return told
