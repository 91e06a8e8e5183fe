"""Where the trenches are: shared vertices of two plates' outlines, one of which subducts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import GeometryError, SettingsError
from mainshock.megathrust.build.geometry import unit_vectors
from mainshock.megathrust.zones import LAND_TO_THE_RIGHT, ZONE_NAMES

__all__ = ["ZONES", "Boundary", "TrenchOutline", "Zone", "chosen_zones", "trench_outline"]

FloatArray = NDArray[np.float64]
Outlines = Mapping[str, FloatArray]
Box = tuple[float, float, float, float]
_DECIMALS = 3  # of a degree: what two outlines must agree on to share a vertex


@dataclass(frozen=True, slots=True)
class Boundary:
    """Two plates that share a part of a trench.

    Parameters
    ----------
    subducting, overriding
        Codes of the plates.
    box
        West, east, south and north of what belongs to the trench, in degrees; longitudes from 0
        to 360. None: all that the outlines share.
    """

    subducting: str
    overriding: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A subduction zone.

    Parameters
    ----------
    code, name
        Short code (that of Slab2 where there is one) and name.
    boundaries
        Parts of the trench in their order.
    start
        Longitude and latitude near the first end, in degrees.
    upper
        ``left`` or ``right``: the side of the upper plate, looking from the start.
    """

    code: str
    name: str
    boundaries: tuple[Boundary, ...]
    start: tuple[float, float]
    upper: str


@dataclass(frozen=True, slots=True)
class TrenchOutline:
    """Vertices of a trench as unit vectors, and the number of the boundary of each arc."""

    vertices: FloatArray
    boundary_of_arc: NDArray[np.int64]


def _shipped(code: str, boundaries: tuple[Boundary, ...], start: tuple[float, float]) -> Zone:
    """Return a zone whose name and landward side the light table of zones states."""
    upper = "right" if code in LAND_TO_THE_RIGHT else "left"
    return Zone(code, ZONE_NAMES[code], boundaries, start, upper)


# Plate codes are those of NNR-MORVEL56 (Argus et al., 2011, doi 10.1029/2011GC003751); which plate
# subducts follows Bird (2003, doi 10.1029/2001GC000252).
ZONES: tuple[Zone, ...] = (
    _shipped("alu", (Boundary("pa", "na", (163.0, 217.5, 49.0, 61.0)),), (164.0, 55.0)),
    _shipped(
        "ant",
        (
            Boundary("na", "ca", (292.0, 303.0, 10.0, 20.5)),
            Boundary("sa", "ca", (298.5, 303.0, 10.5, 19.5)),
        ),
        (-68.0, 19.7),
    ),
    _shipped(
        "cam",
        (
            Boundary("ri", "na", (253.5, 255.5, 18.0, 20.5)),
            Boundary("co", "na", (254.0, 270.0, 12.0, 19.0)),
            Boundary("co", "ca"),
            Boundary("co", "PM", (272.0, 277.0, 8.0, 10.5)),
        ),
        (-106.0, 20.0),
    ),
    _shipped("cas", (Boundary("jf", "na"),), (-130.0, 51.5)),
    _shipped("hel", (Boundary("nu", "AS"),), (20.0, 38.0)),
    _shipped(
        "izu",
        (Boundary("pa", "ps", (138.0, 144.0, 23.0, 34.5)), Boundary("pa", "MA")),
        (142.0, 34.5),
    ),
    _shipped("ker", (Boundary("pa", "TO"), Boundary("pa", "KE")), (-173.5, -14.5)),
    _shipped("kur", (Boundary("pa", "OK"),), (142.0, 34.0)),
    _shipped("mak", (Boundary("ar", "eu", (57.0, 66.5, 23.5, 26.0)),), (57.0, 25.0)),
    _shipped("man", (Boundary("su", "ps", (118.0, 121.5, 13.0, 22.0)),), (120.5, 21.6)),
    _shipped("phi", (Boundary("ps", "su", (124.0, 130.0, 0.5, 15.5)),), (124.5, 15.0)),
    _shipped("puy", (Boundary("au", "pa", (162.0, 167.5, -50.5, -45.0)),), (166.5, -45.0)),
    _shipped("ryu", (Boundary("ps", "ON"), Boundary("ps", "am")), (121.6, 24.0)),
    _shipped(
        "sam",
        (
            Boundary("nz", "ND"),
            Boundary("nz", "sa", (277.0, 289.0, -15.8, -3.0)),
            Boundary("nz", "AP"),
            Boundary("nz", "sa", (283.0, 289.5, -46.0, -21.9)),
        ),
        (-78.0, 7.3),
    ),
    _shipped("sco", (Boundary("sr", "sw"),), (-28.0, -55.2)),
    _shipped(
        "sol",
        (
            Boundary("SS", "SB"),
            Boundary("SS", "NB"),
            Boundary("SS", "pa"),
            Boundary("WL", "pa"),
            Boundary("au", "pa", (156.0, 166.3, -12.5, -8.0)),
        ),
        (148.6, -7.0),
    ),
    _shipped("sul", (Boundary("su", "MS", (119.0, 125.0, 0.0, 2.6)),), (119.5, 1.0)),
    _shipped(
        "sum",
        (
            Boundary("in", "BU"),
            Boundary("cp", "BU"),
            Boundary("cp", "su"),
            Boundary("au", "su"),
        ),
        (94.0, 15.8),
    ),
    _shipped("van", (Boundary("au", "NH", (165.0, 172.6, -23.5, -10.0)),), (166.0, -12.0)),
)


def chosen_zones(codes: tuple[str, ...]) -> tuple[Zone, ...]:
    """Return the zones of some codes in the order of the table; no codes: all.

    Raises
    ------
    SettingsError
        If a code is not known.
    """
    known = {zone.code for zone in ZONES}
    unknown = sorted(set(codes) - known)
    if unknown:
        raise SettingsError(
            f"zone {unknown[0]!r} is not known; choose of {', '.join(sorted(known))}"
        )
    return tuple(zone for zone in ZONES if not codes or zone.code in codes)


def _inside(lonlat: FloatArray, box: Box | None) -> NDArray[np.bool_]:
    if box is None:
        return np.ones(len(lonlat), dtype=bool)
    west, east, south, north = box
    longitude = np.mod(lonlat[:, 0], 360.0)
    inside = (longitude >= west) & (longitude <= east)
    return np.asarray(inside & (lonlat[:, 1] >= south) & (lonlat[:, 1] <= north))


def _keys(lonlat: FloatArray) -> list[tuple[float, float]]:
    longitude = np.round(np.mod(lonlat[:, 0], 360.0), _DECIMALS) % 360.0
    return list(zip(longitude, np.round(lonlat[:, 1], _DECIMALS), strict=True))


def _shared(outlines: Outlines, boundary: Boundary) -> FloatArray:
    """Return the shared vertices in the order of the overriding plate's outline, in degrees."""
    for plate in (boundary.subducting, boundary.overriding):
        if plate not in outlines:
            raise GeometryError(f"there is no outline of plate {plate!r}; complete the outlines")
    outline = outlines[boundary.overriding]
    if np.array_equal(outline[0], outline[-1]):
        outline = outline[:-1]
    other = set(_keys(outlines[boundary.subducting]))
    own = np.array([key in other for key in _keys(outline)]) & _inside(outline, boundary.box)
    if own.sum() < 2:
        raise GeometryError(
            f"plates {boundary.subducting} and {boundary.overriding} share {own.sum()} vertices in "
            f"{boundary.box}; a trench needs two"
        )
    outline_vectors = unit_vectors(outline[:, 0], outline[:, 1])
    # an outline may begin in the midst of the trench: turn it so that it begins in the widest gap
    chain = np.flatnonzero(own)
    steps = np.linalg.norm(outline_vectors[np.roll(chain, -1)] - outline_vectors[chain], axis=1)
    return np.asarray(outline[np.roll(chain, -int(np.argmax(steps)) - 1)])


def trench_outline(zone: Zone, outlines: Outlines) -> TrenchOutline:
    """Return the line of a zone's trench from its start, over all its boundaries.

    Parameters
    ----------
    outlines
        Closed outline of each plate: longitude and latitude in degrees, shape ``(n, 2)``.

    Raises
    ------
    GeometryError
        If an outline is missing or two plates share too few vertices.
    """
    end = unit_vectors(*zone.start)
    vertices: list[FloatArray] = []
    numbers: list[int] = []
    for number, boundary in enumerate(zone.boundaries):
        lonlat = _shared(outlines, boundary)
        part = unit_vectors(lonlat[:, 0], lonlat[:, 1])
        if part[0] @ end < part[-1] @ end:
            part = part[::-1]
        for vertex in part:
            if not vertices or vertices[-1] @ vertex < 1.0 - 1e-12:
                vertices.append(vertex)
                numbers.append(number)
        end = vertices[-1]
    return TrenchOutline(np.array(vertices), np.array(numbers[1:], dtype=np.int64))
