"""Finds events in continuous records and says which region each comes from."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError, SourceError
from mainshock.core.records import Waveform
from mainshock.core.times import format_utc
from mainshock.detect.regions.classifier import RegionClassifier, scaled_window
from mainshock.detect.regions.features import measure_peaks
from mainshock.detect.regions.scores import constant_weights
from mainshock.learn.models import ModelManifest
from mainshock.signal.resample import resample_waveform
from mainshock.sources.base import SkippedInput

__all__ = ["COLUMNS", "RegionPredictions", "model_stations", "predict_regions"]

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
_CLEAR_S = 2.0
_LEAST_EVENT = 0.5
_SHOWN = 8
# network and station, a letter in each: neither a number nor a DOI
_CODE = re.compile(
    r"(?<![\w./])(?=\w?[A-Z])([A-Z0-9]{2}\.(?=[A-Z0-9]*[A-Z])[A-Z0-9]{3,5})(?![\w/])"
)
FloatArray = NDArray[np.float64]


class _Probabilities(list[float]):
    """Probabilities as numbers; their text, as a CSV file holds it, has four decimals."""

    def __str__(self) -> str:
        return f"[{', '.join(f'{value:.4f}' for value in self)}]"


class RegionPredictions:
    """The events found, as a table, and the warnings about them.

    Attributes
    ----------
    table
        ``COLUMNS``. ``cluster_id`` counts from 0; ``clusters_prob`` is the list of the regions'
        probabilities without noise: with the noise they sum to 1.
    warnings
        Such as that of ``constant_weights``, and stations that were left out.
    """

    def __init__(
        self,
        rows: list[dict[str, object]],
        probabilities: list[FloatArray],
        warnings: Iterable[str] = (),
    ) -> None:
        self.table = pd.DataFrame(rows, columns=list(COLUMNS))
        warning = constant_weights(np.stack(probabilities)) if probabilities else None
        self.warnings = [*warnings, *([warning] if warning else [])]


def model_stations(manifest: ModelManifest) -> tuple[str, ...]:
    """Return the stations (``NET.STA``) a region model was trained for; none where none is stated.

    ``training`` states them as ``station`` or ``stations``; in their absence the one code that
    description and purpose name counts.
    """
    stated = manifest.training.get("stations") or manifest.training.get("station") or ()
    codes = [stated] if isinstance(stated, str) else [str(one) for one in stated]
    if not codes:
        text = f"{manifest.description} {manifest.training.get('purpose', '')}"
        named = set(_CODE.findall(text))
        codes = list(named) if len(named) == 1 else []
    return tuple(codes)


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
        Records of the station that the model was trained for; those of others are left out with
        a warning, unless the model states no station.
    step_s
        Seconds from one window of the published network to the next. The improved head needs
        none: it looks at each P it finds, and states the 10 s from 5 s before that P on, as far
        as the record goes. A P within 2 s of an edge of the record or of a gap does not count.

    Raises
    ------
    SettingsError
        If the step is not positive.
    SourceError
        If there is not one record.
    """
    if not step_s > 0.0:
        raise SettingsError(f"step is {step_s:g} s; it must be positive")
    model = RegionClassifier(model_dir)
    rows: list[dict[str, object]] = []
    found: list[FloatArray] = []
    stations = model_stations(model.manifest)
    foreign: Counter[str] = Counter()
    n_read = 0
    for waveform in waveforms:
        n_read += 1
        if not _is_of(waveform, stations):
            foreign[f"{waveform.network}.{waveform.station}"] += 1
            continue
        at_rate = resample_waveform(waveform, model.rate_hz)
        by_onset = model.head == "improved"
        pieces = _onsets(model, at_rate) if by_onset else _grid(model, at_rate, step_s)
        for start_s, p_s, probability in pieces:
            rows.append(_row(model, waveform, start_s, p_s, probability))
            found.append(probability[1:])
        if progress is not None:
            progress(waveform.station)
    if not n_read:
        raise SourceError(f"no record could be read{_reasons(waveforms)}")
    warnings = [_left_out(foreign, stations, model.manifest.name)] if foreign else []
    return RegionPredictions(rows, found, warnings)


def _is_of(waveform: Waveform, stations: tuple[str, ...]) -> bool:
    """Return whether a record is of one of the stations; an empty network fits every one."""
    if not stations:
        return True
    for code in stations:
        network, _, station = code.rpartition(".")
        known = waveform.network and network
        if waveform.station == station and (not known or waveform.network == network):
            return True
    return False


def _left_out(foreign: Counter[str], stations: tuple[str, ...], name: str) -> str:
    codes = sorted(foreign)
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    n = foreign.total()
    return (
        f"the model {name} belongs to {', '.join(stations)}; left out: {n} "
        f"record{'s' if n > 1 else ''} of {', '.join(codes[:_SHOWN])}{more}"
    )


def _reasons(waveforms: Iterable[Waveform]) -> str:
    """Return what a source says about the inputs it skipped."""
    skipped: list[SkippedInput] = list(getattr(waveforms, "skipped", ()))
    if not skipped:
        return "; name a file or folder with records of three components"
    told = "; ".join(f"{item.name}: {item.reason}" for item in skipped[:_SHOWN])
    more = f"; and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
    return f": {told}{more}"


def _onsets(
    model: RegionClassifier, waveform: Waveform
) -> list[tuple[float, float | None, FloatArray]]:
    curves = model.curves(waveform.samples)
    for first, past_last in waveform.gaps:
        margin = round(0.5 * model.rate_hz)
        curves[:, max(0, first - margin) : past_last + margin] = 0.0
    peaks = [
        peak
        for peak in measure_peaks(waveform.samples, curves, model.rate_hz)
        if _is_clear(waveform, peak.p_sample)
    ]
    if not peaks:
        return []
    probabilities = model.from_measured(np.stack([peak.values for peak in peaks]))
    return [
        (peak.p_sample / model.rate_hz - _BEFORE_P_S, peak.p_sample / model.rate_hz, probability)
        for peak, probability in zip(peaks, probabilities, strict=True)
        if 1.0 - probability[0] >= _LEAST_EVENT
    ]


def _is_clear(waveform: Waveform, sample: int) -> bool:
    """Return whether edges and gaps are 2 s away or more: there records begin with a step."""
    margin = _CLEAR_S * waveform.sampling_rate_hz
    edges = ((0, 0), *waveform.gaps, (waveform.n_samples, waveform.n_samples))
    return all(sample <= first - margin or sample >= end + margin for first, end in edges)


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
    return {
        "start_time": format_utc(max(start, waveform.start)),
        "end_time": format_utc(min(start + timedelta(seconds=_ROW_S), waveform.end)),
        "cluster_id": best,
        "clusters_prob": _Probabilities(round(float(value), 4) for value in probability[1:]),
        "event_probability": round(float(1.0 - probability[0]), 4),
        "p_time": "" if p_s is None else format_utc(waveform.start + timedelta(seconds=p_s)),
        "region": model.scheme.names[best],
        "network": waveform.network,
        "station": waveform.station,
        "location": waveform.location,
        "model": model.manifest.name,
    }
