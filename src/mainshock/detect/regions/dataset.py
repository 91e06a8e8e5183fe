"""The data set of a region classifier on disk: event windows and noise windows in one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.times import format_utc
from mainshock.detect.regions.cut import CutWindow
from mainshock.sources.seisbench_format import SeisBenchDataset, open_seisbench
from mainshock.sources.seisbench_writer import SeisBenchWriter

__all__ = ["OWN_COLUMNS", "add_window", "open_region_dataset", "require_own", "writing_category"]

OWN_COLUMNS = ("trace_category", "trace_cluster_id", "split")


def open_region_dataset(folder: Path) -> SeisBenchDataset:
    """Return the data set in a folder that the ``detect dataset`` commands wrote.

    Raises
    ------
    SourceError
        If a file is absent or cannot be read.
    DataError
        If it is another kind of data set.
    """
    dataset = open_seisbench(folder)
    missing = require_own(dataset.metadata)
    if missing:
        raise DataError(
            f"{folder / 'metadata.csv'} lacks {', '.join(missing)}; give a folder that "
            "`mainshock detect dataset events` or `noise` wrote"
        )
    return dataset


def require_own(metadata: pd.DataFrame) -> list[str]:
    """Return those columns of a region data set that a table lacks."""
    return [name for name in OWN_COLUMNS if name not in metadata]


@contextmanager
def writing_category(
    folder: Path, category: str, sampling_rate_hz: float
) -> Iterator[SeisBenchWriter]:
    """Give a writer for all windows of one category; those of other categories stay.

    Parameters
    ----------
    folder
        Made if it is not there. Rows of ``category`` that it holds already are replaced, so a
        command may be repeated, and events and noise may share a folder.
    category
        ``"earthquake_local"`` or ``"noise"``.
    sampling_rate_hz
        Of all windows in the folder.

    Raises
    ------
    SettingsError
        If the folder holds another kind of data set, augmented rows, or another rate.
    SourceError
        If the folder cannot be read or written.
    """
    kept = _kept(folder, category, sampling_rate_hz)
    with SeisBenchWriter(folder, sampling_rate_hz) as writer:
        if kept is not None:
            names = [str(name) for name in kept.metadata["trace_name"]]
            rows = kept.metadata.astype(object).where(kept.metadata.notna(), None)
            for row, samples in zip(rows.to_dict("records"), kept.waveforms(names), strict=True):
                writer.add(samples, {str(k): v for k, v in row.items()})
        yield writer


def _kept(folder: Path, category: str, sampling_rate_hz: float) -> SeisBenchDataset | None:
    if not (folder / "metadata.csv").exists():
        return None
    dataset = open_seisbench(folder)
    table = dataset.metadata
    if require_own(table) or "trace_augmentation" in table:
        raise SettingsError(
            f"{folder} holds a data set that this command did not write; name another folder"
        )
    rates = np.unique(dataset.rates_hz())
    if np.any(np.abs(rates - sampling_rate_hz) > 1e-6):
        raise SettingsError(
            f"{folder} holds windows at {rates[0]:g} Hz, asked for is {sampling_rate_hz:g} Hz; "
            "name another folder or the same rate"
        )
    others = table[table["trace_category"] != category]
    return SeisBenchDataset(dataset.waveform_path, others) if len(others) else None


def add_window(writer: SeisBenchWriter, window: CutWindow, columns: dict[str, object]) -> None:
    """Add a window with its own columns and those of its station."""
    offset_s = (window.request.start - window.start).total_seconds()
    own: dict[str, object] = {
        "trace_start_time": format_utc(window.start),
        "trace_wanted_offset_s": round(offset_s, 6),
    }
    writer.add(window.samples, {**window.request.metadata, **own, **columns})
