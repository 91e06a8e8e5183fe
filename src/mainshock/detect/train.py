"""Trains PhaseNet by its recipe: data, loss, loop, calibration, export, card."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from mainshock.core.errors import SettingsError
from mainshock.detect.augment import TrainingBatch, WindowSampler
from mainshock.detect.converted.interface import PickerNetwork, open_network
from mainshock.detect.network import NetworkPicker
from mainshock.detect.picker_package import (
    ARCHITECTURE,
    DataOrigin,
    development_windows,
    package_picker,
    split_dataset,
)
from mainshock.detect.recipe import PickerRecipe, read_recipe
from mainshock.detect.recipe_models import add_missing_models
from mainshock.detect.teachers import Tutor
from mainshock.detect.training_traces import TrainingTraces, open_teachers, training_traces
from mainshock.learn.loop import LoopSettings, fit_network
from mainshock.learn.models import find_model
from mainshock.learn.onnx_export import export_onnx
from mainshock.sources.labelled_datasets import open_dataset

__all__ = ["TrainingSummary", "masked_cross_entropy", "train_picker"]


State = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """Where the model lies, how long it trained and how it scores on the development set."""

    model_dir: str
    steps: int
    onnx_difference: float
    metrics: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def train_picker(
    recipe_path: Path,
    data_dir: Path,
    out_dir: Path,
    records: Sequence[Path] = (),
    *,
    name: str | None = None,
    devices: int = 1,
    progress: Callable[[str], None] | None = None,
) -> TrainingSummary:
    """Train by a recipe and write weights, manifest, card and logs into a model folder.

    Parameters
    ----------
    recipe_path
        YAML file, see ``PickerRecipe``.
    data_dir
        Labelled dataset (see ``open_dataset``) with the column ``split`` (train, dev), or a
        recipe that says how to split. Everything is chosen on the development windows: those of
        ``eval_windows_dev.csv``, or one of each trace of the split `dev`.
    records
        Continuous records that the recipe's teachers label: files, folders or SDS roots.
    name
        What the model and its picks are called, if not as the recipe says.
    devices
        Processes that train together; each step takes the mean gradient over a batch of each.
    progress
        Told each step worth telling.

    Raises
    ------
    SettingsError, SourceError, DataError
        If the recipe or the data cannot be used.
    """
    recipe = read_recipe(recipe_path)
    recipe = recipe if name is None else recipe.model_copy(update={"name": name})
    tell = progress or (lambda _text: None)
    if records and not recipe.teachers:
        raise SettingsError("records need teachers to label them; name some in the recipe")
    dataset = split_dataset(open_dataset(data_dir), recipe)
    add_missing_models(recipe, data_dir, tell)
    out_dir.mkdir(parents=True, exist_ok=True)
    windows = development_windows(dataset, data_dir, out_dir, recipe)
    tell("reading the data" + (" and asking the teachers" if recipe.teachers else ""))
    traces = training_traces(dataset, recipe, open_teachers(recipe), records)
    origin = DataOrigin.of(data_dir, traces, records)
    start = _start_state(recipe)
    states, steps = [], 0
    for index, seed in enumerate(recipe.seeds):
        tell(f"training {index + 1} of {len(recipe.seeds)}, seed {seed}: {recipe.steps} steps")
        log_dir = out_dir / "logs" / f"seed{index}"
        state, taken = _trained(traces, recipe, seed, start, log_dir, devices, tell)
        states.append(state)
        steps += taken
    sampler = WindowSampler(traces.earthquakes, traces.noise, recipe, np.random.default_rng(0))
    state = _mean_state(states, start, recipe.start_share)
    difference = _exported(state, out_dir, sampler.batch().windows[:3])
    shutil.copyfile(recipe_path, out_dir / "recipe.yaml")
    metrics = package_picker(out_dir, recipe, windows, origin, steps)
    return TrainingSummary(str(out_dir), steps, difference, metrics)


def _exported(state: State, out_dir: Path, example: NDArray[np.float32]) -> float:
    """Write the weights for training and for use; return how far ONNX is from torch."""
    network = ARCHITECTURE.build()
    network.load_state_dict(state)
    save_file(network.state_dict(), out_dir / "weights.safetensors")
    return export_onnx(
        PickerNetwork(network, ARCHITECTURE).eval(),
        out_dir / "model.onnx",
        example,
        input_name="waveform",
        output_name="probability",
    )


def masked_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, unlabelled: torch.Tensor
) -> torch.Tensor:
    """Return the cross-entropy in which a phase without label is neither right nor wrong.

    Parameters
    ----------
    logits
        Shape ``(batch, 3, n)``: P, S, noise.
    labels
        Shape ``(batch, 2, n)``: how much each sample is P, and S, 0 to 1.
    unlabelled
        Shape ``(batch, 2, n)``: 1 where P, or S, may arrive without a label. Its probability
        then counts as noise, so that finding it costs nothing.
    """
    log_p = torch.log_softmax(logits, dim=1)
    absent = torch.full_like(log_p[:, 2], -torch.inf)
    lacks_p, lacks_s = unlabelled[:, 0] > 0, unlabelled[:, 1] > 0
    neither = torch.stack(
        [
            log_p[:, 2],
            torch.where(lacks_p, log_p[:, 0], absent),
            torch.where(lacks_s, log_p[:, 1], absent),
        ]
    ).logsumexp(dim=0)
    rest = (1.0 - labels.sum(dim=1)).clamp(min=0.0)
    return -(labels[:, 0] * log_p[:, 0] + labels[:, 1] * log_p[:, 1] + rest * neither).mean()


class _Logits(torch.nn.Module):
    """PhaseNet from components Z, N, E to the logits of P, S and noise."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.components = ["ZNE".index(component) for component in ARCHITECTURE.components]
        self.rows = [ARCHITECTURE.labels.index(row) for row in ARCHITECTURE.rows]

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(waveform[:, self.components], logits=True)
        return logits[:, self.rows]


def _start_state(recipe: PickerRecipe) -> State | None:
    """Return the weights to start from, or None to start from random ones."""
    if recipe.start is None:
        return None
    network = open_network(find_model(recipe.start)).network
    return {key: value.clone() for key, value in network.state_dict().items()}


def _trained(
    traces: TrainingTraces,
    recipe: PickerRecipe,
    seed: int,
    start: State | None,
    log_dir: Path,
    devices: int,
    tell: Callable[[str], None],
) -> tuple[State, int]:
    """Return the weights after the training of one seed, and its steps."""
    torch.manual_seed(seed)  # the first weights are drawn before the loop seeds itself
    network = ARCHITECTURE.build()
    if start is not None:
        network.load_state_dict(start)
    rng = np.random.default_rng(seed)
    sampler = WindowSampler(traces.earthquakes, traces.noise, recipe, rng)
    steps = fit_network(
        _Logits(network.train()),
        lambda net, batch: masked_cross_entropy(net(batch[0]), batch[1], batch[2]),
        _drawer(sampler, recipe),
        LoopSettings(
            steps=recipe.steps,
            time_limit_min=recipe.time_limit_min / len(recipe.seeds),
            learning_rate=recipe.learning_rate,
            final_learning_rate=recipe.final_learning_rate,
            ema_decay=recipe.ema_decay,
            seed=seed,
            devices=devices,
        ),
        log_dir,
        at_checkpoint=lambda done: tell(f"step {done} of {recipe.steps}"),
    )
    return network.state_dict(), steps


def _mean_state(states: Sequence[State], start: State | None, start_share: float) -> State:
    """Return the average over the seeds, with the share of the weights they started from.

    Averaging fine-tuned weights with their start keeps what the start knew of other regions
    (Wortsman et al. 2022, https://doi.org/10.1109/CVPR52688.2022.00780).
    """
    mean = {}
    for key, first in states[0].items():
        if not torch.is_floating_point(first):
            mean[key] = first
            continue
        mean[key] = torch.stack([state[key] for state in states]).mean(dim=0)
        if start is not None:
            mean[key] = (1.0 - start_share) * mean[key] + start_share * start[key]
    return mean


def _tensors(batch: TrainingBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    arrays = (batch.windows, batch.labels, batch.unlabelled)
    windows, labels, unlabelled = (torch.from_numpy(array) for array in arrays)
    return windows, labels, unlabelled


def _drawer(sampler: WindowSampler, recipe: PickerRecipe) -> Callable[[], tuple[torch.Tensor, ...]]:
    """Return what draws the next batch, with soft labels where the recipe names a tutor."""
    if recipe.tutor is None:
        return lambda: _tensors(sampler.batch())
    tutor = Tutor(NetworkPicker(find_model(recipe.tutor)), recipe.tutor_late_s)
    return lambda: _tensors(tutor.taught(sampler.batch()))
