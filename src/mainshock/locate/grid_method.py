"""Location on a grid: the exact posterior, in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mainshock.core.errors import SettingsError
from mainshock.core.records import Pick, Station
from mainshock.locate.field import PosteriorField
from mainshock.locate.method import PosteriorLocation
from mainshock.locate.posterior import column_mean, draw, epicentral_marginal, moments
from mainshock.locate.problem import LocationProblem
from mainshock.locate.search import find_posterior
from mainshock.locate.summary import PosteriorSummary

__all__ = ["GridLocation"]


@dataclass(frozen=True, slots=True)
class GridLocation(PosteriorLocation):
    """The posterior of hypocentre and origin time on a grid that finds its own place.

    The origin time is integrated over at each node.

    Parameters
    ----------
    n_nodes
        Nodes of the last grid. The other settings are those of ``PosteriorLocation``.
    """

    n_nodes: int = 500_000
    name: str = field(default="grid", init=False)

    def __post_init__(self) -> None:
        PosteriorLocation.__post_init__(self)
        if self.n_nodes < 1000:
            raise SettingsError(f"n_nodes is {self.n_nodes}; it must be at least 1000")

    def summarise(self, problem: LocationProblem, rng: np.random.Generator) -> PosteriorSummary:
        """Return the posterior of one event."""
        posterior, flags = find_posterior(problem, self.n_nodes)
        marginal = epicentral_marginal(posterior)
        densest = np.unravel_index(int(marginal.mass.argmax()), marginal.mass.shape)
        return PosteriorSummary(
            moments=moments(posterior),
            densest=column_mean(posterior, int(densest[0]), int(densest[1])),
            marginal=marginal,
            draws=draw(posterior, self.n_samples, rng),
            effective_size=float(self.n_samples),
            flags=flags,
        )

    def posterior(self, picks: Sequence[Pick], stations: Sequence[Station]) -> PosteriorField:
        """Return the posterior on its grid, for those who want more than a summary.

        Raises
        ------
        DataError, GeometryError
            As ``locate``.
        """
        return find_posterior(self.problem(picks, stations), self.n_nodes)[0]
