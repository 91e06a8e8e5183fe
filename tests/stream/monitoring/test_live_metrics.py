"""Figures of the live path: what is counted, from when to when, and at what cost."""

import json
import math
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import CollectorRegistry

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.messages import health_message
from mainshock.stream.metrics import RunMetrics
from mainshock.stream.monitoring.alert_delays import SendingMetrics
from mainshock.stream.monitoring.flags import DriftFlag, drift_message
from mainshock.stream.monitoring.process_metrics import (
    model_versions,
    show_models,
    show_problems,
    show_process,
)
from mainshock.stream.monitoring.stage_endpoint import StageEndpoint
from mainshock.stream.monitoring.watched_bus import WatchedBus
from mainshock.stream.records import Alert, StationHealth

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 1_000_000_000
SECOND_NS = 1_000_000_000


@pytest.fixture
def bus(tmp_path):
    made = EmbeddedBus(tmp_path / "bus.db")
    yield made
    made.close()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def notes(registry, bus):
    return RunMetrics(registry, bus, [], is_live=True, clock=lambda: NOW_NS)


def message(topic, identity="a#1", *, arrival_s=0.0, value=b"{}"):
    arrival_ns = NOW_NS - round(arrival_s * SECOND_NS)
    return Message(topic, "XX.A", identity, value, arrival_ns, arrival_ns, "trace")


def alert_message(version=1, *, kind="new", arrival_s=1.0, key="ev"):
    value = json.dumps({"kind": kind, "channel": "mail"}).encode()
    arrival_ns = NOW_NS - round(arrival_s * SECOND_NS)
    return Message("alert.v1", key, f"ev.all.mail#{version}", value, arrival_ns, arrival_ns)


def event_message(*late_s):
    times = [(NOW - timedelta(seconds=one)).isoformat() for one in late_s]
    arrivals = [{"pick": {"phase": "P", "time": one}} for one in times]
    value = json.dumps({"event": {"arrivals": arrivals}}).encode()
    return Message("event.v1", "ev", "ev#1", value, NOW_NS, NOW_NS)


def test_a_watched_bus_tells_what_was_published_and_passes_all_on(bus):
    told = []
    watched = WatchedBus(bus, lambda messages, seconds: told.append((list(messages), seconds)))
    watched.publish([message("pick.v1")])
    watched.commit("a", b"state", [message("event.v1", "b#1")])
    watched.publish([])
    assert [[one.identity for one in messages] for messages, _ in told] == [["a#1"], ["b#1"]]
    assert all(seconds > 0.0 for _, seconds in told)
    assert watched.committed_state("a") == b"state"
    read = watched.read("other", ["pick.v1", "event.v1"], 10, 0.0)
    assert [one.message.identity for one in read] == ["a#1", "b#1"]


def test_a_fault_in_the_notes_is_not_taken_for_one_of_the_bus(bus, caplog):
    def fails(*_):
        raise ValueError("no")

    watched = WatchedBus(bus, fails)
    watched.publish([message("pick.v1")])
    assert len(watched.read("other", ["pick.v1"], 10, 0.0)) == 1
    assert "could not be noted" in caplog.text


def test_the_first_alert_is_timed_from_its_packet_and_from_the_fourth_p(registry, notes):
    notes.on_told([event_message(9.0, 8.0, 7.0)], 0.001)
    notes.on_told([event_message(9.0, 8.0, 7.0, 5.0, 2.0)], 0.001)
    notes.on_told([alert_message(1, arrival_s=1.5)], 0.001)
    notes.on_told([alert_message(2, kind="update", arrival_s=60.0)], 0.001)

    def total(since, what="sum"):
        name = f"mainshock_alert_delay_seconds_{what}"
        return registry.get_sample_value(name, {"since": since})

    assert total("packet", "count") == total("fourth_p", "count") == 1.0
    assert total("packet") == pytest.approx(1.5)
    assert total("fourth_p") == pytest.approx(5.0)


def test_an_event_with_fewer_than_four_p_has_no_delay_from_the_fourth(registry, notes):
    notes.on_told([event_message(9.0, 8.0, 7.0), alert_message()], 0.001)
    name = "mainshock_alert_delay_seconds_count"
    assert registry.get_sample_value(name, {"since": "packet"}) == 1.0
    assert registry.get_sample_value(name, {"since": "fourth_p"}) == 0.0


def test_records_that_wait_for_the_picker_are_timed_from_their_arrival(registry, notes):
    records = [message("waveform.v1", arrival_s=3.0), message("waveform.v1", arrival_s=1.0)]
    notes.on_step("picking", records, 0.5)

    def value(part):
        return registry.get_sample_value("mainshock_latency_seconds_sum", {"part": part})

    assert value("queue") == pytest.approx(2.5 + 0.5)
    assert value("pick") == 0.5


def test_dead_letters_are_counted_by_what_is_wrong(registry, notes):
    notes.on_told([message("deadletter.v1", "corrupt@1-00"), message("deadletter.v1")], 0.001)

    def count(kind):
        return registry.get_sample_value("mainshock_dead_letters_total", {"kind": kind})

    assert count("corrupt") == count("stage") == 1.0


def test_a_bus_that_does_not_answer_hides_its_own_figure_alone(tmp_path, registry):
    bus = EmbeddedBus(tmp_path / "closed.db")
    notes = RunMetrics(registry, bus, [], is_live=True)
    notes.watch_channels(["mail"])
    waiting = {"stage": "alerts.mail"}
    assert registry.get_sample_value("mainshock_backlog_messages", waiting) == 0.0
    bus.close()
    assert math.isnan(registry.get_sample_value("mainshock_backlog_messages", waiting))
    notes.on_shed()
    assert registry.get_sample_value("mainshock_feed_shed_packets_total") == 1.0


def test_gaps_of_a_station_are_those_of_its_instruments(registry, notes):
    for trace_id, gap_s in (("XX.A..HH", 2.5), ("XX.A..BH", 1.0), ("XX.A..HH", 3.0)):
        health = StationHealth(trace_id, ("HHZ",), 100.0, NOW, NOW, 0.1, gaps=2, gap_s=gap_s)
        notes.on_step("store", [health_message(health)], 0.01)
    station = {"station": "XX.A"}
    assert registry.get_sample_value("mainshock_station_gaps", station) == 4.0
    assert registry.get_sample_value("mainshock_station_gap_seconds", station) == 4.0


def test_flags_of_drift_are_counted_by_station_until_they_close(registry, notes):
    def see(channel, *, is_open):
        flag = DriftFlag(f"XX.A..{channel}", "gain", is_open, NOW, NOW, 3.0, 2.0, 0.5, "louder")
        notes.on_step("store", [drift_message(flag, NOW_NS)], 0.01)
        labels = {"scope": "XX.A", "kind": "gain"}
        return registry.get_sample_value("mainshock_drift_flags", labels)

    assert [see("HHZ", is_open=True), see("HHN", is_open=True)] == [1.0, 2.0]
    assert see("HHZ", is_open=True) == 2.0
    assert [see("HHZ", is_open=False), see("HHN", is_open=False)] == [1.0, 0.0]


def test_the_oldest_unsent_message_of_a_channel_is_timed_until_it_or_a_newer_one_is_done(registry):
    now = [100.0]
    sending = SendingMetrics(registry, ["mail", "file"], clock=lambda: now[0])
    saved = []
    record = sending.recording(saved.extend)
    sending.on_told([alert_message(1)])
    now[0] += 30.0
    sending.on_told([alert_message(2)])

    def oldest(channel="mail"):
        name = "mainshock_alerts_oldest_unsent_seconds"
        return registry.get_sample_value(name, {"channel": channel})

    assert (oldest(), oldest("file")) == (30.0, 0.0)
    alert = Alert("ev.all.mail", "ev", 2, "update", "all", "mail", NOW, "sent")
    record([alert])
    assert oldest() == 0.0
    assert saved == [alert]
    told = {"channel": "mail", "outcome": "sent"}
    assert registry.get_sample_value("mainshock_alerts_total", told) == 1.0


def test_a_process_tells_version_memory_files_disk_and_models(registry, tmp_path):
    show_process(registry, tmp_path)
    show_models(registry, model_versions("a-picker", {"associator": "grid"}))
    names = {one.name for one in registry.collect()}
    assert {"mainshock_build_info", "mainshock_disk_free_bytes", "mainshock_model_info"} <= names
    assert registry.get_sample_value("mainshock_process_resident_memory_bytes") > 1e6
    assert registry.get_sample_value("mainshock_process_open_fds") > 0
    assert registry.get_sample_value("mainshock_disk_free_bytes") > 0
    roles = {
        (one.labels["role"], one.labels["name"])
        for family in registry.collect()
        if family.name == "mainshock_model_info"
        for one in family.samples
    }
    assert roles == {("picker", "a-picker"), ("associator", "grid")}


def test_readiness_is_a_number_and_names_the_part(registry):
    why = {"feed": ""}
    show_problems(registry, {"feed": lambda: why["feed"], "stages": str})
    assert registry.get_sample_value("mainshock_ready") == 1.0
    why["feed"] = "the disk is full"
    assert registry.get_sample_value("mainshock_ready") == 0.0
    assert registry.get_sample_value("mainshock_problem", {"part": "feed"}) == 1.0
    assert registry.get_sample_value("mainshock_problem", {"part": "stages"}) == 0.0


def test_a_process_of_stages_answers_probes_and_prometheus(registry):
    show_process(registry)
    endpoint = StageEndpoint(registry, "127.0.0.1", 0)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{endpoint.port}") as client:
            assert client.get("/healthz").json() == {"status": "alive"}
            early = client.get("/readyz")
            assert (early.status_code, early.json()["detail"]) == (503, "starting")
            endpoint.problem = str
            assert client.get("/readyz").json() == {"status": "ready"}
            assert "mainshock_build_info{" in client.get("/metrics").text
            assert client.get("/elsewhere").status_code == 404
            with pytest.raises(SourceError, match="name another --metrics-port"):
                StageEndpoint(registry, "127.0.0.1", endpoint.port)
    finally:
        endpoint.stop()
