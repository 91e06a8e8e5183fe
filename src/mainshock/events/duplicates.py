"""One event for each source: located events whose origins coincide in time."""

import bisect
import math
from collections.abc import Sequence

from mainshock.core.records import Event

__all__ = ["SortedTimes", "one_event_per_source"]


class SortedTimes:
    """Times in order, that tell how far the nearest one is."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def gap_s(self, time_s: float) -> float:
        """Return the time to the nearest one, infinity where there is none."""
        place = bisect.bisect(self._times, time_s)
        near = self._times[max(place - 1, 0) : place + 1]
        return min((abs(time_s - one) for one in near), default=math.inf)

    def add(self, time_s: float) -> None:
        """Add one."""
        bisect.insort(self._times, time_s)


def one_event_per_source(
    events: Sequence[Event], min_interval_s: float = 2.0
) -> tuple[list[Event], list[Event]]:
    """Return the events without the weaker of two whose origins are too close, and the dropped.

    Parameters
    ----------
    events
        Located events.
    min_interval_s
        Least time between two origins in seconds. Association keeps it between its own origins;
        location moves them by some tenths.

    Notes
    -----
    The event with more stations stays, then the one with more picks, then the earlier one.
    """
    kept: list[Event] = []
    dropped: list[Event] = []
    taken = SortedTimes()
    for event in sorted(events, key=_weakest_last):
        time_s = event.origin.time.timestamp()
        if taken.gap_s(time_s) >= min_interval_s:
            taken.add(time_s)
            kept.append(event)
        else:
            dropped.append(event)
    kept.sort(key=lambda event: event.origin.time)
    dropped.sort(key=lambda event: event.origin.time)
    return kept, dropped


def _weakest_last(event: Event) -> tuple[float, float, float]:
    n_stations = len({pick.station_code for pick in event.picks})
    return -n_stations, -len(event.picks), event.origin.time.timestamp()
