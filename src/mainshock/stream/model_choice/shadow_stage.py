"""The stage that shows a shadow records and picks from the bus, where stages are spread out."""

import time
from collections.abc import Callable, Sequence

from mainshock.sources.fragments import NANOSECONDS
from mainshock.stream.bus import Message
from mainshock.stream.model_choice.shadow import Shadow

__all__ = ["ShadowStage"]

_OLDEST_S = 600.0


class ShadowStage:
    """Passes records and the picks that count on to a shadow; keeps and tells nothing itself.

    Parameters
    ----------
    shadow
        What picks and compares, in threads and a process of its own.
    is_live
        Whether messages that came more than ten minutes before now are passed over: a shadow that
        is started later does not make up for the days that the cluster still holds.
    clock
        Nanoseconds since 1970.
    """

    name = "shadow"
    topics = ("waveform.v1", "pick.v1")

    def __init__(
        self, shadow: Shadow, *, is_live: bool, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.shadow = shadow
        self._is_live = is_live
        self._clock = clock

    def start(self) -> None:
        """Return nothing: there is no state."""

    def step(self, state: None, messages: Sequence[Message]) -> tuple[None, list[Message]]:
        """Show the shadow some messages."""
        del state
        oldest_ns = self._clock() - round(_OLDEST_S * NANOSECONDS) if self._is_live else 0
        self.shadow.see([one for one in messages if one.arrival_ns >= oldest_ns])
        return None, []

    def finish(self, state: None) -> tuple[None, list[Message]]:
        """Tell nothing more."""
        return state, []

    def snapshot(self, state: None) -> bytes:
        """Return nothing, as bytes: how far it has read is what a commit keeps."""
        del state
        return b""

    def restore(self, snapshot: bytes) -> None:
        """Return nothing."""
        del snapshot
