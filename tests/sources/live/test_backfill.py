"""Missing stretches come from a data centre, through its errors, or are told as unreachable."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from mainshock.core.errors import SettingsError, SourceError, UnreachableError
from mainshock.sources.live.backfill import FdsnBackfill, Gap, TooMuchError

START = datetime(2020, 9, 13, 12, tzinfo=UTC)
GAP = Gap("XX", "ABC", "", "HHZ", START, START.replace(minute=1))


@contextmanager
def data_centre(answer: Callable[[BaseHTTPRequestHandler, int], None]) -> Iterator[tuple]:
    """Serve on loopback; ``answer`` gets the number of the request."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(f"{self.path}\n{body}")
            answer(self, len(asked))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5.0)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", stated: int = 0) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(stated or len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def fetch(url: str, clock, gaps=(GAP,)) -> list[bytes]:
    source = FdsnBackfill(url, timing=clock.timing(), timeout_s=5.0)
    return [packet.payload for packet in source.packets(list(gaps), threading.Event())]


def test_what_is_missing_is_asked_for_and_given(make_records, clock):
    records = make_records(300)
    with data_centre(lambda handler, _: reply(handler, 200, b"".join(records))) as (url, asked):
        assert fetch(url, clock) == records
    assert asked == [
        (
            "/fdsnws/dataselect/1/query\n"
            "XX ABC -- HHZ 2020-09-13T12:00:00.000000 2020-09-13T12:01:00.000000\n"
        )
    ]


def test_many_gaps_are_asked_for_in_parts(make_records, clock):
    (record,) = make_records(1)
    with data_centre(lambda handler, _: reply(handler, 200, record)) as (url, asked):
        assert fetch(url, clock, [GAP] * 120) == [record] * 3
    assert [request.count("HHZ") for request in asked] == [50, 50, 20]


def test_a_record_between_junk_is_found(make_records, clock):
    records = make_records(3)
    body = b"junk" + records[0] + b"x" * 100 + records[1] + records[2] + records[0][:300]
    with data_centre(lambda handler, _: reply(handler, 200, body)) as (url, _):
        assert fetch(url, clock) == records


@pytest.mark.parametrize("status", [204, 404])
def test_nothing_there_is_no_error(status, clock):
    with data_centre(lambda handler, _: reply(handler, status)) as (url, asked):
        assert fetch(url, clock) == []
    assert len(asked) == 1


def test_busy_centre_is_asked_again_with_growing_pauses(make_records, clock):
    records = make_records(2)

    def answer(handler, number):
        if number < 3:
            reply(handler, 503 if number == 1 else 429)
        else:
            reply(handler, 200, b"".join(records))

    with data_centre(answer) as (url, _):
        assert fetch(url, clock) == records
    assert clock.waits_s == [2.0, 4.0]


def test_answer_that_breaks_off_is_asked_for_again(make_records, clock):
    records = make_records(4)

    def answer(handler, number):
        body = b"".join(records)
        if number == 1:
            reply(handler, 200, body[:700], stated=len(body))
        else:
            reply(handler, 200, body)

    with data_centre(answer) as (url, _):
        assert fetch(url, clock)[-4:] == records


def test_centre_that_stays_busy_or_away_is_unreachable(clock):
    with (
        data_centre(lambda handler, _: reply(handler, 503)) as (url, asked),
        pytest.raises(UnreachableError, match="4 attempts"),
    ):
        fetch(url, clock)
    assert len(asked) == 4
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="4 attempts"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}", clock)


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_refusal_is_told_at_once(status, clock):
    with (
        data_centre(lambda handler, _: reply(handler, status)) as (url, asked),
        pytest.raises(SourceError, match=str(status)),
    ):
        fetch(url, clock)
    assert len(asked) == 1


def redirect(handler: BaseHTTPRequestHandler, status: int, target: str) -> None:
    handler.send_response(status)
    handler.send_header("Location", target)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_same_request(status, make_records, clock):
    records = make_records(3)
    with data_centre(lambda handler, _: reply(handler, 200, b"".join(records))) as (other, there):
        target = f"{other}/elsewhere/query"

        def answer(handler, number):
            redirect(handler, status, "/second" if number == 1 else target)

        with data_centre(answer) as (url, asked):
            assert fetch(url, clock) == records
    request = "XX ABC -- HHZ 2020-09-13T12:00:00.000000 2020-09-13T12:01:00.000000\n"
    assert asked == [f"/fdsnws/dataselect/1/query\n{request}", f"/second\n{request}"]
    assert there == [f"/elsewhere/query\n{request}"]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/round", "redirects more than 5 times"),
        ("ftp://localhost/x", "redirects to ftp"),
        ("http://localhost:port/", "4 attempts"),
    ],
)
def test_a_redirect_to_nowhere_is_told_at_once(target, told, clock):
    with (
        data_centre(lambda handler, _: redirect(handler, 307, target)) as (url, asked),
        pytest.raises(SourceError, match=told),
    ):
        fetch(url, clock)
    assert len(asked) <= 6


def test_no_redirect_leads_from_https_to_http():
    centre = FdsnBackfill("https://localhost")
    url = httpx.URL("https://localhost/fdsnws/dataselect/1/query")
    assert str(centre._elsewhere(url, "/x")) == "https://localhost/x"
    with pytest.raises(SourceError, match="redirects to http://localhost/x"):
        centre._elsewhere(url, "http://localhost/x")


def test_answer_without_records_is_bounded(clock):
    with (
        data_centre(lambda handler, _: reply(handler, 200, b"x" * (3 << 20))) as (url, _),
        pytest.raises(SourceError, match="something else than miniSEED"),
    ):
        fetch(url, clock)


def test_stop_stops(make_records, clock):
    with data_centre(lambda h, _: reply(h, 200, b"".join(make_records(50)))) as (url, _):
        stop = threading.Event()
        packets = FdsnBackfill(url, timing=clock.timing()).packets([GAP] * 200, stop)
        next(packets)
        stop.set()
        assert list(packets) == []


@pytest.mark.parametrize(
    "address", ["file:///etc", "localhost", "http://localhost:port", "http://[bad", "http:"]
)
def test_address_must_be_one(address):
    with pytest.raises(SettingsError, match="https"):
        FdsnBackfill(address)


def test_what_is_too_much_at_once_is_told_apart_from_other_refusals(clock):
    with (
        data_centre(lambda handler, _: reply(handler, 413)) as (url, _),
        pytest.raises(TooMuchError, match="ask for less time"),
    ):
        fetch(url, clock)
