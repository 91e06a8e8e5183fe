"""Gives new picks to events that are well seen already, so that not all is associated anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from mainshock.core.errors import MainshockError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Event, Origin, Pick, Station
from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.pipeline.locating import BuildsEvents
from mainshock.stream.events.event_versions import pick_key
from mainshock.stream.records import EventVersion

__all__ = ["Follower", "Share"]

_FEWEST_PICKS, _WORST_QUALITY = 8, "B"
_LEAST_MISFIT_S, _MISFIT_SHARE = 1.0, 0.05  # of the travel time: what a velocity model may be off
_GROWTH, _CHANGE = 1.5, 0.1
_LONGEST_WAIT = timedelta(seconds=5)
_CODA_S = 5.0
_ENOUGH_PICKS = 60
_REACH_S = 300.0
_OriginKey = tuple[datetime, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """Picks by the event they belong to.

    Parameters
    ----------
    of_events
        By event id, in order of time.
    free
        Those of no event.
    """

    of_events: dict[str, list[Pick]]
    free: list[Pick]


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """Follows well-seen events as waves reach more and more stations.

    Parameters
    ----------
    builder
        Locates.
    travel_times
        Predict where an event's waves are by now.

    Notes
    -----
    An event with eight picks or more and quality B or better is followed: a pick within a second
    and a twentieth of the travel time of a predicted one is its own, and a further one of the same
    station and phase is used up with it. What else its stations pick until as long after S as S
    comes after P, and five seconds more, is taken for its coda; an earthquake within that is told
    when picks are settled. The event is located anew once its picks are half as many again, or
    after five seconds if a tenth of them came or went; from 60 picks on it waits to be settled.
    """

    builder: BuildsEvents
    travel_times: TravelTimeModel
    _times_s: dict[_OriginKey, dict[tuple[str, str], float]] = field(default_factory=dict)

    def follows(self, version: EventVersion) -> bool:
        """Return whether an event is seen well enough."""
        event = version.event
        return len(event.arrivals) >= _FEWEST_PICKS and event.quality <= _WORST_QUALITY

    def share(self, picks: Sequence[Pick], versions: Sequence[EventVersion]) -> Share:
        """Divide picks in order of time among the events that are followed."""
        self._forget_others(versions)
        owner = {pick_key(pick): one.event_id for one in versions for pick in one.event.picks}
        of_events: dict[str, list[Pick]] = {one.event_id: [] for one in versions}
        others: list[Pick] = []
        for pick in picks:
            event_id = owner.get(pick_key(pick))
            (others if event_id is None else of_events[event_id]).append(pick)
        taken = {
            (event_id, pick.station_code, pick.phase)
            for event_id, own in of_events.items()
            for pick in own
        }
        unfit: list[Pick] = []
        for pick in others:
            best = self._best(pick, versions)
            if best is None:
                unfit.append(pick)
            elif (best, pick.station_code, pick.phase) not in taken:
                taken.add((best, pick.station_code, pick.phase))
                of_events[best].append(pick)
        reached = {(event_id, code) for event_id, code, _ in taken}
        free = [pick for pick in unfit if not self._is_in_coda(pick, versions, reached)]
        return Share({key: sorted(own, key=_time) for key, own in of_events.items()}, free)

    def is_due(self, version: EventVersion, picks: Sequence[Pick], now: datetime) -> bool:
        """Return whether an event is to be located anew, with these picks."""
        known = {pick_key(pick) for pick in version.event.picks}
        if len(known) >= _ENOUGH_PICKS:
            return False
        if len(picks) >= _GROWTH * len(known):
            return True
        n_changed = len(known ^ {pick_key(pick) for pick in picks})
        is_time = now - version.issued >= _LONGEST_WAIT
        return is_time and len(picks) >= 2 and n_changed > _CHANGE * len(known)

    def located(self, picks: Sequence[Pick]) -> Event | None:
        """Return the event anew, or None where no place explains its picks."""
        try:
            event = self.builder.build(tuple(picks), "", np.random.default_rng(0))
        except (MainshockError, np.linalg.LinAlgError):
            return None
        return None if "at_grid_edge" in event.flags else event

    def _best(self, pick: Pick, versions: Sequence[EventVersion]) -> str | None:
        """Return the id of the event that a pick fits best, or None."""
        misfits = [(self._misfit(pick, one.event.origin), one.event_id) for one in versions]
        best = min(misfits, default=(np.inf, ""))
        return best[1] if best[0] <= 1.0 else None

    def _is_in_coda(
        self, pick: Pick, versions: Sequence[EventVersion], reached: set[tuple[str, str]]
    ) -> bool:
        """Return whether a pick lies in the waves of an event that its station has seen."""
        for one in versions:
            if (one.event_id, pick.station_code) not in reached:
                continue
            origin = one.event.origin
            after_s = (pick.time - origin.time).total_seconds()
            p_s, s_s = (self._expected_s(pick, phase, origin) for phase in "PS")
            if p_s - _LEAST_MISFIT_S <= after_s <= 2.0 * s_s - p_s + _CODA_S:
                return True
        return False

    def _misfit(self, pick: Pick, origin: Origin) -> float:
        """Return how far a pick is from where it should be, in parts of what is tolerated."""
        after_s = (pick.time - origin.time).total_seconds()
        if not -_LEAST_MISFIT_S <= after_s <= _REACH_S:
            return np.inf
        expected_s = self._expected_s(pick, pick.phase, origin)
        tolerated_s = _LEAST_MISFIT_S + _MISFIT_SHARE * expected_s
        misfit = abs(after_s - expected_s) / tolerated_s
        return float(misfit) if np.isfinite(misfit) else np.inf

    def _expected_s(self, pick: Pick, phase: str, origin: Origin) -> float:
        """Return the travel time of a phase to a pick's station, NaN where none is known."""
        times_s = self._times_s.setdefault(_origin_key(origin), {})
        key = (pick.station_code, phase)
        if key not in times_s:
            try:
                station = self.builder.stations.find(pick.network, pick.station)
                times_s[key] = _travel_time_s(self.travel_times, phase, station, origin)
            except MainshockError:
                times_s[key] = float("nan")
        return times_s[key]

    def _forget_others(self, versions: Sequence[EventVersion]) -> None:
        """Forget the travel times from all origins but those of some versions."""
        kept = {_origin_key(one.event.origin) for one in versions}
        for key in [key for key in self._times_s if key not in kept]:
            del self._times_s[key]


def _origin_key(origin: Origin) -> _OriginKey:
    return origin.time, origin.longitude, origin.latitude, origin.depth_km


def _travel_time_s(model: TravelTimeModel, phase: str, station: Station, origin: Origin) -> float:
    place = (origin.longitude, origin.latitude)
    if isinstance(model, VolumeTravelTimes):
        return float(model.station_travel_time_s(phase, station, *place, origin.depth_km))
    away_km = geodesic_distance_km(*place, station.longitude, station.latitude)
    return float(model.travel_time_s(phase, away_km, origin.depth_km, station.depth_km))


def _time(pick: Pick) -> datetime:
    return pick.time
