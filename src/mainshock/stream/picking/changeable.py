"""The picking stage with a picker that can be exchanged between two steps."""

from collections.abc import Sequence
from dataclasses import replace

from mainshock.detect.base import Picker
from mainshock.stream.bus import Message
from mainshock.stream.picking.stage import PickingStage, PickingState

__all__ = ["ChangeablePicking"]


class ChangeablePicking:
    """A picking stage whose picker may change; what was recorded stays in the state.

    Parameters
    ----------
    stage
        The stage at first.

    Notes
    -----
    A step works with the picker that was there when it began. What was settled before stays; the
    first chunk afterwards goes on where the last one before ended, whatever the lengths of the
    windows, so that each moment is settled once.
    """

    def __init__(self, stage: PickingStage) -> None:
        self._stage = stage

    @property
    def name(self) -> str:
        """Its name as a consumer of the bus."""
        return self._stage.name

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads."""
        return self._stage.topics

    @property
    def picker(self) -> Picker:
        """What finds the arrivals now."""
        return self._stage.picker

    def change(self, picker: Picker) -> None:
        """Work with another picker from the next step on."""
        self._stage = replace(self._stage, picker=picker)

    def start(self) -> PickingState:
        """Return the state before the first record."""
        return self._stage.start()

    def step(
        self, state: PickingState, messages: Sequence[Message]
    ) -> tuple[PickingState, list[Message]]:
        """Return the state after some records, and the pick versions they lead to."""
        return self._stage.step(state, messages)

    def finish(self, state: PickingState) -> tuple[PickingState, list[Message]]:
        """Return the picks in what was recorded last, all settled."""
        return self._stage.finish(state)

    def snapshot(self, state: PickingState) -> memoryview:
        """Return the state as bytes."""
        return self._stage.snapshot(state)

    def restore(self, snapshot: bytes) -> PickingState:
        """Return the state that bytes hold."""
        return self._stage.restore(snapshot)
