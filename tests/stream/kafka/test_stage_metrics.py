"""A process of stages over Kafka counts and times what a monitor counts and times."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from mainshock.core.records import Arrival, Event, Origin, Pick
from mainshock.detect.registry import open_picker
from mainshock.events.registry import ASSOCIATORS
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.live import SourceSettings, open_packet_source
from mainshock.stream.alerts.config import AlertSettings, Rule
from mainshock.stream.alerts.json_lines import FileSettings
from mainshock.stream.kafka import KafkaBus
from mainshock.stream.kafka.roles import INGEST, ROLES
from mainshock.stream.kafka.stage_process import StageProcess
from mainshock.stream.live_stages import LocationParts, StageParts
from mainshock.stream.messages import event_message
from mainshock.stream.model_choice.of_run import RunModels, open_desk, open_shadow
from mainshock.stream.model_choice.settings import ModelSettings, ShadowSettings
from mainshock.stream.monitoring.process_metrics import show_process
from mainshock.stream.records import EventVersion
from mainshock.stream.run import LiveRun
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.live_store import LiveStore

WAIT_S = 30.0
SINCE_P = timedelta(seconds=3)
RULE = Rule.model_validate({"name": "all", "channels": ["file"]})
OF_THE_COMMAND = ("mainshock_disk_free_bytes", "")


def wait_until(is_reached) -> None:
    for _ in range(int(WAIT_S / 0.05)):
        if is_reached():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not happen")


@contextmanager
def process(make_settings, roles, parts, **more):
    registry = CollectorRegistry()
    show_process(registry)
    made = StageProcess(KafkaBus(make_settings()), roles, parts, metrics=registry, **more)
    try:
        yield made, registry
    finally:
        made.stop()


@pytest.fixture
def parts(tmp_path):
    alerts = AlertSettings((RULE,), {"file": FileSettings(path=tmp_path / "alerts.jsonl")})
    with LiveStore.open(tmp_path / "mainshock.sqlite") as store:
        yield StageParts(tmp_path / "sds", tmp_path / "log.jsonl", alerts=alerts, store=store)


def version_with_four_p() -> EventVersion:
    now = datetime.now(UTC)
    picks = [
        Pick("XX", name, "", "P", now - SINCE_P, 0.9, 0.1, "test") for name in ("A", "B", "C", "D")
    ]
    origin = Origin(
        now - timedelta(seconds=8), 24.0, 35.0, 9.0, 0.4, 2.0, 1.5, 3.0, np.eye(3), "test"
    )
    event = Event("ev1", origin, tuple(Arrival(one, 30.0, 10.0, 0.1) for one in picks), None, "B")
    return EventVersion("ev1", 1, "new", "preliminary", event, now, models={})


def test_a_process_that_alerts_times_its_alerts_and_counts_what_became_of_them(
    make_settings, parts, tmp_path
):
    with process(make_settings, ["alert"], parts) as (made, registry):
        made.start()
        arrival_ns = ns_from_datetime(datetime.now(UTC))
        made.bus.publish([event_message(version_with_four_p(), arrival_ns, "trace")])
        sent = {"channel": "file", "outcome": "sent"}
        wait_until(lambda: registry.get_sample_value("mainshock_alerts_total", sent) == 1.0)
        for since, least_s in (("packet", 0.0), ("fourth_p", SINCE_P.total_seconds())):
            labels = {"since": since}
            count = registry.get_sample_value("mainshock_alert_delay_seconds_count", labels)
            total = registry.get_sample_value("mainshock_alert_delay_seconds_sum", labels)
            assert count == 1.0
            assert total >= least_s
        part = {"part": "publish"}
        assert registry.get_sample_value("mainshock_latency_seconds_count", part) >= 1.0
        waiting = {"stage": "alerts.file"}
        wait_until(lambda: registry.get_sample_value("mainshock_backlog_messages", waiting) == 0.0)
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1


def location_of(source) -> LocationParts:
    setup, sites = LocationSetup(velocity="iasp91"), source.stations()
    travel_times = setup.travel_times()
    associator = ASSOCIATORS.load("grid")(max_depth_km=setup.association_depth_km(None))
    builder = EventBuilder(setup.method(travel_times, list(sites)), sites)
    return LocationParts(builder, associator, travel_times, {"associator": "grid"})


def shown(registry: CollectorRegistry) -> set[tuple[str, str]]:
    """Names of figures with the labels that say which part, stage, channel or role."""
    return {
        (family.name, sample.labels.get(kind, ""))
        for family in registry.collect()
        for sample in family.samples
        for kind in ("stage", "part", "channel", "role")
    }


def test_all_stages_over_kafka_show_what_a_monitor_shows(make_settings, parts, tmp_path):
    source = open_packet_source("load:3", SourceSettings(speed=1.0))
    location, picker = location_of(source), open_picker("default")
    named = ModelSettings(shadow=ShadowSettings(model="phasenet", p_threshold=0.5))
    alone = CollectorRegistry()
    run = LiveRun(
        RunFolder(tmp_path / "alone"),
        source,
        picker,
        location,
        parts.alerts,
        metrics=alone,
        models=named,
    )
    run.stop()
    shadow = open_shadow(named, tmp_path / "shadow.sqlite", is_live=True, is_synthetic=True)
    models = RunModels(open_desk(parts.store, picker, named), shadow)
    whole = replace(parts, picker=picker, location=location, shadow=shadow)
    roles, folder = [INGEST, *ROLES], RunFolder(tmp_path / "spread")
    more = {"source": source, "folder": folder, "models": models}
    with process(make_settings, roles, whole, **more) as (made, registry):
        missing = shown(alone) - shown(registry)
        assert {"source", "feed", "stages"} <= set(made.problems())
    assert missing <= {OF_THE_COMMAND}
