"""The exported catalogue: files by day that outlive the store's retention, asked by SQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.core.records import Event, Magnitude, Origin, Pick
from mainshock.stream.records import EventVersion, LivePick
from mainshock.stream.store.catalogue import export_catalogue, query_catalogue
from mainshock.stream.store.catalogue_process import export_apart
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.retention import Retention

MIDNIGHT = datetime(2026, 5, 28, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with LiveStore.open(tmp_path / "live.db") as made:
        yield made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "a catalogue's folder"


def hours(number: float) -> datetime:
    return MIDNIGHT + timedelta(hours=number)


def event(name, at_h, version=1, **changes) -> EventVersion:
    deviations = (0.1, 1.0, 1.0, 2.0)
    origin = Origin(hours(at_h), 10.0, 50.0, 8.0, *deviations, np.eye(3), "iasp91")
    magnitude = Magnitude(changes.pop("magnitude", 2.0), "ML", 0.2, 3)
    told = Event(name, origin, (), magnitude, "B", flags=("one", "two"))
    made = EventVersion(name, version, "new", "settled", told, MIDNIGHT, models={"picker": "m"})
    return replace(made, **changes)


def pick(name, at_h, version=1, **changes) -> LivePick:
    made = Pick("XX", "AAA", "", "P", hours(at_h), 0.9, 0.1, "m")
    return replace(LivePick(name, version, "new", "settled", made, "HH", MIDNIGHT), **changes)


def ids(folder, kind="event", **values):
    table = query_catalogue(folder, f"SELECT {kind}_id AS id FROM {kind}s ORDER BY time", values)
    return table["id"].to_pylist()


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_settled_events_and_picks_are_written_by_day(store, folder):
    store.save_events([event("a", -1), event("b", 1), event("early", 2, status="preliminary")])
    store.save_events([event("gone", 3, kind="cancel")])
    store.save_picks([pick("p", -1), pick("q", 1), pick("early", 2, status="preliminary")])
    export = export_catalogue(store, folder)
    assert sorted(contents(folder)) == [
        f"{kind}/date=2026-05-{day}/{kind}.parquet"
        for kind in ("events", "picks")
        for day in (27, 28)
    ]
    assert (export.files, export.change) == (4, store.latest_change())
    assert ids(folder) == ["a", "b"]
    assert ids(folder, "pick") == ["p", "q"]


def test_values_come_back_as_they_were(store, folder):
    store.save_events([event("a", 1.25, magnitude=1 / 3)])
    export_catalogue(store, folder)
    (row,) = query_catalogue(folder, "SELECT * FROM events").to_pylist()
    assert row["time"] == hours(1.25)
    assert row["magnitude"] == 1 / 3
    assert row["flags"] == "one;two"
    assert row["models"] == '{"picker": "m"}'
    assert row["region95_km2"] is None
    assert str(row["date"]) == "2026-05-28"


def test_an_export_again_writes_nothing(store, folder):
    store.save_events([event("a", 1)])
    store.save_picks([pick("p", 1)])
    export_catalogue(store, folder)
    before = contents(folder)
    assert export_catalogue(store, folder).files == 0
    (folder / "exported.json").unlink()
    assert export_catalogue(store, folder).files == 0, "the same when it starts from nothing"
    assert contents(folder) == before


def test_only_days_with_news_are_looked_at(store, folder, monkeypatch):
    store.save_events([event("a", -100), event("b", 1)])
    export_catalogue(store, folder)
    asked = []
    summaries = store.event_summaries
    monkeypatch.setattr(store, "event_summaries", lambda q: asked.append(q) or summaries(q))
    store.save_events([event("c", 2)])
    assert export_catalogue(store, folder).files == 1
    assert min(q.start for q in asked if q.start) == hours(-24)
    assert ids(folder) == ["a", "b", "c"]


def test_what_the_store_gave_up_stays_in_the_catalogue(store, folder):
    store.save_events([event("a", 1)])
    store.save_picks([pick("p", 1)])
    everything = Retention(picks_before=LATER, events_before=LATER, changes_before=LATER)
    export_apart(store, folder)
    removed = store.retain(everything)
    assert removed["events"] == removed["picks"] == 1
    assert store.events() == []
    store.save_events([event("b", 2)])
    store.save_picks([pick("q", 2)])
    export_catalogue(store, folder)
    assert ids(folder) == ["a", "b"]
    assert ids(folder, "pick") == ["p", "q"]


def test_what_was_saved_before_the_changes_were_trimmed_is_exported(store, folder):
    store.save_events([event("a", -50), event("b", 1)])
    store.retain(Retention(changes_before=LATER))
    export_catalogue(store, folder)
    assert ids(folder) == ["a", "b"]


@pytest.mark.parametrize("export", [export_catalogue, export_apart])
def test_a_folder_that_cannot_be_written_is_told(store, tmp_path, export):
    store.save_events([event("a", 1)])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SourceError, match="file"):
        export(store, tmp_path / "file")


def test_a_cancelled_event_leaves_the_catalogue(store, folder):
    store.save_events([event("a", 1), event("b", 30)])
    export_catalogue(store, folder)
    store.save_events([event("a", 1, version=2, kind="cancel")])
    export_catalogue(store, folder)
    assert ids(folder) == ["b"]
    assert len(contents(folder)) == 1


def test_what_moves_across_midnight_is_told_once(store, folder):
    store.save_events([event("a", -0.01), event("b", -2)])
    store.save_picks([pick("p", 0.01)])
    export_catalogue(store, folder)
    store.save_events([event("a", 0.01, version=2)])
    store.save_picks([pick("p", -0.01, version=2)])
    export_catalogue(store, folder)
    assert ids(folder) == ["b", "a"]
    rows = query_catalogue(folder, "SELECT pick_id, date FROM picks").to_pylist()
    assert [(row["pick_id"], str(row["date"])) for row in rows] == [("p", "2026-05-27")]


def test_values_are_handed_over_and_never_read_as_sql(store, folder):
    store.save_events([event("a'; DROP TABLE events; --", 1)])
    export_catalogue(store, folder)
    found = query_catalogue(
        folder,
        "SELECT count(*) AS n FROM events WHERE event_id = $name AND time >= $start",
        {"name": "a'; DROP TABLE events; --", "start": hours(0)},
    )
    assert found["n"].to_pylist() == [1]


def test_an_empty_catalogue_has_the_same_columns(store, folder):
    export_catalogue(store, folder)
    empty = query_catalogue(folder, "SELECT * FROM events").schema
    store.save_events([event("a", 1)])
    export_catalogue(store, folder)
    assert query_catalogue(folder, "SELECT * FROM events").schema.equals(empty)
    assert query_catalogue(folder, "SELECT * FROM picks").num_rows == 0


FORBIDDEN = {
    "write": "COPY (SELECT 1) TO '{folder}/x.csv'",
    "drop": "DROP VIEW events",
    "two": "SELECT 1; SELECT 2",
    "none": "",
    "other file": "SELECT * FROM read_text('{secret}')",
    "up and out": "SELECT * FROM read_text('{folder}/../secret.txt')",
    "settings": "SET enable_external_access = true",
    "attach": "ATTACH '{folder}/new.db'",
    "extension": "INSTALL httpfs",
    "nonsense": "SELECT FROM WHERE",
    "unknown": "SELECT nothing FROM events",
    "explain": "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/x.csv'",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_question_can_change_and_reach_nothing(store, folder, tmp_path, name):
    export_catalogue(store, folder)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    before = sorted(tmp_path.rglob("*"))
    quoted = str(folder).replace("'", "''")
    with pytest.raises(DataError):
        query_catalogue(folder, FORBIDDEN[name].format(folder=quoted, secret=secret))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_or_damaged_catalogue_is_told(store, folder):
    with pytest.raises(SourceError, match="export"):
        query_catalogue(folder, "SELECT 1")
    store.save_events([event("a", 1)])
    export_catalogue(store, folder)
    (path,) = folder.rglob("*.parquet")
    path.write_text("no parquet")
    with pytest.raises(DataError):
        query_catalogue(folder, "SELECT * FROM events")
    store.save_events([event("b", 1)])
    with pytest.raises(DataError, match="no part of a catalogue"):
        export_catalogue(store, folder)
    (folder / "exported.json").write_text("[]")
    with pytest.raises(DataError, match="delete it"):
        export_catalogue(store, folder)
