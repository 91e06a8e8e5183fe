"""Scores a picker on labelled windows: hits, misses, false picks, residuals."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mainshock.core.errors import DataError
from mainshock.core.records import PHASES
from mainshock.detect.base import Picker
from mainshock.detect.labels import LabelledWindow, highest_rate_hz, labelled_windows
from mainshock.sources.labelled_datasets import open_dataset

__all__ = [
    "TOLERANCES_S",
    "WindowResult",
    "context_samples",
    "evaluate_picker",
    "pick_windows",
    "score_windows",
]

TOLERANCES_S = (0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class WindowResult:
    """The labels of a window and the times picked in it, in seconds from its start."""

    arrivals_s: dict[str, float]
    unlabelled: frozenset[str]
    dataset: str
    is_noise: bool
    picked_s: dict[str, list[float]]
    sigma_s: dict[str, list[float]] = field(default_factory=dict)
    probability: dict[str, list[float]] = field(default_factory=dict)


def pick_windows(
    picker: Picker,
    windows: Iterable[LabelledWindow],
    progress: Callable[[str], None] | None = None,
) -> list[WindowResult]:
    """Return what a picker finds in each window; times count from the start of its waveform."""
    results: list[WindowResult] = []
    for window in windows:
        waveform = window.waveform
        picks = picker.classify(waveform) if waveform.samples.any() else []
        first_s, end_s = (sample / waveform.sampling_rate_hz for sample in window.scored)
        times = [(one, (one.time - waveform.start).total_seconds()) for one in picks]
        times = [(one, time) for one, time in times if first_s <= time < end_s]
        results.append(
            WindowResult(
                arrivals_s={
                    phase: sample / waveform.sampling_rate_hz
                    for phase, sample in window.arrivals.items()
                },
                unlabelled=window.unlabelled,
                dataset=window.dataset,
                is_noise=window.is_noise,
                picked_s={p: [t for one, t in times if one.phase == p] for p in PHASES},
                sigma_s={p: [one.sigma_s for one, _ in times if one.phase == p] for p in PHASES},
                probability={
                    p: [one.probability for one, _ in times if one.phase == p] for p in PHASES
                },
            )
        )
        if progress is not None:
            progress(window.dataset)
    return results


def context_samples(picker: Picker, sampling_rate_hz: float) -> int:
    """Return how many samples a picker sees at once; 0 for one that does not say."""
    return round(float(getattr(picker, "window_s", 0.0)) * sampling_rate_hz)


def _phase_score(results: Sequence[WindowResult], phase: str, tolerance_s: float) -> dict[str, Any]:
    """Return precision, recall, F1 and residuals; a pick counts once, each surplus is false."""
    hits, false, missed = 0, 0, 0
    residuals: list[float] = []
    for result in results:
        if phase in result.unlabelled:
            continue
        offsets = result.picked_s[phase]
        label = result.arrivals_s.get(phase)
        if label is None:
            false += len(offsets)
            continue
        nearest = min((time - label for time in offsets), key=abs, default=np.inf)
        is_hit = abs(nearest) <= tolerance_s
        hits, missed = hits + is_hit, missed + (not is_hit)
        false += len(offsets) - is_hit
        if is_hit:
            residuals.append(float(nearest))
    precision = hits / (hits + false) if hits + false else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2.0 * precision * recall / (precision + recall) if hits else 0.0,
        "n": hits + missed,
        "residual_mean_s": float(np.mean(residuals)) if residuals else None,
        "residual_sd_s": float(np.std(residuals)) if residuals else None,
        "mae_s": float(np.mean(np.abs(residuals))) if residuals else None,
    }


def score_windows(results: Sequence[WindowResult]) -> dict[str, Any]:
    """Return the scores of all phases and tolerances, and the false alarms in noise."""
    noise = [result for result in results if result.is_noise]
    alarms = sum(any(result.picked_s[phase] for phase in PHASES) for result in noise)
    return {
        "phases": {
            phase: {str(limit): _phase_score(results, phase, limit) for limit in TOLERANCES_S}
            for phase in PHASES
        },
        "noise_windows": {"n": len(noise), "with_pick": alarms},
    }


def evaluate_picker(
    picker: Picker,
    dataset_dir: Path,
    windows_file: Path,
    *,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Return the scores of a picker on the windows of a dataset, for all tolerances and by dataset.

    Raises
    ------
    SourceError
        If the dataset is not there.
    DataError
        If the windows do not fit the dataset, or there is none.
    """
    dataset = open_dataset(dataset_dir)
    windows = labelled_windows(
        dataset, windows_file, context_samples(picker, highest_rate_hz(dataset))
    )
    results = pick_windows(picker, windows, progress)
    if not results:
        raise DataError(f"{windows_file} lists no window; it needs at least one row")
    names = sorted({result.dataset for result in results})
    by_dataset = {
        name: score_windows([result for result in results if result.dataset == name])
        for name in names
    }
    return {"model": picker.name, **score_windows(results), "by_dataset": by_dataset}
