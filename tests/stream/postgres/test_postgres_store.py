"""What only a server can do: be down, be restarted, ask for a password, serve several processes."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from mainshock.core.errors import SettingsError, SourceError, UnreachableError
from mainshock.core.records import Pick
from mainshock.stream.records import LivePick
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.change_schema import change_schema
from mainshock.stream.store.claim import StoreClaim, source_kind
from mainshock.stream.store.database import Database, StoreError, StoreTakenError
from mainshock.stream.store.live_store import Change, LiveStore
from mainshock.stream.store_watch import StoreWatch

sys.path.insert(0, str(Path(__file__).parent))
from postgres_server import PASSWORD, PostgresServer

WRITER = Path(__file__).with_name("write_picks.py")
NOW = datetime(2026, 5, 27, 12, tzinfo=UTC)


def live_pick(name: str, version: int = 1) -> LivePick:
    pick = Pick("XX", "AAA", "", "P", NOW, 0.9, 0.1, "model")
    return LivePick(name, version, "new", "settled", pick, "HH", NOW)


@pytest.fixture
def asking(postgres_server, postgres_url) -> str:
    """Address of a database over TCP, where a password is asked for."""
    return postgres_server.tcp_url(postgres_url.rpartition("@/")[2].partition("?")[0])


@pytest.fixture
def own_server(postgres_programs):
    """A server that a test may stop."""
    server = PostgresServer(postgres_programs)
    yield server
    server.remove()


def test_a_password_is_taken_from_where_it_lies_and_never_shown(asking, monkeypatch, caplog):
    monkeypatch.setenv("TEST_STORE_PASSWORD", PASSWORD)
    address = StoreAddress.read(asking, "env:TEST_STORE_PASSWORD")
    with LiveStore.open(address) as store:
        store.save_picks([live_pick("p")])
        shown = f"{address} {address!r} {store.database.engine!r} {store.database.engine.url}"
    assert PASSWORD not in shown + caplog.text
    monkeypatch.setenv("TEST_STORE_PASSWORD", "a wrong one")
    with pytest.raises(UnreachableError, match="password authentication failed") as raised:
        LiveStore.open(address)
    assert "a wrong one" not in str(raised.value)


def test_a_password_that_is_changed_is_read_again(own_server, monkeypatch):
    url = own_server.tcp_url(own_server.new_database())
    monkeypatch.setenv("TEST_STORE_PASSWORD", PASSWORD)
    with LiveStore.open(StoreAddress.read(url, "env:TEST_STORE_PASSWORD")) as store:
        own_server.execute("postgres", "ALTER ROLE quakes PASSWORD 'another'")
        own_server.stop()
        own_server.start()
        with pytest.raises(SourceError, match="authentication failed"):
            store.picks()
        monkeypatch.setenv("TEST_STORE_PASSWORD", "another")
        assert store.picks() == []


def test_a_whole_address_may_be_a_secret(asking, monkeypatch):
    from urllib.parse import quote

    secret = asking.replace("quakes@", f"quakes:{quote(PASSWORD, safe='')}@")
    monkeypatch.setenv("TEST_STORE", secret)
    address = StoreAddress.read("env:TEST_STORE")
    LiveStore.open(address).close()
    assert quote(PASSWORD, safe="") not in f"{address} {address!r}"
    with pytest.raises(SettingsError, match="holds a password already") as raised:
        StoreAddress.read("env:TEST_STORE", "env:TEST_STORE_PASSWORD")
    assert quote(PASSWORD, safe="") not in str(raised.value)


def test_a_database_that_is_not_there_is_told_with_its_address(postgres_server):
    with pytest.raises(UnreachableError, match=r"cannot open .*nowhere.* does not exist"):
        LiveStore.open(postgres_server.url("nowhere"))


def test_a_store_outlives_its_server_being_restarted(own_server):
    with LiveStore.open(own_server.url(own_server.new_database())) as store:
        store.save_picks([live_pick("before")])
        own_server.stop()
        with pytest.raises(SourceError, match="cannot read the store"):
            store.picks()
        with pytest.raises(SourceError, match="cannot write the store"):
            store.save_picks([live_pick("while")])
        own_server.start()
        store.save_picks([live_pick("after")])
        assert [one.pick_id for one in store.picks()] == ["after", "before"]


def test_two_writing_processes_and_a_reader_agree(postgres_url):
    n_each = 60
    with LiveStore.open(postgres_url) as store:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        writers = [
            subprocess.Popen(
                [sys.executable, str(WRITER), postgres_url, name, str(n_each)], env=environment
            )
            for name in ("AA", "BB")
        ]
        seen: list[Change] = []
        while any(writer.poll() is None for writer in writers):
            seen.extend(store.changes(seen[-1].sequence if seen else 0, limit=7))
        while more := store.changes(seen[-1].sequence):
            seen.extend(more)
        assert [writer.returncode for writer in writers] == [0, 0]
        assert store.count_picks() == 2 * n_each + 1
        assert store.pick("shared").version == n_each
        own = [one.identity for one in seen if one.identity != "shared"]
        assert sorted(own) == sorted(
            {f"{name}-{n}" for name in ("AA", "BB") for n in range(n_each)}
        )
        shared = [one.version for one in seen if one.identity == "shared"]
        assert shared == sorted(set(shared)), "a version that was told never comes back"
        assert [one.sequence for one in seen] == sorted({one.sequence for one in seen})


def test_a_writer_that_is_held_up_gives_up_and_says_who_to_look_for(postgres_url):
    hasty = Database(f"{postgres_url}&options=-c%20lock_timeout%3D100")
    with LiveStore.open(postgres_url) as store, store.database.writing():
        with pytest.raises(SourceError, match=r"lock timeout.*who holds it"), hasty.writing():
            pass
        with hasty.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM picks")).scalar() == 0
    hasty.close()


def test_readers_do_not_wait_for_writers(postgres_url):
    with LiveStore.open(postgres_url) as store:
        store.save_picks([live_pick("p")])
        with LiveStore.open(postgres_url) as writer, writer.database.writing() as connection:
            connection.execute(text("DELETE FROM picks"))
            assert store.count_picks() == 1
        assert store.count_picks() == 0


def test_more_threads_than_connections_are_served(postgres_url):
    with LiveStore.open(postgres_url) as store:
        store.save_picks([live_pick("p")])
        counts: list[int] = []

        def ask() -> None:
            counts.extend(store.count_picks() for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts == [1] * 150


def test_one_run_at_a_time_claims_a_database(postgres_url):
    with LiveStore.open(postgres_url) as store, LiveStore.open(postgres_url) as other:
        claim = StoreClaim(store.database, "live", begins_anew=False)
        with pytest.raises(SettingsError, match="another monitor writes to"):
            StoreClaim(other.database, "live", begins_anew=False)
        other.save_picks([live_pick("p")])
        claim.release()
        claim.release()
        StoreClaim(other.database, "live", begins_anew=False).release()
        assert store.count_picks() == 1


def test_a_claim_is_taken_again_after_the_server_was_restarted(own_server):
    url = own_server.url(own_server.new_database())
    with LiveStore.open(url) as store, LiveStore.open(url) as other:
        claim = StoreClaim(store.database, "live", begins_anew=False)
        own_server.stop()
        with pytest.raises(StoreError, match="cannot claim the store"):
            claim.renew()
        own_server.start()
        store.save_picks([live_pick("before it is renewed")])
        claim.renew()
        with pytest.raises(StoreTakenError, match="another monitor writes to"):
            StoreClaim(other.database, "live", begins_anew=False)
        claim.renew()
        store.save_picks([live_pick("after")])
        claim.release()
        StoreClaim(other.database, "live", begins_anew=False).release()


def test_a_run_whose_claim_another_one_took_meanwhile_writes_no_more(own_server):
    url = own_server.url(own_server.new_database())
    with LiveStore.open(url) as store, LiveStore.open(url) as other:
        claim = StoreClaim(store.database, "live", begins_anew=False)
        watch = StoreWatch([claim.renew])
        store.save_picks([live_pick("before")])
        own_server.stop()
        own_server.start()
        taken = StoreClaim(other.database, "live", begins_anew=False)
        with pytest.raises(StoreTakenError, match="another monitor writes to") as refused:
            store.save_picks([live_pick("refused")])
        watch.look()
        assert watch.problem == str(refused.value)
        assert store.count_picks() == 1, "reading goes on"
        other.save_picks([live_pick("of the other one")])
        taken.release()
        watch.look()
        assert watch.problem == ""
        store.save_picks([live_pick("again")])
        assert store.count_picks() == 3
        claim.release()


def test_a_session_that_the_server_still_keeps_is_no_other_monitor(postgres_server, postgres_url):
    with LiveStore.open(postgres_url) as store, LiveStore.open(postgres_url) as keeper:
        claim = StoreClaim(store.database, "live", begins_anew=False)
        backend = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        with keeper.database.engine.connect() as connection:
            pid = connection.execute(text(backend)).scalar_one()
            connection.execute(text(f"SELECT pg_terminate_backend({pid}, 10000)"))
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": 0x6D61696F})
            with pytest.raises(StoreError, match="cannot be renewed yet"):
                claim.renew()
            store.save_picks([live_pick("p")])
            connection.invalidate()
        until_renewed(claim)
        claim.release()


def until_renewed(claim: StoreClaim) -> None:
    """Renew a claim once the server has noticed that a session is gone."""
    for _ in range(200):
        with suppress(StoreError):
            claim.renew()
            return
        time.sleep(0.05)
    claim.renew()


def test_places_of_events_become_a_column_where_postgis_is(postgres_server, postgres_url):
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
    LiveStore.open(postgres_url).close()
    if not postgres_server.execute("postgres", available):
        with pytest.raises(SettingsError, match="install it there"):
            change_schema(postgres_url, has_geometry=True)
        pytest.skip("PostGIS is not installed (Debian: postgresql-15-postgis-3)")
    row = (
        "INSERT INTO events VALUES ('e', 1, 'new', 0, 24.25, 35.5, 8, NULL, 'A', 0, '{}'), "
        "('f', 1, 'new', 0, -70.0, -20.0, 8, NULL, 'A', 0, '{}')"
    )
    near = (
        "SELECT event_id FROM events WHERE "
        "ST_DWithin(epicentre::geography, ST_MakePoint(24.0, 35.5)::geography, 50000)"
    )
    database = Database(postgres_url)
    with database.writing() as connection:
        connection.execute(text(row))
    assert change_schema(postgres_url, has_geometry=True).has_geometry
    assert change_schema(postgres_url, has_geometry=True).has_geometry, "again: nothing to do"
    with database.reading() as connection:
        assert connection.execute(text(near)).all() == [("e",)]
    database.close()
    with LiveStore.open(postgres_url) as store:
        assert store.count_events() == 2


def test_what_a_run_left_is_known_and_a_replay_begins_anew(place):
    with LiveStore.open(place) as store:
        assert source_kind(store.database) == ""
        StoreClaim(store.database, "replay of a", begins_anew=True).release()
        assert source_kind(store.database) == "replay of a"
        store.save_picks([live_pick("p")])
        before = store.latest_change()
        with pytest.raises(SettingsError, match=r"another kind of source \(replay of a\)"):
            StoreClaim(store.database, "live", begins_anew=False)
        assert store.count_picks() == 1
        StoreClaim(store.database, "replay of a", begins_anew=True).release()
        assert store.count_picks() == 0
        store.save_picks([live_pick("p")])
        assert store.latest_change() > before, "who follows the changes misses none"


def test_results_of_unknown_origin_count_as_live(place):
    with LiveStore.open(place) as store:
        store.save_picks([live_pick("p")])
        assert source_kind(store.database) == "live"
        with pytest.raises(SettingsError, match="must not mix"):
            StoreClaim(store.database, "synthetic", begins_anew=False)
        StoreClaim(store.database, "live", begins_anew=False).release()
        assert store.count_picks() == 1
