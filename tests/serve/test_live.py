"""Live clients are told what happens, on a real socket."""

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mainshock.serve.live import MOST_CONNECTIONS
from mainshock.serve.metrics import service_metrics
from mainshock.serve.run import ServiceThread
from mainshock.stream.records import Alert, EventVersion, LivePick, StationHealth

TRACE, CURVE = "BW.UH1..EHZ", "BW.UH1..EH_P"
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


@pytest.fixture
def running(empty_context):
    empty_context.board.put(TRACE, START_NS, 100.0, np.arange(1000.0))
    with ServiceThread(empty_context) as service:
        yield service


@pytest.fixture
def live(running):
    with connect(f"ws://127.0.0.1:{running.port}/api/v1/live") as opened:
        yield opened


def until(live, kind: str) -> dict:
    """The next JSON message of a kind; frames and others are passed over."""
    while True:
        message = live.recv(timeout=20)
        if isinstance(message, str) and json.loads(message)["type"] == kind:
            return json.loads(message)


def next_frame(live) -> bytes:
    while True:
        message = live.recv(timeout=20)
        if isinstance(message, bytes):
            return message


def subscribe(live, *traces: str, seconds: float = 60.0, pixels: int = 600) -> None:
    live.send(
        json.dumps({"type": "subscribe", "traces": traces, "seconds": seconds, "pixels": pixels})
    )


def test_the_first_words_tell_what_is_shown(live):
    hello = json.loads(live.recv(timeout=20))
    assert hello["type"] == "hello"
    assert set(hello["data"]) == {
        "server_time",
        "source",
        "is_synthetic",
        "is_live",
        "version",
        "stream_time",
    }
    assert hello["data"]["stream_time"] == "2023-11-14T22:13:30.000000Z"
    assert json.loads(live.recv(timeout=20)) == {"type": "traces", "data": [TRACE]}


def test_a_subscription_brings_the_past_and_then_the_news(live, empty_context):
    subscribe(live, TRACE, CURVE)
    first = next_frame(live)
    assert first[1] == 1
    assert TRACE.encode() in first
    bins = np.frombuffer(first[24 + 16 :], dtype="<f4").reshape(2, -1)
    assert bins.shape == (2, 100)
    assert tuple(bins[:, 3]) == (30.0, 39.0)
    empty_context.board.put(TRACE, START_NS + 10 * SECOND_NS, 100.0, np.full(100, 7.0))
    second = next_frame(live)
    news = np.frombuffer(second[24 + 16 :], dtype="<f4").reshape(2, -1)
    assert news.shape == (2, 11)
    assert set(news[1, 1:]) == {7.0}
    empty_context.board.put(CURVE, START_NS, 100.0, np.full(100, 0.5))
    curve = next_frame(live)
    assert curve[1] == 2
    assert CURVE.encode() in curve


def test_a_new_subscription_replaces_the_former_one(live, empty_context):
    subscribe(live, TRACE)
    next_frame(live)
    subscribe(live, CURVE)
    live.send('{"type": "ping"}')
    until(live, "pong")
    empty_context.board.put(CURVE, START_NS, 100.0, np.zeros(100))
    empty_context.board.put(TRACE, START_NS + 10 * SECOND_NS, 100.0, np.zeros(100))
    assert {CURVE.encode() in next_frame(live)} == {True}
    until(live, "time")
    assert empty_context.board.traces() == [TRACE, CURVE]


def test_new_traces_are_announced(live, empty_context):
    until(live, "traces")
    empty_context.board.put(CURVE, START_NS, 100.0, np.zeros(100))
    assert until(live, "traces")["data"] == [TRACE, CURVE]


def test_picks_events_and_alerts_are_told_once_saved(live, empty_context, events, found):
    until(live, "traces")
    store, event = empty_context.store, events[0]
    issued = event.origin.time
    pick = LivePick("p1", 1, "new", "preliminary", found.picks[0], "EH", issued)
    store.save_picks([pick])
    told = until(live, "pick")["data"]
    assert (told["pick_id"], told["version"], told["kind"]) == ("p1", 1, "new")
    store.save_picks([replace(pick, version=2, kind="cancel")])
    assert until(live, "pick")["data"]["kind"] == "cancel"
    version = EventVersion(event.event_id, 1, "new", "preliminary", event, issued)
    store.save_events([version])
    told = until(live, "event")["data"]
    assert told["longitude"] == event.origin.longitude
    assert told["n_picks"] == len(event.arrivals)
    store.save_alerts([Alert("a1", event.event_id, 1, "new", "all", "log", issued, "sent")])
    assert until(live, "alert")["data"]["alert_id"] == "a1"
    store.save_events(
        [replace(version, version=2, kind="cancel", issued=issued + timedelta(seconds=1))]
    )
    assert until(live, "event")["data"]["kind"] == "cancel"


def test_what_was_saved_before_is_not_told_as_news(running, empty_context, found):
    issued = found.picks[0].time
    saved = [
        LivePick(f"p{number}", 1, "new", "settled", found.picks[number], "EH", issued)
        for number in range(2)
    ]
    empty_context.store.save_picks(saved[:1])
    with connect(f"ws://127.0.0.1:{running.port}/api/v1/live") as live:
        until(live, "traces")
        empty_context.store.save_picks(saved[1:])
        assert until(live, "pick")["data"]["pick_id"] == "p1"


def test_time_and_health_come_by_themselves(live, empty_context, found):
    now = found.picks[0].time
    state = StationHealth("BW.UH1..EH", ("EHZ",), 100.0, now, now, 0.5)
    empty_context.store.save_health([state])
    assert until(live, "time")["data"]["stream_time"] == "2023-11-14T22:13:30.000000Z"
    assert until(live, "health")["data"][0]["trace_id"] == "BW.UH1..EH"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        '"ping"',
        '{"type": "fly"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "traces": "all"}',
        '{"type": "subscribe", "traces": ["../x"]}',
        '{"type": "subscribe", "traces": [], "seconds": NaN}',
        '{"type": "subscribe", "traces": [], "seconds": 0}',
        '{"type": "subscribe", "traces": [], "pixels": 5000}',
        '{"type": "subscribe", "traces": [], "more": 1}',
        json.dumps({"type": "subscribe", "traces": ["A.B..C"] * 1000, "pixels": 4000}),
        b"\x00\x01",
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_does_no_harm(live, message):
    live.send(message)
    error = until(live, "error")["error"]
    assert error["code"] == "invalid_request"
    assert error["message"]
    live.send('{"type": "ping"}')
    assert until(live, "pong") == {"type": "pong"}


def test_a_message_that_is_too_long_ends_the_connection(live):
    live.send("x" * 100_000)
    with pytest.raises(ConnectionClosed):
        until(live, "nothing")


def test_only_so_many_connections_are_kept(running):
    url = f"ws://127.0.0.1:{running.port}/api/v1/live"
    with ExitStack() as opened:
        for _ in range(MOST_CONNECTIONS):
            opened.enter_context(connect(url)).recv(timeout=20)
        with connect(url) as refused, pytest.raises(ConnectionClosed) as closed:
            refused.recv(timeout=20)
        assert closed.value.rcvd.code == 1013


def test_a_stopped_service_says_goodbye(empty_context):
    service = ServiceThread(empty_context).start()
    with connect(f"ws://127.0.0.1:{service.port}/api/v1/live") as live:
        live.recv(timeout=20)
        service.stop()
        with pytest.raises(ConnectionClosed) as closed:
            until(live, "nothing")
    assert closed.value.rcvd.code == 1012


def test_a_slow_client_is_sent_no_more_than_it_takes_and_then_the_newest(empty_context, found):
    """A client that reads nothing holds up nobody, and no queue grows behind it."""
    board, n_traces, n_steps = empty_context.board, 60, 14
    traces = [f"BW.S{number:03d}..EHZ" for number in range(n_traces)]
    with ServiceThread(empty_context) as service:
        url = f"ws://127.0.0.1:{service.port}/api/v1/live"
        frames = service_metrics(empty_context.metrics).frames
        with (
            connect(url, max_queue=1, ping_interval=None, close_timeout=1) as slow,
            connect(url) as quick,
        ):
            subscribe(slow, *traces, pixels=4000)
            subscribe(quick, "BW.S000..EHZ")
            for step in range(n_steps):
                for trace in traces:
                    board.put(trace, START_NS + step * 60 * SECOND_NS, 100.0, np.ones(6000) * step)
                next_frame(quick)  # each of these takes a turn of the service
            sent = frames._value.get()
            # 27 MB would be all: more than what the sockets hold between the two
            assert sent < 0.8 * n_traces * n_steps
            while float(np.frombuffer(next_frame(slow)[-4:], dtype="<f4")[0]) < n_steps - 1:
                pass
