"""FDSN event 1.2: the events of the live store as QuakeML, text and GeoJSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from mainshock.serve.context import ServiceContext
from mainshock.serve.fdsn.event_formats import events_as_quakeml, events_as_text
from mainshock.serve.fdsn.event_selection import (
    CATALOGUES,
    CONTRIBUTOR,
    EVENT_PARAMETERS,
    select_events,
    selection_of,
)
from mainshock.serve.fdsn.parameters import FdsnError, Query, parse_query
from mainshock.serve.fdsn.places import PlaceNames
from mainshock.serve.fdsn.service import FdsnService, answered, description_router
from mainshock.serve.fdsn.usgs_geojson import events_as_geojson
from mainshock.stream.records import EventVersion

__all__ = ["router"]

_SERVICE = FdsnService(
    name="event",
    version="1.2.0",
    parameters=EVENT_PARAMETERS,
    media_types=("application/xml", "text/plain", "application/geo+json"),
    other_methods=("catalogs", "contributors"),
)


def router(context: ServiceContext) -> APIRouter:
    """Return the routes of the event service."""
    routes = APIRouter(include_in_schema=False)
    places = PlaceNames(context.stations)

    @routes.get(f"{_SERVICE.path}/query")
    def get_query(request: Request) -> Response:
        def answer() -> Response:
            query = parse_query(EVENT_PARAMETERS, request.query_params.multi_items())
            versions = select_events(context.store, selection_of(query))
            if not versions:
                raise FdsnError(query.nodata, "no event matches")
            return _formatted(request, query, versions, places)

        return answered(_SERVICE, request, answer)

    @routes.get(f"{_SERVICE.path}/catalogs")
    def catalogues() -> Response:
        return _names("Catalogs", "Catalog", CATALOGUES)

    @routes.get(f"{_SERVICE.path}/contributors")
    def contributors() -> Response:
        return _names("Contributors", "Contributor", (CONTRIBUTOR,))

    routes.include_router(description_router(_SERVICE))
    return routes


def _formatted(
    request: Request, query: Query, versions: Sequence[EventVersion], places: PlaceNames
) -> Response:
    match query.text("format"):
        case "text":
            return PlainTextResponse(events_as_text(versions, places))
        case "geojson":
            query_url = f"{str(request.base_url).rstrip('/')}{_SERVICE.path}/query"
            document = events_as_geojson(
                versions, places, datetime.now(UTC), str(request.url), query_url
            )
            return JSONResponse(document, media_type=_SERVICE.media_types[2])
        case _:
            body = events_as_quakeml(
                versions,
                with_arrivals=query.is_true("includearrivals"),
                with_all_magnitudes=query.is_true("includeallmagnitudes"),
            )
            return StreamingResponse(body, media_type=_SERVICE.media_types[0])


def _names(root: str, element: str, names: Sequence[str]) -> Response:
    lines = "".join(f"  <{element}>{escape(name)}</{element}>\n" for name in names)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n{lines}</{root}>\n'
    return Response(body, media_type="application/xml")
