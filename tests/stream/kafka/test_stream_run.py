"""`mainshock stream run`: stages in processes of their own end where one process does."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from programs import Program
from tools_at_hand import needed_package
from typer.testing import CliRunner

from mainshock.core.errors import MissingDependencyError, SettingsError, SourceError

sys.path.insert(0, str(Path(__file__).parents[1]))
from monitor_process import copy_cut
from processes import LENGTH_S, START_NS, STATIONS, found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_processes_of_which_one_is_killed_find_what_one_process_finds(broker, data_dir, tmp_path):
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    cut = copy_cut(source, tmp_path / "cut", START_NS, LENGTH_S, STATIONS)
    settings = tmp_path / "kafka.toml"
    settings.write_text(
        f'bootstrap = "{broker.address}"\nsession_s = 3.0\n[topics]\npartitions = 4\n',
        encoding="utf-8",
    )
    common = ("--data-dir", tmp_path / "spread", "--bus-settings", settings, "--replay")
    sites = ("--stations", cut / "stations.csv")
    idle = ("--exit-when-idle", 12)

    def stages(name: str, *arguments: object):
        return stack.enter_context(Program(name, ("stream", "run", *arguments), tmp_path))

    with ExitStack() as stack:
        lasting = stages("lasting", "pick", *common, *idle)
        rest = stages("rest", "associate", "store", *common, *sites, "--exit-when-idle", 20)
        killed = stages("killed", "pick", *common)
        time.sleep(10.0)
        feed = stages("feed", "ingest", *common, *sites, "--source", f"replay:{cut}", "--speed", 30)
        time.sleep(6.0)
        killed.kill()
        for program in (feed, lasting, rest):
            assert program.ended() == 0, program.said
    one = ("--source", f"replay:{cut}", "--speed", 0, "--exit-at-end", "--seedlink-port", -1)
    one += ("--no-browser", "--port", 0, "--data-dir", tmp_path / "one")
    with Program("one", ("monitor", *one), tmp_path) as program:
        assert program.ended() == 0, program.said
    picks, events = found(tmp_path / "spread")
    expected_picks, expected_events = found(tmp_path / "one")
    assert picks == expected_picks
    assert [one[1] for one in events] == [one[1] for one in expected_events]
    times = zip(events, expected_events, strict=True)  # located from picks in another order
    assert max(abs((a[0] - b[0]).total_seconds()) for a, b in times) < 0.05


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ingest",), "name where they come from by --source"),
        (("pick", "--source", "demo"), "--source is for ingest"),
        (("dig",), "there is no stage 'dig'"),
        (("associate",), "name --stations FILE"),
        (("alert",), "alerts need rules and channels"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path, monkeypatch, arguments, told):
    from mainshock.cli.app import app

    needed_package("confluent_kafka", "kafka")
    monkeypatch.setenv("MAINSHOCK_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    result = CliRunner().invoke(app, ["stream", "run", *arguments, "--data-dir", str(tmp_path)])
    assert isinstance(result.exception, SettingsError)
    assert told in str(result.exception)
    assert not (tmp_path / "state" / "instances").exists()  # names are for keeps_place alone


def test_settings_are_asked_for(tmp_path, monkeypatch):
    from mainshock.cli.app import app

    monkeypatch.delenv("MAINSHOCK_KAFKA_BOOTSTRAP", raising=False)
    arguments = ["stream", "run", "store", "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SettingsError)
    assert "MAINSHOCK_KAFKA_BOOTSTRAP" in str(result.exception)
    named = [*arguments, "--bus-settings", str(tmp_path / "none.toml")]
    assert isinstance(CliRunner().invoke(app, named).exception, SourceError)


def test_without_the_extra_the_remedy_is_told(monkeypatch):
    from mainshock.stream.kafka import KafkaBus, KafkaSettings

    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(MissingDependencyError, match="mainshock\\[kafka\\]"):
        KafkaBus(KafkaSettings(bootstrap="b:1"))
