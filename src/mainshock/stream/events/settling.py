"""Settles events: what a batch run over the picks of all instruments says of each origin."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from mainshock.core.documents import from_document, to_document
from mainshock.core.records import Event, Pick
from mainshock.events.base import Associator
from mainshock.locate.base import TravelTimeModel
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.picking import one_pick_per_arrival
from mainshock.stream.bus import Message
from mainshock.stream.events.builders import AmplitudeReader, RememberingBuilder
from mainshock.stream.events.event_versions import pick_key
from mainshock.stream.events.pick_ledger import PickLedger
from mainshock.stream.events.settings import LONG_AGO, EventSettings
from mainshock.stream.messages import settlement_message

__all__ = ["SettlingStage", "SettlingState", "located_events"]

_BETWEEN_MARKS = timedelta(minutes=5)
_BEHIND = 3.0  # an instrument this many contexts behind the others is not waited for


@dataclass(slots=True, eq=False)
class SettlingState:
    """Picks within reach, up to when origins are settled, and the picks that came too late."""

    ledger: PickLedger = field(default_factory=PickLedger)
    judged_until: datetime = LONG_AGO
    last_pass: datetime = LONG_AGO
    late_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class SettlingStage:
    """Associates and locates all picks once those around them are settled.

    Parameters
    ----------
    builder, associator, travel_times
        As in a batch run; the builder's own ``amplitudes`` are not used.
    amplitudes
        Reads records for a magnitude, or None where no responses are known.
    settings
        Times.

    Notes
    -----
    When the picks of all instruments are settled for ``context_s`` after an origin, those around it
    are associated as a batch run would. Picks in records that came late are associated once more
    with all that is known around them. What is found goes to the stage that keeps the versions of
    events, so that a pass over minutes of picks keeps no first look waiting.
    """

    builder: EventBuilder
    associator: Associator
    travel_times: TravelTimeModel
    amplitudes: AmplitudeReader | None = None
    settings: EventSettings = field(default_factory=EventSettings)
    name: str = field(default="settling", init=False)
    topics: tuple[str, ...] = field(default=("pick.v1",), init=False)
    _remembering: RememberingBuilder = field(init=False)

    def __post_init__(self) -> None:
        mature = timedelta(seconds=self.settings.mature_s)
        remembering = RememberingBuilder(self.builder, self.amplitudes, mature, LONG_AGO)
        object.__setattr__(self, "_remembering", remembering)

    def start(self) -> SettlingState:
        """Return the state before the first pick."""
        return SettlingState()

    def step(
        self, state: SettlingState, messages: Sequence[Message]
    ) -> tuple[SettlingState, list[Message]]:
        """Return the state after some picks, and the origins that they settle."""
        for message in messages:
            changed = state.ledger.take(message)
            if changed is None or changed.kind == "cancel":
                continue
            if changed.pick.time <= state.judged_until:
                state.late_ids.append(changed.pick_id)
        until = state.ledger.settled_until(_BEHIND * self.settings.context_s)
        if until is None or until - state.last_pass < self._seconds("pass_s"):
            return state, []
        told = [self._settle(state, until, until - self._seconds("context_s"))]
        return state, told + self._revise(state)

    def finish(self, state: SettlingState) -> tuple[SettlingState, list[Message]]:
        """Return the origins that are left, all settled."""
        picks = state.ledger.picks.values()
        if not picks:
            return state, []
        end = max(one.pick.time for one in picks) + timedelta(days=1)
        return state, [*self._revise(state), self._settle(state, end, end)]

    def _seconds(self, name: str) -> timedelta:
        return timedelta(seconds=getattr(self.settings, name))

    def _located(self, state: SettlingState, since: datetime, until: datetime) -> list[Event]:
        self._remembering.clock = state.ledger.now
        picks = state.ledger.between(since, until)
        return located_events(picks, self._remembering, self.associator, self.travel_times)

    def _settle(self, state: SettlingState, frontier: datetime, until: datetime) -> Message:
        """Return the message that settles the origins up to a time."""
        state.last_pass = frontier
        since = max(state.judged_until, LONG_AGO + timedelta(days=1)) - self._seconds("context_s")
        found = [
            event
            for event in self._located(state, _mark_before(since), frontier)
            if state.judged_until < event.origin.time <= until
        ]
        state.judged_until = max(until, state.judged_until)
        state.ledger.forget(
            state.judged_until - self._seconds("late_s") - self._seconds("context_s")
        )
        return settlement_message(found, until, state.ledger.arrival_ns)

    def _revise(self, state: SettlingState) -> list[Message]:
        """Return the message of what late picks change, if there are any."""
        known = state.ledger.picks
        late = [known[one].pick for one in state.late_ids if one in known]
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
            for event in self._located(state, first - context, last + context)
            if max(first, earliest) < event.origin.time <= state.judged_until
            and any(pick_key(pick) in keys for pick in event.picks)
        ]
        until = state.judged_until
        return [settlement_message(found, until, state.ledger.arrival_ns, is_late=True)]

    def snapshot(self, state: SettlingState) -> bytes:
        """Return the state as bytes."""
        rest = json.dumps(
            {
                "late_ids": state.late_ids,
                "times": to_document(_Times(state.judged_until, state.last_pass)),
            }
        )
        return f'{{"ledger":{state.ledger.snapshot()},"rest":{rest}}}'.encode()

    def restore(self, snapshot: bytes) -> SettlingState:
        """Return the state that bytes hold."""
        document = json.loads(snapshot)
        rest = document["rest"]
        times = from_document(_Times, rest["times"])
        ledger = PickLedger.restore(document["ledger"])
        return SettlingState(ledger, times.judged_until, times.last_pass, rest["late_ids"])


def _mark_before(time: datetime) -> datetime:
    """Return the last mark up to a time.

    From one mark to the next the associations begin with the same picks, so that an associator
    which keeps parts of its answers finds them again.
    """
    return time - (time - LONG_AGO) % _BETWEEN_MARKS


@dataclass(frozen=True)
class _Times:
    judged_until: datetime
    last_pass: datetime


def located_events(
    picks: Sequence[Pick],
    builder: RememberingBuilder,
    associator: Associator,
    travel_times: TravelTimeModel,
) -> list[Event]:
    """Return the events behind picks in order of time, by the code of a batch run."""
    single, _ = one_pick_per_arrival(picks)
    if not single:
        return []
    rng = np.random.default_rng(0)
    return list(locate_picks(single, builder, associator, travel_times, rng).events)
