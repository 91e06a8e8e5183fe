"""P and S that one station of a network sees alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from mainshock.events.backprojection import NetworkTables, PickArrays, travel_times_s
from mainshock.events.single_station import pair_p_and_s

__all__ = ["LonePair", "find_lone_pairs"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
_ALONE_RATIO = 1.5
_SHORTEST_S_MINUS_P_S = 0.05
_CHANCE_SPAN_S = 300.0
_SURPRISE = 0.01


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
    A pair counts where, five minutes before to five minutes after it, there are more than twice as
    many pairs as by chance, and chance makes as many in one of a hundred cases only; what comes
    later or earlier changes nothing.
    """
    pairs: list[LonePair] = []
    expected = _Expected()
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
        reversed_s = [
            float(time_s[s])
            for s, p in in_reverse
            if probability[s] * probability[p] >= min_probability
        ]
        expected.stations.append((limit_s, time_s[~is_s], time_s[is_s], np.array(reversed_s)))
    time_s = np.sort([picks.time[pair.members[0]] for pair in pairs])
    return [
        pair
        for pair in pairs
        if _is_more(
            _count(time_s, picks.time[pair.members[0]]),
            expected.around(picks.time[pair.members[0]]),
        )
    ]


def _is_more(n_pairs: int, n_expected: float) -> bool:
    """Return whether so many pairs are more than twice those by chance, and hardly chance."""
    by_chance = float(pdtrc(n_pairs - 1, n_expected)) if n_expected > 0.0 else 0.0
    return n_pairs > 2.0 * n_expected and by_chance < _SURPRISE


class _Expected:
    """How many pairs chance makes: longest S-P, times of P, of S and of reversed pairs."""

    def __init__(self) -> None:
        self.stations: list[tuple[float, FloatArray, FloatArray, FloatArray]] = []

    def around(self, time_s: float) -> float:
        """Return the number at all stations within the span around a time."""
        return sum(
            max(
                float(_count(reversed_s, time_s)),
                limit_s / (2.0 * _CHANCE_SPAN_S) * _count(p_s, time_s) * _count(s_s, time_s),
            )
            for limit_s, p_s, s_s, reversed_s in self.stations
        )


def _count(times_s: FloatArray, middle_s: float) -> int:
    """Return how many of some times, in order, lie within the span around one."""
    first, past_last = np.searchsorted(
        times_s, [middle_s - _CHANCE_SPAN_S, middle_s + _CHANCE_SPAN_S]
    )
    return int(past_last - first)


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
