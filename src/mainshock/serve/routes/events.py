"""``/api/v1/events``: earthquakes, all that is known of one, and where it may have been."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import ApiError, listing
from mainshock.serve.parameters import (
    ERROR_ANSWERS,
    STRICT,
    EventId,
    Latitude,
    Longitude,
    Number,
    TimeSpan,
    in_order,
)
from mainshock.serve.schemas import (
    AlertsAnswer,
    EventAnswer,
    EventsAnswer,
    EventSummary,
    PosteriorAnswer,
    Quality,
)
from mainshock.serve.summaries import (
    alert_summary,
    event_detail,
    posterior_data,
)
from mainshock.stream.records import EventVersion
from mainshock.stream.store.queries import EventOrder, EventQuery

__all__ = [
    "EventParameters",
    "router",
]

_MOST_ALERTS = 200
_Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="Default: the latest")]


class EventParameters(TimeSpan):
    """Which events are wanted; all limits are inclusive."""

    min_magnitude: Number = None
    max_magnitude: Number = None
    min_depth: Number = Field(None, description="km")
    max_depth: Number = Field(None, description="km")
    min_latitude: Latitude = None
    max_latitude: Latitude = None
    min_longitude: Longitude = Field(None, description="Above max_longitude: across 180 degrees")
    max_longitude: Longitude = None
    quality: Quality | None = Field(None, description="This one or better")
    include_cancelled: bool = False
    order: EventOrder = "-time"
    limit: Annotated[int, Field(ge=1, le=20_000)] = 200
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        in_order("min_magnitude", self.min_magnitude, "max_magnitude", self.max_magnitude)
        in_order("min_depth", self.min_depth, "max_depth", self.max_depth)
        in_order("min_latitude", self.min_latitude, "max_latitude", self.max_latitude)
        return self

    def query(self) -> EventQuery:
        """Return the question to the store."""
        stated = dict(self)  # values as they are; model_dump would make text of times
        stated["min_depth_km"] = stated.pop("min_depth")
        stated["max_depth_km"] = stated.pop("max_depth")
        return EventQuery(**stated)


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["events"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/events")
    def list_events(wanted: Annotated[EventParameters, Query()]) -> EventsAnswer:
        """List the latest versions of events; `meta.count` tells how many match in all."""
        query = wanted.query()
        found = [EventSummary(**one) for one in context.store.event_summaries(query)]
        count = context.store.count_events(query)
        return listing(EventsAnswer, found, limit=wanted.limit, count=count, offset=wanted.offset)

    @routes.get("/events/{event_id}")
    def get_event(event_id: EventId, version: _Version = None) -> EventAnswer:
        """Tell all that is known of one event, with its arrivals and what was told before."""
        told = _event(context, event_id, version)
        return EventAnswer(data=event_detail(told, context.store.event_versions(event_id)))

    @routes.get("/events/{event_id}/posterior")
    def get_event_posterior(event_id: EventId, version: _Version = None) -> PosteriorAnswer:
        """Tell where an event may have been: credible regions, draws and modes."""
        return PosteriorAnswer(data=posterior_data(_event(context, event_id, version)))

    @routes.get("/events/{event_id}/alerts")
    def list_event_alerts(event_id: EventId) -> AlertsAnswer:
        """List the alerts about one event, newest first."""
        _event(context, event_id, None)
        found = context.store.alerts(event_id, _MOST_ALERTS)
        return listing(
            AlertsAnswer,
            [alert_summary(one) for one in found],
            limit=_MOST_ALERTS,
            count=context.store.count_alerts(event_id),
        )

    return routes


def _event(context: ServiceContext, event_id: str, version: int | None) -> EventVersion:
    told = context.store.event(event_id, version)
    if told is None:
        said = sentences.NO_EVENT if version is None else sentences.NO_VERSION
        raise ApiError(404, said.tell(event_id=event_id, version=version))
    return told
