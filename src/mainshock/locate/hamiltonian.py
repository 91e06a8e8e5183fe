"""Location by Hamiltonian Monte Carlo: many chains of the no-U-turn sampler of BlackJAX."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import MissingDependencyError, SettingsError
from mainshock.locate.field import PosteriorField
from mainshock.locate.posterior import Draws, draw
from mainshock.locate.problem import LocationProblem
from mainshock.locate.search import find_posterior
from mainshock.locate.smooth_density import SmoothDensity, smooth_density, smooth_log_density
from mainshock.locate.standard_states import StandardStates
from mainshock.locate.weighted_draws import SampledLocation, WeightedDraws, normalised

__all__ = ["HamiltonianLocation"]

FloatArray = NDArray[np.float64]
_SEARCH_NODES = 60_000
_STARTS_PER_CHAIN = 100
_MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class HamiltonianLocation(SampledLocation):
    """The posterior by gradients: chains of the no-U-turn sampler, weighted by the exact density.

    Needs ``pip install 'mainshock[bayes]'``. The first location compiles for some seconds.

    Parameters
    ----------
    n_chains
        Chains that run side by side.
    n_warmup, n_draws
        Steps of each chain that tune its step and metric, and those that are kept. The other
        settings are those of ``PosteriorLocation``.

    Notes
    -----
    Chains hardly ever pass from one mode to another. So each starts at a place drawn from a coarse
    grid and stands for an equal share of that grid's mass along its long axis: **the shares of
    separate modes are those of the coarse grid**, to within one chain, and only what happens
    inside a mode is sampled. The effective size is summed over the chains and does not count moves
    between modes.

    The gradient comes from splines through tables of travel times; the weights make up for their
    error, and for that of the tables alone.

    References
    ----------
    Hoffman and Gelman (2014), https://jmlr.org/papers/v15/hoffman14a.html
    """

    n_chains: int = 32
    n_warmup: int = 150
    n_draws: int = 128
    name: str = field(default="hamiltonian", init=False)

    def __post_init__(self) -> None:
        SampledLocation.__post_init__(self)
        if not (self.n_chains >= 2 and self.n_warmup >= 50 and self.n_draws >= 50):
            raise SettingsError(
                f"n_chains is {self.n_chains}, n_warmup {self.n_warmup} and n_draws "
                f"{self.n_draws}; they must be at least 2, 50 and 50"
            )

    def sample(self, problem: LocationProblem, rng: np.random.Generator) -> WeightedDraws:
        """Return weighted draws from the posterior of one event.

        Raises
        ------
        MissingDependencyError
            If BlackJAX is not installed.
        """
        coarse, flags = find_posterior(problem, _SEARCH_NODES)
        density = smooth_density(problem, coarse.grid)
        starts = density.standardised(_starts(coarse, self.n_chains, rng))
        chains, log_smooth, effective = _run(density, starts, self.n_warmup, self.n_draws, rng)
        states = density.places(chains.reshape(-1, 4))
        exact = StandardStates(problem)
        draws, log_scale = exact.draws(states)
        # the tables' density is one of logits, so their Jacobian is taken off again
        inside = 1.0 / (1.0 + np.exp(-chains.reshape(-1, 4)[:, :3]))
        log_tables = log_smooth.ravel() - np.log(inside * (1.0 - inside)).sum(axis=1)
        weights = normalised(problem.log_density(draws) + log_scale - log_tables)
        return WeightedDraws(draws, weights, min(effective / len(states), 1.0), flags)


def _starts(coarse: PosteriorField, n: int, rng: np.random.Generator) -> Draws:
    """Return ``n`` draws that share the mass evenly along the long axis of the grid."""
    many = draw(coarse, n * _STARTS_PER_CHAIN, rng)
    along = coarse.grid.from_east_north(many.east_km, many.north_km)[0]
    chosen = np.argsort(along)[_STARTS_PER_CHAIN // 2 :: _STARTS_PER_CHAIN]
    return Draws(
        many.east_km[chosen], many.north_km[chosen], many.depth_km[chosen], many.time_s[chosen]
    )


def _run(
    density: SmoothDensity,
    starts: FloatArray,
    n_warmup: int,
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, float]:
    """Return states ``(chains, draws, 4)``, their log-densities, and their effective size."""
    program = _compiled(density.kind, n_warmup, n_draws)
    import jax  # noqa: PLC0415 - heavy, and only in the extra

    with jax.enable_x64(True):  # here alone: other users of JAX keep their precision
        key = jax.random.key(int(rng.integers(2**31)))
        states, logs, effective = program(key, starts, density.arrays)
        return np.asarray(states), np.asarray(logs), float(effective)


@cache
def _compiled(kind: str, n_warmup: int, n_draws: int) -> Callable[..., Any]:
    """Return the program that runs all chains; compiled once for each shape of its tables."""
    try:
        import blackjax  # noqa: PLC0415
        import jax  # noqa: PLC0415
    except ImportError as error:
        raise MissingDependencyError(
            "location method 'hamiltonian' needs BlackJAX, which is not installed; run "
            "pip install 'mainshock[bayes]', or take 'grid', 'smc' or 'variational'"
        ) from error

    def one_chain(key: Any, start: Any, arrays: Any) -> Any:
        def log_density(state: Any) -> Any:
            return smooth_log_density(jax.numpy, state, arrays, kind)

        warm_key, draw_key = jax.random.split(key)
        limit = {"max_num_doublings": _MOST_DOUBLINGS}
        tuning = blackjax.window_adaptation(blackjax.nuts, log_density, **limit)
        (state, parameters), _ = tuning.run(warm_key, start, num_steps=n_warmup)
        kernel = blackjax.nuts(log_density, **parameters)

        def step(state: Any, key: Any) -> Any:
            state, _ = kernel.step(key, state)
            return state, (state.position, state.logdensity)

        return jax.lax.scan(step, state, jax.random.split(draw_key, n_draws))[1]

    def all_chains(key: Any, starts: Any, arrays: Any) -> Any:
        keys = jax.random.split(key, len(starts))
        states, logs = jax.vmap(one_chain, (0, 0, None))(keys, starts, arrays)
        size = jax.vmap(lambda chain: blackjax.ess(chain[None]))(states)
        return states, logs, size.sum(axis=0).min()

    program: Callable[..., Any] = jax.jit(all_chains)
    return program
