"""Feature tables in Parquet and CSV, written block by block."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.files import make_folder, replacing
from mainshock.forecast.features.meanings import column_meaning, target_names
from mainshock.forecast.features.table import (
    FeatureSettings,
    FeatureTable,
    feature_blocks,
    targets,
)
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.table_files import TABLE_SUFFIXES

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WrittenTable", "check_table_path", "write_cell_table"]

FloatArray = NDArray[np.float64]
_US_A_DAY = 86_400_000_000
_MOST_ROWS = 50_000_000


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What a file holds.

    Parameters
    ----------
    n_rows
        One for each cell and issue time.
    features, targets
        Names of columns; no targets where the table is for the present.
    n_target_events, n_positive
        Events in all target windows, those of windows that overlap once in each; rows with one.
    """

    n_rows: int
    features: tuple[str, ...]
    targets: tuple[str, ...]
    n_target_events: int
    n_positive: int


def check_table_path(path: Path) -> None:
    """Refuse a name that ends in neither .csv nor .parquet.

    Raises
    ------
    SettingsError
        If it does.
    """
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise SettingsError(f"{path} must end in .csv or .parquet")


def write_cell_table(
    path: Path,
    catalogue: Catalogue,
    issue_days: FloatArray,
    settings: FeatureSettings,
    *,
    with_targets: bool = True,
    notes: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> WrittenTable:
    """Write the features of all cells and issue times, and what the window after each held.

    Columns: ``time`` (issue time) and ``cell``, the features, then ``target_count_7d`` and
    ``target_any_7d`` (0 or 1; the number is that of the window's days), which look ahead. In
    Parquet the schema's metadata names features, targets and ``target_days``, and each column
    carries its unit and meaning.

    Parameters
    ----------
    path
        Ends in .parquet or .csv.
    catalogue, issue_days, settings
        As :func:`mainshock.forecast.features.table.feature_blocks` takes them.
    with_targets
        Whether the windows are over; False for a table of the present.
    notes
        More for the schema's metadata.
    tell
        Is called with a short text after each block.

    Raises
    ------
    SettingsError
        If the suffix is neither, or there would be more than 50 million rows.
    DataError
        If there is no issue time, or the catalogue cannot be used.
    SourceError
        If the file cannot be written.
    """
    check_table_path(path)
    n_rows = _rows_allowed(len(issue_days), len(settings.cells))
    make_folder(path.parent)
    done, held = 0, np.zeros(2, dtype=np.int64)
    features: tuple[str, ...] = ()
    named = target_names(settings.step_days) if with_targets else ()
    with replacing(path) as temporary:
        writer: Any = None  # of Arrow, which states no types
        for block in feature_blocks(catalogue, issue_days, settings):
            table, features = _plain_columns(block), block.names
            if with_targets:
                count = targets(catalogue, block.issue_days, settings).ravel()
                table |= dict(zip(named, _target_columns(count), strict=True))
                held += (count.sum(), (count > 0).sum())
            arrow = _arrow(table, _described(features, named, settings) | dict(notes or {}))
            writer = _writer(temporary, arrow.schema) if writer is None else writer
            writer.write_table(arrow)
            done += len(block.issue_days)
            tell(f"{done} of {len(issue_days)} issue times")
        writer.close()
    return WrittenTable(n_rows, features, named, *held.tolist())


def _rows_allowed(n_issues: int, n_cells: int) -> int:
    """Return the number of rows, or refuse none and too many."""
    n_rows = n_issues * n_cells
    if n_rows == 0:
        raise DataError("no whole window lies between --from and --to; give a longer span")
    if n_rows > _MOST_ROWS:
        raise SettingsError(
            f"{n_issues} issue times of {n_cells} cells are {n_rows} rows, more than "
            f"{_MOST_ROWS}; give larger cells, longer steps or a shorter span"
        )
    return n_rows


def _writer(path: Path, schema: "pa.Schema") -> Any:
    import pyarrow.csv as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix.lower() == ".csv":
        return pc.CSVWriter(path, schema)
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["time", "cell"])


def _plain_columns(block: FeatureTable) -> dict[str, NDArray[Any]]:
    """Return issue time, cell and features of a block, row by row."""
    n_issues, n_cells = block.values.shape[:2]
    rows = block.rows()
    us = np.round(np.repeat(block.issue_days, n_cells) * _US_A_DAY).astype(np.int64)
    return {
        "time": us.astype("datetime64[us]"),
        "cell": np.tile(np.arange(n_cells, dtype=np.int32), n_issues),
        **{name: np.ascontiguousarray(rows[:, k]) for k, name in enumerate(block.names)},
    }


def _target_columns(count: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    return count.astype(np.int32), (count > 0).astype(np.int8)


def _described(
    features: tuple[str, ...], named: tuple[str, ...], settings: FeatureSettings
) -> dict[str, str]:
    return {
        "features": ",".join(features),
        "targets": ",".join(named),
        "target_days": f"{settings.step_days:g}",
    }


def _arrow(columns: Mapping[str, NDArray[Any]], described: Mapping[str, str]) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    fields, arrays = [], []
    for name, values in columns.items():
        stated = column_meaning(name)
        # what is not known is an empty cell, in CSV as in Parquet
        missing = np.isnan(values) if values.dtype.kind == "f" else None
        array = pa.array(values, mask=missing)
        if name == "time":
            array = array.cast(pa.timestamp("us", tz="UTC"))
        about = {"unit": stated.unit, "meaning": stated.text}
        fields.append(pa.field(name, array.type, metadata=about))
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(described)))
