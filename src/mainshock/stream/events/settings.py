"""What the live event stage may be told."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mainshock.core.errors import SettingsError

__all__ = ["LONG_AGO", "EventSettings"]

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
"""Before all that was recorded, UTC."""


@dataclass(frozen=True, slots=True)
class EventSettings:
    """Times of the live event stage, in seconds of data.

    Parameters
    ----------
    recent_s
        Picks as recent as this are associated as soon as one is new.
    pause_s
        Pause between two associations of recent picks, for each pick of no event that is followed.
    context_s
        How much of picks before and after an event the settled association wants; association
        judges by how many picks there are around.
    pass_s
        From one settled association to the next.
    mature_s
        How long after its first pick an event's records suffice for a magnitude.
    late_s
        How far behind what is settled a pick may be and still change events.
    reach_s
        Longest time from an origin to a pick of it.
    shared_picks
        Share of the smaller event's picks by which two events are taken for one.

    Raises
    ------
    SettingsError
        If a time is not positive, or the share not between 0 and 1.
    """

    recent_s: float = 90.0
    pause_s: float = 0.01
    context_s: float = 420.0  # association counts picks 300 s around, and which are free
    pass_s: float = 60.0
    mature_s: float = 45.0
    late_s: float = 900.0
    reach_s: float = 120.0
    shared_picks: float = 0.34

    def __post_init__(self) -> None:
        for name in ("recent_s", "pause_s", "context_s", "pass_s", "mature_s", "late_s", "reach_s"):
            if not getattr(self, name) > 0.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0 seconds")
        if not 0.0 < self.shared_picks <= 1.0:
            raise SettingsError(f"shared_picks is {self.shared_picks}; it must lie in (0, 1]")
