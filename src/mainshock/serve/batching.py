"""Puts windows of several requests through a network at once."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.serve.envelope import ApiError

__all__ = ["MicroBatcher"]

FloatArray = NDArray[np.float32]
_ANSWER_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    windows: FloatArray
    answer: "Future[FloatArray]"


class MicroBatcher:
    """One thread that runs a network on what several callers bring within a few milliseconds.

    Parameters
    ----------
    network
        From windows ``(batch, 3, n)`` to curves ``(batch, rows, n)``.
    most_windows
        Windows that go through the network at once.
    most_waiting
        Requests that may wait; another one is refused.
    wait_s
        For how long the first request waits for company.
    """

    def __init__(
        self,
        network: Callable[[FloatArray], FloatArray],
        most_windows: int = 64,
        most_waiting: int = 64,
        wait_s: float = 0.005,
    ) -> None:
        self._network = network
        self._most_windows = most_windows
        self._wait_s = wait_s
        self._waiting: queue.Queue[_Job | None] = queue.Queue(most_waiting)
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    @property
    def n_waiting(self) -> int:
        """How many requests wait."""
        return self._waiting.qsize()

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the curves of some windows.

        Raises
        ------
        ApiError
            503 if too many requests wait already.
        """
        job = _Job(windows, Future())
        try:
            self._waiting.put_nowait(job)
        except queue.Full as error:
            raise ApiError(503, "too many requests wait for the network; try later") from error
        try:
            return job.answer.result(_ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise ApiError(503, "the network did not answer in time; send less at once") from error

    def close(self) -> None:
        """Answer what waits, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            job = self._waiting.get()
            if job is None:
                return
            jobs, is_last = self._company(job)
            _answer(jobs, self._network)
            if is_last:
                return

    def _company(self, first: _Job) -> tuple[list[_Job], bool]:
        """Return the first job with those that come soon enough, and whether to end after them."""
        jobs = [first]
        n_windows = len(first.windows)
        until = time.monotonic() + self._wait_s
        while n_windows < self._most_windows:
            try:
                job = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            n_windows += len(job.windows)
        return jobs, False


def _answer(jobs: list[_Job], network: Callable[[FloatArray], FloatArray]) -> None:
    try:
        curves = network(np.concatenate([job.windows for job in jobs]))
    except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
        for job in jobs:
            job.answer.set_exception(error)
        return
    first = 0
    for job in jobs:
        job.answer.set_result(curves[first : first + len(job.windows)])
        first += len(job.windows)
