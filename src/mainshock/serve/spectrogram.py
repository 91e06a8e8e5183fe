"""Power of a trace by time and frequency, for the eye: dB in a byte each."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["Scale", "Spectrogram", "SpectrogramPlan", "spectrogram"]

Scale = Literal["linear", "log"]
STEP_DB = 0.5
_LEVELS = 255  # 1 to 255; 0 is nothing known
_SHOWN_SHARES = (5.0, 99.7)  # percentiles of the levels that a picture should show
_MOST_VALUES = 4_000_000  # of windows worked on at once
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpectrogramPlan:
    """How a spectrogram is divided.

    Parameters
    ----------
    window_s
        Length of the windows that are transformed; the frequency resolution is its inverse.
    column_s
        Length of a column. Windows overlap by half at least; a longer column holds the mean
        power of its windows.
    rows
        Number of rows from the lowest frequency to the Nyquist frequency.
    scale
        Whether rows are equally wide in frequency or in its logarithm.
    """

    window_s: float
    column_s: float
    rows: int
    scale: Scale


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Levels by column and row.

    Parameters
    ----------
    start_s
        Begin of the first column, seconds after the first sample.
    edges_hz
        Shape ``(rows + 1,)``: where rows begin and end, from low to high.
    low_db
        Level of byte 1; each further one is 0.5 dB. dB of the power spectral density, relative
        to the square of the unit of the samples per Hz.
    levels
        Shape ``(columns, rows)``, uint8; 0 where nothing is known.
    shown_db
        Range that holds most levels, so that a picture shows differences.
    """

    start_s: float
    edges_hz: FloatArray
    low_db: float
    levels: NDArray[np.uint8]
    shown_db: tuple[float, float]


def spectrogram(
    samples: NDArray[np.float32],
    sampling_rate_hz: float,
    span_s: tuple[float, float],
    plan: SpectrogramPlan,
) -> Spectrogram:
    """Return the power spectral density of evenly sampled numbers.

    Parameters
    ----------
    samples
        Shape ``(n,)``; NaN in gaps. A window that touches a gap counts nowhere.
    sampling_rate_hz
        Samples a second.
    span_s
        From where to where there are columns, seconds after the first sample.
    plan
        How time and frequency are divided.

    Raises
    ------
    DataError
        If a window holds fewer than 8 samples.

    Notes
    -----
    Windows have their mean taken away and are weighted by Hann's window (P. D. Welch 1967,
    doi:10.1109/TAU.1967.1161901); the density is one-sided.
    """
    length = round(plan.window_s * sampling_rate_hz)
    if length < 8:
        raise DataError(
            f"a window of {plan.window_s:g} s holds {length} samples at {sampling_rate_hz:g} Hz; "
            "8 are needed: ask for a longer window"
        )
    n_columns = max(1, round((span_s[1] - span_s[0]) / plan.column_s))
    edges_hz = _edges(plan, sampling_rate_hz)
    to_rows = _row_weights(length, sampling_rate_hz, edges_hz)
    a_column = max(1, round(2.0 * plan.column_s / plan.window_s))
    centres_s = span_s[0] + plan.column_s * (np.arange(n_columns * a_column) + 0.5) / a_column
    firsts = np.rint(centres_s * sampling_rate_hz - length / 2.0).astype(np.int64)
    power = _power(samples, firsts, length, sampling_rate_hz, to_rows)
    by_column = power.reshape(n_columns, a_column, plan.rows)
    known = ~np.isnan(by_column)
    total = np.where(known, by_column, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return _quantised(mean, span_s[0], edges_hz)


def _edges(plan: SpectrogramPlan, sampling_rate_hz: float) -> FloatArray:
    nyquist_hz = sampling_rate_hz / 2.0
    if plan.scale == "linear":
        return np.linspace(0.0, nyquist_hz, plan.rows + 1)
    lowest_hz = min(1.0 / plan.window_s, nyquist_hz / 2.0)
    return np.geomspace(lowest_hz, nyquist_hz, plan.rows + 1)


def _row_weights(length: int, rate_hz: float, edges_hz: FloatArray) -> FloatArray:
    """Return, of shape (frequencies, rows), the share of each frequency in each row's mean.

    A row narrower than the resolution takes the two frequencies beside its middle.
    """
    frequencies = np.fft.rfftfreq(length, 1.0 / rate_hz)
    weights = np.zeros((frequencies.size, edges_hz.size - 1))
    for row, (low, high) in enumerate(pairwise(edges_hz)):
        inside = np.flatnonzero((frequencies >= max(low, 1e-9)) & (frequencies < high))
        if inside.size:
            weights[inside, row] = 1.0 / inside.size
            continue
        place = float(np.clip((low + high) / 2.0 * length / rate_hz, 1.0, frequencies.size - 1))
        below = min(int(place), frequencies.size - 2)
        weights[below, row], weights[below + 1, row] = 1.0 - (place - below), place - below
    return weights


def _power(
    samples: NDArray[np.float32],
    firsts: NDArray[np.int64],
    length: int,
    rate_hz: float,
    to_rows: FloatArray,
) -> FloatArray:
    """Return the density by window and row; NaN where a window is not wholly recorded."""
    power = np.full((firsts.size, to_rows.shape[1]), np.nan)
    taper = np.hanning(length + 1)[:-1]
    factor = 2.0 / (rate_hz * float(np.square(taper).sum()))
    is_inside = (firsts >= 0) & (firsts + length <= samples.size)
    places = np.flatnonzero(is_inside)
    at_once = max(1, _MOST_VALUES // length)
    for begin in range(0, places.size, at_once):
        chosen = places[begin : begin + at_once]
        windows = samples[firsts[chosen, None] + np.arange(length)].astype(np.float64)
        windows -= windows.mean(axis=1, keepdims=True)  # NaN stays NaN
        spectra = np.fft.rfft(windows * taper, axis=1)
        power[chosen] = (factor * np.square(np.abs(spectra))) @ to_rows
    return power


def _quantised(power: FloatArray, start_s: float, edges_hz: FloatArray) -> Spectrogram:
    levels = np.zeros(power.shape, dtype=np.uint8)
    known = power > 0.0
    if not known.any():
        return Spectrogram(start_s, edges_hz, 0.0, levels, (0.0, 1.0))
    db = 10.0 * np.log10(power[known])
    lowest, highest = float(db.min()), float(db.max())
    low_db = STEP_DB * np.floor(max(lowest, highest - STEP_DB * (_LEVELS - 2)) / STEP_DB)
    levels[known] = np.clip(np.rint((db - low_db) / STEP_DB) + 1.0, 1.0, _LEVELS)
    low, high = np.percentile(db, _SHOWN_SHARES)
    shown = (float(low), float(max(high, low + 10.0)))
    return Spectrogram(start_s, edges_hz, float(low_db), levels, shown)
