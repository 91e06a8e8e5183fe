"""Runs one task on many items: in threads, processes or on Ray, with the same results."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from typing import Any, Literal, TypeVar

from mainshock.core.errors import SettingsError
from mainshock.core.ray_session import ray_session

__all__ = ["Backend", "chunks_of", "map_shards"]

Backend = Literal["threads", "processes", "ray"]
T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")
_MOST_WORKERS = 4096
_shared: dict[str, Any] = {}  # of this worker process: what all its tasks use


def map_shards(
    task: Callable[[S, T], R],
    shared: S,
    items: Sequence[T],
    *,
    workers: int = 1,
    backend: Backend = "threads",
) -> list[R]:
    """Return ``task(shared, item)`` of each item, in their order.

    What a task returns may depend on ``shared`` and its item alone; then results are the same
    with any number of workers on any backend.

    Parameters
    ----------
    task
        A function of a module, so that other processes find it.
    shared
        What all tasks use; sent once to each worker. Arrow batches and NumPy arrays travel
        without being copied piece by piece.
    items
        One a task.
    workers
        Threads, processes, or processors asked of Ray. With 1, threads and processes run in the
        caller.
    backend
        ``threads`` serve compiled code, which leaves the interpreter to others. Ray is used as it
        runs already, or at ``RAY_ADDRESS``; else it is started on this machine alone and stopped
        at the end.

    Raises
    ------
    SettingsError
        If the number of workers or the backend makes no sense.
    MissingDependencyError
        If Ray is asked for and not installed.

    Examples
    --------
    >>> map_shards(pow, 2, [1, 2, 3], workers=2)
    [2, 4, 8]
    """
    if not 1 <= workers <= _MOST_WORKERS:
        raise SettingsError(f"{workers} workers; give 1 to {_MOST_WORKERS}")
    if backend == "ray":
        return _on_ray(task, shared, items, workers)
    if backend not in ("threads", "processes"):
        raise SettingsError(f"backend {backend!r} is not known; use threads, processes or ray")
    if workers == 1 or len(items) <= 1:
        return [task(shared, item) for item in items]
    n = min(workers, len(items))
    if backend == "threads":
        with ThreadPoolExecutor(n) as pool:
            return list(pool.map(partial(task, shared), items))
    # spawned and not forked: threads and compiled code of the caller must not be inherited
    with ProcessPoolExecutor(n, get_context("spawn"), _keep, (task, shared)) as processes:
        return list(processes.map(_run_kept, items))


def chunks_of(n: int, workers: int, per_worker: int = 4) -> list[range]:
    """Return ranges of about equal length that together are ``range(n)``.

    Several for each worker, so that the last one does not keep the others waiting.

    Examples
    --------
    >>> chunks_of(5, 1, per_worker=2)
    [range(0, 2), range(2, 5)]
    """
    parts = max(1, min(n, workers * per_worker))
    edges = [n * k // parts for k in range(parts + 1)]
    return [range(low, high) for low, high in pairwise(edges)]


def _keep(task: Callable[[S, T], R], shared: S) -> None:
    _shared["task"], _shared["shared"] = task, shared


def _run_kept(item: object) -> Any:  # whatever the task returns
    return _shared["task"](_shared["shared"], item)


def _run(task: Callable[[S, T], R], shared: S, item: T) -> R:
    return task(shared, item)


def _on_ray(task: Callable[[S, T], R], shared: S, items: Sequence[T], workers: int) -> list[R]:
    with ray_session(workers) as ray:
        remote = ray.remote(max_retries=1)(_run)
        there = ray.put(shared)
        found: list[R] = ray.get([remote.remote(task, there, item) for item in items])
    return found
