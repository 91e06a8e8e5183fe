"""Removes what a live store need not keep, a few rows at a time so that writers never wait long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Delete, Table, Update, delete, func, select, tuple_, update

from mainshock.stream.store.database import Database
from mainshock.stream.store.rows import microseconds
from mainshock.stream.store.schema import (
    alerts,
    changes,
    event_versions,
    events,
    forecasts,
    health,
    picks,
    shaking_maps,
)

__all__ = ["Retention", "apply_retention"]

_ROWS_A_STEP = 2000


@dataclass(frozen=True, slots=True)
class Retention:
    """What may go, by kind; None keeps all of it.

    Parameters
    ----------
    picks_before
        Picks issued earlier; of a replay that is the time of its records.
    changes_before
        Entries of the sequence of changes that are older; its last one always stays.
    health_before
        State of instruments that were not heard of since.
    versions_before
        Versions of events issued earlier, but never the latest one.
    samples_before
        Posterior draws of versions issued earlier; regions and modes stay.
    maps_before
        Maps of shaking of versions issued earlier.
    forecasts_before
        Forecasts issued earlier; the log of forecasts keeps them.
    alerts_before
        Alerts issued earlier.
    events_before
        Events that happened earlier, with all their versions. Set it only where they were
        exported: nothing else in the store tells of them.
    """

    picks_before: datetime | None = None
    changes_before: datetime | None = None
    health_before: datetime | None = None
    versions_before: datetime | None = None
    samples_before: datetime | None = None
    maps_before: datetime | None = None
    forecasts_before: datetime | None = None
    alerts_before: datetime | None = None
    events_before: datetime | None = None


def apply_retention(database: Database, retention: Retention) -> dict[str, int]:
    """Remove what a retention lets go; returns the number of rows by kind."""
    removed = {}
    for kind, table, condition, is_samples in _steps(retention):
        keys = table.primary_key.columns
        chosen = select(*keys).where(condition).limit(_ROWS_A_STEP)
        within = tuple_(*keys).in_(chosen)
        statement: Delete | Update = (
            update(table).where(within).values(samples=None)
            if is_samples
            else delete(table).where(within)
        )
        removed[kind] = _repeated(database, statement)
    return removed


def _repeated(database: Database, statement: Delete | Update) -> int:
    total = 0
    while True:
        with database.writing() as connection:
            count = connection.execute(statement).rowcount
        total += count
        if count < _ROWS_A_STEP:
            return total


def _steps(retention: Retention) -> Iterator[tuple[str, Table, ColumnElement[bool], bool]]:
    """Yield kind, table, condition, and whether only the draws of its rows go."""
    old = event_versions.c
    is_old: ColumnElement[bool]
    latest = select(events.c.version).where(events.c.event_id == old.event_id).scalar_subquery()
    last_change = select(func.max(changes.c.sequence)).scalar_subquery()
    if retention.picks_before is not None:
        yield "picks", picks, picks.c.updated_us < microseconds(retention.picks_before), False
    if retention.changes_before is not None:
        before_us = microseconds(retention.changes_before)
        is_old = (changes.c.created_us < before_us) & (changes.c.sequence < last_change)
        yield "changes", changes, is_old, False
    if retention.health_before is not None:
        yield "health", health, health.c.updated_us < microseconds(retention.health_before), False
    if retention.versions_before is not None:
        before_us = microseconds(retention.versions_before)
        yield (
            "versions",
            event_versions,
            (old.updated_us < before_us) & (old.version < latest),
            False,
        )
    if retention.samples_before is not None:
        before_us = microseconds(retention.samples_before)
        is_old = (old.updated_us < before_us) & old.samples.is_not(None)
        yield "samples", event_versions, is_old, True
    if retention.maps_before is not None:
        is_old = shaking_maps.c.updated_us < microseconds(retention.maps_before)
        yield "maps", shaking_maps, is_old, False
    if retention.forecasts_before is not None:
        is_old = forecasts.c.updated_us < microseconds(retention.forecasts_before)
        yield "forecasts", forecasts, is_old, False
    if retention.alerts_before is not None:
        yield "alerts", alerts, alerts.c.updated_us < microseconds(retention.alerts_before), False
    if retention.events_before is not None:
        is_old = events.c.time_us < microseconds(retention.events_before)
        yield "events", events, is_old, False
        is_orphan = old.event_id.not_in(select(events.c.event_id))
        yield "versions of them", event_versions, is_orphan, False
