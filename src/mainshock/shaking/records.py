"""Accelerograms with what is known of source and site, and the files that hold them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.base import COMPONENTS
from mainshock.shaking.scenarios import Scenarios, scenarios_from_table

__all__ = ["Accelerogram", "GroundMotionRecords", "open_records"]


@dataclass(frozen=True, slots=True, eq=False)
class Accelerogram:
    """One record.

    Parameters
    ----------
    acceleration
        m/s^2, shape ``(3, n_samples)``, components E, N, Z, float32.
    sampling_rate_hz
        Samples a second.
    start_rel_origin_s
        Time of sample 0 after the origin time; NaN where it is not known.
    """

    acceleration: NDArray[np.float32]
    sampling_rate_hz: float
    start_rel_origin_s: float


@dataclass(frozen=True, slots=True, eq=False)
class GroundMotionRecords:
    """A file of records, read as they are asked for.

    Parameters
    ----------
    path
        HDF5 file; the CSV of the same stem lies beside it.
    table
        One row a record, as in the CSV.
    scenarios
        Source and site of each row.
    is_synthetic
        The records were made up by a generator, not recorded.
    """

    path: Path
    table: pd.DataFrame
    scenarios: Scenarios
    is_synthetic: bool

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.table)

    def take(self, rows: NDArray[Any]) -> "GroundMotionRecords":
        """Return some records, by number or by a mask."""
        table = self.table.iloc[np.arange(len(self))[rows]].reset_index(drop=True)
        return GroundMotionRecords(
            self.path, table, self.scenarios.take(rows), is_synthetic=self.is_synthetic
        )

    def __iter__(self) -> Iterator[Accelerogram]:
        """Yield the records in the order of the table."""
        with h5py.File(self.path, "r") as file:
            read = _read_block if isinstance(file["waveforms"], h5py.Dataset) else _read_named
            for _, row in self.table.iterrows():
                yield read(file, row)


def open_records(path: Path, *, depth_km: float = 15.0) -> GroundMotionRecords:
    """Return the records in an HDF5 file with its CSV beside it, or in a folder that holds both.

    Parameters
    ----------
    path
        ``X.h5`` or ``X.csv``, or a folder with one such pair. ``waveforms`` is a data set
        ``(n_records, 3, n_samples)`` in the order of the CSV's column ``idx`` with scales beside
        it, or a group of data sets by the CSV's ``rec_id``, each with ``scale`` to m/s^2,
        ``sampling_rate`` and ``components``.
    depth_km
        Taken where the table has none.

    Raises
    ------
    DataError
        If files are missing, or the table does not say where source and site are.
    """
    path = _hdf5_of(path)
    try:
        table = pd.read_csv(path.with_suffix(".csv"), dtype={"rec_id": str})
    except ValueError as error:  # pandas' own errors too
        raise DataError(f"{path.with_suffix('.csv')} is no table: {error}") from error
    depth = "depth_km"
    if depth in table:
        table[depth] = table[depth].fillna(depth_km)
    try:
        with h5py.File(path, "r") as file:
            has_waveforms, kind = "waveforms" in file, str(file.attrs.get("kind", ""))
    except OSError as error:
        raise DataError(f"{path} is no HDF5 file, or damaged: {error}") from error
    if not has_waveforms:
        raise DataError(
            f"{path} has no 'waveforms', so it is no set of records; "
            "make one with `mainshock shake records`"
        )
    try:
        scenarios = scenarios_from_table(table)
    except DataError as error:
        raise DataError(f"{path.with_suffix('.csv')}: {error}") from error
    return GroundMotionRecords(
        path, table, scenarios, is_synthetic=kind.upper().startswith("SYNTHETIC")
    )


def _hdf5_of(path: Path) -> Path:
    if path.is_dir():
        found = sorted(one for one in path.glob("*.h5") if one.with_suffix(".csv").is_file())
        if len(found) != 1:
            raise DataError(f"{path} holds {len(found)} pairs of .h5 and .csv; name one of them")
        path = found[0]
    for ending in (".h5", ".csv"):
        if not path.with_suffix(ending).is_file():
            raise DataError(f"{path.with_suffix(ending)} does not exist; records need .h5 and .csv")
    return path.with_suffix(".h5")


def _read_block(file: h5py.File, row: pd.Series) -> Accelerogram:
    index = int(row["idx"])
    scale = np.float32(file["scale"][index])
    samples = file["waveforms"][index].astype(np.float32) * scale
    start_s = float(file.attrs["t_start_rel_origin_s"])
    return Accelerogram(samples, 1.0 / float(file.attrs["dt"]), start_s)


def _read_named(file: h5py.File, row: pd.Series) -> Accelerogram:
    data = file["waveforms"][row["rec_id"]]
    samples = data[...].astype(np.float32) * np.float32(data.attrs["scale"])
    order = str(data.attrs.get("components", ""))
    if sorted(order) == sorted(COMPONENTS):
        samples = samples[[order.index(one) for one in COMPONENTS]]
    start_s = float(row.get("t0_rel_origin_s", np.nan))
    return Accelerogram(samples, float(data.attrs["sampling_rate"]), start_s)
