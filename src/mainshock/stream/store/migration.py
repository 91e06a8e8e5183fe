"""Brings the schema of a store to the one that this version of the program works with."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from mainshock.core.errors import DataError

__all__ = ["downgrade", "migrate", "revision_of", "revisions"]

_FOLDER = Path(__file__).with_name("migrations")


def migrate(connection: Connection, revision: str = "head") -> None:
    """Make every step up to a revision that the database has not made yet.

    The connection must be one of ``Database.writing``: it makes processes that open a store at
    once come one after the other.

    Raises
    ------
    DataError
        If a newer version of the program made the database.
    """
    config = _config(connection)
    current = revision_of(connection)
    if revision == "head" and current == ScriptDirectory.from_config(config).get_current_head():
        return
    _go(command.upgrade, config, revision, current)


def downgrade(connection: Connection, revision: str) -> None:
    """Undo every step after a revision, with the data that only those steps have a place for.

    Parameters
    ----------
    connection
        One of ``Database.writing``.
    revision
        One of ``revisions``, or ``"base"`` for none.

    Raises
    ------
    DataError
        If this version does not know the revision, or the database's.
    """
    _go(command.downgrade, _config(connection), revision, revision_of(connection))


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, or None where it has none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """Return all revisions that this version knows, the first one first."""
    found = ScriptDirectory.from_config(_config(None)).walk_revisions()
    return [one.revision for one in found][::-1]


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _go(
    action: Callable[[Config, str], None], config: Config, revision: str, current: str | None
) -> None:
    try:
        action(config, revision)
    except CommandError as error:
        known = revisions()
        if current is not None and current not in known:
            raise DataError(
                f"the store has schema {current}, which this version does not know: {error}; "
                "use the version of mainshock that wrote it, or a newer one"
            ) from error
        raise DataError(
            f"the store has schema {current} and cannot go to {revision}: {error}; known are "
            f"{', '.join(known)}"
        ) from error
