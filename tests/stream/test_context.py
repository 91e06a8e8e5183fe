"""The live stage that tells of each event which assessed megathrust segment is nearest."""

import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from mainshock.core.records import Event, Origin
from mainshock.megathrust.assessment import CAVEATS, SegmentAssessment, caveats
from mainshock.stream import context
from mainshock.stream.context import ContextStage, context_stage
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.messages import event_message
from mainshock.stream.records import EventVersion
from mainshock.stream.registry import LIVE_STAGES
from mainshock.stream.workers import StageWorker

T0 = datetime(2026, 5, 27, 12, 0, 0, tzinfo=UTC)
# made up
SEGMENTS = (
    SegmentAssessment("sam", 40, 0.8, 1, (0, 1), 0.9, -71.2, -20.0, 180.0, 8.2),
    SegmentAssessment("sam", 41, 0.6, 1, (0, 1), 0.3, -71.2, -20.5, 180.0, 1.0),
)
ORIGIN = Origin(T0, -70.9, -20.1, 25.0, 0.5, 2.0, 2.0, 5.0, np.diag([4.0, 4.0, 25.0]), "iasp91")
EVENT = Event("e1", ORIGIN, (), quality="B")


def told(version=1, kind="new", **origin) -> EventVersion:
    event = replace(EVENT, origin=replace(ORIGIN, **origin))
    return EventVersion("e1", version, kind, "preliminary", event, T0, is_synthetic=True)


@pytest.fixture
def stage():
    return ContextStage(SEGMENTS, caveats())


def step(stage, *versions):
    state, messages = stage.step(stage.start(), [event_message(one, 5) for one in versions])
    assert stage.restore(stage.snapshot(state)) == state
    return messages


def test_an_event_gets_the_nearest_segment_with_its_caveats(stage):
    (message,) = step(stage, told())
    assert (message.topic, message.key, message.identity) == ("context.v1", "e1", "e1#1")
    document = json.loads(message.value)
    assert document["segment"] == SEGMENTS[0].as_dict()
    assert document["distance_km"] == pytest.approx(33.3, abs=0.2)
    assert document["is_synthetic"] is True
    assert document["caveats"][0] == CAVEATS[0]
    assert any("Leave-one-region-out" in one for one in document["caveats"])


def test_each_version_has_its_own_and_a_cancelled_event_none(stage):
    messages = step(stage, told(), told(2, "update", latitude=-20.6), told(3, "cancel"))
    assert [one.identity for one in messages] == ["e1#1", "e1#2"]
    assert json.loads(messages[1].value)["segment"]["index"] == 41


def test_an_event_far_from_all_segments_gets_none(stage):
    assert step(stage, told(longitude=11.6, latitude=48.1)) == []


def test_in_parts_or_at_once_is_the_same(stage):
    versions = [told(), told(2, "update"), told(3, "update", latitude=-20.6)]
    assert step(stage, *versions) == [one for told in versions for one in step(stage, told)]


def test_without_assessments_the_stage_says_so_once_and_is_silent(monkeypatch, caplog):
    monkeypatch.setattr(context, "packaged_assessments", tuple)
    with caplog.at_level(logging.INFO):
        silent = context_stage()
    assert "no assessed megathrust segments" in caplog.text
    assert step(silent, told()) == []


def test_the_registered_stage_runs_on_a_bus(tmp_path, monkeypatch):
    monkeypatch.setattr(context, "packaged_assessments", lambda: SEGMENTS)
    stage = LIVE_STAGES.load("context")()
    bus = EmbeddedBus(tmp_path / "bus.db")
    bus.publish([event_message(told(), 5)])
    worker = StageWorker(bus, stage)
    worker.start()
    (delivery,) = bus.read("reader", ["context.v1"], 10, 10.0)
    worker.stop()
    bus.close()
    assert json.loads(delivery.message.value)["segment"]["index"] == 40


def test_the_stage_loads_neither_pandas_nor_scikit_learn():
    program = (
        "import sys; import mainshock.stream.context as stage; stage.context_stage();"
        "print([m for m in ('pandas', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    run = [sys.executable, "-c", program]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "[]"
