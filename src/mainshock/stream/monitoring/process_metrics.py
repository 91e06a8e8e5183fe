"""What a process tells of itself: version, models, memory, open files, disk, and readiness."""

import platform
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from mainshock import __version__
from mainshock.core.errors import MainshockError

__all__ = [
    "Problems",
    "model_versions",
    "picker_version",
    "show_models",
    "show_problems",
    "show_process",
]

Problems = Mapping[str, Callable[[], str]]
"""Name of a part to what tells why it does not work; an empty text where it does."""


def show_process(registry: CollectorRegistry, folder: Path | None = None) -> None:
    """Show version, memory, processor time and open files, and the disk that a folder is on.

    Parameters
    ----------
    registry
        Where they are shown.
    folder
        Where the process keeps its data; None: nowhere.
    """
    build = Gauge(
        "mainshock_build_info", "Versions; always 1", ["version", "python"], registry=registry
    )
    build.labels(__version__, platform.python_version()).set(1.0)
    ProcessCollector(namespace="mainshock", registry=registry)
    if folder is not None:
        free = Gauge(
            "mainshock_disk_free_bytes",
            "Room on the disk that the data folder is on",
            registry=registry,
        )
        free.set_function(partial(_free_bytes, folder))


def _free_bytes(folder: Path) -> float:
    try:
        return float(shutil.disk_usage(folder).free)
    except OSError:
        return float("nan")  # a disk that is away: a scrape must not fail for it


def show_models(registry: CollectorRegistry, versions: Mapping[str, tuple[str, str]]) -> Gauge:
    """Show which models work, and return the gauge that does.

    Parameters
    ----------
    registry
        Where they are shown.
    versions
        Role, such as ``picker``, to name and version.
    """
    shown = Gauge(
        "mainshock_model_info",
        "Models at work; always 1",
        ["role", "name", "version"],
        registry=registry,
    )
    for role, (name, version) in versions.items():
        shown.labels(role, name, version).set(1.0)
    return shown


def model_versions(picker: str, names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and version of each model by role.

    Parameters
    ----------
    picker
        Name of the picker; its version is that of its manifest.
    names
        Names of the others by role: what is part of this package has its version.
    """
    told = {role: (name, __version__) for role, name in names.items()}
    return {"picker": (picker, picker_version(picker)), **told}


def picker_version(name: str) -> str:
    """Return the version that a picker's manifest states, or that of this package."""
    from mainshock.learn.models import list_models  # noqa: PLC0415 - only at the start

    try:
        found = [one.version for one in list_models() if one.name == name]
    except MainshockError:
        found = []
    return found[0] if found else __version__


def _fails(why: Callable[[], str]) -> float:
    return 1.0 if why() else 0.0


def _is_ready(problems: Problems) -> float:
    return 0.0 if any(why() for why in problems.values()) else 1.0


def show_problems(registry: CollectorRegistry, problems: Problems) -> None:
    """Show whether all works, and which part does not.

    Parameters
    ----------
    registry
        Where it is shown: ``mainshock_ready`` is 1 or 0, ``mainshock_problem`` 1 for each part that
        does not work. The words stand at ``/readyz``: numbers in them would make a series each.
    problems
        What is asked at each scrape.
    """
    ready = Gauge("mainshock_ready", "Whether the process can do its work", registry=registry)
    ready.set_function(partial(_is_ready, problems))
    parts = Gauge(
        "mainshock_problem",
        "Whether a part does not work as it should",
        ["part"],
        registry=registry,
    )
    for name, why in problems.items():
        parts.labels(name).set_function(partial(_fails, why))
