"""Scores a region classifier on labelled windows, beside what simpler answers would score."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.core.provenance import file_sha256
from mainshock.core.times import format_utc, utc_from_posix
from mainshock.detect.regions.classifier import RegionClassifier
from mainshock.detect.regions.scores import (
    constant_weights,
    expected_calibration_error,
    reliability,
    score_events,
    wilson_interval,
)
from mainshock.detect.regions.windows import RegionWindows, noise_before_p, read_windows
from mainshock.sources.table_files import write_table

__all__ = ["ON_TRAINING_DATA", "Part", "constant_weights", "evaluate_regions", "watch_regions"]

_WAVEFORM_FILES = ("waveforms.npz", "waveforms.hdf5")
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Part = Literal["all", "events", "noise"]
ON_TRAINING_DATA = (
    "scores on the training data: the model has seen these windows, so they do not tell how it "
    "does on others; see the cross-validated scores of its card"
)


def evaluate_regions(
    model_dir: Path,
    data_dir: Path,
    *,
    part: Part = "all",
    split: str | None = None,
    save_false: Path | None = None,
) -> dict[str, Any]:
    """Return the scores of a region model on a folder of labelled windows.

    Parameters
    ----------
    model_dir
        Folder of the model.
    data_dir
        See ``read_windows``. Of records that start at the origin time, the part before P serves
        as noise windows. P is found in the waveform; the table is looked at for the truth alone.
    part
        Events, noise windows, or both. Changed copies (``trace_augmentation``) are left out.
    split
        Rows of this part, or ``"all"``; None: those not of part train, if both kinds are there.
    save_false
        Write the windows that were answered wrongly here, .csv or .parquet.

    Returns
    -------
    dict
        ``location_accuracy`` (events with the right region; of noise alone the next value),
        ``location_accuracy_all_windows`` (noise counts as a class, as in the reference program),
        ``detection_accuracy``, ``confusion`` (rows: truth, noise first), ``labels``, ``ece`` (of
        events, ten bins), ``n``, ``split``, ``events``, ``noise``, ``baselines``, ``warnings``.

    Raises
    ------
    DataError, NothingFoundError
        If no row is of the part asked for; if no window has a known truth.
    """
    model = RegionClassifier(model_dir)
    windows = read_windows(data_dir, model.rate_hz)
    chosen, told = _chosen_rows(windows, split)
    is_seen = _is_seen(model, data_dir, windows, chosen)
    windows = windows.take(chosen & ~windows.is_copy)
    events, noise, truth, n_unknown = _labelled(model, windows, part)
    if not len(events) + len(noise):
        raise NothingFoundError(
            f"{data_dir} has no {part if part != 'all' else ''} window with a known region; "
            "are place or label in its metadata.csv?"
        )
    probabilities = model.probabilities([*events.records, *noise.records])
    labels = np.concatenate([truth + 1, np.zeros(len(noise), dtype=np.int64)])
    document = _scores(model, probabilities, labels)
    document["baselines"] = _baselines(model, events, truth)
    document["n_without_region"] = n_unknown
    document["model"], document["split"] = model.manifest.name, told
    if is_seen:
        document["warnings"].append(ON_TRAINING_DATA)
    if save_false is not None:
        _write_false(save_false, model, [events, noise], probabilities, labels)
    return document


def watch_regions(
    model_dir: Path,
    data_dir: Path,
    *,
    part: Part,
    interval_s: float,
    max_evaluations: int,
    split: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_scores: Callable[[dict[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """Return the scores of the newest exported model, taken again and again while it is trained.

    Scores also go to TensorBoard, in ``MODEL_DIR/logs/evaluation``, where it is installed.

    Parameters
    ----------
    interval_s
        Seconds between the beginnings of two rounds.
    max_evaluations
        Rounds, 1 or more.

    Raises
    ------
    DataError
        If interval or rounds make no sense.
    """
    if not interval_s > 0.0 or max_evaluations < 1:
        raise DataError(
            f"interval is {interval_s:g} s and max_evaluations {max_evaluations}; the first must "
            "be positive, the second 1 or more"
        )
    found = []
    for turn in range(max_evaluations):
        if turn:
            sleep(interval_s)
        scores = evaluate_regions(model_dir, data_dir, part=part, split=split)
        _to_tensorboard(model_dir / "logs" / "evaluation", scores, turn)
        found.append(scores)
        if on_scores is not None:
            on_scores(scores)
    return found


def _to_tensorboard(folder: Path, scores: dict[str, Any], turn: int) -> None:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - in [train] only
    except ImportError:
        return  # scores are returned all the same
    with SummaryWriter(str(folder)) as writer:
        for name in ("location_accuracy", "detection_accuracy", "ece"):
            if scores[name] is not None:
                writer.add_scalar(name, scores[name], turn)


def _labelled(
    model: RegionClassifier, windows: RegionWindows, part: Part
) -> tuple[RegionWindows, RegionWindows, IntArray, int]:
    """Return events that have a region, noise, the regions, and how many events have none."""
    events, noise = _parts(windows, model.window_samples, part)
    truth = model.scheme.truth(events.table) if len(events) else np.empty(0, dtype=np.int64)
    usable = truth >= 0
    return events.take(usable), noise, truth[usable], int((~usable).sum())


def _chosen_rows(windows: RegionWindows, split: str | None) -> tuple[NDArray[np.bool_], str]:
    """Return which rows are scored, and what they are called."""
    names = windows.table["split"].astype(str).to_numpy(dtype=str)
    every, is_train = np.ones(len(names), dtype=bool), names == "train"
    if split is None:
        return (every, "all") if is_train.all() or not is_train.any() else (~is_train, "not train")
    chosen = every if split == "all" else names == split
    if not chosen.any():
        there = ", ".join(sorted({name for name in names if name})) or "no column split"
        raise DataError(f"no row is of split {split!r}; there is {there}, and `all`")
    return chosen, split


def _is_seen(
    model: RegionClassifier, data_dir: Path, windows: RegionWindows, chosen: NDArray[np.bool_]
) -> bool:
    """Return whether rows are scored that the model was trained on, by the files' checksums."""
    known = dict(model.manifest.training.get("data", {}))
    paths = [data_dir / name for name in _WAVEFORM_FILES if (data_dir / name).is_file()][:1]
    if any(known.get(path.name) != file_sha256(path) for path in paths):
        return False
    if known.get("metadata.csv") != file_sha256(data_dir / "metadata.csv"):
        return True  # the same records; which of them were learned from, the table cannot tell
    is_train = windows.table["split"].astype(str).to_numpy(dtype=str) == "train"
    return bool((chosen & is_train).any()) if is_train.any() else True


def _parts(
    windows: RegionWindows, n_window: int, part: Part
) -> tuple[RegionWindows, RegionWindows]:
    nothing = np.zeros(len(windows), dtype=bool)
    events = windows.take(nothing if part == "noise" else ~windows.is_noise)
    if part == "events":
        return events, windows.take(nothing)
    if windows.starts_at_origin:
        return events, noise_before_p(windows, n_window)
    return events, windows.take(windows.is_noise)


def _scores(model: RegionClassifier, probabilities: FloatArray, labels: IntArray) -> dict[str, Any]:
    """Return the scores; labels and columns count noise as 0."""
    answers = probabilities.argmax(axis=1)
    is_event = labels > 0
    classes = model.n_regions + 1
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    detected = (answers > 0) == is_event
    located = score_events(answers[is_event] - 1, labels[is_event] - 1)
    regions = probabilities[is_event, 1:]
    regions = regions / np.maximum(regions.sum(axis=1, keepdims=True), 1e-12)
    warning = constant_weights(regions) if is_event.any() else None
    truth = labels[is_event] - 1
    all_windows = float((answers == labels).mean())
    return {
        "detection_accuracy": float(detected.mean()),
        "location_accuracy": located["accuracy"] if is_event.any() else all_windows,
        "location_accuracy_all_windows": all_windows,
        "confusion": confusion.tolist(),
        "labels": ["noise", *model.scheme.names],
        "ece": expected_calibration_error(regions, truth) if is_event.any() else None,
        "ece_all_windows": expected_calibration_error(probabilities, labels),
        "reliability": reliability(regions, truth) if is_event.any() else [],
        "n": len(labels),
        "events": {**located, "detection": _share(detected[is_event])},
        "noise": {"n": int((~is_event).sum()), "detection": _share(detected[~is_event])},
        "warnings": [warning] if warning else [],
    }


def _share(hits: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "accuracy": float(hits.mean()) if len(hits) else None,
        "interval95": wilson_interval(int(hits.sum()), len(hits)),
        "n": len(hits),
    }


def _baselines(model: RegionClassifier, events: RegionWindows, truth: IntArray) -> dict[str, Any]:
    """Return what two simpler answers score on the event windows, detection granted."""
    if not len(events):
        return {}
    majority = np.full(len(truth), int(model.settings["majority_region"]))
    found: dict[str, Any] = {"majority": score_events(majority, truth)}
    found["majority_of_these_windows"] = {
        "accuracy": float(np.bincount(truth).max() / len(truth)),
        "n": len(truth),
    }
    if model.head == "improved":
        values = np.stack([model.measured(record).values for record in events.records])
        by_direction = model.from_measured(values, "polarisation")[:, 1:].argmax(axis=1)
        found["polarisation"] = score_events(by_direction, truth)
    return found


def _write_false(
    path: Path,
    model: RegionClassifier,
    parts: list[RegionWindows],
    probabilities: FloatArray,
    labels: IntArray,
) -> None:
    names = np.array(["noise", *model.scheme.names])
    answers = probabilities.argmax(axis=1)
    tables = [part.table[["name", "time_s"]] for part in parts if len(part)]
    table = pd.concat(tables, ignore_index=True)
    table["time"] = [
        format_utc(utc_from_posix(float(value))) if np.isfinite(value) else ""
        for value in table.pop("time_s")
    ]
    table["truth"], table["answer"] = names[labels], names[answers]
    table["probability"] = probabilities.max(axis=1).round(4)
    write_table(path, table[answers != labels].reset_index(drop=True))
