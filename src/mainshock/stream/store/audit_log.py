"""The audit log in a store: rows are added and read, never changed; the database refuses it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, insert, select

from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.store.database import Database
from mainshock.stream.store.rows import utc_from_microseconds
from mainshock.stream.store.schema import audit

__all__ = ["AuditQuery", "AuditRow", "AuditStore"]

_LENGTHS = {"actor": 100, "action": 100, "target": 300, "client": 100, "result": 20}
_LONGEST_DETAIL = 2000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what on what, when, from where, and what came of it."""

    sequence: int
    time: datetime
    actor: str
    action: str
    target: str
    client: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which rows are wanted; empty texts and None match all.

    Parameters
    ----------
    start, end
        Times between which it happened, the end left out.
    before
        Sequence number that rows lie before.
    limit
        How many rows at most.
    """

    actor: str = ""
    action: str = ""
    target: str = ""
    result: str = ""
    start: datetime | None = None
    end: datetime | None = None
    before: int | None = None
    limit: int = 200


class AuditStore:
    """Adds to the audit log of a store, and reads it.

    Parameters
    ----------
    database
        Of an open store.
    clock
        Nanoseconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        actor: str,
        action: str,
        *,
        target: str = "",
        client: str = "",
        result: str = "",
        detail: str = "",
    ) -> None:
        """Add a row; texts that are too long are cut.

        Raises
        ------
        SourceError
            If the database does not answer.
        """
        texts = {"actor": actor, "action": action, "target": target, "client": client}
        texts["result"] = result
        row = {name: _clean(text)[: _LENGTHS[name]] for name, text in texts.items()}
        detail = _clean(detail)[:_LONGEST_DETAIL]
        with self._database.writing() as connection:
            connection.execute(
                insert(audit), [{**row, "detail": detail, "time_us": self._clock() // 1000}]
            )

    def rows(self, query: AuditQuery = AuditQuery()) -> list[AuditRow]:
        """Return rows, the newest first."""
        with self._database.reading() as connection:
            found = connection.execute(_statement(query)).all()
        return [
            AuditRow(
                row.sequence,
                utc_from_microseconds(row.time_us),
                row.actor,
                row.action,
                row.target,
                row.client,
                row.result,
                row.detail,
            )
            for row in found
        ]


def _clean(text: str) -> str:
    """Return a text that every database takes and that stays on its line."""
    whole = text.encode(errors="replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in whole)


def _statement(query: AuditQuery) -> Select[tuple[object, ...]]:
    statement = select(audit).order_by(audit.c.sequence.desc()).limit(query.limit)
    for name in ("actor", "action", "target", "result"):
        wanted = getattr(query, name)
        if wanted:
            statement = statement.where(audit.c[name] == wanted)
    if query.start is not None:
        statement = statement.where(audit.c.time_us >= ns_from_datetime(query.start) // 1000)
    if query.end is not None:
        statement = statement.where(audit.c.time_us < ns_from_datetime(query.end) // 1000)
    if query.before is not None:
        statement = statement.where(audit.c.sequence < query.before)
    return statement
