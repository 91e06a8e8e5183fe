"""`mainshock monitor --bus kafka` finds over a cluster what it finds in its own file."""

import sys
from pathlib import Path

import pytest
from programs import Program
from typer.testing import CliRunner

from mainshock.core.errors import RegistryError, SettingsError
from mainshock.sources.live import SourceSettings, open_packet_source
from mainshock.stream.bus import Message
from mainshock.stream.bus_choice import BusChoice

sys.path.insert(0, str(Path(__file__).parents[1]))
from monitor_process import copy_cut
from processes import LENGTH_S, START_NS, STATIONS, found

LIVE, MADE_UP, REPLAY = (
    open_packet_source(spec, SourceSettings())
    for spec in ("udp://127.0.0.1:0/AM.R", "load:1", "demo")
)


@pytest.fixture
def settings_file(broker, tmp_path):
    path = tmp_path / "kafka.toml"
    path.write_text(
        f'bootstrap = "{broker.address}"\ntopic_prefix = "{tmp_path.name}."\n'
        "session_s = 3.0\n[topics]\npartitions = 2\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_monitor_over_kafka_finds_what_one_with_a_file_finds(
    settings_file, data_dir, tmp_path, monkeypatch
):
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    cut = copy_cut(source, tmp_path / "cut", START_NS, LENGTH_S, STATIONS)
    common = ("monitor", "--source", f"replay:{cut}", "--speed", 0, "--exit-at-end")
    common += ("--seedlink-port", -1, "--no-browser", "--port", 0)
    kafka = ("--bus", "kafka", "--bus-settings", settings_file)
    for name, bus in (("cluster", kafka), ("file", ())):
        arguments = (*common, *bus, "--data-dir", tmp_path / name)
        with Program(name, arguments, tmp_path) as program:
            assert program.ended() == 0, program.said
    assert not (tmp_path / "cluster" / "bus.sqlite").exists()
    picks, events = found(tmp_path / "cluster")
    expected_picks, expected_events = found(tmp_path / "file")
    assert picks == expected_picks
    assert [one[1] for one in events] == [one[1] for one in expected_events]
    times = zip(events, expected_events, strict=True)  # located from picks in another order
    assert max(abs((a[0] - b[0]).total_seconds()) for a, b in times) < 0.05


def test_a_live_run_goes_on_in_a_cluster_where_an_earlier_one_stopped(settings_file, tmp_path):
    choice = BusChoice("kafka", settings_file)
    first = choice.open(tmp_path / "unused", LIVE)
    first.publish([Message("pick.v1", "XX.A", "a#1", b"{}", 1, 1)])
    first.close()
    again = choice.open(tmp_path / "unused", LIVE)
    read = again.read("store", ["pick.v1"], 10, 10.0)
    again.close()
    assert [one.message.identity for one in read] == ["a#1"]
    for other in (MADE_UP, REPLAY):
        with pytest.raises(SettingsError, match="name another topic_prefix"):
            choice.open(tmp_path / "unused", other)


def test_a_replay_wants_names_that_no_earlier_one_had(settings_file, tmp_path):
    choice = BusChoice("kafka", settings_file)
    choice.open(tmp_path / "unused", REPLAY).close()
    with pytest.raises(SettingsError, match="an earlier run \\(replay of demo\\)"):
        choice.open(tmp_path / "unused", REPLAY)


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (("--bus", "kafka"), SettingsError, "MAINSHOCK_KAFKA_BOOTSTRAP"),
        (("--bus-settings", "kafka.toml"), SettingsError, "name --bus kafka as well"),
        (("--bus", "pigeon"), RegistryError, "pigeon"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path, monkeypatch, arguments, kind, told):
    from mainshock.cli.app import app

    monkeypatch.delenv("MAINSHOCK_KAFKA_BOOTSTRAP", raising=False)
    options = ("monitor", "--source", "demo", "--no-browser", "--port", "0")
    folder = ("--data-dir", str(tmp_path))
    result = CliRunner().invoke(app, [*options, *folder, "--seedlink-port", "-1", *arguments])
    assert isinstance(result.exception, kind)
    assert told in str(result.exception)
