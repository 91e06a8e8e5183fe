"""Past places smoothed to a density: the background of models, and adaptive Poisson rates."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.boundary import rays_of
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km, geographic
from mainshock.signal.compiled import compiled

__all__ = ["SmoothedPlaces", "moved"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SmoothedPlaces:
    """A density over a region: a kernel at each of many places, and a uniform floor.

    The kernel is ``h / (2 pi) (r^2 + h^2)^-1.5``, which has half its mass within 1.73 ``h``.

    Parameters
    ----------
    region
        The density is 0 outside and integrates to 1 inside.
    longitude, latitude
        Of the kernels, degrees, shape ``(n,)``; they may lie outside the region.
    bandwidth_km
        ``h`` of each.
    weight
        Of each; any positive sum.
    floor
        Share that is uniform over the region.

    Raises
    ------
    DataError
        If there are no kernels, a bandwidth is not positive, or no weight lies in the region.
    """

    region: Region
    longitude: FloatArray
    latitude: FloatArray
    bandwidth_km: FloatArray
    weight: FloatArray
    floor: float = 0.01
    _places: FloatArray = field(init=False, repr=False)
    _inside: FloatArray = field(init=False, repr=False)
    _share: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.longitude) == 0 or not (np.asarray(self.bandwidth_km) > 0).all():
            raise DataError("smoothed places need at least one place and positive bandwidths")
        places = cartesian_km(self.longitude, self.latitude)
        rays = rays_of(self.region, self.longitude, self.latitude)
        h = np.asarray(self.bandwidth_km, dtype=np.float64)
        of = np.repeat(np.arange(len(h)), np.diff(rays.start))
        beyond = h[of] / np.hypot(rays.distance_km, h[of])
        inside = np.clip(rays.base + np.bincount(of, rays.sign * beyond, len(h)), 0.0, 1.0)
        weight = np.asarray(self.weight, dtype=np.float64)
        total = float((weight * inside).sum())
        if not total > 0:
            raise DataError("no weight of the smoothed places lies inside the region")
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_inside", inside)
        object.__setattr__(self, "_share", weight / total)

    @property
    def share(self) -> FloatArray:
        """Return the factor of each kernel in the density, without the floor; ``(n,)``."""
        return self._share

    def density(
        self, longitude: ArrayLike, latitude: ArrayLike, own: ArrayLike | None = None
    ) -> FloatArray:
        """Return the density at places, per km^2.

        Parameters
        ----------
        longitude, latitude
            Degrees, shape ``(n_places,)``.
        own
            For each place the number of the kernel that it made itself and that is left out, -1
            for none: what a place would have without having been seen.
        """
        there = cartesian_km(longitude, latitude)
        skipped = np.full(len(there), -1) if own is None else np.asarray(own)
        found, left = _sums(
            there,
            skipped.astype(np.int64),
            self._places,
            np.asarray(self.bandwidth_km),
            self._share,
            self._share * self._inside,
        )
        rest = np.maximum(1.0 - left, 1e-9)
        area = self.region.area_km2
        return (1.0 - self.floor) * found / rest + self.floor / area

    def sample(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Return longitudes and latitudes of ``n`` places drawn from the density."""
        found: list[FloatArray] = []
        missing = n
        cumulative = np.cumsum(self._share)
        while missing > 0:
            m = missing + missing // 2 + 16
            at = np.searchsorted(cumulative, rng.random(m) * cumulative[-1])
            at = np.minimum(at, len(cumulative) - 1)
            r = np.asarray(self.bandwidth_km)[at] * np.sqrt(1.0 / (1.0 - rng.random(m)) ** 2 - 1.0)
            lon, lat = moved(self._places[at], r, rng.random(m) * 2 * np.pi)
            uniform = rng.random(m) < self.floor
            lon[uniform], lat[uniform] = _uniform(self.region, int(uniform.sum()), rng)
            kept = self.region.contains(lon, lat)
            found.append(np.column_stack([lon[kept], lat[kept]])[:missing])
            missing -= len(found[-1])
        lon, lat = np.concatenate(found).T if found else np.zeros((2, 0))
        return lon, lat


def moved(
    places: FloatArray, distance_km: FloatArray, azimuth: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of points on the sphere moved along it; azimuth in radians."""
    unit = places / AUTHALIC_RADIUS_KM
    east = np.column_stack([-unit[:, 1], unit[:, 0], np.zeros(len(unit))])
    size = np.linalg.norm(east, axis=1, keepdims=True)
    east = np.where(size > 1e-12, east / np.maximum(size, 1e-300), [1.0, 0.0, 0.0])
    north = np.cross(unit, east)
    # the chord is the distance: kernels are measured with chords
    half = np.arcsin(np.clip(distance_km / (2 * AUTHALIC_RADIUS_KM), 0.0, 1.0))
    angle = (2 * half)[:, None]
    heading = np.cos(azimuth)[:, None] * north + np.sin(azimuth)[:, None] * east
    return geographic(np.cos(angle) * unit + np.sin(angle) * heading)


def _uniform(region: Region, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return places spread evenly over the area of a region."""
    west, south, east, north = region.bounds
    lon, lat = np.zeros(0), np.zeros(0)
    while len(lon) < n:
        m = 4 * n + 16
        low, high = np.sin(np.radians([south, north]))
        x, sine = rng.uniform(west, east, m), rng.uniform(low, high, m)
        y = np.degrees(np.arcsin(sine))
        kept = region.contains(x, y)
        lon, lat = np.append(lon, x[kept]), np.append(lat, y[kept])
    return (lon[:n] + 180.0) % 360.0 - 180.0, lat[:n]


@compiled
def _sums(
    there: FloatArray,
    own: NDArray[np.int64],
    places: FloatArray,
    h: FloatArray,
    share: FloatArray,
    mass: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    n = len(there)
    found, left = np.zeros(n), np.zeros(n)
    for i in range(n):
        total = 0.0
        for j in range(len(places)):
            dx = there[i, 0] - places[j, 0]
            dy = there[i, 1] - places[j, 1]
            dz = there[i, 2] - places[j, 2]
            square = dx * dx + dy * dy + dz * dz + h[j] * h[j]
            total += share[j] * h[j] / (square * np.sqrt(square))
        if own[i] >= 0:
            j = own[i]
            dx = there[i, 0] - places[j, 0]
            dy = there[i, 1] - places[j, 1]
            dz = there[i, 2] - places[j, 2]
            square = dx * dx + dy * dy + dz * dz + h[j] * h[j]
            total -= share[j] * h[j] / (square * np.sqrt(square))
            left[i] = mass[j]
        found[i] = max(total, 0.0) / (2 * np.pi)
    return found, left
