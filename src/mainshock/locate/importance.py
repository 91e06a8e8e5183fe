"""Location by importance sampling: draws from a coarse grid, weighted by the exact density."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mainshock.core.errors import SettingsError
from mainshock.locate.field import PosteriorField
from mainshock.locate.grid import Grid
from mainshock.locate.method import PosteriorLocation
from mainshock.locate.posterior import Draws, Moments, Place, draw_nodes
from mainshock.locate.problem import LocationProblem
from mainshock.locate.regions import EpicentralMarginal
from mainshock.locate.search import find_posterior
from mainshock.locate.summary import PosteriorSummary

__all__ = ["ImportanceLocation", "WeightedDraws"]

FloatArray = NDArray[np.float64]
_PROPOSAL_NODES = 60_000
_DEPTHS_PER_CELL = 16  # travel times are cheapest at few depths
_TIME_WIDENING = 1.3
_FEWEST_EFFECTIVE = 200.0


@dataclass(frozen=True, slots=True, eq=False)
class WeightedDraws:
    """Draws with weights that sum to 1."""

    draws: Draws
    weights: FloatArray

    @property
    def effective_size(self) -> float:
        """Number of equally weighted draws that would tell as much (Kish)."""
        return float(1.0 / np.sum(self.weights**2))

    def resampled(self, n: int, rng: np.random.Generator) -> Draws:
        """Return equally weighted draws."""
        chosen = rng.choice(self.weights.size, size=n, p=self.weights)
        draws = self.draws
        return Draws(
            draws.east_km[chosen],
            draws.north_km[chosen],
            draws.depth_km[chosen],
            draws.time_s[chosen],
        )


@dataclass(frozen=True, slots=True)
class ImportanceLocation(PosteriorLocation):
    """The posterior as weighted draws: nothing integrated by formula, nothing interpolated.

    Slower and coarser in its regions than ``GridLocation``, and independent of its integration
    over origin time and outliers: a check on it, and the pattern for other samplers. The flag
    ``few_effective_draws`` says that the weights are so uneven that fewer than 200 equally
    weighted draws would tell as much.

    Parameters
    ----------
    n_draws
        Draws before weighting. The other settings are those of ``PosteriorLocation``.
    """

    n_draws: int = 30_000
    name: str = field(default="importance", init=False)

    def __post_init__(self) -> None:
        PosteriorLocation.__post_init__(self)
        if not self.n_samples <= self.n_draws:
            raise SettingsError(
                f"n_samples is {self.n_samples} and n_draws {self.n_draws}; they must be "
                "1 <= n_samples <= n_draws"
            )

    def summarise(self, problem: LocationProblem, rng: np.random.Generator) -> PosteriorSummary:
        """Return the posterior of one event."""
        proposal, flags = find_posterior(problem, _PROPOSAL_NODES)
        points, log_proposal = _propose(proposal, self.n_draws, rng)
        log_weights = problem.log_density(points) - log_proposal
        weights = np.exp(log_weights - log_weights.max())
        weighted = WeightedDraws(points, weights / weights.sum())
        if weighted.effective_size < _FEWEST_EFFECTIVE:
            flags = (*flags, "few_effective_draws")
        return PosteriorSummary(
            moments=_moments(weighted),
            densest=_densest(weighted, proposal.grid),
            marginal=_marginal(weighted, proposal.grid),
            draws=weighted.resampled(self.n_samples, rng),
            flags=flags,
        )


def _propose(field: PosteriorField, n: int, rng: np.random.Generator) -> tuple[Draws, FloatArray]:
    """Return draws from a coarse posterior and the logarithm of their density."""
    grid, nodes = field.grid, draw_nodes(field, n, rng)
    inside = [rng.random(n), rng.random(n), (rng.integers(_DEPTHS_PER_CELL, size=n) + 0.5)]
    inside[2] = inside[2] / _DEPTHS_PER_CELL
    places = [
        grid.low_km[axis] + grid.cell_km[axis] * (nodes[axis] + inside[axis]) for axis in range(3)
    ]
    east, north = grid.to_east_north(places[0], places[1])
    sd = _TIME_WIDENING * np.sqrt(field.variance_s2[nodes].astype(np.float64))
    sd = np.hypot(sd, 0.1 * max(grid.cell_km) / 3.0)  # the time also varies inside a cell
    normal = rng.standard_t(5, size=n)
    time = field.origin_s[nodes].astype(np.float64) + sd * normal
    log_density = np.log(field.mass[nodes].astype(np.float64))
    log_density += -3.0 * np.log1p(normal**2 / 5.0) - np.log(sd)
    return Draws(east, north, places[2], time), log_density


def _moments(weighted: WeightedDraws) -> Moments:
    draws, weights = weighted.draws, weighted.weights
    rows = np.stack([draws.east_km, draws.north_km, draws.depth_km])
    mean = rows @ weights
    covariance = (rows - mean[:, None]) * weights @ (rows - mean[:, None]).T
    mean_s = float(draws.time_s @ weights)
    place = Place(float(mean[0]), float(mean[1]), float(mean[2]), mean_s)
    return Moments(place, covariance)


def _marginal(weighted: WeightedDraws, grid: Grid) -> EpicentralMarginal:
    """Return a smoothed histogram of the epicentres."""
    first, second = grid.from_east_north(weighted.draws.east_km, weighted.draws.north_km)
    bins = (60, 60)
    limits = [(grid.low_km[axis], grid.high_km[axis]) for axis in (0, 1)]
    mass, _, _ = np.histogram2d(first, second, bins, limits, weights=weighted.weights)
    mass = gaussian_filter(mass, 0.8, mode="constant")
    shape = (*bins, grid.shape[2])
    coarse = Grid(grid.frame, grid.low_km, grid.high_km, shape, grid.angle_rad)
    return EpicentralMarginal(coarse, mass / mass.sum())


def _densest(weighted: WeightedDraws, grid: Grid) -> Place:
    """Return the weighted mean of the draws in the most probable cell of the histogram."""
    marginal = _marginal(weighted, grid)
    cells = marginal.grid
    best = np.unravel_index(int(marginal.mass.argmax()), marginal.mass.shape)
    draws = weighted.draws
    places = cells.from_east_north(draws.east_km, draws.north_km)
    near = np.ones(draws.east_km.size, dtype=bool)
    for axis in (0, 1):
        near &= np.abs(places[axis] - cells.centres(axis)[best[axis]]) <= 1.5 * cells.cell_km[axis]
    weights = weighted.weights[near] / weighted.weights[near].sum()
    return Place(
        float(draws.east_km[near] @ weights),
        float(draws.north_km[near] @ weights),
        float(draws.depth_km[near] @ weights),
        float(draws.time_s[near] @ weights),
    )
