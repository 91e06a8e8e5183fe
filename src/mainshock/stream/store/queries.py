"""What may be asked of the live store, and the SQL that answers it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, or_, select

from mainshock.core.errors import SettingsError
from mainshock.stream.store.rows import microseconds
from mainshock.stream.store.schema import event_versions, events, forecasts, picks

__all__ = [
    "EventOrder",
    "EventQuery",
    "count_statement",
    "event_statement",
    "forecast_statement",
    "identity_parts",
    "pick_statement",
    "summary_statement",
]

EventOrder = Literal["time", "-time", "magnitude", "-magnitude"]
_ORDERS = ("time", "-time", "magnitude", "-magnitude")
_IDENTITIES_A_QUERY = 512  # SQLite allows 32,766 values in a statement, older ones 999
_QUALITIES = ("A", "B", "C", "D")
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events are wanted; what is None does not matter. All limits are inclusive.

    Parameters
    ----------
    start, end
        Origin time, UTC.
    min_latitude, max_latitude, min_longitude, max_longitude
        Degrees; ``min_longitude`` above ``max_longitude`` means a box across 180 degrees.
    min_depth_km, max_depth_km, min_magnitude, max_magnitude
        A limit of magnitude leaves out events without one.
    quality
        This one or better, ``"A"`` to ``"D"``.
    updated_after
        Only events whose latest version was issued later.
    event_ids
        Only these.
    include_cancelled
        Whether events that were taken back are told.
    order
        ``time`` or ``magnitude``, with ``-`` for the largest first; no magnitude comes last.
    limit
        At most so many; None for all.
    offset
        So many are left out before.

    Raises
    ------
    SettingsError
        If a value has no meaning.
    """

    start: datetime | None = None
    end: datetime | None = None
    min_latitude: float | None = None
    max_latitude: float | None = None
    min_longitude: float | None = None
    max_longitude: float | None = None
    min_depth_km: float | None = None
    max_depth_km: float | None = None
    min_magnitude: float | None = None
    max_magnitude: float | None = None
    quality: str | None = None
    updated_after: datetime | None = None
    event_ids: tuple[str, ...] | None = None
    include_cancelled: bool = False
    order: EventOrder = "-time"
    limit: int | None = 200
    offset: int = 0

    def __post_init__(self) -> None:
        if self.order not in _ORDERS:
            raise SettingsError(f"order is {self.order!r}; it must be one of {', '.join(_ORDERS)}")
        if self.quality is not None and self.quality not in _QUALITIES:
            raise SettingsError(f"quality is {self.quality!r}; it must be A, B, C or D")
        if self.offset < 0 or (self.limit is not None and self.limit < 0):
            raise SettingsError(f"limit {self.limit} and offset {self.offset} must not be negative")


def event_statement(query: EventQuery) -> Select[Any]:
    """Return the statement for the documents of the events that a query asks for."""
    # the few rows that are wanted first, so that only their documents are read
    keys = _chosen(query, events.c.event_id, events.c.version).subquery()
    is_same = (event_versions.c.event_id == keys.c.event_id) & (
        event_versions.c.version == keys.c.version
    )
    place = keys.c.place.desc() if query.order.startswith("-") else keys.c.place.asc()
    return (
        select(event_versions.c.document)
        .join(keys, is_same)
        .order_by(place.nulls_last(), keys.c.event_id)
    )


def summary_statement(query: EventQuery) -> Select[Any]:
    """Return the statement for the summaries of the events that a query asks for."""
    return _chosen(query, events.c.summary)


def _chosen(query: EventQuery, *columns: ColumnElement[Any]) -> Select[Any]:
    place: ColumnElement[Any] = (
        events.c.magnitude if query.order.endswith("magnitude") else events.c.time_us
    )
    ordered = place.desc() if query.order.startswith("-") else place.asc()
    return (
        select(*columns, place.label("place"))
        .where(*_event_conditions(query))
        .order_by(ordered.nulls_last(), events.c.event_id)
        .limit(query.limit)
        .offset(query.offset)
    )


def count_statement(query: EventQuery) -> Select[Any]:
    """Return the statement for the number of events that a query matches, its limit aside."""
    return select(func.count()).select_from(events).where(*_event_conditions(query))


def _event_conditions(query: EventQuery) -> list[Condition]:
    column = events.c
    ranges = (
        (column.time_us, _us(query.start), _us(query.end)),
        (column.latitude, query.min_latitude, query.max_latitude),
        (column.depth_km, query.min_depth_km, query.max_depth_km),
        (column.magnitude, query.min_magnitude, query.max_magnitude),
    )
    found = [one for ends in ranges for one in _between(*ends)]
    found += _longitude_conditions(query.min_longitude, query.max_longitude)
    if query.quality is not None:
        found.append(column.quality <= query.quality)
    if query.updated_after is not None:
        found.append(column.updated_us > microseconds(query.updated_after))
    if query.event_ids is not None:
        found.append(column.event_id.in_(query.event_ids))
    if not query.include_cancelled:
        found.append(column.kind != "cancel")
    return found


def _longitude_conditions(low: float | None, high: float | None) -> list[Condition]:
    column = events.c.longitude
    if low is not None and high is not None and low > high:
        return [or_(column >= low, column <= high)]
    return _between(column, low, high)


def _between(column: ColumnElement[Any], low: float | None, high: float | None) -> list[Condition]:
    lower = [] if low is None else [column >= low]
    upper = [] if high is None else [column <= high]
    return lower + upper


def _us(time: datetime | None) -> int | None:
    return None if time is None else microseconds(time)


def pick_statement(
    start: datetime | None,
    end: datetime | None,
    station: str | None,
    phase: str | None,
    *,
    include_cancelled: bool,
) -> Select[Any]:
    """Return the statement for the documents of picks, newest first."""
    conditions = _between(picks.c.time_us, _us(start), _us(end))
    if station is not None:
        conditions.append(picks.c.station_code == station)
    if phase is not None:
        conditions.append(picks.c.phase == phase)
    if not include_cancelled:
        conditions.append(picks.c.kind != "cancel")
    return (
        select(picks.c.document)
        .where(*conditions)
        .order_by(picks.c.time_us.desc(), picks.c.pick_id.desc())
    )


def forecast_statement(event_id: str) -> Select[Any]:
    """Return the statement for the newest forecast of an event, or of the region: no event."""
    return (
        select(forecasts)
        .where(forecasts.c.event_id == event_id)
        .order_by(forecasts.c.updated_us.desc(), forecasts.c.log_number.desc())
        .limit(1)
    )


def identity_parts(identities: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield all identities in parts for ``IN``, with lengths that are powers of two.

    The last identity of a part stands there as often as that needs. Each length is a statement of
    its own, of which a connection keeps a hundred, some twenty kilobytes each.
    """
    for first in range(0, len(identities), _IDENTITIES_A_QUERY):
        some = list(identities[first : first + _IDENTITIES_A_QUERY])
        length = 1 << (len(some) - 1).bit_length()
        yield some + some[-1:] * (length - len(some))
