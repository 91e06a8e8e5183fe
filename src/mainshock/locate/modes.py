"""The separate places that a posterior allows."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from mainshock.core.records import Mode
from mainshock.locate.posterior import Draws
from mainshock.locate.regions import EpicentralMarginal

__all__ = ["find_modes"]

FloatArray = NDArray[np.float64]
_TOUCHING = np.ones((3, 3), dtype=int)  # cells that meet at a corner belong together
_MOST = 20


def find_modes(
    marginal: EpicentralMarginal,
    draws: Draws,
    level: float = 0.95,
    smallest_share: float = 0.02,
) -> tuple[Mode, ...]:
    """Return the modes of the epicentre, the most probable first.

    Parameters
    ----------
    marginal
        Posterior mass of the epicentre.
    draws
        Equally weighted draws, for the depths.
    level
        Two places are separate where the smallest area that holds this share of the mass falls
        apart between them.
    smallest_share
        Parts that hold less of the mass are specks: their mass goes to the nearest mode.

    Returns
    -------
    Shares sum to 1; there is at least one mode.
    """
    mass = marginal.mass
    parts, n_parts = label(mass >= marginal.threshold(level), _TOUCHING)
    within = np.bincount(parts.ravel(), mass.ravel(), n_parts + 1)
    within[0] = 0.0
    order = np.argsort(within)[::-1][: min(_MOST, n_parts)]
    large = [number for number in order if within[number] >= smallest_share * within.sum()]
    kept = large or [order[0]]
    nearest = _nearest_part(np.where(np.isin(parts, kept), parts, 0))
    modes = [_mode(marginal, draws, nearest, int(number)) for number in kept]
    return tuple(sorted(modes, key=lambda mode: -mode.share))


def _nearest_part(parts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each cell the number of the part next to it."""
    rows, columns = distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    return np.asarray(parts[rows, columns])


def _mode(
    marginal: EpicentralMarginal, draws: Draws, nearest: NDArray[np.intp], number: int
) -> Mode:
    grid, inside = marginal.grid, nearest == number
    mass = np.where(inside, marginal.mass, 0.0)
    share = float(mass.sum())
    first, second = np.meshgrid(grid.centres(0), grid.centres(1), indexing="ij")
    axes = np.stack([axis.ravel() for axis in grid.to_east_north(first, second)])
    weights = mass.ravel() / share
    mean = axes @ weights
    sd = np.sqrt((axes - mean[:, None]) ** 2 @ weights)
    cell = _cells(marginal, mean[:1], mean[1:])
    if not inside[cell][0] or marginal.mass[cell][0] < marginal.threshold(0.95):
        mean = axes[:, int(weights.argmax())]
    depth, depth_sd = _depth(marginal, draws, inside)
    longitude, latitude = grid.frame.to_geographic(mean[0], mean[1])
    return Mode(
        float(longitude), float(latitude), depth, share, float(sd[0]), float(sd[1]), depth_sd
    )


def _depth(
    marginal: EpicentralMarginal, draws: Draws, inside: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return mean and standard deviation of the depths of the draws in a mode."""
    there = inside[_cells(marginal, draws.east_km, draws.north_km)]
    depths = draws.depth_km[there] if there.any() else draws.depth_km
    return float(depths.mean()), float(depths.std())


def _cells(
    marginal: EpicentralMarginal, east_km: FloatArray, north_km: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cells that hold places, or are next to them."""
    grid = marginal.grid
    first, second = (
        np.clip((place - grid.low_km[axis]) / grid.cell_km[axis], 0, grid.shape[axis] - 1)
        for axis, place in enumerate(grid.from_east_north(east_km, north_km))
    )
    return first.astype(np.intp), second.astype(np.intp)
