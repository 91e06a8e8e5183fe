"""Labelled windows of a dataset, as training and scoring see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import PHASES, Waveform
from mainshock.sources.seisbench_format import SeisBenchDataset

__all__ = ["LabelledWindow", "cut_padded", "highest_rate_hz", "labelled_windows", "phase_label"]

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_RATE, _USUAL_RATE_HZ = "trace_sampling_rate_hz", 100.0
_FILL_RATE = "fill in that column of metadata.csv, or leave its windows out"
_WINDOW_COLUMNS = ("trace_name", "start_sample", "npts")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindow:
    """A window, the samples at which its phases arrive, and which phases lack a label.

    Parameters
    ----------
    waveform
        The window, and around it what ``context_samples`` asked for and the trace has.
    scored
        First and past-last sample of the window within the waveform; only picks there count.
    arrivals
        Phase to sample within the waveform; only phases labelled inside the window.
    unlabelled
        Phases that may be in the window without a label: neither hits nor errors.
    """

    waveform: Waveform
    scored: tuple[int, int]
    arrivals: Mapping[str, float]
    unlabelled: frozenset[str]
    dataset: str
    is_noise: bool


def phase_label(row: Mapping[str, Any], phase: str) -> tuple[float | None, bool]:
    """Return the labelled sample of a phase in its trace, or None, and whether it lacks a label.

    A trace may have a label and lack another, where the phase arrives more than once.
    """
    key = phase.lower()
    sample = row.get(f"trace_{key}_arrival_sample")
    flag = row.get(f"trace_{key}_unlabelled", False)
    lacks = str(flag).strip().lower() in {"true", "1", "1.0"}
    return None if sample is None or pd.isna(sample) else float(sample), lacks


def cut_padded(samples: NDArray[np.float32], start: int, n_samples: int) -> NDArray[np.float32]:
    """Return samples ``start`` to ``start + n_samples`` with zero mean, zero beyond the trace."""
    window = np.zeros((samples.shape[0], n_samples), dtype=np.float32)
    first, past_last = max(0, start), min(samples.shape[1], start + n_samples)
    if past_last > first:
        piece = samples[:, first:past_last]
        window[:, first - start : past_last - start] = piece - piece.mean(axis=1, keepdims=True)
    return window


def highest_rate_hz(dataset: SeisBenchDataset) -> float:
    """Return the highest sampling rate of the rows that state one.

    Raises
    ------
    DataError
        If no row does.
    """
    rates = dataset.rates_hz()
    stated = rates[np.isfinite(rates)]
    if not stated.size:
        raise DataError(
            f"none of {len(rates)} rows of {dataset.waveform_path.parent} states {_RATE}; "
            f"{_FILL_RATE}"
        )
    return float(stated.max())


def labelled_windows(
    dataset: SeisBenchDataset, windows_file: Path, context_samples: int = 0
) -> Iterator[LabelledWindow]:
    """Yield the windows that a file lists by ``trace_name,start_sample,npts``.

    Parameters
    ----------
    context_samples
        Extend the waveform to at least this length where the trace goes on: a network with a
        longer window sees the record instead of padding.

    Raises
    ------
    DataError
        If the file lacks a column, or names a trace that the dataset does not have or that lacks
        the sampling rate which others state.
    """
    windows = _read_windows(windows_file)
    names = [str(name) for name in windows["trace_name"]]
    table = dataset.metadata.drop_duplicates("trace_name").set_index("trace_name", drop=False)
    absent = [name for name in names if name not in table.index]
    if absent:
        raise DataError(f"{windows_file} names {len(absent)} unknown traces, first {absent[0]!r}")
    cuts = zip(windows["start_sample"], windows["npts"], strict=True)
    rows = ({str(key): value for key, value in table.loc[name].items()} for name in names)
    for row, (start, npts), samples in zip(rows, cuts, dataset.waveforms(names), strict=True):
        yield _labelled_window(row, samples, (int(start), int(npts)), context_samples)


def _read_windows(path: Path) -> pd.DataFrame:
    try:
        windows = pd.read_csv(path, dtype={"trace_name": str})
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read the windows in {path}: {error}") from error
    missing = [name for name in _WINDOW_COLUMNS if name not in windows]
    if missing:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    for name in ("start_sample", "npts"):
        windows[name] = pd.to_numeric(windows[name], errors="coerce")
    bad = windows.index[windows[list(_WINDOW_COLUMNS)].isna().any(axis=1)]
    if len(bad):
        raise DataError(
            f"{path} has {len(bad)} rows without trace_name, start_sample or npts as numbers, "
            f"first in line {int(bad[0]) + 2}"
        )
    return windows


def _code(value: object, absent: str) -> str:
    return value if isinstance(value, str) and value else absent


def _rate_hz(row: Mapping[str, Any]) -> float:
    rate = float(row.get(_RATE, _USUAL_RATE_HZ))
    if not np.isfinite(rate):
        raise DataError(f"trace {row.get('trace_name')!r} has no {_RATE}; {_FILL_RATE}")
    return rate


def _with_context(start: int, npts: int, n_trace: int, n_context: int) -> tuple[int, int]:
    """Return first and past-last sample of a window grown into its trace, evenly if it can."""
    spare = max(0, n_context - npts)
    first = min(start, max(0, start - spare // 2))
    past_last = max(start + npts, min(n_trace, first + npts + spare))
    return min(first, max(0, past_last - npts - spare)), past_last


def _labelled_window(
    row: Mapping[str, Any],
    samples: NDArray[np.float32],
    cut: tuple[int, int],
    context_samples: int,
) -> LabelledWindow:
    start, npts = cut
    labels = {phase: phase_label(row, phase) for phase in PHASES}
    first, past_last = _with_context(start, npts, samples.shape[1], context_samples)
    window = cut_padded(samples, first, past_last - first)
    recorded = (bool(window[0].any()), bool(window[1].any()), bool(window[2].any()))
    waveform = Waveform(
        network=_code(row.get("station_network_code"), ""),
        station=_code(row.get("station_code"), "UNKNOWN"),
        location="",
        instrument="HH",
        start=_NO_TIME,
        sampling_rate_hz=_rate_hz(row),
        samples=window,
        has_component=recorded if any(recorded) else (True, True, True),
    )
    return LabelledWindow(
        waveform=waveform,
        scored=(start - first, start - first + npts),
        arrivals={
            phase: sample - first
            for phase, (sample, _) in labels.items()
            if sample is not None and 0 <= sample - start < npts
        },
        unlabelled=frozenset(phase for phase, (_, lacks) in labels.items() if lacks),
        dataset=str(row.get("trace_dataset", "dataset")),
        is_noise=str(row.get("trace_category", "")).startswith("noise"),
    )
