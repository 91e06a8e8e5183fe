"""Forecasts through a real service: current, retrospective, withdrawn, and none at all."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from mainshock.core.rate_forecast import RESEARCH_ONLY
from mainshock.core.records import Magnitude
from mainshock.forecast.aftershock_table import aftershock_table
from mainshock.forecast.issuing import IssueSettings, issue_forecast
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.serve.run import ServiceThread
from mainshock.sources.seismicity.catalogue import Catalogue, days_of
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.forecasts import ForecastSettings, ForecastStage
from mainshock.stream.messages import health_message
from mainshock.stream.records import EventVersion, ForecastVersion, StationHealth
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[1] / "forecast"))
from live_model import END, PARAMETERS, info_of, past, small_model

FORECAST, CHANCE = "/api/v1/forecast", "/api/v1/forecast/probability"
SETTINGS = IssueSettings("the test region", "the survey")
NOW = datetime.now(UTC)


def live_now():
    """A model fitted until yesterday, with events up to now."""
    now = days_of(NOW)
    known = past(until=now)
    settings = replace(info_of().settings, start_days=now - 1001.0, end_days=now - 1.0)
    events = Catalogue(known.time_days, known.magnitude, known.longitude, known.latitude)
    return LiveForecast(small_model(settings=settings), events, now, LiveSettings(200))


@pytest.fixture(scope="module")
def live():
    return live_now()


def told(made, number=0):
    return ForecastVersion(
        made.forecast_id, made.event_id, made.issued, made.as_document(), number, "ab" * 32
    )


@pytest.fixture(scope="module")
def filled(events, live, tmp_path_factory):
    """A store with a forecast, and with a large, a small and a cancelled event."""
    main = LiveEvent("large", live.now_days, -117.4, 34.1, 6.0)
    table = aftershock_table(main, 2, live.now_days, SETTINGS, live)
    with LiveStore.open(tmp_path_factory.mktemp("forecasts") / "live.sqlite") as opened:
        for name, kind in (("large", "new"), ("small", "new"), ("gone", "cancel")):
            event = replace(events[0], event_id=name, magnitude=Magnitude(3.1, "ML", 0.2, 4))
            issued = event.origin.time
            opened.save_events([EventVersion(name, 2, kind, "settled", event, issued)])
        opened.save_forecasts([told(issue_forecast(live, SETTINGS)), told(table, 1)])
        yield opened


@pytest.fixture(scope="module")
def board(live):
    made = ForecastBoard()
    made.open(SETTINGS, "")
    made.put(live, live.now_days)
    return made


@pytest.fixture(scope="module")
def ask(make_context):
    """Ask a service of some context once."""

    def answer(path, **context):
        service = ServiceThread(replace(make_context(), **context))
        with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
            return opened.get(path)

    return answer


@pytest.fixture(scope="module")
def client(make_context, filled, board):
    service = ServiceThread(replace(make_context(), store=filled, forecasts=board, is_live=True))
    with service, httpx.Client(base_url=service.url, timeout=60.0) as opened:
        yield opened


def test_the_latest_forecast_is_told_with_its_age_and_what_limits_it(client):
    answer = client.get(FORECAST)
    assert answer.status_code == 200, answer.text
    data, meta = answer.json()["data"], answer.json()["meta"]
    assert data["region"] == "the test region"
    assert len(data["rows"]) == 10
    assert all(row["sentence"] and row["reference_probability"] >= 0 for row in data["rows"])
    n = len(data["grid"]["longitude"]) * len(data["grid"]["latitude"])
    assert np.shape(data["grid"]["expected"]) == np.shape(data["grid"]["reference"]) == (n,)
    assert meta["state"] == "current"
    assert 0 <= meta["age_s"] < 600
    assert meta["cut_off_age_s"] >= 0
    assert meta["is_validated"] is False
    assert meta["log_number"] == 0
    assert RESEARCH_ONLY in meta["cautions"]
    assert any("the survey" in one for one in meta["cautions"])


def test_every_route_of_forecasts_answers_in_the_one_envelope(client):
    paths = [
        path.format(event_id="large")
        for path in client.get("/api/v1/openapi.json").json()["paths"]
        if "forecast" in path or "aftershocks" in path
    ]
    assert sorted(paths) == ["/api/v1/events/large/aftershocks", FORECAST, CHANCE]
    for path in paths:
        answer = client.get(path, params={"magnitude": 4} if path == CHANCE else None)
        assert answer.status_code == 200, path
        assert set(answer.json()) == {"data", "meta"}, path
        assert answer.headers["content-type"] == "application/json"


def test_the_chance_of_any_place_is_told(client):
    asked = {"magnitude": 4, "days": 2, "longitude": -117.4, "latitude": 34.1, "radius_km": 20}
    answer = client.get(CHANCE, params=asked)
    assert answer.status_code == 200, answer.text
    data, meta = answer.json()["data"], answer.json()["meta"]
    (row,) = data["rows"]
    assert (row["magnitude"], row["days"]) == (4.0, 2.0)
    assert 0.01 < row["probability"] < 1
    assert row["multiple"] > 1
    assert "within 20 km" in row["sentence"]
    assert meta["log_number"] is None
    whole = client.get(CHANCE, params={"magnitude": 4}).json()["data"]["rows"][0]
    assert whole["days"] == 1.0


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "magnitude"),
        ({"magnitude": 2}, "ask for 3 or more"),
        ({"magnitude": 5, "days": 30}, "without validation; ask for a shorter one"),
        ({"magnitude": 5, "longitude": -117}, "together"),
        (
            {"magnitude": 5, "longitude": 10, "latitude": 34, "radius_km": 9},
            "outside the region",
        ),
        ({"magnitude": 5, "days": 0}, "days"),
        ({"magnitude": 5, "mag": 3}, "mag"),
    ],
)
def test_what_must_not_or_cannot_be_told_is_refused(client, asked, why):
    answer = client.get(CHANCE, params=asked)
    assert answer.status_code == 400
    assert why in answer.json()["error"]["message"]


def test_after_a_mainshock_its_table_is_told(client):
    answer = client.get("/api/v1/events/large/aftershocks")
    data, meta = answer.json()["data"], answer.json()["meta"]
    assert (data["event_id"], data["event_version"], data["grid"]) == ("large", 2, None)
    assert {row["days"] for row in data["rows"]} == {1.0, 7.0, 30.0, 365.0}
    assert meta["reason"] == ""
    assert meta["forecast"]["state"] == "current"


@pytest.mark.parametrize(("event_id", "why"), [("small", "magnitude 5"), ("gone", "cancelled")])
def test_without_a_table_the_reason_is_told(client, event_id, why):
    answer = client.get(f"/api/v1/events/{event_id}/aftershocks")
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert why in answer.json()["meta"]["reason"]


def test_of_an_unknown_event_nothing_is_told(client):
    assert client.get("/api/v1/events/nobody/aftershocks").status_code == 404


def test_a_forecast_of_old_data_is_withdrawn_and_not_repeated(ask, filled, board):
    for path in (FORECAST, f"{CHANCE}?magnitude=4", "/api/v1/events/large/aftershocks"):
        answer = ask(
            path, store=filled, forecasts=board, is_live=True, forecast_max_age=timedelta(0)
        )
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert error["code"] == "unavailable"
        assert "withdrawn" in error["message"]
        assert error["detail"]["state"] == "withdrawn"
        assert "probability" not in answer.text.replace(CHANCE, "")


def test_what_is_stored_or_replayed_is_retrospective_whatever_its_age(ask, filled):
    answer = ask(FORECAST, store=filled, forecast_max_age=timedelta(0))
    assert answer.status_code == 200
    assert answer.json()["meta"]["state"] == "retrospective"


def test_without_a_model_and_before_the_first_forecast_the_reason_is_told(ask):
    answer = ask(FORECAST)
    assert answer.status_code == 404
    assert "mainshock monitor" in answer.json()["error"]["message"]
    answer = ask(FORECAST, forecasts=ForecastBoard())
    assert answer.status_code == 404
    assert "--forecast-model" in answer.json()["error"]["message"]
    waiting = ForecastBoard()
    waiting.open(SETTINGS, "the forecast is being made; ask again in a minute")
    for path in (FORECAST, f"{CHANCE}?magnitude=4"):
        answer = ask(path, forecasts=waiting)
        assert answer.status_code == 503
        assert "being made" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("model", "opened_after_days", "why"),
    [
        (small_model(), -1.0, "fit with an earlier --to"),
        (small_model(replace(PARAMETERS, k0=0.05)), 5.0, "--option m_max"),
    ],
)
def test_a_model_that_must_not_be_used_is_told_with_its_remedy(ask, model, opened_after_days, why):
    board = ForecastBoard()
    board.open(SETTINGS, "")
    stage = ForecastStage(
        ForecastSettings(),
        lambda _: LiveForecast(model, past(), END + opened_after_days, LiveSettings(200)),
        board,
    )
    time = NOW - timedelta(seconds=5)
    health = health_message(StationHealth("XX.A..HH", ("HHZ",), 100.0, time, NOW, 5.0))
    _, told = stage.step(stage.start(), [health])
    assert told == []
    for path in (FORECAST, f"{CHANCE}?magnitude=4"):
        answer = ask(path, forecasts=board, is_live=True)
        assert answer.status_code == 503
        assert why in answer.json()["error"]["message"]
