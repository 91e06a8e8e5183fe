"""The forecast clock: which version of which event was known when a forecast was issued."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Era", "eras", "known_before"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Era:
    """Issue times at which an event is known if it happened before, and only then.

    Parameters
    ----------
    first, last
        The issue times ``first <= i < last``.
    known
        The events, each in the version that holds; those after an issue time are not known at it.
    """

    first: int
    last: int
    known: Catalogue


def known_before(catalogue: Catalogue, time_days: float) -> Catalogue:
    """Return what was known just before a time: events before it, each in its version of then."""
    return catalogue.as_of(float(np.nextafter(time_days, -np.inf)))


def eras(catalogue: Catalogue, issue_days: FloatArray) -> Iterator[Era]:
    """Yield stretches of issue times between which no event was revised or came late.

    Events that were known at once make one era of all issue times. An event that a provider
    published or changed later divides them, so that each issue time sees the version of its day.

    Parameters
    ----------
    catalogue
        Events, with ``known_days`` where they have it.
    issue_days
        Ascending, days after 1970-01-01, shape ``(n,)``.

    Raises
    ------
    DataError
        If issue times do not ascend.
    """
    if len(issue_days) == 0:
        return
    if not (np.diff(issue_days) > 0).all():
        raise DataError("issue times of features must ascend")
    since, until = _known(catalogue)
    happened = np.searchsorted(issue_days, catalogue.time_days, side="right")
    came = np.searchsorted(issue_days, since, side="right")
    went = np.searchsorted(issue_days, until, side="right")
    n = len(issue_days)
    late = (came > happened) & (came < n) & (went > came)
    replaced = (went < n) & (went > came)
    edges = np.unique(np.concatenate([[0, n], came[late], went[replaced]]))
    for first, last in pairwise(edges):
        holds = (came <= np.maximum(first, happened)) & (went >= last) & (happened < last)
        yield Era(int(first), int(last), catalogue.take(holds))


def _known(catalogue: Catalogue) -> tuple[FloatArray, FloatArray]:
    """Return from when until when each row is the version that is known.

    A row becomes known at its ``known_days``, never before the event. It holds until another row
    of the same ``event_id`` becomes known.
    """
    stated = np.where(np.isfinite(catalogue.known_days), catalogue.known_days, -np.inf)
    since = np.maximum(stated, catalogue.time_days)
    until = np.full(len(since), np.inf)
    names = catalogue.event_id
    named = np.flatnonzero(names != "")
    order = named[np.lexsort((named, since[named], names[named].astype(str)))]
    same = names[order[1:]] == names[order[:-1]]
    until[order[:-1][same]] = since[order[1:][same]]
    return since, until
