"""One event for each source: located events whose origins coincide in time."""

from collections.abc import Sequence

from mainshock.core.records import Event

__all__ = ["one_event_per_source"]


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
    for event in sorted(events, key=_weakest_last):
        gaps_s = [abs((event.origin.time - one.origin.time).total_seconds()) for one in kept]
        (kept if min(gaps_s, default=min_interval_s) >= min_interval_s else dropped).append(event)
    kept.sort(key=lambda event: event.origin.time)
    dropped.sort(key=lambda event: event.origin.time)
    return kept, dropped


def _weakest_last(event: Event) -> tuple[float, float, float]:
    n_stations = len({pick.station_code for pick in event.picks})
    return -n_stations, -len(event.picks), event.origin.time.timestamp()
