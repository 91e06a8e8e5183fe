"""Trains a region classifier by its recipe: data, regions, networks, calibration, card."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError
from mainshock.core.files import make_folder
from mainshock.core.provenance import file_sha256
from mainshock.core.records import Waveform
from mainshock.detect.regions.classifier import TASK
from mainshock.detect.regions.evaluate import ON_TRAINING_DATA, evaluate_regions
from mainshock.detect.regions.labels import RegionScheme, choose_scheme, numbered_as
from mainshock.detect.regions.region_card import region_card
from mainshock.detect.regions.region_recipe import RegionRecipe, write_region_recipe
from mainshock.detect.regions.train_improved import ImprovedTraining
from mainshock.detect.regions.train_original import OriginalTraining
from mainshock.detect.regions.windows import (
    RegionWindows,
    noise_before_p,
    read_epicentres,
    read_windows,
)
from mainshock.detect.registry import open_picker
from mainshock.learn.models import ModelManifest, write_manifest

__all__ = ["RegionTrainingSummary", "train_regions"]

_DATA_FILES = ("waveforms.npz", "waveforms.hdf5", "metadata.csv")


@dataclass(frozen=True, slots=True)
class RegionTrainingSummary:
    """Where the model lies, how long it trained, how it scores and what to beware of."""

    model_dir: str
    steps: int
    metrics: dict[str, Any]
    warnings: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return asdict(self)


def train_regions(
    data_dir: Path,
    out_dir: Path,
    recipe: RegionRecipe,
    *,
    clusters_path: Path | None = None,
    resume: bool = False,
) -> RegionTrainingSummary:
    """Train a region classifier and write weights, manifest, card and logs into a model folder.

    Parameters
    ----------
    data_dir
        See ``read_windows``. Where the column ``split`` has ``train``, only those are used. The
        file that ``recipe.catalogue`` names there, if it is there, says where events happen.
    out_dir
        Model folder. While the arrival network is trained, each checkpoint leaves a model there
        that can be evaluated.
    recipe
        Everything that decides the weights.
    clusters_path
        ``clusters.json`` of `detect dataset cluster`, whose regions are used.
    resume
        Go on from the checkpoints in ``out_dir/logs``.

    Raises
    ------
    SourceError, DataError
        If the data cannot be used.
    """
    make_folder(out_dir)
    events, noise = _training_windows(data_dir, recipe)

    def scheme_of(windows: RegionWindows) -> RegionScheme:
        return choose_scheme(
            windows,
            n_clusters=recipe.n_clusters,
            label_column=recipe.label_column,
            clusters_path=clusters_path,
            seed=recipe.seed,
        )

    scheme = scheme_of(events)
    makes_own = scheme.clusters is not None and clusters_path is None

    def maker(windows: RegionWindows) -> RegionScheme:
        # places are learned, under the numbers that they have in the model
        return numbered_as(scheme_of(windows), scheme) if makes_own else scheme

    writer = _ModelWriter(out_dir, data_dir, recipe, events, noise, scheme, makes_own)
    if recipe.head == "original":
        training: Any = OriginalTraining(events, noise, maker, recipe, out_dir, resume)
    else:
        training = ImprovedTraining(
            events, noise, maker, _catalogue(data_dir, recipe), recipe, out_dir, resume
        )
    result, steps = training.run(lambda settings: writer.write(settings, {}, 0))
    writer.write(result["settings"], result["metrics"], steps)
    warnings = [*_no_better(result["metrics"]), *_told_of_itself(out_dir, data_dir)]
    return RegionTrainingSummary(str(out_dir), steps, result["metrics"], events.notes + warnings)


def _told_of_itself(out_dir: Path, data_dir: Path) -> list[str]:
    """Return what an evaluation on the training data warns of, but not that it is that."""
    told = evaluate_regions(out_dir, data_dir, split="all")["warnings"]
    return [text for text in told if text != ON_TRAINING_DATA]


def _no_better(metrics: Mapping[str, Any]) -> list[str]:
    """Return a warning where the model tells regions no better than the most frequent one does."""
    scores = metrics.get("cross_validation", {})
    if not {"regions", "majority"} <= set(scores):
        return []
    ours, majority = (scores[name]["accuracy"] for name in ("regions", "majority"))
    if ours > majority:
        return []
    told = (
        f"cross-validated accuracy {ours:.2f}; always answering the most frequent region gives "
        f"{majority:.2f}: this model knows nothing of regions, train longer or with more events"
    )
    return [told]


def _stations(events: RegionWindows) -> list[str]:
    """Return the codes NET.STA of the stations of the records, as far as the table states them."""
    columns = ["station_network_code", "station_code"]
    if not set(columns) <= set(events.table):
        return []
    codes = events.table[columns].dropna().astype(str).agg(".".join, axis=1)
    return sorted(set(codes))


def _training_windows(data_dir: Path, recipe: RegionRecipe) -> tuple[RegionWindows, RegionWindows]:
    windows = read_windows(data_dir, recipe.sampling_rate_hz)
    split = windows.table["split"].to_numpy()
    if (split == "train").any():
        windows = windows.take(split == "train")
    events = _with_arrivals(windows.take(~windows.is_noise))
    if windows.starts_at_origin:
        return events, noise_before_p(events, recipe.window_samples)
    return events, windows.take(windows.is_noise)


def _with_arrivals(events: RegionWindows) -> RegionWindows:
    """Return the events that have a P; where none is stated, the default picker gives it."""
    p_s, s_s = events.column("p_s"), events.column("s_s")
    if not np.isfinite(p_s).all():
        picker = open_picker("default")
        start = datetime(2000, 1, 1, tzinfo=UTC)
        for row in np.flatnonzero(~np.isfinite(p_s)):
            record = events.records[row]
            waveform = Waveform("", "X", "", "", start, events.sampling_rate_hz, record)
            picks = sorted(picker.classify(waveform), key=lambda pick: -pick.probability)
            seconds = {
                pick.phase: (pick.time - start) / timedelta(seconds=1) for pick in reversed(picks)
            }
            p_s[row] = seconds.get("P", np.nan)
            if seconds.get("S", -np.inf) > p_s[row]:
                s_s[row] = seconds["S"]
    events.table["p_s"], events.table["s_s"] = p_s, s_s
    if not np.isfinite(p_s).any():
        raise DataError(
            f"{len(events)} events, and neither the table nor the default picker has a P in any; "
            "add the column trace_p_arrival_sample"
        )
    with_p = events.take(np.isfinite(p_s))
    if len(with_p) < len(events):
        with_p.notes.append(
            f"{len(events) - len(with_p)} of {len(events)} events are left out: neither the table "
            "nor the default picker has a P in them"
        )
    return with_p


def _catalogue(data_dir: Path, recipe: RegionRecipe) -> pd.DataFrame | None:
    if recipe.catalogue is None or not (data_dir / recipe.catalogue).is_file():
        return None
    return read_epicentres(data_dir / recipe.catalogue)


@dataclass(slots=True)
class _ModelWriter:
    """Writes all of a model but its networks."""

    out_dir: Path
    data_dir: Path
    recipe: RegionRecipe
    events: RegionWindows
    noise: RegionWindows
    scheme: RegionScheme
    is_refitted: bool

    def write(self, settings: dict[str, Any], metrics: dict[str, Any], steps: int) -> None:
        """Write regions, recipe, card and manifest; without metrics the model is an interim one."""
        if self.scheme.clusters is not None:
            self.scheme.clusters.write_json(self.out_dir / "clusters.json")
        write_region_recipe(self.out_dir / "recipe.yaml", self.recipe)
        manifest = ModelManifest(
            name=self.recipe.name,
            version=self.recipe.version,
            task=TASK,
            description=self.recipe.description,
            licence=self.recipe.licence,
            files={name: file_sha256(self.out_dir / name) for name in self._files()},
            settings={**self._settings(), **settings},
            training=self._training(steps, interim=not metrics),
            metrics={"cross_validation": metrics} if metrics else {},
        )
        card = region_card(manifest, self.scheme.clusters)
        (self.out_dir / "card.md").write_text(card, encoding="utf-8")
        write_manifest(self.out_dir, manifest)

    def _files(self) -> list[str]:
        names = ["model.onnx", "recipe.yaml"]
        if self.recipe.head == "improved":
            names += ["regions.onnx", "polarisation.onnx"]
        return names + (["clusters.json"] if self.scheme.clusters is not None else [])

    def _settings(self) -> dict[str, Any]:
        truth = self.scheme.truth(self.events.table)
        recipe = self.recipe
        return {
            "head": recipe.head,
            "sampling_rate_hz": recipe.sampling_rate_hz,
            "window_samples": recipe.window_samples,
            "regions": list(self.scheme.names),
            "label_column": self.scheme.column,
            "legacy_normalisation": recipe.legacy_normalisation,
            "majority_region": int(np.bincount(truth[truth >= 0]).argmax()),
            "region_counts": np.bincount(truth[truth >= 0], minlength=len(self.scheme)).tolist(),
        }

    def _training(self, steps: int, *, interim: bool) -> dict[str, Any]:
        names = [*_DATA_FILES, self.recipe.catalogue or ""]
        paths = [self.data_dir / name for name in names if name]
        return {
            "purpose": self.recipe.purpose,
            "beware": list(self.recipe.beware),
            "attribution": list(self.recipe.attribution),
            "seed": self.recipe.seed,
            "steps": steps,
            "interim": interim,
            "data": {path.name: file_sha256(path) for path in paths if path.is_file()},
            "events": len(self.events),
            "stations": _stations(self.events),
            "noise_windows": len(self.noise),
            "split": f"{self.recipe.folds} blocks of time",
            "regions_refitted": self.is_refitted,
        }
