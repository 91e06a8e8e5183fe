"""Finds events in continuous records and says which region each comes from."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.records import Waveform
from mainshock.core.times import format_utc
from mainshock.detect.regions.classifier import RegionClassifier, scaled_window
from mainshock.detect.regions.features import measure_peaks
from mainshock.detect.regions.scores import constant_weights
from mainshock.signal.resample import resample_waveform

__all__ = ["COLUMNS", "RegionPredictions", "predict_regions"]

COLUMNS = (
    "start_time",
    "end_time",
    "cluster_id",
    "clusters_prob",
    "event_probability",
    "p_time",
    "region",
    "network",
    "station",
    "location",
    "model",
)
_ROW_S = 10.0
_BEFORE_P_S = 5.0
_LEAST_EVENT = 0.5
FloatArray = NDArray[np.float64]


class RegionPredictions:
    """The events found, as a table, and the warnings about them.

    Attributes
    ----------
    table
        ``COLUMNS``. ``cluster_id`` counts from 0; ``clusters_prob`` is the list of the regions'
        probabilities without noise, as text: with the noise they sum to 1.
    warnings
        Such as that of ``constant_weights``.
    """

    def __init__(self, rows: list[dict[str, object]], probabilities: list[FloatArray]) -> None:
        self.table = pd.DataFrame(rows, columns=list(COLUMNS))
        warning = constant_weights(np.stack(probabilities)) if probabilities else None
        self.warnings = [warning] if warning else []


def predict_regions(
    model_dir: Path,
    waveforms: Iterable[Waveform],
    *,
    step_s: float = _ROW_S,
    progress: Callable[[str], None] | None = None,
) -> RegionPredictions:
    """Return the events in records, each with its region.

    Parameters
    ----------
    model_dir
        Folder of the model.
    waveforms
        Records of the station that the model was trained for.
    step_s
        Seconds from one window of the published network to the next. The improved head needs
        none: it looks at each P it finds, and states the 10 s from 5 s before that P on.

    Raises
    ------
    SettingsError
        If the step is not positive.
    """
    if not step_s > 0.0:
        raise SettingsError(f"step is {step_s:g} s; it must be positive")
    model = RegionClassifier(model_dir)
    rows: list[dict[str, object]] = []
    found: list[FloatArray] = []
    for waveform in waveforms:
        at_rate = resample_waveform(waveform, model.rate_hz)
        by_onset = model.head == "improved"
        pieces = _onsets(model, at_rate) if by_onset else _grid(model, at_rate, step_s)
        for start_s, p_s, probability in pieces:
            rows.append(_row(model, at_rate, start_s, p_s, probability))
            found.append(probability[1:])
        if progress is not None:
            progress(waveform.station)
    return RegionPredictions(rows, found)


def _onsets(
    model: RegionClassifier, waveform: Waveform
) -> list[tuple[float, float | None, FloatArray]]:
    curves = model.curves(waveform.samples)
    for first, past_last in waveform.gaps:
        margin = round(0.5 * model.rate_hz)
        curves[:, max(0, first - margin) : past_last + margin] = 0.0
    peaks = measure_peaks(waveform.samples, curves, model.rate_hz)
    if not peaks:
        return []
    probabilities = model.from_measured(np.stack([peak.values for peak in peaks]))
    return [
        (peak.p_sample / model.rate_hz - _BEFORE_P_S, peak.p_sample / model.rate_hz, probability)
        for peak, probability in zip(peaks, probabilities, strict=True)
        if 1.0 - probability[0] >= _LEAST_EVENT
    ]


def _grid(
    model: RegionClassifier, waveform: Waveform, step_s: float
) -> list[tuple[float, float | None, FloatArray]]:
    n = model.window_samples
    samples = waveform.samples
    starts = np.arange(0, samples.shape[1] - n + 1, max(1, round(step_s * model.rate_hz)))
    gaps = waveform.gaps
    starts = np.array(
        [one for one in starts if not any(one < end and one + n > first for first, end in gaps)],
        dtype=np.int64,
    )
    if starts.size == 0:
        return []
    centred = samples - samples.mean(axis=1, keepdims=True)
    peaks = np.abs(centred).max(axis=1) if model.settings["legacy_normalisation"] else None
    windows = np.stack([scaled_window(centred[:, one : one + n], n, peaks) for one in starts])
    probabilities = model.from_windows(windows)
    return [
        (float(start) / model.rate_hz, None, probability)
        for start, probability in zip(starts, probabilities, strict=True)
        if probability.argmax() > 0
    ]


def _row(
    model: RegionClassifier,
    waveform: Waveform,
    start_s: float,
    p_s: float | None,
    probability: FloatArray,
) -> dict[str, object]:
    start = waveform.start + timedelta(seconds=start_s)
    best = int(probability[1:].argmax())
    listed = ", ".join(f"{value:.4f}" for value in probability[1:])
    return {
        "start_time": format_utc(start),
        "end_time": format_utc(start + timedelta(seconds=_ROW_S)),
        "cluster_id": best,
        "clusters_prob": f"[{listed}]",
        "event_probability": round(float(1.0 - probability[0]), 4),
        "p_time": "" if p_s is None else format_utc(waveform.start + timedelta(seconds=p_s)),
        "region": model.scheme.names[best],
        "network": waveform.network,
        "station": waveform.station,
        "location": waveform.location,
        "model": model.manifest.name,
    }
