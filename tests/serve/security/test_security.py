"""Who may ask for what, from where, and how much."""

import re

import httpx
import pytest
import websockets.exceptions
from websockets.sync.client import connect

from mainshock.core.errors import SettingsError
from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceSettings
from mainshock.serve.openapi import openapi_document
from mainshock.serve.run import ServiceThread
from mainshock.serve.security import MOST_BODY_BYTES, RateLimit, check_settings, is_loopback

TOKEN = "correct-horse-battery-staple"  # of a test alone
OPERATIONS = [
    (method.upper(), re.sub(r"\{[^}]*\}", "some", path))
    for path, operations in openapi_document()["paths"].items()
    for method in operations
]
OTHERS = [
    ("GET", "/"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/assets/x.js"),
    ("GET", "/nowhere"),
    ("GET", "/fdsnws/event/1/version"),
    ("GET", "/fdsnws/station/1/version"),
    ("GET", "/fdsnws/dataselect/1/version"),
    ("POST", "/fdsnws/dataselect/1/query"),
]


@pytest.fixture(scope="module")
def guarded(make_context):
    with ServiceThread(make_context(token=TOKEN)) as running:
        yield running


OPEN = ("/healthz", "/api/v1/sign-in")


@pytest.fixture(scope="module")
def guarded_client(guarded):
    with httpx.Client(base_url=guarded.url, timeout=60.0) as opened:
        yield opened


@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, *OTHERS])
@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
)
def test_nothing_is_told_without_the_token(guarded_client, method, path, shown):
    answer = guarded_client.request(method, path, headers=shown)
    if path in OPEN:
        assert answer.status_code == 200
        return
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, *OTHERS])
def test_the_token_opens_every_route(guarded_client, method, path):
    answer = guarded_client.request(method, path, headers={"Authorization": f"bearer {TOKEN}"})
    assert answer.status_code not in (401, 403)
    assert answer.status_code < 500


@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if one[1] not in OPEN])
def test_a_token_in_the_query_opens_no_route_of_the_api(guarded_client, method, path):
    answer = guarded_client.request(method, path, params={"token": TOKEN})
    assert answer.status_code == 401


def test_the_page_is_opened_by_the_query_and_its_files_by_the_cookie(make_context, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "assets" / "a.js").write_text("1;")
    with (
        ServiceThread(make_context(token=TOKEN, page=tmp_path)) as running,
        httpx.Client(base_url=running.url) as browser,
    ):
        assert browser.get("/assets/a.js").status_code == 401
        assert "?token=TOKEN" in browser.get("/").json()["error"]["message"]
        assert browser.get("/", params={"token": "wrong"}).status_code == 401
        assert not browser.cookies
        first = browser.get("/", params={"token": TOKEN})
        assert first.text == "page"
        assert "HttpOnly" in first.headers["set-cookie"]
        assert "SameSite=Strict" in first.headers["set-cookie"]
        assert browser.get("/assets/a.js").text == "1;"
        assert browser.get("/").text == "page"
        assert browser.get("/api/v1/events").status_code == 401
        assert "Authorization" in browser.get("/api/v1/events").json()["error"]["message"]


def test_the_address_that_opens_the_page_carries_the_token(make_context):
    odd = "a+token&of#16=letters"
    for token in (None, TOKEN, odd):
        with ServiceThread(make_context(token=token)) as running:
            assert httpx.get(running.page_url).status_code == 200


@pytest.mark.parametrize("query", ["", "?token=wrong", f"?token={TOKEN}&token=x"])
def test_a_live_connection_needs_the_token(guarded, query):
    url = f"ws://127.0.0.1:{guarded.port}/api/v1/live"
    if query.endswith("&token=x"):
        with connect(url + query) as live:
            assert '"hello"' in live.recv(timeout=10)
        return
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused, connect(url + query):
        pass
    assert refused.value.response.status_code == 401


def test_the_cookie_opens_a_live_connection_of_the_own_page_alone(guarded):
    url = f"ws://127.0.0.1:{guarded.port}/api/v1/live"
    kept = httpx.get(guarded.page_url).headers["set-cookie"].split(";")[0]
    with connect(url, origin=guarded.url, additional_headers={"Cookie": kept}) as live:
        assert '"hello"' in live.recv(timeout=10)
    for cookie, origin, status in (
        (kept, None, 403),
        (kept, "http://evil.example", 403),
        (f"{kept}x", guarded.url, 401),
        (kept.replace("=", "x="), guarded.url, 401),
    ):
        with (
            pytest.raises(websockets.exceptions.InvalidStatus) as refused,
            connect(url, origin=origin, additional_headers={"Cookie": cookie}),
        ):
            pass
        assert refused.value.response.status_code == status
    answer = httpx.get(f"{guarded.url}/api/v1/events", headers={"Cookie": kept})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_pages_of_others_can_neither_connect_nor_post(service, client, origin):
    url = f"ws://127.0.0.1:{service.port}/api/v1/live"
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused, connect(url, origin=origin):
        pass
    assert refused.value.response.status_code == 403
    answer = client.post("/api/v1/infer", json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_refused_connection_is_no_error_of_the_service(make_context, caplog):
    with ServiceThread(make_context(token=TOKEN)) as running:
        url = f"ws://127.0.0.1:{running.port}/api/v1/live"
        for query, origin, status in (("", None, 401), (f"?token={TOKEN}", "http://evil.org", 403)):
            with (
                pytest.raises(websockets.exceptions.InvalidStatus) as refused,
                connect(url + query, origin=origin),
            ):
                pass
            assert refused.value.response.status_code == status
            assert b'"error"' in refused.value.response.body
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


def test_the_own_page_may_connect(service, client):
    url = f"ws://127.0.0.1:{service.port}/api/v1/live"
    with connect(url, origin=service.url) as live:
        assert '"hello"' in live.recv(timeout=10)
    answer = client.post("/api/v1/infer", json={}, headers={"Origin": service.url})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "["])
def test_a_foreign_host_name_is_refused_on_loopback(client, host):
    answer = client.get("/api/v1/events", headers={"Host": host})
    assert answer.status_code == 400
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:1234", "LOCALHOST", "[::1]:80", "127.0.0.1"])
def test_loopback_names_are_hosts(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/api/v1/events", "/nowhere", "/metrics", "/fdsnws/event/1/version"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/api/v1/infer", "/v2/models/default/infer", "/healthz"])
def test_a_body_that_is_too_large_is_refused(client, path):
    stated = client.post(path, content=b"x" * (MOST_BODY_BYTES + 1))
    assert stated.status_code == 413

    def pieces():
        for _ in range(MOST_BODY_BYTES // 2**20 + 1):
            yield b"x" * 2**20

    unstated = client.post(path, content=pieces())
    assert unstated.status_code == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_an_open_address_needs_a_token(make_context, host):
    assert not is_loopback(host)
    with pytest.raises(SettingsError, match="token"):
        create_app(make_context(host=host))
    create_app(make_context(host=host, token=TOKEN))


@pytest.mark.parametrize("token", ["", "short", "ä" * 20])
def test_a_weak_token_is_refused(token):
    with pytest.raises(SettingsError, match="characters"):
        check_settings(ServiceSettings(token=token))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_none(host):
    check_settings(ServiceSettings(host=host))


def test_the_rate_limit_lets_a_burst_pass_and_then_so_many_a_minute():
    now = [0.0]
    limit = RateLimit(60.0, 3, lambda: now[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limit.wait_s("a") == pytest.approx(1.0)
    assert limit.wait_s("b") == 0.0
    now[0] = 1.0
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("a") > 0.0


def test_the_rate_limit_remembers_no_more_clients_than_stated():
    limit = RateLimit(60.0, 1, lambda: 0.0, most_clients=10)
    for number in range(1000):
        limit.wait_s(str(number))
    waits_s = [limit.wait_s(str(number)) for number in range(999, -1, -1)]
    assert [one > 0.0 for one in waits_s[:11]] == [True] * 10 + [False]
