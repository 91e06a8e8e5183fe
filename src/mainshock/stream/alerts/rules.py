"""What a rule says of a version of an event; functions of their arguments alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Magnitude
from mainshock.core.times import to_posix_s
from mainshock.stream.alerts.base import FormerMessage
from mainshock.stream.alerts.config import Rule, UpdatePolicy
from mainshock.stream.alerts.payload import station_codes
from mainshock.stream.records import EventVersion, VersionKind

__all__ = ["SentAlert", "decide", "matches"]

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SentAlert:
    """The last message of one rule about one event over one channel.

    Parameters
    ----------
    rule, channel, kind
        Whose it was, and what it did.
    longitude, latitude, depth_km, magnitude, quality
        What it told.
    arrival_ns
        When the data behind it arrived.
    messages
        All of them since the last ``new`` one, oldest first; never empty.
    """

    rule: str
    channel: str
    kind: VersionKind
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float | None
    quality: str
    arrival_ns: int
    messages: tuple[FormerMessage, ...]

    @property
    def version(self) -> int:
        """Version of the event that it told of."""
        return self.messages[-1].version


def matches(rule: Rule, version: EventVersion) -> bool:
    """Return whether a rule chooses an event as this version tells it, whatever its age."""
    event = version.event
    origin = event.origin
    low = -math.inf if rule.least_depth_km is None else rule.least_depth_km
    high = math.inf if rule.largest_depth_km is None else rule.largest_depth_km
    return (
        _is_final_enough(rule, version)
        and event.quality <= rule.worst_quality
        and low <= origin.depth_km <= high
        and len(station_codes(event.arrivals)) >= rule.least_stations
        and (rule.region is None or rule.region.contains(origin.longitude, origin.latitude))
        and _is_large_enough(rule, event.magnitude)
    )


def _is_final_enough(rule: Rule, version: EventVersion) -> bool:
    """Return whether a rule takes a status; a person's word counts as a settled one."""
    status = "settled" if version.status == "reviewed" else version.status
    return status in rule.statuses or version.status in rule.statuses


def _is_large_enough(rule: Rule, magnitude: Magnitude | None) -> bool:
    if rule.least_magnitude is None:
        return True
    if magnitude is None:
        return rule.magnitude_missing == "alert"
    excess = magnitude.value - rule.least_magnitude
    if magnitude.sd == 0.0:
        return excess >= 0.0
    probability = 0.5 * math.erfc(-excess / magnitude.sd / math.sqrt(2.0))
    return probability >= rule.least_probability


def decide(
    rules: Sequence[Rule],
    rule_name: str,
    sent: SentAlert | None,
    version: EventVersion,
    arrival_ns: int,
) -> VersionKind | None:
    """Return what a channel is to be told, or None for nothing.

    Parameters
    ----------
    rules
        All rules; one that is gone still cancels what it alerted.
    rule_name, sent
        The rule in question, and its last message about the event over this channel.
    version, arrival_ns
        What is known now, and when the data behind it arrived.
    """
    if sent is not None and version.version <= sent.version:
        return None  # told already
    is_open = sent is not None and sent.kind != "cancel"
    if version.kind == "cancel":
        return "cancel" if is_open else None
    rule = next((one for one in rules if one.name == rule_name), None)
    if rule is None:
        return None
    if sent is not None and is_open:
        return "update" if _is_worth_telling(rule.update, sent, version, arrival_ns) else None
    age_s = arrival_ns / _NANOSECONDS - to_posix_s(version.event.origin.time)
    return "new" if age_s <= rule.stale_after_s and matches(rule, version) else None


def _is_worth_telling(
    policy: UpdatePolicy, sent: SentAlert, version: EventVersion, arrival_ns: int
) -> bool:
    is_final = version.status in ("settled", "reviewed")
    is_settling = is_final and sent.messages[-1].status == "preliminary"
    waited_s = (arrival_ns - sent.arrival_ns) / _NANOSECONDS
    if waited_s < policy.interval_s and not is_settling and version.review is None:
        return False
    return (policy.settled and is_settling) or _has_changed(policy, sent, version)


def _has_changed(policy: UpdatePolicy, sent: SentAlert, version: EventVersion) -> bool:
    event = version.event
    origin = event.origin
    along_km = float(
        geodesic_distance_km(sent.longitude, sent.latitude, origin.longitude, origin.latitude)
    )
    magnitude = None if event.magnitude is None else event.magnitude.value
    if (magnitude is None) != (sent.magnitude is None):
        return True
    change = 0.0 if magnitude is None or sent.magnitude is None else magnitude - sent.magnitude
    return (
        math.hypot(along_km, origin.depth_km - sent.depth_km) >= policy.moved_km
        # magnitudes in binary: 4.3 - 4.0 is a little less than 0.3
        or abs(change) >= policy.magnitude - 1e-9
        or (policy.quality and event.quality != sent.quality)
    )
