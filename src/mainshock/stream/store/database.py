"""Opens the database of the live store: SQLite in WAL mode, or PostgreSQL."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine, Table, create_engine, event, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DatabaseError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mainshock.core.errors import (
    MissingDependencyError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.core.files import make_folder
from mainshock.core.secrets import SecretReference
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.schema import settings

__all__ = ["Database", "StoreError", "StoreTakenError", "upsert"]

_BUSY_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA journal_size_limit = 67108864",  # what a WAL file keeps on disk once it is written back
    "PRAGMA cache_size = -512",  # KiB; the rest comes from the file cache of the system
    "PRAGMA foreign_keys = ON",
)
_AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeoutError, UnreachableError)
_PROBE = select(literal(1)).select_from(settings).limit(1)
_NO_SUCH_TABLE = ("42P01", "42703", "3F000")  # nor column, nor schema: SQLSTATE of PostgreSQL
_NO_RIGHT = "42501"
_WRITERS_LOCK = 0x6D61696E  # any number of our own, the same in all processes
# a server or a network that fell silent is given up; so is a writer that keeps others waiting
_POSTGRES_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "tcp_user_timeout": 30_000,
    "application_name": "mainshock",
    "options": f"-c lock_timeout={_BUSY_MS} -c idle_in_transaction_session_timeout=60000",
}


class StoreError(SourceError):
    """The database does not answer, or cannot do what it is asked; it may later."""


class StoreTakenError(StoreError, SettingsError):
    """Another run writes to the database, so that this one may not."""


class Database:
    """Connections to one database, with one writer at a time.

    Parameters
    ----------
    place
        File of an SQLite database, made where it is missing; a URL of SQLAlchemy such as
        ``postgresql+psycopg://user@host/name``; or an address with its password elsewhere.

    Raises
    ------
    SourceError
        If a file cannot be opened.
    UnreachableError
        If a server does not answer, or refuses.
    SettingsError
        If a URL cannot be understood.
    MissingDependencyError
        If the driver that a URL names is not installed.

    Attributes
    ----------
    guard
        Asked inside each transaction that writes, and raises where this process may not; None:
        it may.
    """

    guard: Callable[[Connection], None] | None = None

    def __init__(self, place: str | Path | StoreAddress) -> None:
        self.address = _address(place)
        self.engine = _engine(self.address)
        self._writing = Lock()
        try:
            with self.engine.connect():
                pass
        except (DatabaseError, InterfaceError, sqlite3.Error) as error:
            self._cannot_open(error)
        except BaseException:  # the secret of its password
            self.engine.dispose()
            raise
        if self.address.is_file and self.address.url.database:
            _watch_file(self.engine, Path(self.address.url.database))

    def _cannot_open(self, error: Exception) -> NoReturn:
        self.engine.dispose()
        if self.address.is_file:
            raise SourceError(
                f"cannot open the store {self.address.url.database}: {_reason(error)}; name "
                "another file or server"
            ) from error
        raise UnreachableError(
            f"cannot open the store {self.address}: {_reason(error)}; start the server, or mend "
            "address, user, password or name of the database"
        ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database from its first query on.

        Raises
        ------
        StoreError
            If the database does not answer, or its file is gone.
        """
        with self.faults_told("read"), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @contextmanager
    def writing(self, *, is_guarded: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes become visible together at the end, or not at all.

        Writers come one after the other, in this process and in others, so that sequence numbers
        become visible in their order.

        Parameters
        ----------
        is_guarded
            Whether ``guard`` is asked; a run that claims the database does without.

        Raises
        ------
        StoreError
            If the database does not answer, its file is gone, its disk is full, another writer
            held it for 10 s, or its tables are not those of this version.
        StoreTakenError
            If another run has claimed it since.
        """
        with self.faults_told("write"), self._writing, self.engine.connect() as connection:
            connection.execution_options(is_writing=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS_LOCK}
                    )
                if is_guarded and self.guard is not None:
                    self.guard(connection)
                yield connection

    @contextmanager
    def faults_told(self, action: str) -> Iterator[None]:
        """Tell what the driver raises as ``StoreError``, with a remedy.

        Parameters
        ----------
        action
            What is done with the store, as a verb: ``read``.

        Raises
        ------
        StoreError
            If the database does not answer or cannot do it.
        """
        try:
            yield
        except (*_AWAY, DatabaseError) as error:
            remedy = self._remedy(error)
            if not remedy:  # a statement that is wrong
                raise
            raise StoreError(f"cannot {action} the store: {_reason(error)}; {remedy}") from error

    def _remedy(self, error: Exception) -> str:
        """Return what helps against a fault; an empty text where only another program would."""
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        if state in _NO_SUCH_TABLE or _reason(error).startswith("no such "):
            return (
                f"the tables of {self.address} are not those of this version, as after an empty "
                "database was restored: bring back a copy of it, or have `mainshock stream "
                "migrate` make them anew, empty"
            )
        if state == _NO_RIGHT:
            return f"give the user of {self.address} its rights to the tables back"
        if isinstance(error, _AWAY):
            if self.address.is_file:
                return "look whether the file is there, for free space, and who holds it"
            return f"look at the server of {self.address}, its space, and who holds it"
        return "bring back a copy of it" if type(error) is DatabaseError else ""

    def problem(self) -> str:
        """Return why nothing can be read at present; an empty text where it can."""
        try:
            with self.reading() as connection:
                connection.execute(_PROBE)
        except StoreError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _address(place: str | Path | StoreAddress) -> StoreAddress:
    if isinstance(place, StoreAddress):
        return place
    if isinstance(place, Path) or "://" not in place:
        make_folder(Path(place).parent)
        return StoreAddress.of_file(Path(place))
    return StoreAddress.of_url(place)


def _engine(address: StoreAddress) -> Engine:
    options: dict[str, Any] = {}  # of SQLAlchemy, by dialect
    if not address.is_file:
        own = {name: v for name, v in _POSTGRES_OPTIONS.items() if name not in address.url.query}
        options = {"pool_pre_ping": True, "connect_args": own}  # a server may have been restarted
    try:
        engine = create_engine(address.url, **options)
    except NoSuchModuleError as error:
        raise SettingsError(
            f"{address} names a driver that is none; write it as postgresql+psycopg://host/name"
        ) from error
    except ImportError as error:
        raise MissingDependencyError(
            f"{address} needs a driver that is not installed: {error}; install mainshock[postgres]"
        ) from error
    if address.is_file:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif address.password is not None:
        event.listen(engine, "do_connect", _giving(address.password))
    return engine


def _giving(password: SecretReference) -> Any:  # a listener of SQLAlchemy
    def give(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        options["password"] = password.read().reveal()

    return give


def _reason(error: Exception) -> str:
    """Return the first line of what the driver says."""
    told = str(getattr(error, "orig", None) or error).strip().splitlines()
    return told[0] if told else type(error).__name__


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says so
    for pragma in _PRAGMAS:
        _set(connection, pragma)


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    """Execute a pragma; SQLite itself does not wait for the change to WAL of another process."""
    end_s = time.monotonic() + _BUSY_MS / 1000.0
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end_s:
                raise
            time.sleep(0.01)
        else:
            return


def _watch_file(engine: Engine, path: Path) -> None:
    """Let no connection go on with a file that was removed or replaced, nor make an empty one."""

    def refuse(*_: object) -> None:
        if not path.exists():
            raise sqlite3.OperationalError(f"{path} is gone")

    def remember(_connection: object, record: Any) -> None:  # a record of SQLAlchemy's pool
        record.info["file"] = _number(path)

    def check(_connection: object, record: Any, _proxy: object) -> None:  # the same
        if record.info.get("file", number) != _number(path):
            raise DisconnectionError(f"{path} is another file than before")

    number = _number(path)  # of the connections that there are
    event.listen(engine, "do_connect", refuse)
    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", check)


def _number(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others of its name, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
