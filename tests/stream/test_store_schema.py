"""Migrations of the live store: forward, back, once, and never half; on both databases."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select, text

from mainshock.core.errors import DataError, SettingsError
from mainshock.stream.store.audit_log import AuditQuery, AuditStore
from mainshock.stream.store.change_schema import change_schema
from mainshock.stream.store.database import Database
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.migration import downgrade, migrate, revision_of, revisions
from mainshock.stream.store.schema import events, metadata, picks

PICK_DOCUMENT = """{"pick_id":"p","version":1,"kind":"new","status":"settled",
"pick":{"network":"XX","station":"AAA","location":"","phase":"P","time":"2026-05-27T12:00:00.000000Z",
"probability":0.9,"sigma_s":0.1,"model":"m","event_id":"","back_azimuth_deg":null,
"back_azimuth_sigma_deg":null,"incidence_deg":null},"instrument":"HH",
"issued":"2026-05-27T12:00:01.000000Z","is_synthetic":false}"""
PICK_ROW = {
    "pick_id": "p",
    "version": 1,
    "kind": "new",
    "station_code": "XX.AAA",
    "phase": "P",
    "time_us": 1_779_883_200_000_000,
    "updated_us": 1_779_883_201_000_000,
    "document": PICK_DOCUMENT,
}
REVISIONS = revisions()


@pytest.fixture
def database(place):
    made = Database(place)
    yield made
    made.close()


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found


def described(found: MetaData) -> dict[str, object]:
    """Columns, keys and indexes of all tables, as the database tells them."""
    return {
        table.name: (
            [(one.name, str(one.type), one.nullable, one.primary_key) for one in table.columns],
            sorted(
                (index.name, tuple(column.name for column in index.columns))
                for index in table.indexes
            ),
        )
        for table in found.tables.values()
    }


def a_row_each(connection: Connection, found: MetaData) -> None:
    """Put a row into every table that is there."""
    values = {"VARCHAR": "x", "TEXT": "{}", "BYTEA": b"x", "BLOB": b"x", "BOOLEAN": True}
    for table in found.tables.values():
        if table.name != "alembic_version":
            row = {
                one.name: values.get(str(one.type).partition("(")[0].partition(" ")[0], 1)
                for one in table.columns
            }
            connection.execute(insert(table), [row])


def rows(connection: Connection, found: MetaData) -> dict[str, list[dict]]:
    return {
        table.name: [dict(row._mapping) for row in connection.execute(select(table))]
        for table in found.tables.values()
        if table.name != "alembic_version"
    }


def narrowed(found: dict[str, list[dict]], smaller: MetaData) -> dict[str, list[dict]]:
    """The same rows in the tables and columns of an earlier revision."""
    return {
        table.name: [
            {one.name: row[one.name] for one in table.columns} for row in found[table.name]
        ]
        for table in smaller.tables.values()
        if table.name != "alembic_version"
    }


def test_migrations_make_the_tables_that_the_code_works_with(database):
    with database.writing() as connection:
        migrate(connection)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert differences == []
        made = {table["name"] for table in inspect(connection).get_indexes("events")}
    assert made == {index.name for index in events.indexes}


def test_the_comparison_would_tell_a_difference(database):
    with database.writing() as connection:
        migrate(connection)
        connection.execute(text("ALTER TABLE picks ADD COLUMN stray TEXT"))
        connection.execute(text("DROP INDEX events_by_update"))
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert {difference[0] for difference in found} == {"remove_column", "add_index"}


@pytest.mark.parametrize("step", range(1, len(REVISIONS)), ids=REVISIONS[1:])
def test_a_step_back_drops_what_the_step_added_and_nothing_else(database, new_place, step):
    before, after = REVISIONS[step - 1], REVISIONS[step]
    fresh = Database(new_place())
    with fresh.writing() as connection:
        migrate(connection, before)
        expected = described(reflected(connection))
    fresh.close()
    with database.writing() as connection:
        migrate(connection, after)
        whole = reflected(connection)
        a_row_each(connection, whole)
        held = rows(connection, whole)
    with database.writing() as connection:
        downgrade(connection, before)
        assert revision_of(connection) == before
        smaller = reflected(connection)
        assert described(smaller) == expected
        kept = rows(connection, smaller)
    # a step may have added columns to a table that was there before
    assert kept == narrowed(held, smaller)
    assert all(kept.values())
    with database.writing() as connection:
        migrate(connection, after)
        assert described(reflected(connection)) == described(whole)
        again = rows(connection, whole)
    assert narrowed(again, smaller) == kept
    assert not any(again[name] for name in set(again) - set(kept)), "made anew, empty"


def test_the_first_step_back_leaves_an_empty_database(database):
    with database.writing() as connection:
        migrate(connection, REVISIONS[0])
        downgrade(connection, "base")
        assert revision_of(connection) is None
        assert set(described(reflected(connection))) <= {"alembic_version"}


def test_a_store_of_the_first_revision_is_brought_up_to_date_with_its_rows(place):
    database = Database(place)
    with database.writing() as connection:
        migrate(connection, "0001")
        connection.execute(insert(picks), [PICK_ROW])
        assert revision_of(connection) == "0001"
        assert not inspect(connection).has_table("audit")
    database.close()
    with LiveStore.open(place) as store:
        assert [one.pick_id for one in store.picks()] == ["p"]
        audit = AuditStore(store.database)
        audit.add("ana", "look")
        assert len(audit.rows(AuditQuery())) == 1


def test_opening_again_changes_nothing(place):
    for _ in range(2):
        LiveStore.open(place).close()
        database = Database(place)
        with database.reading() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).all()
        database.close()
        assert [tuple(row) for row in found] == [(REVISIONS[-1],)]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(place):
    LiveStore.open(place).close()
    database = Database(place)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        before = described(reflected(connection))
    for refused in (LiveStore.open, lambda at: change_schema(at, "0001", may_drop=True)):
        with pytest.raises(DataError, match="9999"):
            refused(place)
    with database.reading() as connection:
        assert revision_of(connection) == "9999"
        assert described(reflected(connection)) == before
    database.close()


def test_a_failed_step_leaves_the_store_as_it_was(place):
    database = Database(place)
    with database.writing() as connection:
        migrate(connection, "0001")
        connection.execute(text("CREATE TABLE settings (in_the_way TEXT)"))
    database.close()
    with pytest.raises(Exception, match="settings"):
        LiveStore.open(place)
    database = Database(place)
    with database.reading() as connection:
        assert revision_of(connection) == "0001"
        assert not inspect(connection).has_table("users"), "made before the step failed"
    database.close()


def test_many_may_open_a_new_store_at_once(place):
    errors: list[BaseException] = []
    ready = threading.Barrier(6)

    def open_it(number: int) -> None:
        try:
            ready.wait()
            with LiveStore.open(place) as store:
                AuditStore(store.database).add(str(number), "open")
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=open_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with LiveStore.open(place) as store:
        rows = AuditStore(store.database).rows(AuditQuery())
        assert sorted(one.actor for one in rows) == list("012345")


def test_who_opens_a_store_waits_for_the_one_that_migrates_it(place):
    database = Database(place)
    opened = threading.Event()

    def open_it() -> None:
        LiveStore.open(place).close()
        opened.set()

    thread = threading.Thread(target=open_it)
    with database.writing() as connection:
        migrate(connection, "0001")
        thread.start()
        assert not opened.wait(0.3)
        migrate(connection)
    thread.join(10.0)
    assert opened.is_set()
    database.close()


def test_an_operator_goes_back_only_when_losing_data_is_allowed(place):
    assert change_schema(place).after == REVISIONS[-1]
    with pytest.raises(SettingsError, match="--drop"):
        change_schema(place, "0001")
    change = change_schema(place, "0001", may_drop=True)
    assert (change.before, change.after) == (REVISIONS[-1], "0001")
    assert change_schema(place, "0003").after == "0003"
    with pytest.raises(SettingsError, match="0042"):
        change_schema(place, "0042")


def test_a_geometry_column_is_asked_for_only_where_it_can_be(tmp_path):
    with pytest.raises(SettingsError, match="PostgreSQL"):
        change_schema(tmp_path / "live.db", has_geometry=True)
    with pytest.raises(SettingsError, match="belongs to revision"):
        change_schema(tmp_path / "live.db", "0001", has_geometry=True)


def test_an_sqlite_file_is_set_up_to_write_ahead(tmp_path: Path):
    database = Database(tmp_path / "live.db")
    with database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() >= 1000
    database.close()
