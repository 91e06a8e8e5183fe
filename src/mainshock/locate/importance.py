"""Location by importance sampling: draws from a coarse grid, weighted by the exact density."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.locate.field import PosteriorField
from mainshock.locate.method import PosteriorLocation
from mainshock.locate.posterior import Draws, draw_nodes
from mainshock.locate.problem import LocationProblem
from mainshock.locate.search import find_posterior
from mainshock.locate.weighted_draws import SampledLocation, WeightedDraws, normalised

__all__ = ["ImportanceLocation"]

FloatArray = NDArray[np.float64]
_PROPOSAL_NODES = 60_000
_DEPTHS_PER_CELL = 16  # travel times are cheapest at few depths
_TIME_WIDENING = 1.3


@dataclass(frozen=True, slots=True)
class ImportanceLocation(SampledLocation):
    """The posterior as weighted draws: nothing integrated by formula, nothing interpolated.

    Slower and coarser in its regions than ``GridLocation``, and independent of its integration
    over origin time and outliers: a check on it.

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

    def sample(self, problem: LocationProblem, rng: np.random.Generator) -> WeightedDraws:
        """Return weighted draws from the posterior of one event."""
        proposal, flags = find_posterior(problem, _PROPOSAL_NODES)
        points, log_proposal = _propose(proposal, self.n_draws, rng)
        weights = normalised(problem.log_density(points) - log_proposal)
        return WeightedDraws(points, weights, flags=flags)


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
