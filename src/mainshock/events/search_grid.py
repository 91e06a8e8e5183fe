"""The volume that back-projection searches, and travel times tabulated for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.core.records import PHASES, Station
from mainshock.events.base import TravelTimes

__all__ = ["SearchGrid", "TravelTimeTable", "build_search_grid", "tabulate_travel_times"]

FloatArray = NDArray[np.float64]
_RECEIVER_STEP_KM = 0.1  # receivers within 50 m of depth share a table: at most 25 ms for S
_N_DISTANCES = 401
_N_DEPTHS = 41


@dataclass(frozen=True, slots=True, eq=False)
class SearchGrid:
    """Trial hypocentres around a network, in km east, north and down of its middle.

    Parameters
    ----------
    east_km, north_km, depth_km
        Axes of the grid, shapes ``(n_east,)``, ``(n_north,)``, ``(n_depth,)``.
    station_east_km, station_north_km, station_depth_km
        Shape ``(n_stations,)``.
    """

    east_km: FloatArray
    north_km: FloatArray
    depth_km: FloatArray
    station_east_km: FloatArray
    station_north_km: FloatArray
    station_depth_km: FloatArray

    @property
    def spacing_km(self) -> float:
        """Distance of neighbouring nodes along the surface."""
        return float(self.east_km[1] - self.east_km[0])

    @property
    def depth_spacing_km(self) -> float:
        """Distance of neighbouring nodes in depth."""
        return float(self.depth_km[1] - self.depth_km[0])

    def nodes(self) -> FloatArray:
        """Return all trial hypocentres, shape ``(n_nodes, 3)``: east, north, depth in km."""
        east, north, depth = np.meshgrid(self.east_km, self.north_km, self.depth_km, indexing="ij")
        return np.stack([east.ravel(), north.ravel(), depth.ravel()], axis=1)

    @property
    def max_distance_km(self) -> float:
        """Longest epicentral distance between a node and a station."""
        east_km = np.abs(self.east_km[[0, -1], None] - self.station_east_km).max()
        north_km = np.abs(self.north_km[[0, -1], None] - self.station_north_km).max()
        return float(np.hypot(east_km, north_km))


def build_search_grid(
    stations: Sequence[Station],
    margin_km: float | None,
    max_depth_km: float,
    n_horizontal: int,
) -> SearchGrid:
    """Return the grid around a network.

    Parameters
    ----------
    stations
        At least one.
    margin_km
        How far the grid reaches beyond the outermost stations. None: the network's aperture (its
        greatest extent), at least 15 km.
    max_depth_km
        Depth of the lowest nodes; the highest are at sea level.
    n_horizontal
        Nodes along the longer side.

    Raises
    ------
    DataError
        If there is no station.
    """
    if not stations:
        raise DataError("no station has coordinates; give a stations table with the picks' codes")
    longitude = np.array([station.longitude for station in stations])
    latitude = np.array([station.latitude for station in stations])
    unwrapped = longitude[0] + (longitude - longitude[0] + 180.0) % 360.0 - 180.0
    middle = float((unwrapped.min() + unwrapped.max()) / 2.0 + 180.0) % 360.0 - 180.0
    frame = LocalFrame(middle, float(np.clip((latitude.min() + latitude.max()) / 2.0, -85, 85)))
    east_km, north_km = frame.to_local(longitude, latitude)
    aperture_km = max(float(np.ptp(east_km)), float(np.ptp(north_km)))
    margin = max(0.6 * aperture_km, 15.0) if margin_km is None else margin_km
    spacing_km = (aperture_km + 2.0 * margin) / (n_horizontal - 1)
    n_depth = int(np.clip(np.ceil(max_depth_km / spacing_km) + 1, 6, 13))
    return SearchGrid(
        east_km=_axis(east_km, margin, spacing_km),
        north_km=_axis(north_km, margin, spacing_km),
        depth_km=np.linspace(0.0, max_depth_km, n_depth),
        station_east_km=east_km,
        station_north_km=north_km,
        station_depth_km=np.array([station.depth_km for station in stations]),
    )


def _axis(station_km: FloatArray, margin_km: float, spacing_km: float) -> FloatArray:
    half = max((float(np.ptp(station_km)) / 2.0 + margin_km) / spacing_km, 1.0)
    middle = (station_km.min() + station_km.max()) / 2.0
    count = int(np.ceil(half))
    return np.asarray(middle + spacing_km * np.arange(-count, count + 1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimeTable:
    """Travel times over distance and depth, for each phase and each depth of a receiver.

    Parameters
    ----------
    time_s
        Shape ``(2, n_receiver_depths, n_distances, n_depths)``; phases in the order P, S.
    distance_step_km, depth_step_km
        Spacing of the last two axes, which start at 0 km.
    receiver
        Which receiver depth each station uses, shape ``(n_stations,)``.
    """

    time_s: FloatArray
    distance_step_km: float
    depth_step_km: float
    receiver: NDArray[np.int64]

    @property
    def max_time_s(self) -> float:
        """The longest time in the table."""
        return float(self.time_s.max())


def tabulate_travel_times(grid: SearchGrid, travel_times: TravelTimes) -> TravelTimeTable:
    """Return the travel times of P and S from everywhere in the grid to every station.

    Raises
    ------
    DataError
        If the model gives times that are not finite or negative.
    """
    levels_km, receiver = np.unique(
        np.round(grid.station_depth_km / _RECEIVER_STEP_KM) * _RECEIVER_STEP_KM,
        return_inverse=True,
    )
    distance_km = np.linspace(0.0, grid.max_distance_km + grid.spacing_km, _N_DISTANCES)
    depth_km = np.linspace(0.0, grid.depth_km[-1] + grid.depth_spacing_km, _N_DEPTHS)
    time_s = np.empty((len(PHASES), levels_km.size, distance_km.size, depth_km.size))
    for number, phase in enumerate(PHASES):
        for level, receiver_depth_km in enumerate(levels_km):
            time_s[number, level] = travel_times.travel_time_s(
                phase, distance_km[:, None], depth_km[None, :], float(receiver_depth_km)
            )
    if not np.isfinite(time_s).all() or time_s.min() < 0.0:
        raise DataError(
            f"the velocity model gives travel times that are negative or not finite up to "
            f"{distance_km[-1]:.0f} km distance and {depth_km[-1]:.0f} km depth; use a model that "
            "covers this range or a smaller margin_km and max_depth_km"
        )
    return TravelTimeTable(
        time_s=time_s,
        distance_step_km=float(distance_km[1]),
        depth_step_km=float(depth_km[1]),
        receiver=receiver.reshape(-1).astype(np.int64),
    )
