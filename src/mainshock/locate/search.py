"""From nothing to a grid that holds the posterior: search volume, growth and zoom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.field import PosteriorField
from mainshock.locate.grid import Grid
from mainshock.locate.priors import SmoothPrior
from mainshock.locate.problem import LocationProblem

__all__ = ["find_posterior"]

FloatArray = NDArray[np.float64]
COARSE_SHAPE = (40, 40, 24)
FINER_SHAPE = (64, 64, 40)
COARSENESS = 2.0
# picks err alike inside a cell, but are taken as independent: half of it is enough
NETWORK_COARSENESS = 0.5
# one station leaves thin shells, which cells must not make knobbly
SINGLE_STATION_COARSENESS = 1.25
_TAIL = 2e-4  # mass that a zoom may cut off along each axis
_AT_WALL = 2e-3  # mass in the outermost cells that asks for more room
_MAX_ZOOMS = 10
_MIN_HALF_WIDTH_KM, _MIN_DEPTH_EXTENT_KM = 30.0, 30.0


@dataclass(frozen=True, slots=True)
class _Volume:
    """The volume under search: within a reach of the frame's origin, between two depths."""

    reach_km: float
    top_km: float
    bottom_km: float


def find_posterior(
    problem: LocationProblem, n_nodes: int
) -> tuple[PosteriorField, tuple[str, ...]]:
    """Return the posterior on a grid that holds nearly all of it, and flags.

    The search starts in a box that the stations and the S minus P times suggest. Coarse grids
    shrink, and turn, around the significant mass, with errors widened by the extent of their
    cells. Where the mass then touches a wall of the box, the box is doubled and the search starts
    again. The flag ``at_grid_edge`` says that the limits cut the posterior.
    """
    field, volume, flags = _resolved(problem)
    is_single = len(problem.observations.station_codes) == 1
    coarseness = SINGLE_STATION_COARSENESS if is_single else NETWORK_COARSENESS
    final = problem.on_grid(_box_around(field, volume, _final_shape(n_nodes)), coarseness)
    for _ in range(2):
        grid = _widened(final, volume)
        if grid is final.grid:
            break
        final = problem.on_grid(grid, coarseness)
    return final, flags


def _resolved(
    problem: LocationProblem,
) -> tuple[PosteriorField, _Volume, tuple[str, ...]]:
    """Return a coarse posterior that fills its grid, in a volume whose walls it does not touch."""
    limits = problem.limits
    top, deepest = problem.depth_range_km
    reach = min(_first_reach_km(problem, top, deepest), limits.max_distance_km)
    bottom = min(top + max(reach, _MIN_DEPTH_EXTENT_KM), deepest)
    volume = _Volume(reach, top, deepest if limits.depth_range_km else bottom)
    while True:
        field = _zoomed(problem, volume, _whole(problem, volume), COARSENESS)
        field = _zoomed(problem, volume, _box_around(field, volume, COARSE_SHAPE), 1.0)
        if any(_touches(field, volume)):  # perhaps only because coarse cells widen the errors
            grid = _box_around(field, volume, FINER_SHAPE)
            field = _zoomed(problem, volume, grid, 1.0)
        at_side, at_bottom = _touches(field, volume)
        wider = at_side and volume.reach_km < limits.max_distance_km
        deeper = at_bottom and volume.bottom_km < deepest
        if not (wider or deeper):
            cut = at_side or (at_bottom and limits.depth_range_km is None)
            return field, volume, ("at_grid_edge",) if cut else ()
        reach, bottom = volume.reach_km, volume.bottom_km
        volume = _Volume(
            min(2.0 * reach, limits.max_distance_km) if wider else reach,
            top,
            min(2.0 * bottom - top, deepest) if deeper else bottom,
        )


def _touches(field: PosteriorField, volume: _Volume) -> tuple[bool, bool]:
    """Return whether mass lies at the sides and at the bottom of the volume under search."""
    grid = field.grid
    first, second = np.meshgrid(grid.centres(0), grid.centres(1), indexing="ij")
    places = np.abs(np.stack(grid.to_east_north(first, second))).max(axis=0)
    columns = field.mass.sum(axis=2, dtype=np.float64)
    at_side = columns[places > volume.reach_km - max(grid.cell_km[:2])].sum()
    deep = grid.centres(2) > volume.bottom_km - grid.cell_km[2]
    at_bottom = field.axis_mass(2)[deep].sum()
    return bool(at_side > _AT_WALL), bool(at_bottom > _AT_WALL)


def _final_shape(n_nodes: int) -> tuple[int, int, int]:
    """Return twice as many cells along the horizontal axes as in depth."""
    deep = max(round((n_nodes / 4.0) ** (1.0 / 3.0)), 6)
    wide = max(int(np.sqrt(n_nodes / deep)), 12)
    return wide, wide, deep


def _first_reach_km(problem: LocationProblem, top_km: float, bottom_km: float) -> float:
    """Return a first half-width of the search from the network's size and S minus P times."""
    observations = problem.observations
    reach = max(1.5 * observations.aperture_km(), _MIN_HALF_WIDTH_KM)
    pairs = observations.pairs()
    if not pairs:
        return max(reach, _reach_without_distance_km(problem))
    distance = np.geomspace(1.0, problem.limits.max_distance_km, 120)[:, None]
    depths = np.clip([0.0, 10.0, 35.0, 100.0], top_km, bottom_km)[None, :]
    farthest = []
    for p, s in pairs:
        station = float(observations.depth_km[p])
        p_time = problem.travel_times.travel_time_s("P", distance, depths, station)
        s_time = problem.travel_times.travel_time_s("S", distance, depths, station)
        sigma = np.hypot(observations.sigma_s[p], observations.sigma_s[s])
        sigma = np.hypot(sigma, problem.errors.model_error * (p_time + s_time))
        observed = observations.observed_s[s] - observations.observed_s[p]
        possible = ((s_time - p_time) - 4.0 * sigma <= observed).any(axis=1)
        last = int(np.flatnonzero(possible)[-1]) if possible.any() else 0
        away = np.hypot(observations.east_km[p], observations.north_km[p])
        farthest.append(float(distance[min(last + 1, 119), 0] + away))
    return max(float(np.median(farthest)) * 1.05, 5.0)


def _reach_without_distance_km(problem: LocationProblem) -> float:
    """Return how far to look where nothing but a prior or an azimuth says how far."""
    if len(problem.observations.picks) >= 3:
        return 0.0
    if isinstance(problem.prior, SmoothPrior):
        return problem.prior.reach_km(problem.frame)
    return problem.limits.max_distance_km


def _whole(problem: LocationProblem, volume: _Volume) -> Grid:
    """Return a coarse grid over the whole volume."""
    reach = volume.reach_km
    return Grid(
        problem.observations.frame,
        (-reach, -reach, volume.top_km),
        (reach, reach, volume.bottom_km),
        COARSE_SHAPE,
    )


def _zoomed(
    problem: LocationProblem, volume: _Volume, grid: Grid, coarseness: float
) -> PosteriorField:
    """Return the posterior on grids that shrink until it fills them."""
    for _ in range(_MAX_ZOOMS):
        field = problem.on_grid(grid, coarseness)
        grid = _box_around(field, volume, grid.shape)
        if _volume_km3(grid) > 0.5 * _volume_km3(field.grid):
            break
    return field


def _volume_km3(grid: Grid) -> float:
    return float(np.prod(grid.cell_km) * grid.n_nodes)


def _box_around(field: PosteriorField, volume: _Volume, shape: tuple[int, int, int]) -> Grid:
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
    low, high = max(low, volume.top_km), min(high, volume.bottom_km)
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


def _widened(field: PosteriorField, volume: _Volume) -> Grid:
    """Return the grid with each wall moved out that mass still touches; itself where none is."""
    grid = field.grid
    low, high = list(grid.low_km), list(grid.high_km)
    moved = False
    walls = ((-volume.reach_km, volume.reach_km),) * 2 + ((volume.top_km, volume.bottom_km),)
    for axis, (first, last) in enumerate(walls):
        mass, extent = field.axis_mass(axis), high[axis] - low[axis]
        if mass[0] > _AT_WALL and low[axis] > first:
            low[axis] = max(low[axis] - 0.5 * extent, first)
            moved = True
        if mass[-1] > _AT_WALL and high[axis] < last:
            high[axis] = min(high[axis] + 0.5 * extent, last)
            moved = True
    if not moved:
        return grid
    corners = (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return Grid(grid.frame, *corners, grid.shape, grid.angle_rad)
