"""Turns what each association finds into versions of events: new, update, cancel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Event, Pick
from mainshock.stream.records import EventVersion, VersionKind, VersionStatus

__all__ = ["OpenEvents", "pick_key"]

PickKey = tuple[str, str, str]
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
    """The events that are not settled yet.

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
    taken_ids
        Ids of all events told so far within reach, settled ones too.
    """

    shared_picks: float
    models: Mapping[str, str]
    is_synthetic: bool = False
    versions: dict[str, EventVersion] = field(default_factory=dict)
    taken_ids: dict[str, datetime] = field(default_factory=dict)

    def see(
        self, found: Sequence[Event], issued: datetime, status: VersionStatus
    ) -> list[EventVersion]:
        """Return the versions that the events found give rise to; each settles if so told."""
        told = []
        for event, known in self._matched(found):
            if known is None:
                version = self._new(event, issued, status)
            else:
                changed = self._next(known, event, issued, status)
                if changed is None:
                    continue
                version = changed
            told.append(version)
            self.versions[version.event_id] = version
            if status == "settled":
                del self.versions[version.event_id]
        return told

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
        """Forget the ids of events with origins before a time."""
        self.taken_ids = {name: time for name, time in self.taken_ids.items() if time >= before}

    def _matched(self, found: Sequence[Event]) -> list[tuple[Event, EventVersion | None]]:
        """Return each event with the open one that it is a version of, best match first."""
        keys = {id(event): {pick_key(pick) for pick in event.picks} for event in found}
        pairs = []
        for known in self.versions.values():
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
            (event, self.versions[partner[id(event)]] if id(event) in partner else None)
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
            models=self.models,
            is_synthetic=self.is_synthetic,
        )

    def _next(
        self, known: EventVersion, event: Event, issued: datetime, status: VersionStatus
    ) -> EventVersion | None:
        reason = _difference(known.event, event)
        if status == "settled":
            reason = "; ".join(filter(None, ("settled", reason)))
        if not reason:
            return None
        kind: VersionKind = "update"
        return replace(
            known,
            version=known.version + 1,
            kind=kind,
            status=status,
            event=_named(event, known.event_id),
            issued=issued,
            reason=reason,
        )


def _named(event: Event, name: str) -> Event:
    arrivals = tuple(
        replace(one, pick=replace(one.pick, event_id=name)) for one in event.arrivals
    )
    return replace(event, event_id=name, arrivals=arrivals)


def _difference(old: Event, new: Event) -> str:
    """Return what is different, as a reader wants it, or an empty text."""
    told = []
    before, now = {pick_key(one) for one in old.picks}, {pick_key(one) for one in new.picks}
    for count, what in ((len(now - before), "more"), (len(before - now), "fewer")):
        if count:
            told.append(f"{count} {'pick' if count == 1 else 'picks'} {what}")
    moved_km = float(
        geodesic_distance_km(
            old.origin.longitude, old.origin.latitude, new.origin.longitude, new.origin.latitude
        )
    )
    if moved_km >= _MOVED_KM:
        told.append(f"moved {moved_km:.1f} km")
    if old.magnitude != new.magnitude and new.magnitude is not None:
        told.append(f"{new.magnitude.magnitude_type} {new.magnitude.value:.1f}")
    return ", ".join(told)
