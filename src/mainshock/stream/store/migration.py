"""Brings the schema of a store to the one that this version of the program works with."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from mainshock.core.errors import DataError

__all__ = ["migrate", "revision_of"]

_FOLDER = Path(__file__).with_name("migrations")


def migrate(connection: Connection, revision: str = "head") -> None:
    """Make every step up to a revision that the database has not made yet.

    Raises
    ------
    DataError
        If a newer version of the program made the database.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    current = revision_of(connection)
    if revision == "head" and current == ScriptDirectory.from_config(config).get_current_head():
        return
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise DataError(
            f"the store has schema {current}, which this version does not know: {error}; "
            "use the version of mainshock that wrote it, or a newer one"
        ) from error


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, or None where it has none yet."""
    return MigrationContext.configure(connection).get_current_revision()
