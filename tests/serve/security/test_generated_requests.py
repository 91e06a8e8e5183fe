"""Requests that are made up from the description, by who may do all and by who may only look.

What they name is there for part of them: an event with reviews, a replay that runs, a catalogue.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mainshock.serve.context import ServiceSettings
from mainshock.serve.openapi import openapi_document
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.accounts import Accounts
from mainshock.serve.security.passwords import hash_password
from mainshock.serve.security.permissions import PUBLIC, ROLES, SIGNED_IN, permission_of
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.stream.board import LiveBoard
from mainshock.stream.records import EventVersion
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from replay_demo import demo_parts, write_demo_archive

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CHECKS = (
    not_a_server_error,
    content_type_conformance,
    status_code_conformance,
    response_schema_conformance,
)
OPERATIONS = {
    operation["operationId"]: permission_of(method.upper(), path)
    for path, operations in openapi_document()["paths"].items()
    for method, operation in operations.items()
}
# a network answers no faster to who signs in; without accounts more is tried
EXAMPLES = {"get_event_explanation": 1, "infer_shaking_map": 2}
OPEN = (PUBLIC, SIGNED_IN)
WAIT_S = 120.0


# what a request that names the things of ``peopled`` must find
THERE = {
    *("get_event", "get_event_posterior", "list_reviews", "review_event", "list_events"),
    *("get_replay", "list_replay_picks", "steer_replay", "remove_replay"),
    *("get_catalogue", "remove_catalogue", "list_users", "list_audit", "get_me"),
}


@pytest.fixture(scope="module")
def peopled(make_context, found, tmp_path_factory):
    """A service with accounts, an event, a catalogue and a replay that runs; and their ids."""
    root = tmp_path_factory.mktemp("peopled")
    write_demo_archive(root / "sds")
    often = SecuritySettings(requests_per_minute=1e6, requests_burst=1_000_000)
    with LiveStore.open(root / "store.sqlite") as store:
        users = AccountStore(store.database)
        for role in ("admin", "viewer"):
            users.add_user(role, role, hash_password("brown slate under the harbour", 4))
        for event in found.events:
            store.save_events([EventVersion(event.event_id, 1, "new", "settled", event, NOW)])
        key_file = root / "state" / "keys.json"
        context = make_context(
            store=store,
            archive=root / "sds",
            board=LiveBoard(),
            settings=ServiceSettings(port=0, accounts=True, key_file=key_file, security=often),
        )
        context = replace(context, replay_parts=demo_parts(context.stations))
        with ServiceThread(context) as service:
            accounts = Accounts(users, SigningKeys(key_file), often)

            def header(role: str) -> dict[str, str]:
                return {"Authorization": f"Bearer {accounts.begin(users.user(role)).token}"}

            with httpx.Client(
                base_url=service.url, headers=header("admin"), timeout=WAIT_S
            ) as asks:
                known = {"event_id": found.events[0].event_id, **things(asks)}
                url = f"{service.url}/api/v1/openapi.json"
                schema = schemathesis.openapi.from_url(url, headers=header("viewer"))
                yield SimpleNamespace(header=header, known=known, schema=schema, asks=asks)


def things(client: httpx.Client) -> dict[str, str]:
    """Make a catalogue and a replay, and return their ids."""
    table = "time,magnitude,longitude,latitude,depth_km,event_id\n" + "".join(
        f"2020-01-01T00:0{n}:00Z,{n}.1,-117.5,35.2,8.0,e{n}\n" for n in range(5)
    )
    sent = client.post(
        "/api/v1/catalogues",
        params={"name": "some.csv"},
        content=table.encode(),
        headers={"Content-Type": "application/octet-stream"},
    )
    wish = {"start": "2010-05-27T16:20:00Z", "end": "2010-05-27T16:30:00Z", "speed": 1}
    begun = client.post("/api/v1/replays", json=wish)
    assert (sent.status_code, begun.status_code) == (200, 200), begun.text
    return {
        "catalogue_id": sent.json()["data"]["catalogue_id"],
        "replay_id": begun.json()["data"]["replay_id"],
    }


def true_to_life(case, known: dict[str, str], asks: httpx.Client) -> None:
    """Let a request name what there is, and the version that is the latest."""
    for name, value in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value
        if isinstance(case.body, dict) and name in case.body:
            case.body[name] = value
    if isinstance(case.body, dict) and "base_version" in case.body:
        told = asks.get(f"/api/v1/events/{known['event_id']}").json()["data"]
        case.body["base_version"] = told["version"]


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_who_signed_in_finds_no_fault(peopled, role, name):
    operation = peopled.schema.find_operation_by_id(name)
    header = peopled.header(role)
    permission = OPERATIONS[name]
    is_allowed = permission in OPEN or permission in ROLES[role]
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES.get(name, 4) if is_allowed else 1,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(GenerationMode.POSITIVE), st.sampled_from([True, False]))
    def run(case, is_known):
        if is_known:
            true_to_life(case, peopled.known, peopled.asks)
        answer = case.call(headers=header, timeout=WAIT_S)
        case.validate_response(answer, checks=CHECKS)
        seen.add(answer.status_code)
        if not is_allowed:
            assert answer.status_code == 403

    run()
    is_first = is_allowed and (role == "viewer" or permission not in ROLES["viewer"])
    if is_first and name in THERE:
        assert 200 in seen, "it asked for what nobody knows alone"


def test_every_described_route_has_its_line():
    assert [name for name, permission in OPERATIONS.items() if permission is None] == []
