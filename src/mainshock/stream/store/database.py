"""Opens the database of the live store: SQLite in WAL mode, or whatever a URL names."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from mainshock.core.errors import MissingDependencyError, SettingsError, SourceError
from mainshock.core.files import make_folder

__all__ = ["Database", "upsert"]

_BUSY_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA journal_size_limit = 67108864",  # what a WAL file keeps on disk once it is written back
    "PRAGMA foreign_keys = ON",
)
_WRITERS_LOCK = 0x6D61696E  # any number of our own, the same in all processes


class Database:
    """Connections to one database, with one writer at a time.

    Parameters
    ----------
    path_or_url
        File of an SQLite database, made where it is missing, or a URL of SQLAlchemy such as
        ``postgresql+psycopg://user@host/name``.

    Raises
    ------
    SourceError
        If it cannot be opened.
    SettingsError
        If a URL cannot be understood.
    MissingDependencyError
        If the driver that a URL names is not installed.
    """

    def __init__(self, path_or_url: str | Path) -> None:
        self.engine = _engine(path_or_url)
        self._writing = Lock()
        try:
            with self.engine.connect():
                pass
        except (DatabaseError, sqlite3.Error) as error:
            self.engine.dispose()
            raise SourceError(
                f"cannot open the store {path_or_url}: {error}; name another file or server"
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database from its first query on."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes become visible together at the end, or not at all.

        Writers come one after the other, in this process and in others, so that sequence numbers
        become visible in their order.
        """
        with self._writing, self.engine.connect() as connection:
            connection.execution_options(is_writing=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS_LOCK}
                    )
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(path_or_url: str | Path) -> Engine:
    if isinstance(path_or_url, Path) or "://" not in path_or_url:
        path = Path(path_or_url)
        make_folder(path.parent)
        url = f"sqlite:///{path}"
    else:
        url = path_or_url
    try:
        engine = create_engine(make_url(url))
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(
            f"{url!r} is no database URL: {error}; write it as postgresql+psycopg://host/name"
        ) from error
    except ImportError as error:
        raise MissingDependencyError(
            f"{url!r} needs a driver that is not installed: {error}; install mainshock[postgres]"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says so
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    # a transaction that reads first and writes later would fail when another one wrote meanwhile
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],  # values of any column type
    newer: str | None = None,
) -> None:
    """Insert rows; where the primary key is there already, replace the row only by a newer one.

    Parameters
    ----------
    newer
        Column by which a row is newer than another; None: what is there stays.
    """
    if not rows:
        return
    key = [column.name for column in table.primary_key.columns]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    if newer is None:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    else:
        names = [column.name for column in table.columns if column.name not in key]
        others = {name: statement.excluded[name] for name in names}
        statement = statement.on_conflict_do_update(
            index_elements=key, set_=others, where=statement.excluded[newer] > table.c[newer]
        )
    connection.execute(statement, list(rows))
