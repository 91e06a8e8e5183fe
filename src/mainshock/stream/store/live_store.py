"""Keeps what the live path found out, the latest version of each thing first at hand."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Row, Table, func, insert, select, update

from mainshock.core.documents import from_document
from mainshock.stream.records import (
    Alert,
    EventVersion,
    ForecastVersion,
    LivePick,
    ShakingVersion,
    StationHealth,
)
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.database import Database, upsert
from mainshock.stream.store.migration import migrate
from mainshock.stream.store.queries import (
    EventQuery,
    count_statement,
    event_statement,
    forecast_statement,
    identity_parts,
    pick_statement,
    summary_statement,
)
from mainshock.stream.store.retention import Retention, apply_retention
from mainshock.stream.store.reviews import not_reviewed
from mainshock.stream.store.rows import (
    alert_row,
    event_from_row,
    event_row,
    event_version_row,
    forecast_from_row,
    forecast_row,
    health_row,
    pick_row,
    shaking_from_row,
    shaking_row,
)
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

__all__ = ["Change", "LiveStore"]

_EPOCH = date(1970, 1, 1)
_DAY_US = 86_400_000_000
Record = TypeVar("Record", LivePick, EventVersion, ShakingVersion)


@dataclass(frozen=True, slots=True)
class Change:
    """Something was saved: ``kind`` is ``"pick"``, ``"event"`` or ``"alert"``."""

    sequence: int
    kind: str
    identity: str
    version: int


class LiveStore:
    """Picks, events, alerts and health, kept in a database.

    Saving is idempotent: a version that is there already, or an older one, changes nothing that
    is told as the latest, so whoever saves may do so again after a crash. May be used from any
    thread and from several processes.

    Parameters
    ----------
    database
        An open database with the schema of this version; see ``open``.
    clock
        Nanoseconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self.database = database
        self._clock = clock

    @classmethod
    def open(
        cls, place: str | Path | StoreAddress, clock: Callable[[], int] = time.time_ns
    ) -> "LiveStore":
        """Return the store in a file, or behind a URL, made or brought up to date as needed.

        Raises
        ------
        SourceError
            If it cannot be opened; UnreachableError, one of its kind, for a server.
        DataError
            If a newer version of the program made it.
        """
        database = Database(place)
        try:
            with database.writing() as connection:
                migrate(connection)
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> "LiveStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save_picks(self, versions: Sequence[LivePick]) -> None:
        """Keep versions of picks, all or none of them."""
        latest = _latest(versions, lambda one: one.pick_id)
        rows = [pick_row(one) for one in latest]
        with self.database.writing() as connection:
            news = _news(connection, picks, "pick_id", rows)
            upsert(connection, picks, news, newer="version")
            self._note(connection, "pick", "pick_id", news)

    def picks(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        station: str | None = None,
        phase: str | None = None,
        limit: int | None = 1000,
        include_cancelled: bool = False,
    ) -> list[LivePick]:
        """Return the latest version of picks in order of time.

        Parameters
        ----------
        start, end
            Both inclusive, UTC.
        station
            ``NET.STA``.
        limit
            Of more than so many the newest are told; None for all.
        """
        statement = pick_statement(
            start, end, station, phase, include_cancelled=include_cancelled
        ).limit(limit)
        return [_record(LivePick, text) for text in reversed(self._column(statement))]

    def count_picks(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        station: str | None = None,
        phase: str | None = None,
        include_cancelled: bool = False,
    ) -> int:
        """Return how many picks there are of those that ``picks`` tells, its limit aside."""
        chosen = pick_statement(start, end, station, phase, include_cancelled=include_cancelled)
        return self._count(chosen.with_only_columns(func.count(picks.c.pick_id)).order_by(None))

    def pick(self, pick_id: str) -> LivePick | None:
        """Return the latest version of a pick, or None for an unknown one."""
        found = self._column(select(picks.c.document).where(picks.c.pick_id == pick_id))
        return _record(LivePick, found[0]) if found else None

    def save_events(self, versions: Sequence[EventVersion]) -> None:
        """Keep versions of events, all or none of them; draws only of the latest version.

        Versions of events that a person reviewed are left out: what a person says stays, and
        :class:`mainshock.stream.store.reviews.ReviewStore` keeps it.
        """
        with self.database.writing() as connection:
            versions = not_reviewed(connection, versions)
            rows = [event_row(one) for one in _latest(versions, lambda one: one.event_id)]
            told = [event_version_row(one) for one in versions]
            news = _news(connection, events, "event_id", rows)
            upsert(connection, events, news, newer="version")
            upsert(connection, event_versions, told)
            for some in identity_parts([row["event_id"] for row in rows]):
                _drop_old_samples(connection, some)
            self._note(connection, "event", "event_id", news)

    def events(self, query: EventQuery | None = None) -> list[EventVersion]:
        """Return the latest version of the events that a query asks for, without their draws."""
        return [
            event_from_row(text) for text in self._column(event_statement(query or EventQuery()))
        ]

    def event_summaries(self, query: EventQuery | None = None) -> list[dict[str, Any]]:
        """Return the events that a query asks for in short, fit for lists of thousands.

        Each is a document of ``summary.event_summary``.
        """
        statement = summary_statement(query or EventQuery())
        return [json.loads(text) for text in self._column(statement)]

    def count_events(self, query: EventQuery | None = None) -> int:
        """Return how many events a query matches, its limit and offset aside."""
        return self._count(count_statement(query or EventQuery()))

    def event(self, event_id: str, version: int | None = None) -> EventVersion | None:
        """Return the latest or one version of an event, or None; the latest one with its draws."""
        table = event_versions.c
        statement = (
            select(table.document, table.samples)
            .where(table.event_id == event_id)
            .order_by(table.version.desc())
            .limit(1)
        )
        if version is not None:
            statement = statement.where(table.version == version)
        with self.database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else event_from_row(row.document, row.samples)

    def event_versions(self, event_id: str) -> list[EventVersion]:
        """Return all versions of an event that are kept, the first one first, without draws."""
        table = event_versions.c
        statement = select(table.document).where(table.event_id == event_id).order_by(table.version)
        return [event_from_row(text) for text in self._column(statement)]

    def save_alerts(self, sent: Sequence[Alert]) -> None:
        """Keep alerts; of one version on one channel the one issued last counts."""
        with self.database.writing() as connection:
            for row in map(alert_row, sent):
                known = connection.execute(
                    select(alerts.c.updated_us).where(
                        alerts.c.alert_id == row["alert_id"], alerts.c.version == row["version"]
                    )
                ).scalar()
                if known is None or row["updated_us"] > known:
                    upsert(connection, alerts, [row], newer="updated_us")
                    self._note(connection, "alert", "alert_id", [row])

    def alerts(self, event_id: str | None = None, limit: int = 200) -> list[Alert]:
        """Return the alerts, or those of one event, the newest first."""
        statement = (
            select(alerts.c.document)
            .order_by(alerts.c.updated_us.desc(), alerts.c.alert_id, alerts.c.version.desc())
            .limit(limit)
        )
        if event_id is not None:
            statement = statement.where(alerts.c.event_id == event_id)
        return [_record(Alert, text) for text in self._column(statement)]

    def count_alerts(self, event_id: str | None = None) -> int:
        """Return how many alerts there are, or of one event."""
        statement = select(func.count()).select_from(alerts)
        if event_id is not None:
            statement = statement.where(alerts.c.event_id == event_id)
        return self._count(statement)

    def save_shaking(self, maps: Sequence[ShakingVersion]) -> None:
        """Keep maps of shaking; of each event only that of the newest version."""
        rows = [shaking_row(one) for one in _latest(maps, lambda one: one.event_id)]
        if rows:
            with self.database.writing() as connection:
                upsert(connection, shaking_maps, rows, newer="version")

    def shaking(self, event_id: str) -> ShakingVersion | None:
        """Return the map of shaking of an event, or None where there is none."""
        rows = self._rows(select(shaking_maps).where(shaking_maps.c.event_id == event_id))
        return shaking_from_row(**rows[0]._mapping) if rows else None

    def save_forecasts(self, told: Sequence[ForecastVersion]) -> None:
        """Keep forecasts of the region and tables of aftershocks."""
        if told:
            with self.database.writing() as connection:
                upsert(connection, forecasts, [forecast_row(one) for one in told])

    def forecast(self, event_id: str = "") -> ForecastVersion | None:
        """Return the forecast of the region, or of an event's aftershocks, that was issued last."""
        rows = self._rows(forecast_statement(event_id))
        return forecast_from_row(dict(rows[0]._mapping)) if rows else None

    def save_health(self, states: Sequence[StationHealth]) -> None:
        """Keep how instruments' data arrive; of each only the newest state."""
        with self.database.writing() as connection:
            upsert(connection, health, [health_row(one) for one in states], newer="updated_us")

    def health(self) -> list[StationHealth]:
        """Return the newest state of each instrument in order of its name."""
        statement = select(health.c.document).order_by(health.c.trace_id)
        return [_record(StationHealth, text) for text in self._column(statement)]

    def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """Return what was saved after a sequence number, in order; each number is given once."""
        statement = (
            select(changes.c.sequence, changes.c.kind, changes.c.identity, changes.c.version)
            .where(changes.c.sequence > after)
            .order_by(changes.c.sequence)
            .limit(limit)
        )
        return [Change(**row._mapping) for row in self._rows(statement)]

    def changed_days(self, kind: Literal["pick", "event"], after: int) -> list[date]:
        """Return the days, UTC, of the picks or events that were saved after a change, in order.

        All days that are kept, where retention removed changes after that one.
        """
        table, key = (picks, "pick_id") if kind == "pick" else (events, "event_id")
        day = (table.c.time_us // _DAY_US).label("day")
        statement = select(day).distinct().order_by(day)
        with self.database.reading() as connection:
            ends = select(func.min(changes.c.sequence), func.max(changes.c.sequence))
            first, last = connection.execute(ends).one()
            if first is not None and first - 1 <= after <= last:
                saved = select(changes.c.identity).where(
                    changes.c.sequence > after, changes.c.kind == kind
                )
                statement = statement.where(table.c[key].in_(saved))
            return [_EPOCH + timedelta(days=row.day) for row in connection.execute(statement)]

    def latest_change(self) -> int:
        """Return the highest sequence number given so far; 0 where there is none."""
        with self.database.reading() as connection:
            found = connection.execute(select(func.max(changes.c.sequence))).scalar()
        return int(found or 0)

    def retain(self, retention: Retention) -> dict[str, int]:
        """Remove what is older than a retention allows; returns how many rows of each kind."""
        return apply_retention(self.database, retention)

    def _note(
        self, connection: Connection, kind: str, key: str, rows: Sequence[dict[str, Any]]
    ) -> None:
        created_us = self._now_us()
        noted = [
            {
                "kind": kind,
                "identity": row[key],
                "version": row["version"],
                "created_us": created_us,
            }
            for row in rows
        ]
        if noted:
            connection.execute(insert(changes), noted)

    def _count(self, statement: Any) -> int:  # statements of one number
        with self.database.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def _rows(self, statement: Any) -> Sequence[Row[Any]]:  # statements of any columns
        with self.database.reading() as connection:
            return connection.execute(statement).all()

    def _column(self, statement: Any) -> list[str]:  # the same
        return [row[0] for row in self._rows(statement)]

    def _now_us(self) -> int:
        return self._clock() // 1000


def _news(
    connection: Connection, table: Table, key: str, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows whose version is newer than the one kept."""
    known: dict[str, int] = {}
    for some in identity_parts([row[key] for row in rows]):
        statement = select(table.c[key], table.c.version).where(table.c[key].in_(some))
        known.update((identity, kept) for identity, kept in connection.execute(statement))
    return [row for row in rows if row["version"] > known.get(row[key], 0)]


def _record(kind: type[Any], text: str) -> Any:  # any of the records
    return from_document(kind, json.loads(text))


def _latest(versions: Iterable[Record], identity: Callable[[Record], str]) -> list[Record]:
    """Return the latest version of each thing."""
    latest: dict[str, Record] = {}
    for one in versions:
        known = latest.get(identity(one))
        if known is None or one.version > known.version:
            latest[identity(one)] = one
    return list(latest.values())


def _drop_old_samples(connection: Connection, event_ids: Sequence[str]) -> None:
    latest = (
        select(events.c.version).where(events.c.event_id == event_versions.c.event_id)
    ).scalar_subquery()
    connection.execute(
        update(event_versions)
        .where(
            event_versions.c.event_id.in_(event_ids),
            event_versions.c.samples.is_not(None),
            event_versions.c.version < latest,
        )
        .values(samples=None)
    )
