"""Replays of past hours: isolated, few, steered while they run, and gone in the end."""

import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from mainshock.serve.envelope import ApiError
from mainshock.serve.replay_comparison import compared
from mainshock.serve.replay_runs import LongestReplay, Replays, ReplayWish
from mainshock.serve.replay_source import SteeredReplay
from mainshock.serve.run import ServiceThread
from mainshock.sources.live.base import SourceSettings
from mainshock.sources.live.replay import ReplaySource

sys.path.insert(0, str(Path(__file__).parent))
from replay_demo import demo_parts, write_demo_archive

API = "/api/v1/replays"
START, END = "2010-05-27T16:20:00Z", "2010-05-27T16:30:00Z"
WISH = {"start": START, "end": END, "speed": 0}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("replayed") / "sds"
    write_demo_archive(root)
    return root


@pytest.fixture(scope="module")
def replayable(make_context, archive):
    made = make_context()
    return replace(made, archive=archive, replay_parts=demo_parts(made.stations))


@pytest.fixture(scope="module")
def replaying(replayable):
    with (
        ServiceThread(replayable) as running,
        httpx.Client(base_url=running.url, timeout=60.0) as opened,
    ):
        yield opened


def ended(client, replay_id, limit_s=90.0):
    """Return a replay once it has ended."""
    begin = time.monotonic()
    while time.monotonic() - begin < limit_s:
        told = client.get(f"{API}/{replay_id}").json()["data"]
        if told["state"] not in ("running", "paused"):
            return told
        time.sleep(0.2)
    raise AssertionError(told)


@pytest.fixture(scope="module")
def done(replaying):
    """A replay that has ended, as told."""
    answer = replaying.post(API, json=WISH)
    assert answer.status_code == 200, answer.text
    yield ended(replaying, answer.json()["data"]["replay_id"])
    replaying.delete(f"{API}/{answer.json()['data']['replay_id']}")


def test_a_replay_finds_again_what_was_stored_and_the_live_store_stays_as_it_was(
    replaying, done, events, store, replayable
):
    assert (done["state"], done["problem"], done["share"]) == ("ended", "", 1.0)
    assert done["pick_count"] > 10
    both = [one for one in done["pairs"] if one["replayed"] and one["stored"]]
    assert len(both) >= 1
    assert all(abs(one["time_s"]) < 1.0 and one["distance_km"] < 5.0 for one in both)
    assert store.count_events() == len(events)
    assert {one["event_id"] for one in done["events"]}.isdisjoint(
        {one["event_id"] for one in replaying.get("/api/v1/events").json()["data"]}
    ) or done["events"]
    assert not list(replayable.archive.parent.glob("*.sqlite"))


def test_its_picks_and_newest_traces_are_told(replaying, done):
    picks = replaying.get(f"{API}/{done['replay_id']}/picks").json()
    assert picks["meta"]["count"] == done["pick_count"]
    told = replaying.get(f"{API}/{done['replay_id']}/traces", params={"seconds": 30}).json()
    names = {one["trace"] for one in told["data"]}
    assert "BW.UH3..SHZ" in names
    assert any(name.endswith("_P") for name in names)
    first = told["data"][0]
    assert len(first["minimum"]) == len(first["maximum"]) > 100


def test_one_that_has_ended_stays_ended_when_it_is_stopped(replaying, done):
    told = replaying.post(f"{API}/{done['replay_id']}", json={"stop": True}).json()["data"]
    assert (told["state"], told["share"]) == ("ended", 1.0)
    listed = {one["replay_id"]: one["state"] for one in replaying.get(API).json()["data"]}
    assert listed[done["replay_id"]] == "ended"


def test_it_pauses_goes_on_faster_and_stops(replaying, done):
    made = replaying.post(API, json={**WISH, "speed": 1}).json()["data"]
    one = f"{API}/{made['replay_id']}"
    told = replaying.post(one, json={"is_paused": True}).json()["data"]
    assert told["state"] == "paused"
    told = replaying.post(one, json={"is_paused": False, "speed": 20}).json()["data"]
    assert (told["state"], told["speed"]) == ("running", 20)
    replaying.post(one, json={"stop": True})
    assert ended(replaying, made["replay_id"])["state"] == "stopped"
    assert replaying.delete(one).status_code == 200
    assert replaying.get(one).status_code == 404


def test_a_third_one_has_to_wait_and_folders_go_with_their_replays(replayable):
    runs = Replays(replayable, LongestReplay(most=2))
    slow = ReplayWish(
        datetime(2010, 5, 27, 16, 20, tzinfo=UTC), datetime(2010, 5, 27, 16, 30, tzinfo=UTC), 1.0
    )
    made = [runs.start(slow), runs.start(slow)]
    folders = [one.folder for one in made]
    try:
        with pytest.raises(ApiError, match="stop one of them first"):
            runs.start(slow)
        assert all(one.is_dir() for one in folders)
    finally:
        runs.close()
    assert not any(one.exists() for one in folders)
    assert runs.all() == []


def test_one_that_takes_too_long_is_stopped(replayable):
    runs = Replays(replayable, LongestReplay(run_s=0.0))
    start = datetime(2010, 5, 27, 16, 20, tzinfo=UTC)
    made = runs.start(ReplayWish(start, datetime(2010, 5, 27, 16, 30, tzinfo=UTC), 1.0))
    begin = time.monotonic()
    while made.ended_s is None and time.monotonic() - begin < 60.0:
        time.sleep(0.05)
    assert made.state == "failed"
    assert "limit" in made.problem
    runs.close()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"start": START, "end": "2010-05-27T18:00:00Z"}, "at most 3600"),
        ({"start": END, "end": START}, "swap them"),
        ({"start": "2001-01-01T00:00:00Z", "end": "2001-01-01T00:10:00Z"}, "holds no file"),
        ({"start": START, "end": END, "speed": -1}, "speed"),
        ({"start": START, "end": END, "stations": ["../x"]}, "stations"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_the_reason(replaying, wish, words):
    answer = replaying.post(API, json=wish)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_a_service_without_a_locator_says_why_it_replays_nothing(client):
    told = client.get(API).json()
    assert "mainshock monitor" in told["meta"]["problem"]
    assert client.post(API, json=WISH).status_code == 503


def test_a_page_of_another_site_can_start_nothing(replaying):
    assert (
        replaying.post(API, content="{}", headers={"Content-Type": "text/plain"}).status_code == 415
    )


class Clock:
    """Time that passes as a source waits."""

    def __init__(self):
        self.now_s = 0.0
        self.on_wait = lambda: None

    def wait(self, stop, seconds):
        self.now_s += seconds
        self.on_wait()
        return stop.is_set()


def test_packets_come_at_the_pace_of_the_moment(archive):
    clock = Clock()
    timing = replace(SourceSettings().timing, elapsed_s=lambda: clock.now_s, wait=clock.wait)
    source = SteeredReplay(ReplaySource(archive, SourceSettings(speed=0.0)), 10.0, timing)
    stop = threading.Event()
    packets = source.packets(stop)
    first = next(packets).arrival_ns
    while source.reached_ns - first < 20e9:
        next(packets)
    at_ten = clock.now_s
    assert at_ten == pytest.approx((source.reached_ns - first) / 1e9 / 10.0, abs=0.1)
    source.steer(speed=1.0)
    begin = source.reached_ns
    while source.reached_ns - begin < 20e9:
        next(packets)
    assert clock.now_s - at_ten == pytest.approx((source.reached_ns - begin) / 1e9, abs=0.1)
    source.steer(is_paused=True)
    paused_s = clock.now_s

    def go_on():
        if source.is_paused and clock.now_s >= paused_s + 60.0:
            source.steer(is_paused=False)

    clock.on_wait = go_on
    next(packets)
    assert clock.now_s >= paused_s + 60.0


def summary(event_id, time_text, longitude, magnitude=None):
    return {
        "event_id": event_id,
        "time": time_text,
        "longitude": longitude,
        "latitude": 48.0,
        "depth_km": 5.0,
        "magnitude": magnitude,
    }


def test_events_are_paired_with_the_nearest_and_each_once():
    replayed = [
        summary("a", "2020-01-01T00:00:00Z", 11.0, 2.0),
        summary("b", "2020-01-01T00:00:04Z", 11.0),
        summary("c", "2020-01-01T01:00:00Z", 11.0),
    ]
    stored = [
        summary("x", "2020-01-01T00:00:03Z", 11.01, 2.5),
        summary("y", "2020-01-01T00:00:01Z", 11.0, 1.5),
        summary("z", "2020-01-01T01:00:00Z", 14.0),
    ]
    told = {(one.replayed, one.stored): one for one in compared(replayed, stored)}
    assert set(told) == {("a", "y"), ("b", "x"), ("c", None), (None, "z")}
    assert told["a", "y"].time_s == pytest.approx(-1.0)
    assert told["a", "y"].magnitude == pytest.approx(0.5)
    assert told["b", "x"].magnitude is None
