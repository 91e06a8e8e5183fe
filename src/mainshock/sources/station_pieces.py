"""Pieces of work: one instrument and one span of time, and the files that hold it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.core.records import Waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.components import assemble_waveforms
from mainshock.sources.fragments import Fragment, InstrumentKey, TimeWindow
from mainshock.sources.trace_files import read_fragments

__all__ = ["DAY_NS", "SkippedList", "StationPiece", "load_piece"]

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class StationPiece:
    """What is read and held at one time.

    Parameters
    ----------
    key
        The instrument.
    paths
        The files that may hold samples of it.
    window
        The span of time, or None for all that the files hold.
    """

    key: InstrumentKey
    paths: tuple[Path, ...]
    window: TimeWindow | None = None


class SkippedList(list[SkippedInput]):
    """A list that takes each entry once: a bad file belongs to many pieces."""

    def __init__(self, items: Iterable[SkippedInput] = ()) -> None:
        super().__init__()
        self._known: set[SkippedInput] = set()
        self.add(items)

    def add(self, items: Iterable[SkippedInput]) -> None:
        """Append those items that are not in the list yet."""
        for item in items:
            if item not in self._known:
                self._known.add(item)
                self.append(item)


def load_piece(piece: StationPiece, skipped: SkippedList, max_gap_s: float) -> Iterator[Waveform]:
    """Yield the waveforms of a piece, and tell in ``skipped`` what could not be used."""
    fragments: list[Fragment] = []
    for path in piece.paths:
        try:
            found, problem = read_fragments(path, piece.key, piece.window)
        except SourceError as error:
            skipped.add([SkippedInput(str(path), str(error))])
            continue
        if problem:
            skipped.add([SkippedInput(str(path), problem)])
        fragments.extend(found)
    waveforms, left_out = assemble_waveforms(fragments, max_gap_s=max_gap_s)
    del fragments  # the samples live on in the waveforms alone
    skipped.add(left_out)
    yield from waveforms
