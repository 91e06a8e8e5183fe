"""Maps of events and scenarios, through a real service."""

import sys
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from mainshock.core.records import Magnitude
from mainshock.core.shaking_field import NOT_FOR_DESIGN
from mainshock.pipeline.shaking import map_event
from mainshock.serve.run import ServiceThread
from mainshock.shaking import training
from mainshock.stream.records import EventVersion, ShakingVersion
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[1] / "shaking"))
from point_source_model import small_model

MAP = "/api/v1/shaking/map"
SCENARIO = {"magnitude": 4.2, "longitude": 10.0, "latitude": 50.0, "depth_km": 8.0}
GRID = {"west": 9.5, "east": 10.5, "south": 49.6, "north": 50.4}


@pytest.fixture(scope="module")
def told(events, tmp_path_factory):
    """A store with a mapped, a plain, a cancelled and a nameless event."""
    issued = events[0].origin.time
    sized = replace(events[0], event_id="mapped", magnitude=Magnitude(3.1, "ML", 0.2, 4))
    bare = replace(events[0], event_id="bare", magnitude=None)
    gone = replace(sized, event_id="gone")
    waiting = replace(sized, event_id="waiting")
    with LiveStore.open(tmp_path_factory.mktemp("maps") / "live.sqlite") as store:
        for event, kind in ((sized, "new"), (bare, "new"), (gone, "cancel"), (waiting, "new")):
            store.save_events([EventVersion(event.event_id, 2, kind, "settled", event, issued)])
        document = map_event(small_model(), sized).as_document()
        store.save_shaking([ShakingVersion(one, 2, issued, document) for one in ("mapped", "gone")])
        yield store


@pytest.fixture(scope="module")
def client(make_context, told):
    with pytest.MonkeyPatch.context() as patch:
        known = training.open_model
        patch.setattr(
            training,
            "open_model",
            lambda name: small_model() if name == "default" else known(name),
        )
        service = ServiceThread(replace(make_context(), store=told))
        with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
            yield opened


def test_the_map_of_an_event_is_told_with_contours_and_cautions(client):
    answer = client.get("/api/v1/events/mapped/shaking")
    assert answer.status_code == 200, answer.text
    data, meta = answer.json()["data"], answer.json()["meta"]
    assert (data["event_id"], data["version"], data["magnitude"]) == ("mapped", 2, 3.1)
    assert data["n_draws"] == 32
    n = len(data["site_longitude"]) * len(data["site_latitude"])
    for part in ("mean", "sd", "sd_epistemic"):
        assert np.shape(data[part]) == (len(data["measures"]), n)
    assert len(data["is_extrapolated"]) == n
    kinds = {one["properties"]["kind"] for one in data["contours"]["features"]}
    assert kinds == {"contour", "extrapolation_edge"}
    assert NOT_FOR_DESIGN in meta["cautions"]
    assert meta["reason"] == ""
    assert data["is_synthetic"] is True


@pytest.mark.parametrize(
    ("event_id", "why"),
    [("bare", "no magnitude"), ("gone", "cancelled"), ("waiting", "")],
)
def test_without_a_map_the_reason_is_told(client, event_id, why):
    answer = client.get(f"/api/v1/events/{event_id}/shaking")
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    reason = answer.json()["meta"]["reason"]
    assert reason
    assert why in reason


def test_of_an_unknown_event_nothing_is_told(client):
    assert client.get("/api/v1/events/nobody/shaking").status_code == 404


def test_a_scenario_is_mapped_on_the_grid_asked_for(client):
    sent = {**SCENARIO, "grid": {**GRID, "columns": 11, "rows": 9}, "measures": ["ln_pga"]}
    data = client.post(MAP, json=sent).json()["data"]
    assert data["site_longitude"] == pytest.approx(np.linspace(9.5, 10.5, 11))
    assert len(data["site_latitude"]) == 9
    assert data["measures"] == ["ln_pga"]
    assert data["mean"][0][4 * 11 + 5] == max(data["mean"][0])
    assert (data["time"], data["version"], data["n_draws"]) == (None, None, 1)
    unsure = client.post(MAP, json={**sent, "magnitude_sd": 0.3}).json()["data"]
    assert unsure["n_draws"] == 32
    assert min(unsure["sd"][0]) > min(data["sd"][0])


def test_a_scenario_without_a_grid_is_mapped_around_it_by_any_model(client):
    data = client.post(MAP, json={**SCENARIO, "model": "bay-area"}).json()["data"]
    assert np.shape(data["mean"])[1] == 41 * 41
    assert data["model"] == "bay-area"
    assert data["extrapolated_share"] == 1.0


@pytest.mark.parametrize(
    ("sent", "status", "why"),
    [
        ({**SCENARIO, "magnitude": 12}, 400, "magnitude"),
        ({**SCENARIO, "depth": 3}, 400, "depth"),
        ({"magnitude": 3}, 400, "longitude"),
        ({**SCENARIO, "measures": ["ln_moon"]}, 400, "ln_moon"),
        ({**SCENARIO, "grid": {**GRID, "columns": 1000, "rows": 11}}, 400, "at most 10000"),
        ({**SCENARIO, "grid": {**GRID, "north": 49.0}}, 400, "hold nothing"),
        ({**SCENARIO, "latitude": 85.0, "magnitude": 9}, 200, ""),
        ({**SCENARIO, "model": "no-such-model"}, 404, "no-such-model"),
        ({**SCENARIO, "model": "../secret"}, 404, "no model"),
    ],
)
def test_what_cannot_be_mapped_is_refused(client, sent, status, why):
    answer = client.post(MAP, json=sent)
    assert answer.status_code == status
    if why:
        assert why in answer.text


def test_only_json_is_taken(client):
    answer = client.post(MAP, content=b"magnitude=4", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
