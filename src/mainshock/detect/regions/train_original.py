"""Trains the network of Perol et al. (2018), https://doi.org/10.1126/sciadv.1700578.

Network, loss and optimiser are the published ones, but for gradients: ``learn.loop`` clips them at
norm 1, the reference does not. The windows are scaled one by one; the reference scales the whole
stream, so that one large shock makes all others vanish (``legacy_normalisation`` does as it did).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.detect.regions.classifier import original_window, scaled_window
from mainshock.detect.regions.fold_scores import calibrated_blocks, score_blocks
from mainshock.detect.regions.folds import window_folds
from mainshock.detect.regions.labels import RegionScheme
from mainshock.detect.regions.network import ConvNetQuake, original_loss
from mainshock.detect.regions.region_recipe import RegionRecipe
from mainshock.detect.regions.scores import score_events
from mainshock.detect.regions.train_improved import SchemeMaker, loop_settings
from mainshock.detect.regions.windows import RegionWindows
from mainshock.learn.loop import fit_network
from mainshock.learn.onnx_export import export_onnx

__all__ = ["OriginalTraining"]

Samples = NDArray[np.float32]
IntArray = NDArray[np.int64]
_BEFORE_P_S = (0.5, 4.0)


@dataclass(slots=True)
class OriginalTraining:
    """One training of the published network; the fields are those of ``ImprovedTraining``."""

    events: RegionWindows
    noise: RegionWindows
    scheme_of: SchemeMaker
    recipe: RegionRecipe
    out_dir: Path
    resume: bool = False
    _folds: IntArray = field(init=False, repr=False)
    _noise_folds: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._folds, self._noise_folds = window_folds(self.events, self.noise, self.recipe.folds)

    def run(self, interim: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], int]:
        """Train, write the network, return the settings with the metrics, and the steps."""
        scheme = self.scheme_of(self.events)

        def at_checkpoint(network: torch.nn.Module) -> None:
            self._export(network)
            interim({"temperature": 1.0})

        network, steps = self._network(None, scheme, at_checkpoint)
        metrics, temperature = self._cross_validated()
        settings = {"temperature": temperature, "onnx_difference": self._export(network)}
        return {"settings": settings, "metrics": metrics}, steps

    def _network(
        self,
        fold: int | None,
        scheme: RegionScheme,
        at_checkpoint: Callable[[torch.nn.Module], None] | None = None,
    ) -> tuple[torch.nn.Module, int]:
        """Return a network that learned from all windows but those of a fold, and its steps."""
        recipe = self.recipe
        torch.manual_seed(recipe.seed)
        network = ConvNetQuake(len(scheme))
        part = self.events if fold is None else self.events.take(self._folds != fold)
        quiet = self.noise if fold is None else self.noise.take(self._noise_folds != fold)
        draw = _Draw(part, quiet, scheme.truth(part.table), recipe)

        def told(_step: int) -> None:
            if at_checkpoint is not None:
                at_checkpoint(copy.deepcopy(network))

        steps = fit_network(
            network,
            original_loss,
            draw,
            loop_settings(recipe, warm_up_steps=0, weight_decay=0.0),
            self.out_dir / "logs" / ("network" if fold is None else f"fold_{fold}"),
            resume=self.resume,
            at_checkpoint=told if at_checkpoint is not None else None,
        )
        return network, steps

    def _cross_validated(self) -> tuple[dict[str, Any], float]:
        folds, is_copy = self._folds, self.events.is_copy
        logits, truth, majority = [], [], []
        for one in range(self.recipe.folds):
            train = self.events.take(folds != one)
            test = self.events.take((folds == one) & ~is_copy)
            scheme = self.scheme_of(train)
            network, _ = self._network(one, scheme)
            answers = scheme.truth(test.table)
            known = np.flatnonzero(answers >= 0)
            logits.append(self._logits(network, test.take(known)))
            truth.append(answers[known])
            labels = scheme.truth(train.table)
            majority.append(np.full(len(known), int(np.bincount(labels[labels >= 0]).argmax())))
        found, temperature = calibrated_blocks(logits, [one + 1 for one in truth])
        answered = [one.argmax(axis=1) - 1 for one in found]
        regions = [one[:, 1:] / one[:, 1:].sum(axis=1, keepdims=True) for one in found]
        return {
            "regions": score_blocks(answered, regions, truth),
            "majority": score_events(np.concatenate(majority), np.concatenate(truth)),
        }, temperature

    def _logits(self, network: torch.nn.Module, windows: RegionWindows) -> NDArray[np.float64]:
        network.eval()
        n, rate = self.recipe.window_samples, self.recipe.sampling_rate_hz
        peaks = _stream_peaks(windows.records) if self.recipe.legacy_normalisation else None
        cut = np.stack([original_window(one, rate, n, peaks) for one in windows.records])
        with torch.no_grad():
            return np.asarray(network(torch.from_numpy(cut)).numpy(), dtype=np.float64)

    def _export(self, network: torch.nn.Module) -> float:
        n, rate = self.recipe.window_samples, self.recipe.sampling_rate_hz
        windows = np.stack([original_window(one, rate, n) for one in self.events.records[:2]])
        temporary = self.out_dir / ".model.onnx"
        difference = export_onnx(
            network, temporary, windows, input_name="window", output_name="logits"
        )
        temporary.replace(self.out_dir / "model.onnx")
        return difference


def _stream_peaks(records: list[Samples]) -> Samples:
    """Return the largest amplitude of each component in all records, shape ``(3,)``."""
    return np.asarray(np.max([np.abs(one).max(axis=1) for one in records], axis=0))


class _Draw:
    """Batches of which one half are events, the other noise."""

    def __init__(
        self, events: RegionWindows, noise: RegionWindows, truth: IntArray, recipe: RegionRecipe
    ) -> None:
        self._records = [events.records[row] for row in np.flatnonzero(truth >= 0)]
        self._p = events.column("p_s")[truth >= 0] * recipe.sampling_rate_hz
        self._truth = truth[truth >= 0]
        if not self._records:
            raise DataError("no training window has a region; nothing can be learned")
        self._noise = noise.records
        self._recipe = recipe
        every = [*self._records, *self._noise]
        self._peaks = _stream_peaks(every) if recipe.legacy_normalisation else None
        self._rng = np.random.default_rng(recipe.seed)

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor]:
        size = self._recipe.batch_size
        n_noise = size // 2 if self._noise else 0
        rows = self._rng.integers(0, len(self._records), size - n_noise)
        windows = [self._event(int(row)) for row in rows]
        windows += [self._quiet() for _ in range(n_noise)]
        labels = np.r_[self._truth[rows] + 1, np.zeros(n_noise, dtype=np.int64)]
        return torch.from_numpy(np.stack(windows)), torch.from_numpy(labels)

    def _event(self, row: int) -> Samples:
        record, p = self._records[row], self._p[row]
        n = self._recipe.window_samples
        if record.shape[1] <= 1.2 * n or not np.isfinite(p):
            return original_window(record, self._recipe.sampling_rate_hz, n, self._peaks)
        lead = self._rng.uniform(*_BEFORE_P_S) * self._recipe.sampling_rate_hz
        first = int(np.clip(p - lead, 0, record.shape[1] - n))
        return scaled_window(record[:, first : first + n], n, self._peaks)

    def _quiet(self) -> Samples:
        record = self._noise[int(self._rng.integers(len(self._noise)))]
        n = self._recipe.window_samples
        first = int(self._rng.integers(0, max(1, record.shape[1] - n)))
        return scaled_window(record[:, first : first + n], n, self._peaks)
