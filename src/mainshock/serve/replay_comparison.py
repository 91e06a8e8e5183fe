"""Which events of a replay are those that were stored before, and which are new or missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.times import parse_utc, to_posix_s

__all__ = ["Pair", "compared"]

_SAME_S = 15.0
_SAME_KM = 100.0
_S_AS_KM = 5.0  # what a second counts beside a distance: roughly a wave's path


@dataclass(frozen=True, slots=True)
class Pair:
    """An event of a replay beside the stored one; one of the two may be missing.

    Parameters
    ----------
    replayed, stored
        Ids, or None.
    time_s
        Origin time of the replay's minus the stored one's, seconds.
    distance_km
        Between their epicentres.
    depth_km, magnitude
        Of the replay's minus the stored one's; None where one of them has none.
    """

    replayed: str | None
    stored: str | None
    time_s: float | None = None
    distance_km: float | None = None
    depth_km: float | None = None
    magnitude: float | None = None


def compared(
    replayed: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]]
) -> list[Pair]:
    """Return pairs of events, closest first, then what is only in one of the two.

    Parameters
    ----------
    replayed, stored
        With the keys of ``GET /api/v1/events``.

    Notes
    -----
    Two events are one within 15 s and 100 km; each is paired once at most, the closest first.
    """
    candidates = sorted(
        (
            (abs(dt) * _S_AS_KM + km, i, j, dt, km)
            for i, one in enumerate(replayed)
            for j, dt, km in _near(one, stored)
        ),
        key=lambda item: item[0],
    )
    pairs: list[Pair] = []
    used: set[int] = set()
    taken: set[int] = set()
    for _, i, j, dt, km in candidates:
        if i in used or j in taken:
            continue
        used.add(i)
        taken.add(j)
        pairs.append(_pair(replayed[i], stored[j], dt, km))
    only = [Pair(one["event_id"], None) for i, one in enumerate(replayed) if i not in used]
    missed = [Pair(None, one["event_id"]) for j, one in enumerate(stored) if j not in taken]
    return [*pairs, *only, *missed]


def _near(
    one: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> list[tuple[int, float, float]]:
    time = to_posix_s(parse_utc(one["time"]))
    found = []
    for j, other in enumerate(others):
        dt = time - to_posix_s(parse_utc(other["time"]))
        if abs(dt) > _SAME_S:
            continue
        km = geodesic_distance_km(
            one["longitude"], one["latitude"], other["longitude"], other["latitude"]
        )
        if np.max(km) <= _SAME_KM:
            found.append((j, dt, float(np.max(km))))
    return found


def _pair(one: Mapping[str, Any], other: Mapping[str, Any], dt: float, km: float) -> Pair:
    both = [one["magnitude"], other["magnitude"]]
    magnitude = None if None in both else float(both[0]) - float(both[1])
    depths = [one["depth_km"], other["depth_km"]]
    depth = None if None in depths else float(depths[0]) - float(depths[1])
    return Pair(one["event_id"], other["event_id"], dt, km, depth, magnitude)
