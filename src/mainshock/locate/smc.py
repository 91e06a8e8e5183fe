"""Location by sequential Monte Carlo: draws that follow the density from flat to full."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.locate.gaussian_mixture import GaussianMixture, fit_mixture
from mainshock.locate.problem import LocationProblem
from mainshock.locate.standard_states import StandardStates
from mainshock.locate.tabulated_times import with_tables
from mainshock.locate.weighted_draws import SampledLocation, WeightedDraws, normalised

__all__ = ["SequentialLocation"]

FloatArray = NDArray[np.float64]
_KEPT = 0.5  # share of the effective size that one step of the temperature may leave
_COMPONENTS = 24
_EM_STEPS = 6
_MOST_STAGES = 200
_AIMED_ACCEPTANCE = 0.25
_LAST_ROUNDS = 4
_LAST = 2  # the stage of the posterior itself
_HALVINGS = 24
_IMPOSSIBLE = -1e200  # in place of minus infinity, which no factor of zero can silence
_FREEDOM = 4.0  # of Student's densities of the guide
_WIDEST = 1e5  # first scale of residuals, in units of their errors


@dataclass(frozen=True, slots=True)
class SequentialLocation(SampledLocation):
    """The posterior by sequential Monte Carlo, from a start that knows nothing.

    Draws start evenly in the whole volume of the search. The errors of the picks, first taken as
    huge and long-tailed, shrink to what they are; then the density is raised (tempered) to the
    posterior. Each step keeps half of the effective size; after it draws are resampled and moved
    by Metropolis steps. No grid is solved, so that this is the most independent check on
    ``GridLocation``.

    Parameters
    ----------
    n_draws
        Draws that travel together. The other settings are those of ``PosteriorLocation``.
    n_moves
        Rounds of moves after each step; each round is a jump anywhere and two short walks.

    Notes
    -----
    Jumps are drawn from a Gaussian mixture fitted to the draws; walks take the covariance of one
    of its components, scaled for an acceptance of a quarter. Travel times come from tables until
    the end; the last weights carry the draws to the exact density.

    Each resampling adds the noise ``1 / n`` to a mean, and moves that leave a correlation ``r``
    keep ``r ** 2`` of what was there. The effective size is what this leaves, for the coordinate
    that mixes worst.

    References
    ----------
    Del Moral, Doucet and Jasra (2006), https://doi.org/10.1111/j.1467-9868.2006.00553.x
    """

    n_draws: int = 4000
    n_moves: int = 1
    name: str = field(default="smc", init=False)

    def __post_init__(self) -> None:
        SampledLocation.__post_init__(self)
        if self.n_draws < 500 or self.n_moves < 1:
            raise SettingsError(
                f"n_draws is {self.n_draws} and n_moves {self.n_moves}; they must be at least 500 "
                "and 1"
            )

    def sample(self, problem: LocationProblem, rng: np.random.Generator) -> WeightedDraws:
        """Return weighted draws from the posterior of one event."""
        path = _Path(problem, StandardStates(with_tables(problem)))
        cloud = path.cloud(path.first(self.n_draws, rng))
        stage, scale, noise = 0.0, 1.0, 1.0
        for _ in range(_MOST_STAGES):
            if stage >= _LAST:
                break
            stage, cloud = _raised(cloud, stage, rng)
            even = np.full(self.n_draws, 1.0 / self.n_draws)
            mixture = fit_mixture(cloud.states, even, _COMPONENTS, rng, _EM_STEPS)
            rounds = self.n_moves * (_LAST_ROUNDS if stage >= _LAST else 1)
            before = cloud.states
            cloud, scale = _Mover(path, mixture, stage).moved(cloud, rounds, scale, rng)
            noise = 1.0 + _memory(before, cloud.states) ** 2 * noise
        draws, log_scale = path.target.draws(cloud.states)
        weights = normalised(problem.log_density(draws) + log_scale - cloud.log_target)
        flags = () if stage >= _LAST else ("sampler_not_finished",)
        return WeightedDraws(draws, weights, 1.0 / noise, flags)


@dataclass(frozen=True, slots=True, eq=False)
class _Cloud:
    """States, their squared residuals ``(n, n_picks)`` and their logarithmic posterior density."""

    states: FloatArray
    squares: FloatArray
    log_target: FloatArray

    def tempered(self, stage: float) -> FloatArray:
        """Return the log-density at a stage: 0 nearly even, 1 the guide, 2 the posterior.

        The guide is the product of Student's densities of the residuals, and on the way to it
        their scale shrinks from huge to that of the errors.
        """
        square = self.squares / _WIDEST ** (2.0 * max(1.0 - stage, 0.0))
        guide = _student(self.states[:, 3] ** 2) + _student(square).sum(axis=1)
        share = max(stage - 1.0, 0.0)
        value = guide * (1.0 - share) + np.maximum(self.log_target, _IMPOSSIBLE) * share
        return np.asarray(np.maximum(value, _IMPOSSIBLE))

    def chosen(self, rows: NDArray[np.intp]) -> "_Cloud":
        return _Cloud(self.states[rows], self.squares[rows], self.log_target[rows])

    def replaced(self, other: "_Cloud", rows: NDArray[np.bool_]) -> "_Cloud":
        return _Cloud(
            np.where(rows[:, None], other.states, self.states),
            np.where(rows[:, None], other.squares, self.squares),
            np.where(rows, other.log_target, self.log_target),
        )


def _student(square: FloatArray) -> FloatArray:
    return np.asarray(-0.5 * (_FREEDOM + 1.0) * np.log1p(square / _FREEDOM))


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """From a density that is even in the volume of the search to that of the posterior."""

    problem: LocationProblem
    target: StandardStates

    def first(self, n: int, rng: np.random.Generator) -> FloatArray:
        (top, bottom), reach = self.problem.depth_range_km, self.problem.limits.max_distance_km
        places = rng.uniform((-reach, -reach, top), (reach, reach, bottom), (n, 3))
        return np.column_stack([places, rng.standard_t(_FREEDOM, n)])

    def cloud(self, states: FloatArray) -> _Cloud:
        log_target, squares = self.target.evaluated(states)
        return _Cloud(states, squares, log_target)


def _memory(before: FloatArray, after: FloatArray) -> float:
    """Return the highest correlation of a coordinate before and after moves, from 0 to 1."""
    first, second = (states - states.mean(axis=0) for states in (before, after))
    scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    return float(np.clip((first * second).sum(axis=0) / np.maximum(scale, 1e-300), 0.0, 1.0).max())


def _raised(cloud: _Cloud, stage: float, rng: np.random.Generator) -> tuple[float, _Cloud]:
    """Return the next stage, at which half of the effective size is left, and draws resampled."""
    before = cloud.tempered(stage)
    n = before.size

    def weights(later: float) -> FloatArray:
        return normalised(cloud.tempered(later) - before)

    later = high = float(int(stage) + 1)
    if np.sum(weights(later) ** 2) > 1.0 / (_KEPT * n):
        low = stage
        for _ in range(_HALVINGS):
            later = 0.5 * (low + high)
            enough = np.sum(weights(later) ** 2) < 1.0 / (_KEPT * n)
            low, high = (later, high) if enough else (low, later)
        later = high  # above the stage before, however short the step
    held = np.cumsum(weights(later))
    marks = (np.arange(n) + rng.random()) / n
    rows = np.minimum(np.searchsorted(held / held[-1], marks), n - 1)
    return later, cloud.chosen(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Mover:
    """Metropolis moves that leave one tempered density as it is."""

    path: _Path
    mixture: GaussianMixture
    stage: float

    def moved(
        self, cloud: _Cloud, rounds: int, scale: float, rng: np.random.Generator
    ) -> tuple[_Cloud, float]:
        """Return the cloud after rounds of moves, and the scale of walks that suits it."""
        for _ in range(rounds):
            cloud, _ = self._jump(cloud, rng)
            for _ in range(2):
                cloud, accepted = self._walk(cloud, scale, rng)
                scale = float(np.clip(scale * np.exp(accepted - _AIMED_ACCEPTANCE), 0.01, 3.0))
        return cloud, scale

    def _jump(self, cloud: _Cloud, rng: np.random.Generator) -> tuple[_Cloud, float]:
        proposed = self.mixture.draw(len(cloud.states), rng)
        odds = self.mixture.log_density(cloud.states) - self.mixture.log_density(proposed)
        return self._decided(cloud, proposed, odds, rng)

    def _walk(self, cloud: _Cloud, scale: float, rng: np.random.Generator) -> tuple[_Cloud, float]:
        n = len(cloud.states)
        # drawn without regard to the state, so that the way back is as likely
        component = rng.choice(self.mixture.weights.size, size=n, p=self.mixture.weights)
        step = scale * np.exp(0.7 * rng.standard_normal(n))
        proposed = cloud.states + step[:, None] * self.mixture.steps(component, rng)
        return self._decided(cloud, proposed, np.zeros(n), rng)

    def _decided(
        self, cloud: _Cloud, proposed: FloatArray, odds: FloatArray, rng: np.random.Generator
    ) -> tuple[_Cloud, float]:
        other = self.path.cloud(proposed)
        odds = odds + other.tempered(self.stage) - cloud.tempered(self.stage)
        accepted = np.log(rng.random(odds.size)) < odds
        return cloud.replaced(other, accepted), float(accepted.mean())
