"""The schema of the live store through the versions of the program."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, text

from mainshock.core.errors import DataError
from mainshock.stream.store.database import Database
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.migration import migrate, revision_of
from mainshock.stream.store.schema import events, metadata, picks

PICK_DOCUMENT = """{"pick_id":"p","version":1,"kind":"new","status":"settled","pick":
{"network":"XX","station":"AAA","location":"","phase":"P","time":"2026-05-27T12:00:00.000000Z",
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


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "live.db")
    yield made
    made.close()


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


def test_a_store_of_the_first_revision_is_brought_up_to_date_with_its_rows(tmp_path):
    path = tmp_path / "live.db"
    database = Database(path)
    with database.writing() as connection:
        migrate(connection, "0001")
        connection.execute(insert(picks), [PICK_ROW])
        assert revision_of(connection) == "0001"
        assert not inspect(connection).has_table("audit")
    database.close()
    with LiveStore.open(path) as store:
        assert [one.pick_id for one in store.picks()] == ["p"]
        store.record_audit("ana", "look")
        assert len(store.audit()) == 1


def test_opening_again_changes_nothing(tmp_path):
    path = tmp_path / "live.db"
    for _ in range(2):
        LiveStore.open(path).close()
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        connection.close()
        assert found == [("0004",)]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "live.db"
    LiveStore.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DataError, match="9999"):
        LiveStore.open(path)


def test_a_failed_step_leaves_the_store_as_it_was(tmp_path):
    path = tmp_path / "live.db"
    database = Database(path)
    with database.writing() as connection:
        migrate(connection, "0001")
        connection.execute(text("CREATE TABLE settings (in_the_way TEXT)"))
    database.close()
    with pytest.raises(Exception, match="settings"):
        LiveStore.open(path)
    database = Database(path)
    with database.reading() as connection:
        assert revision_of(connection) == "0001"
        assert not inspect(connection).has_table("users"), "made before the step failed"
    database.close()


def test_the_database_is_set_up_to_write_ahead(database):
    with database.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() >= 1000
