"""What a posterior on a grid says: moments, draws, epicentral marginal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.field import PosteriorField
from mainshock.locate.grid import Grid
from mainshock.locate.regions import EpicentralMarginal, highest_mass_rank

__all__ = [
    "Draws",
    "Moments",
    "Place",
    "column_mean",
    "draw",
    "draw_nodes",
    "epicentral_marginal",
    "moments",
    "ranks",
]

FloatArray = NDArray[np.float64]
NodeIndices = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Place:
    """A hypocentre: east and north of the local frame and depth in km, origin time in s."""

    east_km: float
    north_km: float
    depth_km: float
    time_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and spread of a posterior.

    Parameters
    ----------
    mean
        Mean hypocentre; time in seconds after the reference.
    covariance_km2
        Shape ``(3, 3)``, east, north, down.
    """

    mean: Place
    covariance_km2: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Equally weighted draws: km east, north and down of the local frame, and s; shape ``(n,)``."""

    east_km: FloatArray
    north_km: FloatArray
    depth_km: FloatArray
    time_s: FloatArray


def moments(field: PosteriorField) -> Moments:
    """Return mean and covariance, with the extent of the cells in it."""
    grid = field.grid
    flat = field.mass.sum(axis=2, dtype=np.float64)
    pairs = {(0, 1): flat}
    axes = [grid.centres(axis) for axis in range(3)]
    pairs[0, 2] = field.mass.sum(axis=1, dtype=np.float64)
    pairs[1, 2] = field.mass.sum(axis=0, dtype=np.float64)
    singles = [flat.sum(axis=1), flat.sum(axis=0), pairs[0, 2].sum(axis=0)]
    means = np.array([single @ axis for single, axis in zip(singles, axes, strict=True)])
    covariance = np.empty((3, 3))
    for axis in range(3):
        spread = (axes[axis] - means[axis]) ** 2 + grid.cell_km[axis] ** 2 / 12.0
        covariance[axis, axis] = singles[axis] @ spread
    for (i, j), mass in pairs.items():
        covariance[i, j] = covariance[j, i] = (axes[i] - means[i]) @ mass @ (axes[j] - means[j])
    turn = _turn(grid)
    east, north = grid.to_east_north(means[0], means[1])
    return Moments(
        Place(float(east), float(north), float(means[2]), _mean_time_s(field)),
        turn @ covariance @ turn.T,
    )


def _turn(grid: Grid) -> FloatArray:
    cosine, sine = np.cos(grid.angle_rad), np.sin(grid.angle_rad)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _mean_time_s(field: PosteriorField) -> float:
    mass, origin = field.mass.ravel(), field.origin_s.ravel()
    anchor = float(origin[int(mass.argmax())])
    return anchor + float(np.dot(mass, origin - np.float32(anchor)))


def epicentral_marginal(field: PosteriorField) -> EpicentralMarginal:
    """Return the posterior mass of the columns."""
    mass = field.mass.sum(axis=2, dtype=np.float64)
    return EpicentralMarginal(field.grid, mass / mass.sum())


def draw_nodes(field: PosteriorField, n: int, rng: np.random.Generator) -> NodeIndices:
    """Return the cells of ``n`` independent draws by mass: three index arrays of shape ``(n,)``."""
    grid = field.grid
    columns = field.mass.reshape(-1, grid.shape[2])
    held = np.cumsum(columns.sum(axis=1, dtype=np.float64))
    column = np.searchsorted(held, rng.random(n) * held[-1], side="right")
    column = np.minimum(column, held.size - 1)
    below = np.cumsum(columns[column], axis=1, dtype=np.float64)
    layer = (below < (rng.random(n) * below[:, -1])[:, None]).sum(axis=1)
    first, second = np.divmod(column, grid.shape[1])
    return first, second, np.minimum(layer, grid.shape[2] - 1)


def draw(field: PosteriorField, n: int, rng: np.random.Generator) -> Draws:
    """Return equally weighted independent draws: a node by its mass, even inside its cell."""
    grid, nodes = field.grid, draw_nodes(field, n, rng)
    places = [
        grid.low_km[axis] + grid.cell_km[axis] * (nodes[axis] + rng.random(n)) for axis in range(3)
    ]
    east, north = grid.to_east_north(places[0], places[1])
    origin = field.origin_s[nodes].astype(np.float64)
    sd = np.sqrt(field.variance_s2[nodes].astype(np.float64))
    return Draws(east, north, places[2], origin + sd * rng.standard_normal(n))


def column_mean(field: PosteriorField, first: int, second: int) -> Place:
    """Return the mean hypocentre of one column."""
    mass = field.mass[first, second].astype(np.float64)
    mass /= mass.sum()
    grid = field.grid
    east, north = grid.to_east_north(grid.centres(0)[first], grid.centres(1)[second])
    return Place(
        float(east),
        float(north),
        float(mass @ grid.centres(2)),
        float(mass @ field.origin_s[first, second].astype(np.float64)),
    )


def ranks(
    field: PosteriorField, longitude: float, latitude: float, depth_km: float
) -> tuple[float, float]:
    """Return the highest-density ranks of a true place: of its epicentre, and in three dimensions.

    For a calibrated posterior each is uniform between 0 and 1.
    """
    cell = field.grid.cell_of(longitude, latitude, depth_km)
    flat = cell[:2] if cell is not None else None
    if flat is None:
        inside = field.grid.cell_of(longitude, latitude, field.grid.centres(2)[0])
        flat = inside[:2] if inside is not None else None
    return (
        highest_mass_rank(epicentral_marginal(field).mass, flat),
        highest_mass_rank(field.mass, cell),
    )
