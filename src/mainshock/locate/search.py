"""From nothing to a grid that holds the posterior: search volume, growth and zoom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel, PosteriorField, evaluate_field
from mainshock.locate.grid import Grid
from mainshock.locate.observations import Observations
from mainshock.locate.priors import Prior

__all__ = ["SearchLimits", "find_posterior"]

FloatArray = NDArray[np.float64]
COARSE_SHAPE = (40, 40, 24)
COARSENESS = 2.0
_TAIL = 2e-4  # mass that a zoom may cut off along each axis
_MAX_ZOOMS = 10
_MIN_HALF_WIDTH_KM, _MIN_DEPTH_EXTENT_KM = 30.0, 30.0


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How far a search may go.

    Parameters
    ----------
    max_distance_km
        Farthest the search box reaches from the middle of the stations.
    depth_range_km
        Shallowest and deepest hypocentre; None: from the highest station to 700 km, the deep end
        only as far as needed.
    """

    max_distance_km: float = 1000.0
    depth_range_km: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    observations: Observations
    model: TravelTimeModel
    errors: ErrorModel
    prior: Prior | None
    top_km: float
    bottom_km: float

    def evaluate(self, grid: Grid, coarseness: float) -> PosteriorField:
        return evaluate_field(
            grid, self.observations, self.model, self.errors, self.prior, coarseness
        )


def find_posterior(
    observations: Observations,
    model: TravelTimeModel,
    errors: ErrorModel,
    prior: Prior | None,
    limits: SearchLimits,
    n_nodes: int,
) -> tuple[PosteriorField, tuple[str, ...]]:
    """Return the posterior on a grid that holds nearly all of it, and flags.

    The search starts in a box that the station geometry and the S minus P times suggest, doubles
    it while mass touches its walls, then shrinks it, and turns it, around the significant mass. On the way
    the errors are widened by the extent of the cells. Flag ``at_grid_edge``: the limits cut the posterior.
    """
    top, bottom = limits.depth_range_km or (min(0.0, float(observations.depth_km.min())), 700.0)
    problem = _Problem(observations, model, errors, prior, top, bottom)
    field, flags = _grown(problem, limits)
    field = _zoomed(problem, field)
    grid = _box_around(problem, field, _final_shape(n_nodes))
    final = problem.evaluate(grid, 1.0)
    for _ in range(2):
        grid = _widened(problem, final)
        if grid is final.grid:
            break
        final = problem.evaluate(grid, 1.0)
    return final, flags


def _final_shape(n_nodes: int) -> tuple[int, int, int]:
    """Return twice as many cells along the horizontal axes as in depth."""
    deep = max(int(round((n_nodes / 4.0) ** (1.0 / 3.0))), 6)
    wide = max(int(np.sqrt(n_nodes / deep)), 12)
    return wide, wide, deep


def _grown(problem: _Problem, limits: SearchLimits) -> tuple[PosteriorField, tuple[str, ...]]:
    """Return the posterior on a coarse grid whose walls it does not touch."""
    reach = min(_first_reach_km(problem, limits), limits.max_distance_km)
    depth = min(problem.top_km + max(reach, _MIN_DEPTH_EXTENT_KM), problem.bottom_km)
    fixed = limits.depth_range_km is not None
    depth = problem.bottom_km if fixed else depth
    while True:
        grid = Grid(
            problem.observations.frame,
            (-reach, -reach, problem.top_km),
            (reach, reach, depth),
            COARSE_SHAPE,
        )
        field = problem.evaluate(grid, COARSENESS)
        at_side = max(_wall_mass(field, axis, end) for axis in (0, 1) for end in (0, -1)) > 1e-3
        at_bottom = _wall_mass(field, 2, -1) > 1e-3
        wider = at_side and reach < limits.max_distance_km
        deeper = at_bottom and depth < problem.bottom_km
        if not (wider or deeper):
            cut = at_side or (at_bottom and not fixed)
            return field, ("at_grid_edge",) if cut else ()
        reach = min(reach * 2.0, limits.max_distance_km) if wider else reach
        depth = min(problem.top_km + 2.0 * (depth - problem.top_km), problem.bottom_km) if deeper else depth


def _wall_mass(field: PosteriorField, axis: int, end: int) -> float:
    return float(field.axis_mass(axis)[end])


def _first_reach_km(problem: _Problem, limits: SearchLimits) -> float:
    """Return a first half-width of the search from the network's size and S minus P times."""
    observations = problem.observations
    reach = max(1.5 * observations.aperture_km(), _MIN_HALF_WIDTH_KM)
    pairs = observations.pairs()
    if not pairs:
        return reach
    distance = np.geomspace(1.0, limits.max_distance_km, 120)[:, None]
    depths = np.clip([0.0, 10.0, 35.0, 100.0], problem.top_km, problem.bottom_km)[None, :]
    farthest = []
    for p, s in pairs:
        station = float(observations.depth_km[p])
        p_time = problem.model.travel_time_s("P", distance, depths, station)
        s_time = problem.model.travel_time_s("S", distance, depths, station)
        sigma = np.hypot(observations.sigma_s[p], observations.sigma_s[s])
        sigma = np.hypot(sigma, problem.errors.model_error * (p_time + s_time))
        observed = observations.observed_s[s] - observations.observed_s[p]
        possible = ((s_time - p_time) - 4.0 * sigma <= observed).any(axis=1)
        last = int(np.flatnonzero(possible)[-1]) if possible.any() else 0
        away = np.hypot(observations.east_km[p], observations.north_km[p])
        farthest.append(float(distance[min(last + 1, 119), 0] + away))
    return max(float(np.median(farthest)) * 1.05, 5.0)


def _zoomed(problem: _Problem, field: PosteriorField) -> PosteriorField:
    """Return the posterior on coarse grids that shrink until it fills them."""
    for _ in range(_MAX_ZOOMS):
        grid = _box_around(problem, field, COARSE_SHAPE)
        if _volume_km3(grid) > 0.5 * _volume_km3(field.grid):
            break
        field = problem.evaluate(grid, COARSENESS)
    return field


def _volume_km3(grid: Grid) -> float:
    return float(np.prod(grid.cell_km) * grid.n_nodes)


def _box_around(problem: _Problem, field: PosteriorField, shape: tuple[int, int, int]) -> Grid:
    """Return a box around the significant mass, turned along its long axis."""
    grid = field.grid
    share = field.mass.sum(axis=2, dtype=np.float64)
    keep = share > 1e-9
    weight = share[keep]
    first, second = np.meshgrid(grid.centres(0), grid.centres(1), indexing="ij")
    east, north = grid.to_east_north(first[keep], second[keep])
    angle = _long_axis_rad(east, north, weight, grid.angle_rad)
    turned = Grid(grid.frame, grid.low_km, grid.high_km, grid.shape, angle)
    margin = max(grid.cell_km[:2])
    spans = [_extent(place, weight, margin) for place in turned.from_east_north(east, north)]
    low, high = _extent(grid.centres(2), field.axis_mass(2), grid.cell_km[2])
    low, high = max(low, problem.top_km), min(high, problem.bottom_km)
    return Grid(
        grid.frame,
        (spans[0][0], spans[1][0], low),
        (spans[0][1], spans[1][1], high),
        shape,
        angle,
    )


def _long_axis_rad(
    east: FloatArray, north: FloatArray, weight: FloatArray, before_rad: float
) -> float:
    """Return the angle of the long axis; the angle before where there is none to speak of."""
    if weight.size < 3:
        return before_rad
    values, vectors = np.linalg.eigh(np.cov(np.stack([east, north]), aweights=weight, ddof=0))
    if values[1] < 2.0 * max(values[0], 1e-12):
        return before_rad
    return float(np.arctan2(vectors[1, 1], vectors[0, 1]))


def _extent(place: FloatArray, mass: FloatArray, margin_km: float) -> tuple[float, float]:
    """Return the range outside which lies next to no mass, and a margin."""
    order = np.argsort(place)
    total = np.cumsum(mass[order])
    total /= total[-1]
    first, last = np.searchsorted(total, [_TAIL, 1.0 - _TAIL])
    ordered = place[order]
    return (
        float(ordered[first]) - margin_km,
        float(ordered[min(last, ordered.size - 1)]) + margin_km,
    )


def _widened(problem: _Problem, field: PosteriorField) -> Grid:
    """Return the grid with each wall moved out that mass still touches; itself where none is."""
    grid = field.grid
    low, high = list(grid.low_km), list(grid.high_km)
    moved = False
    for axis in range(3):
        mass = field.axis_mass(axis)
        extent = high[axis] - low[axis]
        if mass[0] > 2e-3 and (axis < 2 or low[2] > problem.top_km):
            low[axis] -= 0.5 * extent
            moved = True
        if mass[-1] > 2e-3 and (axis < 2 or high[2] < problem.bottom_km):
            high[axis] += 0.5 * extent
            moved = True
    if not moved:
        return grid
    low[2], high[2] = max(low[2], problem.top_km), min(high[2], problem.bottom_km)
    corners = (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return Grid(grid.frame, *corners, grid.shape, grid.angle_rad)
