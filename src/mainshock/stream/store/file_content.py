"""What lies in the file of a store, looked at without opening it as one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from mainshock.core.errors import SourceError

__all__ = ["holds_results", "remove_results"]

_KEPT = frozenset({"users", "tokens", "ended_sessions", "audit", "settings", "alembic_version"})


def holds_results(path: Path) -> bool:
    """Return whether a file has events or picks, or cannot be read."""
    if not path.exists():
        return False
    return any(_has_row(path, table) is not False for table in ("events", "picks"))


def remove_results(path: Path) -> None:
    """Remove a file; of one with accounts or a chosen model, only what was found.

    Raises
    ------
    SourceError
        If such a file cannot be written.
    """
    if path.is_file() and (_has_row(path, "users") or _has_row(path, "models")):
        try:
            with closing(sqlite3.connect(path, timeout=10.0)) as connection, connection:
                listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                for (name,) in listed.fetchall():
                    if name not in _KEPT and not name.startswith("sqlite_"):
                        connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 - a table's name
        except sqlite3.Error as error:
            raise SourceError(
                f"cannot remove the results in {path}: {error}; name another --data-dir"
            ) from error
        return
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


def _has_row(path: Path, table: str) -> bool | None:
    """Return whether a table has a row; False where there is no such table, None if unknown.

    ``models`` is the row of the model that was chosen.
    """
    statement = {
        "users": "SELECT 1 FROM users LIMIT 1",
        "models": "SELECT 1 FROM settings WHERE name = 'models'",
        "events": "SELECT 1 FROM events LIMIT 1",
        "picks": "SELECT 1 FROM picks LIMIT 1",
    }[table]
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10.0)) as connection:
            return connection.execute(statement).fetchone() is not None
    except sqlite3.Error as error:
        return False if "no such table" in str(error) else None
