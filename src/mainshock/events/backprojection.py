"""Back-projection of picks to origin times: the compiled inner loops of grid association.

A *slot* is one phase of one station, ``2 * station + phase`` with 0 for P and 1 for S; an event
has one pick a slot. All times are seconds since the start of a block, all lengths km.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "MAX_MISFIT",
    "NetworkTables",
    "PickArrays",
    "Projection",
    "Search",
    "block_neighbourhood",
    "misfits",
    "next_candidate",
    "refine_hypocentre",
    "scan_nodes",
    "score_hypocentre",
    "travel_times_s",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
MAX_MISFIT = 3.0
F = TypeVar("F", bound=Callable[..., object])


def _compile(function: F) -> F:
    """Return the function compiled to machine code, kept on disk between runs."""
    return cast(F, njit(cache=True, nogil=True)(function))


class NetworkTables(NamedTuple):
    """Stations, their travel times, and how surely they see an event.

    Parameters
    ----------
    places
        East and north of the stations in km, shape ``(n_stations, 2)``.
    receiver
        Which table each station uses, shape ``(n_stations,)``.
    times
        Seconds, shape ``(2, n_receivers, n_distances, n_depths)``; P, then S.
    steps
        Spacing of the last two axes of ``times`` in km.
    growth
        Standard deviation in seconds for each second of travel time.
    limits
        West, east, south, north and lower edge of the volume in km.
    miss
        What a phase that was not picked takes from the score of an event.
    """

    places: FloatArray
    receiver: IntArray
    times: FloatArray
    steps: FloatArray
    growth: float
    limits: FloatArray
    miss: float


class PickArrays(NamedTuple):
    """Picks in order of time, each field of shape ``(n,)``.

    Parameters
    ----------
    time
        Seconds.
    slot
        Station and phase.
    weight
        Logarithm of how much likelier an event makes a pick here, for a standard deviation of 1 s.
    sigma
        The part of the standard deviation that does not depend on distance, seconds.
    probability
        As the picker states it.
    """

    time: FloatArray
    slot: IntArray
    weight: FloatArray
    sigma: FloatArray
    probability: FloatArray


class Search(NamedTuple):
    """What events are looked for with.

    Parameters
    ----------
    nodes
        East, north and depth of the trial hypocentres in km, shape ``(n_nodes, 3)``.
    network, picks
        Stations and what they picked.
    slack
        Seconds that P and S may be off because nodes stand apart, shape ``(2,)``.
    minimum
        Least number of picks and of stations, shape ``(2,)``.
    """

    nodes: FloatArray
    network: NetworkTables
    picks: PickArrays
    slack: FloatArray
    minimum: IntArray


class Projection(NamedTuple):
    """Origin times that the picks imply at one node, the first three of shape ``(n_picks,)``.

    Parameters
    ----------
    origin
        Seconds, sorted.
    sigma
        Standard deviation, seconds.
    number
        Which pick it is.
    order
        Stations from near to far, shape ``(n_stations,)``.
    """

    origin: FloatArray
    sigma: FloatArray
    number: IntArray
    order: IntArray


@_compile
def _predicted_s(network: NetworkTables, slot: int, place: FloatArray) -> float:
    """Return the travel time from a hypocentre to a slot, interpolated linearly."""
    station = slot >> 1
    times = network.times[slot & 1, network.receiver[station]]
    i = (
        np.hypot(place[0] - network.places[station, 0], place[1] - network.places[station, 1])
        / network.steps[0]
    )
    j = place[2] / network.steps[1]
    i0 = min(int(i), times.shape[0] - 2)
    j0 = min(int(j), times.shape[1] - 2)
    a = i - i0
    b = j - j0
    near = times[i0, j0] * (1.0 - b) + times[i0, j0 + 1] * b
    far = times[i0 + 1, j0] * (1.0 - b) + times[i0 + 1, j0 + 1] * b
    return float(near * (1.0 - a) + far * a)


@_compile
def travel_times_s(network: NetworkTables, station: int, nodes: FloatArray) -> FloatArray:
    """Return the times of P and S from each node to a station, shape ``(n_nodes, 2)``."""
    times = np.empty((nodes.shape[0], 2))
    for k in range(nodes.shape[0]):
        for phase in range(2):
            times[k, phase] = _predicted_s(network, 2 * station + phase, nodes[k])
    return times


@_compile
def _from_near_to_far(place: FloatArray, network: NetworkTables) -> IntArray:
    east = network.places[:, 0] - place[0]
    north = network.places[:, 1] - place[1]
    return np.argsort(east * east + north * north)


@_compile
def _spread_s(fixed_s: float, predicted_s: float, growth: float, slack_s: float) -> float:
    return float(np.sqrt(fixed_s**2 + (growth * predicted_s) ** 2 + slack_s**2))


@_compile
def _project_picks(node: FloatArray, search: Search) -> Projection:
    """Return the origin times of all picks at a node.

    It is done anew for each look at a node: kept for all nodes, it would be 20 MB and more.
    """
    network, picks = search.network, search.picks
    predicted = np.empty(2 * network.places.shape[0])
    for slot in range(predicted.size):
        predicted[slot] = _predicted_s(network, slot, node)
    start = np.empty(picks.time.size)
    for i in range(start.size):
        start[i] = picks.time[i] - predicted[picks.slot[i]]
    number = np.argsort(start)
    sigma = np.empty(picks.time.size)
    for i in range(start.size):
        slot = picks.slot[number[i]]
        sigma[i] = _spread_s(
            picks.sigma[number[i]], predicted[slot], network.growth, search.slack[slot & 1]
        )
    return Projection(start[number], sigma, number, _from_near_to_far(node, network))


@_compile
def _gain(weight: float, residual: float, sigma: float) -> float:
    """Return what a pick adds to the score of an event; not above 0: it does not fit."""
    misfit = residual / sigma
    if abs(misfit) > MAX_MISFIT:
        return 0.0
    return float(weight - np.log(sigma) - 0.5 * misfit * misfit)


@_compile
def _sum_up(gain: FloatArray, order: IntArray, miss: float, minimum: IntArray) -> tuple[float, int]:
    """Return the score of an event and how many stations, from near to far, it reaches.

    ``gain`` is what the pick in each slot adds, 0 where none fits. An event is as large as makes
    its picks most likely: it reaches up to the station where the sum of gains and misses is
    highest. The score is 0 where it has too few picks or stations.
    """
    total = 0.0
    best = 0.0
    reach = 0
    n_picks = 0
    n_stations = 0
    for rank in range(order.size):
        p = gain[2 * order[rank]]
        s = gain[2 * order[rank] + 1]
        total += p if p > 0.0 else -miss
        total += s if s > 0.0 else -miss
        n_picks += (1 if p > 0.0 else 0) + (1 if s > 0.0 else 0)
        n_stations += 1 if p > 0.0 or s > 0.0 else 0
        if total > best and n_picks >= minimum[0] and n_stations >= minimum[1]:
            best = total
            reach = rank + 1
    return best, reach


@_compile
def _cluster_score(
    centre: int, projection: Projection, search: Search, used: BoolArray, gain: FloatArray
) -> float:
    """Return the score of the picks around one origin time; 0 where they are too few."""
    origin, sigma, number, order = projection
    picks = search.picks
    reach_s = MAX_MISFIT * sigma.max()
    first = centre
    while first > 0 and origin[centre] - origin[first - 1] <= reach_s:
        first -= 1
    i = first
    while i < origin.size and origin[i] - origin[centre] <= reach_s:
        j = number[i]
        if not used[j]:
            value = _gain(picks.weight[j], origin[i] - origin[centre], sigma[i])
            gain[picks.slot[j]] = max(gain[picks.slot[j]], value)
        i += 1
    score, _ = _sum_up(gain, order, search.network.miss, search.minimum)
    for j in number[first:i]:
        gain[picks.slot[j]] = 0.0
    return score


@_compile
def _scan_node(
    k: int, search: Search, used: BoolArray, blocked: BoolArray, gain: FloatArray
) -> tuple[float, float]:
    """Return the best score of a node and the origin time of its cluster's middle; 0: none."""
    projection = _project_picks(search.nodes[k], search)
    best = 0.0
    best_origin = 0.0
    for centre in range(projection.origin.size):
        j = projection.number[centre]
        if used[j] or blocked[k, j]:
            continue
        score = _cluster_score(centre, projection, search, used, gain)
        if score > best:
            best = score
            best_origin = projection.origin[centre]
    return best, best_origin


@_compile
def scan_nodes(search: Search, used: BoolArray, blocked: BoolArray) -> FloatArray:
    """Return the best score of every node, shape ``(n_nodes,)``; 0 where there is no cluster.

    Parameters
    ----------
    used
        Picks to pass over, shape ``(n_picks,)``.
    blocked
        Picks around which a node has no event, shape ``(n_nodes, n_picks)``.
    """
    gain = np.zeros(2 * search.network.places.shape[0])
    scores = np.empty(search.nodes.shape[0])
    for k in range(scores.size):
        scores[k] = _scan_node(k, search, used, blocked, gain)[0]
    return scores


@_compile
def next_candidate(
    scores: FloatArray, search: Search, used: BoolArray, blocked: BoolArray
) -> tuple[int, float]:
    """Return the node and the origin time of the best cluster left; node -1: there is none.

    Taking picks away can only lower a score. So a node whose stale score is the highest and stays
    as it is when computed anew is the best of all, and nothing else needs to be looked at.
    """
    gain = np.zeros(2 * search.network.places.shape[0])
    while True:
        k = int(np.argmax(scores))
        if scores[k] <= 0.0:
            return -1, 0.0
        fresh, origin = _scan_node(k, search, used, blocked, gain)
        if fresh > 0.0 and fresh >= scores[k] - 1e-9:
            return k, origin
        scores[k] = fresh


@_compile
def block_neighbourhood(
    blocked: BoolArray,
    search: Search,
    place: FloatArray,
    radius: FloatArray,
    origin: float,
    reach: float,
) -> None:
    """Rule out clusters near a rejected hypocentre and origin time, in ``blocked``."""
    nodes, picks = search.nodes, search.picks
    for k in range(nodes.shape[0]):
        if (
            abs(nodes[k, 0] - place[0]) <= radius[0]
            and abs(nodes[k, 1] - place[1]) <= radius[0]
            and abs(nodes[k, 2] - place[2]) <= radius[1]
        ):
            for i in range(picks.time.size):
                start = picks.time[i] - _predicted_s(search.network, picks.slot[i], nodes[k])
                if abs(start - origin) <= reach:
                    blocked[k, i] = True


@_compile
def _best_in_slots(
    start: FloatArray, sigma: FloatArray, origin: float, picks: PickArrays, gain: FloatArray
) -> IntArray:
    """Return the best pick of each slot for an origin time, -1 for none; fill in their gains."""
    gain[:] = 0.0
    member = np.full(gain.size, -1)
    for i in range(start.size):
        value = _gain(picks.weight[i], start[i] - origin, sigma[i])
        if value > gain[picks.slot[i]]:
            gain[picks.slot[i]] = value
            member[picks.slot[i]] = i
    return member


@_compile
def _within_reach(member: IntArray, order: IntArray, reach: int) -> IntArray:
    """Return the picks of the stations that the event reaches, in order of time."""
    for rank in range(reach, order.size):
        member[2 * order[rank]] = -1
        member[2 * order[rank] + 1] = -1
    return np.sort(member[member >= 0])


@_compile
def _best_origin(
    start: FloatArray,
    sigma: FloatArray,
    order: IntArray,
    picks: PickArrays,
    minimum: IntArray,
    miss: float,
) -> tuple[float, float]:
    """Return score and origin time of the best cluster among few picks."""
    gain = np.zeros(2 * order.size)
    best = 0.0
    best_origin = start[0]
    for middle in start:
        origin = middle
        for _turn in range(2):
            member = _best_in_slots(start, sigma, origin, picks, gain)
            score, reach = _sum_up(gain, order, miss, minimum)
            if score > best:
                best = score
                best_origin = origin
            if score <= 0.0:
                break
            kept = _within_reach(member, order, reach)
            share = 1.0 / sigma[kept] ** 2
            origin = np.sum(share * start[kept]) / np.sum(share)
    return best, best_origin


@_compile
def misfits(
    place: FloatArray,
    origin: float,
    slack: FloatArray,
    network: NetworkTables,
    picks: PickArrays,
) -> tuple[FloatArray, FloatArray]:
    """Return residuals and standard deviations of picks for an origin, in seconds."""
    residual = np.empty(picks.time.size)
    sigma = np.empty(picks.time.size)
    for i in range(residual.size):
        predicted = _predicted_s(network, picks.slot[i], place)
        residual[i] = picks.time[i] - origin - predicted
        sigma[i] = _spread_s(picks.sigma[i], predicted, network.growth, slack[picks.slot[i] & 1])
    return residual, sigma


@_compile
def score_hypocentre(
    place: FloatArray,
    origin: float,
    network: NetworkTables,
    picks: PickArrays,
    minimum: IntArray,
) -> tuple[float, IntArray]:
    """Return the score of an origin and the numbers of its picks, in order of time."""
    residual, sigma = misfits(place, origin, np.zeros(2), network, picks)
    gain = np.zeros(2 * network.places.shape[0])
    member = _best_in_slots(residual, sigma, 0.0, picks, gain)
    order = _from_near_to_far(place, network)
    score, reach = _sum_up(gain, order, network.miss, minimum)
    return score, _within_reach(member, order, reach)


@_compile
def _trial_place(
    centre: FloatArray, step: int, spacing: FloatArray, limits: FloatArray
) -> FloatArray:
    """Return one of the 27 neighbours of a place, kept inside the volume."""
    place = np.empty(3)
    place[0] = centre[0] + (step // 9 - 1) * spacing[0]
    place[1] = centre[1] + (step // 3 % 3 - 1) * spacing[0]
    place[2] = centre[2] + (step % 3 - 1) * spacing[1]
    place[0] = min(max(place[0], limits[0]), limits[1])
    place[1] = min(max(place[1], limits[2]), limits[3])
    place[2] = min(max(place[2], 0.0), limits[4])
    return place


@_compile
def refine_hypocentre(
    node: FloatArray,
    spacing: FloatArray,
    slack: FloatArray,
    network: NetworkTables,
    picks: PickArrays,
    minimum: IntArray,
    n_levels: int,
) -> tuple[FloatArray, float]:
    """Return hypocentre and origin time of the best score, by ever finer steps around a node.

    ``spacing`` of the nodes is given along the surface and in depth; it is halved ``n_levels``
    times, and ``slack`` with it.
    """
    centre = node.copy()
    best_origin = 0.0
    scale = 1.0
    for _ in range(n_levels):
        scale *= 0.5
        best = -1.0
        best_place = centre
        for turn in range(3):
            for step in range(27):
                place = _trial_place(centre, step, spacing * scale, network.limits)
                order = _from_near_to_far(place, network)
                start, sigma = misfits(place, 0.0, scale * slack, network, picks)
                score, origin = _best_origin(start, sigma, order, picks, minimum, network.miss)
                if score > best + 1e-9:
                    best = score
                    best_origin = origin
                    best_place = place
            if turn > 0 and np.all(best_place == centre):
                break
            centre = best_place
    return centre, best_origin
