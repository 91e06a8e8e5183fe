"""Whose results a database holds, so that those of different sources never mix in it."""

import time
from contextlib import suppress

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.exc import SQLAlchemyError

from mainshock.core.errors import SettingsError
from mainshock.stream.store.database import Database, upsert
from mainshock.stream.store.schema import (
    alerts,
    changes,
    event_versions,
    events,
    forecasts,
    health,
    picks,
    settings,
    shaking_maps,
)

__all__ = ["StoreClaim", "source_kind"]

_RESULTS = (alerts, changes, event_versions, events, forecasts, health, picks, shaking_maps)
_NAME = "source"
_LOCK = text("SELECT pg_try_advisory_lock(:lock)")
_UNLOCK = text("SELECT pg_advisory_unlock(:lock)")
_TRIES, _WAIT_S = 5, 0.2
_RUN_LOCK = 0x6D61696F  # beside the lock of writers, which each of them holds for moments


class StoreClaim:
    """A database for one run at a time; ``release`` gives it back, and so does the process's end.

    A folder with its own file needs none: there the folder is claimed. Who only reads, or writes
    as a stage of the same run in another process, does not claim.

    Parameters
    ----------
    database
        An open store.
    kind
        What its results come from: ``live``, ``synthetic`` or ``replay of`` what.
    begins_anew
        Whether results that an earlier run left are removed, as a replay does.

    Raises
    ------
    SettingsError
        If another run writes there, or it holds what came from another kind of source.
    SourceError
        If the database does not answer.
    """

    def __init__(self, database: Database, kind: str, *, begins_anew: bool) -> None:
        self._database = database
        self._connection = self._locked()
        try:
            self._take_over(kind, begins_anew=begins_anew)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let other runs write there."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):  # where the server is gone, so is the lock
                self._connection.execute(_UNLOCK, {"lock": _RUN_LOCK})
            self._connection.close()
            self._connection = None

    def _locked(self) -> Connection | None:
        if self._database.address.is_file:
            return None
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(_TRIES):
            if connection.execute(_LOCK, {"lock": _RUN_LOCK}).scalar():
                return connection
            time.sleep(_WAIT_S)  # the session of a process that was killed ends in a moment
        connection.close()
        raise SettingsError(
            f"another monitor writes to {self._database.address}; end it or name another --store"
        )

    def _take_over(self, kind: str, *, begins_anew: bool) -> None:
        with self._database.writing() as connection:
            there = _kind(connection)
            if there and there != kind:
                raise SettingsError(
                    f"{self._database.address} holds results of another kind of source ({there}), "
                    f"which must not mix with {kind}; name another --store"
                )
            if there and begins_anew:
                for table in _RESULTS:
                    connection.execute(delete(table))
            upsert(connection, settings, [{"name": _NAME, "value": kind}])


def source_kind(database: Database) -> str:
    """Return what the results in a store come from; empty where no run wrote to it."""
    with database.reading() as connection:
        return _kind(connection)


def _kind(connection: Connection) -> str:
    """Return the kind, ``live`` for results of unknown origin, or nothing."""
    named = connection.execute(select(settings.c.value).where(settings.c.name == _NAME)).scalar()
    if named is not None:
        return str(named)
    for table in (events, picks):
        if connection.execute(select(table).limit(1)).first() is not None:
            return "live"
    return ""
