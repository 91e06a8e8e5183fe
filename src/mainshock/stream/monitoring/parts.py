"""Parts of a stage that are timed by themselves: association and location."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mainshock.pipeline.locating import EventBuilder

if TYPE_CHECKING:
    import numpy as np

    from mainshock.core.records import Event, Pick, Station
    from mainshock.events.base import AssociationResult, Associator, TravelTimes

__all__ = ["Observe", "TimedAssociator", "TimedBuilder"]

Observe = Callable[[str, float], None]
"""Told the name of a part and the seconds that it took."""


class TimedAssociator:
    """Tells how long each association takes; else as the associator within.

    Parameters
    ----------
    associator
        What associates.
    observe
        Told ``"associate"`` and seconds.
    """

    def __init__(self, associator: "Associator", observe: Observe) -> None:
        self._associator = associator
        self._observe = observe

    @property
    def name(self) -> str:
        """Name of the associator within."""
        return self._associator.name

    def associate(
        self,
        picks: "Sequence[Pick]",
        stations: "Sequence[Station]",
        travel_times: "TravelTimes",
    ) -> "AssociationResult":
        """Return what the associator within finds."""
        began = time.perf_counter()
        try:
            return self._associator.associate(picks, stations, travel_times)
        finally:
            self._observe("associate", time.perf_counter() - began)

    def around(self, change: "Callable[[Associator], Associator]") -> "TimedAssociator":
        """Return the same with another associator within."""
        return TimedAssociator(change(self._associator), self._observe)

    def __reduce__(self) -> tuple[Any, ...]:  # as the pickle protocol has it
        """Go to other processes without whoever is told the times here."""
        return _itself, (self._associator,)

    def __getattr__(self, name: str) -> Any:  # of whatever kind the attribute is
        return getattr(self._associator, name)


def _itself(associator: "Associator") -> "Associator":
    return associator


def _ignore(_part: str, _seconds: float) -> None:
    """Take no note."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedBuilder(EventBuilder):
    """An event builder that tells how long each location takes.

    Parameters
    ----------
    observe
        Told ``"locate"`` and seconds.
    """

    observe: Observe = field(default=_ignore, kw_only=True)

    def build(self, picks: "Sequence[Pick]", event_id: str, rng: "np.random.Generator") -> "Event":
        """Return the located event."""
        began = time.perf_counter()
        try:
            return EventBuilder.build(self, picks, event_id, rng)
        finally:
            self.observe("locate", time.perf_counter() - began)

    def __reduce__(self) -> tuple[Any, ...]:  # as the pickle protocol has it
        """Go to other processes without whoever is told the times here."""
        fields = (getattr(self, name) for name in EventBuilder.__dataclass_fields__)
        return EventBuilder, tuple(fields)

    @classmethod
    def of(cls, builder: EventBuilder, observe: Observe) -> "TimedBuilder":
        """Return a builder like another one that tells its times."""
        taken = {name: getattr(builder, name) for name in EventBuilder.__dataclass_fields__}
        return cls(**taken, observe=observe)
