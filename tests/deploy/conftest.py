"""Where deployment files lie, and how the programs that check them are run."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from tools_at_hand import ROOT, find_program

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def deploy() -> Path:
    """The folder of deployment files."""
    return ROOT / "deploy"


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Returns a function that finds a program, or skips with the remedy."""
    return find_program


@pytest.fixture(scope="session")
def run() -> Run:
    """Returns a function that runs a program and gives what it said."""

    def run_one(
        *command: object, env: dict[str, str] | None = None, timeout: float = 240.0
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            env=env,
            timeout=timeout,
        )

    return run_one
