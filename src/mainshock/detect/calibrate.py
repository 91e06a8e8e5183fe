"""Thresholds, time bias and sigma of a picker, from development windows alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import PHASES
from mainshock.detect.labels import LabelledWindow
from mainshock.detect.peaks import PeakRule, curve_picks
from mainshock.detect.phasenet import PhaseNetPicker

__all__ = ["NOISE_ALARM_LIMIT", "calibrated_rules"]

NOISE_ALARM_LIMIT = 0.06
_F1_SLACK = 0.01
_TOLERANCE_S = 0.5
_THRESHOLDS = np.arange(0.10, 0.91, 0.02)
FloatArray = NDArray[np.float64]


def calibrated_rules(
    picker: PhaseNetPicker, windows: Sequence[LabelledWindow]
) -> dict[str, PeakRule]:
    """Return the rule of each phase.

    The threshold is the lowest whose F1 within 0.5 s, smoothed over its neighbours, is no more
    than 0.01 below the best, among those with which at most 6 % of the noise windows get a pick
    of the phase: on records that the network knows less well its probabilities are lower. The
    bias is the median residual. Sigma grows with the peak's width as a heavy-tailed likelihood
    says, and is scaled so that 68 % of the residuals lie within it.
    """
    return {phase: _rule(_candidates(picker, windows, phase)) for phase in PHASES}


class _Candidates:
    """All peaks of a phase above a low threshold, with what is true of their windows."""

    def __init__(self) -> None:
        self.height: list[float] = []
        self.residual_s: list[float] = []
        self.width_s: list[float] = []
        self.window: list[int] = []
        self.is_noise: list[bool] = []
        self.n_labels = 0
        self.n_noise = 0


def _candidates(
    picker: PhaseNetPicker, windows: Sequence[LabelledWindow], phase: str
) -> _Candidates:
    found = _Candidates()
    # with no floor and slope one, sigma_s is the width of the peak itself
    rules = {name: PeakRule(0.1, sigma_floor_s=1e-3, sigma_per_width=1.0) for name in PHASES}
    for index, window in enumerate(windows):
        if phase in window.unlabelled or not window.waveform.samples.any():
            continue
        rate = window.waveform.sampling_rate_hz
        label = window.arrivals.get(phase)
        found.n_labels += label is not None
        found.n_noise += window.is_noise
        curves = picker.annotate(window.waveform)
        for pick in curve_picks(curves, window.waveform, rules, picker.name):
            if pick.phase != phase:
                continue
            time = (pick.time - window.waveform.start).total_seconds()
            found.height.append(pick.probability)
            found.residual_s.append(np.inf if label is None else time - label / rate)
            found.width_s.append(pick.sigma_s)
            found.window.append(index)
            found.is_noise.append(window.is_noise)
    return found


def _rule(found: _Candidates) -> PeakRule:
    height, residual = np.asarray(found.height), np.asarray(found.residual_s)
    window, is_noise = np.asarray(found.window), np.asarray(found.is_noise, dtype=bool)
    f1 = np.zeros(_THRESHOLDS.size)
    alarms = np.zeros(_THRESHOLDS.size)
    for index, threshold in enumerate(_THRESHOLDS):
        above = height >= threshold
        hits = np.unique(window[above & (np.abs(residual) <= _TOLERANCE_S)]).size
        f1[index] = 2.0 * hits / max(1, above.sum() + found.n_labels)
        alarms[index] = np.unique(window[above & is_noise]).size / max(1, found.n_noise)
    smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    smooth[alarms > NOISE_ALARM_LIMIT] = -1.0
    threshold = float(_THRESHOLDS[np.argmax(smooth >= smooth.max() - _F1_SLACK)])
    is_hit = (height >= threshold) & (np.abs(residual) <= _TOLERANCE_S)
    bias, floor, slope = _timing(residual[is_hit], np.asarray(found.width_s)[is_hit])
    return PeakRule(round(threshold, 2), bias, floor, slope)


def _timing(residual_s: FloatArray, width_s: FloatArray) -> tuple[float, float, float]:
    """Return bias, sigma floor and sigma per width."""
    if residual_s.size < 10:
        return 0.0, 0.05, 0.1
    bias = float(np.median(residual_s))
    centred = residual_s - bias
    best = (np.inf, 0.05, 0.1)
    for floor in np.arange(0.01, 0.201, 0.01):
        for slope in np.arange(0.0, 0.601, 0.02):
            sigma = np.hypot(floor, slope * width_s)
            cost = float(np.sum(np.log(sigma) + 2.5 * np.log1p((centred / sigma) ** 2 / 4.0)))
            best = min(best, (cost, float(floor), float(slope)))
    sigma = np.hypot(best[1], best[2] * width_s)
    scale = float(np.quantile(np.abs(centred) / sigma, 0.68))
    return round(bias, 4), round(best[1] * scale, 4), round(best[2] * scale, 4)
