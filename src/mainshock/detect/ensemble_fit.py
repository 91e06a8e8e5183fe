"""Fits the ensemble picker: how much each member's curve counts, then thresholds and timing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import minimize
from scipy.signal import find_peaks

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.provenance import file_sha256
from mainshock.core.records import PHASES
from mainshock.detect.calibrate import (
    FOLDS,
    calibrated_rules,
    candidates,
    compared,
    false_picks_per_hour,
)
from mainshock.detect.card import ensemble_card
from mainshock.detect.ensemble import FLOOR, EnsemblePicker
from mainshock.detect.evaluate import pick_windows, score_windows
from mainshock.detect.labels import LabelledWindow, highest_rate_hz, labelled_windows
from mainshock.detect.network import NetworkPicker
from mainshock.learn.models import ModelManifest, find_model, write_manifest
from mainshock.sources.labelled_datasets import open_dataset

__all__ = ["EnsembleRecipe", "fit_ensemble", "fitted_weights"]

_TOLERANCE_S = 0.5
_FEWEST = 10
_LOWEST = float(np.log(0.01 / 0.99))
"""Smallest mean logit of a peak to learn from."""
FloatArray = NDArray[np.float64]


class EnsembleRecipe(BaseModel):
    """What `mainshock detect ensemble` needs; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "ensemble"
    version: str
    description: str
    members: Annotated[tuple[str, ...], Field(min_length=2)]
    dataset_weights: dict[str, Annotated[float, Field(gt=0.0)]] = {}
    timing_datasets: tuple[str, ...] = ()
    penalty: Annotated[float, Field(ge=0.0)] = 0.01
    beware: tuple[str, ...] = ()


@dataclass(slots=True)
class _Peaks:
    """Logits of the members at the peaks of their mean, and whether each peak is right."""

    logits: list[FloatArray] = field(default_factory=list)
    is_hit: list[bool] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    window: list[int] = field(default_factory=list)


def fit_ensemble(recipe_path: Path, data_dir: Path, out_dir: Path) -> ModelManifest:
    """Fit weights, thresholds and timing on the development windows; write manifest and recipe.

    Raises
    ------
    SettingsError
        If the recipe cannot be used.
    RegistryError
        If a member is not in the model store.
    DataError
        If the windows hold too few right or wrong peaks.
    """
    recipe = _read(recipe_path)
    members = [NetworkPicker(find_model(name)) for name in recipe.members]
    dataset = open_dataset(data_dir)
    windows_file = data_dir / "eval_windows_dev.csv"
    context = round(max(one.window_s for one in members) * highest_rate_hz(dataset))
    windows = list(labelled_windows(dataset, windows_file, context))
    peaks = _peaks(members, windows, recipe)
    weights = {phase: _fitted(peaks[phase], phase, recipe.penalty) for phase in PHASES}
    rules: dict[str, Any] = {phase: {"threshold": 0.5} for phase in PHASES}
    settings = {"members": list(recipe.members), "weights": weights, "rules": rules}
    found = candidates(EnsemblePicker(members, settings), windows)
    chosen = calibrated_rules(found, recipe.timing_datasets)
    settings["rules"] = {phase: asdict(chosen[phase]) for phase in PHASES}
    results = pick_windows(EnsemblePicker(members, settings), windows)
    metrics = {
        "development": {"windows": len(windows), **score_windows(results)},
        "reliability": {phase: _out_of_fold(peaks[phase], phase, recipe) for phase in PHASES},
        "false_picks_per_hour": {
            phase: false_picks_per_hour(found[phase], chosen[phase].threshold) for phase in PHASES
        },
    }
    manifest = _write(out_dir, recipe_path, recipe, settings, metrics)
    (out_dir / "card.md").write_text(ensemble_card(manifest, results), encoding="utf-8")
    return manifest


def fitted_weights(
    members: Sequence[NetworkPicker], windows: Sequence[LabelledWindow], recipe: EnsembleRecipe
) -> dict[str, Any]:
    """Return, for each phase, the intercept and one slope a member, none of them negative.

    Raises
    ------
    DataError
        If there are fewer than 10 right or 10 wrong peaks to learn from.
    """
    peaks = _peaks(members, windows, recipe)
    return {phase: _fitted(peaks[phase], phase, recipe.penalty) for phase in PHASES}


def _peaks(
    members: Sequence[NetworkPicker], windows: Sequence[LabelledWindow], recipe: EnsembleRecipe
) -> dict[str, _Peaks]:
    peaks = {phase: _Peaks() for phase in PHASES}
    for index, window in enumerate(windows):
        if not window.waveform.samples.any():
            continue
        logits = np.stack([_logit(one.annotate(window.waveform).probability) for one in members])
        for row, phase in enumerate(PHASES):
            one = peaks[phase]
            if phase not in window.unlabelled:
                _collect(one, logits[:, row], window, phase)
            n_new = len(one.is_hit) - len(one.window)
            one.window.extend([index] * n_new)
            one.weight.extend([recipe.dataset_weights.get(window.dataset, 1.0)] * n_new)
    return peaks


def _out_of_fold(peaks: _Peaks, phase: str, recipe: EnsembleRecipe) -> dict[str, Any]:
    """Return what ensembles fitted without a block of windows say of its peaks, and what is so."""
    logits, is_hit = np.asarray(peaks.logits), np.asarray(peaks.is_hit, dtype=bool)
    fold = (np.asarray(peaks.window) * FOLDS) // (max(peaks.window) + 1)
    stated = np.zeros(is_hit.size)
    for one in range(FOLDS):
        kept = np.flatnonzero(fold != one)
        others = _Peaks(
            [peaks.logits[i] for i in kept],
            [peaks.is_hit[i] for i in kept],
            [peaks.weight[i] for i in kept],
        )
        weights = _fitted(others, phase, recipe.penalty)
        total = weights["intercept"] + logits[fold == one] @ np.asarray(weights["slopes"])
        stated[fold == one] = 1.0 / (1.0 + np.exp(-total))
    return compared(stated, is_hit)


def _logit(curve: NDArray[np.float32]) -> FloatArray:
    clipped = np.clip(curve.astype(np.float64), FLOOR, 1.0 - FLOOR)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def _collect(peaks: _Peaks, logits: FloatArray, window: LabelledWindow, phase: str) -> None:
    rate = window.waveform.sampling_rate_hz
    first, past_last = window.scored
    mean = logits.mean(axis=0)[first:past_last]
    where = find_peaks(mean, height=_LOWEST, distance=round(rate))[0] + first
    label = window.arrivals.get(phase)
    distance = np.full(where.size, np.inf) if label is None else np.abs(where - label) / rate
    nearest = int(np.argmin(distance)) if where.size else -1
    for index, sample in enumerate(where):
        peaks.logits.append(logits[:, sample])
        peaks.is_hit.append(bool(index == nearest and distance[index] <= _TOLERANCE_S))


def _fitted(peaks: _Peaks, phase: str, penalty: float) -> dict[str, Any]:
    x, hit = np.asarray(peaks.logits), np.asarray(peaks.is_hit, dtype=bool)
    if hit.sum() < _FEWEST or (~hit).sum() < _FEWEST:
        raise DataError(
            f"{phase} has {hit.sum()} right and {(~hit).sum()} wrong peaks in the windows; an "
            f"ensemble needs at least {_FEWEST} of each"
        )
    weight = np.asarray(peaks.weight) / np.mean(peaks.weight)
    sign = np.where(hit, 1.0, -1.0)

    def loss(parameters: FloatArray) -> float:
        margin = sign * (parameters[0] + x @ parameters[1:])
        return float(
            np.mean(weight * np.logaddexp(0.0, -margin)) + penalty * np.sum(parameters[1:] ** 2)
        )

    start = np.append(0.0, np.full(x.shape[1], 1.0 / x.shape[1]))
    bounds = [(None, None), *[(0.0, None)] * x.shape[1]]
    best = minimize(loss, start, bounds=bounds, method="L-BFGS-B").x
    return {
        "intercept": round(float(best[0]), 4),
        "slopes": [round(float(slope), 4) for slope in best[1:]],
    }


def _read(path: Path) -> EnsembleRecipe:
    try:
        return EnsembleRecipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} is no usable recipe: {error}") from error


def _write(
    out_dir: Path,
    recipe_path: Path,
    recipe: EnsembleRecipe,
    settings: dict[str, Any],
    metrics: dict[str, Any],
) -> ModelManifest:
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "recipe.yaml").write_bytes(recipe_path.read_bytes())
    manifest = ModelManifest(
        name=recipe.name,
        version=recipe.version,
        task="pick",
        description=recipe.description,
        licence="GPL-3.0-or-later",
        files={"recipe.yaml": file_sha256(out_dir / "recipe.yaml")},
        settings=settings,
        training={"beware": list(recipe.beware), "members": list(recipe.members)},
        metrics=metrics,
    )
    write_manifest(out_dir, manifest)
    return manifest
