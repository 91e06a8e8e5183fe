"""What an archive and an executor are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from mainshock.pipeline.archive.units import Unit

__all__ = ["Archive", "Executor", "Outcome", "Selection"]

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which units are wanted.

    Parameters
    ----------
    start, end
        UTC; all days that touch the time from ``start`` up to, not including, ``end``. None: as
        far as the archive goes.
    stations
        Patterns ``NET.STA`` such as ``CX.PB*``; a pattern without a dot is a station of any
        network.
    """

    start: datetime | None = None
    end: datetime | None = None
    stations: tuple[str, ...] = ("*",)

    def has_station(self, network: str, station: str) -> bool:
        """Return whether a station is wanted.

        Examples
        --------
        >>> Selection(stations=("CX.PB*", "UH1")).has_station("BW", "UH1")
        True
        """
        return any(
            fnmatchcase(f"{network}.{station}" if "." in one else station, one)
            for one in self.stations
        )

    def has_day(self, unit: Unit) -> bool:
        """Return whether the day of a unit is wanted."""
        return (self.end is None or unit.start < self.end) and (
            self.start is None or unit.end > self.start
        )


class Archive(Protocol):
    """Knows its units, and gets the files of one."""

    def units(self, selection: Selection) -> list[Unit]:
        """Return the units in order of station and day."""
        ...

    def files_of(self, unit: Unit) -> AbstractContextManager[list[tuple[str, Path]]]:
        """Give the files of a unit for the time of the block: names for a user, and local paths."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R_co]):
    """What came of one item: a value, or why there is none.

    Parameters
    ----------
    item
        What the task was given.
    value
        What it returned, None where it did not.
    error
        Empty, or why there is no value.
    """

    item: T
    value: R_co | None
    error: str = ""


class Executor(Protocol):
    """Runs one task on many items; the result depends on the items alone, their order does not.

    A worker that dies takes no result with it: its item is given to another one, three times in
    all. An error that a task raises ends that item and no other.
    """

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""
        ...

    def run(self, task: Callable[[T], R], items: Sequence[T]) -> Iterator[Outcome[T, R]]:
        """Yield the outcome of each item, as they come.

        Parameters
        ----------
        task
            A function of a module, or a partial one, so that other processes find it.
        """
        ...
