"""Efficiency of traces and windows that are sent, through a real service."""

import asyncio

import httpx
import numpy as np
import pytest

from mainshock.offfault import profile_files
from mainshock.offfault.base import Efficiency
from mainshock.offfault.profile import CAVEATS
from mainshock.offfault.registry import EFFICIENCY_MODELS
from mainshock.serve.run import ServiceThread

PROFILE, WINDOWS = "/api/v1/offfault/profile", "/api/v1/offfault/windows"
LINE = {"type": "LineString", "coordinates": [[10.0, 50.0], [10.3, 50.1]]}


class CoveredColumns:
    """A stand-in: the share of columns that hold a fault."""

    def predict(self, maps):
        ke = np.asarray(maps.any(axis=1).mean(axis=1))
        none = np.zeros(len(ke))
        return Efficiency(ke, none + 0.05, ke - 0.1, ke + 0.1, none)


@pytest.fixture(scope="module")
def client(make_context):
    load = EFFICIENCY_MODELS.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            EFFICIENCY_MODELS,
            "load",
            lambda name: CoveredColumns if name == "default" else load(name),
        )
        service = ServiceThread(make_context())
        with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
            yield opened


def traces(*geometries):
    features = [{"type": "Feature", "properties": {}, "geometry": one} for one in geometries]
    return {"type": "FeatureCollection", "features": features}


def test_a_profile_has_places_bands_and_caveats(client):
    answer = client.post(PROFILE, json={"traces": traces(LINE), "pixel_m": 100.0})
    assert answer.status_code == 200
    document = answer.json()
    data = document["data"]
    assert data["has_place"] is True
    assert data["pixel_m"] == 100.0
    assert data["strike_deg"] == pytest.approx(63.0, abs=1.0)
    first = data["windows"][0]
    assert first["ke"] == pytest.approx(1.0)
    assert 0.0 <= first["lo90"] <= first["ke"] <= first["hi90"] <= 1.0
    assert first["line"][0] == pytest.approx([10.0, 50.0], abs=1e-3)
    assert 10.0 < first["longitude"] < 10.1
    told = document["meta"].pop("caveats_told")
    assert [(one["text"], one["code"].partition(".")[0]) for one in told] == [
        (caveat, "fault") for caveat in CAVEATS
    ]
    assert document["meta"] == {"warnings": [], "warnings_told": [], "caveats": list(CAVEATS)}


def test_a_local_frame_has_no_place(client):
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [20.0, 1.0]]}
    sent = {"traces": line, "pixel_m": 100.0, "units": "km"}
    data = client.post(PROFILE, json=sent).json()["data"]
    assert data["has_place"] is False
    assert data["windows"][0]["longitude"] is None
    assert data["windows"][-1]["line"][-1] == pytest.approx([20.0, 1.0], abs=1e-3)


def test_the_same_comes_as_geojson(client):
    sent = {"traces": LINE, "pixel_m": 100.0}
    plain = client.post(PROFILE, json=sent).json()["data"]
    answer = client.post(f"{PROFILE}.geojson", json=sent)
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    assert document["caveats"] == list(CAVEATS)
    assert len(document["features"]) == len(plain["windows"])
    for feature, window in zip(document["features"], plain["windows"], strict=True):
        assert feature["geometry"]["coordinates"] == window["line"]
        assert feature["properties"]["ke"] == pytest.approx(window["ke"], abs=1e-6)


def test_geojson_is_built_by_a_worker(client, monkeypatch):
    """The event loop has other things to do."""
    loops = []
    build = profile_files.profile_to_geojson

    def remember(profile):
        loops.append(asyncio._get_running_loop())
        return build(profile)

    monkeypatch.setattr(profile_files, "profile_to_geojson", remember)
    sent = {"traces": LINE, "pixel_m": 100.0}
    assert client.post(PROFILE, json=sent).status_code == 200
    assert client.post(f"{PROFILE}.geojson", json=sent).status_code == 200
    assert loops == [None, None]


def test_intervals_that_nobody_knows_are_null(make_context, monkeypatch):
    class Bare(CoveredColumns):
        def predict(self, maps):
            found = super().predict(maps)
            nowhere = np.full(len(found), np.nan)
            return Efficiency(found.ke, nowhere, nowhere, nowhere, found.epistemic_sd)

    monkeypatch.setattr(EFFICIENCY_MODELS, "load", lambda _: Bare)
    service = ServiceThread(make_context())
    with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
        sent = {"traces": LINE, "pixel_m": 100.0}
        answer = opened.post(f"{PROFILE}.geojson", json=sent)
        assert answer.json()["features"][0]["properties"]["lo90"] is None
        assert "no interval" in opened.post(PROFILE, json=sent).json()["error"]["message"]
        maps = np.ones((1, 128, 64), dtype=int)
        window = opened.post(WINDOWS, json={"windows": maps.tolist()}).json()["data"]["windows"][0]
        assert (window["ke"], window["lo90"]) == (1.0, None)


def test_windows_are_estimated_in_order(client):
    maps = np.zeros((3, 128, 64), dtype=int)
    maps[0, 60, :32] = maps[1, 60] = 1
    answer = client.post(WINDOWS, json={"windows": maps.tolist()}).json()
    assert [one["ke"] for one in answer["data"]["windows"]] == [0.5, 1.0, None]
    assert [one["index"] for one in answer["data"]["windows"]] == [0, 1, 2]
    assert answer["meta"]["warnings"] == ["1 windows hold no fault and have no efficiency: 2"]
    assert answer["data"]["windows"][2] == dict.fromkeys(answer["data"]["windows"][0]) | {
        "index": 2
    }


@pytest.mark.parametrize(
    ("path", "sent", "status", "told"),
    [
        (PROFILE, {"traces": {}}, 400, "GeoJSON"),
        (PROFILE, {"traces": traces()}, 400, "no fault trace"),
        (PROFILE, {"traces": LINE, "pixel_m": 9000}, 400, "give pixels of at most"),
        (PROFILE, {"traces": LINE, "pixel_m": 0}, 400, "pixel_m"),
        (PROFILE, {"traces": LINE, "pixel_m": 0.05}, 400, "larger pixels"),
        (PROFILE, {"traces": LINE, "pixel_m": 2, "stride_px": 8}, 400, "at most 300"),
        (PROFILE, {"traces": LINE, "kinds": ["secondary"]}, 400, "secondary"),
        (PROFILE, {"traces": LINE, "model": "../etc"}, 404, "known ones"),
        (PROFILE, {"traces": LINE, "model": "nobody"}, 404, "nobody"),
        (PROFILE, {"traces": LINE, "extra": 1}, 400, "extra"),
        (PROFILE, {}, 400, "traces"),
        (WINDOWS, {"windows": []}, 400, "windows"),
        (WINDOWS, {"windows": [[[0, 1], [1]]]}, 400, "128 rows"),
        (WINDOWS, {"windows": [[[0, 1], [1, 0]]]}, 400, "128 rows"),
        (WINDOWS, {"windows": [[[2]]]}, 400, "windows"),
    ],
)
def test_what_cannot_be_used_is_told(client, path, sent, status, told):
    answer = client.post(path, json=sent)
    assert answer.status_code == status
    assert told in answer.text


def test_too_many_places_and_other_types_are_refused(client):
    long = np.stack([np.linspace(10.0, 11.0, 100_001), np.full(100_001, 50.0)], axis=1)
    line = {"type": "LineString", "coordinates": long.tolist()}
    assert "at most 100000" in client.post(PROFILE, json={"traces": line}).text
    assert client.post(PROFILE, content=b"{}").status_code == 415
    assert client.get(PROFILE).status_code == 405


def test_a_token_is_needed_where_there_is_one(make_context):
    service = ServiceThread(make_context(token="0123456789abcdef" * 2))
    with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
        assert opened.post(WINDOWS, json={"windows": []}).status_code == 401
