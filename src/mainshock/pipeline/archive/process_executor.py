"""Items on processes of this machine; one that is killed loses nothing."""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from mainshock.pipeline.archive.base import Outcome

__all__ = ["ProcessExecutor"]

T = TypeVar("T")
R = TypeVar("R")
_ATTEMPTS = 3


class ProcessExecutor:
    """A pool of processes, made anew when one of them dies.

    Parameters
    ----------
    workers
        Processes.

    Notes
    -----
    Python's pool breaks as a whole when one of its processes is killed, and cannot say which item
    was being worked on. Those in the hands of workers are then run again one by one, so that an
    item that kills its worker each time takes no other one with it.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, task: Callable[[T], R], items: Sequence[T]) -> Iterator[Outcome[T, R]]:
        """Yield the outcome of each item, as they come."""
        waiting = deque(items)
        suspects: deque[tuple[T, int]] = deque()  # with the times their worker died
        while waiting or suspects:
            alone = bool(suspects)
            some = [suspects.popleft()] if alone else None
            queue = deque(some) if some else deque((item, 0) for item in waiting)
            if not alone:
                waiting.clear()
            workers = 1 if alone else min(self.workers, len(queue))
            died: list[tuple[T, int]] = []
            yield from _until_broken(task, queue, workers, died)
            waiting.extend(item for item, _ in queue)
            for item, deaths in died:
                if deaths < _ATTEMPTS:
                    suspects.append((item, deaths))
                else:
                    yield Outcome(item, None, _reason(deaths))


def _until_broken(
    task: Callable[[T], R],
    queue: "deque[tuple[T, int]]",
    workers: int,
    died: list[tuple[T, int]],
) -> Iterator[Outcome[T, R]]:
    """Yield outcomes until the queue is empty or a process has died.

    Items that were in the hands of workers then are in ``died``, those not begun in the queue.
    """
    running: dict[Future[Any], tuple[T, int]] = {}
    # spawned and not forked: threads and compiled code of the caller must not be inherited
    with ProcessPoolExecutor(workers, get_context("spawn"), _ignore_interrupts) as pool:
        try:
            while queue or running:
                while queue and len(running) < workers and not died:
                    running[pool.submit(task, queue[0][0])] = queue[0]
                    queue.popleft()
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item, deaths = running.pop(future)
                    outcome = _outcome(item, future)
                    if outcome is None:
                        died.append((item, deaths + 1))
                    else:
                        yield outcome
                if died and not running:
                    return
        except BrokenProcessPool:  # it broke between two items
            died.extend((item, deaths + 1) for item, deaths in running.values())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    """Leave to the driver what an interrupt from the terminal means: units that run may end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _outcome(item: T, future: "Future[R]") -> Outcome[T, R] | None:
    """Return what came of an item, None where its worker died."""
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        return None
    if error is not None:
        return Outcome(item, None, f"{type(error).__name__}: {error}")
    return Outcome(item, future.result())


def _reason(deaths: int) -> str:
    return (
        f"its worker process ended {deaths} times (killed, or out of memory); try fewer --workers"
    )
