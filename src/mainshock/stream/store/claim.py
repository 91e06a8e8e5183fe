"""Whose results a database holds, so that those of different sources never mix in it."""

import time
from contextlib import suppress
from secrets import token_hex

from sqlalchemy import Connection, delete, insert, literal, select, text
from sqlalchemy.exc import SQLAlchemyError

from mainshock.core.errors import SettingsError
from mainshock.stream.store.database import Database, StoreError, StoreTakenError, upsert
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
    waiting_reviews,
)

__all__ = ["StoreClaim", "source_kind"]

_RESULTS = (
    *(alerts, changes, event_versions, events, forecasts, health, picks, shaking_maps),
    waiting_reviews,
)
_NAME, _WRITER = "source", "writer"
_LOCK = text("SELECT pg_try_advisory_lock(:lock)")
_UNLOCK = text("SELECT pg_advisory_unlock(:lock)")
_PROBE = select(literal(1))
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
    StoreTakenError
        If another run writes there.
    SettingsError
        If it holds what came from another kind of source.
    StoreError
        If the database does not answer.

    Notes
    -----
    A session of the server holds a lock, which tells whether a run is there; it ends with the
    server. The database names who claimed it last: from the moment another run does, each
    transaction by which this one would write is refused.
    """

    def __init__(self, database: Database, kind: str, *, begins_anew: bool) -> None:
        self._database = database
        self._kind = kind
        self._writer = token_hex(16)
        self._connection: Connection | None = None
        if not self._holds_lock(_TRIES):
            raise self._taken()
        try:
            self._take_over(begins_anew=begins_anew)
        except BaseException:
            self.release()
            raise
        if not database.address.is_file:
            database.guard = self._require

    def renew(self) -> None:
        """Take the claim again where the server has lost it, as by a restart.

        Raises
        ------
        StoreTakenError
            If another run has it by now.
        SettingsError
            If the database holds results of another kind of source by now.
        StoreError
            If the database does not answer.
        """
        if self._database.address.is_file:
            return
        is_held = self._holds_lock()
        with self._database.reading() as connection:
            is_own = _writer(connection) == self._writer
        if not is_held and not is_own:
            raise self._taken()
        if not is_held:
            raise StoreError(
                f"the claim on {self._database.address} cannot be renewed yet: a session on the "
                "server holds it, as from before a break of the network; the server ends it"
            )
        if not is_own:  # another run was there and has ended, or the tables were replaced
            self._take_over()

    def release(self) -> None:
        """Let other runs write there."""
        self._database.guard = None
        if self._connection is not None:
            with suppress(SQLAlchemyError):  # where the server is gone, so is the lock
                self._connection.execute(_UNLOCK, {"lock": _RUN_LOCK})
            self._drop_session()

    def _holds_lock(self, tries: int = 1) -> bool:
        """Return whether this run has the lock, which it takes where it can; a file needs none."""
        if self._database.address.is_file or self._is_connected():
            return True
        with self._database.faults_told("claim"):
            connection = self._database.engine.connect()
            try:
                self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                for number in range(tries):
                    if number:
                        time.sleep(_WAIT_S)  # the session of a killed process ends in a moment
                    if self._connection.execute(_LOCK, {"lock": _RUN_LOCK}).scalar():
                        return True
            except BaseException:
                self._drop_session()
                raise
        self._drop_session()
        return False

    def _is_connected(self) -> bool:
        """Return whether the session that took the lock is still there."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(_PROBE)
        except SQLAlchemyError:
            self._drop_session()
            return False
        return True

    def _drop_session(self) -> None:
        """End the session of the lock."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()  # in the pool it would keep the lock
                self._connection.close()
            self._connection = None

    def _require(self, connection: Connection) -> None:
        """Refuse to write where another run has claimed the database since."""
        if _writer(connection) != self._writer:
            raise self._taken()

    def _taken(self) -> StoreTakenError:
        return StoreTakenError(
            f"another monitor writes to {self._database.address}; end it or name another --store"
        )

    def _take_over(self, *, begins_anew: bool = False) -> None:
        kind = self._kind
        with self._database.writing(is_guarded=False) as connection:
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
            connection.execute(delete(settings).where(settings.c.name == _WRITER))
            connection.execute(insert(settings), [{"name": _WRITER, "value": self._writer}])


def source_kind(database: Database) -> str:
    """Return what the results in a store come from; empty where no run wrote to it."""
    with database.reading() as connection:
        return _kind(connection)


def _writer(connection: Connection) -> str | None:
    """Return who claimed the database last."""
    return connection.execute(
        select(settings.c.value).where(settings.c.name == _WRITER)
    ).scalar_one_or_none()


def _kind(connection: Connection) -> str:
    """Return the kind, ``live`` for results of unknown origin, or nothing."""
    named = connection.execute(select(settings.c.value).where(settings.c.name == _NAME)).scalar()
    if named is not None:
        return str(named)
    for table in (events, picks):
        if connection.execute(select(table).limit(1)).first() is not None:
            return "live"
    return ""
