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
_HALVINGS = 24
_IMPOSSIBLE = -1e200  # in place of minus infinity, which no factor of zero can silence
_FREEDOM = 4.0  # of Student's densities of the guide
_FIRST_WIDTH_S = 1e4  # more than any travel time


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
        target = StandardStates(with_tables(problem))
        cloud = _cloud(target, _first_states(problem, self.n_draws, rng))
        stage, scale, noise = _Stage(_FIRST_WIDTH_S, 0.0), 1.0, 1.0
        for _ in range(_MOST_STAGES):
            if stage.share >= 1.0:
                break
            stage, cloud = _raised(cloud, stage, rng)
            even = np.full(self.n_draws, 1.0 / self.n_draws)
            mixture = fit_mixture(cloud.states, even, _COMPONENTS, rng, _EM_STEPS)
            rounds = self.n_moves * (_LAST_ROUNDS if stage.share >= 1.0 else 1)
            before = cloud.states
            cloud, scale = _Mover(target, mixture, stage).moved(cloud, rounds, scale, rng)
            noise = 1.0 + _memory(before, cloud.states) ** 2 * noise
        draws, log_scale = target.draws(cloud.states)
        weights = normalised(problem.log_density(draws) + log_scale - cloud.log_target)
        flags = () if stage.share >= 1.0 else ("sampler_not_finished",)
        return WeightedDraws(draws, weights, 1.0 / noise, flags)


@dataclass(frozen=True, slots=True)
class _Stage:
    """One density of the path from an even one to the posterior.

    Parameters
    ----------
    width_s
        Scale of the residuals in the guide: the product of their Student densities.
    share
        Share of the posterior in the logarithm, the rest being the guide's.
    """

    width_s: float
    share: float

    def towards(self, goal_s: float, step: float) -> "_Stage":
        """Return the stage a step from 0 to 1 of the way to the next goal: width, then share."""
        if self.share > 0.0 or self.width_s <= 1.1 * goal_s:
            return _Stage(self.width_s, self.share + step * (1.0 - self.share))
        return _Stage(self.width_s * (goal_s / self.width_s) ** step, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Cloud:
    """States, their residuals with standard deviations, and their logarithmic posterior density."""

    states: FloatArray
    residual_s: FloatArray
    sd_s: FloatArray
    log_target: FloatArray

    def tempered(self, stage: _Stage) -> FloatArray:
        """Return the logarithm of the density of a stage; impossible outside the limits."""
        possible = np.isfinite(self.log_target)
        guide = _student(self.states[:, 3]) + _student(self.residual_s / stage.width_s).sum(axis=1)
        target = np.where(possible, self.log_target, 0.0)
        value = guide * (1.0 - stage.share) + target * stage.share
        return np.where(np.isnan(guide) | ~(possible | (stage.share == 0.0)), _IMPOSSIBLE, value)

    def typical_sd_s(self) -> float:
        """Return the standard deviation of the least certain pick, where most states are."""
        return float(np.nanmedian(self.sd_s, axis=0).max())

    def chosen(self, rows: NDArray[np.intp]) -> "_Cloud":
        return _Cloud(
            self.states[rows], self.residual_s[rows], self.sd_s[rows], self.log_target[rows]
        )

    def replaced(self, other: "_Cloud", rows: NDArray[np.bool_]) -> "_Cloud":
        every = rows[:, None]
        return _Cloud(
            np.where(every, other.states, self.states),
            np.where(every, other.residual_s, self.residual_s),
            np.where(every, other.sd_s, self.sd_s),
            np.where(rows, other.log_target, self.log_target),
        )


def _cloud(target: StandardStates, states: FloatArray) -> _Cloud:
    log_target, residual_s, sd_s = target.evaluated(states)
    return _Cloud(states, residual_s, sd_s, log_target)


def _student(value: FloatArray) -> FloatArray:
    return np.asarray(-0.5 * (_FREEDOM + 1.0) * np.log1p(value**2 / _FREEDOM))


def _first_states(problem: LocationProblem, n: int, rng: np.random.Generator) -> FloatArray:
    (top, bottom), reach = problem.depth_range_km, problem.limits.max_distance_km
    places = rng.uniform((-reach, -reach, top), (reach, reach, bottom), (n, 3))
    return np.column_stack([places, rng.standard_t(_FREEDOM, n)])


def _memory(before: FloatArray, after: FloatArray) -> float:
    """Return the highest correlation of a coordinate before and after moves, from 0 to 1."""
    first, second = (states - states.mean(axis=0) for states in (before, after))
    scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    return float(np.clip((first * second).sum(axis=0) / np.maximum(scale, 1e-300), 0.0, 1.0).max())


def _raised(cloud: _Cloud, stage: _Stage, rng: np.random.Generator) -> tuple[_Stage, _Cloud]:
    """Return the next stage, at which half of the effective size is left, and draws resampled."""
    before, goal_s = cloud.tempered(stage), cloud.typical_sd_s()
    n = before.size

    def weights(step: float) -> FloatArray:
        return normalised(cloud.tempered(stage.towards(goal_s, step)) - before)

    low, high = 0.0, 1.0
    if np.sum(weights(high) ** 2) > 1.0 / (_KEPT * n):
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            enough = np.sum(weights(middle) ** 2) < 1.0 / (_KEPT * n)
            low, high = (middle, high) if enough else (low, middle)
    held = np.cumsum(weights(high))
    marks = (np.arange(n) + rng.random()) / n
    rows = np.minimum(np.searchsorted(held / held[-1], marks), n - 1)
    return stage.towards(goal_s, high), cloud.chosen(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Mover:
    """Metropolis moves that leave one tempered density as it is."""

    target: StandardStates
    mixture: GaussianMixture
    stage: _Stage

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
        other = _cloud(self.target, proposed)
        odds = odds + other.tempered(self.stage) - cloud.tempered(self.stage)
        accepted = np.log(rng.random(odds.size)) < odds
        return cloud.replaced(other, accepted), float(accepted.mean())
