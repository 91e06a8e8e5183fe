"""What the live path tells the world: versioned picks and events, alerts, station health."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mainshock.core.records import Event, Pick

__all__ = [
    "MANUAL",
    "Alert",
    "EventVersion",
    "ForecastVersion",
    "LivePick",
    "Review",
    "ReviewAction",
    "Settlement",
    "ShakingVersion",
    "StationHealth",
    "VersionKind",
    "VersionStatus",
]

MANUAL = "manual"
"""What a pick that a person set states as its model."""
VersionKind = Literal["new", "update", "cancel"]
"""What a version does to what was told before."""
VersionStatus = Literal["preliminary", "settled", "reviewed", "rejected"]
"""``preliminary``: as early as possible; ``settled``: as a batch run would say it; ``reviewed`` and
``rejected``: as a person said it, which automatic processing never changes."""
ReviewAction = Literal["accept", "reject", "relocate", "restore"]
"""What a person did with an event."""


@dataclass(frozen=True, slots=True)
class LivePick:
    """One version of a pick.

    Parameters
    ----------
    pick_id
        The same for all versions of a pick.
    version
        From 1 upward, without a step left out.
    kind, status
        What the version does, and how final it is.
    pick
        The pick as it is now; for a cancel, as it was.
    instrument
        First two letters of the channels, such as ``"HH"``.
    issued
        When the packet that led to it arrived, UTC; in a replay, by the clock of the stream.
    is_synthetic
        Whether it comes from made-up records.
    """

    pick_id: str
    version: int
    kind: VersionKind
    status: VersionStatus
    pick: Pick
    instrument: str
    issued: datetime
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What a person did with an event.

    Parameters
    ----------
    author
        Name of the person.
    action
        ``accept``: it is right as it is; ``reject``: it is no earthquake; ``relocate``: located
        anew from picks as the person set them; ``restore``: an earlier version counts again.
    base_version
        The version that the person saw.
    time
        When, UTC, by the machine's clock.
    comment
        Why, in the person's words.
    restored_version
        The one that counts again; None for other actions.
    """

    author: str
    action: ReviewAction
    base_version: int
    time: datetime
    comment: str = ""
    restored_version: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EventVersion:
    """One version of an event.

    Parameters
    ----------
    event_id
        The same for all versions of an event.
    version
        From 1 upward, without a step left out.
    kind, status
        What the version does, and how final it is.
    event
        The event as it is now; for a cancel, as it was.
    issued
        When the packet that led to it arrived, UTC; in a replay, by the clock of the stream.
    reason
        Why there is an update or a cancel, as a reader wants it: ``"two more stations"``.
    models
        Names of what made it: ``picker``, ``associator``, ``velocity``, ``location``.
    is_synthetic
        Whether it comes from made-up records.
    review
        Who made it, and why; None for automatic processing.
    """

    event_id: str
    version: int
    kind: VersionKind
    status: VersionStatus
    event: Event
    issued: datetime
    reason: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    is_synthetic: bool = False
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the picks of all instruments together say of a stretch of time.

    Parameters
    ----------
    events
        The events found; their ids are those of the association.
    until
        Origins up to here are settled, UTC.
    is_late
        Whether ``events`` are those alone to which picks in late records belong.
    """

    events: tuple[Event, ...]
    until: datetime
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One message about an event, as it was sent over one channel.

    Parameters
    ----------
    alert_id
        The same for all versions on a channel: rule, channel and event.
    event_id, version, kind
        The version of the event it tells of, and what it does to the alert before.
    rule, channel
        Which rule asked for it, and the way it went.
    issued
        UTC, machine's clock.
    status
        ``"sent"``, ``"failed"`` or ``"held"``.
    detail
        Why it failed or was held.
    """

    alert_id: str
    event_id: str
    version: int
    kind: VersionKind
    rule: str
    channel: str
    issued: datetime
    status: Literal["sent", "failed", "held"]
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ShakingVersion:
    """The map of shaking of one version of an event.

    Parameters
    ----------
    event_id, version
        The version of the event it was made for.
    issued
        As of that version.
    document
        The map, as :meth:`mainshock.core.shaking_field.ShakingField.as_document` tells it.
    """

    event_id: str
    version: int
    issued: datetime
    document: Mapping[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True, eq=False)
class ForecastVersion:
    """A forecast of the region, or the table of aftershocks of an event.

    Parameters
    ----------
    forecast_id
        The same for the same forecast.
    event_id
        The mainshock; empty for a forecast of the region.
    issued
        When it was made, UTC; in a replay, by the clock of the stream.
    document
        The forecast, as :meth:`mainshock.core.rate_forecast.RateForecast.as_document` tells it.
    log_number, log_digest
        Where it stands in the log of forecasts; None and empty where it was not logged.
    """

    forecast_id: str
    event_id: str
    issued: datetime
    document: Mapping[str, Any]  # a JSON document
    log_number: int | None = None
    log_digest: str = ""


@dataclass(frozen=True, slots=True)
class StationHealth:
    """How one instrument's data arrive.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CH`` with the two letters of the instrument.
    channels
        Channel codes seen.
    sampling_rate_hz
        Of the channels.
    last_sample
        Time of the newest sample, UTC.
    updated
        UTC, by the clock that packets are judged by.
    latency_s
        Age of the newest sample when its packet arrived.
    counts
        Packets by what became of them: ``ok``, ``late``, ``duplicate``, ``overlap``, ``corrupt``,
        ``truncated``, ``clock``, ``unknown``.
    gaps, gap_s
        Number of gaps since the start, and their total length.
    """

    trace_id: str
    channels: tuple[str, ...]
    sampling_rate_hz: float
    last_sample: datetime
    updated: datetime
    latency_s: float
    counts: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    gap_s: float = 0.0
