"""The audit log tells who did what, and nobody takes a line back."""

import threading
import time
from datetime import UTC, datetime

import pytest

from mainshock.serve.security.audit import AuditLog, current_identity, record
from mainshock.serve.security.permissions import ROLES
from mainshock.stream.store.audit_log import AuditQuery, AuditStore


def lines(house, **query):
    return house.audit.rows(AuditQuery(**query))


def written(house, n):
    """The lines as soon as there are as many; a request's line may come just after its answer."""
    end = time.monotonic() + 10.0
    while len(lines(house)) < n and time.monotonic() < end:
        time.sleep(0.02)
    return lines(house)


def test_every_refusal_is_written(own_house):
    with own_house.client() as client:
        client.get("/api/v1/events")
        client.get("/api/v1/events", headers={"Host": "evil.example"})
        client.post("/api/v1/login", content=b"x" * (17 * 2**20))
    with own_house.client(own_house.token("viewer")) as client:
        client.get("/api/v1/audit")
        client.post("/api/v1/shaking/map", json={})
        client.post("/api/v1/infer", json={}, headers={"Origin": "https://evil.example"})
    found = lines(own_house, result="refused")[::-1]
    assert [(one.actor, one.action, one.detail.split(":")[0]) for one in found] == [
        ("-", "GET /api/v1/events", "status 401"),
        ("-", "GET /api/v1/events", "status 400"),
        ("-", "POST /api/v1/login", "status 413"),
        ("viewer", "GET /api/v1/audit", "status 403"),
        ("viewer", "POST /api/v1/shaking/map", "status 403"),
        ("-", "POST /api/v1/infer", "status 403"),
    ]
    assert {one.client for one in found} == {"127.0.0.1"}


def test_every_request_that_may_change_something_is_written(own_house):
    with own_house.client(own_house.token("seismologist")) as client:
        client.get("/api/v1/events")
        client.post("/api/v1/shaking/map", json={})
    (row,) = written(own_house, 1)
    assert (row.actor, row.action) == ("seismologist", "POST /api/v1/shaking/map")
    assert (row.result, row.client) == ("failed", "127.0.0.1")
    assert row.detail.startswith("status 4")


def test_no_line_of_a_sign_in_holds_up_the_event_loop(own_house, monkeypatch):
    write, threads = AuditLog.write, []

    def noting(*arguments, **named):
        threads.append(threading.current_thread().name)
        write(*arguments, **named)

    monkeypatch.setattr(AuditLog, "write", noting)
    with own_house.client() as client:
        body = {"name": "viewer", "password": "a wrong guess"}
        assert [client.post("/api/v1/login", json=body).status_code for _ in range(6)][-1] == 429
    assert len(threads) == 6
    assert "service" not in threads  # the thread of the event loop


def test_signing_in_and_out_is_written_without_the_password(own_house):
    with own_house.client() as client:
        client.post("/api/v1/login", json={"name": "viewer", "password": "a wrong guess"})
        body = {"name": "viewer", "password": "brown slate under the harbour"}
        token = client.post("/api/v1/login", json=body).json()["data"]["token"]
        client.post("/api/v1/logout", headers={"Authorization": f"Bearer {token}"})
    found = written(own_house, 3)[::-1]
    assert [(one.action, one.target, one.result) for one in found] == [
        ("login", "viewer", "refused"),
        ("login", "viewer", "done"),
        ("logout", "viewer", "done"),
    ]
    told = " ".join(one.detail for one in found)
    assert "guess" not in told
    assert "slate" not in told


def test_an_administrator_reads_it_by_what_is_wanted(own_house):
    for role in ROLES:
        own_house.audit.add(role, "look", target=f"event {role}", result="done")
    with own_house.client(own_house.token("admin")) as client:

        def told(**query):
            answer = client.get("/api/v1/audit", params=query)
            assert answer.status_code == 200, answer.text
            return [one["actor"] for one in answer.json()["data"]]

        assert told() == list(ROLES)[::-1]
        assert told(actor="viewer") == ["viewer"]
        assert told(target="event operator") == ["operator"]
        assert told(action="look", limit=2) == ["admin", "operator"]
        assert told(before=3) == ["seismologist", "viewer"]
        assert told(result="refused") == []
        assert told(end="2000-01-01T00:00:00Z") == []
        assert len(told(start="2000-01-01T00:00:00Z", end="2200-01-01T00:00:00Z")) == 5
        assert told(actor="' OR 1=1 --") == []
        assert client.get("/api/v1/audit", params={"limit": 0}).status_code == 400
        assert client.get("/api/v1/audit", params={"role": "x"}).status_code == 400


def test_a_line_is_one_line_and_has_an_end(empty_store):
    log = AuditStore(empty_store.database, lambda: 1_000_000_000)
    log.add("a\nb" * 100, "x" * 1000, detail="\x00\ud800\r" + "y" * 5000)
    (row,) = log.rows()
    assert "\n" not in row.actor + row.detail
    assert "\x00" not in row.detail
    assert (len(row.actor), len(row.action), len(row.detail)) == (100, 100, 2000)
    assert row.time == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_outside_of_requests_nobody_is_made_up():
    assert current_identity().name == "local"
    with pytest.raises(LookupError, match=r"AuditLog\.write"):
        record("event.accept", "x")


def test_a_flood_does_not_fill_the_log(open_house):
    from mainshock.serve.security.settings import SecuritySettings

    slow = SecuritySettings(requests_per_minute=0.01, requests_burst=1)
    for house in open_house(security=slow):
        assert [house.status(None) for _ in range(10)] == [401] + [429] * 9
        assert len(lines(house)) == 2


def test_who_is_not_known_writes_a_line_a_minute_of_each_kind(own_house):
    assert {own_house.status(None) for _ in range(10)} == {401}
    with own_house.client() as client:
        for _ in range(5):
            other = {"Origin": "https://evil.example"}
            assert client.post("/api/v1/infer", headers=other).status_code == 403
    found = [one.detail.split(":")[0] for one in lines(own_house)]
    assert found == ["status 403", "status 401"]


def test_an_account_is_told_of_each_refusal(own_house):
    token = own_house.token("viewer")
    assert [own_house.status(token, "/api/v1/audit") for _ in range(3)] == [403] * 3
    assert [one.actor for one in lines(own_house)] == ["viewer"] * 3


def test_of_many_tries_to_sign_in_one_line_a_minute_is_written(own_house):
    with own_house.client() as client:
        body = {"name": "viewer", "password": "a wrong guess"}
        statuses = [client.post("/api/v1/login", json=body).status_code for _ in range(10)]
    assert statuses == [401] * 5 + [429] * 5
    assert [one.detail for one in lines(own_house)] == ["too many tries", *["wrong"] * 5]
