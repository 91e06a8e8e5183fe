"""Reads labelled waveform datasets in SeisBench format, whole or in chunks, with h5py alone."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import COMPONENTS

__all__ = ["SeisBenchDataset", "WaveformFile", "join_chunks", "open_seisbench", "read_table"]

_LOGGER = logging.getLogger(__name__)
_TABLE, _WAVEFORMS = re.compile(r"metadata(.*)\.csv"), re.compile(r"waveforms(.*)\.hdf5")
_CODES = ("trace_name", "station_network_code", "station_code", "station_location_code")
_NO_CODE = ("", "nan", "NaN", "None")
_NO_VALUE = (*_NO_CODE, "NA", "N/A", "n/a", "<NA>", "#N/A", "null", "NULL", "-nan", "-NaN")
_NUMBERS = {"trace_sampling_rate_hz": float, "trace_dt_s": float}
_ALIASES = {"N": "1", "E": "2", "Z": "3"}
FloatArray = NDArray[np.float32]
_Location = tuple[int | slice, ...]


@dataclass(frozen=True, slots=True)
class WaveformFile:
    """An HDF5 file of samples, and how one trace lies in it.

    Parameters
    ----------
    path
        The file; the samples are below its group ``data``.
    component_order
        A letter for each channel, such as ``"ZNE"``; a row of the table may state its own.
    dimension_order
        Of one trace: ``"CW"`` (channels, samples) or ``"WC"``.
    sampling_rate_hz
        Of all traces, or NaN where the file states none.

    Raises
    ------
    DataError
        If the dimensions are not channels and samples.
    """

    path: Path
    component_order: str = "ZNE"
    dimension_order: str = "CW"
    sampling_rate_hz: float = float("nan")

    def __post_init__(self) -> None:
        if sorted(self.dimension_order) != ["C", "W"]:
            raise DataError(
                f"{self.path} has dimension_order {self.dimension_order!r}; it must be CW or WC"
            )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the file with what its group ``data_format`` states.

        Raises
        ------
        SourceError
            If the file cannot be read.
        DataError
            If the dimensions are not channels and samples.
        """
        with _opened(path) as file:
            rate = file.get("data_format/sampling_rate")
            return cls(
                path,
                _text(file, "component_order", "ZNE"),
                _text(file, "dimension_order", "CW"),
                float(rate[()]) if rate is not None else float("nan"),
            )


def open_seisbench(folder: Path, chunks: Sequence[str] | None = None) -> "SeisBenchDataset":
    """Return the dataset in a folder with ``metadata.csv`` and ``waveforms.hdf5``, or in chunks.

    Parameters
    ----------
    folder
        Holds one pair of files, or a pair for each chunk. Chunks are listed by name in the file
        ``chunks``, a line each, or found from the file names if there is none. A name is taken as
        it is written: ``_A`` stands for ``metadata_A.csv`` and ``waveforms_A.hdf5``.
    chunks
        Read these only; all by default.

    Raises
    ------
    SourceError
        If a file is absent or cannot be read.
    DataError
        If a table has no ``trace_name``, or the dimensions are not channels and samples.

    Notes
    -----
    The table gets ``trace_sampling_rate_hz`` where it lacks it: from ``trace_dt_s``, else from
    the file. Of several chunks it also gets ``trace_chunk``. Where a trace name occurs in more
    than one chunk, as SeisBench's own writer does, names become ``CHUNK/NAME``, and
    ``trace_name_in_chunk`` keeps the original.

    References
    ----------
    Woollam et al. (2022), SeisBench, https://doi.org/10.1785/0220210324
    """
    files: dict[str, WaveformFile] = {}
    tables: dict[str, pd.DataFrame] = {}
    for chunk in _chunk_names(folder) if chunks is None else sorted(set(chunks)):
        table_path = folder / f"metadata{chunk}.csv"
        waveform_path = folder / f"waveforms{chunk}.hdf5"
        for path in (table_path, waveform_path):
            _require_file(path, chunk)
        files[chunk] = WaveformFile.read(waveform_path)
        tables[chunk] = _with_rates(read_table(table_path), files[chunk].sampling_rate_hz)
    if not files:
        raise SourceError(f"no chunk of {folder} was asked for; name at least one")
    return SeisBenchDataset(next(iter(files.values())).path, join_chunks(tables), files)


def read_table(path: Path, codes: Sequence[str] = _CODES) -> pd.DataFrame:
    """Return a table of metadata; columns of codes stay text, so ``NA`` and ``00`` survive.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it has no ``trace_name``.
    """
    try:
        columns = pd.read_csv(path, nrows=0).columns
        table = pd.read_csv(
            path,
            low_memory=False,
            keep_default_na=False,
            na_values={name: _NO_CODE if name in codes else _NO_VALUE for name in columns},
            dtype={**_NUMBERS, **dict.fromkeys((*codes, "trace_component_order"), str)},
        )
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    if "trace_name" not in table:
        raise DataError(
            f"{path} has no column trace_name; its columns are "
            f"{', '.join(map(str, table.columns[:8]))} ..."
        )
    return table


def join_chunks(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of all chunks as one, with trace names that occur once.

    Parameters
    ----------
    tables
        Chunk to table. One table alone is returned as it is.
    """
    if len(tables) == 1:
        return next(iter(tables.values()))
    table = pd.concat(
        [one.assign(trace_chunk=chunk) for chunk, one in tables.items()], ignore_index=True
    )
    pairs = table[["trace_chunk", "trace_name"]].drop_duplicates()
    if pairs["trace_name"].duplicated().any():
        table["trace_name_in_chunk"] = table["trace_name"]
        table["trace_name"] = table["trace_chunk"] + "/" + table["trace_name"]
    return table


class SeisBenchDataset:
    """Labelled waveforms of one folder: a table of metadata and the samples by trace name.

    Parameters
    ----------
    waveform_path
        The HDF5 file; of several chunks, the first.
    metadata
        One row a trace, with ``trace_name``; the other columns are as in the file.
    files
        Chunk to file; ``waveform_path`` alone by default, as it describes itself. Of several
        chunks, ``trace_chunk`` in the table tells which a trace is in.

    Attributes
    ----------
    metadata
        The table.
    sampling_rate_hz
        Rate that the files state, else the one rate of all rows, or NaN where rates differ;
        see ``rates_hz``, in which a row's own rate (``trace_sampling_rate_hz``) wins.

    Notes
    -----
    A trace name may hold a place within a bucket, such as ``b9001$17,:3,:9001`` (row 17 of the
    bucket, 3 channels, 9001 samples) in numpy's way of writing slices; a name without ``$`` is an
    HDF5 dataset of its own. ``dimension_order`` states the order of one trace (``"CW"``: channels,
    samples), not of the bucket. The order of components is that of the row
    (``trace_component_order``), else of the file, else Z, N, E. The letters 1, 2, 3 fill N, E, Z.

    Each chunk keeps its own ``data_format``; SeisBench wants the same in all.
    """

    def __init__(
        self,
        waveform_path: Path,
        metadata: pd.DataFrame,
        files: Mapping[str, WaveformFile] | None = None,
    ) -> None:
        self.waveform_path = waveform_path
        self.metadata = metadata
        self._files = dict(files) if files else {"": WaveformFile.read(waveform_path)}
        self.sampling_rate_hz = self._one_rate_hz()

    def __len__(self) -> int:
        return len(self.metadata)

    def with_metadata(self, metadata: pd.DataFrame) -> "SeisBenchDataset":
        """Return the same waveforms with another table, such as fewer rows or more columns."""
        return SeisBenchDataset(self.waveform_path, metadata, self._files)

    def rates_hz(self) -> NDArray[np.float64]:
        """Return the sampling rate of each row, shape ``(n_traces,)``, in Hz."""
        return _row_rates_hz(self.metadata, self.sampling_rate_hz)

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
            If there is no such trace, or its shape does not fit the order of its components.
        """
        with ExitStack() as stack:
            opened: dict[str, h5py.File] = {}
            for name in trace_names:
                chunk, stored_name, order = self._place(name)
                if chunk not in opened:
                    opened[chunk] = stack.enter_context(_opened(self._files[chunk].path))
                samples = _read(opened[chunk], stored_name)
                if self._files[chunk].dimension_order == "WC":
                    samples = samples.T
                yield _in_order(samples, order, name)

    def _one_rate_hz(self) -> float:
        stated = np.unique([file.sampling_rate_hz for file in self._files.values()])
        if len(stated) == 1 and np.isfinite(stated[0]):
            return float(stated[0])
        rates = _row_rates_hz(self.metadata, float("nan"))
        is_one = len(rates) and np.isfinite(rates).all() and np.ptp(rates) <= 1e-4 * rates[0]
        return float(rates[0]) if is_one else float("nan")

    def _place(self, name: str) -> tuple[str, str, str]:
        """Return the chunk of a trace, its name there, and the order of its components."""
        chunk, file = next(iter(self._files.items()))
        if name in self._own_places:
            return self._own_places[name]
        if len(self._files) > 1:
            raise DataError(
                f"the table lists no trace {name!r}; of {len(self._files)} chunks only the table "
                "tells which one holds a trace: take names from its column trace_name"
            )
        return chunk, name, file.component_order

    @cached_property
    def _own_places(self) -> dict[str, tuple[str, str, str]]:
        """Places that the name alone does not tell: in chunks, or in another order."""
        table = self.metadata
        chunks = [next(iter(self._files))] * len(table)
        if len(self._files) > 1:
            _require_chunks(table, self._files)
            chunks = table["trace_chunk"].tolist()
        orders = [self._files[chunk].component_order for chunk in chunks]
        if "trace_component_order" in table:
            own = table["trace_component_order"].tolist()
            orders = [
                text if isinstance(text, str) and text else order
                for text, order in zip(own, orders, strict=True)
            ]
        if len(self._files) == 1 and set(orders) <= {self._files[chunks[0]].component_order}:
            return {}
        has_chunk_names = len(self._files) > 1 and "trace_name_in_chunk" in table
        stored = table["trace_name_in_chunk" if has_chunk_names else "trace_name"]
        places = zip(chunks, map(str, stored), orders, strict=True)
        return dict(zip(map(str, table["trace_name"]), places, strict=True))


def _chunk_names(folder: Path) -> list[str]:
    listed = folder / "chunks"
    if listed.is_file():
        lines = listed.read_text(encoding="utf-8").splitlines()
        names = {line.strip() for line in lines if line.strip()}
        if names:
            return sorted(names)
        _LOGGER.warning("%s is empty; chunks are found from the names of the files", listed)
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give one with metadata.csv, waveforms.hdf5")
    if (folder / "waveforms.hdf5").is_file():
        return [""]
    files = [path.name for path in folder.iterdir()]
    tables = {match[1] for name in files if (match := _TABLE.fullmatch(name))}
    waveforms = {match[1] for name in files if (match := _WAVEFORMS.fullmatch(name))}
    if tables ^ waveforms:
        alone = [f"metadata{name}.csv" for name in sorted(tables - waveforms)]
        alone += [f"waveforms{name}.hdf5" for name in sorted(waveforms - tables)]
        _LOGGER.warning("%s: %s without partner, left out", folder, ", ".join(alone))
    return sorted(tables & waveforms) or [""]


def _require_file(path: Path, chunk: str) -> None:
    if path.is_file():
        return
    if not chunk:
        raise SourceError(
            f"{path} is not there; a SeisBench dataset holds both {path.name} and "
            f"its partner (metadata.csv, waveforms.hdf5)"
        )
    raise SourceError(
        f"{path} is not there, of chunk {chunk!r}; add it, or take the chunk out of "
        f"{path.parent / 'chunks'} (a name is taken as written: `_A` means metadata_A.csv)"
    )


def _require_chunks(table: pd.DataFrame, files: Mapping[str, WaveformFile]) -> None:
    named = set(table["trace_chunk"]) if "trace_chunk" in table else {None}
    if named - set(files):
        raise DataError(
            f"the column trace_chunk holds {sorted(map(str, named - set(files)))[0]}; the dataset "
            f"has the chunks {', '.join(files)}: keep this column when rows are chosen"
        )


def _with_rates(table: pd.DataFrame, file_rate_hz: float) -> pd.DataFrame:
    rates = _row_rates_hz(table, file_rate_hz)
    if "trace_sampling_rate_hz" not in table and np.isnan(rates).all():
        return table
    return table.assign(trace_sampling_rate_hz=rates)


def _row_rates_hz(table: pd.DataFrame, default_hz: float) -> NDArray[np.float64]:
    rates = np.full(len(table), np.nan)
    if "trace_sampling_rate_hz" in table:
        rates = table["trace_sampling_rate_hz"].to_numpy(dtype=np.float64)
    if "trace_dt_s" in table:
        steps_s = table["trace_dt_s"].to_numpy(dtype=np.float64)
        own = np.divide(1.0, steps_s, out=np.full(len(table), np.nan), where=steps_s > 0.0)
        rates = np.where(np.isfinite(rates), rates, own)
    return np.where(np.isfinite(rates), rates, default_hz)


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def _read(file: h5py.File, name: str) -> FloatArray:
    """Return the samples of a trace as they lie in the file."""
    block, _, location = name.partition("$")
    path = f"data/{block}"
    if path not in file:
        raise DataError(
            f"{file.filename} holds no trace {name!r}; do the table and the "
            "waveforms belong together?"
        )
    try:
        samples = np.asarray(file[path][_slices(location)], dtype=np.float32)
    except (IndexError, TypeError, ValueError) as error:
        raise DataError(
            f"trace {name!r} is not within {path!r} of {file.filename}, of shape "
            f"{getattr(file[path], 'shape', 'none')}: {error}"
        ) from error
    if samples.ndim != 2:
        raise DataError(
            f"trace {name!r} of {file.filename} has shape {samples.shape}; it must have two "
            "dimensions, so the name of a trace in a bucket tells its row: NAME$ROW,:,:"
        )
    return samples


def _slices(location: str) -> _Location:
    """Return the index that a text such as ``5,1:7,:`` means; all of it for an empty text."""
    if not location:
        return ()
    index: list[int | slice] = []
    for part in location.replace(" ", "").split(","):
        numbers = [int(number) if number else None for number in part.split(":")]
        if numbers == [None] or len(numbers) > 3:
            raise ValueError(f"{part!r} is neither a number nor a slice")
        index.append(int(part) if len(numbers) == 1 else slice(*numbers))
    return tuple(index)


def _in_order(samples: FloatArray, order: str, name: str) -> FloatArray:
    if samples.shape[0] > len(order):
        raise DataError(
            f"trace {name!r} has {samples.shape[0]} components and {samples.shape[1]} samples, but "
            f"component_order {order!r} names {len(order)}; state component_order or "
            "dimension_order as the samples lie"
        )
    ordered = np.zeros((len(COMPONENTS), samples.shape[1]), dtype=np.float32)
    held = order[: samples.shape[0]]
    for row, letter in zip(ordered, COMPONENTS, strict=True):
        found = letter if letter in held else _ALIASES[letter]
        if found in held:
            row[:] = samples[held.index(found)]
    return np.nan_to_num(ordered, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _text(file: h5py.File, key: str, default: str) -> str:
    value = file.get(f"data_format/{key}")
    if value is None:
        _LOGGER.warning("%s states no %s; %s is assumed", file.filename, key, default)
        return default
    letters: list[Any] = np.atleast_1d(value[()]).tolist()  # text or bytes
    return "".join(one.decode() if isinstance(one, bytes) else str(one) for one in letters)
