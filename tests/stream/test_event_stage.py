"""The live event stage: what it settles is what a batch run finds."""

import sys
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from mainshock.detect.network import NetworkPicker
from mainshock.events.association import GridAssociator
from mainshock.pipeline.from_waveforms import pick_records
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime
from mainshock.sources.stations import read_stations
from mainshock.stream.bus import Message
from mainshock.stream.events.settling import SettlingStage
from mainshock.stream.events.stage import EventStage
from mainshock.stream.messages import (
    pick_message,
    read_event_message,
    read_pick_message,
    review_message,
    settled_message,
)
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import EventVersion, LivePick, Review

sys.path.insert(0, str(Path(__file__).parent))
from live_records import EventStages, waveform_messages


@pytest.fixture(scope="module")
def folder(data_dir) -> Path:
    return data_dir / "continuous" / "iceland_dike_20140824"


@pytest.fixture(scope="module")
def builder(folder) -> EventBuilder:
    stations = read_stations(folder / "stations.csv")
    setup = LocationSetup(velocity="constant:6.0,3.4")  # quick: times are not what is tested
    return EventBuilder(setup.method(setup.travel_times(), list(stations)), stations)


@pytest.fixture(scope="module")
def stage(builder) -> EventStages:
    travel_times = builder.method.travel_times
    coarse = GridAssociator(n_horizontal=12)
    return EventStages(
        SettlingStage(builder, GridAssociator(), travel_times),
        EventStage(builder, coarse, travel_times, models={"picker": "default"}),
    )


def located(picks, builder):
    travel_times = builder.method.travel_times
    rng = np.random.default_rng(0)
    return locate_picks(picks, builder, GridAssociator(), travel_times, rng).events


@pytest.fixture(scope="module")
def all_picks(folder):
    return pick_records([folder / "sds"], NetworkPicker(), keep_waveforms=False).picks


@pytest.fixture(scope="module")
def batch_picks(all_picks):
    """Those of the first four minutes."""
    return [one for one in all_picks if one.time - all_picks[0].time < timedelta(minutes=4)]


@pytest.fixture(scope="module")
def batch_events(batch_picks, builder):
    return located(batch_picks, builder)


@pytest.fixture(scope="module")
def told_picks(batch_picks) -> list[Message]:
    """Each pick 4 s after its time, settled; and how far all are settled, each 15 s."""
    messages = []
    for number, pick in enumerate(batch_picks):
        arrival = ns_from_datetime(pick.time) + 4 * NANOSECONDS
        version = LivePick(f"pick{number}", 1, "new", "settled", pick, "HH", pick.time)
        messages.append(pick_message(version, arrival))
    first = ns_from_datetime(batch_picks[0].time)
    for code in sorted({pick.station_code for pick in batch_picks}):
        for seconds in range(0, 600, 15):
            until = first + seconds * NANOSECONDS
            messages.append(settled_message(f"{code}..HH", until, until + 5 * NANOSECONDS))
    return sorted(messages, key=lambda message: message.arrival_ns)


def run(stage: EventStages, messages: list[Message], size: int, *, through_snapshots=False):
    state, told = stage.start(), []
    for first in range(0, len(messages), size):
        state, made = stage.step(state, messages[first : first + size])
        told += made
        if through_snapshots:
            state = stage.restore(stage.snapshot(state))
    _, made = stage.finish(state)
    return [read_event_message(message) for message in [*told, *made]]


def in_force(versions: list[EventVersion]) -> list[EventVersion]:
    latest = {one.event_id: one for one in versions}
    assert {one.status for one in latest.values()} == {"settled"}
    found = [one for one in latest.values() if one.kind != "cancel"]
    return sorted(found, key=lambda one: one.event.origin.time)


def assert_same_events(versions: list[EventVersion], expected) -> None:
    found = in_force(versions)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        seconds = (one.event.origin.time - other.origin.time).total_seconds()
        assert abs(seconds) < 0.6
        assert {(p.station, p.phase) for p in one.event.picks} == {
            (p.station, p.phase) for p in other.picks
        }


@pytest.mark.slow
def test_settled_events_are_those_of_a_batch_run(stage, told_picks, batch_events):
    assert len(batch_events) > 8
    assert_same_events(run(stage, told_picks, 60), batch_events)


@pytest.mark.slow
def test_versions_count_up_and_settle_once(stage, told_picks):
    history = defaultdict(list)
    for one in run(stage, told_picks, 60):
        history[one.event_id].append(one)
        assert one.event.event_id == one.event_id
        assert {pick.event_id for pick in one.event.picks} == {one.event_id}
        assert one.models == {"picker": "phasenet"}
    for versions in history.values():
        assert [one.version for one in versions] == list(range(1, len(versions) + 1))
        assert versions[0].kind == "new"
        assert [one.status for one in versions].count("settled") == 1
        assert versions[-1].status == "settled"
        assert all(one.reason for one in versions[1:])


@pytest.mark.slow
def test_messages_that_come_again_and_restarts_change_nothing(stage, told_picks, batch_events):
    """Delivery is at least once: portions of 40 messages, each of which comes twice."""
    again = [
        message
        for first in range(0, len(told_picks), 40)
        for message in told_picks[first : first + 40] * 2
    ]
    assert_same_events(run(stage, again, 80, through_snapshots=True), batch_events)


@pytest.mark.slow
@pytest.mark.parametrize("through_snapshots", [False, True])
def test_late_picks_join_events_that_are_settled(
    stage, told_picks, batch_events, batch_picks, through_snapshots
):
    """Two stations' picks of two minutes come when all else is settled long since."""
    begin = batch_picks[0].time
    late, in_time = [], []
    for message in told_picks:
        told = read_pick_message(message)
        is_late = (
            isinstance(told, LivePick)
            and told.pick.station in ("DYJS", "FLUR")
            and 40.0 < (told.pick.time - begin).total_seconds() < 160.0
        )
        (late if is_late else in_time).append(message)
    assert len(late) > 10
    before = in_force(run(stage, in_time, 60))
    assert sum(len(one.event.picks) for one in before) < sum(len(one.picks) for one in batch_events)
    now_ns = in_time[-1].arrival_ns
    late = [replace(message, arrival_ns=now_ns) for message in late]
    codes = sorted({pick.station_code for pick in batch_picks})
    later = [
        settled_message(f"{code}..HH", now_ns + seconds * NANOSECONDS, now_ns)
        for seconds in (30, 60, 90)
        for code in codes
    ]
    versions = run(stage, [*in_time, *late, *later], 60, through_snapshots=through_snapshots)
    assert_same_events(versions, batch_events)
    revised = [one for one in versions if one.reason.startswith("late records")]
    assert revised
    assert {one.status for one in revised} == {"settled"}


@pytest.mark.slow
def test_an_event_is_told_early_and_withdrawn_with_its_picks(stage, told_picks, batch_events):
    """The picks of one event come, and are cancelled before they settle."""
    best = max(batch_events, key=lambda event: len(event.picks))
    versions = [
        LivePick(f"p{number}", 1, "new", "preliminary", replace(pick, event_id=""), "HH", pick.time)
        for number, pick in enumerate(best.picks)
    ]
    told = [pick_message(one, ns_from_datetime(one.pick.time)) for one in versions]
    state = stage.start()
    state, made = stage.step(state, told)
    (early,) = [read_event_message(message) for message in made]
    assert (early.kind, early.status) == ("new", "preliminary")
    gone = [replace(one, version=2, kind="cancel", status="settled") for one in versions]
    state, made = stage.step(state, [pick_message(one, told[-1].arrival_ns) for one in gone])
    (late,) = [read_event_message(message) for message in made]
    assert (late.event_id, late.version, late.kind) == (early.event_id, 2, "cancel")
    assert "withdrawn" in late.reason


def told_early(event) -> list[Message]:
    """Settled picks of one event, each 4 s after its time."""
    versions = [
        LivePick(f"p{number}", 1, "new", "settled", replace(pick, event_id=""), "HH", pick.time)
        for number, pick in enumerate(event.picks)
    ]
    return [
        pick_message(one, ns_from_datetime(one.pick.time) + 4 * NANOSECONDS) for one in versions
    ]


def said_of(version: EventVersion, action: str, number: int, kind: str) -> Message:
    """What a person says of an event, as the service passes it on."""
    review = Review("Ada", action, number - 1, version.issued)
    status = "rejected" if kind == "cancel" else "reviewed"
    changed = {"version": number, "kind": kind, "status": status, "review": review}
    return review_message(replace(version, **changed), 7)


def test_what_a_person_says_is_passed_on_once_in_order(stage, batch_events):
    events = stage.events
    event = batch_events[0]
    told = EventVersion(event.event_id, 1, "new", "preliminary", event, event.origin.time)
    state = events.start()
    state.open_events.versions[event.event_id] = replace(told, version=4)  # not yet in the store
    said = [said_of(told, "accept", 2, "update"), said_of(told, "reject", 3, "cancel")]
    state, made = events.step(state, said)
    found = [read_event_message(one) for one in made]
    assert {one.topic for one in made} == {"event.v1"}
    assert [(one.version, one.kind) for one in found] == [(5, "update"), (6, "cancel")]
    assert [one.review.action for one in found] == ["accept", "reject"]
    state = events.restore(events.snapshot(state))
    state, made = events.step(state, [*said, said_of(told, "restore", 4, "update")])
    (last,) = [read_event_message(one) for one in made]
    assert (last.version, last.review.action) == (7, "restore")


@pytest.mark.slow
def test_of_a_reviewed_event_nothing_else_is_told(stage, told_picks):
    half = len(told_picks) // 2
    state, made = stage.start(), []
    for first in range(0, half, 60):
        state, told = stage.step(state, told_picks[first : min(first + 60, half)])
        made += told
    latest = {one.event_id: one for one in map(read_event_message, made)}
    open_one = [one for one in latest.values() if one.kind != "cancel"][-1]
    rejected = said_of(open_one, "reject", open_one.version + 1, "cancel")
    state, told = stage.step(state, [rejected])
    assert [read_event_message(one).kind for one in told] == ["cancel"]
    later = []
    for first in range(half, len(told_picks), 60):
        state, told = stage.step(state, told_picks[first : first + 60])
        later += [read_event_message(one) for one in told]
        state = stage.restore(stage.snapshot(state))
    assert later
    assert open_one.event_id not in {one.event_id for one in later}
    keys = {(one.station, one.phase, one.time) for one in open_one.event.picks}
    for one in later:
        shared = keys & {(pick.station, pick.phase, pick.time) for pick in one.event.picks}
        assert 2 * len(shared) < len(keys), "its picks make no other event"


@pytest.mark.slow
def test_the_magnitude_comes_with_its_records_though_no_pick_comes(stage, batch_events):
    best = max(batch_events, key=lambda event: len(event.picks))
    asked = []
    reading = replace(stage.events, amplitudes=asked.append)
    told = told_early(best)
    state, _ = reading.step(reading.start(), told)
    assert asked == []
    first_ns = ns_from_datetime(best.picks[0].time)
    for seconds, n_asked in ((40, 0), (46, 1), (50, 1)):
        now_ns = first_ns + seconds * NANOSECONDS
        state, _ = reading.step(state, [settled_message("Z7.FLUR..HH", first_ns, now_ns)])
        assert len(asked) == n_asked


@pytest.mark.slow
@pytest.mark.parametrize(("is_over", "n_settled"), [(True, 1), (False, 0)])
def test_an_instrument_that_fell_silent_is_not_waited_for(stage, batch_events, is_over, n_settled):
    best = max(batch_events, key=lambda event: len(event.picks))
    first_ns = ns_from_datetime(best.picks[0].time)
    later_ns = first_ns + 500 * NANOSECONDS
    told = [
        *told_early(best),
        settled_message("Z7.DYJS..HH", first_ns, later_ns),
        settled_message("Z7.DYJS..HH", first_ns, later_ns, is_over=is_over),
        settled_message("Z7.FLUR..HH", later_ns, later_ns),
    ]
    state, made = stage.start(), []
    for message in told:
        state, versions = stage.step(state, [message])
        made += [read_event_message(one) for one in versions]
    assert [one.status for one in made].count("settled") == n_settled


@pytest.mark.slow
def test_from_records_to_events_live_is_batch(folder, stage, builder, all_picks):
    """Both stages one after the other over real records with gaps."""
    picking = PickingStage(NetworkPicker())
    records = waveform_messages(folder / "sds")
    state, told = picking.start(), []
    for first in range(0, len(records), 100):
        state, made = picking.step(state, records[first : first + 100])
        told += made
    _, made = picking.finish(state)
    told += made
    assert any(not isinstance(read_pick_message(one), LivePick) for one in told)
    expected = located(all_picks, builder)
    assert len(expected) > 20
    assert_same_events(run(stage, told, 200), expected)
