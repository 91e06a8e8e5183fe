"""A whole monitor whose store lies on PostgreSQL."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from monitor_process import copy_cut, running
from postgres_server import PASSWORD

START_NS = int(datetime(2019, 7, 7, 7, 51, tzinfo=UTC).timestamp()) * NANOSECONDS


@pytest.mark.slow
def test_a_monitor_keeps_what_it_finds_in_a_database(
    data_dir, postgres_server, postgres_url, tmp_path, monkeypatch
):
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    records = copy_cut(source, tmp_path / "records", START_NS, 90.0)
    name = postgres_url.rpartition("@/")[2].partition("?")[0]
    monkeypatch.setenv("TEST_STORE_PASSWORD", PASSWORD)
    options = ("--source", f"replay:{records}", "--speed", 0, "--exit-at-end")
    options += ("--seedlink-port", -1, "--data-dir", tmp_path / "live")
    options += ("--store", postgres_server.tcp_url(name))
    counts = []
    for _ in range(2):
        place = "env:TEST_STORE_PASSWORD"
        with running(*options, "--store-password", place, errors=tmp_path / "said") as monitor:
            assert monitor.ended() == 0, monitor.said
            assert PASSWORD not in monitor.said
        with LiveStore.open(postgres_url) as store:
            counts.append((store.count_picks(), store.count_events(), len(store.changes(0))))
    written = (
        pd.read_csv(tmp_path / "live" / "picks.csv"),
        pd.read_csv(tmp_path / "live" / "events.csv"),
    )
    assert counts[1][:2] == (len(written[0]), len(written[1]))
    assert counts[0][:2] == counts[1][:2], "a replay begins anew"
    assert min(counts[1]) > 0
    assert not (tmp_path / "live" / "mainshock.sqlite").exists()
