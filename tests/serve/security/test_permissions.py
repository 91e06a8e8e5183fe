"""Every role at every route by every method gets what the one table says, and nothing else."""

import re

import pytest
import websockets.exceptions
from websockets.sync.client import connect

from mainshock.serve.app import create_app
from mainshock.serve.security.accounts import make_key
from mainshock.serve.security.permissions import (
    ALL_PERMISSIONS,
    PUBLIC,
    ROLES,
    ROUTES,
    SIGNED_IN,
    permission_of,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def routes(make_context) -> list[tuple[str, str]]:
    return create_app(make_context()).state.route_table.all()


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "some", path)


def answering(routes: list[tuple[str, str]], method: str, asked: str) -> str | None:
    """The first route that answers to a path, by a reading of its own of the braces."""
    for one, path in routes:
        parts = re.split(r"\{[^}]*\}", path)
        if one == method and re.fullmatch("[^/]+".join(map(re.escape, parts)), asked):
            return path
    return None


def refusals(client, routes, allowed, *, is_known: bool) -> list[str]:
    """The cells whose answer is not the one that the table asks for."""
    wrong = []
    for path in sorted({path for _, path in routes}):
        for method in METHODS:
            found = answering(routes, "GET" if method == "HEAD" else method, filled(path))
            there, needed = found is not None, permission_of(method, found or "")
            status = client.request(method, filled(path)).status_code
            if there and (needed == PUBLIC or (is_known and needed in {SIGNED_IN, *allowed})):
                is_right = status not in (401, 403, 405) and status < 500
            elif not is_known:
                is_right = status == 401
            else:
                is_right = status == (403 if there else 405)
            if not is_right:
                wrong.append(f"{method} {path}: {status}, needs {needed}")
    return wrong


def test_every_route_has_its_line_in_the_table(routes):
    assert sorted(set(routes) - set(ROUTES)) == []


def test_the_table_is_compared_with_the_routes_that_are_described(routes, make_context):
    described = create_app(make_context()).openapi()["paths"]
    told = {(method.upper(), path) for path, all_of in described.items() for method in all_of}
    assert told <= set(routes)
    assert ("WEBSOCKET", "/api/v1/live") in routes
    assert ("POST", "/fdsnws/dataselect/1/query") in routes


def test_every_line_names_a_permission_that_a_role_has():
    assert set(ROUTES.values()) <= {PUBLIC, SIGNED_IN, *ALL_PERMISSIONS}
    assert frozenset().union(*ROLES.values()) == ALL_PERMISSIONS


def test_the_roles_are_these():
    assert {role: sorted(has) for role, has in ROLES.items()} == {
        "viewer": ["read"],
        "seismologist": ["analyse", "infer", "read", "replay", "run"],
        "ml-engineer": ["infer", "metrics", "models.promote", "read", "replay", "run"],
        "operator": ["metrics", "operate", "read", "replay"],
        "admin": sorted(ALL_PERMISSIONS),
    }


def test_only_these_routes_are_open_to_everybody():
    assert {path for (_, path), needs in ROUTES.items() if needs == PUBLIC} == {
        "/",
        "/assets/{path:path}",
        "/api/v1/login",
        "/api/v1/sign-in",
        "/api/v1/oidc/login",
        "/api/v1/oidc/callback",
        "/healthz",
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_what_the_table_gives_it(house, routes, role):
    others = [one for one in routes if one[0] != "WEBSOCKET" and one[1] != "/api/v1/logout"]
    with house.client(house.token(role)) as client:
        assert refusals(client, others, ROLES[role], is_known=True) == []
        assert client.post("/api/v1/logout").status_code == 200
        assert client.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("shown", [None, "nonsense", "msk_0123456789ab_" + "x" * 43])
def test_nobody_gets_more_than_the_open_routes(house, routes, shown):
    others = [one for one in routes if one[0] != "WEBSOCKET"]
    with house.client(shown) as client:
        assert refusals(client, others, frozenset(), is_known=False) == []


@pytest.mark.parametrize("scope", sorted(ALL_PERMISSIONS))
def test_a_key_gets_its_scope_and_nothing_else(house, routes, scope):
    others = [one for one in routes if one[0] != "WEBSOCKET" and one[1] != "/api/v1/logout"]
    with house.client(make_key(house.users, "admin", [scope], 1.0)) as client:
        assert refusals(client, others, {scope}, is_known=True) == []


@pytest.mark.parametrize("who", [*ROLES, "a key to read", "a key to infer", "nobody"])
def test_the_live_connection_is_for_who_may_read(house, who):
    shown = None
    if who in ROLES:
        shown = house.token(who)
    elif who != "nobody":
        shown = make_key(house.users, "admin", [who.rpartition(" ")[2]], 1.0)
    headers = None if shown is None else {"Authorization": f"Bearer {shown}"}
    url = house.url.replace("http", "ws") + "/api/v1/live"
    if who in ("nobody", "a key to infer"):
        with (
            pytest.raises(websockets.exceptions.InvalidStatus) as refused,
            connect(url, additional_headers=headers),
        ):
            pass
        assert refused.value.response.status_code == (401 if who == "nobody" else 403)
        return
    with connect(url, additional_headers=headers) as live:
        assert '"hello"' in live.recv(timeout=10)


def test_a_route_without_a_line_is_refused_to_everybody(house, monkeypatch):
    smaller = {key: needs for key, needs in ROUTES.items() if key != ("GET", "/api/v1/models")}
    monkeypatch.setattr("mainshock.serve.security.permissions.ROUTES", smaller)
    for role in ROLES:
        assert house.status(house.token(role), "/api/v1/models") == 403
        assert house.status(house.token(role), "/api/v1/events") == 200


def test_without_accounts_everything_is_allowed_and_told(client):
    me = client.get("/api/v1/me").json()["data"]
    assert me["name"] == "local"
    assert me["permissions"] == sorted(ALL_PERMISSIONS)
    assert me["must_sign_in"] is False
    answer = client.post("/api/v1/login", json={"name": "a", "password": "b"})
    assert answer.status_code == 404
