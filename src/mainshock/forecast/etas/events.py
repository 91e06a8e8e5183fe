"""Events as the likelihood needs them: sources, targets, and how much of a kernel is inside."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.boundary import rays_of
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

if TYPE_CHECKING:
    from mainshock.forecast.etas.elongation import Elongation

__all__ = ["Inside", "Places", "Sources", "Targets", "blocks_of", "in_threads", "inside_of"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_RAY_BIN = 0.3  # of ln distance; the part beyond a distance is a power law, smooth in it
_LARGEST_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """Cartesian km around the middle of a region, single precision: good to 0.1 m in a region.

    Parameters
    ----------
    region
        Its middle is the origin; the Earth's centre for the globe.
    """

    region: Region

    def of(self, catalogue: Catalogue) -> SingleArray:
        """Return places of shape ``(n, 3)``."""
        there = cartesian_km(catalogue.longitude, catalogue.latitude)
        if not self.region.is_globe:
            west, south, east, north = self.region.bounds
            there = there - cartesian_km([(west + east) / 2], [(south + north) / 2])
        return there.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Part of isotropic kernels within a region, by crossings of rays with its outline.

    Parameters
    ----------
    source
        Number of the source of each group of crossings, ascending.
    log_square
        ``ln r^2`` of each group.
    sign
        Sum of signs of the group, over the number of rays.
    base
        1 for sources inside, 0 outside, shape ``(n_sources,)``.
    """

    source: IntArray
    log_square: FloatArray
    sign: FloatArray
    base: FloatArray

    def share(
        self, spread_km2: FloatArray, rho: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the part inside, and its slopes in ``ln spread`` and in ``rho``.

        The part of a kernel beyond ``r`` is ``(1 + r^2 / spread)^-rho``.
        """
        n = len(self.base)
        ratio = np.exp(self.log_square - np.log(spread_km2)[self.source])
        log = np.log1p(ratio)
        beyond = self.sign * np.exp(-rho * log)
        share = self.base + np.bincount(self.source, beyond, n)
        of_spread = np.asarray(np.bincount(self.source, beyond * (ratio / (1.0 + ratio)), n) * rho)
        of_rho = np.asarray(-1.0 * np.bincount(self.source, beyond * log, n))
        return np.clip(share, 1e-12, 1.0), of_spread, of_rho

    def part(self, first: int, end: int) -> "Inside":
        """Return the crossings of the sources ``first:end``."""
        low, high = np.searchsorted(self.source, [first, end])
        chosen = slice(int(low), int(high))
        return Inside(
            self.source[chosen] - first,
            self.log_square[chosen],
            self.sign[chosen],
            self.base[first:end],
        )


def inside_of(region: Region, catalogue: Catalogue) -> Inside:
    """Return the crossings for all events; crossings at about one distance are put together."""
    rays = rays_of(region, catalogue.longitude, catalogue.latitude)
    source = np.repeat(np.arange(len(catalogue)), np.diff(rays.start))
    log = np.log(np.maximum(rays.distance_km, 1e-3))
    step = np.round(log / _RAY_BIN).astype(np.int64) + 64
    key, group = np.unique((source * 128 + step) * 2 + (rays.sign > 0), return_inverse=True)
    n = len(key)
    sign = np.asarray(np.bincount(group, rays.sign, n), dtype=np.float64)
    log_square = 2.0 * np.bincount(group, log, n) / np.maximum(np.bincount(group, minlength=n), 1)
    return Inside(key // 256, log_square, sign, rays.base)


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Events that may trigger others, sorted by time.

    Parameters
    ----------
    time_days
        Shape ``(n,)``.
    place
        As :class:`Places` gives, but of shape ``(3, n)``.
    above
        Magnitude above the reference.
    activity
        ln of how many times the intensity exceeded the background when they came; 0 where it
        plays no part.
    elongation
        Lines along which kernels of large events lie in part; None: all lie around epicentres.
    """

    time_days: FloatArray
    place: SingleArray
    above: FloatArray
    activity: FloatArray
    elongation: "Elongation | None" = None

    def __len__(self) -> int:
        """Return their number."""
        return len(self.time_days)

    @classmethod
    def of(cls, catalogue: Catalogue, region: Region, m_ref: float) -> "Sources":
        """Return the events of a catalogue as sources."""
        place = np.ascontiguousarray(Places(region).of(catalogue).T)
        none = np.zeros(len(catalogue))
        return cls(catalogue.time_days, place, catalogue.magnitude - m_ref, none)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Times and places at which the intensity is asked for.

    Parameters
    ----------
    time_days
        Shape ``(n,)``.
    place
        As :class:`Places` gives, shape ``(n, 3)``.
    before
        Number of sources with an earlier time.
    """

    time_days: FloatArray
    place: SingleArray
    before: IntArray

    def __len__(self) -> int:
        """Return their number."""
        return len(self.time_days)

    @classmethod
    def of(cls, catalogue: Catalogue, region: Region, sources: Sources) -> "Targets":
        """Return the events of a catalogue as targets."""
        before = np.searchsorted(sources.time_days, catalogue.time_days, side="left")
        return cls(catalogue.time_days, Places(region).of(catalogue), before.astype(np.int64))

    def take(self, chosen: slice) -> "Targets":
        """Return some of them."""
        return Targets(self.time_days[chosen], self.place[chosen], self.before[chosen])


def blocks_of(n: int, threads: int) -> list[slice]:
    """Return slices of about equal length that together are ``range(n)``."""
    n_blocks = max(1, -(-n // _LARGEST_BLOCK), 4 * threads if threads > 1 else 1)
    edges = np.linspace(0, n, min(n_blocks, max(n, 1)) + 1).astype(int)
    return [slice(int(low), int(high)) for low, high in pairwise(edges)]


def in_threads(task: Callable[[slice], None], blocks: list[slice], threads: int) -> None:
    """Run a task on each block; compiled code leaves the interpreter to other threads."""
    if threads <= 1 or len(blocks) == 1:
        for block in blocks:
            task(block)
        return
    with ThreadPoolExecutor(threads) as pool:
        # the last targets have the most sources: they go first
        list(pool.map(task, reversed(blocks)))
