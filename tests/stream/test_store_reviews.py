"""A review is passed on from where it is kept: whoever made it, and whoever died meanwhile."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_events import NOW, event_version

from mainshock.core.errors import SourceError
from mainshock.core.records import Station
from mainshock.events.association import GridAssociator
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.stations import StationList
from mainshock.stream.alerts.config import AlertSettings, Rule
from mainshock.stream.alerts.json_lines import FileSettings
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.events.stage import EventStage
from mainshock.stream.live_stages import worker_settings
from mainshock.stream.messages import event_message
from mainshock.stream.review_relay import ReviewRelay
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.reviews import ReviewStore
from mainshock.stream.store_watch import StoreWatch
from mainshock.stream.workers import StageWorker

OTHER = Path(__file__).with_name("review_and_end.py")
RULE = {"name": "all", "channels": ["file"], "stale_after_s": 1e6}


@pytest.fixture
def bus(tmp_path):
    made = EmbeddedBus(tmp_path / "bus.sqlite")
    yield made
    made.close()


@pytest.fixture
def store(place):
    with LiveStore.open(place) as opened:
        yield opened


@pytest.fixture(scope="module")
def event_stage() -> EventStage:
    stations = StationList([Station("XX", "AAA", 10.1, 50.1, 0.0)])
    setup = LocationSetup(velocity="constant:6.0,3.4")
    times = setup.travel_times()
    return EventStage(
        EventBuilder(setup.method(times, list(stations)), stations), GridAssociator(), times
    )


def alerted(store: LiveStore, bus: EmbeddedBus, event_id: str) -> None:
    """Have an event in the store, and on its way to those who are alerted."""
    store.save_events([event_version(event_id, "settled")])
    bus.publish([event_message(event_version(event_id, "settled"), ns_from_datetime(NOW))])


def run_stages(bus: EmbeddedBus, event_stage: EventStage, tmp_path: Path) -> None:
    """Do all that waits, from the last commit on, as a monitor that is started anew does."""
    settings = AlertSettings(
        (Rule.model_validate(RULE),), {"file": FileSettings(kind="file", path=tmp_path / "sent")}
    )
    for stage in (event_stage, AlertStage(settings)):
        worker = StageWorker(bus, stage, worker_settings(stage.name, commits_versions=True))
        worker.start()
        worker.finish()
        assert worker.problem == ""


def sent(bus: EmbeddedBus) -> list[tuple[str, str]]:
    """Return the messages to people: event and kind of each that was not asked for yet."""
    found = bus.read("test", ("alert.v1",), 100, 0.0)
    requests = [json.loads(one.message.value) for one in found]
    return [(one["event_id"], one["kind"]) for one in requests]


def killed(action: str, *arguments: object) -> None:
    """Have another process do something with a review, and see that it was killed over it."""
    done = subprocess.run(
        [sys.executable, str(OTHER), action, *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def test_a_review_of_another_process_that_died_over_it_is_passed_on_once(
    store, place, bus, event_stage, tmp_path
):
    alerted(store, bus, "a")
    run_stages(bus, event_stage, tmp_path)
    assert sent(bus) == [("a", "new")]
    killed("save", place, "a")
    relay = ReviewRelay(store.database, bus.publish, is_live=True)
    for _ in range(2):
        relay.pass_on()
        run_stages(bus, event_stage, tmp_path)
    assert sent(bus) == [("a", "cancel")]


def test_a_review_that_was_published_but_not_noted_is_told_once(
    store, place, bus, event_stage, tmp_path
):
    alerted(store, bus, "b")
    run_stages(bus, event_stage, tmp_path)
    killed("save", place, "b")
    killed("pass_on", place, bus.path)
    (waiting,) = ReviewStore(store.database).waiting()
    assert waiting.event_id == "b"
    run_stages(bus, event_stage, tmp_path)
    ReviewRelay(store.database, bus.publish, is_live=True).pass_on()
    run_stages(bus, event_stage, tmp_path)
    assert len(bus.read("count", ("review.v1",), 100, 0.0)) == 2, "at least once on the bus"
    assert sent(bus) == [("b", "new"), ("b", "cancel")]


def test_what_cannot_be_passed_on_waits_and_is_told(store, place, bus):
    alerted(store, bus, "c")
    killed("save", place, "c")
    is_full = True

    def publish(messages: Sequence[Message]) -> None:
        if is_full:
            raise SourceError("cannot write the bus: the disk is full")
        bus.publish(messages)

    watch = StoreWatch([ReviewRelay(store.database, publish, is_live=False).pass_on])
    watch.look()
    assert "disk is full" in watch.problem
    is_full = False
    watch.look()
    assert watch.problem == ""
    (message,) = [one.message for one in bus.read("count", ("review.v1",), 9, 0.0)]
    assert message.identity == "c#2"
    assert message.arrival_ns == ns_from_datetime(NOW), "a replay has the time of its records"
    assert ReviewStore(store.database).waiting() == []


def test_a_watch_looks_as_soon_as_it_is_woken_and_ends_at_once(store, place, bus):
    alerted(store, bus, "d")
    relay = ReviewRelay(store.database, bus.publish, is_live=True)
    watch = StoreWatch([relay.pass_on], every_s=1e6)
    watch.start()
    killed("save", place, "d")
    watch.wake()
    (found,) = bus.read("test", ("review.v1",), 9, 60.0)
    watch.stop()
    assert found.message.key == "d"
