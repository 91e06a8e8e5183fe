"""What surrounds the training of a picker: its split, its development windows, its model folder."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError
from mainshock.core.provenance import file_sha256
from mainshock.core.records import PHASES
from mainshock.detect.calibrate import calibrated_manifest
from mainshock.detect.card import picker_card
from mainshock.detect.converted.interface import Architecture
from mainshock.detect.evaluate import pick_windows, score_windows
from mainshock.detect.labels import LabelledWindow, labelled_windows, phase_label
from mainshock.detect.network import NetworkPicker
from mainshock.detect.recipe import PickerRecipe
from mainshock.detect.training_traces import TrainingTraces
from mainshock.learn.models import ModelManifest, load_manifest, write_manifest
from mainshock.sources.labelled_datasets import split_by_event
from mainshock.sources.seisbench_format import SeisBenchDataset

__all__ = [
    "ARCHITECTURE",
    "DataOrigin",
    "development_windows",
    "package_picker",
    "split_dataset",
]

ARCHITECTURE = Architecture(
    "PhaseNet", {"component_order": "ENZ", "phases": "NPS", "norm": "std"}, "ENZ", ("N", "P", "S")
)
DEV_WINDOWS = "eval_windows_dev.csv"
_FILES = ("model.onnx", "recipe.yaml", "weights.safetensors")


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """What a picker was trained on.

    Parameters
    ----------
    checksums
        File name to SHA-256; all files of continuous records have one sum together.
    traces_by_dataset
        How many traces of each set were drawn from, noise included.
    """

    checksums: Mapping[str, str]
    traces_by_dataset: Mapping[str, int]

    @classmethod
    def of(cls, data_dir: Path, traces: TrainingTraces, records: Sequence[Path]) -> "DataOrigin":
        """Return the origin of training traces, read before anything is trained."""
        names = sorted(path for path in data_dir.iterdir() if path.suffix in {".csv", ".hdf5"})
        checksums = {path.name: file_sha256(path) for path in names}
        if records:
            checksums["records"] = _records_sha256(records)
        counts = Counter(trace.dataset for trace in (*traces.earthquakes, *traces.noise))
        return cls(checksums, dict(sorted(counts.items())))


def _records_sha256(records: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for root in records:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file():
                total.update(file_sha256(path).encode())
    return total.hexdigest()


def split_dataset(dataset: SeisBenchDataset, recipe: PickerRecipe) -> SeisBenchDataset:
    """Return the dataset with its own split, or split by event where the recipe says how."""
    if "split" in dataset.metadata or not recipe.split_shares:
        return dataset
    table = split_by_event(dataset.metadata, recipe.split_shares, recipe.seeds[0])
    return dataset.with_metadata(table)


def development_windows(
    dataset: SeisBenchDataset, data_dir: Path, out_dir: Path, recipe: PickerRecipe
) -> list[LabelledWindow]:
    """Return the windows on which everything is chosen.

    Without ``eval_windows_dev.csv`` beside the data, one window of each trace of the split `dev`
    is drawn, with its first arrival in its first half, and listed in the model folder.

    Raises
    ------
    DataError
        If there is no window.
    """
    path = data_dir / DEV_WINDOWS
    if not path.is_file():
        path = out_dir / DEV_WINDOWS
        _drawn_windows(dataset, recipe).to_csv(path, index=False)
    windows = list(labelled_windows(dataset, path))
    if not windows:
        raise DataError(f"{path} lists no window; a picker needs some to be calibrated on")
    return windows


def _drawn_windows(dataset: SeisBenchDataset, recipe: PickerRecipe) -> pd.DataFrame:
    if "split" not in dataset.metadata:
        raise DataError(
            "the table has no column split; add one that tells train and dev apart by event or "
            "station, or give the recipe split_shares, such as {train: 0.8, dev: 0.1, test: 0.1}"
        )
    rng = np.random.default_rng(recipe.seeds[0])
    n = recipe.window_samples
    rows = []
    for _, row in dataset.metadata[dataset.metadata["split"] == "dev"].iterrows():
        named = {str(key): value for key, value in row.items()}
        labels = [phase_label(named, phase)[0] for phase in PHASES]
        first = min((sample for sample in labels if sample is not None), default=0.0)
        start = max(0, int(first) - int(rng.integers(n // 10, n // 2)))
        rows.append({"trace_name": row["trace_name"], "start_sample": start, "npts": n})
    return pd.DataFrame(rows, columns=["trace_name", "start_sample", "npts"])


def package_picker(
    out_dir: Path,
    recipe: PickerRecipe,
    windows: Sequence[LabelledWindow],
    origin: DataOrigin,
    steps: int,
) -> dict[str, Any]:
    """Calibrate on the development windows, write manifest and card, return the metrics."""
    manifest = _manifest(out_dir, recipe, origin, steps)
    write_manifest(out_dir, manifest)
    manifest = calibrated_manifest(out_dir, manifest, windows, recipe.timing_datasets)
    results = pick_windows(NetworkPicker(model_dir=out_dir), windows)
    scores = {"windows": len(windows), **score_windows(results)}
    final = replace(manifest, metrics={**manifest.metrics, "development": scores})
    (out_dir / "card.md").write_text(picker_card(final, results), encoding="utf-8")
    write_manifest(out_dir, final)
    return dict(load_manifest(out_dir).metrics)


def _manifest(out_dir: Path, recipe: PickerRecipe, origin: DataOrigin, steps: int) -> ModelManifest:
    placeholder = {"threshold": 0.5}
    return ModelManifest(
        name=recipe.name,
        version=recipe.version,
        task="pick",
        description=recipe.description,
        licence=recipe.licence,
        files={name: file_sha256(out_dir / name) for name in _FILES},
        settings={
            "sampling_rate_hz": recipe.sampling_rate_hz,
            "window_samples": recipe.window_samples,
            "rules": dict.fromkeys(PHASES, placeholder),
            "refine_onsets": recipe.refine_onsets,
            "zooms": list(recipe.zooms),
            "architecture": ARCHITECTURE.as_dict(),
        },
        training={
            "purpose": recipe.purpose,
            "beware": list(recipe.beware),
            "seeds": list(recipe.seeds),
            "steps": steps,
            "architecture": "PhaseNet (SeisBench), classes P, S, noise",
            "start": recipe.start,
            "start_share": recipe.start_share,
            "teachers": sorted(recipe.teachers),
            "tutor": recipe.tutor,
            "timing_datasets": list(recipe.timing_datasets),
            "data": dict(origin.checksums),
            "traces_by_dataset": dict(origin.traces_by_dataset),
            "data_notes": recipe.data_notes,
        },
    )
