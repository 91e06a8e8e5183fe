"""Association of a network's picks by back-projection on a grid of trial hypocentres."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from mainshock.core.errors import SettingsError
from mainshock.core.records import PHASES, Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.events.backprojection import (
    NetworkTables,
    PickArrays,
    block_neighbourhood,
    misfits,
    next_candidate,
    project_picks,
    refine_hypocentre,
    scan_nodes,
)
from mainshock.events.base import AssociationResult, TravelTimes
from mainshock.events.geometry import StationLookup
from mainshock.events.search_grid import SearchGrid, build_search_grid, tabulate_travel_times
from mainshock.events.single_station import SingleStationAssociator

__all__ = ["GridAssociator"]

_log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MAX_REJECTED_IN_A_ROW = 60
_NOISE_SPAN_S = 60.0
_MAX_PICK_SIGMA_S = 0.5
_MIN_WEIGHT = 0.05


class _Candidate(NamedTuple):
    """A trial event: east, north, depth in km, origin in seconds, and the picks it explains."""

    place: FloatArray
    origin_s: float
    members: IntArray


class _Volume(NamedTuple):
    """The grid as the compiled loops need it."""

    nodes: FloatArray
    spacing: FloatArray
    slack: FloatArray
    network: NetworkTables
    max_time_s: float


@dataclass(frozen=True, slots=True)
class GridAssociator:
    """Groups picks that one hypocentre and origin time explain, the best supported event first.

    Parameters
    ----------
    min_picks, min_stations
        Least number of picks and of stations of an event. Where fewer stations than that have
        picks at all, all of them are needed; where only one has, P and S are paired
        (``SingleStationAssociator``).
    max_residual_s, residual_growth
        A pick fits if its residual is at most ``max_residual_s`` plus its own standard deviation
        plus ``residual_growth`` times the travel time, which allows for a wrong velocity.
    min_station_share
        Least share of the stations with picks, among those no farther than the middle station of
        the event, that must support it: an earthquake is not missed by most of its near stations.
    max_chance
        Largest probability that as many picks fit one trial hypocentre by chance, given how many
        picks a second its stations have beside the events found before. It asks for more picks
        where the picker is noisy, and for no more than ``min_picks`` where it is quiet.
    margin_km
        How far beyond the network events are sought; None: as far as the network is wide, at
        least 15 km.
    max_depth_km
        Depth of the lowest trial hypocentre.
    n_horizontal
        Nodes along the longer side of the grid.

    Notes
    -----
    Every pick implies an origin time at every node; the best cluster of origin times, weighted by
    pick probability, is refined to a hypocentre off the grid, accepted if it has enough picks and
    stations, and its picks are taken. This repeats until nothing is left. In the end picks that fit
    several events go to the one they fit best. Work is done in blocks of time, so that the cost
    grows linearly with the length of the record.

    Raises
    ------
    SettingsError
        If a field makes no sense.
    """

    min_picks: int = 4
    min_stations: int = 3
    max_residual_s: float = 0.3
    residual_growth: float = 0.05
    min_station_share: float = 0.4
    max_chance: float = 1e-5
    margin_km: float | None = None
    max_depth_km: float = 30.0
    n_horizontal: int = 24
    name: str = field(default="grid", init=False)

    def __post_init__(self) -> None:
        limits = {
            "min_picks": (2, 1000),
            "min_stations": (1, 1000),
            "max_residual_s": (0.01, 60.0),
            "residual_growth": (0.0, 1.0),
            "min_station_share": (0.0, 1.0),
            "max_chance": (0.0, 1.0),
            "max_depth_km": (1.0, 800.0),
            "n_horizontal": (4, 200),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{name} is {value}; it must lie between {low} and {high}")
        if self.margin_km is not None and not 0.0 < self.margin_km <= 3000.0:
            raise SettingsError(f"margin_km is {self.margin_km}; it must be above 0, at most 3000")

    def associate(
        self, picks: Sequence[Pick], stations: Sequence[Station], travel_times: TravelTimes
    ) -> AssociationResult:
        """Return the groups of picks that one hypocentre and origin time explain.

        Raises
        ------
        DataError
            If the velocity model does not cover the grid.
        GeometryError
            If the network is too wide for a local frame.
        """
        ordered = sorted(picks, key=lambda pick: pick.time)
        usable, active = _match_stations(ordered, stations)
        if len(active) <= 1:
            return SingleStationAssociator().associate(ordered, stations, travel_times)
        volume = self._volume([stations[number] for number in active], travel_times)
        arrays = self._arrays([ordered[i] for i, _ in usable], [s for _, s in usable])
        found = self._search(arrays, volume)
        for _ in range(2):
            found = self._without_chance(found, arrays, volume)
            found = self._share_out(found, arrays, volume)
        found.sort(key=lambda candidate: candidate.origin_s)
        groups = [[ordered[usable[i][0]] for i in candidate.members] for candidate in found]
        taken = {usable[i][0] for candidate in found for i in candidate.members}
        return AssociationResult(
            groups=groups,
            unassociated=[pick for i, pick in enumerate(ordered) if i not in taken],
            flags=[()] * len(groups),
        )

    def _volume(self, stations: Sequence[Station], travel_times: TravelTimes) -> _Volume:
        grid = build_search_grid(stations, self.margin_km, self.max_depth_km, self.n_horizontal)
        table = tabulate_travel_times(grid, travel_times)
        edges = [*grid.east_km[[0, -1]], *grid.north_km[[0, -1]], grid.depth_km[-1]]
        network = NetworkTables(
            places=np.stack([grid.station_east_km, grid.station_north_km], axis=1),
            receiver=table.receiver,
            times=table.time_s,
            steps=np.array([table.distance_step_km, table.depth_step_km]),
            growth=self.residual_growth,
            limits=np.array(edges),
        )
        return _Volume(
            nodes=grid.nodes(),
            spacing=np.array([grid.spacing_km, grid.depth_spacing_km]),
            slack=_slack_s(grid, table.time_s, network.steps),
            network=network,
            max_time_s=table.max_time_s,
        )

    def _arrays(self, picks: Sequence[Pick], stations: Sequence[int]) -> PickArrays:
        time_s = np.array([to_posix_s(pick.time) for pick in picks])
        phase = np.array([PHASES.index(pick.phase) for pick in picks], dtype=np.int64)
        sigma_s = np.array([min(pick.sigma_s, _MAX_PICK_SIGMA_S) for pick in picks])
        return PickArrays(
            time=time_s - time_s[0],
            slot=2 * np.array(stations, dtype=np.int64) + phase,
            weight=np.array([max(pick.probability, _MIN_WEIGHT) for pick in picks]),
            tolerance=self.max_residual_s + sigma_s,
        )

    def _minimum(self, volume: _Volume) -> IntArray:
        n_stations = min(self.min_stations, volume.network.places.shape[0])
        return np.array([self.min_picks, n_stations], dtype=np.int64)

    def _search(self, picks: PickArrays, volume: _Volume) -> list[_Candidate]:
        """Return the accepted events, block after block of origin time."""
        length_s = max(30.0, 2.0 * volume.max_time_s)
        pad_s = 2.0 + 0.5 * volume.max_time_s
        used = np.zeros(picks.time.size, dtype=np.bool_)
        accepted: list[_Candidate] = []
        block_s = float(picks.time[0]) - volume.max_time_s
        while block_s <= picks.time[-1]:
            first, past_last = np.searchsorted(
                picks.time,
                [block_s - pad_s, block_s + length_s + pad_s + volume.max_time_s],
            )
            free = first + np.flatnonzero(~used[first:past_last])
            for candidate in self._search_block(_take(picks, free), volume):
                if candidate.origin_s < block_s + length_s:  # a later one is found again
                    members = free[candidate.members]
                    used[members] = True
                    accepted.append(candidate._replace(members=members))
            block_s += length_s
        return accepted

    def _search_block(self, picks: PickArrays, volume: _Volume) -> Iterator[_Candidate]:
        minimum = self._minimum(volume)
        if picks.time.size < minimum[0]:
            return
        n_slots = 2 * volume.network.places.shape[0]
        used = np.zeros(picks.time.size, dtype=np.bool_)
        projection = project_picks(volume.nodes, volume.network, picks, volume.slack)
        scores = scan_nodes(projection, picks, used, minimum, n_slots)
        rejected = 0
        while rejected < _MAX_REJECTED_IN_A_ROW:
            k, middle = next_candidate(scores, projection, picks, used, minimum, n_slots)
            if k < 0:
                return
            origin_s = float(projection.origin[k, middle])
            candidate = self._refine(volume.nodes[k], origin_s, picks, used, volume)
            if candidate is None:
                rejected += 1
                block_neighbourhood(
                    projection,
                    volume.nodes,
                    volume.nodes[k],
                    1.01 * volume.spacing,
                    origin_s,
                    self.max_residual_s + float(volume.slack[1]),
                )
                continue
            rejected = 0
            used[self._shadows(candidate, picks, volume)] = True
            yield candidate

    def _refine(
        self,
        node: FloatArray,
        origin_s: float,
        picks: PickArrays,
        used: NDArray[np.bool_],
        volume: _Volume,
    ) -> _Candidate | None:
        """Return the event near a node, or None where too little supports it."""
        residual_s, tolerance_s = misfits(node, origin_s, volume.network, picks)
        reach_s = 1.5 * (tolerance_s + volume.slack[picks.slot & 1])
        near = np.flatnonzero((np.abs(residual_s) <= reach_s) & ~used)
        return self._fit(node, near, picks, volume)

    def _fit(
        self, node: FloatArray, near: IntArray, picks: PickArrays, volume: _Volume
    ) -> _Candidate | None:
        chosen = _take(picks, near)
        if near.size < self.min_picks:
            return None
        place, origin_s = refine_hypocentre(
            node, volume.spacing, volume.slack, volume.network, chosen, _n_levels(volume)
        )
        residual_s, tolerance_s = misfits(place, origin_s, volume.network, chosen)
        members = _best_in_slot(np.abs(residual_s) / tolerance_s, chosen)
        candidate = _Candidate(place, origin_s, near[members])
        return candidate if self._is_supported(candidate, picks, volume) else None

    def _is_supported(self, candidate: _Candidate, picks: PickArrays, volume: _Volume) -> bool:
        minimum = self._minimum(volume)
        stations = np.unique(picks.slot[candidate.members] >> 1)
        if candidate.members.size < minimum[0] or stations.size < minimum[1]:
            return False
        places = volume.network.places
        distance_km = np.hypot(*(places - candidate.place[:2]).T)
        middle_km = np.median(distance_km[stations])
        near = distance_km <= middle_km
        return bool(np.isin(np.flatnonzero(near), stations).mean() >= self.min_station_share)

    def _shadows(self, candidate: _Candidate, picks: PickArrays, volume: _Volume) -> IntArray:
        """Return an event's picks and those that repeat one of them: same slot, also fitting."""
        residual_s, tolerance_s = misfits(
            candidate.place, candidate.origin_s, volume.network, picks
        )
        repeats = np.isin(picks.slot, picks.slot[candidate.members])
        fits = np.abs(residual_s) <= tolerance_s
        return np.union1d(np.flatnonzero(repeats & fits), candidate.members)

    def _without_chance(
        self, found: Sequence[_Candidate], picks: PickArrays, volume: _Volume
    ) -> list[_Candidate]:
        """Return the events left after dropping, one by one, the most likely chance cluster."""
        is_noise = np.ones(picks.time.size, dtype=np.bool_)
        for event in found:
            is_noise[event.members] = False
        events = list(found)
        chance = [_chance(event, picks, is_noise, volume) for event in events]
        while events and max(chance) > self.max_chance:
            worst = int(np.argmax(chance))
            dropped = events.pop(worst)
            chance.pop(worst)
            is_noise[dropped.members] = True
            for number, event in enumerate(events):
                if abs(event.origin_s - dropped.origin_s) < 2.0 * _NOISE_SPAN_S:
                    chance[number] = _chance(event, picks, is_noise, volume)
        return events

    def _share_out(
        self, found: Sequence[_Candidate], picks: PickArrays, volume: _Volume
    ) -> list[_Candidate]:
        """Return the events after each pick went to the one it fits best, located anew."""
        owners = _best_owner(found, picks, volume)
        fitted = [
            self._fit(event.place, np.flatnonzero(owners == number), picks, volume)
            for number, event in enumerate(found)
        ]
        return [event for event in fitted if event is not None]


def _chance(
    event: _Candidate, picks: PickArrays, is_noise: NDArray[np.bool_], volume: _Volume
) -> float:
    """Return the probability that as many of the picks of no event fit by chance (Poisson)."""
    first, past_last = np.searchsorted(
        picks.time, [event.origin_s - _NOISE_SPAN_S, event.origin_s + _NOISE_SPAN_S]
    )
    noise = first + np.flatnonzero(is_noise[first:past_last])
    n_stations = volume.network.places.shape[0]
    count = np.bincount(picks.slot[noise], minlength=2 * n_stations)
    rate_hz = 0.5 * (count + count.mean()) / (2.0 * _NOISE_SPAN_S)
    distance_km = np.hypot(*(volume.network.places - event.place[:2]).T)
    members = _take(picks, event.members)
    in_range = np.repeat(distance_km <= distance_km[members.slot >> 1].max(), 2)
    _, tolerance_s = misfits(event.place, event.origin_s, volume.network, members)
    expected = 2.0 * float(tolerance_s.mean()) * float(rate_hz[in_range].sum())
    return float(gammainc(event.members.size, expected))


def _match_stations(
    picks: Sequence[Pick], stations: Sequence[Station]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Return (pick, active station) numbers, and the stations that have picks."""
    lookup = StationLookup(stations)
    matched: list[tuple[int, int]] = []
    unknown: set[str] = set()
    for number, pick in enumerate(picks):
        station = lookup.index(pick.network, pick.station)
        if station is None:
            unknown.add(pick.station_code)
        else:
            matched.append((number, station))
    if unknown:
        _log.warning("no coordinates for %s; their picks stay alone", ", ".join(sorted(unknown)))
    active = sorted({station for _, station in matched})
    position = {station: number for number, station in enumerate(active)}
    return [(number, position[station]) for number, station in matched], active


def _slack_s(grid: SearchGrid, times_s: FloatArray, steps: FloatArray) -> FloatArray:
    """Return how far P and S times may be off half a cell away from a node, in seconds."""
    slowness = np.array(
        [
            [
                np.percentile(np.abs(np.diff(times_s[phase], axis=1)), 95) / steps[0],
                np.percentile(np.abs(np.diff(times_s[phase], axis=2)), 75) / steps[1],
            ]
            for phase in range(len(PHASES))
        ]
    )
    half_km = 0.5 * np.array([np.sqrt(2.0) * grid.spacing_km, grid.depth_spacing_km])
    # origin time takes up what all stations share: measured, six tenths of the rest remain
    return np.asarray(0.6 * np.hypot(*(slowness * half_km).T), dtype=np.float64)


def _n_levels(volume: _Volume) -> int:
    """Return how often to halve the spacing until it adds less than 20 ms of slack to P."""
    return int(np.clip(np.ceil(np.log2(volume.slack[0] / 0.02)), 3, 9))


def _take(picks: PickArrays, numbers: IntArray) -> PickArrays:
    return PickArrays(
        time=picks.time[numbers],
        slot=picks.slot[numbers],
        weight=picks.weight[numbers],
        tolerance=picks.tolerance[numbers],
    )


def _best_in_slot(misfit: FloatArray, picks: PickArrays) -> IntArray:
    """Return the numbers of the fitting picks, the best one of each slot, in order of time."""
    value = np.where(misfit <= 1.0, picks.weight * (1.0 - 0.5 * misfit**2), 0.0)
    best: dict[int, int] = {}
    for number in np.flatnonzero(value > 0.0):
        slot = int(picks.slot[number])
        if slot not in best or value[number] > value[best[slot]]:
            best[slot] = int(number)
    return np.array(sorted(best.values()), dtype=np.int64)


def _best_owner(events: Sequence[_Candidate], picks: PickArrays, volume: _Volume) -> IntArray:
    """Return for each pick the number of the event it fits best, -1 for none."""
    owner = np.full(picks.time.size, -1, dtype=np.int64)
    least = np.full(picks.time.size, 1.0)
    for number, event in enumerate(events):
        first, past_last = np.searchsorted(
            picks.time, [event.origin_s - 5.0, event.origin_s + 1.2 * volume.max_time_s + 5.0]
        )
        window = np.arange(first, past_last)
        residual_s, tolerance_s = misfits(
            event.place, event.origin_s, volume.network, _take(picks, window)
        )
        misfit = np.abs(residual_s) / tolerance_s
        better = misfit <= least[window]
        owner[window[better]] = number
        least[window[better]] = misfit[better]
    return owner
