"""What people say of events: versions that automatic processing never changes."""

import json
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, insert, select, tuple_

from mainshock.core.errors import DataError
from mainshock.stream.records import EventVersion
from mainshock.stream.store.database import Database, upsert
from mainshock.stream.store.queries import identity_parts
from mainshock.stream.store.rows import event_from_row, event_row, event_version_row
from mainshock.stream.store.schema import changes, event_versions, events, waiting_reviews

__all__ = ["ReviewStore", "VersionConflictError", "not_reviewed"]

_REVIEWED = ("reviewed", "rejected")


class VersionConflictError(DataError):
    """A review was made from a version that is not the latest one.

    Parameters
    ----------
    base_version, latest_version
        The one that was seen, and the one that there is.
    """

    def __init__(self, base_version: int, latest_version: int) -> None:
        super().__init__(
            f"the review was made from version {base_version}, but version {latest_version} is the "
            "latest by now; look at that one and review it"
        )
        self.latest_version = latest_version


class ReviewStore:
    """Keeps reviewed versions of events, and which of them the live path was not told of yet.

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

    def save(self, version: EventVersion) -> None:
        """Keep the next version of an event; the draws of the one before are kept too.

        In the same transaction it is noted as waiting: whoever dies from then on, it is passed on.

        Raises
        ------
        VersionConflictError
            If the version it was made from is not the latest one.
        DataError
            If nobody reviewed it, or the event is unknown.
        """
        review = version.review
        if review is None or version.status not in _REVIEWED:
            raise DataError(f"version {version.version} of {version.event_id} is no review")
        row = event_row(version)
        with self._database.writing() as connection:
            statement = select(events.c.version).where(events.c.event_id == version.event_id)
            latest = connection.execute(statement).scalar()
            if latest is None:
                raise DataError(f"there is no event {version.event_id!r} to review")
            if latest != review.base_version:
                raise VersionConflictError(review.base_version, int(latest))
            if version.version != latest + 1:
                raise DataError(f"the version is {version.version}; the next one is {latest + 1}")
            upsert(connection, events, [row], newer="version")
            upsert(connection, event_versions, [event_version_row(version)])
            waits = {"event_id": version.event_id, "version": version.version}
            upsert(connection, waiting_reviews, [waits])
            noted = {
                "kind": "event",
                "identity": version.event_id,
                "version": version.version,
                "created_us": self._clock() // 1000,
            }
            connection.execute(insert(changes), [noted])

    def waiting(self, limit: int = 100) -> list[EventVersion]:
        """Return reviews that were not passed on yet, those of one event in order.

        Raises
        ------
        StoreError
            If the database does not answer.
        """
        waits, kept = waiting_reviews.c, event_versions.c
        statement = (
            select(kept.document, kept.samples)
            .join_from(
                waiting_reviews,
                event_versions,
                (waits.event_id == kept.event_id) & (waits.version == kept.version),
            )
            .order_by(waits.event_id, waits.version)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [event_from_row(row.document, row.samples) for row in rows]

    def passed_on(self, versions: Sequence[EventVersion]) -> None:
        """Note that reviews need not be passed on any more.

        Raises
        ------
        StoreError
            If the database cannot be written.
        """
        keys = [(one.event_id, one.version) for one in versions]
        waits = waiting_reviews.c
        if keys:
            with self._database.writing() as connection:
                connection.execute(
                    delete(waiting_reviews).where(tuple_(waits.event_id, waits.version).in_(keys))
                )


def not_reviewed(
    connection: Connection, versions: Sequence[EventVersion]
) -> Sequence[EventVersion]:
    """Return the versions of events whose latest one is no review."""
    identities = sorted({one.event_id for one in versions})
    reviewed: set[str] = set()
    for some in identity_parts(identities):
        statement = select(events.c.event_id, events.c.summary).where(events.c.event_id.in_(some))
        for event_id, summary in connection.execute(statement):
            if json.loads(summary)["status"] in _REVIEWED:
                reviewed.add(event_id)
    return [one for one in versions if one.event_id not in reviewed] if reviewed else versions
