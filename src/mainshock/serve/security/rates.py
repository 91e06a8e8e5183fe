"""How often a client may ask."""

import threading
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["RateLimit"]


class RateLimit:
    """So many requests a minute for each client, and no more clients remembered than stated.

    Parameters
    ----------
    per_minute
        Requests a minute that a client may make in the long run.
    burst
        Requests that it may make at once.
    clock
        Seconds of a clock that never goes back.
    most_clients
        Clients remembered; the one unseen for longest is forgotten first.
    """

    def __init__(
        self,
        per_minute: float,
        burst: int,
        clock: Callable[[], float],
        most_clients: int = 1024,
    ) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._clock = clock
        self._most_clients = most_clients
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Count a request, and return 0, or after how many seconds the client may come again."""
        with self._lock:
            now = self._clock()
            left, then = self._left.pop(client, (float(self.burst), now))
            left = min(self.burst, left + (now - then) * self.per_minute / 60.0)
            is_allowed = left >= 1.0
            left = left - 1.0 if is_allowed else left
            self._left[client] = (left, now)
            if len(self._left) > self._most_clients:
                self._left.popitem(last=False)
        return 0.0 if is_allowed else (1.0 - left) * 60.0 / self.per_minute
