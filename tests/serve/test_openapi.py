"""The description of the API is whole, readable and true."""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mainshock.serve.openapi import main, openapi_document
from mainshock.serve.run import ServiceThread
from mainshock.stream.board import LiveBoard

DOCUMENT = openapi_document()
OPERATIONS = [
    (path, method, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
WITH_VALUES = {
    operation["operationId"]
    for _, _, operation in OPERATIONS
    if operation.get("parameters") or operation.get("requestBody")
}
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]

CASES = [
    (name, mode)
    for name in NAMES
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or name in WITH_VALUES  # nothing else can be wrong
]


def test_every_path_of_the_contract_is_described():
    contract = {
        "stations",
        "picks",
        "events",
        "events/{event_id}",
        "events/{event_id}/posterior",
        "events/{event_id}/alerts",
        "events/{event_id}/aftershocks",
        "forecast",
        "forecast/probability",
        "alerts",
        "waveforms",
        "models",
        "health",
        "infer",
    }
    told = set(DOCUMENT["paths"])
    assert {f"/api/v1/{path}" for path in contract} <= told
    assert {"/healthz", "/readyz", "/metrics", "/v2/models/{model}/infer"} <= told


def test_names_are_unique_and_readable():
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_route_says_what_it_answers(path, method, operation):
    assert operation["description"]
    answer = operation["responses"]["200"]["content"]
    if operation["operationId"] == "get_metrics":
        assert set(answer) == {"text/plain"}
        return
    assert answer["application/json"]["schema"], path
    assert "422" not in operation["responses"]
    errors = {status: one for status, one in operation["responses"].items() if status != "200"}
    name = "ProtocolError" if path.startswith("/v2") else "ErrorAnswer"
    for one in errors.values():
        assert one["content"]["application/json"]["schema"]["$ref"].endswith(f"/{name}")


def test_successes_share_one_envelope():
    for path, _, operation in OPERATIONS:
        if not path.startswith("/api/v1"):
            continue
        reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        schema = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(schema["properties"]) == {"data", "meta"}, path


def test_names_of_schemas_are_fit_for_a_generated_client():
    names = DOCUMENT["components"]["schemas"]
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


def test_it_is_written_to_a_file_and_does_not_change(tmp_path):
    main([str(tmp_path / "a.json")])
    main([str(tmp_path / "b.json")])
    assert json.loads((tmp_path / "a.json").read_text()) == DOCUMENT
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.fixture(scope="module")
def described(make_context):
    with ServiceThread(make_context(board=LiveBoard())) as running:
        yield schemathesis.openapi.from_url(f"{running.url}/api/v1/openapi.json")


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_generated_requests_find_no_fault(described, name, mode):
    """Requests that fit the description, and such that do not, are answered as it says."""
    operation = described.find_operation_by_id(name)
    checks = [not_a_server_error, content_type_conformance, status_code_conformance]

    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode))
    def run(case):
        case.call_and_validate(checks=[*checks, response_schema_conformance], timeout=120.0)

    run()
