"""`/api/v1/health` shows what is not as it used to be, until it is."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from mainshock.core.records import Station
from mainshock.serve.context import ServiceContext
from mainshock.serve.routes import health
from mainshock.sources.stations import StationList
from mainshock.stream.monitoring.flags import DriftBoard, DriftFlag
from mainshock.stream.store.live_store import LiveStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLAG = DriftFlag("XX.A..HHZ", "gain", True, NOW, NOW, 2.7, 2.0, float("nan"), "5 times the usual")


@pytest.fixture
def board():
    return DriftBoard()


@pytest.fixture
def drift(tmp_path, board):
    """Return a function that asks for what is adrift."""
    store = LiveStore.open(tmp_path / "live.db")
    stations = StationList([Station("XX", "A", 10.0, 48.0, 500.0)])
    context = ServiceContext(store, tmp_path, stations, drift=board)
    app = FastAPI()
    app.include_router(health.router(context))

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return (await client.get("/api/v1/health")).json()["data"]["drift"]

    yield lambda: asyncio.run(ask())
    store.close()


def test_open_flags_are_shown_with_figures_and_reason(drift, board):
    assert drift() == []
    board.put([FLAG, replace(FLAG, subject="a-picker", kind="pick_rate")])
    first, second = drift()
    assert (first["subject"], first["kind"], first["value"]) == ("XX.A..HHZ", "gain", 2.7)
    assert first["limit"] is None
    assert first["reason"] == "5 times the usual"
    assert first["since"].startswith("2026-01-01T00:00:00")
    assert second["subject"] == "a-picker"


def test_a_flag_that_closed_is_shown_no_more(drift, board):
    board.put([FLAG])
    board.put([replace(FLAG, is_open=False)])
    assert drift() == []
