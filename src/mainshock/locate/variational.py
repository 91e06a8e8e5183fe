"""Location by a variational approximation: a Gaussian mixture, corrected by exact weights."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.locate.gaussian_mixture import GaussianMixture, fit_mixture
from mainshock.locate.posterior import draw
from mainshock.locate.problem import LocationProblem
from mainshock.locate.search import find_posterior
from mainshock.locate.standard_states import StandardStates
from mainshock.locate.tabulated_times import with_tables
from mainshock.locate.weighted_draws import SampledLocation, WeightedDraws, normalised

__all__ = ["Approximation", "VariationalLocation"]

FloatArray = NDArray[np.float64]
_SEARCH_NODES = 20_000
_FIT_DRAWS = 3000
_GAIN = 1.05  # of the effective size, below which another round is not worth its time
_WIDE_SHARE, _WIDENING = 0.1, 3.0
_TIME_FREEDOM = 5.0


@dataclass(frozen=True, slots=True)
class VariationalLocation(SampledLocation):
    """The posterior as a Gaussian mixture of hypocentres, with the time given the place.

    A coarse grid starts the mixture; rounds of weighting its draws by the density and fitting
    again lessen the divergence of the posterior from the mixture. What the mixture cannot
    express, the weights of the last draws correct.

    Parameters
    ----------
    n_components
        Normal densities of the mixture, each with a full covariance.
    n_rounds
        Most rounds of fitting; fewer are run where they no longer help.
    n_draws
        Draws at the end. The other settings are those of ``PosteriorLocation``.

    Notes
    -----
    The divergence is ``KL(p || q)``, estimated by the weighted draws. Unlike ``KL(q || p)``, on
    which the evidence lower bound rests, it does not reward a mixture for dropping a mode.

    References
    ----------
    Cappé et al. (2008), https://doi.org/10.1007/s11222-008-9059-x
    """

    n_components: int = 24
    n_rounds: int = 6
    n_draws: int = 5000
    name: str = field(default="variational", init=False)

    def __post_init__(self) -> None:
        SampledLocation.__post_init__(self)
        if not (self.n_components >= 1 and self.n_rounds >= 1 and self.n_draws >= 500):
            raise SettingsError(
                f"n_components is {self.n_components}, n_rounds {self.n_rounds} and n_draws "
                f"{self.n_draws}; they must be at least 1, 1 and 500"
            )

    def sample(self, problem: LocationProblem, rng: np.random.Generator) -> WeightedDraws:
        """Return weighted draws from the posterior of one event."""
        approximation, flags = self.fit(problem, rng)
        states, log_proposal = approximation.draw(self.n_draws, rng)
        exact = StandardStates(problem)
        inside = exact.inside(states)
        draws, log_scale = exact.draws(states[inside])
        weights = normalised(problem.log_density(draws) + log_scale - log_proposal[inside])
        return WeightedDraws(draws, weights, flags=flags)

    def fit(
        self, problem: LocationProblem, rng: np.random.Generator
    ) -> tuple["Approximation", tuple[str, ...]]:
        """Return the approximation of one event's posterior, and flags of the search."""
        coarse, flags = find_posterior(problem, _SEARCH_NODES)
        first = draw(coarse, _FIT_DRAWS, rng)
        places = np.column_stack([first.east_km, first.north_km, first.depth_km])
        even = np.full(_FIT_DRAWS, 1.0 / _FIT_DRAWS)
        best = Approximation(fit_mixture(places, even, self.n_components, rng))
        target, best_size = StandardStates(with_tables(problem)), 0.0
        latest = best
        for _ in range(self.n_rounds):
            states, log_proposal = latest.draw(_FIT_DRAWS, rng)
            weights = normalised(target.log_density(states) - log_proposal)
            size = float(1.0 / np.sum(weights**2))
            if size < _GAIN * best_size:
                break
            best, best_size = latest, size
            # large weights are cut, so that no component shrinks onto a lucky draw
            cut = np.minimum(weights, 10.0 / size)
            latest = Approximation(
                fit_mixture(states[:, :3], cut / cut.sum(), self.n_components, rng)
            )
        return best, flags


@dataclass(frozen=True, slots=True, eq=False)
class Approximation:
    """A mixture of hypocentres, a wide normal density behind it, and Student's for the time."""

    mixture: GaussianMixture

    def draw(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Return states ``(east, north, depth, u)``, shape ``(n, 4)``, and their log-density."""
        proposal = self._widened()
        places = proposal.draw(n, rng)
        u = rng.standard_t(_TIME_FREEDOM, n)
        log_time = -0.5 * (_TIME_FREEDOM + 1.0) * np.log1p(u**2 / _TIME_FREEDOM)
        return np.column_stack([places, u]), proposal.log_density(places) + log_time

    def _widened(self) -> GaussianMixture:
        """Return the mixture with each component also present three times as wide."""
        mixture = self.mixture
        shares = (1.0 - _WIDE_SHARE, _WIDE_SHARE)
        return GaussianMixture(
            np.concatenate([share * mixture.weights for share in shares]),
            np.concatenate([mixture.means, mixture.means]),
            np.concatenate([mixture.covariances, _WIDENING**2 * mixture.covariances]),
        )
