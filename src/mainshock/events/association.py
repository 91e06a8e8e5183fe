"""Association of a network's picks by back-projection on a grid of trial hypocentres."""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.records import PHASES, Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.events.backprojection import (
    MAX_MISFIT,
    NetworkTables,
    PickArrays,
    Search,
    block_neighbourhood,
    misfits,
    next_candidate,
    refine_hypocentre,
    scan_nodes,
    score_hypocentre,
)
from mainshock.events.base import AssociationResult, TravelTimes
from mainshock.events.duplicates import SortedTimes
from mainshock.events.geometry import StationLookup
from mainshock.events.kept_answers import KeptAnswers, digest
from mainshock.events.lone_pairs import find_lone_pairs
from mainshock.events.pick_rates import pick_rate_hz, sum_around
from mainshock.events.search_grid import SearchGrid, build_search_grid, tabulate_travel_times
from mainshock.events.single_station import SINGLE_STATION_FLAG, SingleStationAssociator

__all__ = ["GridAssociator"]

_log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MAX_REJECTED_IN_A_ROW = 60
_NOISE_SPAN_S = 300.0
_DAY_S = 86_400.0
_WORTH_REFINING = 0.5
_REFERENCE_STATIONS = 4
_ODDS_POWER = 2.0  # with 1, noise alone makes an event of ten stations every half hour
_MAX_PICK_SIGMA_S = 0.5
_MIN_PROBABILITY = 0.05


class _Candidate(NamedTuple):
    """A trial event: east, north, depth in km, origin in seconds, its picks and their score."""

    place: FloatArray
    origin_s: float
    members: IntArray
    score: float
    is_pair: bool = False


class _Volume(NamedTuple):
    """The grid as the compiled loops need it."""

    nodes: FloatArray
    spacing: FloatArray
    slack: FloatArray
    network: NetworkTables
    max_time_s: float
    identity: bytes = b""


@dataclass(frozen=True, slots=True)
class GridAssociator:
    r"""Groups picks that one hypocentre and origin time explain, the best supported event first.

    Parameters
    ----------
    min_picks, min_stations
        Least number of picks and of stations of an event that several stations see. Where only one
        station has picks at all, P and S are paired as ``SingleStationAssociator`` does it, and
        the fields below play no part.
    min_score
        Least score of an event in a network of four stations and in picks of which at least half
        are of events; see the notes.
    residual_sd_s, residual_growth
        Standard deviation of a residual beside that of the pick: a constant, and a share of the
        travel time, which allows for a wrong velocity.
    detection
        How likely a phase within the reach of an event is picked.
    min_interval_s
        Origins nearer in time are taken for one source, and the better supported one stays.
    min_pair_probability
        Least probability (P times S) of a pair of P and S that one station sees alone. 1 or so
        turns such events off.
    margin_km
        How far beyond the network events are sought; None: as far as the network is wide, at
        least 15 km.
    max_depth_km
        Depth of the lowest trial hypocentre.
    n_horizontal
        Nodes along the longer side of the grid.
    kept
        Where parts of the last answers are kept, for calls over mostly the same picks; the
        answers are the same. None: nothing is kept.

    Notes
    -----
    Every pick implies an origin time at every node. The score of a cluster of origin times is the
    logarithm of how much likelier an event makes the picks than their rate does: a pick of
    probability :math:`p` and residual :math:`r` adds

    .. math:: \ln \frac{D p}{\lambda \sqrt{2 \pi} \sigma} - \frac{r^2}{2 \sigma^2}

    with the rate :math:`\lambda` of the picks of its phase at its station, and a phase that was not
    picked takes :math:`-\ln(1 - D)` away, up to the distance that suits the event best. The best
    cluster is refined to a hypocentre off the grid, accepted if its score is high enough, and its
    picks are taken; this repeats until nothing is left. In the end picks that fit several events go
    to the one they fit best. Where most picks around are of no event, the score must be higher by
    twice the logarithm of those odds. Pairs of P and S left over at a station are events too where
    every other station may be too far. Work is done in blocks of time: the cost grows linearly
    with the length of the record.

    Raises
    ------
    SettingsError
        If a field makes no sense.
    """

    min_picks: int = 3
    min_stations: int = 2
    min_score: float = 9.0
    residual_sd_s: float = 0.15
    residual_growth: float = 0.04
    detection: float = 0.6
    min_interval_s: float = 2.0
    min_pair_probability: float = 0.4
    margin_km: float | None = None
    max_depth_km: float = 30.0
    n_horizontal: int = 24
    kept: KeptAnswers | None = field(default=None, repr=False, compare=False)
    name: str = field(default="grid", init=False)

    def __post_init__(self) -> None:
        limits = {
            "min_picks": (2, 1000),
            "min_stations": (1, 1000),
            "min_score": (0.0, 1e6),
            "residual_sd_s": (0.01, 60.0),
            "residual_growth": (0.0, 1.0),
            "detection": (0.01, 0.99),
            "min_interval_s": (0.0, 3600.0),
            "min_pair_probability": (0.0, 1.0),
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
        if self.kept is not None:
            self.kept.begin()
        ordered = sorted(picks, key=lambda pick: pick.time)
        usable, active = _match_stations(ordered, stations)
        if len(active) <= 1:
            return SingleStationAssociator().associate(ordered, stations, travel_times)
        volume = _volume(self, [stations[number] for number in active], travel_times)
        arrays = self._arrays([ordered[i] for i, _ in usable], [s for _, s in usable])
        found = self._search(arrays, volume)
        for _ in range(2):
            found = _one_per_source(found, self.min_interval_s)
            found = self._share_out(found, arrays, volume)
        found = self._without_chance(_one_per_source(found, self.min_interval_s), arrays, volume)
        found = [*found, *_lone_pairs(found, arrays, volume, self.min_pair_probability)]
        found = _one_per_source(found, self.min_interval_s)
        found.sort(key=lambda candidate: candidate.origin_s)
        groups = [[ordered[usable[i][0]] for i in candidate.members] for candidate in found]
        taken = {usable[i][0] for candidate in found for i in candidate.members}
        return AssociationResult(
            groups=groups,
            unassociated=[pick for i, pick in enumerate(ordered) if i not in taken],
            flags=[(SINGLE_STATION_FLAG,) if event.is_pair else () for event in found],
        )

    def _arrays(self, picks: Sequence[Pick], stations: Sequence[int]) -> PickArrays:
        time_s = np.array([to_posix_s(pick.time) for pick in picks])
        time_s -= math.floor(time_s[0] / _DAY_S) * _DAY_S
        phase = np.array([PHASES.index(pick.phase) for pick in picks], dtype=np.int64)
        slot = 2 * np.array(stations, dtype=np.int64) + phase
        sigma_s = np.array([min(pick.sigma_s, _MAX_PICK_SIGMA_S) for pick in picks])
        probability = np.array([max(pick.probability, _MIN_PROBABILITY) for pick in picks])
        density_hz = self.detection * probability / math.sqrt(2.0 * math.pi)
        return PickArrays(
            time=time_s,
            slot=slot,
            weight=np.log(density_hz / pick_rate_hz(time_s, slot, probability)),
            sigma=np.hypot(self.residual_sd_s, sigma_s),
            probability=probability,
        )

    def _minimum(self, volume: _Volume) -> IntArray:
        n_stations = min(self.min_stations, volume.network.places.shape[0])
        return np.array([self.min_picks, n_stations], dtype=np.int64)

    def _least_score(self, volume: _Volume) -> float:
        """Return the score asked for; with more stations there are more clusters by chance."""
        n_stations = volume.network.places.shape[0]
        return self.min_score + math.log(max(n_stations / _REFERENCE_STATIONS, 1.0))

    def _search(self, picks: PickArrays, volume: _Volume) -> list[_Candidate]:
        """Return the accepted events, block after block of origin time."""
        length_s = max(30.0, 2.0 * volume.max_time_s)
        pad_s = 2.0 + 0.5 * volume.max_time_s
        reach_s = length_s + pad_s + volume.max_time_s
        used = np.zeros(picks.time.size, dtype=np.bool_)
        accepted: list[_Candidate] = []
        # blocks lie at fixed times of day, so that a longer record does not shift them; those that
        # reach no pick are passed over, as a pick of a wrong year has millions before it
        block_s = math.floor((picks.time[0] - volume.max_time_s) / length_s) * length_s
        while block_s <= picks.time[-1]:
            first, past_last = np.searchsorted(
                picks.time,
                [block_s - pad_s, block_s + length_s + pad_s + volume.max_time_s],
            )
            free = first + np.flatnonzero(~used[first:past_last])
            for candidate in self._found_in_block(_take(picks, free), volume):
                if candidate.origin_s < block_s + length_s:  # a later one is found again
                    members = free[candidate.members]
                    used[members] = True
                    accepted.append(candidate._replace(members=members))
            block_s += length_s
            empty_s = _next_after_s(picks.time, block_s - pad_s) - block_s - reach_s
            block_s += length_s * max(float(np.floor(empty_s / length_s)), 0.0)
        return accepted

    def _found_in_block(self, picks: PickArrays, volume: _Volume) -> Iterable[_Candidate]:
        if self.kept is None:
            return self._search_block(picks, volume)
        question = digest(volume.identity, *picks)
        return self.kept.answer(question, lambda: list(self._search_block(picks, volume)))

    def _search_block(self, picks: PickArrays, volume: _Volume) -> Iterator[_Candidate]:
        minimum = self._minimum(volume)
        if picks.time.size < minimum[0]:
            return
        search = Search(volume.nodes, volume.network, picks, volume.slack, minimum)
        used = np.zeros(picks.time.size, dtype=np.bool_)
        blocked = np.zeros((volume.nodes.shape[0], picks.time.size), dtype=np.bool_)
        scores = scan_nodes(search, used, blocked)
        rejected = 0
        while rejected < _MAX_REJECTED_IN_A_ROW:
            k, origin_s = next_candidate(scores, search, used, blocked)
            if k < 0 or scores[k] < _WORTH_REFINING * self._least_score(volume):
                return
            candidate = self._refine(volume.nodes[k], origin_s, picks, used, volume)
            if candidate is None:
                rejected += 1
                block_neighbourhood(
                    blocked,
                    search,
                    volume.nodes[k],
                    1.01 * volume.spacing,
                    origin_s,
                    self.residual_sd_s + float(volume.slack[1]),
                )
                continue
            rejected = 0
            used[_shadows(candidate, picks, volume)] = True
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
        residual_s, sigma_s = misfits(node, origin_s, 1.5 * volume.slack, volume.network, picks)
        near = np.flatnonzero((np.abs(residual_s) <= MAX_MISFIT * sigma_s) & ~used)
        return self._fit(node, near, picks, volume)

    def _fit(
        self, node: FloatArray, near: IntArray, picks: PickArrays, volume: _Volume
    ) -> _Candidate | None:
        """Return the best event that the picks near a place make, or None if it is too weak."""
        if near.size < self.min_picks:
            return None
        chosen, minimum = _take(picks, near), self._minimum(volume)
        place, origin_s = refine_hypocentre(
            node, volume.spacing, volume.slack, volume.network, chosen, minimum, _n_levels(volume)
        )
        score, members = score_hypocentre(place, origin_s, volume.network, chosen, minimum)
        if score < self._least_score(volume):
            return None
        return _Candidate(place, origin_s, near[members], score)

    def _fit_again(
        self, place: FloatArray, near: IntArray, picks: PickArrays, volume: _Volume
    ) -> _Candidate | None:
        """Return what :meth:`_fit` finds, or found before in the same picks."""
        if self.kept is None:
            return self._fit(place, near, picks, volume)
        chosen = _take(picks, near)
        found = self.kept.answer(
            digest(b"fit", volume.identity, place, *chosen),
            lambda: self._fit(place, np.arange(near.size), chosen, volume),
        )
        return None if found is None else found._replace(members=near[found.members])

    def _without_chance(
        self, found: Sequence[_Candidate], picks: PickArrays, volume: _Volume
    ) -> list[_Candidate]:
        """Return the events left after dropping, one by one, the weakest among the most noise.

        Where most picks are of no event, an event must be better supported, by twice the
        logarithm of the odds against a pick's being of one.
        """
        events = list(found)
        in_event = np.zeros(picks.time.size)
        for event in events:
            in_event[event.members] = 1.0
        everything = np.ones(picks.time.size)
        n_around = sum_around(picks.time, everything, _NOISE_SPAN_S)
        while events:
            n_taken = sum_around(picks.time, in_event, _NOISE_SPAN_S)
            odds = np.maximum((n_around - n_taken) / np.maximum(n_taken, 1.0), 1.0)
            wanted = _ODDS_POWER * np.log(odds)
            surplus = [event.score - wanted[event.members[0]] for event in events]
            weakest = int(np.argmin(surplus))
            if surplus[weakest] >= self._least_score(volume):
                break
            in_event[events.pop(weakest).members] = 0.0
        return events

    def _share_out(
        self, found: Sequence[_Candidate], picks: PickArrays, volume: _Volume
    ) -> list[_Candidate]:
        """Return the events after each pick went to the one it fits best, located anew."""
        owners = _best_owner(found, picks, volume)
        fitted = [
            self._fit_again(event.place, np.flatnonzero(owners == number), picks, volume)
            for number, event in enumerate(found)
        ]
        return [event for event in fitted if event is not None]


def _volume(of: GridAssociator, stations: Sequence[Station], travel_times: TravelTimes) -> _Volume:
    """Return the grid around some stations, with travel times."""
    grid = build_search_grid(stations, of.margin_km, of.max_depth_km, of.n_horizontal)
    table = tabulate_travel_times(grid, travel_times)
    edges = [*grid.east_km[[0, -1]], *grid.north_km[[0, -1]], grid.depth_km[-1]]
    network = NetworkTables(
        places=np.stack([grid.station_east_km, grid.station_north_km], axis=1),
        receiver=table.receiver,
        times=table.time_s,
        steps=np.array([table.distance_step_km, table.depth_step_km]),
        growth=of.residual_growth,
        limits=np.array(edges),
        miss=-math.log1p(-of.detection),
    )
    volume = _Volume(
        nodes=grid.nodes(),
        spacing=np.array([grid.spacing_km, grid.depth_spacing_km]),
        slack=_slack_s(grid, table.time_s, network.steps),
        network=network,
        max_time_s=table.max_time_s,
    )
    if of.kept is not None:
        identity = digest(repr(of).encode(), volume.nodes, volume.slack, *network)
        return volume._replace(identity=identity)
    return volume


def _lone_pairs(
    found: Sequence[_Candidate], picks: PickArrays, volume: _Volume, least: float
) -> list[_Candidate]:
    """Return the pairs of one station in the picks of no event, of at least some probability."""
    free = np.ones(picks.time.size, dtype=np.bool_)
    for event in found:
        free[event.members] = False
    pairs = find_lone_pairs(picks, free, volume.nodes, volume.network, least)
    return [
        _Candidate(np.zeros(3), pair.origin_s, pair.members, pair.certainty, is_pair=True)
        for pair in pairs
    ]


def _next_after_s(time_s: FloatArray, start_s: float) -> float:
    """Return the first of some times, in order, from a start on; infinity where none is left."""
    following = int(np.searchsorted(time_s, start_s))
    return float(time_s[following]) if following < time_s.size else math.inf


def _shadows(candidate: _Candidate, picks: PickArrays, volume: _Volume) -> IntArray:
    """Return an event's picks and those that repeat one of them: same slot, also fitting."""
    residual_s, sigma_s = misfits(
        candidate.place, candidate.origin_s, np.zeros(2), volume.network, picks
    )
    repeats = np.isin(picks.slot, picks.slot[candidate.members])
    fits = np.abs(residual_s) <= MAX_MISFIT * sigma_s
    return np.union1d(np.flatnonzero(repeats & fits), candidate.members)


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
        sigma=picks.sigma[numbers],
        probability=picks.probability[numbers],
    )


def _best_owner(events: Sequence[_Candidate], picks: PickArrays, volume: _Volume) -> IntArray:
    """Return for each pick the number of the event it fits best, -1 for none."""
    owner = np.full(picks.time.size, -1, dtype=np.int64)
    least = np.full(picks.time.size, MAX_MISFIT)
    for number, event in enumerate(events):
        first, past_last = np.searchsorted(
            picks.time, [event.origin_s - 5.0, event.origin_s + 1.2 * volume.max_time_s + 5.0]
        )
        window = np.arange(first, past_last)
        residual_s, sigma_s = misfits(
            event.place, event.origin_s, np.zeros(2), volume.network, _take(picks, window)
        )
        misfit = np.abs(residual_s) / sigma_s
        better = misfit <= least[window]
        owner[window[better]] = number
        least[window[better]] = misfit[better]
    return owner


def _one_per_source(found: Sequence[_Candidate], min_interval_s: float) -> list[_Candidate]:
    """Return the events without the weaker one of two whose origins are too close in time."""
    kept: list[_Candidate] = []
    taken = SortedTimes()
    for event in sorted(found, key=lambda event: (event.is_pair, -event.score)):
        if taken.gap_s(event.origin_s) >= min_interval_s:
            taken.add(event.origin_s)
            kept.append(event)
    return kept
