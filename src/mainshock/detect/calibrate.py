"""Probability, thresholds, time bias and sigma of a picker, from development windows alone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import PHASES, Pick, Waveform
from mainshock.detect.labels import LabelledWindow
from mainshock.detect.network import NetworkPicker
from mainshock.detect.peaks import Calibration, PeakRule
from mainshock.learn.models import ModelManifest, write_manifest

__all__ = [
    "NOISE_ALARM_LIMIT",
    "Candidates",
    "CurvePicker",
    "calibrated_manifest",
    "calibrated_rules",
    "candidates",
    "compared",
    "false_picks_per_hour",
    "fitted_calibration",
    "reliability",
]

NOISE_ALARM_LIMIT = 0.06
"""Largest share of noise windows of 30 s in which a phase may be picked."""
_F1_SLACK = 0.01
_TOLERANCE_S = 0.5
_LOWEST = 0.03
_THRESHOLDS = np.arange(0.10, 0.91, 0.02)
FOLDS = 5
"""Blocks of neighbouring windows for what is fitted and judged on the same windows."""
_FEWEST = 10
_SHOWN = 0.05
FloatArray = NDArray[np.float64]


class CurvePicker(Protocol):
    """A picker whose rules can be replaced."""

    def peaks(self, waveform: Waveform, rules: dict[str, PeakRule]) -> list[Pick]:
        """Return the picks by the rules given."""
        ...


@dataclass(slots=True)
class Candidates:
    """All peaks of a phase above a low threshold, with what is true of their windows.

    Residuals are infinite where the window has no label; widths are those of the peak at half
    its height, in seconds.
    """

    height: list[float] = field(default_factory=list)
    residual_s: list[float] = field(default_factory=list)
    width_s: list[float] = field(default_factory=list)
    window: list[int] = field(default_factory=list)
    is_noise: list[bool] = field(default_factory=list)
    dataset: list[str] = field(default_factory=list)
    n_windows: int = 0
    n_labels: int = 0
    n_noise: int = 0
    noise_hours: float = 0.0

    @property
    def is_hit(self) -> NDArray[np.bool_]:
        """Whether each candidate lies within half a second of a label and is the nearest."""
        residual, window = np.abs(self.residual_s), np.asarray(self.window)
        hit = np.zeros(residual.size, dtype=bool)
        for index in np.unique(window[residual <= _TOLERANCE_S]):
            same = np.flatnonzero(window == index)
            hit[same[np.argmin(residual[same])]] = True
        return hit


def candidates(picker: CurvePicker, windows: Sequence[LabelledWindow]) -> dict[str, Candidates]:
    """Return the candidates of each phase; windows that lack a label of it are left out."""
    # with no floor and slope one, sigma_s is the width of the peak itself
    rules = {name: PeakRule(_LOWEST, sigma_floor_s=1e-3, sigma_per_width=1.0) for name in PHASES}
    found = {phase: Candidates() for phase in PHASES}
    for index, window in enumerate(windows):
        picks = picker.peaks(window.waveform, rules) if window.waveform.samples.any() else []
        for phase, one in found.items():
            if phase not in window.unlabelled:
                _count(one, window, phase)
                _collect(one, index, window, [pick for pick in picks if pick.phase == phase])
    return found


def _count(found: Candidates, window: LabelledWindow, phase: str) -> None:
    first, past_last = window.scored
    hours = (past_last - first) / window.waveform.sampling_rate_hz / 3600.0
    found.n_labels += phase in window.arrivals
    found.n_noise += window.is_noise
    found.noise_hours += window.is_noise * hours


def _collect(found: Candidates, index: int, window: LabelledWindow, picks: Sequence[Pick]) -> None:
    rate = window.waveform.sampling_rate_hz
    first, past_last = window.scored
    for pick in picks:
        time_s = (pick.time - window.waveform.start).total_seconds()
        if not first <= time_s * rate < past_last:
            continue
        label = window.arrivals.get(pick.phase)
        found.height.append(pick.probability)
        found.residual_s.append(np.inf if label is None else time_s - label / rate)
        found.width_s.append(pick.sigma_s)
        found.window.append(index)
        found.is_noise.append(window.is_noise)
        found.dataset.append(window.dataset)


def fitted_calibration(found: Candidates) -> Calibration:
    """Return the logistic map from peak height to the share of such peaks that are right."""
    height, is_hit = np.asarray(found.height), found.is_hit
    if is_hit.sum() < FOLDS or (~is_hit).sum() < FOLDS:
        return Calibration()
    return _logistic(height, is_hit)


def _logistic(height: FloatArray, is_hit: NDArray[np.bool_]) -> Calibration:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow, fits only

    clipped = np.clip(height, 1e-6, 1.0 - 1e-6)
    model = LogisticRegression(C=100.0).fit(np.log(clipped / (1.0 - clipped))[:, None], is_hit)
    slope = max(float(model.coef_[0, 0]), 0.05)  # a picker whose heights say nothing stays usable
    return Calibration(round(float(model.intercept_[0]), 4), round(slope, 4))


def reliability(found: Candidates, n_bins: int = 8) -> dict[str, Any]:
    """Return how stated probabilities compare with the share of right picks, out of fold.

    Folds are blocks of neighbouring windows, so that one swarm is not on both sides; bins hold
    equal numbers of peaks. Peaks stated below 0.05 are left out: there are many, all of them
    rightly near zero, and they would hide the others. ``ece`` is the expected calibration error,
    the mean gap over bins.
    """
    height, is_hit = np.asarray(found.height), found.is_hit
    if is_hit.sum() < 2 * FOLDS or (~is_hit).sum() < 2 * FOLDS:
        return {"ece": None, "n": int(is_hit.size), "bins": []}
    fold = (np.asarray(found.window) * FOLDS) // (max(found.window) + 1)
    stated = np.zeros(height.size)
    for one in range(FOLDS):
        train = fold != one
        if (fold == one).any() and 0 < is_hit[train].sum() < train.sum():
            fitted = _logistic(height[train], is_hit[train])
            stated[fold == one] = fitted.apply(height[fold == one])
    return compared(stated, is_hit, n_bins)


def compared(stated: FloatArray, is_hit: NDArray[np.bool_], n_bins: int = 8) -> dict[str, Any]:
    """Return stated probabilities beside the share of right picks, in bins of equal numbers."""
    likely = np.flatnonzero(stated >= _SHOWN)
    if likely.size < n_bins:
        return {"ece": None, "n": int(likely.size), "bins": []}
    bins = np.array_split(likely[np.argsort(stated[likely])], n_bins)
    rows = [
        {"stated": float(stated[b].mean()), "right": float(is_hit[b].mean()), "n": int(b.size)}
        for b in bins
    ]
    gaps = [abs(row["stated"] - row["right"]) * row["n"] for row in rows]
    return {"ece": float(np.sum(gaps) / likely.size), "n": int(likely.size), "bins": rows}


def calibrated_rules(
    found: dict[str, Candidates], timing_datasets: Sequence[str] = ()
) -> dict[str, PeakRule]:
    """Return the rule of each phase.

    Parameters
    ----------
    timing_datasets
        Sets whose labels agree with the onset: the bias comes from these. All by default.

    Notes
    -----
    The threshold is the lowest whose F1 within 0.5 s, smoothed over its neighbours, is no more
    than 0.01 below the best, among those with which at most 6 % of the noise windows get a pick
    of the phase, or the fewest where none keeps that limit: on records that the network knows
    less well its probabilities are lower. The bias is the median residual. Sigma grows with the
    peak's width as a heavy-tailed likelihood says, and is scaled so that 68 % of the residuals of
    all sets lie within it: what analysts call the onset differs between sets, and a sigma that
    left this out would be too small.
    """
    return {phase: _rule(one, timing_datasets) for phase, one in found.items()}


def _rule(found: Candidates, timing_datasets: Sequence[str]) -> PeakRule:
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
    allowed = alarms <= NOISE_ALARM_LIMIT
    if not allowed.any():  # a weak picker: as few alarms as it can
        allowed = alarms == alarms.min()
    smooth[~allowed] = -1.0
    threshold = float(_THRESHOLDS[np.argmax(smooth >= smooth.max() - _F1_SLACK)])
    is_hit = (height >= threshold) & found.is_hit
    dataset = np.asarray(found.dataset)
    is_timed = is_hit & (np.isin(dataset, timing_datasets) if timing_datasets else True)
    if is_timed.sum() < _FEWEST:
        return PeakRule(round(threshold, 2))
    bias = round(float(np.median(residual[is_timed])), 4)
    centred = residual - bias
    return PeakRule(
        round(threshold, 2), bias, *_sigma(centred[is_hit], np.asarray(found.width_s)[is_hit])
    )


def _sigma(centred_s: FloatArray, width_s: FloatArray) -> tuple[float, float]:
    """Return sigma floor and sigma per width."""
    best = (np.inf, 0.05, 0.1)
    for floor in np.arange(0.01, 0.201, 0.01):
        for slope in np.arange(0.0, 0.601, 0.02):
            sigma = np.hypot(floor, slope * width_s)
            cost = float(np.sum(np.log(sigma) + 2.5 * np.log1p((centred_s / sigma) ** 2 / 4.0)))
            best = min(best, (cost, float(floor), float(slope)))
    sigma = np.hypot(best[1], best[2] * width_s)
    scale = float(np.quantile(np.abs(centred_s) / sigma, 0.68))
    return round(best[1] * scale, 4), round(best[2] * scale, 4)


def false_picks_per_hour(found: Candidates, threshold: float) -> dict[str, float]:
    """Return the rate of picks in noise windows with its 95 % Poisson interval."""
    from scipy.stats import chi2  # noqa: PLC0415 - slow, and only here

    above = np.asarray(found.height) >= threshold
    count = int((above & np.asarray(found.is_noise, dtype=bool)).sum())
    hours = max(found.noise_hours, 1e-9)
    low = 0.5 * chi2.ppf(0.025, 2 * count) if count else 0.0
    high = 0.5 * chi2.ppf(0.975, 2 * count + 2)
    return {
        "rate": count / hours,
        "low": float(low) / hours,
        "high": float(high) / hours,
        "hours": found.noise_hours,
    }


def calibrated_manifest(
    model_dir: Path,
    manifest: ModelManifest,
    windows: Sequence[LabelledWindow],
    timing_datasets: Sequence[str] = (),
) -> ModelManifest:
    """Fit probability, thresholds and timing of a network to development windows.

    The folder must hold the weights and the uncalibrated manifest; it holds the calibrated one
    afterwards. Metrics gain ``reliability`` (out of fold) and ``false_picks_per_hour``.
    """
    raw = candidates(NetworkPicker(model_dir=model_dir), windows)
    settings = dict(manifest.settings)
    settings["calibration"] = {p: asdict(fitted_calibration(raw[p])) for p in PHASES}
    write_manifest(model_dir, replace(manifest, settings=settings))
    found = candidates(NetworkPicker(model_dir=model_dir), windows)
    rules = calibrated_rules(found, timing_datasets)
    settings["rules"] = {phase: asdict(rules[phase]) for phase in PHASES}
    metrics = {
        "reliability": {phase: reliability(raw[phase]) for phase in PHASES},
        "false_picks_per_hour": {
            phase: false_picks_per_hour(found[phase], rules[phase].threshold) for phase in PHASES
        },
    }
    calibrated = replace(manifest, settings=settings, metrics={**manifest.metrics, **metrics})
    write_manifest(model_dir, calibrated)
    return calibrated
