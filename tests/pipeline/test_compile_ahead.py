"""The location is compiled by a process of its own, once."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mainshock.pipeline import compile_ahead
from mainshock.pipeline.compile_ahead import CompilerProcess

PROGRAM = """
import sys, time
from mainshock.core.records import Station
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.likelihood import grid_likelihood
from mainshock.pipeline.compile_ahead import CompilerProcess
from mainshock.pipeline.location_setup import LocationSetup
from mainshock.pipeline.locating import EventBuilder
from mainshock.signal.compiled import is_kept
from mainshock.sources.stations import StationList

stations = StationList([Station("XX", f"S{n}", 13.0 + 0.1 * n, 46.0 + 0.07 * n) for n in range(5)])
setup = LocationSetup()
times = setup.travel_times()
builder = EventBuilder(setup.method(times, list(stations)), stations)
parts = builder, ASSOCIATORS.load("grid")(), times
assert not is_kept(grid_likelihood)
compiler = CompilerProcess.start(*parts)
process = compiler.process
assert compiler.is_busy()
while compiler.is_busy():
    time.sleep(0.05)
assert process.returncode == 0
assert is_kept(grid_likelihood)
assert CompilerProcess.start(*parts).process is None
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_first_start_compiles_and_the_next_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def _sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_one_that_takes_too_long_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    compiler = CompilerProcess(_sleeper(), time.monotonic() - 1.0)
    assert not compiler.is_busy()
    assert compiler.process is None
    assert "took more than" in caplog.text


def test_one_that_fails_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    failing = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    failing.wait()
    compiler = CompilerProcess(failing, time.monotonic() + 60.0)
    assert not compiler.is_busy()
    assert "ended with 3" in caplog.text


def test_what_cannot_be_sent_is_compiled_later(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compile_ahead, "is_kept", lambda _: False)
    unsent = threading.Lock()
    assert CompilerProcess.start(unsent, unsent, unsent).process is None
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert CompilerProcess.start(None, None, None).process is None
    assert caplog.text.count("compiled when it is needed") == 2


def test_one_can_be_ended_before() -> None:
    compiler = CompilerProcess(_sleeper(), time.monotonic() + 60.0)
    assert compiler.is_busy()
    compiler.stop()
    assert not compiler.is_busy()
    compiler.stop()
