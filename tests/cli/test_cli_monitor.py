"""`mainshock monitor` as users run it: a process, real records, real sockets."""

import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from websockets.sync.client import connect

from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.stations import StationList, read_inventory, read_stations
from mainshock.stream.run_folder import RunFolder

sys.path.insert(0, str(Path(__file__).parents[1] / "stream"))
from monitor_process import copy_cut, running

START_NS = int(datetime(2019, 7, 7, 7, 51, tzinfo=UTC).timestamp()) * NANOSECONDS
QUIET = ("--seedlink-port", "-1")


@pytest.fixture(scope="module")
def records(data_dir, tmp_path_factory) -> Path:
    """Three minutes of four stations near Ridgecrest."""
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    return copy_cut(source, tmp_path_factory.mktemp("records"), START_NS, 180.0)


def seconds(times: pd.Series) -> np.ndarray:
    return pd.to_datetime(times, format="ISO8601").dt.as_unit("ns").astype("int64").to_numpy() / 1e9


def matched(live: pd.DataFrame, batch: pd.DataFrame, within_s: float) -> pd.DataFrame:
    """Each row of one table with the row of the other that is nearest in time."""
    assert len(live) == len(batch)
    nearest = np.abs(np.subtract.outer(seconds(live["time"]), seconds(batch["time"])))
    assert nearest.min(axis=1).max() <= within_s
    order = nearest.argmin(axis=1)
    assert len(set(order)) == len(batch)
    return batch.iloc[order].reset_index(drop=True)


@pytest.mark.slow
def test_a_replay_gives_what_the_batch_commands_give(records, command, tmp_path):
    folder = tmp_path / "live"
    arguments = ("--source", f"replay:{records}", "--speed", 0, "--exit-at-end", *QUIET)
    with running(*arguments, "--data-dir", folder, errors=tmp_path / "said") as monitor:
        assert monitor.ended() == 0, monitor.said
    assert command("pick", records, "--out", tmp_path / "picks.csv").exit_code == 0
    located = command(
        "locate",
        "--waveforms",
        records,
        "--stations",
        records / "stations.csv",
        "--out",
        tmp_path / "batch",
    )
    assert located.exit_code == 0, located.stderr
    live, batch = pd.read_csv(folder / "picks.csv"), pd.read_csv(tmp_path / "picks.csv")
    assert set(batch.columns) <= set(live.columns)
    assert len(batch) > 20
    for key, rows in batch.groupby(["network", "station", "phase"]):
        own = live[(live[["network", "station", "phase"]] == list(key)).all(axis=1)]
        same = matched(own, rows, 0.02)
        assert np.abs(own["probability"].to_numpy() - same["probability"].to_numpy()).max() <= 0.05
    events = pd.read_csv(folder / "events.csv")
    batch_events = pd.read_csv(tmp_path / "batch" / "events.csv")
    assert set(batch_events.columns) <= set(events.columns)
    assert len(events) > 3
    same = matched(events, batch_events, 0.5)
    assert (events["n_picks"].to_numpy() - same["n_picks"].to_numpy() == 0).mean() > 0.8
    assert events["event_id"].is_unique
    assert set(live["event_id"].dropna()) <= set(events["event_id"])


def test_the_demo_goes_on_until_it_is_stopped_and_answers_everything(tmp_path):
    folder = tmp_path / "demo"
    arguments = ("--source", "demo", "--speed", 0, "--seedlink-port", 0, "--data-dir", folder)
    with running(*arguments, errors=tmp_path / "said") as monitor:
        url = monitor.url()
        assert monitor.get("/healthz").status_code == 200
        while "the source has ended" not in monitor.said:
            assert monitor.process.poll() is None, monitor.said
        assert monitor.get("/readyz").status_code == 200
        check_routes(monitor)
        with connect(f"{url.replace('http', 'ws')}/api/v1/live") as live:
            hello = json.loads(live.recv(timeout=10.0))
        assert hello["type"] == "hello"
        assert hello["data"]["is_synthetic"] is False
        assert hello["data"]["is_live"] is False
        assert (folder / "events.csv").is_file()
        assert f"keeping results in {folder}" in monitor.said
        assert "events.csv, events.xml, picks.csv, regions.geojson, samples.npz are" in monitor.said
        assert RunFolder(folder).stations() == folder / "state" / "stations.csv"
        check_one_run_a_folder(folder, tmp_path)
        assert monitor.terminated() == 0, monitor.said
    assert "Traceback" not in monitor.said
    check_second_run(folder, tmp_path)


def check_routes(monitor) -> None:
    events = monitor.data("/api/v1/events")
    assert len(events) >= 3
    identity = events[0]["event_id"]
    assert monitor.data(f"/api/v1/events/{identity}")["arrivals"]
    assert monitor.data(f"/api/v1/events/{identity}/posterior")["regions"]["features"]
    assert len(monitor.data("/api/v1/stations")) == 4
    assert len(monitor.data("/api/v1/picks")) > 10
    assert monitor.data("/api/v1/models")
    health = monitor.data("/api/v1/health")
    assert (health["status"], health["reason"]) == ("ready", "")
    assert {one["trace_id"][:5] for one in health["stations"]} == {"BW.UH"}
    assert b"quakeml" in monitor.get("/fdsnws/event/1/query").content
    assert b"UH1" in monitor.get("/fdsnws/station/1/query", format="text").content
    window = {"starttime": "2010-05-27T16:24:00", "endtime": "2010-05-27T16:24:20"}
    record = monitor.get("/fdsnws/dataselect/1/query", station="UH1", **window)
    assert record.status_code == 200
    assert len(record.content) >= 512
    assert monitor.get("/v2/health/ready").status_code == 200
    assert monitor.get("/v2/models/default").status_code == 200
    metrics = monitor.get("/metrics").text
    for name in ("ingest_packets_total", "stage_messages_total", "feed_shed_packets_total 0.0"):
        assert f"mainshock_{name}" in metrics


def check_one_run_a_folder(folder: Path, tmp_path: Path) -> None:
    arguments = ("--source", "demo", *QUIET, "--data-dir", folder)
    with running(*arguments, errors=tmp_path / "second") as second:
        assert second.ended() == 2
    assert "another monitor writes in" in second.said


def check_second_run(folder: Path, tmp_path: Path) -> None:
    """A replay over an earlier one begins anew; another source is kept out."""
    first = pd.read_csv(folder / "events.csv")
    size = sum(path.stat().st_size for path in (folder / "sds").rglob("*") if path.is_file())
    arguments = ("--source", "demo", "--speed", 0, "--exit-at-end", *QUIET)
    with running(*arguments, "--data-dir", folder, errors=tmp_path / "again") as again:
        assert again.ended() == 0, again.said
    second = pd.read_csv(folder / "events.csv")
    assert len(second) == len(first)
    assert np.abs(seconds(second["time"]) - seconds(first["time"])).max() < 0.5
    assert size == sum(
        path.stat().st_size for path in (folder / "sds").rglob("*") if path.is_file()
    )


def test_load_is_synthetic_wherever_it_is_told(tmp_path):
    arguments = ("--source", "load:3", "--speed", 20, *QUIET, "--data-dir", tmp_path / "load")
    with running(*arguments, errors=tmp_path / "said") as monitor:
        assert monitor.data("/api/v1/health")["is_synthetic"] is True
        picks: list[dict] = []
        while len(picks) < 3:
            assert monitor.process.poll() is None, monitor.said
            picks = monitor.data("/api/v1/picks")
        assert all(one["is_synthetic"] for one in picks)
        assert {one["network"] for one in picks} == {"XX"}
        assert all(one["is_synthetic"] for one in monitor.data("/api/v1/events"))
        assert monitor.terminated() == 0, monitor.said


def test_stations_are_kept_beside_the_operators_own(tmp_path):
    from obspy import read_inventory as example_inventory

    from mainshock.cli.monitor import _keep_stations

    own = tmp_path / "stations.xml"
    example_inventory().write(str(own), format="STATIONXML")
    before = own.read_bytes()
    folder = RunFolder(tmp_path)
    folder.state.mkdir()
    sites, inventory = read_stations(own), read_inventory(own)
    _keep_stations(folder, sites, inventory)
    assert own.read_bytes() == before
    assert folder.stations() == folder.state / "stations.xml"
    assert [one.code for one in read_stations(folder.state / "stations.xml")] == [
        one.code for one in sites
    ]
    fewer = StationList(list(sites)[:1])
    _keep_stations(folder, fewer, None)  # a later run that knows no more than places
    kept = folder.stations()
    assert kept == folder.state / "stations.csv"
    assert [one.code for one in read_stations(kept)] == [one.code for one in fewer]
    assert [one.name for one in folder.state.iterdir()] == ["stations.csv"]


def test_with_a_token_the_browser_opens_the_page_and_seedlink_stays_open_here(
    command, monkeypatch, tmp_path
):
    opened: list[int] = []
    told: list[bytes] = []

    def browser(url: str) -> None:
        opened.append(httpx.get(url).status_code)

    def say(text: str) -> None:
        if text.startswith("SeedLink at 127.0.0.1:"):
            with socket.create_connection(("127.0.0.1", int(text.rpartition(":")[2]))) as client:
                client.sendall(b"CAT\r\nBYE\r\n")  # of version 3, which knows no token
                told.append(client.makefile("rb").read())

    monkeypatch.setattr("webbrowser.open", browser)
    monkeypatch.setattr("mainshock.cli.monitor.say", say)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "token").write_text("correct-horse-battery-staple")
    arguments = ("--source", "demo", "--speed", 0, "--exit-at-end", "--port", 0)
    more = ("--seedlink-port", 0, "--token-file", tmp_path / "token", "--data-dir", tmp_path / "d")
    result = command("monitor", *arguments, *more)
    assert result.exit_code == 0, result.stderr
    assert opened == [200]
    assert len(told) == 1
    assert b"ERROR" not in told[0]


def test_without_a_folder_results_lie_in_the_home(command, monkeypatch, tmp_path):
    monkeypatch.setenv("MAINSHOCK_MODELS", str(tmp_path / "home" / "models"))
    from mainshock.cli.monitor import _default_folder

    folder = _default_folder("seedlink://localhost:18000/GR_FUR")
    assert folder == tmp_path / "home" / "monitor" / "seedlink---localhost-18000-GR-FUR"


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--source", "nonsense:1"), 2, "names no source of packets"),
        (("--source", "demo:2"), 2, "demo takes no"),
        (("--source", "replay:{folder}/missing"), 1, "is no SDS archive"),
        (("--source", "demo", "--speed", "-1"), 2, "speed"),
        (("--source", "demo", "--host", "0.0.0.0"), 2, "token"),
        (("--source", "demo", "--seedlink-port", "0", "--seedlink-host", "0.0.0.0"), 2, "SeedLink"),
        (("--source", "demo", "--port", "{port}"), 1, "choose another port by --port"),
        (("--source", "seedlink://127.0.0.1:{port}/XX_AAA"), 2, "--stations FILE"),
        (("--source", "demo", "--model", "nobody"), 2, "nobody"),
        (("--source", "demo", "--data-dir", "{folder}/file"), 1, "name another"),
        (("--source", "demo", "--backfill", "ftp://x"), 2, "no address of a data centre"),
        (("--source", "demo", "--token-file", "{folder}/none"), 1, "none"),
    ],
)
def test_wrong_usage_is_told(command, tmp_path, taken_port, arguments, code, text):
    (tmp_path / "file").write_text("not a folder")
    filled = [one.format(folder=tmp_path, port=taken_port) for one in arguments]
    if "--data-dir" not in filled:
        filled += ["--data-dir", str(tmp_path / "data")]
    result = command("monitor", "--no-browser", *QUIET, *filled)
    assert result.exit_code == code, result.stderr
    assert text in result.stderr


def test_a_server_that_does_not_answer_ends_it_with_4(command, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    stations = tmp_path / "stations.csv"
    stations.write_text("network,station,longitude,latitude,elevation_m\nXX,AAA,1,2,3\n")
    result = command(
        "monitor",
        "--source",
        f"seedlink://127.0.0.1:{port}/XX_AAA",
        "--stations",
        stations,
        "--data-dir",
        tmp_path / "data",
        "--no-browser",
        "--port",
        0,
        *QUIET,
    )
    assert result.exit_code == 4, result.stderr
    assert "cannot be reached" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(command, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    result = command("monitor", "--source", "demo", "--data-dir", folder, "--no-browser", *QUIET)
    assert result.exit_code == 1
    assert "name another" in result.stderr
