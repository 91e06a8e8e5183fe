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
_SAME_DAYS = 2e-5  # one event, though a file has rounded its time


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
    apart_days
        Within the fit, kernels of events nearer in time than this say nothing about an event.
    """

    neighbour: int = 3
    min_bandwidth_km: float = 0.2
    floor: float = 0.01
    apart_days: float = 100.0


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

    def before(self, n: int) -> "BackgroundKernels":
        """Return the first ``n`` kernels."""
        return replace(
            self,
            place=np.ascontiguousarray(self.place[:, :n]),
            bandwidth_km=self.bandwidth_km[:n],
            weight=self.weight[:n],
            inside=self.inside[:n],
        )

    def density(
        self, place: SingleArray, first: IntArray, second: IntArray, last: IntArray
    ) -> FloatArray:
        """Return the density at places, per km^2.

        Parameters
        ----------
        place
            Shape ``(n, 3)``.
        first, second, last
            Kernels ``0:first`` and ``second:last`` count at each place.
        """
        h = self.bandwidth_km
        strength = (self.weight * h / (2.0 * np.pi)).astype(np.float32)
        whole = np.append(0.0, np.cumsum(self.weight * self.inside))
        mass = whole[last] - whole[second] + whole[first]
        found = np.zeros(len(place))
        square = (h**2).astype(np.float32)

        def part(block: slice) -> None:
            smooth(
                place[block], first[block], second[block], last[block],
                self.place, strength, square, found[block],
            )  # fmt: skip

        in_threads(part, blocks_of(len(place), self.threads), self.threads)
        floor = np.where(mass > 0, self.settings.floor, 1.0)
        smoothed = found / np.maximum(mass, 1e-300)
        return np.asarray((1.0 - floor) * smoothed + floor / self.area_km2)

    def density_apart(
        self, place: SingleArray, time_days: FloatArray, kernel_days: FloatArray
    ) -> FloatArray:
        """Return the density at events within the fit, without kernels of about their own time.

        An event, and others of its sequence, must not tell where it is itself.

        Parameters
        ----------
        place, time_days
            Of the events.
        kernel_days
            Times of the kernels, ascending.
        """
        apart = self.settings.apart_days
        first = np.searchsorted(kernel_days, time_days - apart - _SAME_DAYS, side="left")
        second = np.searchsorted(kernel_days, time_days + apart + _SAME_DAYS, side="right")
        return self.density(place, first, second, np.full(len(place), len(self)))

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
