"""How picks and events travel on the bus: JSON documents in versioned topics."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import DataError
from mainshock.core.records import Event
from mainshock.core.times import format_utc, parse_utc
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.bus import Message
from mainshock.stream.records import (
    EventVersion,
    ForecastVersion,
    LivePick,
    Settlement,
    ShakingVersion,
    StationHealth,
)

__all__ = [
    "SettledUntil",
    "event_message",
    "forecast_message",
    "health_message",
    "pick_message",
    "read_event_message",
    "read_forecast_message",
    "read_health_message",
    "read_pick_message",
    "read_settlement",
    "read_shaking_message",
    "review_message",
    "settled_message",
    "settlement_message",
    "shaking_message",
]

SettledUntil = tuple[str, int, bool]
"""Trace id of an instrument, the time up to which its picks are settled (nanoseconds since 1970),
and whether it fell silent, so that no more is to be waited for."""


def _bytes(document: Any) -> bytes:  # any JSON document
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def pick_message(version: LivePick, arrival_ns: int, trace: str = "") -> Message:
    """Return the message that tells a version of a pick."""
    return Message(
        topic="pick.v1",
        key=version.pick.station_code,
        identity=f"{version.pick_id}#{version.version}",
        value=_bytes({"pick": to_document(version)}),
        data_ns=ns_from_datetime(version.pick.time),
        arrival_ns=arrival_ns,
        trace=trace,
    )


def settled_message(
    trace_id: str, until_ns: int, arrival_ns: int, *, is_over: bool = False
) -> Message:
    """Return the message that no pick of an instrument before a time will change any more."""
    network, station, *_ = trace_id.split(".")
    return Message(
        topic="pick.v1",
        key=f"{network}.{station}",
        identity=f"{trace_id}@{until_ns}{'.' if is_over else ''}",
        value=_bytes({"settled": [trace_id, until_ns, is_over]}),
        data_ns=until_ns,
        arrival_ns=arrival_ns,
    )


def read_pick_message(message: Message) -> LivePick | SettledUntil:
    """Return what a message of ``pick.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    document = json.loads(message.value)
    if "settled" in document:
        trace_id, until_ns, is_over = document["settled"]
        return str(trace_id), int(until_ns), bool(is_over)
    return from_document(LivePick, document["pick"])


def event_message(version: EventVersion, arrival_ns: int, trace: str = "") -> Message:
    """Return the message that tells a version of an event."""
    return Message(
        topic="event.v1",
        key=version.event_id,
        identity=f"{version.event_id}#{version.version}",
        value=_bytes(to_document(version)),
        data_ns=ns_from_datetime(version.event.origin.time),
        arrival_ns=arrival_ns,
        trace=trace,
    )


def read_event_message(message: Message) -> EventVersion:
    """Return the version of an event that a message of ``event.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    return from_document(EventVersion, json.loads(message.value))


def review_message(version: EventVersion, arrival_ns: int) -> Message:
    """Return the message by which a person's version of an event reaches the stages.

    The events stage passes it on as ``event.v1``, in order with versions of its own.
    """
    return replace(event_message(version, arrival_ns), topic="review.v1")


def settlement_message(
    events: Sequence[Event], until: datetime, arrival_ns: int, *, is_late: bool = False
) -> Message:
    """Return the message that these events, and no others, have origins up to a time.

    With ``is_late`` it tells of the events alone to which picks in late records belong.
    """
    until_ns = ns_from_datetime(until)
    settlement = Settlement(tuple(events), until, is_late)
    return Message(
        topic="settled.v1",
        key="events",
        identity=f"{'late' if is_late else 'settled'}@{until_ns}#{arrival_ns}",
        value=_bytes(to_document(settlement)),
        data_ns=until_ns,
        arrival_ns=arrival_ns,
    )


def read_settlement(message: Message) -> Settlement:
    """Return what a message of ``settled.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    return from_document(Settlement, json.loads(message.value))


def shaking_message(version: ShakingVersion, about: Message) -> Message:
    """Return the message that tells the map of an event that another message told of."""
    document = {
        "event_id": version.event_id,
        "version": version.version,
        "issued": format_utc(version.issued),
        "map": version.document,
    }
    return replace(about, topic="shaking.v1", value=_bytes(document))


def read_shaking_message(message: Message) -> ShakingVersion:
    """Return the map that a message of ``shaking.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    try:
        told = json.loads(message.value)
        issued = parse_utc(told["issued"])
        return ShakingVersion(told["event_id"], told["version"], issued, told["map"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"document is no map of an event: {error!r}") from error


def forecast_message(version: ForecastVersion, arrival_ns: int, trace: str = "") -> Message:
    """Return the message that tells a forecast."""
    return Message(
        topic="forecast.v1",
        key=version.event_id or "region",
        identity=f"forecast#{version.forecast_id}",
        value=_bytes(dict(version.document)),
        data_ns=ns_from_datetime(version.issued),
        arrival_ns=arrival_ns,
        trace=trace,
    )


def read_forecast_message(message: Message) -> ForecastVersion:
    """Return the forecast that a message of ``forecast.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    try:
        told = json.loads(message.value)
        issued = parse_utc(told["issued"])
        return ForecastVersion(str(told["forecast_id"]), str(told["event_id"]), issued, told)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"document is no forecast: {error!r}") from error


def health_message(health: StationHealth) -> Message:
    """Return the message that tells how the data of an instrument arrive."""
    network, station, *_ = health.trace_id.split(".")
    updated_ns = ns_from_datetime(health.updated)
    return Message(
        topic="health.v1",
        key=f"{network}.{station}",
        identity=f"{health.trace_id}@{updated_ns}",
        value=_bytes(to_document(health)),
        data_ns=ns_from_datetime(health.last_sample),
        arrival_ns=updated_ns,
    )


def read_health_message(message: Message) -> StationHealth:
    """Return the report that a message of ``health.v1`` tells.

    Raises
    ------
    DataError
        If it is no such message.
    """
    return from_document(StationHealth, json.loads(message.value))
