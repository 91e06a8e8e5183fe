"""Velocity volumes from tables of points, as tomographies are published."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from mainshock.core.errors import DataError, SourceError
from mainshock.core.geo import LocalFrame
from mainshock.locate.velocity.checks import require_velocities
from mainshock.locate.velocity.station_tables import TableStore, cache_folder
from mainshock.locate.velocity.volume import VolumeVelocity

__all__ = ["POINT_COLUMNS", "read_points"]

FloatArray = NDArray[np.float64]
POINT_COLUMNS = ("longitude", "latitude", "depth_km", "vp_km_s", "vs_km_s")
_LOG = logging.getLogger(__name__)
_MOST_NODES = 1_000_000
_FINEST_KM = 0.5


def read_points(path: Path, spacing_km: float | None = None) -> VolumeVelocity:
    """Return the volume that interpolates the points of a CSV file.

    Parameters
    ----------
    path
        Columns ``longitude,latitude,depth_km,vp_km_s,vs_km_s``. The points stand on levels of
        depth, scattered or regular within each.
    spacing_km
        Step of the grid in all three directions; None: the least multiple of 0.5 km that keeps
        it below a million nodes.

    Notes
    -----
    Linear between the points of a level (Delaunay triangles), then linear between levels. Places
    beside all points of a level take its nearest point. The grid spans the points' rectangle.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If columns are missing, values make no sense or the points stand on no levels.
    """
    table = _read_table(path)
    longitude, latitude, depth, vp, vs = table.T
    if np.abs(latitude).max() > 85.0 or np.abs(longitude).max() > 360.0:
        raise DataError(
            f"velocity table {path} has latitudes {latitude.min():g} to {latitude.max():g}; they "
            "must lie within 85 degrees. Are longitude and latitude swapped?"
        )
    require_velocities(vp, vs, f"velocity table {path}")
    longitude = (longitude - longitude[0] + 180.0) % 360.0 - 180.0 + longitude[0]
    middle = (0.5 * (longitude.min() + longitude.max()) + 180.0) % 360.0 - 180.0
    frame = LocalFrame(float(middle), float(0.5 * (latitude.min() + latitude.max())))
    east, north = frame.to_local(longitude, latitude)
    levels = np.unique(depth)
    if levels.size < 2 or np.unique(np.column_stack([east, north]).round(3), axis=0).shape[0] < 4:
        raise DataError(
            f"velocity table {path} holds {levels.size} depths and too few places to make a "
            "volume; for layers give only depth_km,vp_km_s,vs_km_s"
        )
    axes, step = _grid_axes((east, north, levels), spacing_km)
    _LOG.info("interpolating %s to %s nodes of %g km", path, [axis.size for axis in axes], step)
    places = np.column_stack([east, north])
    speeds = [_interpolate(places, depth, levels, values, axes, path) for values in (vp, vs)]
    return VolumeVelocity(
        frame,
        (float(axes[0][0]), float(axes[1][0]), float(axes[2][0])),
        (step, step, step),
        speeds[0].astype(np.float32),
        speeds[1].astype(np.float32),
        name=path.stem,
        store=TableStore(cache_folder() / "travel-times"),
    )


def _read_table(path: Path) -> FloatArray:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            names = [name.strip() for name in lines.readline().split(",")]
            missing = [name for name in POINT_COLUMNS if name not in names]
            if missing:
                raise DataError(f"velocity table {path} lacks {', '.join(missing)}")
            columns = [names.index(name) for name in POINT_COLUMNS]
            rows = [line for line in lines if line.strip()] or ["nan," * len(names)]
            table = np.loadtxt(rows, delimiter=",", usecols=columns, ndmin=2)
    except OSError as error:
        raise SourceError(f"cannot read velocity table {path}: {error}") from error
    except (ValueError, IndexError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"velocity table {path} holds a value that is no number: {error}"
        ) from error
    if not np.isfinite(table).all():
        raise DataError(f"velocity table {path} holds no points, or values that are not finite")
    return table


def _grid_axes(
    places: tuple[FloatArray, FloatArray, FloatArray], spacing_km: float | None
) -> tuple[list[FloatArray], float]:
    """Return east, north and depth of the nodes, and the step between them."""
    low = np.array([values.min() for values in places])
    span = np.array([values.max() for values in places]) - low
    step = spacing_km or _FINEST_KM
    while spacing_km is None and np.prod(np.round(span / step) + 1.0) > _MOST_NODES:
        step += _FINEST_KM
    axes = [
        start + step * np.arange(max(round(size / step), 1) + 1)
        for start, size in zip(low, span, strict=True)
    ]
    return axes, step


def _interpolate(
    places: FloatArray,
    depth: FloatArray,
    levels: FloatArray,
    values: FloatArray,
    axes: list[FloatArray],
    path: Path,
) -> FloatArray:
    """Return values on the grid, level by level, then between the levels."""
    columns = np.stack(np.meshgrid(axes[0], axes[1], indexing="ij"), axis=-1).reshape(-1, 2)
    flat = np.empty((columns.shape[0], levels.size))
    for number, level in enumerate(levels):
        here = depth == level
        if here.sum() < 4:
            raise DataError(
                f"velocity table {path} has {here.sum()} points at {level:g} km; points must "
                "stand on levels of depth, at least 4 on each"
            )
        within = LinearNDInterpolator(places[here], values[here])(columns)
        beside = np.isnan(within)
        if beside.any():
            within[beside] = NearestNDInterpolator(places[here], values[here])(columns[beside])
        flat[:, number] = within
    below = np.clip(np.searchsorted(levels, axes[2], side="right") - 1, 0, levels.size - 2)
    share = np.clip((axes[2] - levels[below]) / np.diff(levels)[below], 0.0, 1.0)
    between = flat[:, below] * (1.0 - share) + flat[:, below + 1] * share
    return between.reshape(axes[0].size, axes[1].size, axes[2].size)
