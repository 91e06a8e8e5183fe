"""Velocities on a 3-D grid: station tables by the eikonal equation."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, GeometryError, SourceError
from mainshock.core.files import replacing
from mainshock.core.geo import LocalFrame
from mainshock.core.records import Station
from mainshock.locate.velocity.checks import require_velocities
from mainshock.locate.velocity.eikonal import choose_reference, march
from mainshock.locate.velocity.layered import LayeredVelocity
from mainshock.locate.velocity.station_tables import (
    Projection,
    StationTable,
    TableStore,
    cache_folder,
    require_phase,
)

__all__ = ["VolumeVelocity", "read_volume", "sample_volume", "write_volume"]

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
_LOG = logging.getLogger(__name__)
_FRAME_NAME = "local transverse Mercator"
_EDGE_KM = 1e-4
_DEEPEST_SHARE = 4  # of the grid's layers that may be added below it


@dataclass(frozen=True, slots=True, eq=False)
class VolumeVelocity:
    """P and S velocities on a regular grid in a local metric frame.

    Parameters
    ----------
    frame
        What turns degrees into km.
    first_km
        East, north and depth of node ``(0, 0, 0)``; depth is negative above sea level.
    spacing_km
        Step between nodes along each axis.
    vp_km_s, vs_km_s
        Velocities at the nodes, shape ``(n_east, n_north, n_depth)``.
    name
        How results name this model.
    store
        Where station tables are kept.

    Raises
    ------
    DataError
        If shapes differ or velocities make no sense.

    Notes
    -----
    A station's table is made at its first use: a fraction of a second for half a million nodes.
    Above the grid the velocities of its top go on, so stations may stand there. Below it rays may
    dip where velocity grows at the bottom, and it goes on growing there by the mean gradient of
    the lowest cells (at most that of the whole volume). Beside the grid there are no rays. A jump
    of velocity is spread over one cell; across it a finer ``spacing_km`` in depth helps.

    ``travel_time_s`` answers for the laterally averaged slowness, as flat layers around the nodes.
    """

    frame: Projection
    first_km: tuple[float, float, float]
    spacing_km: tuple[float, float, float]
    vp_km_s: Float32Array
    vs_km_s: Float32Array
    name: str = "volume"
    store: TableStore = field(default_factory=TableStore, repr=False)
    _layers: LayeredVelocity = field(init=False, repr=False)
    _digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for attribute in ("vp_km_s", "vs_km_s"):
            values = np.array(getattr(self, attribute), dtype=np.float32, order="C")
            values.flags.writeable = False
            object.__setattr__(self, attribute, values)
        self._check()
        object.__setattr__(self, "first_km", tuple(float(value) for value in self.first_km))
        object.__setattr__(self, "spacing_km", tuple(float(value) for value in self.spacing_km))
        object.__setattr__(self, "_layers", self._average())
        digest = hashlib.sha256(repr((self.frame, self.first_km, self.spacing_km)).encode())
        digest.update(repr(self.vp_km_s.shape).encode())
        digest.update(self.vp_km_s.tobytes())
        digest.update(self.vs_km_s.tobytes())
        object.__setattr__(self, "_digest", digest.digest())

    def _check(self) -> None:
        vp, vs = self.vp_km_s, self.vs_km_s
        if vp.ndim != 3 or vp.shape != vs.shape or min(vp.shape) < 2:
            raise DataError(
                f"velocities of volume {self.name} have shapes {vp.shape} and {vs.shape}; both "
                "must be (n_east, n_north, n_depth) with at least 2 nodes along each axis"
            )
        speeds = (vp.ravel().astype(np.float64), vs.ravel().astype(np.float64))
        require_velocities(*speeds, f"volume {self.name}")
        numbers = np.array([self.first_km, self.spacing_km], dtype=np.float64)
        if numbers.shape != (2, 3) or not np.isfinite(numbers).all() or numbers[1].min() <= 0.0:
            raise DataError(
                f"volume {self.name} begins at {self.first_km} km with spacing {self.spacing_km} "
                "km; give east, north and depth each, and spacings above 0"
            )

    def _average(self) -> LayeredVelocity:
        tops = self.first_km[2] + self.spacing_km[2] * (np.arange(self.vp_km_s.shape[2]) - 0.5)
        speeds = [
            1.0 / (1.0 / values.astype(np.float64)).mean(axis=(0, 1))
            for values in (self.vp_km_s, self.vs_km_s)
        ]
        return LayeredVelocity(tuple(tops), tuple(speeds[0]), tuple(speeds[1]), self.name)

    @property
    def last_km(self) -> tuple[float, float, float]:
        """East, north and depth of the last node."""
        east, north, depth = (
            first + step * (size - 1)
            for first, step, size in zip(
                self.first_km, self.spacing_km, self.vp_km_s.shape, strict=True
            )
        )
        return east, north, depth

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> FloatArray:
        """Return times through the laterally averaged layers, in seconds.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative or a value not finite.
        """
        return self._layers.travel_time_s(phase, distance_km, source_depth_km, receiver_depth_km)

    def station_travel_time_s(
        self,
        phase: str,
        station: Station,
        longitude: ArrayLike,
        latitude: ArrayLike,
        depth_km: ArrayLike,
    ) -> FloatArray:
        """Return times from places to a station, in seconds; NaN outside the grid.

        Raises
        ------
        DataError
            If the phase is unknown or a place impossible.
        GeometryError
            If the station is beside or below the grid.
        """
        table = self.station_table(phase, station)
        return table.time_at_s(self.frame, longitude, latitude, depth_km)

    def station_table(self, phase: str, station: Station) -> StationTable:
        """Return the times of all nodes to a station, from the store or computed now.

        Raises
        ------
        DataError
            If the phase is unknown.
        GeometryError
            If the station is beside or below the grid.
        """
        require_phase(phase)
        source = self._station_place(station)
        content = self._digest + f"{phase} {np.round(source, 6).tolist()}".encode()
        return self.store.get(content, lambda: self._solve(phase, source))

    def _solve(self, phase: str, source_km: FloatArray) -> StationTable:
        _LOG.info("making the %s table of volume %s for %s", phase, self.name, source_km)
        first, spacing = np.array(self.first_km), np.array(self.spacing_km)
        velocity = (self.vp_km_s if phase == "P" else self.vs_km_s).astype(np.float64)
        above = max(int(np.ceil((first[2] - source_km[2]) / spacing[2])), 0)
        top = np.repeat(velocity[..., :1], above, axis=2)
        bottom = _continued_below(velocity, spacing, source_km - first)
        lifted = source_km - first + np.array([0.0, 0.0, above * spacing[2]])
        whole = np.concatenate([top, velocity, bottom], axis=2)
        reference = choose_reference(whole, spacing, lifted)
        factor = march(whole, spacing, reference)[..., above : above + velocity.shape[2]]
        reference = reference._replace(source_km=source_km - first)
        return StationTable(factor.astype(np.float32, order="C"), reference, first, spacing)

    def _station_place(self, station: Station) -> FloatArray:
        """Return where the station is in the frame, on the edge rather than a hair beside it."""
        place = self._place(station.longitude, station.latitude, station.depth_km)
        first, last = np.array(self.first_km), np.array(self.last_km)
        excess = np.maximum(first - place, place - last)
        excess[2] = place[2] - last[2]  # above the top is possible
        if not excess.max() <= _EDGE_KM:
            hint = ""
            if abs(station.longitude) <= 90.0:
                swapped = self._place(station.latitude, station.longitude, station.depth_km)
                if np.all((swapped[:2] >= first[:2]) & (swapped[:2] <= last[:2])):
                    hint = "; its longitude and latitude seem to be swapped"
            raise GeometryError(
                f"station {station.code} lies {np.nanmax(excess):.1f} km beside or below volume "
                f"{self.name}, which spans {first.round(3).tolist()} to {last.round(3).tolist()} "
                f"km east, north and down{hint}"
            )
        low = np.array([first[0], first[1], -np.inf])
        return np.clip(place, low, last)

    def _place(self, longitude: float, latitude: float, depth_km: float) -> FloatArray:
        apart = abs((longitude - self.frame.longitude + 180.0) % 360.0 - 180.0)
        if apart > 60.0:
            return np.array([np.inf, np.inf, depth_km])
        east, north = self.frame.to_local(longitude, latitude)
        return np.array([float(east), float(north), depth_km])


def _continued_below(
    velocity: FloatArray, spacing_km: FloatArray, source_km: FloatArray
) -> FloatArray:
    """Return the velocities of as many layers of nodes below the grid as its rays may reach.

    Rays are taken as the circles of the mean gradient, to the farthest corner of the bottom.
    """
    profile = velocity.mean(axis=(0, 1))
    steps = np.diff(profile) / spacing_km[2]
    gradient = float(min(steps[-1], steps.mean()))
    if gradient <= 1e-6:
        return velocity[..., :0]
    depths = spacing_km[2] * np.arange(profile.size)
    at_source = float(np.interp(source_km[2], depths, profile))
    last_km = spacing_km * (np.array(velocity.shape) - 1)
    distance = float(np.hypot(*np.maximum(source_km, last_km - source_km)[:2]))
    radii = np.array([at_source, profile[-1]]) / gradient
    middle = (distance**2 + radii[1] ** 2 - radii[0] ** 2) / (2.0 * distance)
    dip_km = float(np.hypot(middle, radii[0]) - radii[1]) if 0.0 < middle < distance else 0.0
    count = min(int(np.ceil(dip_km / spacing_km[2])), _DEEPEST_SHARE * profile.size)
    growth = gradient * spacing_km[2] * np.arange(1, count + 1)
    return np.asarray(velocity[..., -1:] + growth)


def sample_volume(
    velocity: Callable[[FloatArray, FloatArray, FloatArray], tuple[ArrayLike, ArrayLike]],
    frame: Projection,
    first_km: tuple[float, float, float],
    last_km: tuple[float, float, float],
    spacing_km: tuple[float, float, float],
    name: str = "volume",
) -> VolumeVelocity:
    """Return the volume of a function of east, north and depth in km that gives P and S speed.

    The last node along each axis is the first one not before ``last_km``.

    Examples
    --------
    >>> model = sample_volume(
    ...     lambda east, north, depth: (5 + 0.05 * depth, 2.9 + 0.03 * depth),
    ...     LocalFrame(13.0, 46.0), (-20, -20, -2), (20, 20, 15), (1, 1, 1),
    ... )
    >>> model.vp_km_s.shape
    (41, 41, 18)
    """
    axes = [
        first + step * np.arange(int(np.ceil((last - first) / step - 1e-9)) + 1)
        for first, last, step in zip(first_km, last_km, spacing_km, strict=True)
    ]
    places = np.meshgrid(*axes, indexing="ij")
    vp, vs = (np.broadcast_to(np.asarray(v), places[0].shape) for v in velocity(*places))
    return VolumeVelocity(
        frame, first_km, spacing_km, vp.astype(np.float32), vs.astype(np.float32), name
    )


def write_volume(path: Path, volume: VolumeVelocity) -> None:
    """Write a volume in a ``LocalFrame`` as ``.npz``, in the form that ``read_volume`` reads.

    Raises
    ------
    DataError
        If the volume is in another projection.
    SourceError
        If the file cannot be written.
    """
    if not isinstance(volume.frame, LocalFrame):
        raise DataError(f"volume {volume.name} is in {volume.frame}; only a LocalFrame is kept")
    with replacing(path) as temporary:
        np.savez_compressed(
            temporary,
            crs=_FRAME_NAME,
            longitude=volume.frame.longitude,
            latitude=volume.frame.latitude,
            first_km=volume.first_km,
            spacing_km=volume.spacing_km,
            vp_km_s=volume.vp_km_s,
            vs_km_s=volume.vs_km_s,
        )


def read_volume(path: Path) -> VolumeVelocity:
    """Return the volume in an ``.npz`` file.

    Parameters
    ----------
    path
        Holds ``longitude`` and ``latitude`` of the origin of a local transverse Mercator frame;
        ``first_km``: east, north and depth of the first node; ``spacing_km``: one number or
        three; ``vp_km_s`` and ``vs_km_s`` of shape ``(n_east, n_north, n_depth)``. A ``crs``, if
        there is one, must say "local transverse Mercator".

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If something is missing or makes no sense.
    """
    needed = ("longitude", "latitude", "first_km", "spacing_km", "vp_km_s", "vs_km_s")
    try:
        # NumPy leaves a file that is no archive open, unless it is given one
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
            held = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, AttributeError, BadZipFile) as error:
        raise SourceError(f"cannot read velocity volume {path}: {error}") from error
    missing = [name for name in needed if name not in held]
    if missing:
        raise DataError(
            f"velocity volume {path} lacks {', '.join(missing)}; it needs {', '.join(needed)} "
            "(a TauP model is opened as taup:FILE)"
        )
    _require_local_frame(str(held.get("crs", _FRAME_NAME)), path)
    longitude, latitude = float(held["longitude"]), float(held["latitude"])
    if abs(latitude) > 85.0 or abs(longitude) > 180.0:
        raise DataError(
            f"the origin of velocity volume {path} is longitude {longitude:g}, latitude "
            f"{latitude:g}; latitude must lie within 85 degrees. Are they swapped?"
        )
    return VolumeVelocity(
        LocalFrame(longitude, latitude),
        _three_numbers(held["first_km"], "first_km", path),
        _three_numbers(held["spacing_km"], "spacing_km", path),
        held["vp_km_s"],
        held["vs_km_s"],
        name=path.stem,
        store=TableStore(cache_folder() / "travel-times"),
    )


def _three_numbers(values: FloatArray, name: str, path: Path) -> tuple[float, float, float]:
    """Return a number for east, north and depth each; one alone stands for all."""
    if values.size not in (1, 3):
        raise DataError(
            f"{name} of velocity volume {path} has {values.size} numbers; give one for each of "
            "east, north and depth"
        )
    east, north, depth = (float(v) for v in np.broadcast_to(np.ravel(values), (3,)))
    return east, north, depth


def _require_local_frame(crs: str, path: Path) -> None:
    if crs.strip().lower() == _FRAME_NAME.lower():
        return
    reason = ""
    if any(sign in crs.lower() for sign in ("3857", "900913", "web", "pseudo")):
        reason = " (a metre of Web Mercator is 17 to 23 % short of a metre at 31 to 36 degrees)"
    raise DataError(
        f"velocity volume {path} states the projection {crs!r}{reason}; resample it to km east "
        f"and north in a {_FRAME_NAME} frame around its longitude and latitude"
    )
