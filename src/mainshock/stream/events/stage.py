"""The live event stage: versions of picks in, versions of events out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from mainshock.core.documents import from_document, to_document
from mainshock.core.records import Event
from mainshock.events.base import Associator
from mainshock.locate.base import TravelTimeModel
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.picking import one_pick_per_arrival
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.stream.bus import Message
from mainshock.stream.events.builders import AmplitudeReader, RememberingBuilder
from mainshock.stream.events.event_versions import OpenEvents, pick_key, without_draws
from mainshock.stream.events.settings import EventSettings
from mainshock.stream.messages import event_message, read_pick_message
from mainshock.stream.records import EventVersion, LivePick

__all__ = ["EventStage", "EventState"]

_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_MOVED = timedelta(seconds=0.05)
_BEHIND = 3.0  # an instrument this many contexts behind the others is not waited for


@dataclass(slots=True, eq=False)
class EventState:
    """Picks within reach, events, how far each instrument's picks are settled, and late picks."""

    open_events: OpenEvents
    picks: dict[str, LivePick] = field(default_factory=dict)
    settled_ns: dict[str, int] = field(default_factory=dict)
    judged_until: datetime = _LONG_AGO
    last_pass: datetime = _LONG_AGO
    late_ids: list[str] = field(default_factory=list)
    mature_ids: set[str] = field(default_factory=set)
    arrival_ns: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class EventStage:
    """Associates and locates the picks of a network as they come, and again as they settle.

    Parameters
    ----------
    builder
        What locates the picks of one event; its own ``amplitudes`` are not used.
    associator, travel_times
        As in a batch run.
    quick_associator
        For the first look at the newest picks; None: the same.
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
    As soon as a pick comes, the recent ones are associated, and events appear or change. When the
    picks of all stations are settled for ``context_s`` after an origin, those around it are
    associated once more, as a batch run would; what that gives is settled, and an open event that
    it does not confirm is cancelled. An event that one station alone saw in a network of several is
    told only then: others may still be about to see it. Settled events change only by picks in
    records that came late: those are associated with all that is known around them.
    """

    builder: EventBuilder
    associator: Associator
    travel_times: TravelTimeModel
    quick_associator: Associator | None = None
    amplitudes: AmplitudeReader | None = None
    models: dict[str, str] = field(default_factory=dict)
    settings: EventSettings = field(default_factory=EventSettings)
    is_synthetic: bool = False
    name: str = field(default="events", init=False)
    topics: tuple[str, ...] = field(default=("pick.v1",), init=False)
    _remembering: RememberingBuilder = field(init=False)

    def __post_init__(self) -> None:
        mature = timedelta(seconds=self.settings.mature_s)
        remembering = RememberingBuilder(self.builder, self.amplitudes, mature, _LONG_AGO)
        object.__setattr__(self, "_remembering", remembering)

    def start(self) -> EventState:
        """Return the state before the first pick."""
        return EventState(
            OpenEvents(self.settings.shared_picks, dict(self.models), self.is_synthetic)
        )

    def step(
        self, state: EventState, messages: Sequence[Message]
    ) -> tuple[EventState, list[Message]]:
        """Return the state after some picks, and the versions of events they lead to.

        How messages are divided among calls changes how many preliminary versions there are, not
        what is settled.
        """
        is_changed = False
        for message in messages:
            is_changed |= _taken(state, message)
        is_changed |= self._has_matured(state)
        told = self._recent(state) if is_changed else []
        frontier = _frontier(state, _BEHIND * self.settings.context_s)
        if frontier is not None and frontier - state.last_pass >= self._seconds("pass_s"):
            told.extend(self._settle(state, frontier, frontier - self._seconds("context_s")))
            told.extend(self._revise(state))
        return state, [event_message(one, state.arrival_ns, state.trace) for one in told]

    def finish(self, state: EventState) -> tuple[EventState, list[Message]]:
        """Return the versions that settle all events that are left."""
        latest = max((one.pick.time for one in state.picks.values()), default=_LONG_AGO)
        end = latest + timedelta(days=1)
        told = self._revise(state) + self._settle(state, end, end) if state.picks else []
        return state, [event_message(one, state.arrival_ns, state.trace) for one in told]

    def _seconds(self, name: str) -> timedelta:
        return timedelta(seconds=getattr(self.settings, name))

    def _located(
        self, state: EventState, since: datetime, until: datetime, associator: Associator
    ) -> list[Event]:
        """Return the events behind the picks between two times, by the code of a batch run."""
        picks = [one.pick for one in state.picks.values() if since <= one.pick.time < until]
        single, _ = one_pick_per_arrival(sorted(picks, key=lambda pick: pick.time))
        if not single:
            return []
        self._remembering.clock = datetime_from_ns(state.arrival_ns)
        located = locate_picks(
            single,
            self._remembering,
            associator,
            self.travel_times,
            np.random.default_rng(0),
        )
        return list(located.events)

    def _has_matured(self, state: EventState) -> bool:
        """Return whether, since the last look, the records of an event suffice for a magnitude."""
        if self.amplitudes is None:
            return False
        before = datetime_from_ns(state.arrival_ns) - self._seconds("mature_s")
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
        newest = max((one.pick.time for one in state.picks.values()), default=_LONG_AGO)
        since = newest - self._seconds("recent_s")
        issued = datetime_from_ns(state.arrival_ns)
        quick = self.quick_associator or self.associator
        is_network = len({one.pick.station_code for one in state.picks.values()}) > 1
        found = [
            event
            for event in self._located(state, since, newest + timedelta(seconds=1), quick)
            if event.origin.time > state.judged_until
            and not (is_network and len({pick.station_code for pick in event.picks}) == 1)
        ]
        told = state.open_events.see(found, issued, "preliminary")
        return told + self._without_support(state, issued)

    def _without_support(self, state: EventState, issued: datetime) -> list[EventVersion]:
        """Return cancels of the open events most of whose picks were cancelled or taken over."""
        alive = {pick_key(one.pick) for one in state.picks.values()}
        owners: dict[tuple[str, str, str], str] = {}
        versions = state.open_events.versions
        for version in sorted(versions.values(), key=lambda one: (one.issued, one.version)):
            owners.update({pick_key(pick): version.event_id for pick in version.event.picks})
        told = []
        for event_id, version in list(versions.items()):
            keys = [pick_key(pick) for pick in version.event.picks]
            own = [key for key in keys if key in alive and owners[key] == event_id]
            if len(own) < 2 or 2 * len(own) < len(keys):
                told.append(
                    state.open_events.cancel(event_id, issued, "most of its picks are withdrawn")
                )
        return told

    def _settle(self, state: EventState, frontier: datetime, until: datetime) -> list[EventVersion]:
        """Return the versions that settle the origins up to a time."""
        state.last_pass = frontier
        issued = datetime_from_ns(state.arrival_ns)
        since = max(state.judged_until, _LONG_AGO + timedelta(days=1)) - self._seconds("context_s")
        found = [
            event
            for event in self._located(state, since, frontier, self.associator)
            if state.judged_until < event.origin.time <= until
        ]
        told = state.open_events.see(found, issued, "settled")
        told.extend(
            state.open_events.cancel(event_id, issued, "all picks together do not support it")
            for event_id, version in list(state.open_events.versions.items())
            if version.event.origin.time <= until
        )
        state.judged_until = max(until, state.judged_until)
        self._forget(state)
        return told

    def _revise(self, state: EventState) -> list[EventVersion]:
        """Return what late picks change of the events that are settled."""
        late = [state.picks[one].pick for one in state.late_ids if one in state.picks]
        state.late_ids = []
        earliest = state.judged_until - self._seconds("late_s")
        times = [pick.time for pick in late if pick.time > earliest]
        if not times:
            return []
        context = self._seconds("context_s")
        first, last = min(times) - self._seconds("reach_s"), max(times)
        keys = {pick_key(pick) for pick in late}
        found = [
            event
            for event in self._located(state, first - context, last + context, self.associator)
            if max(first, earliest) < event.origin.time <= state.judged_until
            and any(pick_key(pick) in keys for pick in event.picks)
        ]
        return state.open_events.revise(found, datetime_from_ns(state.arrival_ns))

    def _forget(self, state: EventState) -> None:
        before = state.judged_until - self._seconds("late_s")
        state.open_events.forget(before)
        before -= self._seconds("context_s")
        state.picks = {key: one for key, one in state.picks.items() if one.pick.time >= before}

    def snapshot(self, state: EventState) -> bytes:
        """Return the state as bytes; posterior draws of open events are left out."""
        open_events = state.open_events
        document = {
            "picks": [to_document(one) for one in state.picks.values()],
            "events": [to_document(without_draws(one)) for one in open_events.versions.values()],
            "settled_events": [to_document(one) for one in open_events.settled.values()],
            "late_ids": state.late_ids,
            "taken_ids": to_document(open_events.taken_ids),
            "settled_ns": state.settled_ns,
            "judged_until": to_document(state.judged_until),
            "last_pass": to_document(state.last_pass),
            "arrival_ns": state.arrival_ns,
        }
        return json.dumps(document).encode()

    def restore(self, snapshot: bytes) -> EventState:
        """Return the state that bytes hold."""
        document = json.loads(snapshot)
        state = self.start()
        picks = [from_document(LivePick, one) for one in document["picks"]]
        events = [from_document(EventVersion, one) for one in document["events"]]
        state.picks = {one.pick_id: one for one in picks}
        state.open_events.versions = {one.event_id: one for one in events}
        settled = [from_document(EventVersion, one) for one in document["settled_events"]]
        state.open_events.settled = {one.event_id: one for one in settled}
        state.late_ids = document["late_ids"]
        state.open_events.taken_ids = from_document(_Ids, {"times": document["taken_ids"]}).times
        state.settled_ns = dict(document["settled_ns"])
        times = from_document(_Times, document)
        state.judged_until, state.last_pass = times.judged_until, times.last_pass
        state.arrival_ns = document["arrival_ns"]
        return state


@dataclass(frozen=True)
class _Times:
    judged_until: datetime
    last_pass: datetime


@dataclass(frozen=True)
class _Ids:
    times: dict[str, datetime]


def _taken(state: EventState, message: Message) -> bool:
    """Take a message into the state and return whether a pick came, moved or went."""
    state.arrival_ns = max(state.arrival_ns, message.arrival_ns)
    told = read_pick_message(message)
    if not isinstance(told, LivePick):
        trace_id, until_ns, is_over = told
        if is_over:
            state.settled_ns.pop(trace_id, None)
        else:
            state.settled_ns[trace_id] = max(until_ns, state.settled_ns.get(trace_id, 0))
        return False
    known = state.picks.get(told.pick_id)
    if known is not None and known.version >= told.version:
        return False  # seen before: delivery is at least once
    state.trace = message.trace
    if told.kind == "cancel":
        return state.picks.pop(told.pick_id, None) is not None
    state.picks[told.pick_id] = told
    if told.pick.time <= state.judged_until:
        state.late_ids.append(told.pick_id)
    return known is None or abs(known.pick.time - told.pick.time) > _MOVED


def _frontier(state: EventState, behind_s: float) -> datetime | None:
    """Return the time up to which the picks of all instruments that deliver are settled."""
    newest = max(state.settled_ns.values(), default=None)
    if newest is None:
        return None
    oldest = newest - round(behind_s * NANOSECONDS)
    state.settled_ns = {key: one for key, one in state.settled_ns.items() if one >= oldest}
    return datetime_from_ns(min(state.settled_ns.values()))
