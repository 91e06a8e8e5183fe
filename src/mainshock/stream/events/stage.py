"""The live event stage: versions of picks in, versions of events out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mainshock.core.documents import from_document, to_document
from mainshock.core.records import Pick
from mainshock.events.base import Associator
from mainshock.events.duplicates import one_event_per_source
from mainshock.locate.base import TravelTimeModel
from mainshock.pipeline.locating import EventBuilder
from mainshock.stream import sentences
from mainshock.stream.bus import Message
from mainshock.stream.events.builders import AmplitudeReader, RememberingBuilder
from mainshock.stream.events.event_versions import (
    OpenEvents,
    PickKey,
    pick_key,
    without_draws,
)
from mainshock.stream.events.following import Follower
from mainshock.stream.events.pick_ledger import PickLedger
from mainshock.stream.events.reviewed import ReviewedEvent, ReviewedEvents
from mainshock.stream.events.settings import LONG_AGO, EventSettings
from mainshock.stream.events.settling import located_events
from mainshock.stream.messages import event_message, read_settlement
from mainshock.stream.records import EventVersion

__all__ = ["EventStage", "EventState"]


@dataclass(slots=True, eq=False)
class EventState:
    """Picks within reach, events, and what was looked at."""

    open_events: OpenEvents
    ledger: PickLedger = field(default_factory=PickLedger)
    judged_until: datetime = LONG_AGO
    last_look: datetime = LONG_AGO
    looked_at: set[PickKey] = field(default_factory=set)
    is_behind: bool = False
    mature_ids: set[str] = field(default_factory=set)
    reviews: ReviewedEvents = field(default_factory=ReviewedEvents)


@dataclass(frozen=True, slots=True, eq=False)
class EventStage:
    """Associates and locates the newest picks of a network as they come.

    Parameters
    ----------
    builder
        What locates the picks of one event; its own ``amplitudes`` are not used.
    associator, travel_times
        As in a batch run; the associator may be coarser.
    amplitudes
        Reads records for a magnitude, or None where no responses are known.
    models
        Names of picker, associator, velocity model and location method.
    settings
        Times.
    is_synthetic
        Whether the records are made up.

    Notes
    -----
    As soon as a pick comes, the recent ones are associated, and events appear or change. An event
    that is seen well is followed pick by pick. One that a single station of several saw is not told
    at once: others may still be about to see it. What
    :class:`mainshock.stream.events.settling.SettlingStage` finds is settled, and an open event that
    it does not find is cancelled. Of an event that a person reviewed, what the person says is
    passed on, and nothing of its own is told any more.
    """

    builder: EventBuilder
    associator: Associator
    travel_times: TravelTimeModel
    amplitudes: AmplitudeReader | None = None
    models: dict[str, str] = field(default_factory=dict)
    settings: EventSettings = field(default_factory=EventSettings)
    is_synthetic: bool = False
    name: str = field(default="events", init=False)
    topics: tuple[str, ...] = field(default=("pick.v1", "settled.v1", "review.v1"), init=False)
    _remembering: RememberingBuilder = field(init=False)
    _follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        mature = timedelta(seconds=self.settings.mature_s)
        remembering = RememberingBuilder(self.builder, self.amplitudes, mature, LONG_AGO)
        object.__setattr__(self, "_remembering", remembering)
        object.__setattr__(self, "_follower", Follower(remembering, self.travel_times))

    def start(self) -> EventState:
        """Return the state before the first pick."""
        return EventState(
            OpenEvents(self.settings.shared_picks, dict(self.models), self.is_synthetic)
        )

    def step(
        self, state: EventState, messages: Sequence[Message]
    ) -> tuple[EventState, list[Message]]:
        """Return the state after some messages, and the versions of events they lead to.

        How messages are divided among calls changes how many preliminary versions there are, not
        what is settled.
        """
        is_changed = False
        told: list[Message] = []
        for message in messages:
            if message.topic == "settled.v1":
                told += self._messages(state, self._settle(state, message))
            elif message.topic == "review.v1":
                told += state.reviews.take(message, state.open_events, state.ledger.arrival_ns)
            else:
                is_changed |= state.ledger.take(message) is not None
        if is_changed or state.is_behind or self._has_matured(state):
            told += self._messages(state, self._recent(state))
        return state, told

    def finish(self, state: EventState) -> tuple[EventState, list[Message]]:
        """Return the state as it is: what is left was settled by the messages before."""
        return state, []

    def _messages(self, state: EventState, told: Sequence[EventVersion]) -> list[Message]:
        ledger = state.ledger
        return [
            event_message(one, ledger.arrival_ns, ledger.trace)
            for one in told
            if one.event_id not in state.reviews
        ]

    def _settle(self, state: EventState, message: Message) -> list[EventVersion]:
        """Return the versions that settle, or revise, what a settlement tells of."""
        state.ledger.arrival_ns = max(state.ledger.arrival_ns, message.arrival_ns)
        settlement = read_settlement(message)
        issued, open_events = state.ledger.now, state.open_events
        if settlement.is_late:
            return open_events.revise(settlement.events, issued)
        until = settlement.until
        found = [one for one in settlement.events if one.origin.time > state.judged_until]
        told = open_events.see(found, issued, "settled")
        told.extend(
            open_events.cancel(event_id, issued, sentences.NOT_SUPPORTED.tell())
            for event_id, version in list(open_events.versions.items())
            if version.event.origin.time <= until
        )
        state.judged_until = max(until, state.judged_until)
        before = state.judged_until - timedelta(seconds=self.settings.late_s)
        open_events.forget(before)
        state.ledger.forget(before)
        state.reviews.forget(before)
        return told

    def _has_matured(self, state: EventState) -> bool:
        """Return whether, since the last look, the records of an event suffice for a magnitude."""
        if self.amplitudes is None:
            return False
        before = state.ledger.now - timedelta(seconds=self.settings.mature_s)
        mature = {
            event_id
            for event_id, version in state.open_events.versions.items()
            if version.event.magnitude is None and version.event.picks[0].time <= before
        }
        is_new = not mature <= state.mature_ids
        state.mature_ids = mature
        return is_new

    def _recent(self, state: EventState) -> list[EventVersion]:
        """Return what the newest picks change."""
        newest = max((one.pick.time for one in state.ledger.picks.values()), default=LONG_AGO)
        since = newest - timedelta(seconds=self.settings.recent_s)
        issued = state.ledger.now
        self._remembering.clock = issued
        told, others = self._followed(state, since, issued)
        told += self._looked_at(state, [pick for pick in others if pick.time >= since], issued)
        return told + self._without_support(state, issued)

    def _followed(
        self, state: EventState, since: datetime, issued: datetime
    ) -> tuple[list[EventVersion], list[Pick]]:
        """Return new versions of the events that are followed, and the picks of no such event."""
        versions = [one for one in state.open_events.versions.values() if self._follows(one)]
        first = min([since, *(one.event.picks[0].time for one in versions)])
        picks = state.ledger.between(first, issued + timedelta(days=1))
        share = self._follower.share(picks, versions)
        told: list[EventVersion] = []
        for version in versions:
            if version.event.origin.time < since:
                continue  # its waves have gone by
            own = share.of_events[version.event_id]
            is_mature = version.event_id in state.mature_ids and version.event.magnitude is None
            if is_mature or self._follower.is_due(version, own, issued):
                event = self._follower.located(own)
                if event is not None:
                    told += state.open_events.follow(version.event_id, event, issued)
        return told, share.free

    def _follows(self, version: EventVersion) -> bool:
        return version.status == "preliminary" and self._follower.follows(version)

    def _looked_at(
        self, state: EventState, free: Sequence[Pick], issued: datetime
    ) -> list[EventVersion]:
        """Return what the picks of no followed event give; the more there are, the less often."""
        keys = {pick_key(pick) for pick in free}
        pause = timedelta(seconds=len(free) * self.settings.pause_s)
        state.is_behind = keys != state.looked_at
        if not state.is_behind or issued < state.last_look + pause:
            return []
        state.last_look, state.looked_at, state.is_behind = issued, keys, False
        followed = [one.event for one in state.open_events.versions.values() if self._follows(one)]
        located = located_events(free, self._remembering, self.associator, self.travel_times)
        single, _ = one_event_per_source([*followed, *located])
        is_network = len({one.pick.station_code for one in state.ledger.picks.values()}) > 1
        found = [
            event
            for event in single
            if event.origin.time > state.judged_until
            and not any(event is one for one in followed)
            and not (is_network and len({pick.station_code for pick in event.picks}) == 1)
        ]
        return state.open_events.see(found, issued, "preliminary")

    def _without_support(self, state: EventState, issued: datetime) -> list[EventVersion]:
        """Return cancels of the open events most of whose picks were cancelled or taken over."""
        alive = {pick_key(one.pick) for one in state.ledger.picks.values()}
        owners: dict[PickKey, str] = {}
        versions = state.open_events.versions
        for version in sorted(versions.values(), key=lambda one: (one.issued, one.version)):
            owners.update({pick_key(pick): version.event_id for pick in version.event.picks})
        told = []
        for event_id, version in list(versions.items()):
            keys = [pick_key(pick) for pick in version.event.picks]
            own = [key for key in keys if key in alive and owners[key] == event_id]
            if len(own) < 2 or 2 * len(own) < len(keys):
                told.append(
                    state.open_events.cancel(event_id, issued, sentences.PICKS_WITHDRAWN.tell())
                )
        return told

    def snapshot(self, state: EventState) -> bytes:
        """Return the state as bytes; posterior draws of open events are left out."""
        open_events = state.open_events
        document = {
            "events": [to_document(without_draws(one)) for one in open_events.versions.values()],
            "taken_ids": to_document(open_events.taken_ids),
            "judged_until": to_document(state.judged_until),
            "reviewed": to_document(state.reviews.known),
        }
        parts = (
            f'"ledger":{state.ledger.snapshot()}',
            f'"settled":[{",".join(open_events.settled_texts())}]',
            f'"rest":{json.dumps(document)}',
        )
        return f"{{{','.join(parts)}}}".encode()

    def restore(self, snapshot: bytes) -> EventState:
        """Return the state that bytes hold."""
        document = json.loads(snapshot)
        rest = from_document(_Rest, document["rest"])
        state = self.start()
        state.ledger = PickLedger.restore(document["ledger"])
        state.judged_until = rest.judged_until
        state.reviews = ReviewedEvents(dict(rest.reviewed))
        state.open_events.versions = {one.event_id: one for one in rest.events}
        settled = [from_document(EventVersion, one) for one in document["settled"]]
        state.open_events.settled = {one.event_id: one for one in settled}
        state.open_events.taken_ids = dict(rest.taken_ids)
        return state


@dataclass(frozen=True)
class _Rest:
    events: tuple[EventVersion, ...]
    taken_ids: dict[str, datetime]
    judged_until: datetime
    reviewed: dict[str, ReviewedEvent] = field(default_factory=dict)
