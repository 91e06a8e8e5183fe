"""Fields on regular grids and on scattered nodes, read at any place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mainshock.core.errors import DataError, MissingDependencyError, SourceError
from mainshock.megathrust.build.geometry import unit_vectors

__all__ = ["NodeField", "RegularGrid", "read_grid"]

FloatArray = NDArray[np.float64]
_LONGITUDES = ("lon", "longitude", "x")
_LATITUDES = ("lat", "latitude", "y")
_FULL_CIRCLE_DEG = 360.0
_LEAST_WEIGHT = 0.25  # of the corners that have a value
_NODES_USED = 4


@dataclass(frozen=True, slots=True)
class RegularGrid:
    """A field on a grid of longitudes and latitudes.

    Parameters
    ----------
    longitude, latitude
        Nodes in degrees, increasing, in equal steps.
    values
        Shape ``(n_latitudes, n_longitudes)``; NaN where there is none.

    Raises
    ------
    DataError
        If the axes do not increase in equal steps or do not fit the values.
    """

    longitude: FloatArray
    latitude: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        """Check the axes."""
        if self.values.shape != (len(self.latitude), len(self.longitude)):
            raise DataError(
                f"values of shape {self.values.shape} do not fit {len(self.latitude)} latitudes "
                f"and {len(self.longitude)} longitudes"
            )
        for name, axis in (("longitudes", self.longitude), ("latitudes", self.latitude)):
            steps = np.diff(axis)
            if len(axis) < 2 or not (steps > 0.0).all() or np.ptp(steps) > 0.01 * steps.mean():
                raise DataError(f"the grid's {name} must increase in equal steps; resample it")

    def __call__(self, longitude: ArrayLike, latitude: ArrayLike) -> FloatArray:
        """Return the field by bilinear interpolation; NaN outside.

        Corners without a value are left out, where the others hold a quarter of the weight.
        """
        lon_step = (self.longitude[-1] - self.longitude[0]) / (len(self.longitude) - 1)
        lat_step = (self.latitude[-1] - self.latitude[0]) / (len(self.latitude) - 1)
        along = np.mod(np.asarray(longitude) - self.longitude[0], _FULL_CIRCLE_DEG) / lon_step
        up = (np.asarray(latitude, dtype=np.float64) - self.latitude[0]) / lat_step
        n_lat, n_lon = self.values.shape
        is_closed = n_lon * lon_step >= _FULL_CIRCLE_DEG - 0.5 * lon_step
        inside = (up >= 0.0) & (up <= n_lat - 1) & (is_closed | (along <= n_lon - 1))
        column = np.floor(along).astype(np.int64)
        row = np.clip(np.floor(up), 0, n_lat - 2).astype(np.int64)
        part_lon, part_lat = along - column, up - row
        total, weight_sum = np.zeros(up.shape), np.zeros(up.shape)
        period = round(_FULL_CIRCLE_DEG / lon_step)
        for step_lat in (0, 1):
            for step_lon in (0, 1):
                weight_lon = part_lon if step_lon else 1.0 - part_lon
                weight = weight_lon * (part_lat if step_lat else 1.0 - part_lat)
                beside = column + step_lon
                beside = beside % period if is_closed else np.clip(beside, 0, n_lon - 1)
                corner = self.values[row + step_lat, np.clip(beside, 0, n_lon - 1)]
                known = np.isfinite(corner)
                total += np.where(known, weight * np.where(known, corner, 0.0), 0.0)
                weight_sum += np.where(known, weight, 0.0)
        enough = inside & (weight_sum >= _LEAST_WEIGHT)
        return np.asarray(np.where(enough, total / np.where(enough, weight_sum, 1.0), np.nan))


@dataclass(frozen=True, slots=True)
class NodeField:
    """Fields on scattered nodes all over the globe.

    Parameters
    ----------
    nodes
        Unit vectors, shape ``(n, 3)``.
    fields
        Values of each field, shape ``(n,)``.
    """

    nodes: FloatArray
    fields: Mapping[str, FloatArray]

    def __call__(self, longitude: ArrayLike, latitude: ArrayLike) -> dict[str, FloatArray]:
        """Return each field, from the nearest four nodes weighted by inverse squared distance."""
        vectors = unit_vectors(longitude, latitude)
        distance, near = cKDTree(self.nodes).query(vectors, k=_NODES_USED)
        weight = 1.0 / np.maximum(distance, 1e-6) ** 2.0
        weight /= weight.sum(axis=-1, keepdims=True)
        return {name: (values[near] * weight).sum(axis=-1) for name, values in self.fields.items()}


def _from_nodes(longitude: FloatArray, latitude: FloatArray, values: FloatArray) -> RegularGrid:
    lon, column = np.unique(np.round(longitude, 6), return_inverse=True)
    lat, row = np.unique(np.round(latitude, 6), return_inverse=True)
    grid = np.full((len(lat), len(lon)), np.nan)
    grid[row, column] = values
    return RegularGrid(lon, lat, grid)


def _read_text(path: Path) -> RegularGrid:
    try:
        table = pd.read_csv(path, sep=r"[\s,]+", engine="python", header=None, comment="#")
        numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no XYZ text: {error}") from error
    numbers = numbers[np.isfinite(numbers[:, :2]).all(axis=1)]
    if numbers.shape[1] < 3 or len(numbers) < 4:
        raise DataError(f"{path}: XYZ text has longitude, latitude and value in each line")
    return _from_nodes(numbers[:, 0], numbers[:, 1], numbers[:, 2])


def _read_netcdf(path: Path) -> RegularGrid:
    try:
        import xarray  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingDependencyError(
            f"{path} is NetCDF, which needs xarray and h5netcdf: pip install xarray h5netcdf"
        ) from error
    try:
        with xarray.open_dataset(path) as data:
            names = {str(name).lower(): str(name) for name in data.coords}
            lon = next(names[name] for name in _LONGITUDES if name in names)
            lat = next(names[name] for name in _LATITUDES if name in names)
            field = next(
                data[name] for name in data.data_vars if set(data[name].dims) == {lat, lon}
            )
            field = field.transpose(lat, lon).sortby([lat, lon]).astype("float64").load()
            return RegularGrid(
                field[lon].to_numpy().astype(np.float64),
                field[lat].to_numpy().astype(np.float64),
                field.to_numpy(),
            )
    except StopIteration as error:
        raise DataError(f"{path} has no field over longitude and latitude") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no NetCDF grid: {error}") from error


def read_grid(path: Path) -> RegularGrid:
    """Return the grid of a NetCDF file (``.nc``, ``.grd``) or of XYZ text.

    Raises
    ------
    SourceError
        If there is no such file.
    DataError
        If it holds no regular grid over longitude and latitude.
    MissingDependencyError
        If it is NetCDF and xarray is not installed.
    """
    if not path.is_file():
        raise SourceError(f"there is no grid {path}")
    return _read_netcdf(path) if path.suffix in {".nc", ".grd", ".nc4"} else _read_text(path)
