"""Has something done in the thread of a stage between two of its steps."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mainshock.core.errors import SourceError

__all__ = ["BetweenSteps"]

Action = Callable[[], None]


@dataclass(slots=True, eq=False)
class _Wish:
    """An action, and what became of it."""

    action: Action
    done: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def fulfil(self) -> None:
        try:
            self.action()
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            self.error = error
        finally:
            self.done.set()


@dataclass(slots=True, eq=False)
class BetweenSteps:
    """Wishes that wait for the end of a step; ``ask`` from any thread, the rest from the stage's.

    Parameters
    ----------
    name
        Of the stage, for what is told.
    """

    name: str
    _wishes: "deque[_Wish]" = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_open: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits."""
        return bool(self._wishes)

    def open(self) -> None:
        """From now on somebody answers."""
        with self._lock:
            self._is_open = True

    def close(self) -> None:
        """Nobody answers any more: what waits is done now, and what comes at once."""
        with self._lock:
            self._is_open = False
            while self._wishes:
                self._wishes.popleft().fulfil()

    def ask(self, action: Action, timeout_s: float) -> None:
        """Have an action done between two steps, and return when it is done.

        Raises
        ------
        SourceError
            If the stage did not come to it in time; then the action is not done at all.
        Exception
            What the action raises.
        """
        wish = _Wish(action)
        with self._lock:
            if self._is_open:
                self._wishes.append(wish)
            else:
                wish.fulfil()
        if not wish.done.wait(timeout_s) and self._withdrawn(wish):
            raise SourceError(
                f"stage {self.name} was busy for {timeout_s:g} s; nothing was changed: try later"
            )
        wish.done.wait()
        if wish.error is not None:
            raise wish.error

    def answer(self, before: Action) -> None:
        """Do what is asked for, after ``before``."""
        before()
        while True:
            with self._lock:
                wish = self._wishes.popleft() if self._wishes else None
            if wish is None:
                return
            wish.fulfil()

    def _withdrawn(self, wish: _Wish) -> bool:
        with self._lock:
            if wish not in self._wishes:
                return False  # it is being done
            self._wishes.remove(wish)
            return True
