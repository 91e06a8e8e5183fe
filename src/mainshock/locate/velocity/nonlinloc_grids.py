"""Grid files of NonLinLoc: a header of text and a buffer of numbers.

The buffer holds float32 or float64 in the machine's byte order, x slowest, z fastest. x and y
are km in the header's map projection, z is km downwards.

References
----------
Lomax et al. (2000), https://doi.org/10.1007/978-94-015-9536-0_5;
format: http://alomax.free.fr/nlloc/soft7.00/formats.html
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.core.geo import LocalFrame
from mainshock.locate.velocity.station_tables import Projection

__all__ = [
    "NonLinLocGrid",
    "NonLinLocProjection",
    "grid_velocity_km_s",
    "read_grid",
    "write_grid",
]

FloatArray = NDArray[np.float64]
_KM_PER_DEGREE = 10_000.0 / 90.0  # NonLinLoc's own for SIMPLE
_KINDS = ("SIMPLE", "TRANS_MERC", "AZIMUTHAL_EQUIDIST")
_EQUATORIAL_KM = {
    "WGS-84": 6378.137,
    "GRS-80": 6378.137,
    "WGS-72": 6378.135,
    "Sphere": 6371.0087714,
}
_NUMBERS = {"FLOAT": np.float32, "DOUBLE": np.float64}


@dataclass(frozen=True, slots=True)
class NonLinLocProjection:
    """A map projection as NonLinLoc computes it: degrees to km.

    Parameters
    ----------
    kind
        ``SIMPLE`` (degrees times 111.1 km, and the cosine of the latitude), ``TRANS_MERC``
        (WGS-84 only) or ``AZIMUTHAL_EQUIDIST`` (on a sphere of the ellipsoid's equatorial
        radius, as NonLinLoc has it).
    longitude, latitude
        The origin, degrees.
    rotation_deg
        ``RotCW``: geographic north, clockwise from the y axis.
    ellipsoid
        As NonLinLoc names it.

    Raises
    ------
    DataError
        If the projection or ellipsoid is not among these.
    """

    kind: str
    longitude: float
    latitude: float
    rotation_deg: float = 0.0
    ellipsoid: str = "WGS-84"

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise DataError(
                f"NonLinLoc projection {self.kind} is not known; make the grids anew with one of "
                f"{', '.join(_KINDS)}"
            )
        known = ("WGS-84",) if self.kind == "TRANS_MERC" else tuple(_EQUATORIAL_KM)
        if self.kind != "SIMPLE" and self.ellipsoid not in known:
            raise DataError(
                f"NonLinLoc projection {self.kind} on ellipsoid {self.ellipsoid} is not known; "
                f"use {', '.join(known)}"
            )
        if not (abs(self.latitude) <= 85.0 and abs(self.longitude) <= 180.0):
            raise DataError(
                f"a NonLinLoc projection has its origin at longitude {self.longitude:g}, latitude "
                f"{self.latitude:g}; latitude must lie within 85 degrees. Are they swapped?"
            )

    def to_local(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return x and y in km."""
        lon, lat = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
        apart = (lon - self.longitude + 180.0) % 360.0 - 180.0
        if self.kind == "SIMPLE":
            east = apart * _KM_PER_DEGREE * np.cos(np.radians(lat))
            north = (lat - self.latitude) * _KM_PER_DEGREE
        elif self.kind == "TRANS_MERC":
            east, north = LocalFrame(self.longitude, self.latitude).to_local(lon, lat)
        else:
            east, north = self._azimuthal(np.radians(apart), np.radians(lat))
        angle = math.radians(self.rotation_deg)
        return (
            np.asarray(east * math.cos(angle) + north * math.sin(angle)),
            np.asarray(north * math.cos(angle) - east * math.sin(angle)),
        )

    def _azimuthal(self, apart: FloatArray, latitude: FloatArray) -> tuple[FloatArray, FloatArray]:
        pole = math.radians(self.latitude)
        east = np.cos(latitude) * np.sin(apart)
        north = math.cos(pole) * np.sin(latitude) - math.sin(pole) * np.cos(latitude) * np.cos(
            apart
        )
        along = math.sin(pole) * np.sin(latitude) + math.cos(pole) * np.cos(latitude) * np.cos(
            apart
        )
        sine = np.hypot(east, north)
        angle = np.arctan2(sine, along)
        scale = _EQUATORIAL_KM[self.ellipsoid] * np.where(
            sine > 0.0, angle / np.where(sine > 0.0, sine, 1.0), 1.0
        )
        return east * scale, north * scale

    def header_line(self) -> str:
        """Return the line that states this projection in a header."""
        ellipsoid = "" if self.kind == "SIMPLE" else f"RefEllipsoid {self.ellipsoid}  "
        return (
            f"TRANSFORM  {self.kind} {ellipsoid}LatOrig {self.latitude:.8f}  "
            f"LongOrig {self.longitude:.8f}  RotCW {self.rotation_deg:.6f}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class NonLinLocGrid:
    """One grid: values at nodes, and where the nodes are.

    Parameters
    ----------
    values
        Shape ``(n_x, n_y, n_z)``; a 2-D grid has distance along y, and ``n_x`` of 1 (times) or 2
        (models).
    first_km, spacing_km
        x, y and z of node ``(0, 0, 0)`` and the steps.
    kind
        ``TIME``, ``TIME2D``, ``SLOW_LEN``, ``VELOCITY``, ...
    projection
        None where the file says ``NONE``.
    station
        Label, x, y and z in km of the station of a time grid.
    """

    values: NDArray[np.floating]
    first_km: tuple[float, float, float]
    spacing_km: tuple[float, float, float]
    kind: str
    projection: Projection | None = None
    station: tuple[str, float, float, float] | None = None


def read_grid(path: Path) -> NonLinLocGrid:
    """Return the grid in a pair of files.

    Parameters
    ----------
    path
        The ``.hdr`` file, the ``.buf`` file, or their common name without suffix.

    Raises
    ------
    SourceError
        If a file cannot be read.
    DataError
        If the header makes no sense, the buffer has another size, or the projection is unknown.
    """
    header, buffer = _pair(path)
    try:
        lines = [line.split() for line in header.read_text(encoding="ascii").splitlines()]
        content = buffer.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read NonLinLoc grid {header}: {error}") from error
    rows = [words for words in lines if words]
    try:
        first = rows[0]
        shape = (int(first[0]), int(first[1]), int(first[2]))
        x, y, z, dx, dy, dz = (float(word) for word in first[3:9])
        kind = first[9]
        number = np.dtype(_NUMBERS[first[10]] if len(first) > 10 else np.float32)
        projection, station = _details(rows[1:])
    except (IndexError, KeyError, ValueError) as error:
        if isinstance(error, DataError):
            raise DataError(f"{header}: {error}") from error
        raise DataError(f"header {header} is not one of NonLinLoc: {error}") from error
    if min(shape) < 1 or min(dx, dy, dz) <= 0.0:
        raise DataError(f"header {header} states {shape} nodes, {dx:g} {dy:g} {dz:g} km apart")
    if len(content) != math.prod(shape) * number.itemsize:
        raise DataError(
            f"buffer {buffer} has {len(content)} bytes; {shape} nodes need "
            f"{math.prod(shape) * number.itemsize}"
        )
    values = np.frombuffer(content, number).reshape(shape)
    return NonLinLocGrid(values, (x, y, z), (dx, dy, dz), kind, projection, station)


def _details(
    rows: list[list[str]],
) -> tuple[NonLinLocProjection | None, tuple[str, float, float, float] | None]:
    """Return what the lines after the first say."""
    projection, station = None, None
    for words in rows:
        if words[0] not in ("TRANSFORM", "TRANS"):
            station = (words[0], float(words[1]), float(words[2]), float(words[3]))
        elif words[1] != "NONE":
            said = dict(zip(words[2::2], words[3::2], strict=False))
            if words[1] not in _KINDS:
                NonLinLocProjection(words[1], 0.0, 0.0)  # says what is possible
            projection = NonLinLocProjection(
                words[1],
                float(said["LongOrig"]),
                float(said["LatOrig"]),
                float(said["RotCW"]),
                said.get("RefEllipsoid", "WGS-84"),
            )
    return projection, station


def write_grid(path: Path, grid: NonLinLocGrid) -> None:
    """Write a grid as ``.hdr`` and ``.buf`` in float32.

    Raises
    ------
    DataError
        If the projection cannot be stated in a header.
    SourceError
        If a file cannot be written.
    """
    header, buffer = _pair(path)
    numbers = "  ".join(
        " ".join(f"{value:.6f}" for value in triple) for triple in (grid.first_km, grid.spacing_km)
    )
    lines = [" ".join(str(size) for size in grid.values.shape)]
    lines[0] += f"  {numbers} {grid.kind} FLOAT"
    if grid.station is not None:
        label, *place = grid.station
        lines.append(" ".join([label, *(f"{value:.6f}" for value in place)]))
    lines.append(_as_nonlinloc(grid.projection))
    with replacing(buffer) as temporary:
        temporary.write_bytes(np.ascontiguousarray(grid.values, np.float32).tobytes())
    with replacing(header) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii")


def _as_nonlinloc(projection: Projection | None) -> str:
    if projection is None:
        return "TRANSFORM  NONE"
    if isinstance(projection, LocalFrame):
        projection = NonLinLocProjection("TRANS_MERC", projection.longitude, projection.latitude)
    if not isinstance(projection, NonLinLocProjection):
        raise DataError(f"NonLinLoc has no projection like {projection}; use a LocalFrame")
    return projection.header_line()


def grid_velocity_km_s(grid: NonLinLocGrid) -> FloatArray:
    """Return the velocities of a model grid, km/s, in the grid's shape.

    Raises
    ------
    DataError
        If the grid holds no velocities in a known form.
    """
    values = grid.values.astype(np.float64)
    if grid.kind == "SLOW_LEN":  # time across one cell
        return np.asarray(grid.spacing_km[0] / values)
    if grid.kind == "SLOWNESS":
        return np.asarray(1.0 / values)
    if grid.kind == "SLOW2":
        return np.asarray(1.0 / np.sqrt(values))
    if grid.kind in ("VELOCITY", "VELOCITY_METERS"):
        return values * (1e-3 if grid.kind == "VELOCITY_METERS" else 1.0)
    raise DataError(
        f"a NonLinLoc grid of kind {grid.kind} holds no velocities; SLOW_LEN, SLOWNESS, SLOW2, "
        "VELOCITY and VELOCITY_METERS do"
    )


def _pair(path: Path) -> tuple[Path, Path]:
    """Return the paths of header and buffer; a station's code may hold dots."""
    stem = path.name.removesuffix(".hdr").removesuffix(".buf")
    return path.with_name(f"{stem}.hdr"), path.with_name(f"{stem}.buf")
