"""Lines and cells on the sphere by unit vectors: neither dateline nor pole matters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mainshock.core.errors import GeometryError, SettingsError

__all__ = [
    "EARTH_RADIUS_KM",
    "TrenchLine",
    "moved_km",
    "places",
    "resampled",
    "trench_line",
    "unit_vectors",
]

FloatArray = NDArray[np.float64]
EARTH_RADIUS_KM = 6371.0
NODE_KM = 10.0  # spacing of the nodes that fill a cell
_TANGENT_HALF_KM = 100.0  # plate outlines have kinks of some tens of kilometres
_FEWEST_SEGMENTS = 2


def unit_vectors(longitude: ArrayLike, latitude: ArrayLike) -> FloatArray:
    """Return unit vectors of places in degrees, shape ``(..., 3)``."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def places(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude (-180 to 180) and latitude of unit vectors, in degrees."""
    longitude = np.degrees(np.arctan2(vectors[..., 1], vectors[..., 0]))
    latitude = np.degrees(np.arctan2(vectors[..., 2], np.hypot(vectors[..., 0], vectors[..., 1])))
    return longitude, latitude


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _steps_km(line: FloatArray) -> FloatArray:
    chord = np.linalg.norm(np.diff(line, axis=0), axis=1)
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))


def resampled(line: FloatArray, along_km: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return places at distances along a line of great-circle arcs, and the arc each lies on.

    Parameters
    ----------
    line
        Unit vectors of the vertices, shape ``(n, 3)``, no two neighbours equal.
    along_km
        Distances from the first vertex; those beyond an end are moved to it.
    """
    steps = _steps_km(line)
    ends = np.concatenate([[0.0], np.cumsum(steps)])
    along = np.clip(along_km, 0.0, ends[-1])
    arc = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, len(steps) - 1)
    angle = (steps / EARTH_RADIUS_KM)[arc]
    part = ((along - ends[arc]) / steps[arc])[:, None]
    weight_a = np.sin((1.0 - part) * angle[:, None])
    weight_b = np.sin(part * angle[:, None])
    return _unit(weight_a * line[arc] + weight_b * line[arc + 1]), arc


def moved_km(vectors: FloatArray, directions: FloatArray, distance_km: ArrayLike) -> FloatArray:
    """Return the places some distance away along great circles; arrays broadcast."""
    angle = np.asarray(distance_km, dtype=np.float64)[..., None] / EARTH_RADIUS_KM
    return np.asarray(np.cos(angle) * vectors + np.sin(angle) * directions)


@dataclass(frozen=True, slots=True)
class TrenchLine:
    """A trench cut into segments, each with some nodes along it.

    Parameters
    ----------
    nodes, tangents, landward
        Unit vectors at the nodes, shape ``(n_segments * per_segment, 3)``: place, direction of
        increasing number, direction towards the upper plate.
    arcs
        Number of the arc of the trench's outline that each node lies on.
    along_km
        Distance of each node along the trench.
    spacing_km
        Length of a segment.
    """

    nodes: FloatArray
    tangents: FloatArray
    landward: FloatArray
    arcs: NDArray[np.int64]
    along_km: FloatArray
    spacing_km: float

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return round(float(self.along_km[-1] + self.along_km[0]) / self.spacing_km)

    @property
    def per_segment(self) -> int:
        """Number of nodes along a segment."""
        return len(self.nodes) // self.n_segments

    def centres(self, values: FloatArray) -> FloatArray:
        """Return values of nodes, shape ``(n_nodes, ...)``, as means over each segment."""
        return np.asarray(self.by_segment(values).mean(axis=1))

    def by_segment(self, values: FloatArray) -> FloatArray:
        """Return values of nodes with the shape ``(n_segments, per_segment, ...)``."""
        return values.reshape(self.n_segments, self.per_segment, *values.shape[1:])

    def cell(self, nearest_km: float, farthest_km: float) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of a cell's nodes, shape ``(n_segments, n_nodes)``.

        Distances from the trench count positive towards the upper plate.
        """
        steps = max(round(abs(farthest_km - nearest_km) / NODE_KM), 1)
        edges = np.linspace(nearest_km, farthest_km, steps + 1)
        distance = (edges[1:] + edges[:-1]) / 2.0
        moved = moved_km(self.nodes[:, None], self.landward[:, None], distance[None, :])
        longitude, latitude = places(moved)
        return longitude.reshape(self.n_segments, -1), latitude.reshape(self.n_segments, -1)

    def coordinates_km(
        self, longitude: ArrayLike, latitude: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return distance along the trench and from it (positive: upper plate) of places.

        Each place belongs to its nearest node; places beyond an end count with the end.
        """
        vectors = np.atleast_2d(unit_vectors(longitude, latitude))
        chord, nearest = cKDTree(self.nodes).query(vectors)
        distance = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0))
        side = np.einsum("ij,ij->i", vectors, self.landward[nearest])
        return self.along_km[nearest], np.where(side >= 0.0, distance, -distance)


def trench_line(line: FloatArray, upper: str, *, spacing_km: float = 50.0) -> TrenchLine:
    """Return a trench cut into segments of equal length; what is left at the end is dropped.

    Parameters
    ----------
    line
        Unit vectors of the vertices, shape ``(n, 3)``.
    upper
        ``left`` or ``right``: the side of the upper plate, looking along the line.

    Raises
    ------
    SettingsError
        If the spacing is not between 10 and 500 km.
    GeometryError
        If the line is shorter than two segments.
    """
    if not NODE_KM <= spacing_km <= 500.0:
        raise SettingsError(f"a spacing of {spacing_km} km is not between 10 and 500 km")
    length = float(_steps_km(line).sum())
    n_segments = int(length // spacing_km)
    if n_segments < _FEWEST_SEGMENTS:
        raise GeometryError(
            f"a trench of {length:.0f} km has fewer than two segments of {spacing_km} km; "
            "take a smaller spacing"
        )
    per_segment = max(round(spacing_km / NODE_KM), 1)
    step = spacing_km / per_segment
    along: FloatArray = step * (np.arange(n_segments * per_segment, dtype=np.float64) + 0.5)
    nodes, arcs = resampled(line, along)
    ahead, _ = resampled(line, along + _TANGENT_HALF_KM)
    behind, _ = resampled(line, along - _TANGENT_HALF_KM)
    chord = ahead - behind
    tangents = _unit(chord - np.einsum("ij,ij->i", chord, nodes)[:, None] * nodes)
    left = np.cross(nodes, tangents)
    landward = left if upper == "left" else -left
    return TrenchLine(nodes, tangents, landward, arcs, along, spacing_km)
