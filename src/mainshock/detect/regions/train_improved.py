"""Trains the improved head: arrivals by a network, regions from measurements, all by folds."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from mainshock.detect.regions.classifier import event_probability
from mainshock.detect.regions.features import FEATURES, measure
from mainshock.detect.regions.fold_scores import calibrated_blocks, score_blocks
from mainshock.detect.regions.folds import window_folds
from mainshock.detect.regions.heads import (
    HEADS,
    TrainedHeads,
    fit_event_coefficients,
    fit_heads,
)
from mainshock.detect.regions.labels import RegionScheme
from mainshock.detect.regions.network import ArrivalNetwork, Probabilities
from mainshock.detect.regions.region_recipe import RegionRecipe
from mainshock.detect.regions.sampling import ArrivalSampler, joint_normalised
from mainshock.detect.regions.scores import score_events
from mainshock.detect.regions.windows import RegionWindows, mirrored
from mainshock.learn.loop import LoopSettings, fit_network
from mainshock.learn.onnx_export import export_onnx

__all__ = ["ImprovedTraining", "SchemeMaker", "loop_settings"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SchemeMaker = Callable[[RegionWindows], RegionScheme]
_SAME_DAY_S = 60.0


def loop_settings(recipe: RegionRecipe, **changed: Any) -> LoopSettings:
    """Return the loop's settings of a recipe."""
    values = {
        "steps": recipe.steps,
        "time_limit_min": recipe.time_limit_min,
        "learning_rate": recipe.learning_rate,
        "final_learning_rate": recipe.final_learning_rate,
        "ema_decay": recipe.ema_decay,
        "seed": recipe.seed,
        "checkpoint_steps": recipe.checkpoint_steps,
    }
    return LoopSettings(**(values | changed))


@dataclass(slots=True)
class ImprovedTraining:
    """One training of the improved head.

    Parameters
    ----------
    events, noise
        Training windows; events have P. Changed copies are learned from, never tested on.
    scheme_of
        Makes the regions from training events: called for each fold with its part alone. Numbers
        mean the same regions each time.
    catalogue
        Places of events, or None.
    recipe
        Everything else.
    out_dir
        Model folder.
    resume
        Go on from the checkpoints in the folder.
    """

    events: RegionWindows
    noise: RegionWindows
    scheme_of: SchemeMaker
    catalogue: pd.DataFrame | None
    recipe: RegionRecipe
    out_dir: Path
    resume: bool = False
    _folds: IntArray = field(init=False, repr=False)
    _noise_folds: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._folds, self._noise_folds = window_folds(self.events, self.noise, self.recipe.folds)

    def run(self, interim: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], int]:
        """Train, write the networks, return the settings with the metrics, and the steps.

        Parameters
        ----------
        interim
            Called with the settings of a model that can be used while training goes on.
        """
        scheme = self.scheme_of(self.events)

        def at_checkpoint(network: torch.nn.Module) -> None:
            seen = self._measured(network, self.events)
            coefficients = fit_event_coefficients(seen, self._measured(network, self.noise))
            heads = fit_heads(self.events, seen, scheme, self.catalogue, self.recipe)
            self._export(network, heads)
            interim(_settings(coefficients, dict.fromkeys(HEADS, 1.0)))

        network, steps = self._arrivals(None, at_checkpoint)
        measured, quiet = self._out_of_fold()
        metrics, temperature = self._cross_validated(measured)
        coefficients = fit_event_coefficients(measured, quiet)
        originals = ~self.events.is_copy, ~self.noise.is_copy
        folds = self._folds, self._noise_folds
        metrics["detection"] = _detection(measured, quiet, folds, originals)
        heads = fit_heads(self.events, measured, scheme, self.catalogue, self.recipe)
        settings = _settings(coefficients, temperature)
        settings["onnx_difference"] = self._export(network, heads)
        settings["catalogue_places"] = heads.n_places
        return {"settings": settings, "metrics": metrics}, steps

    def _arrivals(
        self,
        fold: int | None,
        at_checkpoint: Callable[[torch.nn.Module], None] | None = None,
    ) -> tuple[torch.nn.Module, int]:
        """Return a network that learned P and S from all windows but one fold's, and its steps."""
        recipe = self.recipe
        torch.manual_seed(recipe.seed)  # the first weights are drawn before the loop seeds itself
        network = ArrivalNetwork()
        part = self.events if fold is None else self.events.take(self._folds != fold)
        quiet = self.noise if fold is None else self.noise.take(self._noise_folds != fold)
        arrivals = np.column_stack([part.column("p_s"), part.column("s_s")])
        sampler = ArrivalSampler(
            part.records,
            arrivals * recipe.sampling_rate_hz,
            [] if self.events.starts_at_origin else quiet.records,
            recipe,
            np.random.default_rng(recipe.seed),
        )

        def draw() -> tuple[torch.Tensor, torch.Tensor]:
            windows, curves = sampler.batch()
            return torch.from_numpy(windows), torch.from_numpy(curves)

        def told(_step: int) -> None:
            if at_checkpoint is not None:
                at_checkpoint(copy.deepcopy(network))

        steps = fit_network(
            network,
            _curve_loss,
            draw,
            loop_settings(recipe),
            self.out_dir / "logs" / ("arrivals" if fold is None else f"fold_{fold}"),
            resume=self.resume,
            at_checkpoint=told if at_checkpoint is not None else None,
        )
        return network, steps

    def _measured(self, network: torch.nn.Module, windows: RegionWindows) -> FloatArray:
        """Return the measurements of windows with the curves of a network."""
        network.eval()
        n, rate = self.recipe.window_samples, self.recipe.sampling_rate_hz
        found = np.empty((len(windows), len(FEATURES)))
        for row, record in enumerate(windows.records):
            window = joint_normalised(record[:, :n])
            padded = np.pad(window, ((0, 0), (0, max(0, n - window.shape[1]))))
            with torch.no_grad():
                logits = network(torch.from_numpy(padded[None]))
            curves = torch.softmax(logits, dim=1)[0, :2].numpy()
            found[row] = measure(record[:, :n], curves[:, : record.shape[1]], rate).values
        return found

    def _out_of_fold(self) -> tuple[FloatArray, FloatArray]:
        """Return measurements of events and noise by networks that did not see their time."""
        measured = np.full((len(self.events), len(FEATURES)), np.nan)
        quiet = np.full((len(self.noise), len(FEATURES)), np.nan)
        for one in range(self.recipe.folds):
            network, _ = self._arrivals(one)
            loud, calm = self._folds == one, self._noise_folds == one
            measured[loud] = self._measured(network, self.events.take(loud))
            quiet[calm] = self._measured(network, self.noise.take(calm))
        return measured, quiet

    def _cross_validated(self, measured: FloatArray) -> tuple[dict[str, Any], dict[str, float]]:
        """Return the scores of events by heads that did not see their time, and temperatures."""
        logits: dict[str, list[FloatArray]] = {name: [] for name in HEADS}
        truth: list[IntArray] = []
        majority: list[IntArray] = []
        folds, is_copy = self._folds, self.events.is_copy
        for one in range(self.recipe.folds):
            tested = (folds == one) & ~is_copy
            train, test = self.events.take(folds != one), self.events.take(tested)
            scheme = self.scheme_of(train)
            answers = scheme.truth(test.table)
            known = answers >= 0
            heads = fit_heads(
                train, measured[folds != one], scheme, self._places_without(test), self.recipe
            )
            for name in HEADS:
                logits[name].append(heads.logits(name, measured[tested][known]))
            truth.append(answers[known])
            labels = scheme.truth(train.table)
            most = int(np.bincount(labels[labels >= 0]).argmax())
            majority.append(np.full(int(known.sum()), most))
        return _fold_scores(logits, truth, majority)

    def _places_without(self, test: RegionWindows) -> pd.DataFrame | None:
        """Return the catalogue without the time of the test windows."""
        if self.catalogue is None:
            return None
        times = test.column("time_s")
        times = times[np.isfinite(times)]
        if not len(times):
            return self.catalogue
        inside = self.catalogue["time_s"].between(
            times.min() - _SAME_DAY_S, times.max() + _SAME_DAY_S
        )
        return self.catalogue[~inside]

    def _export(self, network: torch.nn.Module, heads: TrainedHeads) -> float:
        """Write the networks, each whole or not at all; return the largest difference."""
        rate = self.recipe.window_samples
        records = [mirrored(one[:, :rate], rate) for one in self.events.records[:3]]
        windows = np.stack([joint_normalised(one) for one in records])
        jobs: list[tuple[str, torch.nn.Module, NDArray[np.float32], str, str]] = [
            ("model", Probabilities(network), windows, "window", "curves")
        ]
        example = np.zeros((2, len(FEATURES)), dtype=np.float32)
        jobs += [(name, heads.networks[name], example, "measured", "logits") for name in HEADS]
        largest = 0.0
        for name, one, given, input_name, output_name in jobs:
            temporary = self.out_dir / f".{name}.onnx"
            difference = export_onnx(
                one, temporary, given, input_name=input_name, output_name=output_name
            )
            temporary.replace(self.out_dir / f"{name}.onnx")
            largest = max(largest, difference)
        return largest


def _curve_loss(network: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    windows, curves = batch
    log_p = torch.log_softmax(network(windows), dim=1)
    return -(curves * log_p).sum(dim=1).mean()


def _settings(coefficients: FloatArray, temperature: dict[str, float]) -> dict[str, Any]:
    return {
        "event_coefficients": [float(value) for value in coefficients],
        "temperature": temperature,
        "features": list(FEATURES),
        "polarisation_features": list(HEADS["polarisation"]),
    }


def _fold_scores(
    logits: dict[str, list[FloatArray]], truth: list[IntArray], majority: list[IntArray]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the scores over folds of each head, and the temperatures of the finished model."""
    every = np.concatenate(truth)
    metrics: dict[str, Any] = {"majority": score_events(np.concatenate(majority), every)}
    temperature = {}
    for name, found in logits.items():
        probabilities, temperature[name] = calibrated_blocks(found, truth)
        answers = [one.argmax(axis=1) for one in probabilities]
        metrics[name] = score_blocks(answers, probabilities, truth)
    return metrics, temperature


def _detection(
    events: FloatArray,
    noise: FloatArray,
    folds: tuple[IntArray, IntArray],
    is_test: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> dict[str, Any]:
    """Return how many events and noise windows are told apart, each fold by the others."""
    if not len(noise):
        return {"events": {"n": int(is_test[0].sum())}, "noise": {"n": 0}}
    hits, calm = np.zeros(len(events), dtype=bool), np.zeros(len(noise), dtype=bool)
    for one in range(int(folds[0].max()) + 1):
        event_tests, noise_tests = folds[0] == one, folds[1] == one
        fitted = fit_event_coefficients(events[~event_tests], noise[~noise_tests])
        hits[event_tests] = event_probability(events[event_tests], fitted) >= 0.5
        calm[noise_tests] = event_probability(noise[noise_tests], fitted) < 0.5
    hits, calm = hits[is_test[0]], calm[is_test[1]]
    return {
        "events": {"accuracy": float(hits.mean()), "n": len(hits)},
        "noise": {"accuracy": float(calm.mean()) if len(calm) else None, "n": len(calm)},
    }
