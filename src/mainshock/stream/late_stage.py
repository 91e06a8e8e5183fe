"""The stage that finds late records on the bus, for runs whose stages are spread over processes."""

from collections.abc import Sequence

from mainshock.detect.base import Picker
from mainshock.stream.bus import Message
from mainshock.stream.late_picks import LatePicks
from mainshock.stream.late_records import LateRecords

__all__ = ["LateStage"]


class LateStage:
    """Reads records and picks, and keeps as its state what came late and is not picked yet.

    Parameters
    ----------
    late
        What picks them, in a thread beside the stage; it follows picks.

    Notes
    -----
    The stage tells nothing itself. A process that takes it over looks again at what waited, and at
    what its predecessor picked since its last commit; picks that are known are not told again.
    """

    name = "late"
    topics = ("waveform.v1", "pick.v1")

    def __init__(self, late: LatePicks) -> None:
        self.late = late

    def change(self, picker: Picker) -> None:
        """Work with another picker from the next stretch on."""
        self.late.picker = picker

    def start(self) -> LateRecords:
        """Return the state before the first record."""
        self.late.records.forget()
        return self.late.records

    def step(
        self, state: LateRecords, messages: Sequence[Message]
    ) -> tuple[LateRecords, list[Message]]:
        """Return the state after some records and picks."""
        state.see(messages)
        return state, []

    def finish(self, state: LateRecords) -> tuple[LateRecords, list[Message]]:
        """Return the state as it is; what waits is left to the next run."""
        return state, []

    def snapshot(self, state: LateRecords) -> bytes:
        """Return the state as bytes."""
        return state.snapshot()

    def restore(self, snapshot: bytes) -> LateRecords:
        """Return the state that bytes hold."""
        self.late.records.restore(snapshot)
        return self.late.records
