"""Check what an installation rests on, with a remedy: ``check_environment.py python|torch``."""

from __future__ import annotations  # an older interpreter must get as far as the message

import importlib.metadata
import sys

_PYTHON = (3, 11)


def check_python() -> str | None:
    """Return what is wrong with the interpreter, or None."""
    if sys.version_info >= _PYTHON:
        return None
    found = ".".join(str(part) for part in sys.version_info[:3])
    return f"Python {found} is too old; 3.11 or newer is needed: make PYTHON=/path/to/python3.11"


def check_torch() -> str | None:
    """Return which unwanted packages came with torch, or None."""
    names = {str(item.metadata["Name"]).lower() for item in importlib.metadata.distributions()}
    unwanted = sorted(name for name in names if name.startswith("nvidia-") or name == "torchvision")
    if not unwanted:
        return None
    return (
        f"torch came with {', '.join(unwanted)}: not its CPU build, on which all was tested. "
        "It works, but takes gigabytes; to change it, remove .venv, point PIP_EXTRA_INDEX_URL to "
        "PyTorch's index of CPU builds and run `make setup` again."
    )


def main() -> int:
    """Say what is wrong; only a wrong interpreter stops the set-up."""
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what == "python":
        problem, status = check_python(), 1
    elif what == "torch":
        problem, status = check_torch(), 0
    else:
        problem, status = "say which: python or torch", 2
    if problem is None:
        return 0
    sys.stderr.write(f"setup: {problem}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
