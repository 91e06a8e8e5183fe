"""The tasks of the Makefile and what continuous integration runs."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHECKS = runpy.run_path(str(ROOT / "scripts" / "check_environment.py"))


def make(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run make in the repository, with a folder of stand-in programs before all others."""
    search = os.environ["PATH"] if path is None else f"{path}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": search},
    )


@pytest.fixture
def without_root(tmp_path):
    """A folder with an `id` that belongs to nobody special, and an apt-get that must not run."""
    for name, line in (("id", "echo 1000"), ("apt-get", "exit 9")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def test_make_alone_lists_the_tasks():
    result = make()
    assert result.returncode == 0
    assert "make demo" in result.stdout
    assert "make test-fast" in result.stdout


def test_system_packages_need_no_root_to_succeed(without_root):
    assert make("ci-system", path=without_root).returncode == 0
    result = make("ci-system", "SYSTEM_PACKAGES=postgresql chromium", path=without_root)
    assert result.returncode == 0
    assert "would install: postgresql chromium" in result.stdout


def test_set_up_installs_torch_before_anything_can_ask_for_it():
    result = make("-n", "-W", "pyproject.toml", "setup")
    lines = [line for line in result.stdout.splitlines() if "pip install" in line]
    assert lines[0].endswith("torch==2.13.0")
    assert all("--constraint constraints.txt" in line for line in lines)


def test_the_demo_installs_no_extra():
    result = make("-n", "-W", "pyproject.toml", "demo")
    (line,) = (line for line in result.stdout.splitlines() if "pip install" in line)
    assert line.endswith("--editable .")
    assert ".venv-base/bin/mainshock demo" in result.stdout


def test_continuous_integration_runs_the_whole_suite():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert '-m "not network"' in make("-n", "test").stdout


def test_an_old_interpreter_is_told_what_to_do(monkeypatch):
    assert CHECKS["check_python"]() is None
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert "make PYTHON=" in CHECKS["check_python"]()


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="a user's index may offer CUDA builds")
def test_continuous_integration_has_the_cpu_build_of_torch():
    assert CHECKS["check_torch"]() is None
