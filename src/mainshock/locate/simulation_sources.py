"""Where simulated events happen: densities that can be drawn from and told to a locator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.locate.priors import GaussianMixturePrior, Prior

__all__ = [
    "BoxSources",
    "CatalogueSources",
    "Hypocentres",
    "MixtureSources",
    "Sources",
    "fit_mixture",
]

FloatArray = NDArray[np.float64]
_OUTSIDE = -1e3
_MOST_TRIES = 1000


class Hypocentres(NamedTuple):
    """Degrees, degrees and km positive down; each of shape ``(n,)``."""

    longitude: FloatArray
    latitude: FloatArray
    depth_km: FloatArray


class Sources(Protocol):
    """A density of hypocentres that can be drawn from."""

    def draw(self, n: int, rng: np.random.Generator) -> Hypocentres:
        """Return ``n`` independent hypocentres."""
        ...

    def prior(self) -> Prior:
        """Return the density as a locator is told it."""
        ...


@dataclass(frozen=True, slots=True)
class BoxSources:
    """Uniform in a box: corners in km east, north and down. It is its own prior."""

    frame: LocalFrame
    low_km: tuple[float, float, float]
    high_km: tuple[float, float, float]

    def draw(self, n: int, rng: np.random.Generator) -> Hypocentres:
        """Return ``n`` independent hypocentres."""
        east, north, depth = rng.uniform(self.low_km, self.high_km, (n, 3)).T
        return Hypocentres(*self.frame.to_geographic(east, north), depth)

    def prior(self) -> Prior:
        """Return the box itself."""
        return self

    def log_density(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the logarithm of the density per km^3; -1000 outside."""
        east, north = self.frame.to_local(longitude, latitude)
        places = np.broadcast_arrays(east, north, np.asarray(depth_km, np.float64))
        inside = np.ones(places[0].shape, dtype=bool)
        for place, low, high in zip(places, self.low_km, self.high_km, strict=True):
            inside &= (place >= low) & (place <= high)
        return np.where(inside, -np.log(self.volume_km3), _OUTSIDE)

    @property
    def volume_km3(self) -> float:
        """Volume of the box."""
        return float(np.prod(np.subtract(self.high_km, self.low_km)))

    def smoothed(self, width_km: float) -> "BoxSources":
        """Return the box widened by half a cell of this width on each side."""
        half = 0.5 * width_km
        low, high = np.subtract(self.low_km, half), np.add(self.high_km, half)
        corners = (
            (float(low[0]), float(low[1]), float(low[2])),
            (float(high[0]), float(high[1]), float(high[2])),
        )
        return BoxSources(self.frame, *corners)

    def reach_km(self, frame: LocalFrame) -> float:
        """Return how far from another frame's origin the box reaches along its axes."""
        corners = np.array([self.low_km[:2], self.high_km[:2]])
        east, north = np.meshgrid(*corners.T)
        return float(np.abs(frame.to_local(*self.frame.to_geographic(east, north))).max())


@dataclass(frozen=True, slots=True, eq=False)
class MixtureSources:
    """Drawn from a Gaussian mixture, its uniform background from a box around.

    It is its own prior: with the background in the box only. A floor without end would hold
    most of the mass wherever the picks leave the distance open.

    Parameters
    ----------
    mixture
        The clusters, and the share of the background.
    box
        Where the background happens; its depths also bound the clusters.
    """

    mixture: GaussianMixturePrior
    box: BoxSources

    def draw(self, n: int, rng: np.random.Generator) -> Hypocentres:
        """Return ``n`` independent hypocentres."""
        return _within_depths(self._unbounded, n, self.box, rng)

    def prior(self) -> Prior:
        """Return the density itself."""
        return self

    def log_density(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return the logarithm of the density per km^3."""
        place, share = (longitude, latitude, depth_km), self.mixture.background
        clusters = replace(self.mixture, background=0.0).log_density(*place)
        floor = np.log(share + 1e-300) + self.box.log_density(*place)
        return np.asarray(np.logaddexp(np.log1p(-share) + clusters, floor))

    def smoothed(self, width_km: float) -> "MixtureSources":
        """Return the density averaged over cells of about this width."""
        return MixtureSources(self.mixture.smoothed(width_km), self.box.smoothed(width_km))

    def reach_km(self, frame: LocalFrame) -> float:
        """Return how far from another frame's origin, along its axes, events happen."""
        return max(self.mixture.reach_km(frame), self.box.reach_km(frame))

    def _unbounded(self, n: int, rng: np.random.Generator) -> Hypocentres:
        mixture = self.mixture
        cluster = rng.choice(mixture.weights.size, n, p=mixture.weights / mixture.weights.sum())
        roots = np.linalg.cholesky(mixture.covariances_km2)[cluster]
        offset = np.einsum("nij,nj->ni", roots, rng.standard_normal((n, 3)))
        east, north, depth = (mixture.means_km[cluster] + offset).T
        clustered = (*mixture.frame.to_geographic(east, north), depth)
        is_background = rng.random(n) < mixture.background
        around = self.box.draw(n, rng)
        return Hypocentres(
            *(np.where(is_background, a, b) for a, b in zip(around, clustered, strict=True))
        )


@dataclass(frozen=True, slots=True, eq=False)
class CatalogueSources:
    """Drawn from the rows of a catalogue, each moved a little.

    Parameters
    ----------
    catalogue
        Hypocentres of past events.
    box
        Its depths bound what is drawn, its frame is that of the moves.
    jitter_km
        Standard deviation of the moves, horizontal and vertical: the bandwidth of a kernel
        density. 0 repeats the rows as they are.
    n_components
        Of the mixture that is told as prior.
    """

    catalogue: Hypocentres
    box: BoxSources
    jitter_km: tuple[float, float] = (0.0, 0.0)
    n_components: int = 6

    def draw(self, n: int, rng: np.random.Generator) -> Hypocentres:
        """Return ``n`` independent hypocentres."""
        return _within_depths(self._unbounded, n, self.box, rng)

    def prior(self) -> Prior:
        """Return a Gaussian mixture fitted to the catalogue: near the truth, not the truth."""
        return MixtureSources(
            fit_mixture(self.box, self.catalogue, self.n_components), self.box
        ).prior()

    def _unbounded(self, n: int, rng: np.random.Generator) -> Hypocentres:
        row = rng.integers(self.catalogue.depth_km.size, size=n)
        longitude, latitude, depth = (values[row] for values in self.catalogue)
        flat, deep = self.jitter_km
        east, north = self.box.frame.to_local(longitude, latitude)
        longitude, latitude = self.box.frame.to_geographic(
            east + flat * rng.standard_normal(n), north + flat * rng.standard_normal(n)
        )
        return Hypocentres(longitude, latitude, depth + deep * rng.standard_normal(n))


def _within_depths(
    draw: Callable[[int, np.random.Generator], Hypocentres],
    n: int,
    box: BoxSources,
    rng: np.random.Generator,
) -> Hypocentres:
    """Return ``n`` draws within the depths of a box: a density cut there, as a locator cuts it."""
    kept: list[FloatArray] = []
    for _ in range(_MOST_TRIES):
        drawn = np.stack(draw(n, rng), axis=1)
        kept.append(drawn[(drawn[:, 2] >= box.low_km[2]) & (drawn[:, 2] <= box.high_km[2])])
        if sum(map(len, kept)) >= n:
            return Hypocentres(*np.concatenate(kept)[:n].T)
    raise DataError(
        f"sources hardly ever lie between {box.low_km[2]} and {box.high_km[2]} km depth; widen "
        "the range or move the clusters"
    )


def fit_mixture(box: BoxSources, events: Hypocentres, n_components: int) -> GaussianMixturePrior:
    """Return a Gaussian mixture fitted to hypocentres, over a background in a box.

    Raises
    ------
    DataError
        If there are fewer events than three a component.
    """
    east, north = box.frame.to_local(events.longitude, events.latitude)
    if east.size < 3 * n_components:
        raise DataError(
            f"{east.size} events cannot fix {n_components} clusters; give {3 * n_components} "
            "events or ask for fewer clusters"
        )
    places = np.stack([east, north, events.depth_km], axis=1)
    fitted = GaussianMixture(n_components, reg_covar=0.01, random_state=0).fit(places)
    return GaussianMixturePrior(
        box.frame,
        np.asarray(fitted.weights_),
        np.asarray(fitted.means_),
        np.asarray(fitted.covariances_),
        background_volume_km3=box.volume_km3,
    )
