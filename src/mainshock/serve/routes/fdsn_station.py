"""FDSN station 1.1: networks, stations, channels and responses."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from mainshock.serve.context import ServiceContext
from mainshock.serve.fdsn.channel_request import parse_post, request_of
from mainshock.serve.fdsn.parameters import FdsnError, Query, parse_query
from mainshock.serve.fdsn.service import FdsnService, answered, body_of, description_router
from mainshock.serve.fdsn.station_formats import stations_as_text, stations_as_xml
from mainshock.serve.fdsn.station_selection import (
    POST_PARAMETERS,
    STATION_PARAMETERS,
    StationSelection,
    inventory_of,
)

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = ["router"]

_SERVICE = FdsnService(
    name="station",
    version="1.1.0",
    parameters=STATION_PARAMETERS,
    media_types=("application/xml", "text/plain"),
    takes_post=True,
)


def router(context: ServiceContext) -> APIRouter:
    """Return the routes of the station service."""
    routes = APIRouter(include_in_schema=False)
    path = f"{_SERVICE.path}/query"

    @cache
    def inventory() -> "Inventory":
        known = context.inventory
        return inventory_of(context.stations) if known is None else known

    def answer(query: Query, wanted: StationSelection) -> Response:
        chosen = wanted.select(inventory())
        is_text = query.text("format") == "text"
        text = stations_as_text(chosen, wanted.level) if is_text else ""
        if not chosen.networks or (is_text and not text):
            raise FdsnError(query.nodata, "no station matches")
        if is_text:
            return PlainTextResponse(text)
        body = stations_as_xml(chosen, wanted.level)
        return Response(body, media_type=_SERVICE.media_types[0])

    @routes.get(path)
    def get_query(request: Request) -> Response:
        def read() -> Response:
            query = parse_query(STATION_PARAMETERS, request.query_params.multi_items())
            return answer(query, StationSelection.of(query, (request_of(query),)))

        return answered(_SERVICE, request, read)

    @routes.post(path)
    def post_query(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        def read() -> Response:
            query, requests = parse_post(POST_PARAMETERS, body)
            return answer(query, StationSelection.of(query, requests))

        return answered(_SERVICE, request, read)

    routes.include_router(description_router(_SERVICE))
    return routes
