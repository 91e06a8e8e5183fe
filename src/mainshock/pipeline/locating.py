"""From picks to events: associate, locate, give a magnitude, grade."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple, Protocol
from zlib import crc32

import numpy as np

from mainshock.core.errors import MainshockError
from mainshock.core.records import Arrival, Event, Origin, Pick, Station, Waveform
from mainshock.events.base import Associator
from mainshock.events.duplicates import one_event_per_source
from mainshock.events.magnitude import MagnitudeEstimate, estimate_magnitudes
from mainshock.events.magnitude_settings import MagnitudeSettings
from mainshock.events.quality import grade
from mainshock.locate.base import LocationMethod, TravelTimeModel
from mainshock.locate.method import PosteriorLocation
from mainshock.locate.observations import FEWEST_PICKS_TO_DOUBT
from mainshock.pipeline.results import NotUsed
from mainshock.sources.stations import StationList

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = [
    "AmplitudeInput",
    "BuildsEvents",
    "EventBuilder",
    "LocatedPicks",
    "locate_picks",
    "with_known_station",
]


_FEWEST_EVENTS_PER_PROCESS = 100  # a process takes seconds to start
_EVENTS_PER_CHUNK = 8
_CRUST_KM = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class AmplitudeInput:
    """What a magnitude needs: records, all or by station, and their instrument responses."""

    waveforms: Sequence[Waveform] | Mapping[str, Sequence[Waveform]]
    inventory: "Inventory | None"


@dataclass(frozen=True, slots=True)
class LocatedPicks:
    """Events in order of time, all picks, and what was left.

    The picks of an event carry its id; all others the id that they were given, if any.
    """

    events: tuple[Event, ...]
    picks: tuple[Pick, ...]
    not_used: tuple[NotUsed, ...]


class BuildsEvents(Protocol):
    """What makes an event of the picks of one source."""

    @property
    def stations(self) -> StationList:
        """Stations with coordinates."""
        ...

    def build(self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator) -> Event:
        """Return the located event."""
        ...


class _Task(NamedTuple):
    """One event to be built."""

    event_id: str
    picks: tuple[Pick, ...]
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class EventBuilder:
    """Turns the picks of one event into an event record.

    Parameters
    ----------
    method
        The location method.
    stations
        Stations with coordinates.
    amplitudes
        Records and responses for a magnitude, or None.
    magnitude_settings
        Which magnitude, and how.
    """

    method: LocationMethod
    stations: StationList
    amplitudes: AmplitudeInput | None = None
    magnitude_settings: MagnitudeSettings = field(default_factory=MagnitudeSettings)

    def build(self, picks: Sequence[Pick], event_id: str, rng: np.random.Generator) -> Event:
        """Return the located event.

        Raises
        ------
        DataError, GeometryError
            If the picks cannot fix an origin.
        """
        stations = list(self.stations)
        origin, arrivals = self.method.locate(picks, stations, rng)
        if "at_grid_edge" in origin.flags:
            origin, arrivals = self._located_in_crust(picks, rng) or (origin, arrivals)
        quality, flags = grade(origin, arrivals)
        estimate = self._magnitude(origin, arrivals)
        name = event_id or _default_event_id(origin)
        return Event(
            event_id=name,
            origin=origin,
            arrivals=tuple(
                replace(arrival, pick=replace(arrival.pick, event_id=name)) for arrival in arrivals
            ),
            magnitude=estimate.preferred,
            quality=quality,
            flags=tuple(dict.fromkeys((*origin.flags, *flags))),
            notes={"magnitude": "; ".join(estimate.reasons)} if estimate.reasons else {},
            station_magnitudes=estimate.stations,
        )

    def _located_in_crust(
        self, picks: Sequence[Pick], rng: np.random.Generator
    ) -> tuple[Origin, list[Arrival]] | None:
        """Return the location at depths where most earthquakes are, None where a method has none.

        P alone, as a large earthquake often leaves it, fits deep and far hypocentres as well as
        near ones, until no volume is large enough.
        """
        if not isinstance(self.method, PosteriorLocation) or self.method.depth_range_km is not None:
            return None
        stations = list(self.stations)
        top_km = min(station.depth_km for station in stations)
        method = replace(self.method, depth_range_km=(top_km, _CRUST_KM))
        return method.locate(picks, stations, rng)

    def _magnitude(self, origin: Origin, arrivals: Sequence[Arrival]) -> MagnitudeEstimate:
        if self.amplitudes is None:
            return MagnitudeEstimate(None, (), ("none: no records with responses were given",))
        return estimate_magnitudes(
            self.amplitudes.waveforms,
            self.amplitudes.inventory,
            origin,
            arrivals,
            list(self.stations),
            self.magnitude_settings,
        )


def _default_event_id(origin: Origin) -> str:
    """Return an id from the origin time, to a hundredth of a second."""
    return f"ms{origin.time:%Y%m%dT%H%M%S}{origin.time.microsecond // 10_000:02d}"


def locate_picks(
    picks: Sequence[Pick],
    builder: BuildsEvents,
    associator: Associator,
    travel_times: TravelTimeModel,
    rng: np.random.Generator,
    progress: Callable[[str], None] | None = None,
    *,
    jobs: int | None = 1,
) -> LocatedPicks:
    """Return the events behind the picks.

    Picks that carry an ``event_id`` are taken as they are grouped; the others are associated.
    Nothing is lost on a bad pick or event: it is listed in ``not_used`` with its reason. Each
    event draws from a generator of its own, which its picks choose: neither ``jobs`` nor what other
    events there are changes its draws.

    Parameters
    ----------
    jobs
        Processes for many events without records; None: one for each core. More than one need a
        program that may be imported again (``if __name__ == "__main__"``).
    """
    known, not_used = with_known_station(picks, builder.stations)
    groups, loose = _groups(known, builder.stations, associator, travel_times)
    not_used.extend(
        NotUsed(_label(pick), "fits no event with enough other picks") for pick in loose
    )
    tasks: list[_Task] = []
    base = int(rng.integers(2**32))
    for event_id, found in groups:
        group, contradicted = _without_s_before_p(found)
        not_used.extend(contradicted)
        own_rng = np.random.default_rng([base, _digest(group)])
        tasks.append(_Task(event_id, tuple(group), own_rng))
    events: list[Event] = []
    for task, result in zip(tasks, _built(tasks, builder, jobs), strict=True):
        if isinstance(result, NotUsed):
            not_used.append(result)
        elif task.event_id or "at_grid_edge" not in result.flags:
            events.append(result)
        else:
            not_used.append(_nowhere(result))
        if progress is not None:
            progress(task.event_id)
    given = {task.event_id for task in tasks if task.event_id}
    single, doubles = one_event_per_source([e for e in events if e.event_id not in given])
    events = [e for e in events if e.event_id in given] + list(single)
    not_used.extend(
        NotUsed(e.event_id, "its origin is within 2 s of a better seen event") for e in doubles
    )
    events = _with_unique_ids(sorted(events, key=lambda event: event.origin.time))
    return LocatedPicks(tuple(events), tuple(_named(known, events)), tuple(not_used))


def _built(
    tasks: Sequence[_Task], builder: BuildsEvents, jobs: int | None
) -> Iterator[Event | NotUsed]:
    """Yield the event of each task, or why there is none; by several processes where it pays."""
    build = partial(_attempt, builder)
    workers = min(jobs or os.cpu_count() or 1, len(tasks) // _FEWEST_EVENTS_PER_PROCESS)
    if workers < 2 or not isinstance(builder, EventBuilder) or builder.amplitudes is not None:
        yield from map(build, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(build, tasks, chunksize=_EVENTS_PER_CHUNK)


def _attempt(builder: BuildsEvents, task: _Task) -> Event | NotUsed:
    try:
        return builder.build(task.picks, task.event_id, task.rng)
    except (MainshockError, np.linalg.LinAlgError) as error:
        label = task.event_id or f"event near {task.picks[0].time:%Y-%m-%dT%H:%M:%S}"
        return NotUsed(f"{label} ({len(task.picks)} picks)", str(error))


def _groups(
    picks: Sequence[Pick],
    stations: StationList,
    associator: Associator,
    travel_times: TravelTimeModel,
) -> tuple[list[tuple[str, list[Pick]]], list[Pick]]:
    named = sorted((pick for pick in picks if pick.event_id), key=lambda pick: pick.event_id)
    groups = [(key, list(group)) for key, group in groupby(named, key=lambda pick: pick.event_id)]
    free = [pick for pick in picks if not pick.event_id]
    if not free:
        return groups, []
    association = associator.associate(free, list(stations), travel_times)
    groups.extend(("", list(group)) for group in association.groups)
    return groups, list(association.unassociated)


def _digest(picks: Sequence[Pick]) -> int:
    """Return a number that the stations, phases and seconds of some picks fix."""
    text = " ".join(f"{one.station_code}.{one.phase}.{one.time:%Y%m%dT%H%M%S}" for one in picks)
    return crc32(text.encode())


def _nowhere(event: Event) -> NotUsed:
    """Return the reason against a group of picks that no place within reach explains."""
    return NotUsed(
        f"{len(event.arrivals)} picks near {event.picks[0].time:%Y-%m-%dT%H:%M:%S}",
        "associated, but their posterior runs out of the search volume: more likely false picks "
        "than an earthquake",
    )


def _without_s_before_p(picks: Sequence[Pick]) -> tuple[list[Pick], list[NotUsed]]:
    """Return the picks without the less probable one where S comes before P at a station.

    Where there are enough picks, all stay: the outlier model judges them better.
    """
    if len(picks) >= FEWEST_PICKS_TO_DOUBT:
        return list(picks), []
    kept = sorted(picks, key=lambda pick: (-pick.probability, pick.phase))
    dropped: list[NotUsed] = []
    for pick in tuple(kept):
        partner = next(
            (
                other
                for other in kept
                if other.station_code == pick.station_code and other.phase != pick.phase
            ),
            None,
        )
        if pick.phase == "S" and partner is not None and pick.time <= partner.time:
            loser = min(partner, pick, key=lambda one: (one.probability, one.phase == "P"))
            kept.remove(loser)
            dropped.append(NotUsed(_label(loser), "S before P at this station; the other is kept"))
    return sorted(kept, key=lambda pick: pick.time), dropped


def with_known_station(
    picks: Iterable[Pick], stations: StationList
) -> tuple[list[Pick], list[NotUsed]]:
    """Return the picks at known stations, with both codes of theirs, and reasons for the others."""
    known: list[Pick] = []
    unknown: dict[str, tuple[int, str]] = {}
    for pick in picks:
        try:
            station: Station = stations.find(pick.network, pick.station)
        except MainshockError as error:
            count, _ = unknown.get(pick.station_code, (0, ""))
            unknown[pick.station_code] = (count + 1, str(error))
        else:
            known.append(replace(pick, network=station.network, station=station.station))
    left_out = [
        NotUsed(f"{count} picks of {code}", reason) for code, (count, reason) in unknown.items()
    ]
    return known, left_out


def _with_unique_ids(events: Sequence[Event]) -> list[Event]:
    seen: dict[str, int] = {}
    unique: list[Event] = []
    for event in events:
        seen[event.event_id] = seen.get(event.event_id, 0) + 1
        count = seen[event.event_id]
        unique.append(event if count == 1 else replace(event, event_id=f"{event.event_id}-{count}"))
    return unique


def _key(pick: Pick) -> tuple[str, str, str, str, object]:
    return pick.network, pick.station, pick.location, pick.phase, pick.time


def _named(picks: Sequence[Pick], events: Sequence[Event]) -> list[Pick]:
    owner = {_key(pick): event.event_id for event in events for pick in event.picks}
    named = [replace(pick, event_id=owner.get(_key(pick), pick.event_id)) for pick in picks]
    return sorted(named, key=lambda pick: pick.time)


def _label(pick: Pick) -> str:
    return f"{pick.phase} pick at {pick.station_code}, {pick.time:%Y-%m-%dT%H:%M:%S.%f}"
