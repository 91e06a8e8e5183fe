"""Runs the command line inside the test process, errors and exit codes included."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mainshock.cli.app import main


@dataclass(frozen=True)
class CommandResult:
    """What a command returned and wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CommandResult]:
    """Run ``mainshock ARGUMENTS...`` and return its exit code and output."""

    def run(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["mainshock", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return CommandResult(code, captured.out, captured.err)

    return run


@pytest.fixture
def rjob_file(tmp_path: Path) -> Path:
    """The BW.RJOB record of the ObsPy wheel as a miniSEED file."""
    import obspy

    path = tmp_path / "BW.RJOB.mseed"
    obspy.read().write(str(path), format="MSEED")
    return path
