"""Scores a fitted model on later events of its region, beside Poisson rates fitted to its past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.files import replacing
from mainshock.forecast.base import ModelInfo, RateModel, as_history
from mainshock.forecast.csep_comparisons import rate_comparison, signed_rank_comparison
from mainshock.forecast.refusals import refuse_overlap
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.repeats import each_event_once, repeats_note
from mainshock.forecast.scores import BlockGains, gain_interval, log_likelihood_per_event
from mainshock.forecast.sequences import Sequences, TimeBlocks, find_sequences, time_blocks
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days

__all__ = [
    "Evaluation",
    "Rows",
    "Scored",
    "baseline_of",
    "evaluate_model",
    "per_event_columns",
    "rows_of",
    "score",
    "window_integrals",
    "write_per_event",
]

FloatArray = NDArray[np.float64]
_GAP_DAYS = 30.0  # without events before a catalogue begins that its user must be told
_ABOVE_MC = 0.25  # magnitudes by which a catalogue may begin above a model's completeness
_SHOWN = 12


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The events of a test and what may be known before each of them.

    Parameters
    ----------
    targets
        Events of the window that count.
    history
        All sources before the window's end.
    start_days, end_days
        The window, days after 1970-01-01.
    blocks, sequences
        Of the targets.
    n_stored
        Events of the history that come from the model's folder.
    is_in_sample
        Whether the window overlaps that of the fit.
    warnings
        What their user must know.
    """

    targets: Catalogue
    history: Catalogue
    start_days: float
    end_days: float
    blocks: TimeBlocks
    sequences: Sequences
    n_stored: int
    is_in_sample: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one model says of the rows.

    Parameters
    ----------
    name
        Of the model.
    log_intensity
        ln intensity at each target, shape ``(n_targets,)``.
    expected
        Intensity integrated over region and block, shape ``(n_blocks,)``.
    """

    name: str
    log_intensity: FloatArray
    expected: FloatArray

    @property
    def ll_per_event(self) -> float:
        """Return the log-likelihood per event, nats."""
        return log_likelihood_per_event(self.log_intensity, float(self.expected.sum()))

    def gains_over(self, other: "Scored", rows: Rows) -> BlockGains:
        """Return the gain over another model on the same rows, by block of time."""
        block, n = rows.blocks.of(rows.targets.time_days), len(rows.blocks)
        return BlockGains(
            np.bincount(block, self.log_intensity - other.log_intensity, n).astype(np.float64),
            self.expected - other.expected,
            np.bincount(block, minlength=n).astype(np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A model and its baseline on the same rows.

    Parameters
    ----------
    info
        What the model is.
    rows
        What was tested.
    model, baseline
        What each says.
    interval95
        Of the information gain per event over the baseline, by a bootstrap over blocks.
    n_boot
        Number of draws of it.
    """

    info: ModelInfo
    rows: Rows
    model: Scored
    baseline: Scored
    interval95: tuple[float, float]
    n_boot: int

    @property
    def n(self) -> int:
        """Return the number of events."""
        return len(self.rows.targets)

    @property
    def expected_n(self) -> float:
        """Return the intensity integrated over region and window."""
        return float(self.model.expected.sum())

    @property
    def igpe(self) -> float:
        """Return the information gain per event over the baseline, nats."""
        return self.model.gains_over(self.baseline, self.rows).per_event

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        rows, settings = self.rows, self.info.settings
        region = settings.region
        return {
            "model": self.model.name,
            "n": self.n,
            "ll_per_event": self.model.ll_per_event,
            "expected_n": self.expected_n,
            "igpe_vs_poisson_adaptive": self.igpe,
            "interval95": list(self.interval95),
            "interval_method": {
                "name": "block bootstrap, percentiles",
                "blocks": len(rows.blocks),
                "block_days": rows.blocks.block_days,
                "keeps_sequences": rows.blocks.keeps_sequences,
                "draws": self.n_boot,
            },
            "baseline": {
                "model": self.baseline.name,
                "fitted_to": [
                    text_from_days(settings.start_days),
                    text_from_days(settings.end_days),
                ],
                "ll_per_event": self.baseline.ll_per_event,
                "expected_n": float(self.baseline.expected.sum()),
            },
            **_comparisons(self.model, self.baseline),
            "from": text_from_days(rows.start_days),
            "to": text_from_days(rows.end_days),
            "mc": settings.mc,
            "region": None if region is None else region.to_document(),
            "area_km2": None if region is None else region.area_km2,
            "unit": "nats; intensity per day" + ("" if region is None else " and km^2"),
            "issued": "retrospective",
            "in_sample": rows.is_in_sample,
            "is_synthetic": self.info.is_synthetic or rows.targets.is_synthetic,
            "history": {"n": len(rows.history), "from_model": rows.n_stored},
            "sequences": _largest_sequences(self),
            "warnings": [*self.info.warnings, *rows.warnings],
        }


def evaluate_model(
    model: RateModel,
    folder_events: Catalogue,
    catalogue: Catalogue,
    start_days: float,
    end_days: float,
    *,
    baseline: RateModel | None = None,
    n_boot: int = 1000,
    seed: int = 0,
    allow_overlap: bool = False,
) -> Evaluation:
    """Return the scores of a model on the events of ``start <= time < end``.

    Region and magnitude of completeness are the model's. Each event is scored with the events
    before it; events at or after ``end`` are not looked at. The baseline is fitted to the model's
    own training window: Poisson rates with adaptive kernels, of times alone a constant rate.

    Parameters
    ----------
    model
        Fitted.
    folder_events
        The events that the model knows; those before the catalogue's first one join the history,
        and the baseline is fitted to those of the training window.
    catalogue
        Events of the window, with or without those before it.
    start_days, end_days
        Days after 1970-01-01.
    baseline
        In place of the Poisson rates.
    n_boot, seed
        Of the bootstrap.
    allow_overlap
        Whether the window may overlap that of the fit; the scores are then marked.

    Raises
    ------
    SettingsError
        If the window is empty.
    DataError
        If the window overlaps that of the fit, or the catalogue has no places and the model needs
        them, or begins above its completeness.
    NothingFoundError
        If there is no event to score.
    """
    rows = rows_of(
        model, folder_events, catalogue, start_days, end_days, allow_overlap=allow_overlap
    )
    other = baseline_of(model, folder_events) if baseline is None else baseline
    scored, beside = score(model, rows), score(other, rows)
    interval = gain_interval(scored.gains_over(beside, rows), n_boot, seed)
    return Evaluation(model.info, rows, scored, beside, interval, n_boot)


def rows_of(
    model: RateModel,
    folder_events: Catalogue,
    catalogue: Catalogue,
    start_days: float,
    end_days: float,
    *,
    allow_overlap: bool = False,
) -> Rows:
    """Return what a model is tested on; parameters and errors as of :func:`evaluate_model`."""
    settings = model.info.settings
    in_sample = _refuse_windows(model.info, start_days, end_days, allow_overlap)
    known, left_out = each_event_once(catalogue.between(-np.inf, end_days))
    if model.is_spatial and len(known) and not known.has_places:
        raise DataError(
            f"the model {model.info.kind} knows places and the catalogue has none; fit a model of "
            "times alone, such as etas-temporal"
        )
    _refuse_incomplete(known, settings.mc)
    targets = known.between(start_days, end_days).above(settings.mc)
    if settings.region is not None:
        targets = targets.take(settings.region.contains(targets.longitude, targets.latitude))
    if len(targets) == 0:
        raise NothingFoundError(
            f"no event of magnitude {settings.mc:g} or more in the model's region from "
            f"{text_from_days(start_days)} to {text_from_days(end_days)}; check --from, --to and "
            "the catalogue"
        )
    first = float(known.time_days[0])
    before = folder_events.between(-np.inf, first)
    joined = Catalogue.joined([before, known]) if len(before) else known
    sequences = find_sequences(targets)
    return Rows(
        targets,
        as_history(joined, settings, end_days),
        start_days,
        end_days,
        time_blocks(targets, sequences, start_days, end_days),
        sequences,
        len(before),
        in_sample,
        (*left_out, *_warnings(model, known, start_days, in_sample)),
    )


def baseline_of(model: RateModel, folder_events: Catalogue) -> RateModel:
    """Return Poisson rates fitted to the training window of a model.

    Raises
    ------
    DataError
        If the model's events hold no target.
    """
    settings = replace(model.info.settings, options={})
    # the stored events end with the fit; what stands after it must not count
    training = folder_events.between(-np.inf, settings.end_days)
    if model.is_spatial:
        return RATE_MODELS.load("poisson-adaptive").fit(training, settings)
    if settings.region is not None:  # a rate a day, of the region's events
        inside = settings.region.contains(training.longitude, training.latitude)
        training, settings = training.take(inside), replace(settings, region=None)
    return RATE_MODELS.load("poisson").fit(training, settings)


def score(model: RateModel, rows: Rows) -> Scored:
    """Return what a model says of the rows.

    Raises
    ------
    DataError
        If an intensity is not a number.
    """
    logs = np.asarray(model.log_intensity(rows.targets, rows.history), dtype=np.float64)
    expected = window_integrals(model, rows.history, rows.blocks.edges_days)
    if (
        logs.shape != (len(rows.targets),)
        or np.isnan(logs).any()
        or not np.isfinite(expected).all()
    ):
        raise DataError(f"the model {model.info.kind} gives intensities that are no numbers")
    return Scored(model.info.kind, logs, expected)


def window_integrals(model: RateModel, history: Catalogue, edges_days: FloatArray) -> FloatArray:
    """Return the intensity integrated over the region and spans that follow each other.

    A model that has a method ``integrals(history, edges_days)`` is asked once, others span by
    span.

    Parameters
    ----------
    model
        Fitted.
    history
        Sources, those inside the spans among them.
    edges_days
        Ends of the spans, shape ``(n_spans + 1,)``.
    """
    at_once = getattr(model, "integrals", None)
    if at_once is not None:
        return np.asarray(at_once(history, edges_days), dtype=np.float64)
    spans = zip(edges_days[:-1].tolist(), edges_days[1:].tolist(), strict=True)
    return np.array([model.integral(history, start, end) for start, end in spans])


def per_event_columns(evaluation: Evaluation) -> Mapping[str, Sequence[object] | NDArray[Any]]:
    """Return the columns of a table with a row for each event that was scored."""
    rows = evaluation.rows
    names = np.array([*rows.sequences.names, ""], dtype=object)
    return {
        "event_id": rows.targets.event_id,
        "time": [text_from_days(float(one)) for one in rows.targets.time_days],
        "longitude": rows.targets.longitude,
        "latitude": rows.targets.latitude,
        "magnitude": rows.targets.magnitude,
        "log_intensity": evaluation.model.log_intensity,
        "log_intensity_baseline": evaluation.baseline.log_intensity,
        "sequence": names[rows.sequences.label],
        "block": rows.blocks.of(rows.targets.time_days),
    }


def write_per_event(path: Path, evaluation: Evaluation) -> None:
    """Write a row for each event, as Parquet or CSV, whichever the suffix says.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    import pandas as pd  # noqa: PLC0415

    if path.suffix.lower() not in (".parquet", ".csv"):
        raise DataError(f"{path} must end in .parquet or .csv")
    frame = pd.DataFrame(dict(per_event_columns(evaluation)))
    with replacing(path) as written:
        if path.suffix.lower() == ".parquet":
            frame.to_parquet(written, index=False)
        else:
            frame.to_csv(written, index=False)


def _refuse_windows(
    info: ModelInfo, start_days: float, end_days: float, allow_overlap: bool
) -> bool:
    """Return whether the test window overlaps the training window, where that is allowed."""
    if not end_days > start_days:
        raise SettingsError(
            f"the window from {text_from_days(start_days)} to {text_from_days(end_days)} is empty; "
            "give --to after --from"
        )
    if not allow_overlap:
        refuse_overlap(info, start_days)
    return info.settings.end_days > start_days


def _refuse_incomplete(known: Catalogue, mc: float) -> None:
    if len(known) < 50:
        return
    least = float(known.magnitude.min())
    if least > mc + _ABOVE_MC:
        raise DataError(
            f"the catalogue begins at magnitude {least:g}, the model forecasts from {mc:g} on; "
            "give a catalogue that is complete there, or fit with a higher --mc"
        )


def _warnings(model: RateModel, known: Catalogue, start_days: float, in_sample: bool) -> list[str]:
    found = []
    first, fit_end = float(known.time_days[0]), model.info.settings.end_days
    if first - fit_end > _GAP_DAYS:
        found.append(
            f"no events between {text_from_days(fit_end)} (end of the fit) and "
            f"{text_from_days(first)} (start of the catalogue): sources in between are missing"
        )
    if first > start_days + _GAP_DAYS:
        found.append(
            f"the catalogue begins {text_from_days(first)}, after the window does; time without "
            "events counts as quiet"
        )
    found += repeats_note(known.above(model.info.mc))
    if in_sample:
        found.append("in-sample: the test window overlaps the training window")
    return found


def _comparisons(model: Scored, baseline: Scored) -> dict[str, Any]:
    if len(model.log_intensity) < 2:
        return {"t_test": None, "w_test": None}
    pairs = (model.log_intensity, baseline.log_intensity)
    sums = (float(model.expected.sum()), float(baseline.expected.sum()))
    t, w = rate_comparison(*pairs, *sums), signed_rank_comparison(*pairs, *sums)
    return {
        "t_test": {
            "gain": t.gain,
            "interval95": [t.lower, t.upper],
            "statistic": t.statistic,
            "note": "takes events to be independent; the block bootstrap does not",
        },
        "w_test": {"statistic": w.statistic, "probability": w.probability, "n": w.n},
    }


def _largest_sequences(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the sequences with most events and the mean of ln intensity over the baseline's."""
    rows = evaluation.rows
    ratio = evaluation.model.log_intensity - evaluation.baseline.log_intensity
    sizes = rows.sequences.sizes()
    found = []
    for one in np.argsort(-sizes, kind="stable")[:_SHOWN]:
        mean = float(ratio[rows.sequences.label == one].mean())
        name = rows.sequences.names[one]
        found.append({"name": name, "n": int(sizes[one]), "log_ratio_per_event": mean})
    return found
