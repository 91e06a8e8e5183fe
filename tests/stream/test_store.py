"""The live store: versions that never go back, queries, changes, retention."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from mainshock.core.documents import to_document
from mainshock.core.errors import RecordError, SettingsError, SourceError
from mainshock.core.records import (
    Arrival,
    CredibleRegion,
    Event,
    Magnitude,
    Mode,
    Origin,
    Pick,
    PosteriorSamples,
)
from mainshock.stream.records import (
    Alert,
    EventVersion,
    ForecastVersion,
    LivePick,
    ShakingVersion,
    StationHealth,
)
from mainshock.stream.store.audit_log import AuditQuery, AuditStore
from mainshock.stream.store.live_store import Change, LiveStore
from mainshock.stream.store.queries import EventQuery
from mainshock.stream.store.retention import Retention
from mainshock.stream.store.schema import picks

ROW = "(sequence, time_us, actor, action, detail) VALUES (1, 1, 'x', 'x', 'x')"
T0 = datetime(2026, 5, 27, 12, 0, 0, 123457, tzinfo=UTC)


def seconds(number: float) -> datetime:
    return T0 + timedelta(seconds=number)


@pytest.fixture
def now():
    return [1_800_000_000 * 10**9]


@pytest.fixture
def store(place, now):
    with LiveStore.open(place, clock=lambda: now[0]) as made:
        yield made


def live_pick(name="p", version=1, at_s=0.0, station="AAA", **changes) -> LivePick:
    pick = Pick("XX", station, "", changes.pop("phase", "P"), seconds(at_s), 0.9, 0.1, "model")
    return LivePick(name, version, changes.pop("kind", "new"), "preliminary", pick, "HH", T0)


def event_version(name="e", version=1, at_s=0.0, **changes) -> EventVersion:
    longitude, latitude = changes.pop("place", (10.0, 50.0))
    value, n_samples = changes.pop("magnitude", 2.5), changes.pop("n_samples", 0)
    samples = None
    if n_samples:
        samples = PosteriorSamples(*np.random.default_rng(version).normal(size=(4, n_samples)))
    ring = np.array([[10.0, 50.0], [10.1, 50.0], [10.1, 50.1], [10.0, 50.0]])
    origin = Origin(
        time=seconds(at_s),
        longitude=longitude,
        latitude=latitude,
        depth_km=changes.pop("depth_km", 8.0),
        time_sd_s=0.1,
        east_sd_km=1.0,
        north_sd_km=1.5,
        depth_sd_km=2.0,
        covariance_km2=np.diag([1.0, 2.25, 4.0]),
        velocity_model="iasp91",
        regions=(CredibleRegion(0.68, 3.5, ((ring,),)), CredibleRegion(0.95, 9.0, ((ring,),))),
        samples=samples,
        modes=(Mode(10.0, 50.0, 8.0, 1.0, 1.0, 1.5, 2.0),),
        flags=("depth_unconstrained",),
    )
    arrival = Arrival(live_pick(at_s=at_s + 3.0).pick, 20.0, 45.0, -0.05)
    magnitude = None if value is None else Magnitude(value, "ML", 0.2, 3)
    quality = changes.pop("quality", "B")
    event = Event(name, origin, (arrival,), magnitude, quality, notes={"why": "because"})
    told = EventVersion(name, version, "new", "preliminary", event, T0, models={"picker": "m"})
    return replace(told, **changes)


def alert(name="a", version=1, issued_s=0.0, status="sent", event_id="e") -> Alert:
    return Alert(name, event_id, version, "new", "rule", "mail", seconds(issued_s), status)


def names(found) -> list[str]:
    return [one.event_id for one in found]


def test_what_is_saved_comes_back_whole(store):
    pick = replace(
        live_pick(),
        pick=replace(live_pick().pick, back_azimuth_deg=1 / 3, back_azimuth_sigma_deg=7),
    )
    store.save_picks([pick])
    assert store.picks() == [pick]
    assert store.pick("p") == pick
    event = event_version(n_samples=50)
    store.save_events([event])
    found = store.event("e")
    assert to_document(found) == to_document(event)
    assert np.array_equal(found.event.origin.samples.time_s, event.event.origin.samples.time_s)
    assert store.event("other") is None
    assert store.pick("other") is None


def test_what_was_saved_is_there_after_opening_again(place):
    with LiveStore.open(place) as store:
        store.save_picks([live_pick()])
    with LiveStore.open(place) as store:
        assert store.picks() == [live_pick()]


def test_the_same_version_again_changes_nothing(store):
    for _ in range(2):
        store.save_picks([live_pick()])
        store.save_events([event_version()])
        store.save_alerts([alert()])
    assert [one.kind for one in store.changes(0)] == ["pick", "event", "alert"]
    assert len(store.event_versions("e")) == 1


def test_an_older_version_never_overwrites_a_newer_one(store):
    store.save_picks([live_pick(version=3, at_s=3.0)])
    store.save_events([event_version(version=3, at_s=3.0, n_samples=5)])
    before = store.latest_change()
    store.save_picks([live_pick(version=1), live_pick(version=2)])
    store.save_events([event_version(version=1, n_samples=5)])
    assert store.latest_change() == before
    assert store.picks()[0].version == 3
    assert store.event("e").version == 3
    assert store.events()[0].event.origin.time == seconds(3.0)
    assert [one.version for one in store.event_versions("e")] == [1, 3]
    assert store.event("e", 1).event.origin.samples is None
    assert store.event("e", 3).event.origin.samples is not None


@given(order=st.permutations([1, 2, 3, 4]), cuts=st.lists(st.integers(0, 4), max_size=3))
@settings(
    max_examples=20,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # its examples share it
)
def test_versions_in_any_order_and_batches_end_alike(order, cuts, store):
    name, before = f"e{store.count_events()}", store.latest_change()  # an event an example
    versions = [event_version(name, version=number, n_samples=3) for number in order]
    edges = [0, *sorted(cuts), 4]
    for first, past_last in pairwise(edges):
        store.save_events(versions[first:past_last])
    assert [one.version for one in store.event_versions(name)] == [1, 2, 3, 4]
    (latest,) = store.events(EventQuery(event_ids=(name,)))
    assert store.event(name).version == latest.version == 4
    kept = [store.event(name, number).event.origin.samples for number in (1, 2, 3, 4)]
    assert [one is not None for one in kept] == [False, False, False, True]
    told = [one.version for one in store.changes(before)]
    assert told == sorted(set(told))
    assert told[-1] == 4


def test_picks_are_told_in_order_of_time_and_the_newest_of_too_many(store):
    store.save_picks([live_pick(f"p{n}", at_s=n, station="AB"[n % 2]) for n in (5, 1, 4, 0, 2, 3)])
    store.save_picks([live_pick("s", at_s=9, phase="S"), live_pick("c", at_s=10, kind="cancel")])

    def found(**wanted):
        return [one.pick_id for one in store.picks(**wanted)]

    assert found() == ["p0", "p1", "p2", "p3", "p4", "p5", "s"]
    assert found(limit=2) == ["p5", "s"]
    assert found(limit=None, include_cancelled=True)[-1] == "c"
    assert found(start=seconds(1), end=seconds(3)) == ["p1", "p2", "p3"]
    assert found(station="XX.A") == ["p0", "p2", "p4"]
    assert found(phase="S") == ["s"]
    assert (store.count_picks(), store.count_picks(include_cancelled=True)) == (7, 8)
    assert store.count_picks(seconds(1), seconds(9), "XX.A", "P") == 2


EVENTS = {
    "tokyo": {"at_s": 0, "place": (139.7, 35.7), "magnitude": 4.0, "depth_km": 50.0},
    "fiji west": {"at_s": 1, "place": (177.5, -17.0), "magnitude": 5.0, "quality": "A"},
    "fiji east": {"at_s": 2, "place": (-179.0, -18.0), "magnitude": None, "quality": "D"},
    "rome": {"at_s": 3, "place": (12.5, 41.9), "magnitude": 1.0, "quality": "C"},
    "gone": {"at_s": 4, "kind": "cancel"},
}
QUERIES = {
    "all": ({}, ["rome", "fiji east", "fiji west", "tokyo"]),
    "with cancelled": (
        {"include_cancelled": True},
        ["gone", "rome", "fiji east", "fiji west", "tokyo"],
    ),
    "time": ({"start": seconds(1), "end": seconds(2)}, ["fiji east", "fiji west"]),
    "box": (
        {"min_longitude": 0.0, "max_longitude": 140.0, "min_latitude": 35.7},
        ["rome", "tokyo"],
    ),
    "across 180": (
        {"min_longitude": 170.0, "max_longitude": -170.0, "max_latitude": 0.0},
        ["fiji east", "fiji west"],
    ),
    "one side alone": ({"min_longitude": 170.0}, ["fiji west"]),
    "depth": ({"min_depth_km": 20.0, "max_depth_km": 60.0}, ["tokyo"]),
    "magnitude": ({"min_magnitude": 1.0, "max_magnitude": 4.0}, ["rome", "tokyo"]),
    "quality": ({"quality": "B"}, ["fiji west", "tokyo"]),
    "named": ({"event_ids": ("rome", "tokyo", "?")}, ["rome", "tokyo"]),
    "none named": ({"event_ids": ()}, []),
    "updated": ({"updated_after": T0}, []),
    "by time": ({"order": "time"}, ["tokyo", "fiji west", "fiji east", "rome"]),
    "largest first": (
        {"order": "-magnitude"},
        ["fiji west", "tokyo", "rome", "fiji east"],
    ),
    "smallest first": ({"order": "magnitude"}, ["rome", "tokyo", "fiji west", "fiji east"]),
    "page": ({"limit": 2, "offset": 1}, ["fiji east", "fiji west"]),
    "no limit": ({"limit": None, "offset": 3}, ["tokyo"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_events_are_found(store, name):
    store.save_events([event_version(key, **dict(value)) for key, value in EVENTS.items()])
    wanted, expected = QUERIES[name]
    query = EventQuery(**wanted)
    assert names(store.events(query)) == expected
    assert [one["event_id"] for one in store.event_summaries(query)] == expected
    unlimited = replace(query, limit=None, offset=0)
    assert store.count_events(query) == len(store.events(unlimited))


def test_a_list_of_events_carries_no_draws(store):
    store.save_events([event_version(n_samples=10)])
    assert store.events()[0].event.origin.samples is None
    assert store.event("e").event.origin.samples.time_s.size == 10


def test_a_summary_tells_an_event_in_short(store):
    store.save_events([event_version(status="settled", reason="two more stations")])
    (summary,) = store.event_summaries()
    assert summary["region95_km2"] == 9.0
    assert summary["n_picks"] == summary["n_stations"] == 1
    assert summary["time"] == "2026-05-27T12:00:00.123457Z"
    assert (summary["magnitude"], summary["magnitude_type"]) == (2.5, "ML")
    assert (summary["status"], summary["reason"]) == ("settled", "two more stations")


@pytest.mark.parametrize(
    "wrong", [{"order": "depth"}, {"quality": "E"}, {"limit": -1}, {"offset": -1}]
)
def test_a_query_without_meaning_is_refused(wrong):
    with pytest.raises(SettingsError):
        EventQuery(**wrong)


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(RecordError):
        store.events(EventQuery(start=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_alerts_are_told_newest_first_and_a_later_state_replaces(store):
    store.save_alerts([alert("a"), alert("b", issued_s=5, status="failed", event_id="f")])
    store.save_alerts([alert("b", issued_s=7, event_id="f")])
    store.save_alerts([alert("b", issued_s=6, status="held", event_id="f")])
    assert [(one.alert_id, one.status) for one in store.alerts()] == [("b", "sent"), ("a", "sent")]
    assert [one.alert_id for one in store.alerts("e")] == ["a"]
    assert len(store.alerts(limit=1)) == 1
    assert (store.count_alerts(), store.count_alerts("e"), store.count_alerts("x")) == (2, 1, 0)
    assert len(store.changes(0)) == 3


def test_health_is_the_newest_of_each_instrument(store):
    def state(trace_id, updated_s, gaps):
        channels, times = ("HHZ", "HHN"), (seconds(updated_s - 2), seconds(updated_s))
        return StationHealth(trace_id, channels, 100.0, *times, 2.0, {"ok": 5}, gaps, 0.5)

    store.save_health([state("XX.B..HH", 0, 1), state("XX.A..HH", 0, 1)])
    store.save_health([state("XX.B..HH", 9, 2)])
    store.save_health([state("XX.B..HH", 5, 7)])
    assert store.health() == [state("XX.A..HH", 0, 1), state("XX.B..HH", 9, 2)]


def test_changes_are_numbered_upward(store):
    assert store.latest_change() == 0
    assert store.changes(0) == []
    store.save_picks([live_pick("p1"), live_pick("p2")])
    first = store.latest_change()
    store.save_events([event_version(version=2)])
    assert [one.identity for one in store.changes(0)] == ["p1", "p2", "e"]
    assert store.changes(first) == [Change(store.latest_change(), "event", "e", 2)]
    assert len(store.changes(0, limit=2)) == 2


def test_an_error_leaves_nothing_of_a_batch(store, now):
    right, now[0] = now[0], None  # the clock is asked last
    with pytest.raises(TypeError):
        store.save_picks([live_pick("p1"), live_pick("p2")])
    now[0] = right
    assert store.picks() == []
    assert store.latest_change() == 0


def test_threads_may_save_and_ask_at_once(store):
    errors: list[BaseException] = []
    n_each = 20

    def save(thread: int) -> None:
        try:
            for number in range(n_each):
                store.save_picks([live_pick(f"{thread}-{number}", at_s=number), live_pick("both")])
                store.events()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    seen: list[Change] = []
    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.extend(store.changes(seen[-1].sequence if seen else 0))
    for thread in threads:
        thread.join()
    seen.extend(store.changes(seen[-1].sequence if seen else 0))
    assert errors == []
    assert len(store.picks(limit=None)) == 4 * n_each + 1
    assert sorted(one.identity for one in seen) == sorted(
        one.pick_id for one in store.picks(limit=None)
    ), "who follows the changes misses none and sees each once"


def test_the_audit_log_grows(store, now):
    log = AuditStore(store.database, lambda: now[0])
    log.add("ana", "token.create", detail="for the display")
    now[0] += 10**9
    log.add("bo", "model.swap")
    first, second = log.rows()
    assert (first.actor, first.detail, second.action) == ("bo", "", "token.create")
    assert first.time - second.time == timedelta(seconds=1)
    assert log.rows(AuditQuery(limit=1)) == [first]


OWN_STATEMENTS = {
    "sqlite": (f"INSERT OR REPLACE INTO audit {ROW}", f"REPLACE INTO audit {ROW}"),
    "postgresql": ("TRUNCATE audit", "TRUNCATE audit RESTART IDENTITY CASCADE"),
}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody else'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE sequence = 1",
        f"INSERT INTO audit {ROW} ON CONFLICT (sequence) DO UPDATE SET actor = 'eve'",
        0,
        1,
    ],
)
def test_a_line_of_the_audit_log_is_neither_changed_nor_removed(store, statement):
    if isinstance(statement, int):
        statement = OWN_STATEMENTS[store.database.engine.dialect.name][statement]
    log = AuditStore(store.database)
    log.add("ana", "look", target="it")
    with pytest.raises(DatabaseError, match="only grows"):  # noqa: SIM117 - raised on leaving, too
        with store.database.writing() as connection:
            connection.execute(text(statement))
    (row,) = log.rows()
    assert (row.sequence, row.actor, row.action, row.target) == (1, "ana", "look", "it")
    log.add("bo", "look")
    assert [one.actor for one in log.rows()] == ["bo", "ana"]


def test_retention_removes_what_is_old_and_never_the_latest_of_an_event(store, now):
    store.save_picks([replace(live_pick(f"p{n}", at_s=-n), issued=seconds(n)) for n in range(5)])
    versions = [
        event_version(version=n, n_samples=4, issued=seconds(n), at_s=100) for n in (1, 2, 3)
    ]
    store.save_events(versions)
    store.save_alerts([alert("a"), alert("b", issued_s=9)])
    assert store.retain(Retention()) == {}
    last = store.latest_change()
    later = datetime(2100, 1, 1, tzinfo=UTC)
    removed = store.retain(
        Retention(
            picks_before=seconds(3),
            changes_before=later,
            versions_before=later,
            alerts_before=seconds(5),
        )
    )
    assert removed == {"picks": 3, "changes": 7, "versions": 2, "alerts": 1}
    assert [one.pick_id for one in store.picks()] == ["p4", "p3"]
    assert store.latest_change() == last, "the sequence goes on"
    assert [one.version for one in store.event_versions("e")] == [3]
    assert store.event("e").event.origin.samples is not None
    assert store.retain(Retention(samples_before=later)) == {"samples": 1}
    assert store.event("e").event.origin.samples is None
    assert names(store.events()) == ["e"]


def test_events_go_only_when_asked(store):
    store.save_events([event_version("old", version=n) for n in (1, 2)])
    store.save_events([event_version("new", at_s=50)])
    assert store.retain(Retention(events_before=seconds(10))) == {
        "events": 1,
        "versions of them": 2,
    }
    assert names(store.events()) == ["new"]
    assert store.event("old") is None
    assert store.event("new") is not None


def test_retention_goes_on_beyond_one_step(store):
    store.save_picks([live_pick(f"p{n}", at_s=n * 0.001) for n in range(4500)])
    assert store.retain(Retention(picks_before=seconds(10)))["picks"] == 4500
    assert store.picks() == []


def test_a_place_that_cannot_hold_a_store_is_refused(tmp_path):
    folder = tmp_path / "folder.db"
    folder.mkdir()
    with pytest.raises(SourceError, match="cannot open"):
        LiveStore.open(folder)
    text_file = tmp_path / "text.db"
    text_file.write_text("no database at all, but long enough to be looked at" * 50)
    with pytest.raises(SourceError, match="cannot open"):
        LiveStore.open(text_file)
    with pytest.raises(SettingsError, match="URL"):
        LiveStore.open("nosuchdatabase://host/name")


def test_lists_come_in_the_order_of_bytes_on_both_databases(store):
    mixed = ["b", "B", "a-2", "a_1", "a.10", "a", "A", "a.2"]
    times = (seconds(0), seconds(1))
    store.save_health([StationHealth(x, ("HHZ",), 100.0, *times, 2.0, {}, 0, 0.0) for x in mixed])
    assert [one.trace_id for one in store.health()] == sorted(mixed)
    store.save_picks([live_pick(name) for name in mixed])
    assert [one.pick_id for one in store.picks()] == sorted(mixed)
    store.save_events([event_version(name) for name in mixed])
    assert names(store.events()) == sorted(mixed)


def test_a_reader_sees_one_state_while_others_write(store):
    store.save_picks([live_pick("first")])
    statement = select(func.count()).select_from(picks)
    with store.database.reading() as connection:
        before = connection.execute(statement).scalar()
        store.save_picks([live_pick("second")])
        assert connection.execute(statement).scalar() == before == 1
    with store.database.reading() as connection:
        assert connection.execute(statement).scalar() == 2


def test_maps_and_forecasts_come_back_whole(store):
    shown = ShakingVersion("e", 2, T0, {"cells": [1.5, None]})
    store.save_shaking([shown, replace(shown, version=1)])
    assert to_document(store.shaking("e")) == to_document(shown)
    told = ForecastVersion("f", "", T0, {"rate": 1e-300}, 2**40, "0" * 64)
    store.save_forecasts([told, told])
    assert to_document(store.forecast()) == to_document(told)
    assert store.forecast("e") is None
