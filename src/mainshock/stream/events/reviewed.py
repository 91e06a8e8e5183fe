"""Events that people reviewed: their word is passed on, and automatic processing is silent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mainshock.stream.bus import Message
from mainshock.stream.events.event_versions import OpenEvents
from mainshock.stream.messages import event_message, read_event_message
from mainshock.stream.records import EventVersion

__all__ = ["ReviewedEvent", "ReviewedEvents"]


@dataclass(frozen=True, slots=True)
class ReviewedEvent:
    """What was passed on last.

    Parameters
    ----------
    version
        As it was told.
    stored_version
        As the person saw it.
    time
        Of the event, UTC.
    """

    version: int
    stored_version: int
    time: datetime


@dataclass(slots=True)
class ReviewedEvents:
    """The reviewed events within reach of late picks.

    Parameters
    ----------
    known
        By event id.
    """

    known: dict[str, ReviewedEvent] = field(default_factory=dict)

    def __contains__(self, event_id: str) -> bool:
        """Return whether an event was reviewed."""
        return event_id in self.known

    def take(self, message: Message, open_events: OpenEvents, arrival_ns: int) -> list[Message]:
        """Return the message of ``event.v1`` that passes a review on; none if that was done.

        Its version is above all that were told: the stage may have told some that the person had
        not yet seen.

        Parameters
        ----------
        message
            Of ``review.v1``.
        open_events
            What was told so far.
        arrival_ns
            Of the newest pick, nanoseconds since 1970; a message is no older than that.

        Raises
        ------
        DataError
            If it is no such message.
        """
        version = read_event_message(message)
        before = self.known.get(version.event_id)
        if before is not None and version.version <= before.stored_version:
            return []
        number = max(version.version, self._told(version.event_id, open_events) + 1)
        self.known[version.event_id] = ReviewedEvent(
            number, version.version, version.event.origin.time
        )
        told = replace(version, version=number)
        return [event_message(told, max(message.arrival_ns, arrival_ns), message.trace)]

    def forget(self, before: datetime) -> None:
        """Forget the events before a time, of which nothing will be told."""
        self.known = {name: one for name, one in self.known.items() if one.time >= before}

    def _told(self, event_id: str, open_events: OpenEvents) -> int:
        if event_id in self.known:
            return self.known[event_id].version
        of_all: tuple[Mapping[str, EventVersion], ...] = (open_events.versions, open_events.settled)
        return max((one[event_id].version for one in of_all if event_id in one), default=0)
