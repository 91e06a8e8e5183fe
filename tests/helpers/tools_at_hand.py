"""Programs and packages that tests need: found, or the test is skipped, which fails under CI."""

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

__all__ = ["ROOT", "absent", "find_program", "needed_package"]

ROOT = Path(__file__).resolve().parents[2]


def absent(what: str) -> None:
    """Skip for want of a tool; under CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def find_program(name: str, remedy: str, *more: Path) -> str:
    """Return the path of a program of the test environment or of the machine, or skip.

    Parameters
    ----------
    more
        Folders to look in beside.
    """
    folders = (*more, Path(sys.executable).parent, os.environ.get("PATH", ""), "/usr/sbin")
    found = shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if found is None:
        absent(f"{name} is not installed; {remedy}")
        raise AssertionError
    return found


def needed_package(name: str, extra: str) -> ModuleType:
    """Return a package of an extra of ours, or skip."""
    try:
        return importlib.import_module(name)
    except ImportError:
        absent(f"{name} is not installed; install the extra {extra}")
        raise
