"""What differs from path to path: attenuation along rays, and likeness of neighbouring paths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mainshock.shaking.fields import FieldBasis, choose_pivots, correlation, earth_points_km
from mainshock.shaking.scenarios import Scenarios

__all__ = ["PairBasis", "RayBasis", "make_pair_basis", "make_ray_basis", "ray_points_km"]

FloatArray = NDArray[np.float64]

_STEPS = 12  # points along a ray: their spacing is well below any length used
_MOST_CANDIDATES = 3000


def ray_points_km(scenarios: Scenarios, steps: int = _STEPS) -> FloatArray:
    """Return middles of equal parts of the ray seen from above, km, ``(n_rows, steps, 3)``."""
    source = earth_points_km(scenarios.source_longitude, scenarios.source_latitude)
    site = earth_points_km(scenarios.site_longitude, scenarios.site_latitude)
    along = (np.arange(steps) + 0.5) / steps
    return source[:, None, :] + along[:, None] * (site - source)[:, None, :]


@dataclass(frozen=True, slots=True, eq=False)
class RayBasis:
    """Attenuation that differs from place to place: ray length times the field's mean along it.

    Parameters
    ----------
    field
        Of what a kilometre of ray adds, over the map.
    scale_km
        Ray length at which the field's variance is that of the term.
    """

    field: FieldBasis
    scale_km: float

    def features(self, scenarios: Scenarios) -> FloatArray:
        """Return features of rows, ``(n_rows, rank)``."""
        points = ray_points_km(scenarios)
        mean = np.zeros((len(scenarios), self.field.rank))
        for step in range(points.shape[1]):
            mean += correlation(points[:, step], self.field.pivots, self.field.length_km)
        mean *= (scenarios.hypocentral_km() / (self.scale_km * points.shape[1]))[:, None]
        return self.field.whiten(mean)


def make_ray_basis(
    scenarios: Scenarios, length_km: float, *, max_rank: int = 250, tolerance: float = 0.05
) -> RayBasis:
    """Return a basis whose pivots lie along the rays of training rows."""
    points = ray_points_km(scenarios).reshape(-1, 3)
    # one point a patch of a third of the length is enough to choose from
    _, first = np.unique(np.round(points * (3.0 / length_km)), axis=0, return_index=True)
    first = first[:: max(1, len(first) // _MOST_CANDIDATES)]
    candidates = points[first]
    chosen = choose_pivots(candidates, length_km, max_rank=max_rank, tolerance=tolerance)
    field = FieldBasis(candidates[chosen], length_km)
    return RayBasis(field, float(np.median(scenarios.hypocentral_km())))


@dataclass(frozen=True, slots=True, eq=False)
class PairBasis:
    """A term that is alike for paths whose sources and whose sites both are near each other.

    Parameters
    ----------
    sources, sites
        Both ends of some training paths, km, each ``(rank, 3)``.
    length_km
        Of the Matern 3/2 correlation at either end; that of a pair is their product.
    """

    sources: FloatArray
    sites: FloatArray
    length_km: float

    @property
    def rank(self) -> int:
        """Number of unknowns."""
        return len(self.sources)

    def features(self, sources: FloatArray, sites: FloatArray) -> FloatArray:
        """Return features of paths between points ``(n, 3)``, ``(n, rank)``."""
        inner = self._correlation(self.sources, self.sites)
        factor = np.linalg.cholesky(inner + 1e-6 * np.eye(self.rank))
        to_pivots = self._correlation(sources, sites).T
        return np.asarray(solve_triangular(factor, to_pivots, lower=True).T)

    def _correlation(self, sources: FloatArray, sites: FloatArray) -> FloatArray:
        product = correlation(sources, self.sources, self.length_km)
        product *= correlation(sites, self.sites, self.length_km)
        return product


def make_pair_basis(
    sources: FloatArray, sites: FloatArray, length_km: float, *, max_rank: int
) -> PairBasis:
    """Return a basis of training paths, each unlike those chosen before it."""
    left = np.ones(len(sources))
    rows = np.zeros((min(max_rank, len(sources)), len(sources)))
    chosen: list[int] = []
    for step in range(len(rows)):
        best = int(np.argmax(left))
        if left[best] < 1e-3:
            break
        one = PairBasis(sources[best : best + 1], sites[best : best + 1], length_km)
        column = one._correlation(sources, sites)[:, 0] - rows[:step, best] @ rows[:step]
        rows[step] = column / np.sqrt(left[best])
        left = np.maximum(left - rows[step] ** 2, 0.0)
        chosen.append(best)
    return PairBasis(sources[chosen], sites[chosen], length_km)
