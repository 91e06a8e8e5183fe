"""Posteriors known by weighted draws: their size, moments, epicentral marginal and summary."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mainshock.core.geo import LocalFrame
from mainshock.locate.grid import Grid
from mainshock.locate.method import PosteriorLocation
from mainshock.locate.posterior import Draws, Moments, Place
from mainshock.locate.problem import LocationProblem
from mainshock.locate.regions import EpicentralMarginal
from mainshock.locate.summary import PosteriorSummary

__all__ = [
    "SampledLocation",
    "WeightedDraws",
    "draws_marginal",
    "draws_moments",
    "normalised",
]

FloatArray = NDArray[np.float64]
FEWEST_EFFECTIVE = 200.0
_CELLS = 120
_TAIL = 5e-4  # weight that the histogram may leave out at each side, before its margin
_NARROWER = 0.7
_WIDTHS = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)  # of the smoothing, in cells


@dataclass(frozen=True, slots=True, eq=False)
class WeightedDraws:
    """Draws with weights that sum to 1.

    Parameters
    ----------
    mixing
        Independent draws that one draw is worth before weighting; below 1 in a Markov chain.
    flags
        What the sampler noticed.
    """

    draws: Draws
    weights: FloatArray
    mixing: float = 1.0
    flags: tuple[str, ...] = ()

    @property
    def effective_size(self) -> float:
        """Number of independent, equally weighted draws that would tell as much (Kish)."""
        return float(self.mixing / np.sum(self.weights**2))

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
class SampledLocation(PosteriorLocation):
    """A location method that draws from the posterior and weights its draws.

    The flag ``few_effective_draws`` says that they are worth fewer than 200 independent ones.
    """

    @abstractmethod
    def sample(self, problem: LocationProblem, rng: np.random.Generator) -> WeightedDraws:
        """Return weighted draws from the posterior of one event."""

    def summarise(self, problem: LocationProblem, rng: np.random.Generator) -> PosteriorSummary:
        """Return the posterior of one event."""
        weighted = self.sample(problem, rng)
        few = ("few_effective_draws",) if weighted.effective_size < FEWEST_EFFECTIVE else ()
        marginal = draws_marginal(weighted, problem.frame)
        return PosteriorSummary(
            moments=draws_moments(weighted),
            densest=_densest(weighted, marginal),
            marginal=marginal,
            draws=weighted.resampled(self.n_samples, rng),
            effective_size=weighted.effective_size,
            flags=(*weighted.flags, *few),
        )


def normalised(log_weights: FloatArray) -> FloatArray:
    """Return weights that sum to 1 from their logarithms up to a constant; NaN counts as 0."""
    logs = np.where(np.isnan(log_weights), -np.inf, log_weights)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def draws_moments(weighted: WeightedDraws) -> Moments:
    """Return weighted mean and covariance."""
    draws, weights = weighted.draws, weighted.weights
    rows = np.stack([draws.east_km, draws.north_km, draws.depth_km])
    mean = rows @ weights
    covariance = (rows - mean[:, None]) * weights @ (rows - mean[:, None]).T
    mean_s = float(draws.time_s @ weights)
    place = Place(float(mean[0]), float(mean[1]), float(mean[2]), mean_s)
    return Moments(place, covariance)


def draws_marginal(weighted: WeightedDraws, frame: LocalFrame) -> EpicentralMarginal:
    """Return a smoothed histogram of the epicentres, on a box turned along their long axis.

    Notes
    -----
    The smoothing is the width at which each half of the draws best predicts the other half, made
    narrower: twice as many draws allow 0.89 of it, and areas bear roughness better than
    smoothing. Regions still come out larger by a few per cent.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, section 3.4
    """
    grid = _box_of(weighted, frame)
    halves = [_histogram(weighted, grid, slice(first, None, 2)) for first in (0, 1)]
    scores = [_prediction(halves, width) for width in _WIDTHS]
    width = _WIDTHS[int(np.argmax(scores))] * _NARROWER
    mass = gaussian_filter(halves[0] + halves[1], width, mode="constant")
    return EpicentralMarginal(grid, mass / mass.sum())


def _histogram(weighted: WeightedDraws, grid: Grid, chosen: slice) -> FloatArray:
    draws, weights = weighted.draws, weighted.weights[chosen]
    first, second = grid.from_east_north(draws.east_km[chosen], draws.north_km[chosen])
    limits = [(grid.low_km[axis], grid.high_km[axis]) for axis in (0, 1)]
    return np.asarray(np.histogram2d(first, second, grid.shape[:2], limits, weights=weights)[0])


def _prediction(halves: list[FloatArray], width: float) -> float:
    """Return how well each half, smoothed, predicts the other: mean log-probability of a cell."""
    score = 0.0
    for known, asked in (halves, halves[::-1]):
        smooth = gaussian_filter(known, width, mode="constant")
        floor = 1e-3 / smooth.size  # no draw is impossible
        score += float((asked * np.log(smooth / max(smooth.sum(), 1e-300) + floor)).sum())
    return score


def _box_of(weighted: WeightedDraws, frame: LocalFrame) -> Grid:
    """Return a box around nearly all of the weight, turned along its long axis."""
    draws, weights = weighted.draws, weighted.weights
    covariance = draws_moments(weighted).covariance_km2[:2, :2]
    values, vectors = np.linalg.eigh(covariance)
    is_long = values[1] > 2.0 * max(values[0], 1e-12)
    angle = float(np.arctan2(vectors[1, 1], vectors[0, 1])) if is_long else 0.0
    unit = Grid(frame, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1, 1, 1), angle)
    axes = (*unit.from_east_north(draws.east_km, draws.north_km), draws.depth_km)
    spans = [_span(place, weights) for place in axes]
    low, high = zip(*spans, strict=True)
    return Grid(
        frame, (low[0], low[1], low[2]), (high[0], high[1], high[2]), (_CELLS, _CELLS, 1), angle
    )


def _span(place: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return the range of nearly all of the weight, and a tenth more at both ends."""
    order = np.argsort(place)
    held = np.cumsum(weights[order])
    first, last = np.searchsorted(held, [_TAIL * held[-1], (1.0 - _TAIL) * held[-1]])
    low, high = float(place[order[first]]), float(place[order[min(last, held.size - 1)]])
    margin = max(0.1 * (high - low), 1e-3)
    return low - margin, high + margin


def _densest(weighted: WeightedDraws, marginal: EpicentralMarginal) -> Place:
    """Return the weighted mean of the draws around the most probable cell."""
    cells = marginal.grid
    best = np.unravel_index(int(marginal.mass.argmax()), marginal.mass.shape)
    draws = weighted.draws
    places = cells.from_east_north(draws.east_km, draws.north_km)
    away = [
        np.abs(places[axis] - cells.centres(axis)[best[axis]]) / cells.cell_km[axis]
        for axis in (0, 1)
    ]
    distance = np.hypot(*away)
    fewest = np.partition(distance, min(20, distance.size - 1))[min(20, distance.size - 1)]
    near = (distance <= max(3.0, float(fewest))) & (weighted.weights > 0.0)
    weights = weighted.weights[near] / weighted.weights[near].sum()
    return Place(
        float(draws.east_km[near] @ weights),
        float(draws.north_km[near] @ weights),
        float(draws.depth_km[near] @ weights),
        float(draws.time_s[near] @ weights),
    )
