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
    "NetworkTables",
    "PickArrays",
    "Projection",
    "block_neighbourhood",
    "misfits",
    "next_candidate",
    "project_picks",
    "refine_hypocentre",
    "scan_nodes",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])


def _compile(function: F) -> F:
    """Return the function compiled to machine code, kept on disk between runs."""
    return cast(F, njit(cache=True)(function))


class NetworkTables(NamedTuple):
    """Stations and their travel times.

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
        Tolerance in seconds for each second of travel time.
    limits
        West, east, south, north and lower edge of the volume in km.
    """

    places: FloatArray
    receiver: IntArray
    times: FloatArray
    steps: FloatArray
    growth: float
    limits: FloatArray


class PickArrays(NamedTuple):
    """Picks in order of time, each field of shape ``(n,)``.

    Parameters
    ----------
    time
        Seconds.
    slot
        Station and phase.
    weight
        Probability of the pick.
    tolerance
        The part of the largest residual that does not depend on distance, seconds.
    """

    time: FloatArray
    slot: IntArray
    weight: FloatArray
    tolerance: FloatArray


class Projection(NamedTuple):
    """Origin times that the picks imply at each node, each field ``(n_nodes, n_picks)``.

    Parameters
    ----------
    origin
        Seconds, sorted along the last axis.
    tolerance
        Largest residual, seconds.
    number
        Which pick it is.
    blocked
        Whether a cluster around it was rejected before.
    """

    origin: FloatArray
    tolerance: FloatArray
    number: IntArray
    blocked: BoolArray


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
def project_picks(
    nodes: FloatArray, network: NetworkTables, picks: PickArrays, slack: FloatArray
) -> Projection:
    """Return the origin times of all picks at all nodes.

    ``slack`` holds the seconds that P and S may be off because nodes stand apart.
    """
    shape = (nodes.shape[0], picks.time.size)
    origin = np.empty(shape)
    tolerance = np.empty(shape)
    number = np.empty(shape, np.int64)
    predicted = np.empty(2 * network.places.shape[0])
    start = np.empty(picks.time.size)
    for k in range(nodes.shape[0]):
        for slot in range(predicted.size):
            predicted[slot] = _predicted_s(network, slot, nodes[k])
        for i in range(start.size):
            start[i] = picks.time[i] - predicted[picks.slot[i]]
        order = np.argsort(start)
        for i in range(start.size):
            j = order[i]
            slot = picks.slot[j]
            number[k, i] = j
            origin[k, i] = start[j]
            tolerance[k, i] = (
                picks.tolerance[j] + network.growth * predicted[slot] + slack[slot & 1]
            )
    return Projection(origin, tolerance, number, np.zeros(shape, np.bool_))


@_compile
def _cluster_score(
    centre: int,
    node: Projection,
    reach: float,
    picks: PickArrays,
    used: BoolArray,
    minimum: IntArray,
    best_in_slot: FloatArray,
) -> float:
    """Return the weight of the picks around one origin time; 0 where they are too few."""
    middle = node.origin[centre]
    first = centre
    while first > 0 and middle - node.origin[first - 1] <= reach:
        first -= 1
    score = 0.0
    n_picks = 0
    n_stations = 0
    i = first
    while i < node.origin.size and node.origin[i] - middle <= reach:
        j = node.number[i]
        misfit = abs(node.origin[i] - middle) / node.tolerance[i]
        if not used[j] and misfit <= 1.0:
            value = picks.weight[j] * (1.0 - 0.5 * misfit * misfit)
            before = best_in_slot[picks.slot[j]]
            if before == 0.0:
                n_picks += 1
                n_stations += 1 if best_in_slot[picks.slot[j] ^ 1] == 0.0 else 0
            if value > before:
                score += value - before
                best_in_slot[picks.slot[j]] = value
        i += 1
    for j in node.number[first:i]:
        best_in_slot[picks.slot[j]] = 0.0
    return score if n_picks >= minimum[0] and n_stations >= minimum[1] else 0.0


@_compile
def _scan_node(
    k: int,
    projection: Projection,
    picks: PickArrays,
    used: BoolArray,
    minimum: IntArray,
    best_in_slot: FloatArray,
) -> tuple[float, int]:
    """Return the best score of a node and the place of its cluster's middle, or 0 and -1."""
    node = Projection(
        projection.origin[k],
        projection.tolerance[k],
        projection.number[k],
        projection.blocked[k],
    )
    best = 0.0
    best_centre = -1
    reach = node.tolerance.max()
    for centre in range(node.origin.size):
        if used[node.number[centre]] or node.blocked[centre]:
            continue
        score = _cluster_score(centre, node, reach, picks, used, minimum, best_in_slot)
        if score > best:
            best = score
            best_centre = centre
    return best, best_centre


@_compile
def scan_nodes(
    projection: Projection, picks: PickArrays, used: BoolArray, minimum: IntArray, n_slots: int
) -> FloatArray:
    """Return the best score of every node, shape ``(n_nodes,)``; 0 where there is no cluster.

    ``minimum`` holds the least number of picks and of stations.
    """
    best_in_slot = np.zeros(n_slots)
    scores = np.empty(projection.origin.shape[0])
    for k in range(scores.size):
        scores[k] = _scan_node(k, projection, picks, used, minimum, best_in_slot)[0]
    return scores


@_compile
def next_candidate(
    scores: FloatArray,
    projection: Projection,
    picks: PickArrays,
    used: BoolArray,
    minimum: IntArray,
    n_slots: int,
) -> tuple[int, int]:
    """Return the node and the middle of the best cluster left, or -1 and -1.

    Taking picks away can only lower a score. So a node whose stale score is the highest and stays
    as it is when computed anew is the best of all, and nothing else needs to be looked at.
    """
    best_in_slot = np.zeros(n_slots)
    while True:
        k = int(np.argmax(scores))
        if scores[k] <= 0.0:
            return -1, -1
        fresh, centre = _scan_node(k, projection, picks, used, minimum, best_in_slot)
        if centre >= 0 and fresh >= scores[k] - 1e-9:
            return k, centre
        scores[k] = fresh


@_compile
def block_neighbourhood(
    projection: Projection,
    nodes: FloatArray,
    place: FloatArray,
    radius: FloatArray,
    origin: float,
    reach: float,
) -> None:
    """Rule out clusters near a rejected hypocentre and origin time, in place."""
    for k in range(nodes.shape[0]):
        if (
            abs(nodes[k, 0] - place[0]) <= radius[0]
            and abs(nodes[k, 1] - place[1]) <= radius[0]
            and abs(nodes[k, 2] - place[2]) <= radius[1]
        ):
            for i in range(projection.origin.shape[1]):
                if abs(projection.origin[k, i] - origin) <= reach:
                    projection.blocked[k, i] = True


@_compile
def _best_origin(
    start: FloatArray, tolerance: FloatArray, picks: PickArrays, best_in_slot: FloatArray
) -> tuple[float, float]:
    """Return score and origin time of the best cluster among few picks."""
    best = -1.0
    best_origin = 0.0
    for middle in start:
        score = 0.0
        total = 0.0
        mean = 0.0
        for i in range(start.size):
            misfit = abs(start[i] - middle) / tolerance[i]
            if misfit <= 1.0:
                value = picks.weight[i] * (1.0 - 0.5 * misfit * misfit)
                if value > best_in_slot[picks.slot[i]]:
                    score += value - best_in_slot[picks.slot[i]]
                    best_in_slot[picks.slot[i]] = value
                share = value / (tolerance[i] * tolerance[i])
                total += share
                mean += share * (start[i] - middle)
        for slot in picks.slot:
            best_in_slot[slot] = 0.0
        if score > best:
            best = score
            best_origin = middle + mean / total
    return best, best_origin


@_compile
def misfits(
    place: FloatArray, origin: float, network: NetworkTables, picks: PickArrays
) -> tuple[FloatArray, FloatArray]:
    """Return residuals and tolerances of picks for a hypocentre and origin time, in seconds."""
    residual = np.empty(picks.time.size)
    tolerance = np.empty(picks.time.size)
    for i in range(residual.size):
        predicted = _predicted_s(network, picks.slot[i], place)
        residual[i] = picks.time[i] - origin - predicted
        tolerance[i] = picks.tolerance[i] + network.growth * predicted
    return residual, tolerance


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
    n_levels: int,
) -> tuple[FloatArray, float]:
    """Return hypocentre and origin time of the best score, by ever finer steps around a node.

    ``spacing`` of the nodes is given along the surface and in depth; it is halved ``n_levels``
    times, and ``slack`` with it.
    """
    best_in_slot = np.zeros(2 * network.places.shape[0])
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
                residual, tolerance = misfits(place, 0.0, network, picks)
                for i in range(tolerance.size):
                    tolerance[i] += scale * slack[picks.slot[i] & 1]
                score, origin = _best_origin(residual, tolerance, picks, best_in_slot)
                if score > best + 1e-9:
                    best = score
                    best_origin = origin
                    best_place = place
            if turn > 0 and np.all(best_place == centre):
                break
            centre = best_place
    return centre, best_origin
