"""Turns what each association finds into versions of events: new, update, cancel."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mainshock.core.documents import to_document
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Event, Pick
from mainshock.stream import sentences
from mainshock.stream.records import MANUAL, EventVersion, VersionStatus

__all__ = ["OpenEvents", "PickKey", "pick_key", "without_draws"]

PickKey = tuple[str, str, str]
"""Station, phase and second."""
_MOVED_KM = 0.1


def pick_key(pick: Pick) -> PickKey:
    """Return what stays the same between the versions of a pick, nearly: station, phase, second.

    Examples
    --------
    >>> from mainshock.core.times import parse_utc
    >>> pick_key(Pick("XX", "ABC", "", "P", parse_utc("2020-01-01T00:00:01.4"), 0.5, 0.1, "m"))
    ('XX.ABC', 'P', '2020-01-01T00:00:01')
    """
    return pick.station_code, pick.phase, f"{pick.time:%Y-%m-%dT%H:%M:%S}"


@dataclass(slots=True, eq=False)
class OpenEvents:
    """The events that are not settled yet, and those settled within reach of late picks.

    Parameters
    ----------
    shared_picks
        Share of the smaller event's picks by which two events are taken for one.
    models
        Names of what makes the events.
    is_synthetic
        Whether the records are made up.
    versions
        The latest version of each, by event id.
    settled
        The same of those that are settled, without posterior draws.
    taken_ids
        Ids of all events told so far within reach, settled ones too.
    """

    shared_picks: float
    models: Mapping[str, str]
    is_synthetic: bool = False
    versions: dict[str, EventVersion] = field(default_factory=dict)
    settled: dict[str, EventVersion] = field(default_factory=dict)
    taken_ids: dict[str, datetime] = field(default_factory=dict)
    _texts: dict[str, tuple[int, str]] = field(default_factory=dict)

    def settled_texts(self) -> list[str]:
        """Return the settled events as JSON documents; each version is written once."""
        texts = {}
        for event_id, one in self.settled.items():
            known = self._texts.get(event_id)
            if known is None or known[0] != one.version:
                known = one.version, json.dumps(to_document(one))
            texts[event_id] = known
        self._texts = texts
        return [text for _, text in texts.values()]

    def see(
        self, found: Sequence[Event], issued: datetime, status: VersionStatus
    ) -> list[EventVersion]:
        """Return the versions that the events found give rise to; each settles if so told."""
        told = []
        for event, known in self._matched(found, self.versions):
            if known is None:
                version = self._new(event, issued, status)
            else:
                reason = _difference(known.event, event)
                if status == "settled":
                    reason = "; ".join(filter(None, (sentences.SETTLED.tell(), reason)))
                if not reason:
                    continue
                version = _next(known, event, issued, status, reason)
            told.append(version)
            self.versions[version.event_id] = version
            if status == "settled":
                del self.versions[version.event_id]
                self.settled[version.event_id] = without_draws(version)
        return told

    def follow(self, event_id: str, event: Event, issued: datetime) -> list[EventVersion]:
        """Return the next version of an event that was located anew, if there is a difference."""
        known = self.versions[event_id]
        reason = _difference(known.event, event)
        if not reason:
            return []
        version = _next(known, event, issued, "preliminary", reason)
        self.versions[event_id] = version
        return [version]

    def revise(self, found: Sequence[Event], issued: datetime) -> list[EventVersion]:
        """Return the versions that events with late picks give rise to.

        A settled event most of whose picks belong to another one now is cancelled.
        """
        told = []
        for event, known in self._matched(found, self.settled):
            if known is None:
                version = self._new(event, issued, "settled")
            else:
                reason = _difference(known.event, event)
                if not reason:
                    continue
                version = _next(
                    known, event, issued, "settled", f"{sentences.LATE_RECORDS.tell()}; {reason}"
                )
            told.append(version)
            self.settled[version.event_id] = without_draws(version)
        return told + self._taken_over(told, issued)

    def _taken_over(self, told: Sequence[EventVersion], issued: datetime) -> list[EventVersion]:
        taken = {pick_key(pick) for one in told for pick in one.event.picks}
        ids = {one.event_id for one in told}
        gone = []
        for event_id, known in list(self.settled.items()):
            keys = [pick_key(pick) for pick in known.event.picks]
            if event_id not in ids and 2 * sum(key in taken for key in keys) > len(keys):
                self.versions[event_id] = self.settled.pop(event_id)
                gone.append(self.cancel(event_id, issued, sentences.PICKS_TAKEN.tell()))
        return gone

    def cancel(self, event_id: str, issued: datetime, reason: str) -> EventVersion:
        """Return the version that takes an event back."""
        known = self.versions.pop(event_id)
        return replace(
            known,
            version=known.version + 1,
            kind="cancel",
            status="settled",
            issued=issued,
            reason=reason,
        )

    def forget(self, before: datetime) -> None:
        """Forget the settled events, and the ids of events, with origins before a time."""
        self.settled = {
            name: one for name, one in self.settled.items() if one.event.origin.time >= before
        }
        self.taken_ids = {name: time for name, time in self.taken_ids.items() if time >= before}

    def _matched(
        self, found: Sequence[Event], versions: Mapping[str, EventVersion]
    ) -> list[tuple[Event, EventVersion | None]]:
        """Return each event with the known one that it is a version of, best match first."""
        keys = {id(event): {pick_key(pick) for pick in event.picks} for event in found}
        pairs = []
        for known in versions.values():
            own = {pick_key(pick) for pick in known.event.picks}
            for event in found:
                shared = len(own & keys[id(event)])
                least = min(len(own), len(keys[id(event)]))
                if shared and shared >= self.shared_picks * least:
                    pairs.append((shared, known.event_id, event))
        partner: dict[int, str] = {}
        for _, event_id, event in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
            if id(event) not in partner and event_id not in partner.values():
                partner[id(event)] = event_id
        return [
            (event, versions[partner[id(event)]] if id(event) in partner else None)
            for event in found
        ]

    def _new(self, event: Event, issued: datetime, status: VersionStatus) -> EventVersion:
        name = event.event_id
        count = 1
        while name in self.taken_ids:
            count += 1
            name = f"{event.event_id}-{count}"
        self.taken_ids[name] = event.origin.time
        return EventVersion(
            name,
            1,
            "new",
            status,
            _named(event, name),
            issued,
            models=_models_of(event, self.models),
            is_synthetic=self.is_synthetic,
        )


def without_draws(version: EventVersion) -> EventVersion:
    """Return a version without the posterior draws of its origin, which are most of its size."""
    origin = replace(version.event.origin, samples=None)
    return replace(version, event=replace(version.event, origin=origin))


def _models_of(event: Event, models: Mapping[str, str]) -> Mapping[str, str]:
    """Return names of what made an event; the picker may have been another one for some picks."""
    pickers = dict.fromkeys(pick.model for pick in event.picks if pick.model not in ("", MANUAL))
    if "picker" not in models or not pickers:
        return models
    return {**models, "picker": ", ".join(pickers)}


def _named(event: Event, name: str) -> Event:
    arrivals = tuple(replace(one, pick=replace(one.pick, event_id=name)) for one in event.arrivals)
    return replace(event, event_id=name, arrivals=arrivals)


def _difference(old: Event, new: Event) -> str:
    """Return what is different, as a reader wants it, or an empty text."""
    told = []
    before, now = {pick_key(one) for one in old.picks}, {pick_key(one) for one in new.picks}
    for count, one, several in (
        (len(now - before), sentences.ONE_PICK_MORE, sentences.PICKS_MORE),
        (len(before - now), sentences.ONE_PICK_FEWER, sentences.PICKS_FEWER),
    ):
        if count:
            told.append((one if count == 1 else several).tell(count=count))
    moved_km = float(
        geodesic_distance_km(
            old.origin.longitude, old.origin.latitude, new.origin.longitude, new.origin.latitude
        )
    )
    if moved_km >= _MOVED_KM:
        told.append(sentences.MOVED.tell(distance_km=moved_km))
    if old.magnitude != new.magnitude and new.magnitude is not None:
        told.append(f"{new.magnitude.magnitude_type} {new.magnitude.value:.1f}")
    return ", ".join(told)


def _next(
    known: EventVersion, event: Event, issued: datetime, status: VersionStatus, reason: str
) -> EventVersion:
    return replace(
        known,
        version=known.version + 1,
        kind="update",
        status=status,
        event=_named(event, known.event_id),
        issued=issued,
        reason=reason,
        models=_models_of(event, known.models),
    )
