"""Tables of travel time that one grid needs: exact at its depths, close in distance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.grid import Grid
from mainshock.locate.observations import Observations
from mainshock.locate.paths import EARTH_RADIUS_KM, predicted_travel_time_s, source_correction_s

__all__ = ["RadialTables", "node_tables", "radial_tables"]

_MAX_ROWS = 2000
_MOST_TIMES = 1 << 16  # in one call, which holds ten arrays of as many numbers
_NEVER_S = 1e5


@dataclass(frozen=True, slots=True, eq=False)
class RadialTables:
    """Travel time divided by hypocentral distance, one table for each pick.

    Parameters
    ----------
    slowness_s_km
        Shape ``(n_picks, n_distances, n_depths)``; columns in place of distances where the
        velocity varies sideways.
    first_km
        Distance of each table's first row, shape ``(n_picks,)``.
    step_km
        Distance between rows.
    is_outside
        Nodes outside a volume, shape ``(n_columns, n_depths)``; None: there are none.
    """

    slowness_s_km: NDArray[np.float32]
    first_km: NDArray[np.float64]
    step_km: float
    is_outside: NDArray[np.bool_] | None = None


def radial_tables(model: TravelTimeModel, observations: Observations, grid: Grid) -> RadialTables:
    """Return the tables that cover all distances between the stations and a grid.

    Notes
    -----
    The times are exact at the grid's depths, so nothing is interpolated across interfaces. In
    distance the ratio of time to length is nearly constant; it is interpolated linearly over
    rows not farther apart than a cell is wide. Where a head wave overtakes the direct wave, with
    slownesses ``p1`` and ``p2``, the error is at most ``(p1 - p2) step / 4``.
    """
    first, second = grid.from_east_north(observations.east_km, observations.north_km)
    outside = [
        np.maximum(np.maximum(low - place, place - high), 0.0)
        for place, low, high in zip((first, second), grid.low_km[:2], grid.high_km[:2], strict=True)
    ]
    farthest = [
        np.maximum(np.abs(low - place), np.abs(place - high))
        for place, low, high in zip((first, second), grid.low_km[:2], grid.high_km[:2], strict=True)
    ]
    # the map's scale grows away from its middle: true distances are up to 2 % shorter there
    nearest_km = np.hypot(*outside) * 0.97
    span_km = float((np.hypot(*farthest) - nearest_km).max())
    step_km = max(min(grid.cell_km[:2]), span_km / _MAX_ROWS)
    rows = int(np.ceil(span_km / step_km)) + 2
    depth = grid.centres(2)[:, None]
    offsets = step_km * np.arange(rows)
    slowness = np.empty((len(observations.picks), rows, grid.shape[2]), np.float32)
    for phase, station_km, numbers in _alike(observations):
        distance = np.maximum(nearest_km[numbers][:, None] + offsets, 1e-3).ravel()[None, :]
        at_once = max(1, _MOST_TIMES // distance.size)
        for layer in range(0, depth.size, at_once):
            some = depth[layer : layer + at_once]
            time = model.travel_time_s(phase, distance, some, station_km)
            ratio = (time / np.hypot(distance, some - station_km)).T
            slowness[numbers, :, layer : layer + at_once] = ratio.reshape(len(numbers), rows, -1)
    slowness *= observations.time_scale.astype(np.float32)[:, None, None]
    return RadialTables(slowness, nearest_km, step_km)


def node_tables(model: TravelTimeModel, observations: Observations, grid: Grid) -> RadialTables:
    """Return tables with one entry for each node, for times that depend on more than distance.

    Nodes outside the model get a time that no pick can fit, and are marked.
    """
    east, north = (axis[:, None] for axis in grid.columns())
    depth = grid.centres(2)[None, :]
    is_volume = isinstance(model, VolumeTravelTimes)
    radial = None if is_volume else radial_tables(model, observations, grid)
    n_picks = len(observations.picks)
    slowness = np.empty((n_picks, east.size, depth.size), np.float32)
    is_outside = np.zeros(slowness.shape[1:], dtype=np.bool_) if is_volume else None
    for number in range(n_picks):
        x, y = observations.east_km[number], observations.north_km[number]
        # as the compiled loops measure distance
        scale = 1.0 + (east**2 + east * x + x * x) / (6.0 * EARTH_RADIUS_KM**2)
        away = np.hypot(east - x, north - y) / scale
        length = np.sqrt(away**2 + (depth - observations.depth_km[number]) ** 2 + 1e-6)
        if radial is None:
            time = predicted_travel_time_s(model, observations, number, east, north, depth)
            is_outside |= ~np.isfinite(time)
            slowness[number] = np.where(np.isfinite(time), time, _NEVER_S) / length
        else:
            extra = source_correction_s(observations, number, east, north, depth)
            slowness[number] = _at_distances(radial, number, away[:, 0]) + extra / length
    return RadialTables(slowness, np.zeros(n_picks), 1.0, is_outside)


def _at_distances(
    tables: RadialTables, number: int, distance_km: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the rows of one table at distances, shape ``(n, n_depths)``."""
    rows = tables.slowness_s_km[number]
    place = np.maximum((distance_km - tables.first_km[number]) / tables.step_km, 0.0)
    row = np.minimum(place.astype(np.intp), rows.shape[0] - 2)
    share = (place - row).astype(np.float32)[:, None]
    return np.asarray(rows[row] * (1.0 - share) + rows[row + 1] * share)


def _alike(observations: Observations) -> list[tuple[str, float, list[int]]]:
    """Return phase, station depth and numbers of picks that one set of time curves serves."""
    groups: dict[tuple[str, float], list[int]] = {}
    for number, pick in enumerate(observations.picks):
        key = (pick.phase, float(observations.depth_km[number]))
        groups.setdefault(key, []).append(number)
    return [(phase, depth, numbers) for (phase, depth), numbers in groups.items()]
