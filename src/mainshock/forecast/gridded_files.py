"""Gridded forecasts in the text forms of CSEP: ``.dat`` of cells, ``.csv`` of tiles."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.forecast.gridded import Cells, GriddedRates
from mainshock.forecast.quadtree import tile_bounds

__all__ = ["read_gridded", "read_quadtree", "write_gridded", "write_quadtree"]

FloatArray = NDArray[np.float64]
_N_COLUMNS = 10
_OPEN_END = 10.0  # what CSEP's files write as the upper end of the last bin


def write_gridded(path: Path, gridded: GriddedRates) -> None:
    """Write expected numbers as CSEP's ASCII form: ten columns, magnitudes fastest, no header.

    Columns are ``lon_min lon_max lat_min lat_max depth_min depth_max mag_min mag_max rate mask``.
    Numbers are written so that they read the same.

    Raises
    ------
    DataError
        If the cells are tiles of a quadtree, or differ in size, for which the form has no room.
    SourceError
        If the file cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv  # noqa: PLC0415

    if gridded.cells.quadkeys:
        raise DataError("tiles of a quadtree have no .dat form; write them with write_quadtree")
    west, south, east, north = gridded.cells.bounds.T
    size = np.concatenate([east - west, north - south])
    if np.ptp(size) > 1e-6:
        raise DataError(
            f"cells of {size.min():g} to {size.max():g} degrees; the form has squares of one size"
        )
    low = gridded.magnitude_edges
    n_cells, n = gridded.rates.shape
    used = np.ones(n_cells) if gridded.is_used is None else gridded.is_used
    columns = [np.repeat(side, n) for side in (west, east, south, north)]
    columns += [np.full(n_cells * n, depth) for depth in gridded.depth_km]
    columns += [np.tile(low, n_cells), np.tile(np.append(low[1:], _last_end(low)), n_cells)]
    columns += [gridded.rates.ravel(), np.repeat(used, n).astype(np.int64)]
    table = pa.table(columns, names=[str(k) for k in range(_N_COLUMNS)])
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t")
    with replacing(path) as written:
        pyarrow.csv.write_csv(table, written, options)


def _last_end(edges: FloatArray) -> float:
    return max(_OPEN_END, float(edges[-1]) + 0.1)


def read_gridded(path: Path) -> GriddedRates:
    """Return the expected numbers of a file in CSEP's ASCII form; the window is not in it.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it has another form.
    """
    try:
        data = np.loadtxt(path, ndmin=2)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise DataError(f"{path} is no table of numbers: {error}") from error
    if data.shape[1] != _N_COLUMNS:
        raise DataError(f"{path} has {data.shape[1]} columns; CSEP's form has {_N_COLUMNS}")
    n = int((np.abs(data[:, :4] - data[0, :4]).max(axis=1) == 0).sum())
    edges = data[:n, 6]
    if len(data) % n or not np.array_equal(data[:, 6], np.tile(edges, len(data) // n)):
        raise DataError(f"{path}: every cell must have the same magnitude bins in one order")
    first = data[::n]
    return GriddedRates(
        cells=Cells(first[:, [0, 2, 1, 3]]),
        magnitude_edges=edges,
        rates=data[:, 8].reshape(-1, n),
        is_used=first[:, 9] > 0,
        depth_km=(float(first[0, 4]), float(first[0, 5])),
    )


def write_quadtree(path: Path, gridded: GriddedRates) -> None:
    """Write expected numbers in tiles: quadkey, depths, and a column for each magnitude bin.

    The header names the lower ends of the bins.

    Raises
    ------
    DataError
        If the cells are no tiles.
    SourceError
        If the file cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv  # noqa: PLC0415

    cells = gridded.cells
    if not cells.quadkeys:
        raise DataError("cells are no tiles of a quadtree; write them with write_gridded as .dat")
    shallow, deep = gridded.depth_km
    depths = [np.full(len(cells), shallow), np.full(len(cells), deep)]
    columns = [pa.array(cells.quadkeys), *depths, *gridded.rates.T]
    names = [str(k) for k in range(len(columns))]
    table = pa.table([np.ascontiguousarray(one) for one in columns[1:]], names=names[1:])
    table = table.add_column(0, names[0], columns[0])
    header = ["quadkey", "depth_min", "depth_max", *map(repr, gridded.magnitude_edges.tolist())]
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with replacing(path) as temporary, temporary.open("wb") as written:
        written.write((",".join(header) + "\n").encode())
        pyarrow.csv.write_csv(table, written, options)


def read_quadtree(path: Path) -> GriddedRates:
    """Return the expected numbers of a file of tiles; the window is not in it.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it has another form.
    """
    try:
        lines = [line.split(",") for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    try:
        edges = np.array([float(one) for one in lines[0][3:]])
        keys = tuple(line[0].strip().strip('"') for line in lines[1:])
        numbers = np.array([[float(one) for one in line[1:]] for line in lines[1:]])
        return GriddedRates(
            cells=Cells(tile_bounds(keys), keys),
            magnitude_edges=edges,
            rates=numbers[:, 2:],
            depth_km=(float(numbers[0, 0]), float(numbers[0, 1])),
        )
    except (IndexError, ValueError) as error:
        raise DataError(f"{path} is no table of quadkeys and rates: {error}") from error
