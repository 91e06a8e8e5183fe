"""Reads labelled waveform datasets in SeisBench format, with h5py alone."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import COMPONENTS

__all__ = ["SeisBenchDataset", "open_seisbench"]

_BUCKET = re.compile(r"^(?P<bucket>[^$]+)\$(?P<row>\d+),:(?P<channels>\d*),:(?P<samples>\d*)$")
FloatArray = NDArray[np.float32]


def open_seisbench(folder: Path) -> "SeisBenchDataset":
    """Return the dataset in a folder that holds ``metadata.csv`` and ``waveforms.hdf5``.

    Raises
    ------
    SourceError
        If a file is absent or cannot be read.
    DataError
        If the table has no ``trace_name``, or the dimensions are not channels and samples.
    """
    table_path, waveform_path = folder / "metadata.csv", folder / "waveforms.hdf5"
    for path in (table_path, waveform_path):
        if not path.is_file():
            raise SourceError(
                f"{path} is not there; a SeisBench dataset holds both {path.name} and "
                f"its partner (metadata.csv, waveforms.hdf5)"
            )
    try:
        metadata = pd.read_csv(table_path, low_memory=False)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {table_path}: {error}") from error
    if "trace_name" not in metadata:
        raise DataError(
            f"{table_path} has no column trace_name; its columns are "
            f"{', '.join(metadata.columns[:8])} ..."
        )
    return SeisBenchDataset(waveform_path, metadata)


class SeisBenchDataset:
    """Labelled waveforms of one folder: a table of metadata and the samples by trace name.

    Parameters
    ----------
    waveform_path
        The HDF5 file.
    metadata
        One row a trace, with ``trace_name``; the other columns are as in the file.

    Attributes
    ----------
    metadata
        The table.
    sampling_rate_hz
        Rate that the whole file states, or NaN where each row states its own
        (``trace_sampling_rate_hz``).

    Notes
    -----
    Two layouts are read: traces in buckets, with names such as ``b9001$17,:3,:9001`` (row 17 of
    the bucket, 3 channels, 9001 samples), and one HDF5 dataset a trace. ``dimension_order`` states
    the order of one trace (``"CW"``: channels, samples), not of the bucket.
    """

    def __init__(self, waveform_path: Path, metadata: pd.DataFrame) -> None:
        self.waveform_path = waveform_path
        self.metadata = metadata
        with self._open() as file:
            self._component_order = _text(file, "component_order", "ZNE")
            dimension_order = _text(file, "dimension_order", "CW")
            rate = file.get("data_format/sampling_rate")
            self.sampling_rate_hz = float(rate[()]) if rate is not None else float("nan")
        if sorted(dimension_order) != ["C", "W"]:
            raise DataError(
                f"{waveform_path} has dimension_order {dimension_order!r}; it must be CW or WC"
            )
        self._samples_first = dimension_order == "WC"

    def __len__(self) -> int:
        return len(self.metadata)

    def _open(self) -> h5py.File:
        try:
            return h5py.File(self.waveform_path, "r")
        except OSError as error:
            raise SourceError(f"cannot read {self.waveform_path}: {error}") from error

    def rates_hz(self) -> NDArray[np.float64]:
        """Return the sampling rate of each row, shape ``(n_traces,)``, in Hz."""
        if "trace_sampling_rate_hz" in self.metadata:
            rates = self.metadata["trace_sampling_rate_hz"].to_numpy(dtype=np.float64)
            return np.where(np.isfinite(rates), rates, self.sampling_rate_hz)
        return np.full(len(self), self.sampling_rate_hz)

    def waveform(self, trace_name: str) -> FloatArray:
        """Return the samples of one trace, shape ``(3, n_samples)``, order Z, N, E.

        Raises
        ------
        DataError
            If the file holds no such trace.
        """
        return next(self.waveforms([trace_name]))

    def waveforms(self, trace_names: Sequence[str]) -> Iterator[FloatArray]:
        """Yield the samples of many traces, each of shape ``(3, n_samples)``, order Z, N, E.

        Components that the file does not hold are zero, and so are samples that are not finite.

        Raises
        ------
        DataError
            If the file holds no such trace.
        """
        with self._open() as file:
            for name in trace_names:
                yield self._in_order(self._read(file, name))

    def _read(self, file: h5py.File, name: str) -> FloatArray:
        match = _BUCKET.match(name)
        path = "data/" + (match["bucket"] if match else name)
        if path not in file:
            raise DataError(
                f"{self.waveform_path} holds no trace {name!r}; do the table and the "
                "waveforms belong together?"
            )
        stored = file[path]
        if match is None:
            samples = np.asarray(stored[()], dtype=np.float32)
            return samples.T if self._samples_first else samples
        row = int(match["row"])
        if row >= stored.shape[0]:
            raise DataError(f"trace {name!r} is row {row} of a bucket of {stored.shape[0]}")
        lengths = [int(text) if text else None for text in (match["channels"], match["samples"])]
        samples = np.asarray(stored[row], dtype=np.float32)[: lengths[0], : lengths[1]]
        return samples.T if self._samples_first else samples

    def _in_order(self, samples: FloatArray) -> FloatArray:
        ordered = np.zeros((len(COMPONENTS), samples.shape[1]), dtype=np.float32)
        aliases = {"1": "N", "2": "E"}
        for row, code in zip(samples, self._component_order, strict=False):
            letter = aliases.get(code, code)
            if letter in COMPONENTS:
                ordered[COMPONENTS.index(letter)] = row
        return np.nan_to_num(ordered, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _text(file: h5py.File, key: str, default: str) -> str:
    value = file.get(f"data_format/{key}")
    if value is None:
        return default
    raw = value[()]
    return raw.decode() if isinstance(raw, bytes) else str(raw)
