"""Feature tables in Parquet and CSV, written block by block."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
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

__all__ = ["write_cell_table"]

FloatArray = NDArray[np.float64]
_US_A_DAY = 86_400_000_000


def write_cell_table(
    path: Path, catalogue: Catalogue, issue_days: FloatArray, settings: FeatureSettings
) -> tuple[int, tuple[str, ...]]:
    """Write the features of all cells and issue times with the count of the window after each.

    Columns: ``time`` (issue time) and ``cell``, the features, then ``target_count`` and
    ``target_any`` (0 or 1), which look ahead. The schema's metadata names the features.

    Parameters
    ----------
    path
        Ends in .parquet or .csv.
    catalogue, issue_days, settings
        As :func:`mainshock.forecast.features.table.feature_blocks` takes them.

    Returns
    -------
    n_rows, names
        Number of rows and names of the features.

    Raises
    ------
    DataError
        If the suffix is neither, there is no issue time, or the catalogue cannot be used.
    SourceError
        If the file cannot be written.
    """
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise DataError(f"{path} is no table; its name must end in .csv or .parquet")
    if len(issue_days) == 0:
        raise DataError("no whole window lies between --from and --to; give a longer span")
    make_folder(path.parent)
    n_rows = 0
    names: tuple[str, ...] = ()
    with replacing(path) as temporary:
        writer: Any = None  # of Arrow, which states no types
        for block, table in _arrow_blocks(catalogue, issue_days, settings):
            if writer is None:
                writer = _writer(temporary, table.schema)
            writer.write_table(table)
            n_rows, names = n_rows + table.num_rows, block.names
        writer.close()
    return n_rows, names


def _writer(path: Path, schema: "pa.Schema") -> Any:
    import pyarrow.csv as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    if path.suffix.lower() == ".csv":
        return pc.CSVWriter(path, schema)
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["time", "cell"])


def _arrow_blocks(
    catalogue: Catalogue, issue_days: FloatArray, settings: FeatureSettings
) -> Iterator[tuple[FeatureTable, "pa.Table"]]:
    import pyarrow as pa  # noqa: PLC0415

    for block in feature_blocks(catalogue, issue_days, settings):
        count = targets(catalogue, block.issue_days, settings).ravel()
        n_cells = len(settings.cells)
        us = np.round(np.repeat(block.issue_days, n_cells) * _US_A_DAY).astype(np.int64)
        rows = block.rows()
        columns: dict[str, Any] = {
            "time": pa.array(us, pa.timestamp("us", tz="UTC")),
            "cell": np.tile(np.arange(n_cells, dtype=np.int32), len(block.issue_days)),
        }
        columns |= {name: np.ascontiguousarray(rows[:, k]) for k, name in enumerate(block.names)}
        columns |= {
            "target_count": count.astype(np.int32),
            "target_any": (count > 0).astype(np.int8),
        }
        described = {"features": ",".join(block.names), "target_days": f"{settings.step_days:g}"}
        yield block, pa.table(columns).replace_schema_metadata(described)
