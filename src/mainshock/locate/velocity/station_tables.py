"""Travel times from everywhere in a grid to one station: interpolated, kept, and kept on disk."""

import hashlib
import logging
import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, MainshockError
from mainshock.core.files import make_folder, replacing
from mainshock.core.records import PHASES
from mainshock.locate.velocity.eikonal import Reference, grid_value, reference_time_s
from mainshock.signal.compiled import compiled

__all__ = [
    "Projection",
    "StationTable",
    "TableStore",
    "cache_folder",
    "local_places",
    "require_phase",
]

FloatArray = NDArray[np.float64]
_LOG = logging.getLogger(__name__)
_EDGE_KM = 1e-4  # places this far outside are on the edge: projections round
_VERSION = "1"  # of the solver: tables of another one are made anew
_KEPT_BYTES = 1_000_000_000


class Projection(Protocol):
    """What turns degrees into km east and north of an origin, such as a ``LocalFrame``."""

    @property
    def longitude(self) -> float:
        """Of the origin, degrees."""
        ...

    @property
    def latitude(self) -> float:
        """Of the origin, degrees."""
        ...

    def to_local(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return km east and km north of the origin."""
        ...


def require_phase(phase: str) -> None:
    """Refuse a phase other than P and S.

    Raises
    ------
    DataError
        If it is another.
    """
    if phase not in PHASES:
        raise DataError(f"phase is {phase!r}; travel times are known for P and S")


def cache_folder() -> Path:
    """Return where tables are kept: ``MAINSHOCK_CACHE``, or the user's cache folder."""
    share = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("MAINSHOCK_CACHE") or share / "mainshock")


@dataclass(frozen=True, slots=True, eq=False)
class StationTable:
    """Times from the places of a grid to its source, a station.

    Parameters
    ----------
    factor
        ``tau = T / T0`` at the nodes, shape ``(n_east, n_north, n_depth)``.
    reference
        The medium of ``T0``.
    first_km, spacing_km
        East, north and depth of node ``(0, 0, 0)``, and the step between nodes; shape ``(3,)``.

    Notes
    -----
    The factor is interpolated, not the time: it is smooth where the time has its cusp, so that
    times near the station are good, and zero at it.
    """

    factor: NDArray[np.float32]
    reference: Reference
    first_km: FloatArray
    spacing_km: FloatArray

    def time_s(self, east_km: ArrayLike, north_km: ArrayLike, depth_km: ArrayLike) -> FloatArray:
        """Return times in seconds; arrays broadcast; NaN outside the grid and for NaN."""
        places = np.broadcast_arrays(
            *(np.asarray(values, dtype=np.float64) for values in (east_km, north_km, depth_km))
        )
        flat = [np.array(values, order="C").ravel() for values in places]
        times = _times_s(self.factor, self.reference, self.first_km, self.spacing_km, *flat)
        return times.reshape(places[0].shape)

    def time_at_s(
        self,
        projection: Projection,
        longitude: ArrayLike,
        latitude: ArrayLike,
        depth_km: ArrayLike,
    ) -> FloatArray:
        """Return times in seconds from geographic places; NaN outside the grid.

        Raises
        ------
        DataError
            If a place is not finite or a latitude beyond 90 degrees.
        """
        return self.time_s(*local_places(projection, longitude, latitude, depth_km))


def local_places(
    projection: Projection, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return km east and north, and depth; NaN for places too far to project.

    Longitudes and latitudes are projected before they meet the depths, which saves most of the
    work where a column of depths stands under each place.

    Raises
    ------
    DataError
        If a place is not finite or a latitude beyond 90 degrees.
    """
    lon, lat, depth = (np.asarray(v, dtype=np.float64) for v in (longitude, latitude, depth_km))
    for name, values in (("longitude", lon), ("latitude", lat), ("depth_km", depth)):
        if not np.isfinite(values).all():
            raise DataError(f"{name} holds NaN or infinity; travel times need finite places")
    if np.any(np.abs(lat) > 90.0):
        raise DataError(
            f"latitude {lat.flat[np.abs(lat).argmax()]:g} is beyond 90 degrees; are longitude and "
            "latitude swapped?"
        )
    apart = (lon - projection.longitude + 180.0) % 360.0 - 180.0
    east, north = projection.to_local(np.where(np.abs(apart) > 60.0, np.nan, lon), lat)
    return east, north, depth


@compiled
def _times_s(
    factor: NDArray[np.float32],
    reference: Reference,
    first: FloatArray,
    spacing: FloatArray,
    east: FloatArray,
    north: FloatArray,
    depth: FloatArray,
) -> FloatArray:
    times = np.empty(east.size)
    place = np.empty(3)
    for number in range(east.size):
        place[0] = east[number] - first[0]
        place[1] = north[number] - first[1]
        place[2] = depth[number] - first[2]
        is_inside = True
        for axis in range(3):
            length = (factor.shape[axis] - 1) * spacing[axis]
            # written so that NaN is outside
            if not (place[axis] >= -_EDGE_KM and place[axis] <= length + _EDGE_KM):
                is_inside = False
        times[number] = np.nan
        if is_inside:
            times[number] = grid_value(factor, spacing, place) * reference_time_s(
                reference, place[0], place[1], place[2]
            )
    return times


@dataclass(frozen=True, slots=True, eq=False)
class TableStore:
    """Tables by content: the latest in memory, all in a folder.

    Parameters
    ----------
    folder
        None keeps nothing on disk. Files are named after a hash of all that made them, so a
        changed model never meets an old table; delete the folder whenever you like.
    """

    folder: Path | None = None
    _kept: OrderedDict[str, StationTable] = field(default_factory=OrderedDict, init=False)

    def get(self, content: bytes, make: Callable[[], StationTable]) -> StationTable:
        """Return the table that ``content`` determines, from memory, disk or ``make``."""
        key = hashlib.sha256(_VERSION.encode() + content).hexdigest()[:32]
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        path = None if self.folder is None else self.folder / f"{key}.npz"
        table = None if path is None else _read(path)
        if table is None:
            table = make()
            if path is not None:
                _write(path, table)
        self._kept[key] = table
        while sum(kept.factor.nbytes for kept in self._kept.values()) > _KEPT_BYTES:
            if len(self._kept) == 1:
                break
            self._kept.popitem(last=False)
        return table


def _read(path: Path) -> StationTable | None:
    """Return the table in a file; None where there is none, or a damaged one."""
    if not path.is_file():
        return None
    try:
        # NumPy leaves a file that is no archive open, unless it is given one
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            velocity = float(kept["velocity_km_s"])
            reference = Reference(kept["source_km"], velocity, kept["gradient_s"])
            factor = kept["factor"]
            table = StationTable(factor, reference, kept["first_km"], kept["spacing_km"])
        if factor.ndim == 3 and factor.dtype == np.float32 and np.isfinite(factor).all():
            return table
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _LOG.warning("travel-time table %s is damaged and made anew: %s", path, error)
    return None


def _write(path: Path, table: StationTable) -> None:
    """Write a table; a folder that cannot be written costs time, no result."""
    try:
        make_folder(path.parent)
        with replacing(path) as temporary:
            np.savez(
                temporary,
                factor=table.factor,
                source_km=table.reference.source_km,
                velocity_km_s=table.reference.velocity_km_s,
                gradient_s=table.reference.gradient_s,
                first_km=table.first_km,
                spacing_km=table.spacing_km,
            )
    except MainshockError as error:
        _LOG.warning("travel-time table is not kept: %s", error)
