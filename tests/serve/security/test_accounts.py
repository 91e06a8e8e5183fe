"""Signing in and out, keys, closed accounts, cookies, and who guesses."""

import time
from dataclasses import replace

import httpx
import pytest

from mainshock.core.errors import NothingFoundError, SettingsError
from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.accounts import (
    LAST,
    Accounts,
    add_user,
    change_password,
    make_key,
)
from mainshock.serve.security.login_rates import LoginRates
from mainshock.serve.security.passwords import check_password, hash_password
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.stream.store.accounts import AccountStore

PASSWORD = "brown slate under the harbour"


def log_in(house, name="viewer", password=PASSWORD, **headers) -> httpx.Response:
    with house.client() as client:
        body = {"name": name, "password": password}
        return client.post("/api/v1/login", json=body, headers=headers)


def test_a_sign_in_gives_a_token_and_a_cookie_that_no_script_reads(own_house):
    answer = log_in(own_house, "seismologist")
    data = answer.json()["data"]
    assert (data["name"], data["role"]) == ("seismologist", "seismologist")
    assert own_house.status(data["token"]) == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("mainshock_session=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    with own_house.client(data["token"]) as client:
        me = client.get("/api/v1/me").json()["data"]
    assert me["name"] == "seismologist"
    assert me["permissions"] == ["analyse", "infer", "read", "replay", "run"]
    assert me["must_sign_in"] is True


def test_what_was_wrong_is_not_told(own_house):
    own_house.users.set_active("operator", is_active=False)
    answers = [
        log_in(own_house, "viewer", "wrong password"),
        log_in(own_house, "nobody"),
        log_in(own_house, "operator"),
        log_in(own_house, "' OR 1=1 --"),
    ]
    assert {one.status_code for one in answers} == {401}
    assert len({one.text for one in answers}) == 1
    assert not any("set-cookie" in one.headers for one in answers)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"name": "a"}', b'{"name": "a", "password": "b", "role": "c"}',
             b'{"name": 1, "password": "b"}', b'{"name": "a", "password": "' + b"x" * 300 + b'"}']
)  # fmt: skip
def test_a_request_to_sign_in_that_is_none_is_told_without_its_values(house, body):
    with house.client() as client:
        answer = client.post(
            "/api/v1/login", content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 400
    assert "xxx" not in answer.text


def test_how_one_signs_in_is_told_to_everybody(house, make_context):
    def ways(url: str) -> list[str]:
        answer = httpx.get(f"{url}/api/v1/sign-in")
        assert answer.status_code == 200
        return answer.json()["data"]["ways"]

    assert ways(house.url) == ["password"]
    with ServiceThread(make_context()) as open_to_all:
        assert ways(open_to_all.url) == []
    with ServiceThread(make_context(token="of a test alone, long enough")) as by_token:
        assert ways(by_token.url) == ["token"]
        assert httpx.get(f"{by_token.url}/api/v1/me").status_code == 401


def test_who_guesses_must_wait(own_house):
    statuses = [log_in(own_house, "viewer", "wrong").status_code for _ in range(7)]
    assert statuses[:5] == [401] * 5
    assert statuses[5:] == [429] * 2
    late = log_in(own_house, "viewer")
    assert late.status_code == 429  # the right one as well
    assert 1 <= int(late.headers["Retry-After"]) <= 60
    assert f"come again in {late.headers['Retry-After']} s" in late.json()["error"]["message"]
    assert log_in(own_house, "operator").status_code == 200


def test_guesses_are_counted_by_name_and_by_address():
    now = [0.0]
    rates = LoginRates(lambda: now[0])
    assert sum(rates.wait_s(f"name{number}", "a") == 0.0 for number in range(50)) == 20
    rates = LoginRates(lambda: now[0])
    assert sum(rates.wait_s("name", f"a{number}") == 0.0 for number in range(50)) == 30


def test_an_unknown_name_takes_the_same_work(monkeypatch):
    costs = []
    monkeypatch.setattr(
        "mainshock.serve.security.passwords.hashlib.scrypt",
        lambda *_, n, r, p, **__: costs.append((n, r, p)) or b"x" * 32,
    )
    kept = hash_password(PASSWORD)
    check_password(PASSWORD, kept)
    check_password(PASSWORD, None)
    assert costs[1] == costs[2] == (2**15, 8, 3)


def test_a_password_is_kept_by_scrypt_with_its_own_salt():
    first, second = hash_password(PASSWORD, 4), hash_password(PASSWORD, 4)
    assert first != second
    assert check_password(PASSWORD, first)
    assert not check_password(PASSWORD + " ", first)
    assert not check_password("\ud800", first)


def test_signing_out_ends_the_sign_in_with_all_its_tokens(own_house):
    session = own_house.accounts.begin(own_house.users.user("viewer"))
    other = own_house.token("viewer")
    with own_house.client(session.token) as client:
        answer = client.post("/api/v1/logout")
        assert answer.status_code == 200
        assert "Max-Age=0" in answer.headers["set-cookie"]
    assert own_house.status(session.token) == 401
    assert own_house.status(other) == 200


def test_a_closed_account_and_a_changed_one_sign_in_anew(own_house):
    users = own_house.users
    key = make_key(users, "operator", ["read"], 1.0)
    for change in (
        lambda: users.set_active("operator", is_active=False),
        lambda: users.set_role("seismologist", "viewer"),
        lambda: users.end_sessions("viewer"),
        lambda: change_password(users, "ml-engineer", "quiet meadow over the ridge"),
    ):
        tokens = {one.name: own_house.token(one.name) for one in users.users() if one.is_active}
        before = {one.name: one.generation for one in users.users()}
        change()
        (changed,) = [one.name for one in users.users() if one.generation != before[one.name]]
        assert own_house.status(tokens[changed]) == 401
        assert own_house.status(tokens["admin"]) == 200
    assert own_house.status(key) == 401
    users.set_active("operator", is_active=True)
    assert own_house.status(key) == 200


def test_the_last_administrator_stays(own_house):
    users = own_house.users
    with pytest.raises(SettingsError, match="last active"):
        users.set_active("admin", is_active=False, last=LAST)
    with pytest.raises(SettingsError, match="last active"):
        users.set_role("admin", "viewer", LAST)
    users.set_role("viewer", "admin", LAST)
    users.set_active("admin", is_active=False, last=LAST)
    with pytest.raises(NothingFoundError, match="nobody"):
        users.set_role("nobody", "viewer")


def test_a_key_has_no_more_rights_than_its_account(own_house):
    users = own_house.users
    with pytest.raises(SettingsError, match="leave that scope out"):
        make_key(users, "viewer", ["users"], 1.0)
    with pytest.raises(SettingsError, match="no scope"):
        make_key(users, "viewer", ["everything"], 1.0)
    with pytest.raises(SettingsError, match="days"):
        make_key(users, "viewer", ["read"], 1000.0)
    key = make_key(users, "admin", ["audit", "read"], 1.0)
    assert own_house.status(key, "/api/v1/audit") == 200
    users.set_role("viewer", "admin")
    users.set_role("admin", "viewer")
    assert own_house.status(key, "/api/v1/audit") == 403
    assert own_house.status(key) == 200


def test_a_key_is_kept_as_a_hash_with_its_last_use(own_house):
    key = make_key(own_house.users, "viewer", ["read"], 1.0, "display")
    (row,) = own_house.users.keys("viewer")
    assert key.startswith(f"msk_{row.prefix}_")
    assert row.secret_hash not in key
    assert row.used is None
    assert own_house.status(key) == 200
    assert own_house.users.keys("viewer")[0].used is not None
    assert own_house.status(key[:-1] + ("A" if key[-1] != "A" else "B")) == 401
    own_house.users.remove_key(row.prefix)
    assert own_house.status(key) == 401


def test_a_key_expires(empty_store):
    now = [time.time_ns()]
    users = AccountStore(empty_store.database, lambda: now[0])
    add_user(users, "ana", "viewer", None)
    key = make_key(users, "ana", ["read"], 1.0)
    accounts = Accounts(users, SigningKeys(None), SecuritySettings())
    assert accounts.of_key(key).name == "ana"
    now[0] += 86_400 * 10**9
    assert accounts.of_key(key) is None


def test_a_cookie_changes_nothing_for_other_pages(own_house):
    cookie = {"Cookie": f"mainshock_session={own_house.token('admin')}"}
    own, other = {"Origin": own_house.url}, {"Origin": "https://evil.example"}
    with own_house.client() as client:
        assert client.get("/api/v1/me", headers=cookie).json()["data"]["name"] == "admin"
        for path in ("/api/v1/infer", "/api/v1/shaking/map", "/api/v1/logout"):
            assert client.post(path, headers={**cookie, **other}).status_code == 403
            assert client.post(path, headers=cookie).status_code == 403
            assert client.post(path, headers={**cookie, "Origin": "null"}).status_code == 403
        assert client.post("/api/v1/infer", headers={**cookie, **own}).status_code == 415
        assert client.post("/api/v1/logout", headers={**cookie, **own}).status_code == 200
        assert client.get("/api/v1/me", headers=cookie).status_code == 401


def test_nobody_signs_a_browser_in_from_another_page(house):
    answer = log_in(house, "viewer", Origin="https://evil.example")
    assert answer.status_code == 403


def test_a_cookie_is_renewed_and_the_sign_in_ends_at_last(empty_store):
    now = [1e9]
    users = AccountStore(empty_store.database)
    add_user(users, "ana", "viewer", None)
    keys = SigningKeys(None, lambda: now[0])
    accounts = Accounts(
        users, keys, SecuritySettings(token_minutes=10, session_hours=1), lambda: now[0]
    )
    session = accounts.begin(users.user("ana"))
    assert accounts.renewed(session) is None
    turns = 0
    while True:
        now[0] += 360.0
        found = accounts.of_token(session.token)
        renewed = None if found is None else accounts.renewed(found)
        if renewed is None:
            break
        turns += 1
        session = replace(renewed)
    assert 5 <= turns <= 10
    assert session.expires_s <= 1e9 + 3600.0
    now[0] = 1e9 + 3601.0
    assert accounts.of_token(session.token) is None


def test_one_account_may_ask_so_often(open_house):
    slow = SecuritySettings(requests_per_minute=0.01, requests_burst=5)
    for house in open_house(security=slow):
        first, second = house.token("viewer"), house.token("operator")
        assert [house.status(first) for _ in range(6)] == [200] * 5 + [429]
        assert house.status(second) == 200
        assert [house.status(None) for _ in range(6)] == [401] * 5 + [429]
        assert house.status(None, "/healthz") == 200
        with house.client() as client:
            assert int(client.get("/api/v1/me").headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "Password1234!",
        "viewer-viewer-1",
        "aaaaaaaaaaaaaaaa",
        "abcdabcdabcdabcd",
        "changemechangeme1",
        "x" * 300,
        "MainshockAdmin2024",
    ],
)
def test_a_password_that_is_guessed_is_refused(empty_store, password):
    users = AccountStore(empty_store.database)
    with pytest.raises(SettingsError, match="the password"):
        add_user(users, "viewer", "viewer", password)
    assert users.users() == []


@pytest.mark.parametrize(
    "name", ["", "Ana", "a b", "../x", "local", "token", "a" * 65, "sso:a", "-a"]
)
def test_a_name_that_could_be_mistaken_is_refused(empty_store, name):
    with pytest.raises(SettingsError, match="no name of an account"):
        add_user(AccountStore(empty_store.database), name, "viewer", PASSWORD)


def test_a_name_is_taken_once_and_a_role_is_one(empty_store):
    users = AccountStore(empty_store.database)
    add_user(users, "ana", "viewer", None)
    with pytest.raises(SettingsError, match="already"):
        add_user(users, "ana", "admin", None)
    with pytest.raises(SettingsError, match="no role"):
        add_user(users, "bo", "root", None)


def test_accounts_that_are_asked_for_must_be_there(empty_context):
    wanted = ServiceSettings(port=0, accounts=True)
    with pytest.raises(SettingsError, match="mainshock users add"):
        create_app(replace(empty_context, settings=wanted))


def test_a_store_with_accounts_asks_for_them_unasked(empty_context, empty_store):
    add_user(AccountStore(empty_store.database), "ana", "viewer", None)
    with ServiceThread(empty_context) as service:
        assert httpx.get(f"{service.url}/api/v1/events").status_code == 401
        assert httpx.get(f"{service.url}/healthz").status_code == 200
    create_app(replace(empty_context, settings=ServiceSettings("0.0.0.0", 0)))


def test_the_token_of_the_service_counts_beside_accounts(open_house):
    token = "correct-horse-battery-staple"
    for house in open_house(token=token):
        assert house.status(token, "/metrics") == 200
        assert house.status(token + "x", "/metrics") == 401
        with house.client() as client:
            assert client.get("/metrics", params={"token": token}).status_code == 401


@pytest.mark.parametrize(
    "token", ["changemechangeme", "aaaaaaaaaaaaaaaaaaaa", "supersecrettoken123"]
)
def test_a_token_that_everybody_tries_is_refused(empty_context, token):
    with pytest.raises(SettingsError, match="the token"):
        create_app(replace(empty_context, settings=ServiceSettings(port=0, token=token)))
