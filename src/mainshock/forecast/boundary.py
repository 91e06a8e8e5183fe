"""How much of an isotropic kernel around a place lies inside the region."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.geo import LocalFrame
from mainshock.forecast.region import Region
from mainshock.signal.compiled import compiled

__all__ = ["Rays", "rays_of"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Where rays from each place cross the outline of a region.

    With ``S(r)`` the part of a kernel that lies beyond ``r``, the part inside the region is
    ``base + sum(sign * S(distance_km))`` over the crossings ``start[i]:start[i + 1]`` of place
    ``i``.

    Parameters
    ----------
    start
        Shape ``(n_places + 1,)``.
    distance_km, sign
        Of each crossing; the sign is divided by the number of rays, negative on the way out.
    base
        1 for places inside, 0 outside, shape ``(n_places,)``.
    """

    start: IntArray
    distance_km: FloatArray
    sign: FloatArray
    base: FloatArray


def rays_of(region: Region, longitude: ArrayLike, latitude: ArrayLike, n_rays: int = 48) -> Rays:
    """Return the crossings of evenly spread rays from places with the outline of a region."""
    lon = np.atleast_1d(np.asarray(longitude, dtype=np.float64))
    lat = np.atleast_1d(np.asarray(latitude, dtype=np.float64))
    n = len(lon)
    west, south, east, north = region.bounds
    middle = (west + east) / 2
    if region.is_globe or east - west > 100.0 or max(abs(south), abs(north)) > 84.0:
        # beyond what a plane can hold: kernels are taken to lie inside as a whole
        base = region.contains(lon, lat).astype(np.float64)
        return Rays(np.zeros(n + 1, dtype=np.int64), np.zeros(0), np.zeros(0), base)
    frame = LocalFrame((middle + 180) % 360 - 180, (south + north) / 2)
    x, y = frame.to_local(lon, lat)
    edge_x, edge_y = frame.to_local(*region.outline())
    base, start, distance, sign = _crossings(x, y, edge_x, edge_y, n_rays)
    return Rays(start, distance, sign / n_rays, base)


@compiled
def _crossings(
    x: FloatArray, y: FloatArray, edge_x: FloatArray, edge_y: FloatArray, n_rays: int
) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
    n, n_edges = len(x), len(edge_x)
    room = 4 * n_rays * n + 16
    distance, sign = np.empty(room), np.empty(room)
    start, base = np.zeros(n + 1, dtype=np.int64), np.zeros(n)
    cosines = np.cos(2 * np.pi * (np.arange(n_rays) + 0.5) / n_rays)
    sines = np.sin(2 * np.pi * (np.arange(n_rays) + 0.5) / n_rays)
    area = 0.0
    for k in range(n_edges):
        k2 = (k + 1) % n_edges
        area += edge_x[k] * edge_y[k2] - edge_x[k2] * edge_y[k]
    turn = 1.0 if area > 0 else -1.0
    filled = 0
    for i in range(n):
        for k in range(n_edges):
            k2 = (k + 1) % n_edges
            ax, ay = edge_x[k] - x[i], edge_y[k] - y[i]
            ex, ey = edge_x[k2] - edge_x[k], edge_y[k2] - edge_y[k]
            if (ay > 0) != (ay + ey > 0) and ax - ay * ex / ey > 0:
                base[i] = 1.0 - base[i]
            for j in range(n_rays):
                c, s = cosines[j], sines[j]
                here = c * ay - s * ax
                there = c * (ay + ey) - s * (ax + ex)
                if (here > 0) == (there > 0):
                    continue
                share = here / (here - there)
                r = c * (ax + share * ex) + s * (ay + share * ey)
                if r <= 0:
                    continue
                if filled == room:
                    room *= 2
                    distance = np.append(distance, np.empty(room - filled))
                    sign = np.append(sign, np.empty(room - filled))
                distance[filled] = r
                # an outline that turns left is crossed on the way out where it goes up
                sign[filled] = -turn if there > here else turn
                filled += 1
        start[i + 1] = filled
    return base, start, distance[:filled].copy(), sign[:filled].copy()
