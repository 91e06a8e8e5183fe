"""From probability curves to picks: peaks above a threshold, with a calibrated sigma."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import ProbabilityCurves
from mainshock.signal.peaks import half_widths, peaks_above

__all__ = ["Calibration", "PeakRule", "curve_picks"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns the output of a network into the probability that a pick at such a peak is right.

    ``logit(p) = intercept + slope * logit(output)`` (Platt 1999); the defaults change nothing.
    """

    intercept: float = 0.0
    slope: float = 1.0

    def apply(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities of the same shape; NaN stays NaN."""
        if self.intercept == 0.0 and self.slope == 1.0:
            return output
        clipped = np.clip(output, 1e-6, 1.0 - 1e-6)
        logit = self.intercept + self.slope * np.log(clipped / (1.0 - clipped))
        return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PeakRule:
    """How the curve of one phase becomes picks.

    Parameters
    ----------
    threshold
        Smallest probability of a pick.
    bias_s
        Mean lateness of the picker on the development set; subtracted.
    sigma_floor_s, sigma_per_width
        Standard deviation of a pick: ``hypot(sigma_floor_s, sigma_per_width * width_s)`` with the
        width of the peak at half its height. Both are fitted to development residuals.
    separation_s
        Peaks closer than this are one arrival; the higher stays.
    """

    threshold: float
    bias_s: float = 0.0
    sigma_floor_s: float = 0.05
    sigma_per_width: float = 0.1
    separation_s: float = 1.0


def curve_picks(
    curves: ProbabilityCurves,
    waveform: Waveform,
    rules: dict[str, PeakRule],
    model: str,
    refine: Callable[[list[Pick], Waveform], list[Pick]] | None = None,
) -> list[Pick]:
    """Return the picks of all phases in order of time; none outside the waveform.

    ``refine`` may move the times of the peaks; the bias of the rules is taken off afterwards.
    """
    picks: list[Pick] = []
    for phase, probability in zip(curves.phases, curves.probability, strict=True):
        rule = rules[phase]
        for sample, height, width_s in _peaks(probability, curves.sampling_rate_hz, rule):
            time = curves.start + timedelta(seconds=sample / curves.sampling_rate_hz)
            picks.append(
                Pick(
                    network=waveform.network,
                    station=waveform.station,
                    location=waveform.location,
                    phase=phase,
                    time=_inside(time, waveform),
                    probability=min(float(height), 1.0),
                    sigma_s=float(np.hypot(rule.sigma_floor_s, rule.sigma_per_width * width_s)),
                    model=model,
                )
            )
    refined = picks if refine is None else refine(picks, waveform)
    moved = [
        replace(pick, time=_inside(pick.time - _bias(rules[pick.phase]), waveform))
        for pick in refined
    ]
    return sorted(moved, key=lambda pick: pick.time)


def _bias(rule: PeakRule) -> timedelta:
    return timedelta(seconds=rule.bias_s)


def _inside(time: datetime, waveform: Waveform) -> datetime:
    return min(max(time, waveform.start), waveform.end)


def _peaks(
    probability: NDArray[np.float32], rate_hz: float, rule: PeakRule
) -> list[tuple[float, float, float]]:
    """Return (fractional sample, height, width in s) of each peak."""
    if not np.fmax.reduce(probability) >= rule.threshold:  # most stretches hold no arrival
        return []
    curve = np.nan_to_num(probability, nan=0.0).astype(np.float64)
    distance = max(1, round(rule.separation_s * rate_hz))
    peaks = peaks_above(curve, rule.threshold, distance)
    widths = half_widths(curve, peaks) / rate_hz
    return list(zip(peaks + _vertex(curve, peaks), curve[peaks], widths, strict=True))


def _vertex(curve: NDArray[np.float64], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the offset of the parabola through each peak and its neighbours, in samples."""
    left, top, right = curve[peaks - 1], curve[peaks], curve[peaks + 1]
    bend = left - 2.0 * top + right
    return np.where(bend < 0.0, 0.5 * (left - right) / np.where(bend < 0.0, bend, -1.0), 0.0)
