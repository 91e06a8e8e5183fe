"""Decides where one waveform ends and the next one begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Stretch", "stretches"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples ``first`` up to ``past_last`` of a grid, recorded by these components."""

    first: int
    past_last: int
    components: frozenset[int]

    @property
    def n_samples(self) -> int:
        """Number of samples of each component."""
        return self.past_last - self.first


def stretches(spans: Iterable[tuple[int, int, int]], max_gap: int) -> list[Stretch]:
    """Return the stretches that records of single components fall into, in order.

    Parameters
    ----------
    spans
        Component, first sample and past-last sample of each record, in any order.
    max_gap
        Longest gap, in samples, that stays inside a stretch. A change of components that lasts
        no longer does not end a stretch either.

    Examples
    --------
    >>> [(s.first, s.past_last) for s in stretches([(0, 0, 100), (0, 110, 200)], max_gap=20)]
    [(0, 200)]
    >>> [(s.first, s.past_last) for s in stretches([(0, 0, 100), (0, 130, 200)], max_gap=20)]
    [(0, 100), (130, 200)]
    """
    by_component: dict[int, list[Span]] = {}
    for component, first, past_last in spans:
        by_component.setdefault(component, []).append((first, past_last))
    bridged = {
        component: _bridged(sorted(found), max_gap) for component, found in by_component.items()
    }
    return _joined(_elementary(bridged), max_gap)


def _bridged(spans: Sequence[Span], max_gap: int) -> list[Span]:
    """Return sorted spans with those joined that overlap or lie close enough."""
    joined: list[Span] = []
    for first, past_last in spans:
        if joined and first - joined[-1][1] <= max_gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], past_last))
        else:
            joined.append((first, past_last))
    return joined


def _elementary(bridged: dict[int, list[Span]]) -> list[Stretch]:
    """Return the pieces between changes of the set of components."""
    changes = [
        (edge, is_end, component)
        for component, spans in bridged.items()
        for span in spans
        for is_end, edge in enumerate(span)
    ]
    pieces: list[Stretch] = []
    present: set[int] = set()
    previous = 0
    for edge, is_end, component in sorted(changes):
        if present and edge > previous:
            pieces.append(Stretch(previous, edge, frozenset(present)))
        if is_end:
            present.discard(component)
        else:
            present.add(component)
        previous = edge
    return pieces


def _joined(pieces: Sequence[Stretch], max_gap: int) -> list[Stretch]:
    """Return the pieces with short ones joined to a neighbour they touch or nearly touch."""
    joined: list[Stretch] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _belong_together(last, piece, max_gap):
            joined[-1] = Stretch(last.first, piece.past_last, last.components | piece.components)
        else:
            joined.append(piece)
    return joined


def _belong_together(last: Stretch, piece: Stretch, max_gap: int) -> bool:
    if piece.first - last.past_last > max_gap:
        return False
    is_short = min(last.n_samples, piece.n_samples) <= max_gap
    return is_short or last.components == piece.components
