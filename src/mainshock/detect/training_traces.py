"""The traces that a picker learns from: a labelled dataset, and records that teachers label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError
from mainshock.core.records import PHASES, Waveform
from mainshock.detect.augment import LabelledTrace
from mainshock.detect.base import Picker
from mainshock.detect.labels import phase_label
from mainshock.detect.network import NetworkPicker
from mainshock.detect.recipe import PickerRecipe
from mainshock.detect.teachers import taught_trace
from mainshock.learn.models import find_model
from mainshock.signal.resample import resample_waveform
from mainshock.sources.registry import open_source
from mainshock.sources.seisbench_format import SeisBenchDataset

__all__ = ["RECORDS", "TrainingTraces", "open_teachers", "training_traces"]

RECORDS = "records"
"""What continuous records are called among the sets of a recipe."""
_PIECE_S = 60.0


@dataclass(frozen=True, slots=True)
class TrainingTraces:
    """Traces with at least one arrival, and traces without any event."""

    earthquakes: list[LabelledTrace]
    noise: list[LabelledTrace]


def training_traces(
    dataset: SeisBenchDataset,
    recipe: PickerRecipe,
    teachers: Sequence[Picker] = (),
    records: Sequence[Path] = (),
) -> TrainingTraces:
    """Return the traces of the split `train` and of the records, as a recipe wants them.

    A noise trace in which two teachers agree on an arrival is left out.

    Raises
    ------
    DataError
        If no trace has a label, the table does not say which rows are for training, or traces
        have another sampling rate than the recipe.
    """
    table = _training_rows(dataset, recipe)
    table = table[~table["trace_dataset"].isin(recipe.excluded_datasets)]
    is_noise = table["trace_category"].str.startswith("noise")
    rate = recipe.sampling_rate_hz
    earthquakes = [taught_trace(one, teachers, rate) for one in _traces(dataset, table[~is_noise])]
    quiet = [taught_trace(one, teachers, rate) for one in _traces(dataset, table[is_noise])]
    for piece in _pieces(records, recipe) if teachers else ():
        taught = taught_trace(piece, teachers, rate)
        (earthquakes if any(taught.arrivals) else quiet).append(taught)
    earthquakes = [trace for trace in earthquakes if any(trace.arrivals)]
    if not earthquakes:
        raise DataError(f"{dataset.waveform_path.parent} has no labelled trace with split 'train'")
    return TrainingTraces(earthquakes, [trace for trace in quiet if not any(trace.arrivals)])


def _training_rows(dataset: SeisBenchDataset, recipe: PickerRecipe) -> pd.DataFrame:
    table = dataset.metadata
    if "split" not in table:
        raise DataError(
            "the table has no column split; training needs train, dev and test told apart by "
            "event or station: see mainshock.sources.labelled_datasets.split_by_event"
        )
    is_train = table["split"] == "train"
    rates = np.unique(dataset.rates_hz()[is_train.to_numpy()])
    if (rates != recipe.sampling_rate_hz).any():
        raise DataError(
            f"training traces have {', '.join(f'{rate:g}' for rate in rates)} samples a second; "
            f"the recipe wants {recipe.sampling_rate_hz:g}: resample the dataset first"
        )
    return table[is_train]


def open_teachers(recipe: PickerRecipe) -> list[Picker]:
    """Return the recipe's teachers, from the model store.

    Raises
    ------
    RegistryError
        If one of them must be added first.
    """
    return [
        NetworkPicker(find_model(name), p_threshold=chosen.p, s_threshold=chosen.s)
        for name, chosen in recipe.teachers.items()
    ]


def _traces(dataset: SeisBenchDataset, table: pd.DataFrame) -> Iterator[LabelledTrace]:
    names = [str(name) for name in table["trace_name"]]
    rows = ({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
    for row, samples in zip(rows, dataset.waveforms(names), strict=True):
        labels = [phase_label(row, phase) for phase in PHASES]
        p_times, s_times = (() if sample is None else (sample,) for sample, _ in labels)
        unlabelled = np.zeros((len(PHASES), samples.shape[1]), dtype=bool)
        unlabelled[:] = [[lacks] for _, lacks in labels]
        yield LabelledTrace(samples, (p_times, s_times), unlabelled, str(row["trace_dataset"]))


def _pieces(records: Sequence[Path], recipe: PickerRecipe) -> Iterator[LabelledTrace]:
    """Yield the records in pieces of a minute, without those that hold a gap."""
    for record in open_source(records) if records else ():
        waveform = resample_waveform(record, recipe.sampling_rate_hz)
        n_piece = round(_PIECE_S * waveform.sampling_rate_hz)
        for first in range(0, _end(waveform, recipe) - n_piece + 1, n_piece):
            if any(start < first + n_piece and end > first for start, end in waveform.gaps):
                continue
            samples = waveform.samples[:, first : first + n_piece]
            samples = samples - samples.mean(axis=1, keepdims=True)
            unlabelled = np.zeros((len(PHASES), n_piece), dtype=bool)
            yield LabelledTrace(samples, ((), ()), unlabelled, RECORDS)


def _end(waveform: Waveform, recipe: PickerRecipe) -> int:
    """Return the number of samples before the time from which the recipe keeps records apart."""
    if recipe.records_before is None:
        return waveform.n_samples
    seconds = (recipe.records_before - waveform.start).total_seconds()
    return int(np.clip(seconds * waveform.sampling_rate_hz, 0, waveform.n_samples))
