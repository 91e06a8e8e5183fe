"""While the store is away the service says so, and goes on by itself once it is back."""

import asyncio
import json
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from made_events import event_version
from sqlalchemy import event
from websockets.sync.client import connect

from mainshock.core.records import Station
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.readiness import Readiness
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.accounts import Accounts, add_user
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.sources.stations import StationList
from mainshock.stream.board import LiveBoard
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.messages import event_message
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.change_schema import change_schema
from mainshock.stream.store.database import StoreError
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store_stage import StoreStage
from mainshock.stream.workers import StageWorker, WorkerSettings

sys.path.insert(0, str(Path(__file__).parent))
from postgres_server import PostgresServer

PASSWORD = "brown slate under the harbour"  # of tests alone
TRACE = "BW.UH1..EHZ"
READING = ("stations/quality", "picks", "events", "events/none", "alerts", "health")
REVIEW = {"action": "accept", "base_version": 1, "author": "somebody"}


@pytest.fixture
def make_context(tmp_path):
    """A maker of contexts over a store."""

    def make(store: LiveStore, **others) -> ServiceContext:
        fields = {
            "archive": tmp_path / "sds",
            "stations": StationList([Station("XX", "AAA", 10.1, 50.1, 0.0)]),
            "settings": ServiceSettings(port=0),
        }
        return ServiceContext(store, **{**fields, **others})

    return make


def statuses(client: httpx.Client, paths=READING) -> dict[str, int]:
    return {path: client.get(f"/api/v1/{path}").status_code for path in paths}


def assert_away(answer: httpx.Response) -> None:
    """An answer says that the store is away, in the usual form, and not where it lies."""
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "unavailable"
    assert error["message"].startswith("the store does not answer at present")
    assert int(answer.headers["Retry-After"]) >= 1


def until_state(live, status: str) -> dict:
    """Pass over messages until one tells of a state, and return what it tells."""
    while True:
        message = live.recv(timeout=30)
        if isinstance(message, bytes):
            continue
        told = json.loads(message)
        if told["type"] == "state" and told["data"]["status"] == status:
            return told["data"]


def until_event(live, event_id: str) -> None:
    while True:
        message = live.recv(timeout=30)
        if isinstance(message, str) and json.loads(message)["type"] == "event":
            assert json.loads(message)["data"]["event_id"] == event_id
            return


@pytest.fixture
def own_server(postgres_programs):
    """A server that a test may stop."""
    server = PostgresServer(postgres_programs)
    yield server
    server.remove()


@pytest.fixture
def board() -> LiveBoard:
    made = LiveBoard()
    made.put(TRACE, 1_700_000_000_000_000_000, 100.0, np.arange(1000.0))
    return made


def test_a_server_that_is_stopped_and_started_again(own_server, make_context, board):
    with (
        LiveStore.open(own_server.url(own_server.new_database())) as store,
        ServiceThread(make_context(store=store, board=board)) as service,
        httpx.Client(base_url=service.url, timeout=60.0) as client,
        connect(f"ws://127.0.0.1:{service.port}/api/v1/live") as live,
    ):
        assert client.get("/readyz").status_code == 200
        until_state(live, "ready")
        own_server.stop()
        for path in READING:
            assert_away(client.get(f"/api/v1/{path}"))
        assert_away(client.post("/api/v1/events/none/review", json=REVIEW))
        text = client.get("/fdsnws/event/1/query", params={"minmagnitude": 9})
        assert (text.status_code, text.headers["content-type"][:10]) == (503, "text/plain")
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 200
        for path in ("/readyz", "/v2/health/ready"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "cannot read the store" in json.dumps(answer.json())
            assert "Retry-After" in answer.headers
        told = until_state(live, "degraded")
        assert told["reason"].startswith("the store does not answer")
        live.send(json.dumps({"type": "subscribe", "traces": [TRACE]}))
        while not isinstance(live.recv(timeout=30), bytes):
            pass  # traces come on: they are no part of the store
        with connect(f"ws://127.0.0.1:{service.port}/api/v1/live") as late:
            until_state(late, "degraded")
            own_server.start()
            until_state(late, "ready")
            assert client.get("/readyz").status_code == 200
            store.save_events([event_version()])
            until_event(late, "e")
        until_event(live, "e")
        assert client.get("/api/v1/events").json()["meta"]["count"] == 1


def test_a_server_that_comes_back_without_the_tables(own_server, make_context, board):
    name = own_server.new_database()
    url = own_server.url(name)
    with (
        LiveStore.open(url) as store,
        ServiceThread(make_context(store=store, board=board)) as service,
        httpx.Client(base_url=service.url, timeout=60.0) as client,
        connect(f"ws://127.0.0.1:{service.port}/api/v1/live") as live,
    ):
        store.save_events([event_version("before"), event_version("before too")])
        until_state(live, "ready")
        own_server.drop_database(name)
        own_server.execute("postgres", f"CREATE DATABASE {name}")
        assert set(statuses(client).values()) == {503}
        assert_away(client.get("/api/v1/picks"))
        assert_away(client.post("/api/v1/events/before/review", json=REVIEW))
        reason = client.get("/readyz").json()["error"]["message"]
        assert "does not exist; the tables of" in reason
        assert "bring back a copy of it, or have `mainshock stream migrate`" in reason
        assert client.get("/healthz").status_code == 200
        until_state(live, "degraded")
        with pytest.raises(StoreError, match=r"tables of .* are not those of this version"):
            store.save_events([event_version()])
        change_schema(url)
        assert client.get("/readyz").status_code == 200
        assert set(statuses(client).values()) == {200, 404}
        until_state(live, "ready")
        store.save_events([event_version()])
        until_event(live, "e")


def test_rights_that_were_taken_are_told(own_server, make_context):
    name = own_server.new_database()
    own_server.execute(name, "CREATE ROLE reader LOGIN", "GRANT CREATE ON SCHEMA public TO reader")
    with LiveStore.open(own_server.url(name).replace("quakes@", "reader@")) as store:
        own_server.execute(name, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reader")
        assert "permission denied" in store.database.problem()
        assert "its rights to the tables back" in store.database.problem()


def test_what_could_not_be_stored_without_tables_is_stored_later(own_server, tmp_path):
    name = own_server.new_database()
    bus = EmbeddedBus(tmp_path / "bus.sqlite")
    with LiveStore.open(own_server.url(name)) as store:
        settings = WorkerSettings(is_sink=True, retry_s=0.05)
        worker = StageWorker(bus, StoreStage(store), settings)
        worker.start()
        own_server.drop_database(name)
        own_server.execute("postgres", f"CREATE DATABASE {name}")
        bus.publish([event_message(event_version(), 1)])
        end_s = time.monotonic() + 30.0
        while "are not those of this version" not in worker.problem:
            assert time.monotonic() < end_s, worker.problem
            time.sleep(0.02)
        assert not worker.has_ended
        change_schema(own_server.url(name))
        worker.finish()
        assert worker.problem == ""
        assert store.count_events() == 1
    bus.close()


def test_with_accounts_nobody_is_let_in_or_thrown_out_meanwhile(
    own_server, make_context, tmp_path, board
):
    with LiveStore.open(own_server.url(own_server.new_database())) as store:
        users = AccountStore(store.database)
        add_user(users, "ada", "admin", PASSWORD)
        key_file = tmp_path / "state" / "keys.json"
        settings = ServiceSettings(port=0, accounts=True, key_file=key_file)
        context = make_context(store=store, settings=settings, board=board)
        with ServiceThread(context) as service:
            accounts = Accounts(users, SigningKeys(key_file), SecuritySettings())
            token = accounts.begin(users.user("ada")).token
            shown = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=service.url, headers=shown, timeout=60.0) as client:
                assert client.get("/api/v1/me").status_code == 200
                own_server.stop()
                for path in ("/api/v1/me", "/api/v1/stations", "/readyz"):
                    assert_away(client.get(path))
                body = {"name": "ada", "password": PASSWORD}
                assert_away(client.post("/api/v1/login", json=body))
                assert client.get("/healthz").status_code == 200
                own_server.start()
                assert client.get("/api/v1/me").json()["data"]["name"] == "ada"


def test_a_file_that_is_gone_and_put_back(tmp_path, make_context):
    path, aside = tmp_path / "live.db", tmp_path / "aside.db"
    with LiveStore.open(path) as store:
        store.save_events([event_version()])
        with (
            ServiceThread(make_context(store=store)) as service,
            httpx.Client(base_url=service.url, timeout=60.0) as client,
        ):
            assert statuses(client)["events"] == 200
            path.rename(aside)
            assert set(statuses(client).values()) == {503}
            assert "is gone" in client.get("/readyz").json()["error"]["message"]
            assert client.get("/healthz").status_code == 200
            with pytest.raises(StoreError, match="cannot write the store"):
                store.save_events([event_version()])
            assert not path.exists(), "no empty store takes its place"
            aside.rename(path)
            assert client.get("/readyz").status_code == 200
            assert client.get("/api/v1/events").json()["meta"]["count"] == 1


def test_a_file_that_is_no_database_any_more(tmp_path, make_context):
    path = tmp_path / "live.db"
    with (
        LiveStore.open(path) as store,
        ServiceThread(make_context(store=store)) as service,
        httpx.Client(base_url=service.url, timeout=60.0) as client,
    ):
        for one in tmp_path.glob("live.db*"):  # with what is not yet written back
            one.unlink()
        path.write_bytes(b"not a database" * 1000)
        assert set(statuses(client).values()) == {503}
        assert "not a database" in client.get("/readyz").json()["error"]["message"]


def test_a_file_that_another_program_holds(tmp_path, make_context):
    with LiveStore.open(tmp_path / "live.db") as store, LiveStore.open(tmp_path / "live.db") as two:
        store.save_events([event_version()])

        def hasty(connection: object, _record: object) -> None:
            connection.execute("PRAGMA busy_timeout = 50")

        event.listen(store.database.engine, "connect", hasty)
        store.database.engine.dispose()
        with (
            ServiceThread(make_context(store=store)) as service,
            httpx.Client(base_url=service.url, timeout=60.0) as client,
        ):
            with two.database.writing():
                assert_away(client.post("/api/v1/events/e/review", json=REVIEW))
                assert statuses(client)["events"] == 200, "what reads does not wait"
            done = client.post("/api/v1/events/e/review", json=REVIEW)
            assert done.status_code == 200, done.text


def test_readiness_waits_no_longer_than_stated_for_a_store_that_is_silent(make_context):
    go = threading.Event()
    asked = []

    class Silent:
        def problem(self) -> str:
            asked.append(None)
            go.wait(30.0)
            return ""

    class SilentStore:
        database = Silent()

    async def ask() -> tuple[list[str], str]:
        readiness = Readiness(make_context(store=SilentStore()), answer_s=0.05)
        early = [await readiness.reason() for _ in range(3)]
        go.set()
        while late := await readiness.reason():
            pass
        return early, late

    early, late = asyncio.run(ask())
    assert early == ["the store does not answer within 0.05 s; look at it"] * 3
    assert late == ""
    assert len(asked) <= 2, "one question at a time"
