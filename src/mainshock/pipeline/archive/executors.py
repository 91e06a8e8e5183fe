"""The executors by name."""

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TypeVar

from mainshock.core.errors import SettingsError
from mainshock.pipeline.archive.base import Executor, Outcome

__all__ = ["EXECUTORS", "SerialExecutor", "make_executor"]

T = TypeVar("T")
R = TypeVar("R")
_MOST_WORKERS = 4096

EXECUTORS = {
    "process": "mainshock.pipeline.archive.process_executor:ProcessExecutor",
    "ray": "mainshock.pipeline.archive.ray_executor:RayExecutor",
    "serial": "mainshock.pipeline.archive.executors:SerialExecutor",
}
"""Name to where it is defined; imported when asked for."""


class SerialExecutor:
    """One item after the other, in this process."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = 1
        if workers != 1:
            raise SettingsError(f"{workers} workers one after the other; use --executor process")

    def run(self, task: Callable[[T], R], items: Sequence[T]) -> Iterator[Outcome[T, R]]:
        """Yield the outcome of each item, in their order."""
        for item in items:
            try:
                outcome: Outcome[T, R] = Outcome(item, task(item))
            except Exception as error:  # noqa: BLE001 - told with its item, as the others do
                outcome = Outcome(item, None, f"{type(error).__name__}: {error}")
            yield outcome


def make_executor(name: str, workers: int | None = None) -> Executor:
    """Return an executor.

    Parameters
    ----------
    name
        ``process``, ``ray`` or ``serial``.
    workers
        How many items are worked on at a time; None: one for each processor.

    Raises
    ------
    SettingsError
        If the name is unknown or the number makes no sense.
    """
    if name not in EXECUTORS:
        raise SettingsError(f"executor {name!r} is not known; use {', '.join(EXECUTORS)}")
    if workers is None:
        workers = 1 if name == "serial" else len(os.sched_getaffinity(0))
    if not 1 <= workers <= _MOST_WORKERS:
        raise SettingsError(f"{workers} workers; give 1 to {_MOST_WORKERS}")
    module, _, attribute = EXECUTORS[name].partition(":")
    made: Executor = getattr(import_module(module), attribute)(workers)
    return made
