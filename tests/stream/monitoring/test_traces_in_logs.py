"""One packet of a replay can be followed by its trace to pick, event and alert in the log."""

import json
import os
import subprocess
import sys

import pytest

ALERTS = """
[[rules]]
name = "all"
channels = ["log"]
[channels.log]
kind = "file"
path = "alerts.jsonl"
"""
WORDS = ("packet", "pick", "event", "alert")


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """What a monitor says of the demonstration, a JSON object a line and nothing else."""
    folder = tmp_path_factory.mktemp("replay")
    (folder / "alerts.toml").write_text(ALERTS)
    options = ["--source", "demo", "--speed", "0", "--exit-at-end", "--no-browser", "--port", "0"]
    places = ["--alerts", str(folder / "alerts.toml"), "--data-dir", str(folder / "data")]
    code = "from mainshock.cli.app import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "-v", "monitor", "--seedlink-port", "-1", *options, *places],
        capture_output=True,
        text=True,
        check=False,
        timeout=300.0,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MAINSHOCK_LOG_FORMAT": "json"},
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stderr.splitlines()]


def traces(lines, word):
    path = [one for one in lines if one["logger"] == "mainshock.stream.path"]
    return {one["trace"] for one in path if one["message"].startswith(f"{word} ")}


def test_a_packet_is_found_again_in_pick_event_and_alert(lines):
    followed = set.intersection(*(traces(lines, word) for word in WORDS))
    assert followed
    for word, further in zip(WORDS[1:], WORDS, strict=False):
        assert traces(lines, word) <= traces(lines, further), word


def test_what_became_of_an_alert_carries_the_trace_too(lines):
    sent = [one for one in lines if one["logger"] == "mainshock.stream.alerts.dispatch"]
    assert sent
    assert {one["trace"] for one in sent} <= traces(lines, "alert")


def test_every_line_has_time_level_logger_and_message(lines):
    for one in lines:
        assert {"time", "level", "logger", "message"} <= set(one)
    assert any("monitoring demo" in one["message"] for one in lines)
