"""Events of a single station: pairs of P and S."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.events.base import AssociationResult, TravelTimes

__all__ = ["SINGLE_STATION_FLAG", "SingleStationAssociator", "pair_p_and_s"]

FloatArray = NDArray[np.float64]

SINGLE_STATION_FLAG = "single_station"


@dataclass(frozen=True, slots=True)
class SingleStationAssociator:
    """Pairs each S with the P before it, station by station.

    Parameters
    ----------
    max_s_minus_p_s
        Longest time between P and S of one event.
    min_s_minus_p_s
        Shortest time between them.

    Notes
    -----
    For each S in order of time, the most probable P after the last paired P is taken, the
    latest of equally probable ones. Each pair is a candidate event with the flag
    ``single_station``; stations are not combined.

    Raises
    ------
    SettingsError
        If the limits are not ``0 <= min < max``.
    """

    max_s_minus_p_s: float = 30.0
    min_s_minus_p_s: float = 0.05
    name: str = field(default="single_station", init=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.min_s_minus_p_s < self.max_s_minus_p_s:
            raise SettingsError(
                f"S-P limits are {self.min_s_minus_p_s} and {self.max_s_minus_p_s} s; "
                "they must be 0 <= min_s_minus_p_s < max_s_minus_p_s"
            )

    def associate(
        self,
        picks: Sequence[Pick],
        stations: Sequence[Station],  # noqa: ARG002 - asked for by the protocol
        travel_times: TravelTimes,  # noqa: ARG002 - asked for by the protocol
    ) -> AssociationResult:
        """Return the pairs of P and S; coordinates and travel times are not needed."""
        ordered = sorted(picks, key=lambda pick: pick.time)
        by_station: dict[str, list[int]] = {}
        for number, pick in enumerate(ordered):
            by_station.setdefault(pick.station_code, []).append(number)
        pairs = [pair for numbers in by_station.values() for pair in self._pairs(ordered, numbers)]
        pairs.sort(key=lambda pair: ordered[pair[0]].time)
        used = {number for pair in pairs for number in pair}
        return AssociationResult(
            groups=[[ordered[p], ordered[s]] for p, s in pairs],
            unassociated=[pick for number, pick in enumerate(ordered) if number not in used],
            flags=[(SINGLE_STATION_FLAG,)] * len(pairs),
        )

    def _pairs(self, picks: Sequence[Pick], numbers: Sequence[int]) -> list[tuple[int, int]]:
        found = pair_p_and_s(
            np.array([to_posix_s(picks[number].time) for number in numbers]),
            np.array([picks[number].phase == "S" for number in numbers]),
            np.array([picks[number].probability for number in numbers]),
            self.min_s_minus_p_s,
            self.max_s_minus_p_s,
        )
        return [(numbers[p], numbers[s]) for p, s in found]


def pair_p_and_s(
    time_s: FloatArray,
    is_s: NDArray[np.bool_],
    probability: FloatArray,
    shortest_s: float,
    longest_s: float,
) -> list[tuple[int, int]]:
    """Return the numbers of P and S of each pair among the picks of one station.

    For each S in order of time, the most probable P after the last paired P is taken, the latest
    of equally probable ones.

    Parameters
    ----------
    time_s, is_s, probability
        Picks in order of time, shape ``(n,)``.
    shortest_s, longest_s
        Limits of the time between P and S.
    """
    pairs: list[tuple[int, int]] = []
    waiting: list[int] = []
    for number in range(time_s.size):
        if not is_s[number]:
            waiting.append(number)
            continue
        fitting = [p for p in waiting if shortest_s <= time_s[number] - time_s[p] <= longest_s]
        if fitting:
            best = max(fitting, key=lambda p: (probability[p], time_s[p]))
            pairs.append((best, number))
            waiting = [p for p in waiting if p > best]
    return pairs
