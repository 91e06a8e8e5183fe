"""Items on Ray, on this machine or on a cluster that ``RAY_ADDRESS`` names."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from mainshock.core.ray_session import ray_session
from mainshock.pipeline.archive.base import Outcome

__all__ = ["RayExecutor"]

T = TypeVar("T")
R = TypeVar("R")
_REPEATS = 2
_AHEAD = 1  # an item more than there are workers, so that none of them waits for the driver


class RayExecutor:
    """Tasks of one processor each; Ray itself repeats those whose worker dies.

    Parameters
    ----------
    workers
        Processors, where Ray is started for the run; how many tasks are in its hands at a time.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, task: Callable[[T], R], items: Sequence[T]) -> Iterator[Outcome[T, R]]:
        """Yield the outcome of each item, as they come.

        Raises
        ------
        MissingDependencyError
            If Ray is not installed.
        """
        with ray_session(self.workers) as ray:
            remote = ray.remote(num_cpus=1, max_retries=_REPEATS)(_run)
            shared = ray.put(task)
            waiting = deque(items)
            running: dict[Any, T] = {}
            while waiting or running:
                while waiting and len(running) < self.workers + _AHEAD:
                    item = waiting.popleft()
                    running[remote.remote(shared, item)] = item
                done, _ = ray.wait(list(running), num_returns=1)
                for reference in done:
                    yield _outcome(ray, running.pop(reference), reference)


def _run(task: Callable[[T], R], item: T) -> R:
    return task(item)


def _outcome(ray: Any, item: T, reference: Any) -> Outcome[T, Any]:
    try:
        return Outcome(item, ray.get(reference))
    except ray.exceptions.RayTaskError as error:
        cause = getattr(error, "cause", error)
        return Outcome(item, None, f"{type(cause).__name__}: {cause}")
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())[:200]
        return Outcome(item, None, f"its worker ended {_REPEATS + 1} times: {reason}")
