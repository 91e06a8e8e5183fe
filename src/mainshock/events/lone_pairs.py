"""P and S that one station of a network sees alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mainshock.events.backprojection import NetworkTables, PickArrays, travel_times_s
from mainshock.events.single_station import pair_p_and_s

__all__ = ["LonePair", "find_lone_pairs"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
_ALONE_RATIO = 1.5
_SHORTEST_S_MINUS_P_S = 0.05


class LonePair(NamedTuple):
    """The numbers of a P and an S, the origin time they imply, and the product of probabilities."""

    members: IntArray
    origin_s: float
    certainty: float


def find_lone_pairs(
    picks: PickArrays,
    free: BoolArray,
    nodes: FloatArray,
    network: NetworkTables,
    min_probability: float,
) -> list[LonePair]:
    """Return the pairs of P and S of one station among the free picks.

    How many come about by chance the numbers of picks tell, and the pairs of an S and a later P.
    Unless those of P and S are more than twice as many, none is returned.
    """
    pairs: list[LonePair] = []
    n_by_chance = 0.0
    length_s = float(np.ptp(picks.time)) + 1.0
    for station, (limit_s, p_share) in enumerate(_alone_limits(nodes, network)):
        own = np.flatnonzero(free & (picks.slot >> 1 == station))
        time_s, probability = picks.time[own], picks.probability[own]
        is_s = (picks.slot[own] & 1).astype(np.bool_)
        for p, s in pair_p_and_s(time_s, is_s, probability, _SHORTEST_S_MINUS_P_S, limit_s):
            certainty = float(probability[p] * probability[s])
            if certainty >= min_probability:
                origin_s = float(time_s[p] - p_share * (time_s[s] - time_s[p]))
                pairs.append(LonePair(own[[p, s]], origin_s, certainty))
        in_reverse = pair_p_and_s(time_s, ~is_s, probability, _SHORTEST_S_MINUS_P_S, limit_s)
        n_reversed = sum(probability[s] * probability[p] >= min_probability for s, p in in_reverse)
        n_expected = limit_s / length_s * float(is_s.sum() * (~is_s).sum())
        n_by_chance += max(float(n_reversed), n_expected)
    return pairs if len(pairs) > 2.0 * n_by_chance else []


def _alone_limits(nodes: FloatArray, network: NetworkTables) -> list[tuple[float, float]]:
    """Return for each station the longest S-P of an event that it may be alone to see.

    Every other station must be half as far again from some trial hypocentre with that S-P. Second
    comes the travel time of P for each second of S-P.
    """
    away_km = np.hypot(*(nodes[:, None, :2] - network.places[None]).transpose(2, 0, 1))
    away_km = np.hypot(away_km, nodes[:, None, 2])
    nearest_km, second_km = np.partition(away_km, 1, axis=1)[:, :2].T
    limits: list[tuple[float, float]] = []
    for station in range(away_km.shape[1]):
        own_km = away_km[:, station]
        alone = np.flatnonzero((own_km == nearest_km) & (own_km * _ALONE_RATIO <= second_km))
        times_s = travel_times_s(network, station, nodes[alone])
        s_minus_p_s = times_s[:, 1] - times_s[:, 0]
        positive = s_minus_p_s > 0.0
        if positive.any():
            share = float(np.median(times_s[positive, 0] / s_minus_p_s[positive]))
            limits.append((float(s_minus_p_s.max()), share))
        else:
            limits.append((0.0, 0.0))
    return limits
