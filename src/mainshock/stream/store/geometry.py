"""Places of events as a geometry column, where PostgreSQL has the extension PostGIS.

Nothing here needs it: it is for other programs, such as a geographic information system, that read
the table of events.
"""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from mainshock.core.errors import SettingsError

__all__ = ["add_geometry", "has_geometry"]

_COLUMN = "epicentre"
_EXTENSION = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
_STEPS = (
    "CREATE EXTENSION IF NOT EXISTS postgis",
    (
        f"ALTER TABLE events ADD COLUMN {_COLUMN} geometry(Point, 4326) GENERATED ALWAYS AS "
        "(ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)) STORED"
    ),
    f"CREATE INDEX events_by_{_COLUMN} ON events USING gist ({_COLUMN})",
)


def add_geometry(connection: Connection) -> bool:
    """Add the column ``epicentre`` (WGS 84) to the table of events, and an index of it.

    The database fills it in from longitude and latitude, now and for each event to come.

    Parameters
    ----------
    connection
        One of ``Database.writing`` to a store of this version.

    Returns
    -------
    Whether it was added; False where it is there already.

    Raises
    ------
    SettingsError
        If the database is not PostgreSQL, PostGIS is not installed on its server, or the user may
        not create or use it.
    """
    if connection.dialect.name != "postgresql":
        raise SettingsError("SQLite has no geometry column; name a store on PostgreSQL by --store")
    if has_geometry(connection):
        return False
    if connection.execute(text(_EXTENSION)).first() is None:
        major, *_ = connection.dialect.server_version_info or ("VERSION",)
        raise SettingsError(
            "the server has no extension postgis; install it there (Debian: "
            f"postgresql-{major}-postgis-3)"
        )
    try:
        for step in _STEPS:
            connection.execute(text(step))
    except ProgrammingError as error:  # no right, or the extension in a schema off the search path
        told = str(error.orig).splitlines()[0]
        raise SettingsError(
            f"cannot add the geometry: {told}; let an administrator run CREATE EXTENSION postgis "
            "in this database, into a schema on the search path of its user"
        ) from error
    return True


def has_geometry(connection: Connection) -> bool:
    """Return whether the table of events has the column ``epicentre``."""
    return any(one["name"] == _COLUMN for one in inspect(connection).get_columns("events"))
