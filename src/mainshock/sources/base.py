"""What a source of waveforms is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mainshock.core.records import Waveform

__all__ = ["SkippedInput", "WaveformSource"]


@dataclass(frozen=True, slots=True)
class SkippedInput:
    """A piece of input that could not be used, and why; the rest was processed."""

    name: str
    reason: str


@runtime_checkable
class WaveformSource(Protocol):
    """Yields three-component waveforms, station by station, without loading all at once.

    One bad file never stops the others: it is skipped, and ``skipped`` says what and why once
    the iteration is over.
    """

    skipped: list[SkippedInput]

    def __iter__(self) -> Iterator[Waveform]:
        """Yield the waveforms in order of station, instrument and time."""
        ...

    def __len__(self) -> int:
        """Return the number of pieces (files or station-days) that will be looked at."""
        ...
