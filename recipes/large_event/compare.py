"""Compares events that were found with those that a synthetic sequence was made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from large_event import TrueEvent

from mainshock.core.records import Event

__all__ = ["Comparison", "compare"]

MAINSHOCK_TOLERANCE_S, TOLERANCE_S = 3.0, 2.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of a sequence.

    Parameters
    ----------
    mainshocks
        Events within 3 s of the mainshock's origin.
    found
        Aftershocks with an event within 2 s of their origin, each event counted once.
    false
        Events that are none of these.
    """

    mainshocks: list[Event]
    found: list[TrueEvent]
    false: list[Event]

    def false_between(self, begin_s: float, end_s: float, mainshock: TrueEvent) -> list[Event]:
        """Return the false events between two times after the mainshock."""
        begin, end = (mainshock.time + timedelta(seconds=one) for one in (begin_s, end_s))
        return [one for one in self.false if begin <= one.origin.time < end]


def compare(events: Sequence[Event], truth: Sequence[TrueEvent]) -> Comparison:
    """Return what the events are: mainshock, aftershocks (the clearest, largest first), false."""
    mainshock = next(one for one in truth if one.kind == "mainshock")
    left = list(events)
    mainshocks = [one for one in left if _apart_s(one, mainshock) <= MAINSHOCK_TOLERANCE_S]
    left = [one for one in left if one not in mainshocks]
    found = []
    for true in sorted(truth, key=lambda one: (-one.n_detectable, -one.magnitude)):
        nearest = min(left, key=lambda one: _apart_s(one, true), default=None)
        if nearest is None or true is mainshock or _apart_s(nearest, true) > TOLERANCE_S:
            continue
        found.append(true)
        left.remove(nearest)
    return Comparison(mainshocks, found, left)


def _apart_s(event: Event, true: TrueEvent) -> float:
    return abs((event.origin.time - true.time).total_seconds())
