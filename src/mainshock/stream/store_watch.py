"""Every few seconds: see that the store is still this run's, and pass on what others put there."""

import logging
import threading
from collections.abc import Callable, Sequence

from mainshock.core.errors import MainshockError

__all__ = ["StoreWatch"]

_log = logging.getLogger(__name__)
_EVERY_S = 2.0


class StoreWatch:
    """Does some things to a store again and again, in a thread of its own.

    Parameters
    ----------
    actions
        Done in order; the first one that fails ends a turn.
    every_s
        From one turn to the next, in seconds.

    Attributes
    ----------
    problem
        Why the last turn failed; empty where it did not.
    """

    def __init__(self, actions: Sequence[Callable[[], None]], every_s: float = _EVERY_S) -> None:
        self.problem = ""
        self._actions = actions
        self._every_s = every_s
        self._wake = threading.Event()
        self._is_ending = False
        self._looking = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which looks at once."""
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread, after what it is doing."""
        self._is_ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def wake(self) -> None:
        """Have the thread look at once."""
        self._wake.set()

    def look(self) -> None:
        """Do all once. A fault stands in ``problem`` until it is mended."""
        with self._looking:
            try:
                for action in self._actions:
                    action()
            except MainshockError as error:
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001 - a fault here must not end the live path
                _log.exception("the store could not be looked after")
                self._tell(repr(error))
            else:
                self._tell("")

    def _tell(self, problem: str) -> None:
        if problem and problem != self.problem:
            _log.warning("%s", problem)
        self.problem = problem

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._is_ending:
                return
            self.look()
            self._wake.wait(self._every_s)
