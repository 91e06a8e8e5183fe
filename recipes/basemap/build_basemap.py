"""Builds the packaged base map from Natural Earth data in the npm package world-atlas.

Natural Earth (https://www.naturalearthdata.com) is in the public domain; world-atlas (ISC licence)
redistributes its version 4.1.0 as TopoJSON. To repeat:

    npm pack world-atlas@2.0.2
    python recipes/basemap/build_basemap.py world-atlas-2.0.2.tgz

writes ``src/mainshock/sources/data/basemap_*.npz``. Each file holds closed land rings, cut at the
180th meridian, and the inland borders between countries, as whole thousandths of a degree:

* ``*_steps``: int16, shape ``(n, 2)``, longitude and latitude; the first row of a line is 0, the
  others are differences to the row before;
* ``*_starts``: int32, shape ``(n_lines, 2)``, where each line starts;
* ``*_lengths``: int32, rows of each line;
* ``land_polygon``: int32, the polygon that each ring belongs to; its first ring is the outer one.
"""

import argparse
import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

FloatArray = NDArray[np.float64]
STEPS_PER_DEGREE = 1000
TOLERANCE_DEG = {"10m": 0.005, "50m": 0.02, "110m": 0.0}
LONGEST_STEP_DEG = 30.0  # int16 holds 32.767
MOST_SOUTHERN_DEG = -90.0
DEFAULT_OUTPUT = Path(__file__).parents[2] / "src" / "mainshock" / "sources" / "data"


def read_topology(package: Path, resolution: str) -> dict[str, Any]:
    """Return the TopoJSON document of one resolution from the npm tarball or its folder."""
    name = f"countries-{resolution}.json"
    if package.is_dir():
        return dict(json.loads(next(package.rglob(name)).read_text(encoding="utf-8")))
    with tarfile.open(package) as archive:
        stream = archive.extractfile(f"package/{name}")
        if stream is None:
            raise SystemExit(f"{package} holds no {name}")
        return dict(json.load(stream))


def decode_arcs(topology: dict[str, Any], tolerance_deg: float) -> list[FloatArray]:
    """Return the simplified arcs in degrees; longitudes run on over the 180th meridian."""
    scale = np.asarray(topology["transform"]["scale"])
    offset = np.asarray(topology["transform"]["translate"])
    arcs = []
    for steps in topology["arcs"]:
        points = np.cumsum(np.asarray(steps, dtype=np.int64), axis=0) * scale + offset
        points[:, 0] = np.unwrap(points[:, 0], period=360.0)
        arcs.append(simplify(points, tolerance_deg))
    return arcs


def simplify(points: FloatArray, tolerance_deg: float) -> FloatArray:
    """Return a line without the points that lie within a tolerance; small rings stay whole."""
    if tolerance_deg == 0.0 or len(points) < 3:
        return points
    is_ring = bool(np.allclose(points[0], points[-1]))
    simple = LineString(points).simplify(tolerance_deg, preserve_topology=False)
    fewer = np.asarray(simple.coords)
    return points if is_ring and len(fewer) < 5 else fewer


def ring_arcs(geometry: dict[str, Any]) -> Iterator[list[list[int]]]:
    """Yield the polygons of a TopoJSON geometry, each a list of rings of arc numbers."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from ring_arcs(part)
    elif geometry["type"] == "Polygon":
        yield geometry["arcs"]
    elif geometry["type"] == "MultiPolygon":
        yield from geometry["arcs"]


def join_arcs(numbers: Iterable[int], arcs: list[FloatArray]) -> FloatArray:
    """Return the ring that arcs make; ``~n`` means arc n backwards."""
    parts: list[FloatArray] = []
    for number in numbers:
        part = arcs[number] if number >= 0 else arcs[~number][::-1]
        parts.append(part if not parts else part[1:])
    ring = np.concatenate(parts)
    ring[:, 0] = np.unwrap(ring[:, 0], period=360.0)
    return ring


def close_around_pole(ring: FloatArray) -> FloatArray:
    """Return a ring that runs once around the Earth (Antarctica) closed along the pole."""
    if abs(ring[-1, 0] - ring[0, 0]) < 180.0:
        return ring
    start = int(np.argmin((ring[:-1, 0] + 180.0) % 360.0))  # the seam goes where the cut will be
    body = np.roll(ring[:-1], -start, axis=0)
    body[:, 0] = np.unwrap(body[:, 0], period=360.0)
    turn = np.sign(body[-1, 0] - body[0, 0]) * 360.0
    ends = np.array(
        [
            [body[0, 0] + turn, body[0, 1]],
            [body[0, 0] + turn, MOST_SOUTHERN_DEG],
            [body[0, 0], MOST_SOUTHERN_DEG],
            body[0],
        ]
    )
    return np.concatenate([body, ends])


def polygons_within_180(rings: list[FloatArray]) -> list[Polygon]:
    """Return the parts of a polygon between 180 degrees west and east; none if it is a line."""
    if len(rings[0]) < 4:
        return []
    outer, *holes = [close_around_pole(ring) for ring in rings]
    whole = shapely.make_valid(Polygon(outer, [hole for hole in holes if len(hole) >= 4]))
    parts: list[Polygon] = []
    for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
        moved = shapely.transform(whole, lambda xy, turn=turn: xy + np.array([turn, 0.0]))
        inside = shapely.intersection(moved, shapely.box(-180.0, -90.0, 180.0, 90.0))
        parts.extend(
            part
            for part in shapely.get_parts(inside)
            if part.geom_type == "Polygon" and part.area > 0.0
        )
    return parts


def land_rings(
    topology: dict[str, Any], arcs: list[FloatArray]
) -> tuple[list[FloatArray], list[int]]:
    """Return all closed land rings and the number of the polygon each belongs to."""
    rings: list[FloatArray] = []
    owners: list[int] = []
    n_polygons = 0
    for polygon in ring_arcs(topology["objects"]["land"]):
        for part in polygons_within_180([join_arcs(ring, arcs) for ring in polygon]):
            oriented = shapely.geometry.polygon.orient(part)
            for ring in (oriented.exterior, *oriented.interiors):
                rings.append(fill_long_steps(np.asarray(ring.coords)))
                owners.append(n_polygons)
            n_polygons += 1
    return rings, owners


def border_lines(topology: dict[str, Any], arcs: list[FloatArray]) -> list[FloatArray]:
    """Return the arcs that two countries share."""
    users: Counter[int] = Counter()
    for country in topology["objects"]["countries"]["geometries"]:
        numbers = {
            number if number >= 0 else ~number
            for polygon in ring_arcs(country)
            for ring in polygon
            for number in ring
        }
        users.update(numbers)
    return [fill_long_steps(arcs[number]) for number, count in sorted(users.items()) if count > 1]


def fill_long_steps(points: FloatArray) -> FloatArray:
    """Return a line whose steps all fit int16."""
    parts = [points[:1]]
    for first, second in pairwise(points):
        n = int(np.ceil(np.abs(second - first).max() / LONGEST_STEP_DEG)) or 1
        share = np.arange(1, n + 1)[:, None] / n
        parts.append(first + share * (second - first))
    return np.concatenate(parts)


def without_repeats(points: FloatArray) -> FloatArray:
    """Return a line without points that equal the one before; a line keeps four points."""
    is_new = np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])
    return points[is_new] if is_new.sum() >= 4 else points


def encode(prefix: str, lines: list[FloatArray]) -> dict[str, NDArray[Any]]:
    """Return lines as starts, lengths and int16 steps."""
    whole = [without_repeats(np.round(line * STEPS_PER_DEGREE)).astype(np.int32) for line in lines]
    steps = [np.diff(line, axis=0, prepend=line[:1]) for line in whole]
    return {
        f"{prefix}_starts": np.array([line[0] for line in whole], dtype=np.int32),
        f"{prefix}_lengths": np.array([len(line) for line in whole], dtype=np.int32),
        f"{prefix}_steps": np.concatenate(steps).astype(np.int16),
    }


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays so that the same input gives the same bytes (no time stamps)."""
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, values in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, values)
            entry = ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)


def build(package: Path, output: Path) -> None:
    """Write one file for each resolution and say how large it is."""
    output.mkdir(parents=True, exist_ok=True)
    for resolution, tolerance_deg in TOLERANCE_DEG.items():
        topology = read_topology(package, resolution)
        arcs = decode_arcs(topology, tolerance_deg)
        rings, owners = land_rings(topology, arcs)
        borders = border_lines(topology, arcs)
        path = output / f"basemap_{resolution}.npz"
        write_npz(
            path,
            encode("land", rings)
            | {"land_polygon": np.array(owners, dtype=np.int32)}
            | encode("border", borders),
        )
        print(
            f"{path.name}: {len(rings)} land rings, {sum(map(len, rings))} points; "
            f"{len(borders)} borders, {sum(map(len, borders))} points; "
            f"{path.stat().st_size / 1000:.0f} kB"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="world-atlas-2.0.2.tgz, or its folder")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    given = parser.parse_args()
    build(given.package, given.output)
