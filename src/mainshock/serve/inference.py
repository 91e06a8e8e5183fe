"""The pickers that requests may use: opened once, shared, in threads of their own."""

import re
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from mainshock.core.errors import ModelError, RegistryError, UnreachableError
from mainshock.serve import sentences
from mainshock.serve.batching import MicroBatcher
from mainshock.serve.envelope import ApiError
from mainshock.serve.metrics import ServiceMetrics
from mainshock.serve.security import RateLimit

if TYPE_CHECKING:
    from mainshock.detect.base import Picker
    from mainshock.detect.network import NetworkPicker

__all__ = ["Inference", "ThreadQueue"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # no path: a folder is no model here
_A_MINUTE = 1200.0
_AT_ONCE = 200
P = ParamSpec("P")
T = TypeVar("T")


class ThreadQueue:
    """A few threads that other requests need not share, and a bounded queue before them.

    Parameters
    ----------
    most_at_work
        Requests worked on at once.
    most_waiting
        Requests that may wait; another one is refused.
    """

    def __init__(self, most_at_work: int, most_waiting: int) -> None:
        self._limiter = CapacityLimiter(most_at_work)
        self._most_at_all = most_at_work + most_waiting
        self._n_now = 0  # used by the event loop alone

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function returns that runs in one of the threads.

        Raises
        ------
        ApiError
            503 if too many requests wait already.
        """
        if self._n_now >= self._most_at_all:
            raise ApiError(503, sentences.TOO_BUSY.tell(count=self._n_now))
        self._n_now += 1
        try:
            return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._limiter)
        finally:
            self._n_now -= 1


class Inference:
    """Pickers by name, the micro-batchers of the networks among them, and the clients' limits.

    ``records`` and ``tensors`` are where requests of either kind are worked on.
    """

    def __init__(
        self, metrics: ServiceMetrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.metrics = metrics
        self._limit = RateLimit(_A_MINUTE, _AT_ONCE, clock)
        self.records = ThreadQueue(most_at_work=2, most_waiting=16)
        # more at work, since those of one network go through it together
        self.tensors = ThreadQueue(most_at_work=16, most_waiting=32)
        self._opening = threading.Lock()
        self._pickers: dict[str, Picker] = {}
        self._batchers: dict[str, MicroBatcher] = {}

    def admit(self, client: str) -> None:
        """Count a request of a client.

        Raises
        ------
        ApiError
            429 if it sends more than it may.
        """
        wait_s = self._limit.wait_s(client)
        if wait_s > 0.0:
            raise ApiError(
                429,
                sentences.TOO_MANY_TO_COMPUTE.tell(per_minute=_A_MINUTE, wait_s=wait_s),
                {"retry_after_s": round(wait_s, 2)},
            )

    def is_loaded(self, name: str) -> bool:
        """Return whether a picker was used before."""
        return name in self._pickers

    def picker(self, name: str) -> "Picker":
        """Return a picker.

        Raises
        ------
        ApiError
            404 if there is none of that name, or its files are not there.
        """
        from mainshock.detect.registry import open_picker  # noqa: PLC0415 - loads the picker

        if not _NAME.fullmatch(name):
            raise ApiError(404, f"there is no model {name[:64]!r}; /api/v1/models lists them")
        with self._opening:
            if name not in self._pickers:
                try:
                    self._pickers[name] = open_picker(name)
                except (RegistryError, UnreachableError, ModelError) as error:
                    raise ApiError(404, str(error)) from error
            return self._pickers[name]

    def network(self, name: str) -> "NetworkPicker":
        """Return a picker that is one network.

        Raises
        ------
        ApiError
            404 if there is none of that name, or it takes no tensors.
        """
        from mainshock.detect.network import NetworkPicker  # noqa: PLC0415 - the same

        picker = self.picker(name)
        if not isinstance(picker, NetworkPicker):
            raise ApiError(404, f"{name!r} takes no tensors; use POST /api/v1/infer")
        return picker

    def batcher(self, name: str) -> MicroBatcher:
        """Return what puts windows through a network."""
        network = self.network(name)
        with self._opening:
            if name not in self._batchers:
                self._batchers[name] = MicroBatcher(network.window_curves)
            return self._batchers[name]

    def close(self) -> None:
        """End the threads."""
        for batcher in self._batchers.values():
            batcher.close()
        self._batchers.clear()
