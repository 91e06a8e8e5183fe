"""Which events a request of fdsnws-event asks for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from mainshock.serve.fdsn.area import AREA_PARAMETERS, Area
from mainshock.serve.fdsn.parameters import FdsnError, Parameter, Query
from mainshock.stream.records import EventVersion
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventOrder, EventQuery

__all__ = [
    "CATALOGUES",
    "CONTRIBUTOR",
    "EVENT_PARAMETERS",
    "MAX_EVENTS",
    "EventSelection",
    "catalogue_of",
    "select_events",
    "selection_of",
]

CONTRIBUTOR = "mainshock"
CATALOGUES = ("mainshock", "synthetic")
"""Found in records of the Earth, and in made-up ones."""
MAX_EVENTS = 20_000
_EVENT_TYPE = "earthquake"
_ID_PREFIX = "smi:mainshock/event/"
_PAGE = 500
_ORDERS: dict[str, EventOrder] = {
    "time": "-time",
    "time-asc": "time",
    "magnitude": "-magnitude",
    "magnitude-asc": "magnitude",
}
EVENT_PARAMETERS = (
    Parameter("starttime", "time", abbreviation="start"),
    Parameter("endtime", "time", abbreviation="end"),
    *AREA_PARAMETERS,
    Parameter("mindepth", "number"),
    Parameter("maxdepth", "number"),
    Parameter("minmagnitude", "number", abbreviation="minmag"),
    Parameter("maxmagnitude", "number", abbreviation="maxmag"),
    Parameter("magnitudetype", "ids", abbreviation="magtype"),
    Parameter("eventtype", "ids"),
    Parameter("includeallorigins", "boolean", "false"),
    Parameter("includeallmagnitudes", "boolean", "false"),
    Parameter("includearrivals", "boolean", "false"),
    Parameter("eventid", "ids"),
    Parameter("limit", "whole", low=1, high=MAX_EVENTS),
    Parameter("offset", "whole", "1", low=1),
    Parameter("orderby", "choice", "time", choices=tuple(_ORDERS)),
    Parameter("catalog", "ids"),
    Parameter("contributor", "ids"),
    Parameter("updatedafter", "time"),
    Parameter("format", "choice", "xml", choices=("xml", "text", "geojson")),
    Parameter("nodata", "choice", "204", choices=("204", "404")),
)


@dataclass(frozen=True, slots=True)
class EventSelection:
    """What a request asks for: what the store can tell, and what is looked at event by event.

    Parameters
    ----------
    stored
        Question to the store.
    area
        Its ring is looked at here, its box by the store.
    magnitude_types, event_types, catalogues, contributors
        In lower case; none means any.
    """

    stored: EventQuery
    area: Area
    magnitude_types: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    catalogues: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()

    @property
    def is_told_by_store(self) -> bool:
        """Whether the store's answer needs no further look."""
        names = self.magnitude_types + self.event_types + self.catalogues + self.contributors
        return not names and not self.area.has_ring

    def holds(self, version: EventVersion) -> bool:
        """Return whether an event that the store tells of is asked for."""
        origin, magnitude = version.event.origin, version.event.magnitude
        magnitude_type = "" if magnitude is None else magnitude.magnitude_type.lower()
        pairs = (
            (magnitude_type, self.magnitude_types),
            (_EVENT_TYPE, self.event_types),
            (catalogue_of(version), self.catalogues),
            (CONTRIBUTOR, self.contributors),
        )
        is_named = all(not names or name in names for name, names in pairs)
        return is_named and self.area.ring_contains(origin.longitude, origin.latitude)


def catalogue_of(version: EventVersion) -> str:
    """Return the name of the catalogue that an event belongs to."""
    return CATALOGUES[1] if version.is_synthetic else CATALOGUES[0]


def selection_of(query: Query) -> EventSelection:
    """Return what checked parameters ask for.

    Raises
    ------
    FdsnError
        With status 400 if a minimum lies above its maximum.
    """
    _check_order(query)
    area = Area.of(query)
    names = query.items("eventid")
    stored = EventQuery(
        start=query.time("starttime"),
        end=query.time("endtime"),
        min_latitude=area.min_latitude,
        max_latitude=area.max_latitude,
        min_longitude=area.min_longitude,
        max_longitude=area.max_longitude,
        min_depth_km=query.number("mindepth"),
        max_depth_km=query.number("maxdepth"),
        min_magnitude=query.number("minmagnitude"),
        max_magnitude=query.number("maxmagnitude"),
        updated_after=query.time("updatedafter"),
        event_ids=tuple(name.removeprefix(_ID_PREFIX) for name in names) or None,
        order=_ORDERS[query.text("orderby")],
        limit=query.whole("limit"),
        offset=(query.whole("offset") or 1) - 1,
    )
    return EventSelection(
        stored,
        area,
        _lowered(query, "magnitudetype"),
        _lowered(query, "eventtype"),
        _lowered(query, "catalog"),
        _lowered(query, "contributor"),
    )


def _lowered(query: Query, name: str) -> tuple[str, ...]:
    return tuple(item.lower() for item in query.items(name))


def _check_order(query: Query) -> None:
    start, end = query.time("starttime"), query.time("endtime")
    if start is not None and end is not None and start > end:
        raise FdsnError(400, "starttime lies after endtime; swap them")
    for low, high in (("mindepth", "maxdepth"), ("minmagnitude", "maxmagnitude")):
        below, above = query.number(low), query.number(high)
        if below is not None and above is not None and below > above:
            raise FdsnError(400, f"{low} is {below:g}, above {high}, {above:g}; swap them")


def select_events(store: LiveStore, wanted: EventSelection) -> list[EventVersion]:
    """Return the events that a request asks for.

    Raises
    ------
    FdsnError
        With status 413 if no limit was stated and there are too many.
    """
    stored = wanted.stored
    limit = MAX_EVENTS + 1 if stored.limit is None else stored.limit
    if wanted.is_told_by_store:
        if stored.limit is None and store.count_events(stored) - stored.offset > MAX_EVENTS:
            raise _too_many()
        return store.events(replace(stored, limit=limit))
    found = filter(wanted.holds, _all_events(store, stored))
    chosen = list(islice(found, stored.offset, stored.offset + limit))
    if stored.limit is None and len(chosen) > MAX_EVENTS:
        raise _too_many()
    return chosen


def _too_many() -> FdsnError:
    return FdsnError(
        413, f"more than {MAX_EVENTS} events match; state limit and offset, or ask for less time"
    )


def _all_events(store: LiveStore, query: EventQuery) -> Iterator[EventVersion]:
    offset = 0
    while True:
        page = store.events(replace(query, limit=_PAGE, offset=offset))
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE
