"""Which parts of a record a network's pick rests on, by leaving them out: no gradients needed.

A part of one component is replaced by zeros, the mean of a normalised record, and the relevance of
the part is how much the network's output at the pick falls. The parts do not add up to the output:
what two parts say together counts for both.

References
----------
Zeiler and Fergus (2014), https://doi.org/10.1007/978-3-319-10590-1_53
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.records import PHASES, Pick, Waveform
from mainshock.detect.windowing import normalise_windows
from mainshock.signal.resample import resample_waveform

if TYPE_CHECKING:
    from mainshock.detect.network import NetworkPicker

__all__ = ["Occlusion", "occlusion"]

_BATCH = 8
_HALF_WIDTH_S = 0.1
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """How much each part of a window counts for a pick.

    Parameters
    ----------
    start
        Time of the first sample of the window, UTC.
    sampling_rate_hz
        Of the arrays here.
    window
        Shape ``(3, n)``, components Z, N, E, as the network sees them.
    attribution
        Shape ``(3, n)``, in probability: the fall of the output where a part is left out, shared
        evenly among the samples of the part.
    probability, baseline_probability
        Output at the pick for the window, and for silence.
    """

    start: datetime
    sampling_rate_hz: float
    window: NDArray[np.float32]
    attribution: FloatArray
    probability: float
    baseline_probability: float


def occlusion(picker: "NetworkPicker", waveform: Waveform, pick: Pick, part_s: float) -> Occlusion:
    """Return how much each part of the record around a pick counts for it.

    Parameters
    ----------
    picker
        One network.
    waveform
        The record; the pick lies in the middle of the window as far as the record allows.
    part_s
        Length of the parts that are left out, one component at a time.

    Raises
    ------
    DataError
        If the pick lies outside the record.
    """
    if not waveform.start <= pick.time <= waveform.end:
        raise DataError(f"the pick at {pick.time} lies outside the record; give a longer one")
    at_rate = resample_waveform(waveform, picker.sampling_rate_hz)
    rate_hz = at_rate.sampling_rate_hz
    n_window = round(picker.window_s * rate_hz)
    at = round((pick.time - at_rate.start).total_seconds() * rate_hz)
    first = max(0, min(at - n_window // 2, at_rate.n_samples - n_window))
    window = normalise_windows(at_rate.samples, np.array([first]), n_window)[0]
    half, row = round(_HALF_WIDTH_S * rate_hz), PHASES.index(pick.phase)
    target = slice(max(0, at - first - half), at - first + half + 1)

    def score(windows: NDArray[np.float32]) -> FloatArray:
        curves = picker.window_curves(windows)[:, row, target]
        return np.asarray(curves.mean(axis=1, dtype=np.float64))

    whole, silence = score(np.stack([window, np.zeros_like(window)]))
    return Occlusion(
        start=at_rate.start + timedelta(seconds=first / rate_hz),
        sampling_rate_hz=rate_hz,
        window=window,
        attribution=_falls(score, window, float(whole), max(1, round(part_s * rate_hz))),
        probability=float(whole),
        baseline_probability=float(silence),
    )


def _falls(score, window: NDArray[np.float32], whole: float, n_part: int) -> FloatArray:  # type: ignore[no-untyped-def]
    n_window = window.shape[1]
    parts = [
        (component, first, min(first + n_part, n_window))
        for component in range(3)
        if window[component].any()
        for first in range(0, n_window, n_part)
    ]
    attribution = np.zeros(window.shape, dtype=np.float64)
    for begin in range(0, len(parts), _BATCH):
        some = parts[begin : begin + _BATCH]
        batch = np.repeat(window[np.newaxis], len(some), axis=0)
        for copy, (component, first, past_last) in zip(batch, some, strict=True):
            copy[component, first:past_last] = 0.0
        for (component, first, past_last), fall in zip(some, whole - score(batch), strict=True):
            attribution[component, first:past_last] = fall / (past_last - first)
    return attribution
