"""Reads labelled windows for the region classifier, in SeisBench form or as one array."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Waveform
from mainshock.signal.resample import resample_waveform
from mainshock.sources.seisbench_format import open_seisbench

__all__ = [
    "FROM_WINDOW",
    "RegionWindows",
    "mirrored",
    "noise_before_p",
    "read_epicentres",
    "read_windows",
]

FloatArray = NDArray[np.float64]
Samples = NDArray[np.float32]

FROM_WINDOW = "from_window"
"""Column of noise cut from records with events: the row of its record."""
_ARRAY_RATE_HZ = 20.0
_LEAST_NOISE_S = 3.0
_BEFORE_P_S = 1.0
_NAMES = {
    "longitude": ("source_longitude_deg", "longitude"),
    "latitude": ("source_latitude_deg", "latitude"),
    "depth_km": ("source_depth_km", "depth_km"),
    "distance_km": ("path_ep_distance_km", "epi_dist_km"),
    "back_azimuth_deg": ("path_back_azimuth_deg", "back_azimuth_deg"),
    "station_longitude": ("station_longitude_deg", "station_longitude"),
    "station_latitude": ("station_latitude_deg", "station_latitude"),
}
_TIMES = ("trace_start_time", "source_origin_time", "origin_time", "time")
_CLUSTER_COLUMNS = ("trace_cluster_id", "cluster_id")


@dataclass(frozen=True, eq=False)
class RegionWindows:
    """Records with what is known about their sources, all at one sampling rate.

    Parameters
    ----------
    records
        Each of shape ``(3, n)``, components Z, N, E; lengths may differ.
    table
        One row a record: ``time_s`` (POSIX), ``longitude``, ``latitude``, ``depth_km``,
        ``distance_km``, ``back_azimuth_deg``, ``station_longitude``, ``station_latitude``,
        ``p_s``, ``s_s`` (seconds after the first sample), ``is_noise``, ``split``, ``name``;
        NaN or "" where unknown. Further columns are those of the file.
    sampling_rate_hz
        Of all records.
    starts_at_origin
        Whether sample 0 is the origin time, so that the part before P is real noise.
    notes
        What a user must know of how these windows came about.
    """

    records: list[Samples]
    table: pd.DataFrame
    sampling_rate_hz: float
    starts_at_origin: bool
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def take(self, rows: Sequence[int] | NDArray[np.int64] | NDArray[np.bool_]) -> "RegionWindows":
        """Return some of the records: row numbers, or one truth value a record."""
        chosen = np.asarray(rows)
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return RegionWindows(
            [self.records[place] for place in places],
            self.table.iloc[places].reset_index(drop=True),
            self.sampling_rate_hz,
            self.starts_at_origin,
        )

    def column(self, name: str) -> FloatArray:
        """Return a column as numbers, shape ``(n,)``; NaN where it has none."""
        return pd.to_numeric(self.table[name], errors="coerce").to_numpy(np.float64, copy=True)

    @property
    def is_noise(self) -> NDArray[np.bool_]:
        """Which records hold no event."""
        return self.table["is_noise"].to_numpy(bool)

    @property
    def is_copy(self) -> NDArray[np.bool_]:
        """Which records are changed copies of others (`detect dataset augment`)."""
        if "trace_augmentation" not in self.table:
            return np.zeros(len(self), dtype=bool)
        kinds = self.table["trace_augmentation"]
        return np.asarray(kinds.notna() & (kinds.astype(str).str.strip() != ""), dtype=bool)

    @property
    def cluster_column(self) -> str | None:
        """The column with region numbers, if the file has one."""
        return next((name for name in _CLUSTER_COLUMNS if name in self.table), None)


def read_windows(folder: Path, sampling_rate_hz: float) -> RegionWindows:
    """Return the windows of a folder at a sampling rate.

    Parameters
    ----------
    folder
        ``waveforms.hdf5`` and ``metadata.csv`` as ``mainshock detect dataset`` writes them, or
        ``waveforms.npz`` (``data`` of shape ``(n, 3, samples)``, Z, N, E, 20 Hz, from the origin
        time on) and ``metadata.csv``.
    sampling_rate_hz
        Rate to bring the records to.

    Raises
    ------
    SourceError
        If a file is missing or cannot be read.
    DataError
        If table and waveforms do not agree.
    """
    bare = folder / "waveforms.npz"
    if bare.is_file():
        return _from_array(folder, bare, sampling_rate_hz)
    if not (folder / "waveforms.hdf5").is_file():
        raise SourceError(
            f"{folder} holds neither waveforms.hdf5 nor waveforms.npz; give a folder that "
            "`mainshock detect dataset` wrote, or one array of windows beside metadata.csv"
        )
    dataset = open_seisbench(folder)
    names = [str(name) for name in dataset.metadata["trace_name"]]
    rates = dataset.rates_hz()
    stored = list(dataset.waveforms(names))
    table = dataset.metadata.copy()
    for phase in ("p", "s"):
        column = f"trace_{phase}_arrival_sample"
        known = pd.to_numeric(table[column], errors="coerce") if column in table else np.nan
        table[f"{phase}_s"] = known / rates
    return _gathered(stored, rates, table, sampling_rate_hz, starts_at_origin=False)


def _from_array(folder: Path, path: Path, sampling_rate_hz: float) -> RegionWindows:
    try:
        with path.open("rb") as file, np.load(file) as content:  # np.load leaves a bad file open
            data = np.asarray(content["data"], dtype=np.float32)
        table = pd.read_csv(folder / "metadata.csv")
    except (OSError, KeyError, ValueError) as error:
        raise SourceError(
            f"cannot read {path} and its metadata.csv: {error}; the array is called `data`"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(
            f"{path} is damaged or not whole ({error}); copy or write the file again"
        ) from error
    if data.ndim != 3 or data.shape[1] != 3 or len(data) != len(table):
        raise DataError(
            f"{path} has shape {data.shape} and metadata.csv {len(table)} rows; the array must be "
            "(rows, 3, samples)"
        )
    for phase in ("p", "s"):
        columns = [name for name in table if str(name).endswith(f"_{phase}_s")]
        table[f"{phase}_s"] = table[columns].median(axis=1) if columns else np.nan
    rates = np.full(len(data), _ARRAY_RATE_HZ)
    return _gathered(list(data), rates, table, sampling_rate_hz, starts_at_origin=True)


def _gathered(
    stored: list[Samples],
    rates: FloatArray,
    table: pd.DataFrame,
    sampling_rate_hz: float,
    *,
    starts_at_origin: bool,
) -> RegionWindows:
    for name, known in _NAMES.items():
        found = next((column for column in known if column in table), None)
        table[name] = pd.to_numeric(table[found], errors="coerce") if found else np.nan
    table["time_s"] = _times(table)
    table["is_noise"] = _noise(table)
    table["split"] = table["split"].fillna("") if "split" in table else ""
    table["name"] = table["trace_name"] if "trace_name" in table else table.index.astype(str)
    records = [
        _at_rate(samples, float(rate), sampling_rate_hz)
        for samples, rate in zip(stored, rates, strict=True)
    ]
    return RegionWindows(records, table.reset_index(drop=True), sampling_rate_hz, starts_at_origin)


def _at_rate(samples: Samples, rate_hz: float, wanted_hz: float) -> Samples:
    """Return samples of shape ``(3, n)``, without their mean, at another rate."""
    centred: Samples = np.nan_to_num(samples - samples.mean(axis=1, keepdims=True))
    centred = centred.astype(np.float32)
    if rate_hz == wanted_hz:
        return centred
    start = datetime(2000, 1, 1, tzinfo=UTC)
    waveform = Waveform("", "X", "", "", start, rate_hz, centred)
    return np.asarray(resample_waveform(waveform, wanted_hz).samples, dtype=np.float32)


def _times(table: pd.DataFrame) -> FloatArray:
    column = next((name for name in _TIMES if name in table), None)
    if column is None:
        return np.full(len(table), np.nan)
    texts = table[column].astype(str).str.replace("/", "-")
    moments = pd.to_datetime(texts, utc=True, format="mixed", errors="coerce")
    seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(seconds, dtype=np.float64)


def _noise(table: pd.DataFrame) -> "pd.Series[bool]":
    if "trace_category" in table:
        return table["trace_category"].astype(str).str.startswith("noise")
    if "trace_cluster_id" in table:
        return pd.to_numeric(table["trace_cluster_id"], errors="coerce") < 0
    return pd.Series(False, index=table.index)


def noise_before_p(windows: RegionWindows, length: int) -> RegionWindows:
    """Return the real noise before P of records that start at the origin time.

    Parameters
    ----------
    windows
        Records with events.
    length
        Samples of each noise record. The stretch from the origin to 1 s before P, at least 3 s,
        is continued by its own mirror images.
    """
    rate = windows.sampling_rate_hz
    chosen, records = [], []
    for row, (record, p_s) in enumerate(zip(windows.records, windows.column("p_s"), strict=True)):
        end_s = p_s - _BEFORE_P_S
        if windows.starts_at_origin and np.isfinite(p_s) and end_s >= _LEAST_NOISE_S:
            chosen.append(row)
            records.append(mirrored(record[:, : int(end_s * rate)], length))
    table = windows.table.iloc[chosen].reset_index(drop=True)
    table["is_noise"] = True
    table[FROM_WINDOW] = np.array(chosen, dtype=np.int64)
    table["p_s"] = table["s_s"] = np.nan
    return RegionWindows(records, table, rate, starts_at_origin=False)


def mirrored(samples: Samples, length: int) -> Samples:
    """Return samples continued by their mirror images to a length, shape ``(3, length)``."""
    missing = max(0, length - samples.shape[1])
    return np.pad(samples, ((0, 0), (0, missing)), mode="symmetric")[:, :length]


def read_epicentres(path: Path) -> pd.DataFrame:
    """Return ``time_s``, ``longitude``, ``latitude``, ``depth_km`` of a catalogue, and the rest.

    Parameters
    ----------
    path
        CSV or Parquet with these columns; the time is called ``time`` or ``origin_time``.

    Raises
    ------
    SourceError
        If it cannot be read.
    DataError
        If a column is missing.
    """
    try:
        is_csv = path.suffix.lower() == ".csv"
        table = pd.read_csv(path) if is_csv else pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read the catalogue {path}: {error}") from error
    missing = {"longitude", "latitude", "depth_km"} - set(table)
    if missing:
        raise DataError(f"{path} has no column {', '.join(sorted(missing))}")
    table["time_s"] = _times(table)
    known = table[["longitude", "latitude", "depth_km"]].notna().all(axis=1)
    return table[known].reset_index(drop=True)
