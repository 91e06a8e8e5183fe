"""One catalogue from those of several agencies: which of their events are the same."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Duplicate", "joined_without_duplicates"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_S_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An event that was left out, and the one that stands for it.

    Parameters
    ----------
    agency, event_id, time_days, magnitude
        Of the event left out.
    kept_agency, kept_event_id
        Of the one that stays.
    apart_s, apart_km, apart_magnitude
        How far the left-out one lies from it: later, away (NaN without places), larger.
    """

    agency: str
    event_id: str
    time_days: float
    magnitude: float
    kept_agency: str
    kept_event_id: str
    apart_s: float
    apart_km: float
    apart_magnitude: float


def joined_without_duplicates(
    by_agency: Mapping[str, Catalogue],
    within_s: float = 16.0,
    within_km: float = 100.0,
    within_magnitude: float = 1.0,
) -> tuple[Catalogue, list[Duplicate]]:
    """Return one catalogue of several, and the events that were left out as duplicates.

    Two events of different agencies are the same if they lie within all three limits. The agency
    that is named first wins; an event stands for at most one of each other agency, the nearest,
    so that two shocks of one agency never vanish behind one of another. Events of one agency are
    never compared with one another.

    Parameters
    ----------
    by_agency
        Catalogue of each agency, the most trusted first.
    within_s, within_km, within_magnitude
        The limits. Distance does not count for events without places, and is of epicentres.

    Raises
    ------
    SettingsError
        If a limit is not positive.
    """
    limits = (within_s, within_km, within_magnitude)
    if not min(limits) > 0:
        raise SettingsError(f"limits {limits} of time, distance and magnitude must be above 0")
    parts: list[Catalogue] = []
    agencies: list[str] = []
    dropped: list[Duplicate] = []
    for agency, catalogue in by_agency.items():
        stays = np.ones(len(catalogue), dtype=bool)
        for before, kept in zip(agencies, parts, strict=True):
            free = np.flatnonzero(stays)
            mine, theirs, apart = _matches(catalogue.take(free), kept, limits)
            for i, j, (late_s, away_km, larger) in zip(free[mine], theirs, apart, strict=True):
                stays[i] = False
                dropped.append(
                    Duplicate(
                        agency,
                        str(catalogue.event_id[i]),
                        float(catalogue.time_days[i]),
                        float(catalogue.magnitude[i]),
                        before,
                        str(kept.event_id[j]),
                        float(late_s),
                        float(away_km),
                        float(larger),
                    )
                )
        agencies.append(agency)
        parts.append(catalogue.take(stays))
    return Catalogue.joined(parts), sorted(dropped, key=lambda one: one.time_days)


def _matches(
    ours: Catalogue, theirs: Catalogue, limits: tuple[float, float, float]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return pairs of the same event, nearest first, each event in at most one pair."""
    within_s, within_km, within_magnitude = limits
    first = np.searchsorted(theirs.time_days, ours.time_days - within_s / _S_A_DAY, side="left")
    last = np.searchsorted(theirs.time_days, ours.time_days + within_s / _S_A_DAY, side="right")
    count = last - first
    mine = np.repeat(np.arange(len(ours)), count)
    other = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    other = other + np.repeat(first, count)
    late = (ours.time_days[mine] - theirs.time_days[other]) * _S_A_DAY
    larger = ours.magnitude[mine] - theirs.magnitude[other]
    away = geodesic_distance_km(
        ours.longitude[mine], ours.latitude[mine], theirs.longitude[other], theirs.latitude[other]
    )
    far = np.nan_to_num(away / within_km)
    close = (far <= 1.0) & (np.abs(larger) <= within_magnitude + 1e-9)
    score = (late / within_s) ** 2 + far**2 + (larger / within_magnitude) ** 2
    used_ours, used_theirs, chosen = set(), set(), []
    candidates = np.flatnonzero(close)
    for pair in candidates[np.argsort(score[candidates], kind="stable")]:
        i, j = int(mine[pair]), int(other[pair])
        if i not in used_ours and j not in used_theirs:
            used_ours.add(i)
            used_theirs.add(j)
            chosen.append(int(pair))
    index = np.array(chosen, dtype=np.int64)
    apart = np.column_stack([late[index], away[index], larger[index]])
    return mine[index], other[index], apart
