"""Trains PhaseNet by its recipe: data, loss, loop, calibration, export, card."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mainshock.core.errors import DataError, MissingDependencyError
from mainshock.core.provenance import file_sha256
from mainshock.core.records import PHASES
from mainshock.detect.augment import LabelledTrace, WindowSampler
from mainshock.detect.calibrate import calibrated_rules
from mainshock.detect.card import picker_card
from mainshock.detect.evaluate import pick_windows, score_windows
from mainshock.detect.labels import labelled_windows, phase_label
from mainshock.detect.phasenet import PhaseNetPicker
from mainshock.detect.recipe import PickerRecipe, read_recipe
from mainshock.learn.loop import LoopSettings, fit_network
from mainshock.learn.models import ModelManifest, load_manifest, write_manifest
from mainshock.learn.onnx_export import export_onnx
from mainshock.sources.seisbench_format import SeisBenchDataset, open_seisbench

__all__ = ["TrainingSummary", "masked_cross_entropy", "train_picker"]

DEV_WINDOWS = "eval_windows_dev.csv"


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


def train_picker(recipe_path: Path, data_dir: Path, out_dir: Path) -> TrainingSummary:
    """Train by a recipe and write weights, manifest, card and logs into a model folder.

    Parameters
    ----------
    recipe_path
        YAML file, see ``PickerRecipe``.
    data_dir
        SeisBench dataset with the column ``split`` (train, dev) and ``eval_windows_dev.csv``.
        Everything is chosen on the development windows.

    Raises
    ------
    SettingsError, SourceError, DataError
        If the recipe or the data cannot be used.
    """
    recipe = read_recipe(recipe_path)
    dataset = open_seisbench(data_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    sampler = _sampler(dataset, recipe)
    network = _network()
    steps = fit_network(
        network,
        lambda net, batch: masked_cross_entropy(net(batch[0], logits=True), batch[1], batch[2]),
        lambda: _tensors(sampler),
        LoopSettings(
            steps=recipe.steps,
            time_limit_min=recipe.time_limit_min,
            learning_rate=recipe.learning_rate,
            final_learning_rate=recipe.final_learning_rate,
            ema_decay=recipe.ema_decay,
            seed=recipe.seed,
        ),
        out_dir / "logs",
    )
    example = np.stack([sampler.batch().windows[0] for _ in range(3)])
    difference = export_onnx(
        _Probabilities(network),
        out_dir / "model.onnx",
        example,
        input_name="waveform",
        output_name="probability",
    )
    shutil.copyfile(recipe_path, out_dir / "recipe.yaml")
    metrics = _package(out_dir, recipe, dataset, steps)
    return TrainingSummary(str(out_dir), steps, difference, metrics)


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
        Shape ``(batch, 2)``: 1 where P, or S, may be in the window without a label. Its
        probability then counts as noise, so that finding it costs nothing.
    """
    log_p = torch.log_softmax(logits, dim=1)
    absent = torch.full_like(log_p[:, 2], -torch.inf)
    lacks_p, lacks_s = unlabelled[:, 0:1] > 0, unlabelled[:, 1:2] > 0
    neither = torch.stack(
        [
            log_p[:, 2],
            torch.where(lacks_p, log_p[:, 0], absent),
            torch.where(lacks_s, log_p[:, 1], absent),
        ]
    ).logsumexp(dim=0)
    rest = (1.0 - labels.sum(dim=1)).clamp(min=0.0)
    return -(labels[:, 0] * log_p[:, 0] + labels[:, 1] * log_p[:, 1] + rest * neither).mean()


class _Probabilities(torch.nn.Module):
    """PhaseNet with softmax outputs, as it is exported: P, S, noise."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.network(waveform, logits=True), dim=1)


def _network() -> torch.nn.Module:
    try:
        from seisbench.models import PhaseNet  # noqa: PLC0415 - slow, and only in the extra `train`
    except ImportError as error:
        raise MissingDependencyError(
            "training needs SeisBench; install the extra: pip install 'mainshock[train]'"
        ) from error
    network: torch.nn.Module = PhaseNet(phases="PSN", norm="std")
    return network


def _tensors(sampler: WindowSampler) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch = sampler.batch()
    arrays = (batch.windows, batch.labels, batch.unlabelled)
    windows, labels, unlabelled = (torch.from_numpy(array) for array in arrays)
    return windows, labels, unlabelled


def _sampler(dataset: SeisBenchDataset, recipe: PickerRecipe) -> WindowSampler:
    torch.manual_seed(recipe.seed)  # the first weights are drawn before the loop seeds itself
    table = dataset.metadata
    chosen = table[(table["split"] == "train")]
    chosen = chosen[~chosen["trace_dataset"].isin(recipe.excluded_datasets)]
    is_noise = chosen["trace_category"].str.startswith("noise")
    earthquakes = [
        trace for trace in _traces(dataset, chosen[~is_noise]) if np.isfinite(trace.arrivals).any()
    ]
    if not earthquakes:
        raise DataError(f"{dataset.waveform_path.parent} has no labelled trace with split 'train'")
    rng = np.random.default_rng(recipe.seed)
    return WindowSampler(earthquakes, _traces(dataset, chosen[is_noise]), recipe, rng)


def _traces(dataset: SeisBenchDataset, table: pd.DataFrame) -> list[LabelledTrace]:
    names = [str(name) for name in table["trace_name"]]
    traces = []
    rows = ({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
    for row, samples in zip(rows, dataset.waveforms(names), strict=True):
        labels = [phase_label(row, phase) for phase in PHASES]
        (p_sample, lacks_p), (s_sample, lacks_s) = labels
        arrivals = (
            np.nan if p_sample is None else p_sample,
            np.nan if s_sample is None else s_sample,
        )
        name = str(row["trace_dataset"])
        traces.append(LabelledTrace(samples, arrivals, (lacks_p, lacks_s), name))
    return traces


def _package(
    out_dir: Path, recipe: PickerRecipe, dataset: SeisBenchDataset, steps: int
) -> dict[str, Any]:
    """Calibrate on the development windows, then write manifest and card."""
    windows = list(labelled_windows(dataset, dataset.waveform_path.parent / DEV_WINDOWS))
    manifest = _manifest(out_dir, recipe, dataset, steps)
    write_manifest(out_dir, manifest)
    loose = PhaseNetPicker(model_dir=out_dir, p_threshold=0.1, s_threshold=0.1)
    rules = calibrated_rules(loose, windows)
    settings = {**manifest.settings, "rules": {phase: asdict(rules[phase]) for phase in PHASES}}
    write_manifest(out_dir, ModelManifest(**{**manifest.as_dict(), "settings": settings}))
    results = pick_windows(PhaseNetPicker(model_dir=out_dir), windows)
    metrics = {"development": {"windows": len(windows), **score_windows(results)}}
    final = ModelManifest(**{**manifest.as_dict(), "settings": settings, "metrics": metrics})
    (out_dir / "card.md").write_text(picker_card(final, results), encoding="utf-8")
    write_manifest(out_dir, final)
    return load_manifest(out_dir).as_dict()["metrics"]  # type: ignore[no-any-return]


def _manifest(
    out_dir: Path, recipe: PickerRecipe, dataset: SeisBenchDataset, steps: int
) -> ModelManifest:
    files = ("model.onnx", "recipe.yaml")
    table = dataset.metadata
    train = table[
        (table["split"] == "train") & ~table["trace_dataset"].isin(recipe.excluded_datasets)
    ]
    placeholder = {"threshold": 0.5}
    return ModelManifest(
        name=recipe.name,
        version=recipe.version,
        task="pick",
        description=recipe.description,
        licence="GPL-3.0-or-later",
        files={name: file_sha256(out_dir / name) for name in files},
        settings={
            "sampling_rate_hz": recipe.sampling_rate_hz,
            "window_samples": recipe.window_samples,
            "rules": dict.fromkeys(PHASES, placeholder),
        },
        training={
            "purpose": recipe.purpose,
            "beware": list(recipe.beware),
            "seed": recipe.seed,
            "steps": steps,
            "architecture": "PhaseNet (SeisBench), classes P, S, noise",
            "data": {
                name: file_sha256(dataset.waveform_path.parent / name)
                for name in ("waveforms.hdf5", "metadata.csv", DEV_WINDOWS)
            },
            "traces_by_dataset": train["trace_dataset"].value_counts().sort_index().to_dict(),
            "split": "column `split` of the metadata: stations apart for NCEDC, time for swarms",
        },
    )
