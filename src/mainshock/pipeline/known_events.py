"""Picks of past events beside the catalogue that knows where they were."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import NothingFoundError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.calibrate import KnownEvent

__all__ = ["known_events"]

FloatArray = NDArray[np.float64]
_TOLERANCE_S, _TOLERANCE_SHARE = 1.5, 0.15
_FARTHEST_KM = 2000.0  # as far as a location reaches


def known_events(
    picks: Sequence[Pick],
    truth: pd.DataFrame,
    stations: Sequence[Station],
    model: TravelTimeModel,
) -> list[KnownEvent]:
    """Return the catalogue's events that have picks.

    Picks whose ``event_id`` the catalogue knows are its event's. All others go to the event
    whose predicted arrival is nearest, if it is within 1.5 s plus 15 % of the travel time.

    Parameters
    ----------
    truth
        Catalogue with ``event_id,time,longitude,latitude,depth_km``; events without a depth are
        left out.

    Raises
    ------
    NothingFoundError
        If no pick belongs to an event.
    """
    truth = truth[truth["depth_km"].notna()].reset_index(drop=True)
    place_of = {str(event_id): place for place, event_id in enumerate(truth["event_id"])}
    origin_s = truth["time"].map(lambda time: time.timestamp()).to_numpy(np.float64)
    found: dict[int, list[Pick]] = {}
    loose: list[Pick] = []
    for pick in picks:
        if pick.event_id in place_of:
            found.setdefault(place_of[pick.event_id], []).append(pick)
        else:
            loose.append(pick)
    for place, pick in _matched(loose, truth, origin_s, stations, model):
        found.setdefault(place, []).append(pick)
    if not picks:
        raise NothingFoundError(
            "there is no pick at a known station; compare the codes of picks and stations"
        )
    if not found:
        raise NothingFoundError(
            f"none of {len(picks)} picks belongs to one of {len(truth)} events of the catalogue, "
            "by event_id or by time; compare their ids and times"
        )
    columns = truth[["longitude", "latitude", "depth_km"]].to_numpy(np.float64)
    return [
        KnownEvent(tuple(found[place]), float(origin_s[place]), *map(float, columns[place]))
        for place in sorted(found)
    ]


def _matched(
    picks: Sequence[Pick],
    truth: pd.DataFrame,
    origin_s: FloatArray,
    stations: Sequence[Station],
    model: TravelTimeModel,
) -> list[tuple[int, Pick]]:
    """Return event number and pick wherever a predicted arrival is near enough."""
    pairs: list[tuple[int, Pick]] = []
    place = [truth[name].to_numpy(np.float64) for name in ("longitude", "latitude", "depth_km")]
    for station in stations:
        own = [pick for pick in picks if pick.station_code == station.code]
        if not own or not len(truth):
            continue
        away = geodesic_distance_km(place[0], place[1], station.longitude, station.latitude)
        near = np.flatnonzero(away <= _FARTHEST_KM)
        if not near.size:
            continue
        for phase in ("P", "S"):
            travel = model.travel_time_s(phase, away[near], place[2][near], station.depth_km)
            for pick in own:
                if pick.phase == phase:
                    late = np.abs(to_posix_s(pick.time) - origin_s[near] - travel)
                    late[~(late < _TOLERANCE_S + _TOLERANCE_SHARE * travel)] = np.inf
                    best = int(np.argmin(late))
                    if np.isfinite(late[best]):
                        pairs.append((int(near[best]), pick))
    return pairs
