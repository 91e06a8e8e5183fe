"""The service starts, tells where it is, stops, and runs by itself until told to stop."""

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import httpx
import pytest

from mainshock.core.errors import SettingsError, SourceError
from mainshock.serve.context import ServiceSettings
from mainshock.serve.data_folder import open_stored, read_token
from mainshock.serve.run import ServiceThread
from mainshock.stream.run_folder import RunFolder

COMMAND = "import typer; from mainshock.cli.serve import serve; typer.run(serve)"


def test_it_listens_once_started_and_no_more_once_stopped(make_context):
    before = set(threading.enumerate())
    service = ServiceThread(make_context())
    assert service.port == 0
    service.start()
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    port = service.port
    service.stop()
    service.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_is_told(make_context):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        context = make_context()
        settings = ServiceSettings(port=taken.getsockname()[1])
        with pytest.raises(SourceError, match="--port"):
            ServiceThread(replace(context, settings=settings)).start()


def test_small_answers_are_not_held_back(make_context):
    """The protocol must be stated for asyncio to switch Nagle's algorithm off."""
    with ServiceThread(make_context()) as service:
        assert service._socket.proto == socket.IPPROTO_TCP


def test_importing_the_application_loads_no_network_runtime():
    code = "import sys, mainshock.serve.app; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_folder_that_no_monitor_wrote_is_refused(tmp_path):
    with pytest.raises(SourceError, match="mainshock monitor"):
        open_stored(RunFolder(tmp_path), ServiceSettings())


def test_stations_are_found_in_the_folder(folder, tmp_path):
    table = "network,station,longitude,latitude,elevation_m\nBW,UH1,11.6,48.1,500\n"
    (tmp_path / "mainshock.sqlite").write_bytes((folder / "mainshock.sqlite").read_bytes())
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "stations.csv").write_text(table)
    context = open_stored(RunFolder(tmp_path), ServiceSettings())
    assert [one.code for one in context.stations] == ["BW.UH1"]
    context.store.close()
    (tmp_path / "other.csv").write_text(table.replace("UH1", "UH2"))
    context = open_stored(RunFolder(tmp_path), ServiceSettings(), tmp_path / "other.csv")
    assert [one.code for one in context.stations] == ["BW.UH2"]
    context.store.close()


@pytest.mark.parametrize(
    ("kind", "is_synthetic"), [("synthetic", True), ("replay of demo", False), ("", False)]
)
def test_stored_results_keep_their_label(folder, tmp_path, kind, is_synthetic):
    (tmp_path / "mainshock.sqlite").write_bytes((folder / "mainshock.sqlite").read_bytes())
    if kind:
        (tmp_path / "source.txt").write_text(kind + "\n")
    context = open_stored(RunFolder(tmp_path), ServiceSettings())
    assert context.is_synthetic is is_synthetic
    assert context.source.endswith(kind or "live")  # what the store itself says
    context.store.close()


def test_a_token_comes_without_the_blanks_around_it(tmp_path):
    (tmp_path / "token").write_text("  0123456789abcdef\n")
    assert read_token(tmp_path / "token") == "0123456789abcdef"
    assert read_token(None) is None
    with pytest.raises(SourceError, match="token"):
        read_token(tmp_path / "none")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_told_to_stop(folder, told):
    arguments = ["--data-dir", str(folder), "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as running:
        try:
            line = running.stderr.readline()
            url = line.rpartition(" ")[2].strip()
            assert url.startswith("http://127.0.0.1:"), line
            assert httpx.get(f"{url}/api/v1/events").json()["meta"]["count"] > 0
            running.send_signal(told)
            assert running.wait(20) == 0
        finally:
            running.kill()


def test_the_command_refuses_an_open_address_without_a_token(folder, capsys):
    from mainshock.cli.serve import serve

    with pytest.raises(SettingsError, match="--token-file"):
        serve(folder, None, 0, "0.0.0.0", None)
