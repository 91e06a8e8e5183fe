"""Assessed segments and the context of events, with made-up segments around the real events."""

from dataclasses import replace

import httpx
import pytest

from mainshock.megathrust.assessment import CAVEATS, SegmentAssessment, caveats
from mainshock.serve.routes import megathrust
from mainshock.serve.run import ServiceThread

SEGMENTS = "/api/v1/megathrust/segments"


def made_up(region: str, index: int, longitude: float, latitude: float) -> SegmentAssessment:
    return SegmentAssessment(region, index, 0.7, 1, (0, 1), 0.0, longitude, latitude, 90.0, 8.2)


@pytest.fixture(scope="module")
def segments(events):
    """Made-up segments: two in the Pacific on either side of 180 degrees, one near the events."""
    origin = events[0].origin
    return [
        made_up("pacific", 0, 179.9, -20.0),
        made_up("pacific", 1, -179.7, -20.0),
        made_up("near", 0, origin.longitude, origin.latitude + 1.0),
        replace(made_up("nowhere", 0, 0.0, 0.0), longitude=None, latitude=None),
    ]


@pytest.fixture(scope="module")
def client(make_context, segments):
    """A client of a service to which the made-up segments are those that ship."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(megathrust, "packaged_assessments", lambda: tuple(segments))
        patch.setattr(megathrust, "packaged_caveats", caveats)
        service = ServiceThread(make_context())
    with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
        yield opened


def test_segments_come_with_their_caveats(client):
    answer = client.get(SEGMENTS).json()
    assert answer["meta"]["count"] == 4
    assert answer["meta"]["caveats"][0] == CAVEATS[0]
    assert "Leave-one-region-out" in answer["meta"]["caveats"][-1]
    first = answer["data"][0]
    assert first["class"] == 1
    assert first["conformal_set"] == [0, 1]
    assert first["is_applicable"] is False


@pytest.mark.parametrize(
    ("query", "indices"),
    [
        ("region=pacific", [0, 1]),
        ("region=none", []),
        ("min_longitude=170&max_longitude=-170", [0, 1]),
        ("min_longitude=170", [0]),
        ("min_latitude=-21&max_latitude=-19&max_longitude=0", [1]),
    ],
)
def test_segments_by_region_and_box(client, query, indices):
    answer = client.get(f"{SEGMENTS}?{query}").json()
    assert [one["index"] for one in answer["data"]] == indices
    features = client.get(f"{SEGMENTS}.geojson?{query}").json()["features"]
    assert [one["properties"]["index"] for one in features] == indices


def test_segments_as_geojson_lines_within_180_degrees(client):
    answer = client.get(f"{SEGMENTS}.geojson?region=pacific")
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    assert document["caveats"][0] == CAVEATS[0]
    first = document["features"][0]["geometry"]
    assert first["type"] == "MultiLineString"
    assert all(abs(lon) <= 180.0 for part in first["coordinates"] for lon, _ in part)


def test_one_segment(client):
    answer = client.get(f"{SEGMENTS}/pacific/1").json()
    assert answer["data"]["longitude"] == -179.7
    assert answer["meta"]["caveats"]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        (f"{SEGMENTS}/pacific/9", 404, "lists all"),
        (f"{SEGMENTS}/pacific/-1", 400, "index"),
        (f"{SEGMENTS}/pacific/9/explanation", 404, "lists all"),
        (f"{SEGMENTS}/pacific/-1/explanation", 400, "index"),
        (f"{SEGMENTS}?region=a%20b", 400, "region"),
        (f"{SEGMENTS}?min_latitude=2&max_latitude=1", 400, "swap them"),
        (f"{SEGMENTS}?min_lat=2", 400, "known ones: region"),
        (f"{SEGMENTS}.geojson?max_latitude=91", 400, "max_latitude"),
        ("/api/v1/events/none/context", 404, "/api/v1/events lists"),
    ],
)
def test_what_cannot_be_answered(client, path, status, told):
    answer = client.get(path)
    assert answer.status_code == status
    assert told in answer.json()["error"]["message"]


def test_context_of_an_event_is_the_nearest_segment(client, events):
    answer = client.get(f"/api/v1/events/{events[0].event_id}/context").json()["data"]
    assert answer["segment"]["region"] == "near"
    assert answer["distance_km"] == pytest.approx(111.2, abs=0.5)
    assert answer["limit_km"] == 300.0
    assert answer["version"] == 2
    assert CAVEATS[0] in answer["caveats"]
    assert "plate interface" in answer["caveats"][-1]


def test_an_event_far_from_all_segments_has_none(make_context, events, monkeypatch):
    monkeypatch.setattr(megathrust, "packaged_assessments", tuple)
    with ServiceThread(make_context()) as service:
        answer = httpx.get(f"{service.url}/api/v1/events/{events[0].event_id}/context").json()
        assert httpx.get(f"{service.url}{SEGMENTS}").json()["data"] == []
    assert (answer["data"]["segment"], answer["data"]["distance_km"]) == (None, None)
    assert answer["data"]["caveats"]


@pytest.fixture(scope="module")
def packaged(make_context):
    """A client of a service with what ships."""
    with (
        ServiceThread(make_context()) as service,
        httpx.Client(base_url=service.url, timeout=60.0) as opened,
    ):
        yield opened


def test_relevance_and_bias_of_a_packaged_segment_add_up_to_its_score(packaged):
    answer = packaged.get(f"{SEGMENTS}/sam/40/explanation").json()
    told, meta = answer["data"], answer["meta"]
    total = sum(one["relevance"] for one in told["features"]) + told["bias"]
    assert total == pytest.approx(told["score"], abs=1e-5)
    assert told["sum_error"] <= 1e-5
    assert len(told["features"]) == 24
    assert sum(one["share"] for one in told["features"]) == pytest.approx(1.0)
    assert all(one["low"] <= one["relevance"] <= one["high"] for one in told["features"])
    assert told["score_low"] <= told["score"] <= told["score_high"]
    assert -1.0 <= told["rank_correlation_low"] <= told["rank_correlation"] <= 1.0
    assert (meta["method"], meta["rule"], meta["reason"]) == ("lrp", "epsilon", "")
    assert meta["stability"]["folds"]["spearman"] < 1.0


def test_a_segment_is_explained_beside_its_assessment_and_what_limits_both(packaged):
    assessed = packaged.get(f"{SEGMENTS}/kur/10").json()
    answer = packaged.get(f"{SEGMENTS}/kur/10/explanation").json()
    for name in ("probability", "conformal_set", "applicability", "is_applicable"):
        assert answer["data"][name] == assessed["data"][name]
    told = " ".join(answer["meta"]["caveats"])
    assert "not what makes earthquakes great" in told
    assert "no better than the place alone" in told
    assert set(assessed["meta"]["caveats"]) <= set(answer["meta"]["caveats"])


def test_an_assessed_segment_that_was_not_explained_has_a_reason(client):
    answer = client.get(f"{SEGMENTS}/pacific/1/explanation")
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["meta"]["reason"].startswith("pacific 1 is not among")


def test_without_relevance_the_remedy_is_told(client, monkeypatch):
    monkeypatch.setattr(megathrust, "packaged_relevance", lambda: None)
    answer = client.get(f"{SEGMENTS}/pacific/1/explanation")
    assert answer.status_code == 503
    assert "recipes/megathrust/explain.py" in answer.json()["error"]["message"]
