"""Travel times from a folder of NonLinLoc time grids, and station tables written as such."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, GeometryError, SettingsError, SourceError
from mainshock.core.files import make_folder
from mainshock.core.records import PHASES, Station
from mainshock.locate.velocity.eikonal import Reference
from mainshock.locate.velocity.layered import LayeredVelocity
from mainshock.locate.velocity.nonlinloc_grids import NonLinLocGrid, read_grid, write_grid
from mainshock.locate.velocity.station_tables import (
    Projection,
    StationTable,
    local_places,
    require_phase,
)
from mainshock.locate.velocity.volume import VolumeVelocity

__all__ = ["NonLinLocTimes", "nonlinloc_from_text", "write_station_grids"]

FloatArray = NDArray[np.float64]
_FARTHEST_STATION_KM = 0.5  # of a station from the one its grid was made for


@dataclass(frozen=True, slots=True, eq=False)
class NonLinLocTimes:
    """Time grids named ``PREFIX.P.STATION.time.hdr`` in one folder.

    Parameters
    ----------
    folder
        Where the grids are.
    prefix
        The first part of their names, often the name of a model: ``layer``.

    Raises
    ------
    SourceError
        If there are no such files.

    Notes
    -----
    A grid is read when its station is first asked for. 3-D grids give times by place, 2-D grids
    by distance and depth. ``travel_time_s`` knows no station; it answers for flat layers with
    the slownesses that vertical rays to all stations of the folder show.
    """

    folder: Path
    prefix: str
    name: str = field(init=False)
    _tables: dict[tuple[str, str], "_Table"] = field(default_factory=dict, init=False, repr=False)
    _layers: list[LayeredVelocity] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"nonlinloc:{self.prefix}")
        if not any(self._labels(phase) for phase in PHASES):
            raise SourceError(
                f"no files {self.prefix}.P.STATION.time.hdr in {self.folder}; give "
                "nonlinloc:FOLDER/PREFIX, where PREFIX is what stands before .P."
            )

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> FloatArray:
        """Return times in seconds through the layers under the stations.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative, a value not finite, or grids of P or S
            are missing.
        """
        if not self._layers:
            self._layers.append(self._average())
        layers = self._layers[0]
        return layers.travel_time_s(phase, distance_km, source_depth_km, receiver_depth_km)

    def station_travel_time_s(
        self,
        phase: str,
        station: Station,
        longitude: ArrayLike,
        latitude: ArrayLike,
        depth_km: ArrayLike,
    ) -> FloatArray:
        """Return times from places to a station, in seconds; NaN outside its grid.

        Raises
        ------
        DataError
            If the phase is unknown or a place impossible.
        SourceError
            If the station has no grid.
        GeometryError
            If its grid was made for another place.
        """
        require_phase(phase)
        table = self._table(phase, self._label_of(phase, station))
        table.require_place(station)
        return table.time_at_s(longitude, latitude, depth_km)

    def _labels(self, phase: str) -> list[str]:
        start, end = f"{self.prefix}.{phase}.", ".time.hdr"
        found = self.folder.glob("*.time.hdr") if self.folder.is_dir() else ()
        names = [path.name for path in found if path.name.startswith(start)]
        return sorted(name.removeprefix(start).removesuffix(end) for name in names)

    def _label_of(self, phase: str, station: Station) -> str:
        labels = self._labels(phase)
        for label in (station.station, station.code, station.code.replace(".", "_")):
            if label in labels:
                return label
        raise SourceError(
            f"{self.folder} has no {phase} grid {self.prefix}.{phase}.{station.station}.time.hdr "
            f"for station {station.code}; there are {', '.join(labels) or 'none'}"
        )

    def _table(self, phase: str, label: str) -> "_Table":
        if (phase, label) not in self._tables:
            path = self.folder / f"{self.prefix}.{phase}.{label}.time.hdr"
            self._tables[phase, label] = _table_of(read_grid(path), path)
        return self._tables[phase, label]

    def _average(self) -> LayeredVelocity:
        tops, speeds = np.empty(0), []
        for phase in PHASES:
            tables = [self._table(phase, label) for label in self._labels(phase)]
            profiles = [table.vertical_slowness_s_km() for table in tables]
            profiles = [profile for profile in profiles if np.isfinite(profile[1]).all()]
            if not profiles:
                raise DataError(
                    f"{self.folder} has no {phase} grids of {self.prefix} whose station lies inside"
                )
            if not tops.size:
                tops = profiles[0][0]
            slowness = np.mean([np.interp(tops, *profile) for profile in profiles], axis=0)
            speeds.append(1.0 / slowness)
        return LayeredVelocity(tuple(tops), tuple(speeds[0]), tuple(speeds[1]), self.name)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One station's grid, ready to interpolate."""

    times: StationTable
    place_km: tuple[float, float, float]
    is_radial: bool
    projection: Projection | None
    path: Path

    def time_at_s(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        if self.projection is None:
            raise DataError(
                f"grid {self.path} states no map projection (TRANSFORM NONE), so places in degrees "
                "cannot be found in it; make it with TRANS SIMPLE or another projection"
            )
        east, north, depth = local_places(self.projection, longitude, latitude, depth_km)
        if self.is_radial:
            north = np.hypot(east - self.place_km[0], north - self.place_km[1])
            east = np.zeros_like(north)
        return self.times.time_s(east, north, depth)

    def require_place(self, station: Station) -> None:
        if self.projection is None:
            return
        east, north, depth = local_places(
            self.projection, station.longitude, station.latitude, station.depth_km
        )
        place = np.array([float(east), float(north), float(depth)])
        away_km = float(np.linalg.norm(place - self.place_km))
        if not away_km <= _FARTHEST_STATION_KM:
            raise GeometryError(
                f"grid {self.path} was made for a station {away_km:.1f} km from {station.code} at "
                f"{station.longitude:g}, {station.latitude:g}, {station.elevation_m:g} m; at most "
                f"{_FARTHEST_STATION_KM} km are allowed. Is it another station, or are longitude "
                "and latitude swapped?"
            )

    def vertical_slowness_s_km(self) -> tuple[FloatArray, FloatArray]:
        """Return depths of nodes, and the slowness below each that vertical rays show."""
        east, north, station = self.place_km
        if self.is_radial:
            east = north = 0.0
        first, step = self.times.first_km[2], self.times.spacing_km[2]
        depth = first + step * np.arange(self.times.factor.shape[2])
        times = self.times.time_s(east, north, depth)
        signed = np.where(depth < station, -times, times)
        return depth[:-1], np.asarray(np.diff(signed) / step)


def _table_of(grid: NonLinLocGrid, path: Path) -> _Table:
    if grid.kind not in ("TIME", "TIME2D") or grid.station is None:
        raise DataError(
            f"grid {path} is of kind {grid.kind}; times need TIME or TIME2D and a station"
        )
    is_radial = grid.kind == "TIME2D" or grid.values.shape[0] == 1
    place = (grid.station[1], grid.station[2], grid.station[3])
    values = grid.values.astype(np.float64)
    first, spacing = np.array(grid.first_km), np.array(grid.spacing_km)
    source = np.array(place)
    if is_radial:
        values, first[0], source[:2] = np.repeat(values[:1], 2, axis=0), 0.0, 0.0
    if min(values.shape) < 2 or not np.isfinite(values).all() or values.min() < 0.0:
        raise DataError(f"grid {path} must hold times from 0 on, and 2 nodes along each axis")
    axes = [
        start + step * np.arange(n)
        for start, step, n in zip(first, spacing, values.shape, strict=True)
    ]
    offsets = [axis - place for axis, place in zip(axes, source, strict=True)]
    if is_radial:
        offsets[0] = np.zeros(2)
    length = np.sqrt(sum(part**2 for part in np.meshgrid(*offsets, indexing="ij", sparse=True)))
    # at the station itself the factor is 0/0: its neighbours tell it
    near = (length > 0.0) & (length <= 2.0 * spacing[1:].max())
    near = near if near.any() else length > 0.0
    slowness = float(np.mean(values[near] / length[near]))
    factor = np.ones_like(values)
    np.divide(values, slowness * length, out=factor, where=length > 0.0)
    reference = Reference(source - first, 1.0 / slowness, np.zeros(3))
    table = StationTable(factor.astype(np.float32), reference, first, spacing)
    return _Table(table, place, is_radial, grid.projection, path)


def nonlinloc_from_text(text: str) -> NonLinLocTimes:
    """Return the travel times of ``"FOLDER/PREFIX"``.

    Raises
    ------
    SettingsError
        If the text names no prefix.
    SourceError
        If there are no such grids.
    """
    path = Path(text.strip())
    if not path.name or path.is_dir():
        raise SettingsError(
            f"velocity model 'nonlinloc:{text}' names no prefix; write nonlinloc:FOLDER/PREFIX "
            "for files like FOLDER/PREFIX.P.STATION.time.hdr"
        )
    return NonLinLocTimes(path.parent, path.name)


def write_station_grids(
    volume: VolumeVelocity, station: Station, folder: Path, prefix: str
) -> None:
    """Write the P and S times of a station as NonLinLoc grids ``PREFIX.P.STATION.time``.

    Raises
    ------
    GeometryError
        If the station is beside or below the volume.
    SourceError
        If a file cannot be written.
    """
    make_folder(folder)
    axes = [
        first + step * np.arange(size)
        for first, step, size in zip(
            volume.first_km, volume.spacing_km, volume.vp_km_s.shape, strict=True
        )
    ]
    for phase in PHASES:
        table = volume.station_table(phase, station)
        times = table.time_s(axes[0][:, None, None], axes[1][:, None], axes[2])
        x, y, z = (float(v) for v in table.reference.source_km + table.first_km)
        label = (station.station, x, y, z)
        grid = NonLinLocGrid(times, volume.first_km, volume.spacing_km, "TIME", volume.frame, label)
        write_grid(folder / f"{prefix}.{phase}.{station.station}.time", grid)
