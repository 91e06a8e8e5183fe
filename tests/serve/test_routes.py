"""Every route answers in the one envelope, with what the store holds."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest

from mainshock.core.times import format_utc, parse_utc
from mainshock.detect.registry import PICKERS
from mainshock.locate.registry import LOCATION_METHODS
from mainshock.serve.run import ServiceThread

START = "2010-05-27T23:59:00Z"
WAVEFORM = {"trace": "BW.UH1..EHZ", "start": START, "end": "2010-05-28T00:01:00Z"}


@pytest.fixture(scope="module")
def event_id(events):
    return events[0].event_id


def data(client: httpx.Client, path: str, **query):
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _is_needed(parameter) -> bool:
    return parameter["in"] == "query" and parameter.get("required", False)


def test_every_route_answers_with_data_and_meta(client, event_id):
    document = client.get("/api/v1/openapi.json").json()
    paths = [
        path.format(event_id=event_id)
        for path, operations in document["paths"].items()
        if "get" in operations
        and not path.startswith("/v2")
        and path != "/metrics"
        and set(re.findall(r"{(\w+)}", path)) <= {"event_id"}  # others have tests of their own
        and "oidc" not in path
        and "forecast" not in path  # nothing runs live here; test_forecast_route has what does
        and not any(map(_is_needed, operations["get"].get("parameters", ())))
    ]
    assert len(paths) >= 11
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert set(answer.json()) == {"data", "meta"}, path
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("GET", "/api/v1/events/none", 404, "not_found"),
        ("GET", "/api/v1/events/none/alerts", 404, "not_found"),
        ("GET", "/api/v1/events/none/posterior", 404, "not_found"),
        ("POST", "/api/v1/events", 405, "method_not_allowed"),
        ("GET", "/api/v1/infer", 405, "method_not_allowed"),
        ("GET", "/api/v1/events?limit=0", 400, "invalid_request"),
        ("GET", "/api/v1/events?limit=20001", 400, "invalid_request"),
        ("GET", "/api/v1/events?offset=-1", 400, "invalid_request"),
        ("GET", "/api/v1/events?min_magnitude=nan", 400, "invalid_request"),
        ("GET", "/api/v1/events?min_latitude=inf", 400, "invalid_request"),
        ("GET", "/api/v1/events?max_latitude=91", 400, "invalid_request"),
        ("GET", "/api/v1/events?quality=E", 400, "invalid_request"),
        ("GET", "/api/v1/events?order=size", 400, "invalid_request"),
        ("GET", "/api/v1/events?start=12345", 400, "invalid_request"),
        ("GET", "/api/v1/events?start=0001-01-01T00:00:00%2B23:00", 400, "invalid_request"),
        ("GET", "/api/v1/events?magnitude=3", 400, "invalid_request"),
        ("GET", "/api/v1/events?limit=1&limit=2", 400, "invalid_request"),
        ("GET", "/api/v1/health?x=1", 400, "invalid_request"),
        ("GET", "/api/v1/picks?station=UH1", 400, "invalid_request"),
        ("GET", "/api/v1/picks?phase=Q", 400, "invalid_request"),
        ("GET", "/api/v1/waveforms", 400, "invalid_request"),
        ("GET", "/api/v1/waveforms?trace=../../../etc/passwd", 400, "invalid_request"),
        ("POST", "/api/v1/infer", 415, "unsupported_media_type"),
        ("GET", "/assets/../../secret", 404, "not_found"),
        ("GET", "/assets/%2e%2e/%2e%2e/secret", 404, "not_found"),
    ],
)
def test_errors_come_in_their_envelope(client, method, path, status, code):
    answer = client.request(method, path)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "message_told", "detail"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]


def test_an_unknown_parameter_is_told_the_known_ones(client):
    error = client.get("/api/v1/picks", params={"begin": "x"}).json()["error"]
    known = ["start", "end", "station", "phase", "limit", "include_cancelled"]
    assert error["detail"] == {"known": known}
    assert "'begin'" in error["message"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("events?min_magnitude=3&max_magnitude=1", "is 3, above max_magnitude, which is 1"),
        ("events?min_depth=9&max_depth=-1", "min_depth is 9, above max_depth, which is -1"),
        ("events?min_latitude=2&max_latitude=1", "min_latitude is 2, above max_latitude"),
        ("events?start=2014-08-25&end=2014-08-24", "start is 2014-08-25T00:00:00.000000Z"),
        ("picks?start=2014-08-25&end=2014-08-24", "2014-08-24T00:00:00.000000Z; swap them"),
        ("picks?station=KVER", "station is 'KVER'; write NET.STA, such as Z7.KVER"),
        ("picks?phase=Q", "phase is 'Q'; write P or S"),
        ("picks?station=Z7.KVER%0A", "write NET.STA"),
        ("picks?limit=10001", "limit is 10001; it must be less than or equal to 10000"),
        ("events?quality=E", "quality is 'E'; write A, B, C or D"),
        ("events?limit=0", "limit is 0; it must be greater than or equal to 1"),
        ("events?order=size", "order is 'size'; it must be 'time'"),
        ("waveforms?trace=Z7.KVER&start=2014-08-24", "'Z7.KVER'; write NET.STA.LOC.CHA"),
        ("waveforms?trace=Z7.KVER..HHZ&end=2014-08-25", "start is missing; give it"),
        ("waveforms?start=2014-08-24&trace=" + "x" * 500, "trace is too long to repeat"),
    ],
)  # fmt: skip
def test_an_error_tells_the_value_and_the_remedy(client, query, told):
    answer = client.get(f"/api/v1/{query}")
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert told in error["message"]
    assert error["detail"]["errors"][0]["message"] in error["message"]
    assert "pattern" not in error["message"]


def test_limits_may_be_equal_and_longitudes_cross_180_degrees(client):
    same = {"min_magnitude": 1, "max_magnitude": 1, "start": START, "end": START}
    assert data(client, "/api/v1/events", **same) == []
    assert data(client, "/api/v1/events", min_longitude=170, max_longitude=-170) == []


def test_a_failure_is_answered_without_its_trace(make_context, caplog):
    def broken():
        raise RuntimeError("the secret reason")

    with ServiceThread(make_context(is_ready=broken)) as running:
        answer = httpx.get(f"{running.url}/readyz")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "the secret reason" in caplog.text


def test_readiness_follows_the_context(make_context):
    reasons = ["models are loading", ""]
    with ServiceThread(make_context(is_ready=lambda: reasons[0])) as running:
        answer = httpx.get(f"{running.url}/readyz")
        assert answer.status_code == 503
        assert answer.json()["error"]["message"] == "models are loading"
        assert httpx.get(f"{running.url}/v2/health/ready").json() == {"error": reasons[0]}
        assert data_of(running, "health")["status"] == "degraded"
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        reasons.pop(0)
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        assert data_of(running, "health")["status"] == "ready"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("", "ready"),
        ("starting", "starting"),
        ("stopping", "stopping"),
        ("packets wait: no space left", "degraded"),
    ],
)
def test_health_tells_a_problem_from_a_start(make_context, reason, status):
    with ServiceThread(make_context(is_ready=lambda: reason, is_live=True)) as running:
        told = data_of(running, "health")
    assert (told["status"], told["reason"], told["is_live"]) == (status, reason, True)


def test_head_is_answered_as_get_without_the_body(make_context, tmp_path, event_id):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "assets" / "a.js").write_text("1;")
    with (
        ServiceThread(make_context(page=tmp_path)) as running,
        httpx.Client(base_url=running.url, timeout=60.0) as client,
    ):
        document = client.get("/api/v1/openapi.json").json()
        values = {"event_id": event_id, "model": "phasenet", "version": "1"}
        values |= {"region": "sam", "index": "0"}
        documented = [path for path, one in document["paths"].items() if "get" in one]
        paths = [
            re.sub(r"{(\w+)}", lambda one: values.get(one[1], "none"), path) for path in documented
        ]
        paths += ["/", "/assets/a.js", "/nowhere", "/fdsnws/event/1/query", "/api/v1/openapi.json"]
        for path in paths:
            query = WAVEFORM if path.endswith("waveforms") else None
            head, get = client.head(path, params=query), client.get(path, params=query)
            assert head.status_code == get.status_code, path
            assert head.content == b""
            assert head.headers["content-type"] == get.headers["content-type"]
            if path not in ("/metrics", "/api/v1/health"):  # which differ each time
                assert head.headers.get("content-length") == get.headers.get("content-length"), path
        assert client.head("/api/v1/infer").status_code == 405
        counted = client.get("/metrics").text
    assert 'method="HEAD",route="/api/v1/events",status="200"' in counted


def data_of(running, name):
    return httpx.get(f"{running.url}/api/v1/{name}").json()["data"]


def test_stations_tell_their_traces_and_their_health(client, found):
    stations = {one["code"]: one for one in data(client, "/api/v1/stations")}
    assert set(stations) == {station.code for station in found.stations}
    first = stations["BW.UH1"]
    assert first["traces"] == ["BW.UH1..EHZ"]
    assert [one["trace_id"] for one in first["health"]] == ["BW.UH1..EH"]
    assert first["health"][0]["counts"] == {"ok": 7}
    assert stations["BW.UH3"]["traces"] == []


def test_picks_are_those_of_the_store(client, found):
    told = data(client, "/api/v1/picks")
    assert len(told) == len(found.picks)
    times = [one["time"] for one in told]
    assert times == sorted(times)
    middle = times[len(times) // 2]
    later = data(client, "/api/v1/picks", start=middle, phase="S", station="BW.UH3")
    expected = [
        pick
        for pick in found.picks
        if pick.time >= parse_utc(middle) and pick.phase == "S" and pick.station == "UH3"
    ]
    assert expected
    assert [one["time"] for one in later] == sorted(format_utc(one.time) for one in expected)


def test_picks_are_counted_beyond_the_limit(client, found):
    answer = client.get("/api/v1/picks", params={"limit": 1}).json()
    assert answer["meta"] == {"count": len(found.picks), "limit": 1, "offset": 0}
    assert len(answer["data"]) == 1
    n_of_s = sum(pick.phase == "S" for pick in found.picks)
    answer = client.get("/api/v1/picks", params={"limit": 1, "phase": "S"}).json()
    assert 1 < answer["meta"]["count"] == n_of_s


def test_events_are_listed_in_pages(client, events):
    answer = client.get("/api/v1/events", params={"limit": 1, "order": "time"}).json()
    assert answer["meta"] == {"count": len(events), "limit": 1, "offset": 0}
    times = sorted(event.origin.time for event in events)
    for offset, time in enumerate(times):
        page = data(client, "/api/v1/events", limit=1, order="time", offset=offset)
        assert [one["time"] for one in page] == [format_utc(time)]
    assert data(client, "/api/v1/events", offset=len(events)) == []


def test_events_are_chosen_by_place_time_and_quality(client, events):
    one = events[0]
    around = {
        "min_longitude": one.origin.longitude - 1e-6,
        "max_longitude": one.origin.longitude + 1e-6,
        "min_depth": one.origin.depth_km - 1e-3,
        "max_depth": one.origin.depth_km + 1e-3,
        "start": format_utc(one.origin.time),
        "end": format_utc(one.origin.time + timedelta(seconds=1)),
        "quality": one.quality,
    }
    assert [told["event_id"] for told in data(client, "/api/v1/events", **around)] == [one.event_id]
    assert data(client, "/api/v1/events", **{**around, "min_depth": 500, "max_depth": 501}) == []
    assert data(client, "/api/v1/events", min_magnitude=0) == []  # these have no magnitude


def test_an_event_is_told_with_arrivals_and_versions(client, events):
    event = events[0]
    told = data(client, f"/api/v1/events/{event.event_id}")
    assert told["version"] == 2
    assert told["magnitude"] is None
    assert told["n_picks"] == len(event.arrivals) == len(told["arrivals"])
    assert told["longitude"] == event.origin.longitude
    assert told["region68_km2"] == pytest.approx(event.origin.region(0.68).area_km2)
    assert told["models"] == {"picker": "phasenet"}
    assert [one["version"] for one in told["versions"]] == [1, 2]
    assert told["versions"][1]["reason"] == "two more stations"
    assert np.allclose(told["covariance_km2"], event.origin.covariance_km2, atol=1e-5)
    residuals = [one.residual_s for one in event.arrivals]
    assert [one["residual_s"] for one in told["arrivals"]] == pytest.approx(residuals)
    first = data(client, f"/api/v1/events/{event.event_id}", version=1)
    assert (first["version"], first["n_picks"], first["status"]) == (1, 4, "preliminary")
    assert client.get(f"/api/v1/events/{event.event_id}?version=3").status_code == 404


def test_the_list_and_the_event_agree(client, events):
    listed = {one["event_id"]: one for one in data(client, "/api/v1/events")}
    for event in events:
        told = data(client, f"/api/v1/events/{event.event_id}")
        summary = listed[event.event_id]
        assert {name: told[name] for name in summary} == summary


def test_the_posterior_holds_regions_and_draws(client, events):
    event = events[0]
    told = data(client, f"/api/v1/events/{event.event_id}/posterior")
    features = told["regions"]["features"]
    levels = [one.level for one in event.origin.regions]
    assert [one["properties"]["level"] for one in features] == levels
    assert {one["geometry"]["type"] for one in features} <= {"Polygon", "MultiPolygon"}
    drawn = told["samples"]
    assert {len(values) for values in drawn.values()} == {event.origin.samples.longitude.size}
    assert np.mean(drawn["latitude"]) == pytest.approx(
        event.origin.samples.latitude.mean(), abs=1e-6
    )
    older = data(client, f"/api/v1/events/{event.event_id}/posterior", version=1)
    assert older["samples"] is None
    assert older["regions"]["features"]


def test_alerts_are_listed_for_all_and_for_one_event(client, events):
    alerts = data(client, "/api/v1/alerts")
    assert [one["channel"] for one in alerts] == ["log"]
    assert data(client, f"/api/v1/events/{events[0].event_id}/alerts") == alerts
    assert data(client, f"/api/v1/events/{events[1].event_id}/alerts") == []
    meta = client.get(f"/api/v1/events/{events[1].event_id}/alerts").json()["meta"]
    assert meta["count"] == 0


def test_models_are_those_of_the_registries(client):
    models = data(client, "/api/v1/models")
    kinds = {}
    for one in models:
        kinds.setdefault(one["kind"], set()).add(one["name"])
        assert one["description"], one
    assert kinds["picker"] == set(PICKERS.names())
    assert kinds["location"] == set(LOCATION_METHODS.names())
    assert set(kinds) == {"picker", "location", "associator", "velocity", "weights"}


def test_a_waveform_comes_as_it_was_recorded(client, trace):
    told = data(client, "/api/v1/waveforms", **WAVEFORM)
    assert told["start"] == format_utc(parse_utc(START))
    assert told["sampling_rate_hz"] == 100.0
    expected = [*trace.samples[:6000].tolist(), *[None] * 100, *trace.samples[6100:].tolist()]
    assert told["samples"] == expected


def test_a_waveform_in_bins_keeps_every_extreme(client, trace):
    told = data(client, "/api/v1/waveforms", **WAVEFORM, pixels=1200)
    assert told["bin_s"] == 0.1
    assert len(told["minimum"]) == len(told["maximum"]) == 1200
    for index in (0, 7, 599, 610, 1199):
        part = trace.samples[index * 10 : index * 10 + 10]
        assert (told["minimum"][index], told["maximum"][index]) == (part.min(), part.max())
    assert told["maximum"][600:610] == [None] * 10


def test_a_part_of_a_waveform_is_cut_to_the_sample(client, trace):
    part = {"start": "2010-05-28T00:00:30Z", "end": "2010-05-28T00:00:31Z"}
    told = data(client, "/api/v1/waveforms", trace="BW.UH1..EHZ", **part)
    assert told["samples"] == trace.samples[9000:9100].tolist()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trace": "BW.UH9..EHZ"}, 404),
        ({"start": "2011-05-27T00:00:00Z", "end": "2011-05-27T00:01:00Z"}, 404),
        ({"end": START}, 400),
        ({"end": "2010-05-28T01:00:01Z"}, 400),
        ({"pixels": 3}, 400),
        ({"trace": "BW.UH1.EHZ"}, 400),
        ({"trace": "BW.UH1..EH/"}, 400),
        ({"trace": "BW.UH1..EHZ\n"}, 400),
    ],
)
def test_a_waveform_that_cannot_be_given_is_refused(client, change, status):
    answer = client.get("/api/v1/waveforms", params={**WAVEFORM, **change})
    assert answer.status_code == status, answer.text


def test_metrics_name_routes_by_their_template(client, events):
    client.get(f"/api/v1/events/{events[0].event_id}")
    client.get("/some/path/of/nobody")
    text = client.get("/metrics").text
    assert 'route="/api/v1/events/{event_id}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert events[0].event_id not in text
    assert "nobody" not in text
    assert "mainshock_http_request_seconds_bucket" in text


def test_times_are_utc_with_z(client, events):
    text = json.dumps(data(client, f"/api/v1/events/{events[0].event_id}"))
    told = [part for part in text.split('"') if part[:4] in ("2010", "2026") and "T" in part]
    assert len(told) > 5
    assert all(one.endswith("Z") and datetime.fromisoformat(one).tzinfo is UTC for one in told)


def test_the_page_says_how_to_build_it_and_is_served_once_built(make_context, client, tmp_path):
    assert "was not built" in client.get("/").text
    (tmp_path / "page" / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "page" / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "page" / "assets" / "main-1.js").write_text("1;")
    (tmp_path / "page" / "assets" / "out.txt").symlink_to(tmp_path / "secret.txt")
    with ServiceThread(make_context(page=tmp_path / "page")) as running:
        page = httpx.get(f"{running.url}/")
        assert page.headers["content-type"].startswith("text/html")
        script = httpx.get(f"{running.url}/assets/main-1.js")
        assert script.text == "1;"
        assert "immutable" in script.headers["cache-control"]
        for path in ("out.txt", "..%2f..%2fsecret.txt", "%2e%2e/index.html", "none.js", ""):
            assert httpx.get(f"{running.url}/assets/{path}").status_code == 404
