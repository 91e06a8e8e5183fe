"""PyOcto behind this package's interface: association by an octree of space and time."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.events.base import AssociationResult, TravelTimes
from mainshock.events.geometry import StationLookup
from mainshock.events.search_grid import SearchGrid, build_search_grid

__all__ = ["PyOctoAssociator"]

_DEPTHS_KM = np.linspace(1.0, 15.0, 8)


@dataclass(frozen=True, slots=True)
class PyOctoAssociator:
    """Groups picks with PyOcto, in a homogeneous medium fitted to the travel times.

    Parameters
    ----------
    n_picks, n_p_picks, n_s_picks, n_p_and_s_picks
        Least number of picks of an event, of P, of S, and of stations with both.
    tolerance_s
        Largest error of a travel time while space is split.
    pick_match_tolerance_s
        Largest residual of a pick of an event.
    min_node_size_km
        Where splitting ends.
    min_interval_s
        Least time between two origins.
    max_depth_km
        Depth of the lowest hypocentre.

    Raises
    ------
    SettingsError
        If PyOcto is not installed.

    References
    ----------
    Münchmeyer (2024), *PyOcto: A high-throughput seismic phase associator*,
    doi:10.26443/seismica.v3i1.1130.
    """

    n_picks: int = 4
    n_p_picks: int = 1
    n_s_picks: int = 1
    n_p_and_s_picks: int = 1
    tolerance_s: float = 1.0
    pick_match_tolerance_s: float = 0.8
    min_node_size_km: float = 5.0
    min_interval_s: float = 2.0
    max_depth_km: float = 30.0
    name: str = field(default="pyocto", init=False)

    def __post_init__(self) -> None:
        if find_spec("pyocto") is None:
            raise SettingsError(
                "the associator 'pyocto' needs the package pyocto, which is not installed; "
                "install it with: pip install --no-deps pyocto, or take 'grid'"
            )

    def associate(
        self, picks: Sequence[Pick], stations: Sequence[Station], travel_times: TravelTimes
    ) -> AssociationResult:
        """Return the groups of picks that PyOcto finds.

        Raises
        ------
        DataError
            If the travel times do not grow with distance.
        """
        ordered = sorted(picks, key=lambda pick: pick.time)
        lookup = StationLookup(stations)
        station_of = [lookup.index(pick.network, pick.station) for pick in ordered]
        known = [number for number, station in enumerate(station_of) if station is not None]
        if not known:
            return AssociationResult([], ordered, [])
        grid = build_search_grid(stations, None, self.max_depth_km, 24)
        times_s = np.array([to_posix_s(ordered[number].time) for number in known])
        table = pd.DataFrame(
            {
                "station": [str(station_of[number]) for number in known],
                "phase": [ordered[number].phase for number in known],
                "time": times_s - times_s[0],
            }
        )
        associator = self._associator(grid, travel_times)
        with warnings.catch_warnings():  # of its own use of pandas
            warnings.simplefilter("ignore", DeprecationWarning)
            _, assignments = associator.associate(table, _station_table(grid))
        return _result(ordered, known, assignments)

    def _associator(self, grid: SearchGrid, travel_times: TravelTimes) -> Any:
        pyocto = import_module("pyocto")
        speeds = [_speed_km_s(travel_times, phase, grid.max_distance_km) for phase in ("P", "S")]
        return pyocto.OctoAssociator(
            xlim=(float(grid.east_km[0]), float(grid.east_km[-1])),
            ylim=(float(grid.north_km[0]), float(grid.north_km[-1])),
            zlim=(0.0, self.max_depth_km),
            velocity_model=pyocto.VelocityModel0D(speeds[0], speeds[1], self.tolerance_s),
            time_before=1.2 * grid.max_distance_km / speeds[1],
            min_node_size=self.min_node_size_km,
            pick_match_tolerance=self.pick_match_tolerance_s,
            min_interevent_time=self.min_interval_s,
            n_picks=self.n_picks,
            n_p_picks=self.n_p_picks,
            n_s_picks=self.n_s_picks,
            n_p_and_s_picks=self.n_p_and_s_picks,
            n_threads=1,
        )


def _speed_km_s(travel_times: TravelTimes, phase: str, reach_km: float) -> float:
    """Return the speed of straight rays that fits the travel times best."""
    distance_km = np.linspace(1.0, min(reach_km, 100.0), 40)[:, None]
    time_s = np.asarray(travel_times.travel_time_s(phase, distance_km, _DEPTHS_KM[None], 0.0))
    length_km = np.hypot(distance_km, _DEPTHS_KM[None])
    speed = float((length_km**2).sum() / (length_km * time_s).sum())
    if not np.isfinite(speed) or speed <= 0.0:
        raise DataError(
            f"the velocity model gives a speed of {speed} km/s for {phase}; it must be above 0"
        )
    return speed


def _station_table(grid: SearchGrid) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [str(number) for number in range(grid.station_east_km.size)],
            "x": grid.station_east_km,
            "y": grid.station_north_km,
            "z": grid.station_depth_km,
        }
    )


def _result(
    ordered: Sequence[Pick], known: Sequence[int], assignments: pd.DataFrame
) -> AssociationResult:
    """Return PyOcto's assignments as groups; a pick of two events stays with the first."""
    groups: list[list[Pick]] = []
    taken: set[int] = set()
    for _, rows in assignments.groupby("event_idx"):
        best: dict[tuple[str, str], tuple[float, int]] = {}
        for pick_index, residual_s in zip(rows["pick_idx"], rows["residual"], strict=True):
            number = known[int(pick_index)]
            slot = (ordered[number].station_code, ordered[number].phase)
            if number not in taken:
                best[slot] = min(best.get(slot, (np.inf, -1)), (abs(float(residual_s)), number))
        numbers = sorted(number for _, number in best.values())
        if len(numbers) > 1:
            taken.update(numbers)
            groups.append([ordered[number] for number in numbers])
    groups.sort(key=lambda group: group[0].time)
    left = [pick for number, pick in enumerate(ordered) if number not in taken]
    return AssociationResult(groups, left, [()] * len(groups))
