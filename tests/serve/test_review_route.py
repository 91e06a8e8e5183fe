import io
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import httpx
import obspy
import pytest

from mainshock.core.errors import DataError
from mainshock.core.times import parse_utc
from mainshock.serve import relocation
from mainshock.serve.run import ServiceThread
from mainshock.stream.records import EventVersion, Review
from mainshock.stream.store.audit_log import AuditQuery, AuditStore
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.reviews import ReviewStore, VersionConflictError

sys.path.insert(0, str(Path(__file__).parent))
from case_archive import write_records

NOW = datetime(2026, 2, 3, tzinfo=UTC)
MODELS = {"picker": "phasenet", "velocity": "constant:4.35,2.38"}


@pytest.fixture
def event(found):
    return found.events[0]


@pytest.fixture
def own_store(tmp_path, event) -> Iterator[LiveStore]:
    """A store of its own, with one settled event."""
    with LiveStore.open(tmp_path / "reviewed.sqlite") as store:
        told = EventVersion(event.event_id, 1, "new", "settled", event, NOW, "", MODELS)
        store.save_events([told])
        yield store


@pytest.fixture
def records(tmp_path, found):
    """An archive of the records that the event was found in."""
    write_records(tmp_path / "sds", found)
    return tmp_path / "sds"


@pytest.fixture
def asked(make_context, own_store, records) -> Iterator[httpx.Client]:
    context = make_context(store=own_store, archive=records)
    with (
        ServiceThread(context) as service,
        httpx.Client(base_url=service.url, timeout=120.0) as client,
    ):
        yield client


def picks_of(told):
    kept = ("network", "station", "location", "phase", "time", "sigma_s")
    return [{name: one[name] for name in kept} for one in told["arrivals"]]


def shown(asked, event):
    return asked.get(f"/api/v1/events/{event.event_id}").json()["data"]


def review(asked, event, **sent):
    return asked.post(
        f"/api/v1/events/{event.event_id}/review", json={"author": "Ada Example", **sent}
    )


def reviewed(base, version, action="accept", status="reviewed"):
    told = Review("Ada", action, base.version, NOW)
    return replace(base, version=version, kind="update", status=status, review=told)


def test_an_accepted_event_is_a_new_version_of_a_named_person_and_stands_in_the_audit_log(
    asked, own_store, event
):
    told = review(asked, event, action="accept", base_version=1, comment="clear\nonsets").json()
    assert told["data"]["version"] == 2
    assert (told["data"]["status"], told["data"]["author"]) == ("reviewed", "Ada Example")
    assert shown(asked, event)["arrivals"] == told["data"]["arrivals"]
    (one,) = asked.get(f"/api/v1/events/{event.event_id}/reviews").json()["data"]
    assert (one["action"], one["comment"], one["base_version"]) == ("accept", "clear onsets", 1)
    (entry,) = AuditStore(own_store.database).rows(AuditQuery(action="event.accept"))
    assert entry.target == event.event_id
    assert entry.detail == "by Ada Example, version 2: accepted: clear onsets"


def test_a_rejected_event_is_withdrawn_until_an_earlier_version_is_restored(asked, event):
    assert review(asked, event, action="reject", base_version=1).status_code == 400
    told = review(asked, event, action="reject", base_version=1, comment="a quarry blast")
    assert (told.json()["data"]["kind"], told.json()["data"]["status"]) == ("cancel", "rejected")
    assert asked.get("/api/v1/events").json()["data"] == []
    told = review(asked, event, action="restore", base_version=2, restored_version=1)
    assert (told.json()["data"]["kind"], told.json()["data"]["status"]) == ("update", "reviewed")
    assert len(asked.get("/api/v1/events").json()["data"]) == 1
    posterior = asked.get(f"/api/v1/events/{event.event_id}/posterior").json()["data"]
    assert posterior["samples"] is not None  # the draws of what is restored were kept
    gone = review(asked, event, action="restore", base_version=3, restored_version=9)
    assert gone.status_code == 404


def test_who_reviews_must_say_so(asked, event):
    refused = review(asked, event, action="accept", base_version=1, author="  ")
    assert refused.status_code == 400
    assert "name" in refused.json()["error"]["message"]


def test_a_review_of_an_older_version_is_a_conflict(asked, event):
    assert review(asked, event, action="accept", base_version=1).status_code == 200
    refused = review(asked, event, action="reject", base_version=1, comment="no")
    assert refused.status_code == 409
    assert refused.json()["error"]["detail"] == {"latest_version": 2}
    assert shown(asked, event)["version"] == 2


def test_the_same_picks_give_the_same_place_and_a_moved_pick_another_one(asked, event):
    told = shown(asked, event)
    path = f"/api/v1/events/{event.event_id}/relocation"
    sent = {"base_version": 1, "picks": picks_of(told)}
    same = asked.post(path, json=sent).json()["data"]
    assert same["before"]["longitude"] == told["longitude"]
    assert abs(same["after"]["longitude"] - told["longitude"]) < 0.02
    moved = picks_of(told)
    moved[0]["time"] = str(parse_utc(moved[0]["time"]) + timedelta(seconds=0.6)).replace(" ", "T")
    other = asked.post(path, json={**sent, "picks": moved}).json()["data"]["after"]
    assert other["longitude"] != same["after"]["longitude"]
    assert shown(asked, event)["version"] == 1  # nothing is saved


def test_four_relocations_wait_and_others_are_told_to_come_again(asked, event, monkeypatch):
    sent = {"base_version": 1, "picks": picks_of(shown(asked, event))}
    path = f"/api/v1/events/{event.event_id}/relocation"
    busy = threading.Lock()  # somebody else's relocation that goes on
    monkeypatch.setattr(relocation, "_one_at_a_time", busy)
    with ThreadPoolExecutor(7) as people:
        with busy:
            answers = [people.submit(asked.post, path, json=sent) for _ in range(7)]
            refused = [one.result() for one in islice(as_completed(answers), 3)]
            assert [one.status_code for one in refused] == [503] * 3
            assert {one.headers["Retry-After"] for one in refused} == {"5"}
            assert "4 requests" in refused[0].json()["error"]["message"]
        statuses = [one.result().status_code for one in answers]
    assert sorted(statuses) == [200] * 4 + [503] * 3
    assert asked.post(path, json=sent).status_code == 200  # the places are free again


def test_relocating_saves_the_edited_picks(asked, own_store, event):
    picks = picks_of(shown(asked, event))[1:]
    picks[0]["sigma_s"] = 0.5
    told = review(asked, event, action="relocate", base_version=1, picks=picks).json()["data"]
    assert (told["version"], told["n_picks"]) == (2, len(picks))
    code = (picks[0]["station"], picks[0]["phase"])
    (kept,) = [
        p for p in own_store.event(event.event_id).event.picks if (p.station, p.phase) == code
    ]
    assert kept.sigma_s == 0.5
    assert kept.model != "manual"  # its time is the picker's still


@pytest.fixture
def enlarged(own_store, event):
    """The event as a location shows it that takes five times the error of each pick."""
    arrivals = tuple(replace(one, sigma_s=5.0 * one.pick.sigma_s) for one in event.arrivals)
    base = own_store.event(event.event_id)
    shown_so = replace(base, event=replace(event, arrivals=arrivals))
    ReviewStore(own_store.database).save(reviewed(shown_so, 2))
    return {(one.pick.station, one.pick.phase): one.pick.sigma_s for one in arrivals}


def located_by(asked, own_store, event, picks):
    """The errors that picks are kept with, by station and phase."""
    answer = review(asked, event, action="relocate", base_version=2, picks=picks)
    assert answer.status_code == 200, answer.text
    kept = own_store.event(event.event_id).event.picks
    return {(one.station, one.phase): one.sigma_s for one in kept}


def later(pick, seconds):
    return {**pick, "time": (parse_utc(pick["time"]) + timedelta(seconds=seconds)).isoformat()}


def test_a_moved_pick_keeps_its_own_error_unless_the_person_states_another(
    asked, own_store, event, enlarged
):
    first, second, *others = picks_of(shown(asked, event))
    names = [(one["station"], one["phase"]) for one in (first, second)]
    assert first["sigma_s"] == pytest.approx(5.0 * enlarged[names[0]])
    second = {**later(second, 0.02), "sigma_s": 0.44}
    kept = located_by(asked, own_store, event, [later(first, 0.02), second, *others])
    assert [kept[name] for name in names] == [enlarged[names[0]], 0.44]
    assert {**kept, names[1]: enlarged[names[1]]} == enlarged


def test_a_pick_of_another_phase_keeps_its_own_error(asked, own_store, event, enlarged):
    picks = picks_of(shown(asked, event))
    stations = [one["station"] for one in picks]
    alone = next(one for one in picks if stations.count(one["station"]) == 1)
    before = (alone["station"], alone["phase"])
    alone["phase"] = "S" if alone["phase"] == "P" else "P"
    kept = located_by(asked, own_store, event, picks)
    assert before not in kept
    assert kept[alone["station"], alone["phase"]] == enlarged[before]


def test_a_pick_that_a_person_set_is_called_manual_in_quakeml(asked, event):
    picks = picks_of(shown(asked, event))
    late = parse_utc(picks[0]["time"]) + timedelta(seconds=0.02)
    picks[0]["time"] = late.isoformat()
    review(asked, event, action="relocate", base_version=1, picks=picks, comment="by eye")
    answer = asked.get(
        "/fdsnws/event/1/query", params={"eventid": event.event_id, "includearrivals": "true"}
    )
    (read,) = obspy.read_events(io.BytesIO(answer.content))
    assert read.creation_info.author == "Ada Example"
    assert read.origins[0].evaluation_status == "reviewed"
    modes = [pick.evaluation_mode for pick in read.picks]
    assert sorted(set(modes)) == ["automatic", "manual"]
    assert modes.count("manual") == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda picks: picks[:1], "picks"),
        (lambda picks: [*picks, picks[0]], "two picks"),
        (lambda picks: [{**picks[0], "station": "NONE"}, *picks[1:]], "NONE"),
        (lambda picks: [{**picks[0], "sigma_s": -1.0}, *picks[1:]], "sigma_s"),
    ],
)
def test_picks_that_cannot_be_are_refused(asked, event, change, told):
    picks = change(picks_of(shown(asked, event)))
    path = f"/api/v1/events/{event.event_id}/relocation"
    refused = asked.post(path, json={"base_version": 1, "picks": picks})
    assert refused.status_code == 400
    assert told in refused.json()["error"]["message"]


def test_live_processing_does_not_change_what_a_person_said(own_store, event):
    base = own_store.event(event.event_id)
    ReviewStore(own_store.database).save(reviewed(base, 2))
    for version in (2, 3):
        live = replace(base, version=version, kind="cancel", reason="no picks", issued=NOW)
        own_store.save_events([live])
    latest = own_store.event(event.event_id)
    assert (latest.version, latest.status, latest.review.author) == (2, "reviewed", "Ada")
    assert own_store.event_summaries()[0]["version"] == 2
    assert [one.version for one in own_store.event_versions(event.event_id)] == [1, 2]


def test_only_the_next_version_of_a_known_event_is_a_review(own_store, event):
    base, store = own_store.event(event.event_id), ReviewStore(own_store.database)
    store.save(reviewed(base, 2))
    with pytest.raises(VersionConflictError, match="version 2 is the latest"):
        store.save(reviewed(base, 2))
    with pytest.raises(DataError, match="the next one is 3"):
        store.save(reviewed(own_store.event(event.event_id), 5))
    with pytest.raises(DataError, match="is no review"):
        store.save(base)
    with pytest.raises(DataError, match="there is no event"):
        store.save(reviewed(replace(base, event_id="unknown"), 2))


def test_records_come_by_distance_with_the_times_expected(asked, event):
    path = f"/api/v1/events/{event.event_id}/records"
    told = asked.get(path, params={"pixels": 200, "length_s": 20.0}).json()["data"]
    distances = [one["distance_km"] for one in told["stations"]]
    assert distances == sorted(distances)
    expected = {f"{one['network']}.{one['station']}": one for one in told["stations"]}
    for arrival in event.arrivals:
        one = expected[arrival.pick.station_code]
        travel_s = (arrival.pick.time - event.origin.time).total_seconds()
        by_residual = travel_s - arrival.residual_s
        assert one[f"{arrival.pick.phase.lower()}_s"] == pytest.approx(by_residual, abs=0.01)
        assert one["record"]["maximum"]
    assert all(one["record"]["trace"].endswith("Z") for one in told["stations"])
    with_n = asked.get(path, params={"component": "N"}).json()["data"]["stations"]
    assert all(one["record"]["trace"].endswith("N") for one in with_n)
