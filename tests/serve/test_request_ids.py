"""Each answer carries the id of its request, and so do the log lines about it."""

import asyncio
import json
import logging

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mainshock.core.logs import current_request
from mainshock.serve.metrics import Observer, ServiceMetrics


async def _said(_request):
    return PlainTextResponse(current_request())


async def _fails(_request):
    raise RuntimeError("nobody foresaw this")


def answer_to(path, given=None):
    """Return the answer of a small service behind the observer."""

    async def ask():
        app = Starlette(routes=[Route("/said", _said), Route("/fails", _fails)])
        observed = Observer(app, ServiceMetrics(CollectorRegistry()))
        transport = httpx.ASGITransport(observed, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers={"X-Request-ID": given} if given else {})

    return asyncio.run(ask())


def test_the_id_of_the_caller_is_kept_and_known_within():
    answer = answer_to("/said", "shift-7:42")
    assert answer.headers["x-request-id"] == answer.text == "shift-7:42"


@pytest.mark.parametrize("given", [None, "x" * 65, 'a"b', "a b", "{json}"])
def test_any_other_request_gets_an_id_of_its_own(given):
    first, second = answer_to("/said", given), answer_to("/said", given)
    assert first.headers["x-request-id"] == first.text
    assert len(first.text) == 16
    assert first.text not in {given, second.text}


def test_a_fault_is_answered_and_logged_with_the_id(caplog):
    with caplog.at_level(logging.INFO):
        answer = answer_to("/fails", "of-a-fault")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "of-a-fault"
    (line,) = [one for one in caplog.records if one.name == "mainshock.access"]
    assert json.loads(line.getMessage())["request"] == "of-a-fault"
    assert current_request() == ""
