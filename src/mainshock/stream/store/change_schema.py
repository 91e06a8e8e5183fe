"""Brings a store to a revision of its schema, forward or back, as an operator asks."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from mainshock.core.errors import SettingsError
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.database import Database
from mainshock.stream.store.geometry import add_geometry
from mainshock.stream.store.migration import downgrade, migrate, revision_of, revisions

__all__ = ["SchemaChange", "change_schema"]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The revisions before and after, None where there is no schema; whether geometry was asked."""

    before: str | None
    after: str | None
    has_geometry: bool


def change_schema(
    place: str | Path | StoreAddress,
    revision: str = "head",
    *,
    may_drop: bool = False,
    has_geometry: bool = False,
) -> SchemaChange:
    """Bring a store to a revision, all steps or none.

    Parameters
    ----------
    place
        As ``LiveStore.open`` takes it.
    revision
        One of ``migration.revisions``, or ``"head"`` for the newest one.
    may_drop
        Whether it may go back, which loses what only the later steps have a place for.
    has_geometry
        Whether events get a geometry column; only of the newest revision.

    Raises
    ------
    SettingsError
        If there is no such revision, it is an earlier one and may not be gone back to, or geometry
        is asked where it cannot be had.
    DataError
        If a newer version of the program made the store.
    SourceError
        If it cannot be opened.
    """
    known = revisions()
    wanted = known[-1] if revision == "head" else revision
    if wanted not in known:
        raise SettingsError(f"{revision!r} is no revision; known are {', '.join(known)}")
    if has_geometry and wanted != known[-1]:
        raise SettingsError(
            f"geometry belongs to revision {known[-1]}, not {wanted}; leave one out"
        )
    database = Database(place)
    try:
        with database.writing() as connection:
            before = revision_of(connection)
            _go(connection, before, wanted, may_drop=may_drop)
            if has_geometry:
                add_geometry(connection)
            return SchemaChange(before, revision_of(connection), has_geometry)
    finally:
        database.close()


def _go(connection: Connection, before: str | None, wanted: str, *, may_drop: bool) -> None:
    known = revisions()
    is_back = before in known and known.index(before) > known.index(wanted)
    if not is_back:
        migrate(connection, wanted)
        return
    if not may_drop:
        raise SettingsError(
            f"the store has revision {before}; going back to {wanted} loses what only later steps "
            "can hold; add --drop if it may go"
        )
    downgrade(connection, wanted)
