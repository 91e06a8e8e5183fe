"""The background: events smoothed by how probably nothing triggered them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mainshock.forecast.bandwidths import adaptive_bandwidths
from mainshock.forecast.etas.events import Inside, blocks_of, in_threads
from mainshock.forecast.etas.kernels import smooth
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["BackgroundKernels", "KernelSettings"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KernelSettings:
    """How events are smoothed.

    Parameters
    ----------
    neighbour
        The bandwidth is the distance to this one, in order of distance.
    min_bandwidth_km
        Smallest bandwidth.
    floor
        Share that is uniform over the region.
    """

    neighbour: int = 4
    min_bandwidth_km: float = 0.2
    floor: float = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundKernels:
    """Kernels ``h / (2 pi) (r^2 + h^2)^-1.5`` at events, with weights.

    It is :class:`mainshock.forecast.smoothed_places.SmoothedPlaces` in single precision, with
    kernels in the order in which they became known.

    Parameters
    ----------
    area_km2
        Of the region.
    settings
        How events are smoothed.
    place
        As :class:`mainshock.forecast.etas.events.Places` gives, of shape ``(3, n)``.
    bandwidth_km, weight
        Of each kernel.
    inside
        Part of each within the region.
    threads
        That may be used.
    """

    area_km2: float
    settings: KernelSettings
    place: SingleArray
    bandwidth_km: FloatArray
    weight: FloatArray
    inside: FloatArray
    threads: int = 1

    @classmethod
    def at(
        cls,
        region: Region,
        events: Catalogue,
        place: SingleArray,
        crossings: Inside,
        settings: KernelSettings,
        threads: int = 1,
    ) -> "BackgroundKernels":
        """Return kernels of equal weight at events."""
        h = adaptive_bandwidths(
            events.longitude, events.latitude, settings.neighbour, settings.min_bandwidth_km
        )
        inside, _, _ = crossings.share(h**2, 0.5)  # this kernel is a power law with rho 1/2
        return cls(region.area_km2, settings, place, h, np.ones(len(h)), inside, threads)

    def __len__(self) -> int:
        """Return the number of kernels."""
        return len(self.weight)

    def weighing(self, weight: FloatArray) -> "BackgroundKernels":
        """Return the kernels with other weights."""
        return replace(self, weight=weight)

    def density(
        self, place: SingleArray, known: IntArray, own: IntArray | None = None
    ) -> FloatArray:
        """Return the density at places, per km^2.

        Parameters
        ----------
        place
            Shape ``(n, 3)``.
        known
            How many of the kernels are known at each place.
        own
            Number of the kernel that the event at each place made itself, which is left out; -1
            for none.
        """
        h = self.bandwidth_km
        strength = (self.weight * h / (2.0 * np.pi)).astype(np.float32)
        mass = np.append(0.0, np.cumsum(self.weight * self.inside))[known]
        first = second = known
        if own is not None:
            is_left_out = (own >= 0) & (own < known)
            first = np.where(is_left_out, own, known)
            second = np.where(is_left_out, own + 1, known)
            mass = mass - np.where(is_left_out, (self.weight * self.inside)[own], 0.0)
        found = np.zeros(len(place))
        square = (h**2).astype(np.float32)

        def part(block: slice) -> None:
            smooth(
                place[block], first[block], second[block], known[block],
                self.place, strength, square, found[block],
            )  # fmt: skip

        in_threads(part, blocks_of(len(place), self.threads), self.threads)
        floor = np.where(mass > 0, self.settings.floor, 1.0)
        smoothed = found / np.maximum(mass, 1e-300)
        return (1.0 - floor) * smoothed + floor / self.area_km2

    def extended(
        self, place: SingleArray, weight: FloatArray, inside_of: Inside, first: int
    ) -> "BackgroundKernels":
        """Return the kernels with some more, as wide as their neighbours among those known.

        Parameters
        ----------
        place
            Of the new ones, shape ``(n, 3)``.
        weight
            Of the new ones.
        inside_of
            Crossings for all events, of which the new ones begin at ``first``.
        first
            See there.
        """
        neighbour = min(self.settings.neighbour, len(self))
        distance, _ = cKDTree(self.place.T).query(place, k=[neighbour])
        h = np.maximum(distance[:, 0], self.settings.min_bandwidth_km).astype(np.float64)
        share, _, _ = inside_of.part(first, first + len(h)).share(h**2, 0.5)
        return replace(
            self,
            place=np.concatenate([self.place, place.T], axis=1),
            bandwidth_km=np.append(self.bandwidth_km, h),
            weight=np.append(self.weight, weight),
            inside=np.append(self.inside, share),
        )

    def smoothed_places(self, region: Region, events: Catalogue) -> SmoothedPlaces:
        """Return the same density in the form that all models use."""
        return SmoothedPlaces(
            region,
            events.longitude,
            events.latitude,
            self.bandwidth_km,
            self.weight,
            self.settings.floor,
        )
