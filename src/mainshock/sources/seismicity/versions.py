"""Revisions of events: several states of a catalogue as one history, for replays.

``Catalogue.as_of`` then gives what was known at a moment.
"""

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from mainshock.core.errors import DataError
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["latest_versions", "merged_versions", "with_delay"]


def merged_versions(
    states: Sequence[Catalogue], taken_days: Sequence[float] | None = None
) -> Catalogue:
    """Return every version of every event in several states of one catalogue.

    A version that several states hold is kept once, as known from the earliest of them on.

    Parameters
    ----------
    states
        Files of one catalogue, or of one agency, downloaded at different times.
    taken_days
        When each was downloaded, days after 1970. Versions without a time of revision of their
        own count as known from then on. Without it, they count as known at their origin time.

    Raises
    ------
    DataError
        If an event has no identifier, there are several states whose versions cannot be ordered,
        or ``taken_days`` has another length.

    Notes
    -----
    A service states when the *latest* version was made, often years after the event. A history of
    one state alone would hide such events until then; see :func:`with_delay`. An event that a
    later state no longer holds stays known: a catalogue cannot say that it was withdrawn.
    """
    if taken_days is not None and len(taken_days) != len(states):
        raise DataError(f"{len(taken_days)} times of download stand for {len(states)} states")
    parts = []
    for number, state in enumerate(states):
        if not all(state.event_id):
            raise DataError(
                f"state {number} has events without event_id; versions of an event cannot be "
                "told from other events"
            )
        known = state.known_days
        if taken_days is not None:
            known = np.where(np.isfinite(known), known, float(taken_days[number]))
        elif len(states) > 1 and not np.isfinite(known).all():
            raise DataError(
                f"state {number} does not say when its versions were made; give taken_days, when "
                "each state was downloaded"
            )
        parts.append(replace(state, known_days=known))
    return _without_repeats(Catalogue.joined(parts))


def _without_repeats(history: Catalogue) -> Catalogue:
    """Return each version once, the one known first."""
    known = np.where(np.isfinite(history.known_days), history.known_days, history.time_days)
    compared = [
        getattr(history, one.name)
        for one in fields(Catalogue)
        if one.name not in ("known_days", "is_synthetic")
    ]
    seen: dict[tuple[object, ...], int] = {}
    for i in np.argsort(known, kind="stable"):
        version = tuple(_comparable(column[i]) for column in compared)
        seen.setdefault(version, int(i))
    return history.take(np.sort(np.fromiter(seen.values(), dtype=np.int64, count=len(seen))))


def _comparable(value: object) -> object:
    """Return a value that equals itself: None for NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value


def latest_versions(history: Catalogue) -> Catalogue:
    """Return the last version of each event: a catalogue for statistics.

    Events without ``event_id`` have one version each.
    """
    known = np.where(np.isfinite(history.known_days), history.known_days, history.time_days)
    latest = float(max(known.max(), history.time_days.max())) if len(history) else 0.0
    return history.as_of(latest)


def with_delay(catalogue: Catalogue, delay_days: float) -> Catalogue:
    """Return a catalogue whose events count as known some time after they happened.

    For replays with final catalogues, whose stated times of revision come years late: earlier
    versions were known in time but are lost. Magnitudes and places are then better than they
    were at that time; a score of such a replay is a little too good.

    Raises
    ------
    DataError
        If the delay is negative.
    """
    if not delay_days >= 0:
        raise DataError(f"a delay of {delay_days:g} days is not possible; give 0 or more")
    return replace(catalogue, known_days=catalogue.time_days + delay_days)
